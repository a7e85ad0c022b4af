/* What every program of Check's ends with. */
#pragma once

#include <check.h>

/* Runs the suite and frees it. Returns the exit status: 0 when every test has passed. */
int run_suite(Suite *suite);
