/* Shared by the two files of a program whose own functions have names that libc also has. */
#pragma once

/* PORT as in scenario.h, and how the program exits when one of its functions is called. */
enum { PORT = 40000, CALLED = 99 };

/* Prints the name of the function and exits. */
void is_called(const char *name);
