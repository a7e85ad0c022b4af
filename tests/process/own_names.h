/* What a program with functions of its own by names of libc's has in its two files. */
#pragma once

/* PORT as in scenario.h, and how the program exits when one of its functions is called. */
enum { PORT = 40000, CALLED = 99 };

/* Says so and exits. */
void is_called(const char *name);
