/*
 * The inside of the launcher. The options choose a verb, and each verb has a file of its own. A
 * command is judged before it is run:
 *
 *   launcher.c -> options.c
 *              -> run.c, check.c -> judge.c -> command.c, start.c, program.c, preload.c
 *              -> status.c -> groups.c, verdict.c -> host.c, objects.c -> memory.c
 *              -> find.c, free.c, risk.c -> host.c -> sockets.c
 */
#pragma once

#include "core.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>

#define LIBRARY_NAME "libnoselfconn.so"

/* The launcher's own exit statuses, those of env(1) and stdbuf(1). */
enum { OWN_FAILURE = 125, CANNOT_RUN = 126, NOT_FOUND = 127 };

/* The exit status of the other verbs follows monitoring plugins: 0 good, 2 critical, 3 unknown. */
enum { UNKNOWN = 3 };

/* Prints a line, with control characters as "ls -b" shows them: "\015". */
__attribute__((format(printf, 2, 3))) void print_line(FILE *file, const char *format, ...);

/* An exit status, and the sentence that explains it. */
struct answer {
	int status;
	char text[4 * PATH_MAX];
};

__attribute__((format(printf, 3, 4))) void say(struct answer *answer, int status,
					       const char *format, ...);

/* Ends with this status and one sentence on standard error. */
__attribute__((format(printf, 2, 3), noreturn)) void fail(int status, const char *format, ...);

struct options {
	const struct verb *verb;
	const char *settings[SETTINGS]; /* valid values, NULL for those that were not given */
	bool force;
	char **operands; /* the end of argv, with its NULL */
};

struct verb {
	const char *name; /* of its option, without "--" */
	/* Prints the answer. Returns the exit status. */
	int (*act)(const struct options *options);
	const char *usage;
	bool for_command; /* takes settings and --force too */
	int least;	  /* number of operands */
	int most;
};

/* launcher.c: the first verb is the default; the last entry has no name. */
extern const struct verb verbs[];

/* options.c: does not return when the command line is wrong. */
struct options parse_options(int argc, char **argv);

/* run.c, check.c, status.c, find.c, free.c, risk.c: the verbs. run() does not return. */
int run(const struct options *options);
int check(const struct options *options);
int show_status(const struct options *options);
int find(const struct options *options);
int free_port(const struct options *options);
int risk(const struct options *options);

/* program.c: what the bytes of a program say. Pure, for any bytes. */
struct architecture {
	uint8_t class;
	uint8_t byte_order;
	uint16_t machine;
};

enum program_kind { UNKNOWN_FORMAT, TEXT, SCRIPT, ELF_PROGRAM };

enum { SCRIPT_LINE = 256, VERSION_SIZE = 16 };

struct program {
	enum program_kind kind;
	char interpreter[PATH_MAX]; /* a script's; an ELF program's loader, "" if it has none */
	char argument[SCRIPT_LINE]; /* of a script's interpreter, "" if it has none */
	struct architecture architecture; /* from here on for ELF programs only */
	bool is_library;		  /* can be loaded at any address, and is complete */
	bool is_loader;
	const char *past_libc; /* a language whose connect() does not go through libc, or NULL */
	bool is_php;
	bool defines_connect;
	char version[VERSION_SIZE]; /* of libnoselfconn, "" if it is something else */
	uint64_t start;		    /* addresses, as in the file: of its first byte, */
	uint64_t dynamic;	    /* of its dynamic section, 0 if it has none */
};

void read_program(struct program *program, const void *image, size_t size);

bool same_architecture(const struct architecture *a, const struct architecture *b);

/*
 * preload.c: composes the value of LD_PRELOAD, to be freed: the library, then the existing entries
 * except those with the library's file name. Returns NULL with errno without memory.
 */
char *preload_list(const char *library, const char *existing);

/*
 * Finds the library for this ELF program: the file of its architecture, next to the launcher (in
 * the build tree) or where it is installed. If libraries for other architectures are installed too,
 * library becomes a path with $LIB, provided that the loader knows it, so that children of either
 * size are served. Returns NULL, or a problem with the file in library ("is empty"); library is ""
 * if there is no such file.
 */
const char *find_library(const struct program *program, const char *loader, char library[PATH_MAX]);

struct image {
	const void *data;
	size_t size;
};

/*
 * Whether a program's loader can load libraries. klibc's cannot, for instance. Returns true if the
 * file cannot be read.
 */
bool is_dynamic_linker(const char *path);

/* Maps a file into memory. Returns false with errno. */
bool map_file(const char *path, struct image *image);
void unmap_file(const struct image *image);

/* command.c: the last part of a path. */
const char *base_name(const char *path);

/*
 * Finds the file of a command as execvp() does. Returns 0, or the errno that running it
 * would give.
 */
int find_command(const char *command, char path[PATH_MAX]);

/* 0, or the errno that execve() of this file would give. */
int error_of_execution(const char *path);

