/* Network namespaces in which a self-connect can be forced. */
#pragma once

/*
 * Moves the calling process, which must have a single thread, into a new network namespace (as
 * root, or within a new user namespace), with loopback up and local ports from low to high. Returns
 * NULL, or a sentence that says what is missing.
 */
const char *enter_namespace(int low, int high);

/* From now on the kernel chooses local ports from low to high. Ends the test on failure. */
void set_port_range(int low, int high);

/* Runs a shell command. Ends the test if the command fails. */
__attribute__((format(printf, 1, 2))) void run(const char *format, ...);

/*
 * Adds the interface "other" with the addresses 10.9.8.7, fd00::7 and fe80::7. Ends the test on
 * failure.
 */
void add_interface(void);
