/* Network namespaces in which a self-connect can be forced. */
#pragma once

/*
 * Moves the calling process, which must have one thread, into a network namespace of its own, as
 * root or in a user namespace, with loopback up and local ports from low to high. Returns NULL or
 * the sentence that says what is missing.
 */
const char *enter_namespace(int low, int high);

/* Lets the kernel choose local ports from low to high from now on; ends the test if it does not. */
void set_port_range(int low, int high);

/* Runs a command of ip(8) or the like; ends the test if it fails. */
__attribute__((format(printf, 1, 2))) void run(const char *format, ...);

/*
 * Adds the interface "other", beside loopback, with the addresses 10.9.8.7, fd00::7 and fe80::7;
 * ends the test if it cannot.
 */
void add_interface(void);