/*
 * start.c: commands that start another command. Pure, for any words; a command ends with NULL.
 *
 * Returns the order of words in which the started command is protected, such as "sudo noselfconn
 * COMMAND", if the given command certainly starts it without the library, or with the library
 * behind another that keeps calls from it; otherwise NULL.
 */
const char *right_order(char **command);

bool is_env(const char *path);

/* The command that env(1) runs; NULL if env(1) has other arguments than variables before it. */
char **behind_env(char **command);

/*
 * Finds the command in the argument that a script gives to env(1): "python3", or "-S A=1 python3
 * -u". Returns false without a command, and for any argument with other options or with quoting.
 */
bool command_of_env(const char *argument, char command[SCRIPT_LINE]);

/* The program that a dynamic linker runs when it is called as a command; NULL if it runs none. */
char **behind_loader(char **command);

/* Whether the loader gets libraries to preload by an option, before the program behind it. */
bool has_preload_before(char **command, char **behind);

/* judge.c: whether the library can protect a command. */
struct judgement {
	struct answer refusal;	/* status 0 if there is none */
	char path[PATH_MAX];	/* of the command, if it was found */
	char library[PATH_MAX]; /* for LD_PRELOAD, "" if there is none */
	bool is_php;		/* it loads extensions that stay unprotected */
	char **unused;		/* words of the command that were not examined */
};

void judge(char **command, struct judgement *judgement);

/*
 * sockets.c: the TCP sockets that /proc lists. A process is named as in /proc: a number or "self".
 */
enum { PROCESS_NAME = 11, PROGRAM_NAME = 64, ENDPOINT_TEXT = 64 };

struct tcp_socket {
	union endpoint local;
	union endpoint peer;
	unsigned int state;  /* TCP_ESTABLISHED and the others of <netinet/tcp.h> */
	unsigned long timer; /* in TIME_WAIT: time left, in ticks of sysconf(_SC_CLK_TCK) */
	uid_t user;
	uint64_t inode; /* as in /proc/PID/fd; 0 when the program has closed the socket */

	/* Filled in by host.c: */
	size_t network;		    /* index of its network namespace */
	char process[PROCESS_NAME]; /* the first that holds it, by its number; "" if none is known
				     */
	int fd;			    /* its descriptor there */
	unsigned int holders;	    /* number of descriptors in all processes that may be read */
};

/*
 * Reads a line of /proc/PID/net/tcp or tcp6, proc_pid_net(5), which has no scopes of IPv6
 * addresses. Returns false, with *socket undefined, if the line is not valid. Pure, for any text.
 */
bool read_tcp_line(struct tcp_socket *socket, const char *line);

/*
 * Whether the socket is connected to itself, or is about to be (SYN_SENT), or was (TIME_WAIT). With
 * address translation (NAT) such a socket may be connected to a server; /proc does not show that.
 */
bool is_own_peer(const struct tcp_socket *socket);

/* Writes 127.0.0.1:44444 or [::1]:44444. Returns text. */
const char *endpoint_text(const union endpoint *endpoint, char text[ENDPOINT_TEXT]);

/* The name that netstat(8) uses, for instance "TIME_WAIT". */
const char *state_name(unsigned int state);

/* Initialized with {0}. The caller frees sockets. */
struct socket_list {
	struct tcp_socket *sockets;
	size_t count;
};

/*
 * Adds the wanted IPv4 and IPv6 sockets of the process's network namespace, whoever owns them. A
 * socket that is opened or closed meanwhile may be missing or appear twice. Returns false with
 * errno, and adds none, when they cannot be read: ENOENT or ESRCH if the process has ended, EBADMSG
 * for a line that is not valid.
 */
bool list_sockets(struct socket_list *list, const char *process,
		  bool (*is_wanted)(const struct tcp_socket *socket));

/* Removes all sockets except those with this local port. */
void keep_port(struct socket_list *list, uint16_t port);

/* Opens /proc/PROCESS/NAME for reading. Returns NULL with errno. */
FILE *open_of(const char *process, const char *name);

/* The descriptors of a process, for closedir(). Returns NULL with errno. */
DIR *open_descriptors(const char *process);

/* Finds the next descriptor that is a socket of any kind. Returns false at the end. */
bool next_socket(DIR *descriptors, int *fd, uint64_t *inode);

/* host.c: the processes that /proc shows, and the network namespaces in which they live. */
struct network {
	ino_t id;		    /* from find_network() */
	char process[PROCESS_NAME]; /* one of the processes in it */
};

struct host {
	struct network *networks; /* the first is the launcher's own */
	size_t network_count;
	struct socket_list sockets;
	bool is_complete; /* no process was hidden, and all namespaces could be read */
};

/* Whether this is the number of a process, as in /proc. */
bool is_process(const char *name);

/*
 * Identifies the network namespace of a process by the inode number of /proc/PID/net/tcp, a file
 * that the kernel makes for each namespace (proc_register(), fs/proc/generic.c). Every user can see
 * that number, unlike /proc/PID/ns/net. Returns false with errno.
 */
bool find_network(const char *process, ino_t *network);

/*
 * Lists the wanted sockets of all network namespaces in which processes or threads live. Standard
 * error gets a line for each namespace that could not be read. Returns false if none could. Call
 * free_host() in either case.
 */
bool look_at_host(struct host *host, bool (*is_wanted)(const struct tcp_socket *socket));
void free_host(struct host *host);

/*
 * Finds the processes that hold the sockets. Afterwards the list has another order, and contains no
 * socket twice.
 */
void find_holders(struct socket_list *list);

/*
 * Finds the descriptors of one process, and of its threads if they have their own tables of
 * descriptors. Returns false with errno when the descriptors cannot be listed.
 */
bool find_held(struct socket_list *list, const char *process);

/*
 * Writes the number of a thread that has memory, or that of the process if there is none. /proc
 * shows no memory of a main thread that has ended, even if other threads go on.
 */
void find_living_thread(const char *process, char thread[PROCESS_NAME]);

/*
 * Replaces blanks, control bytes and what is not ASCII by "?", an empty text by "-", for which
 * there must be room. Returns text.
 */
const char *as_word(char *text);

/* A program's name, as one word; "-" if it is unknown or empty. */
const char *program_name(const char *process, char name[PROGRAM_NAME]);

/* ports.c: which source ports the kernel chooses. Pure. */
enum { PORTS = UINT16_MAX + 1 };

struct ephemeral_ports {
	unsigned int low; /* ip_local_port_range */
	unsigned int high;
	bool reserved[PORTS];
};

/* Reads a port from 1 to 65535 in decimal digits. Returns false for any other text. */
bool read_port(const char *text, uint16_t *port);

/* Adds the ports of a list in the format of ip_local_reserved_ports: "8080,9148-9150". */
bool read_port_list(bool ports[PORTS], const char *text);
void print_port_list(const bool ports[PORTS], FILE *file);

/* Whether the kernel may choose this port for a client. */
bool is_ephemeral(const struct ephemeral_ports *ports, unsigned int port);

/*
 * After how many tries a socket gets this source port: one that is not bound, and one that is bound
 * to an address with port 0. 0 means only after other ports were found in use.
 *
 * connect() looks at the ports with the parity of the lowest one first, bind() at the others
 * (__inet_hash_connect(), inet_csk_find_open_port(); since Linux 4.2).
 * The number is exact for the first try. connect() to the same address goes on from the port before
 * it, so that for the average of many tries it is exact only without reserved ports.
 */
struct chance {
	double connect;
	double bound;
};

struct chance chance_of(const struct ephemeral_ports *ports, unsigned int port);

/* memory.c: the memory of a process. */
struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* of the start, in the file */
	bool is_executable;
	char *path; /* of the file, followed by " (deleted)" if it was deleted; "" without a file */
};

struct memory {
	int fd; /* of /proc/PID/mem; -1 if only the mappings may be read */
	struct mapping *mappings;
	size_t count;
};

/*
 * Opens the memory of a process; close_memory() closes it. Returns false with errno, ENODATA if the
 * process has no memory: a kernel thread, or a zombie.
 */
bool open_memory(struct memory *memory, const char *process);
void close_memory(struct memory *memory);

/* Returns how many bytes could be read. */
size_t read_memory(const struct memory *memory, uint64_t address, void *to, size_t size);

/* Returns NULL where nothing is mapped. */
const struct mapping *mapping_at(const struct memory *memory, uint64_t address);

/* objects.c: whether the dynamic linker of a process has loaded the library, and where. */
struct loaded {
	bool is_settled; /* the linker has loaded libc, and is not loading anything now */
	bool is_loaded;
	bool is_in_namespace;	    /* of dlmopen(), in the last one that was looked at */
	bool is_in_front;	    /* of libc, so that it gets the calls of connect() */
	char version[VERSION_SIZE]; /* "" for versions before 1.1.0 */
	char file[PATH_MAX];	    /* as mapped */
	char name[PATH_MAX];	    /* by which it was loaded */
	char program[PATH_MAX];	    /* the program's file */
	char past[PATH_MAX];	    /* objects whose calls of connect() go directly to libc */
	char other[PATH_MAX];	    /* an object that gets the calls instead of the library */
};

/* Memory that cannot be read counts as empty. */
void find_objects(const struct memory *memory, struct loaded *loaded);

/* verdict.c: whether one process is protected. */
enum { PROTECTED = 0, NOT_PROTECTED = 2 };

struct verdict {
	struct answer answer; /* one of these, or UNKNOWN */
	bool has_ended;	      /* certainly, or is a kernel thread */
};

/* Waits up to half a second for a process that is just starting or ending. */
void judge_process(const char *process, struct verdict *verdict);

/* groups.c: the processes of a control group and of those below it. */
struct processes {
	pid_t *numbers; /* to be freed; each once, in order */
	size_t count;
};

/*
 * Lists the processes of a systemd unit ("app", "app.service"), found in its slice, or of a control
 * group given by its path in /proc/PID/cgroup or below /sys/fs/cgroup. Returns false with errno:
 * ENOENT if there is no such group.
 */
bool list_group(struct processes *processes, const char *group);
