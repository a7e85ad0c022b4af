/*
 * The inside of the launcher: the options say which verb acts, each in a file of its own. What is
 * to run is judged before it runs:
 *
 *   launcher.c -> options.c
 *              -> run.c, check.c -> judge.c -> command.c, start.c, program.c, preload.c
 *              -> status.c -> groups.c, verdict.c -> sockets.c, objects.c -> memory.c
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

/* Verbs that look at something answer as monitoring expects it: 0 is good, 2 critical, and this. */
enum { UNKNOWN = 3 };

/* Ends with this status and one sentence on standard error. */
__attribute__((format(printf, 2, 3), noreturn)) void fail(int status, const char *format, ...);

struct options {
	const struct verb *verb;
	const char *settings[SETTINGS]; /* as given, and found good; NULL when not given */
	bool force;
	char **operands; /* inside argv; ends with NULL */
};

/* What the launcher can be told to do. */
struct verb {
	const char *name; /* as an option */
	/* Prints what there is to say. Returns the exit status. */
	int (*act)(const struct options *options);
	const char *usage;
	bool for_command; /* settings and --force mean something */
	int least;	  /* operands */
	int most;
};

/* launcher.c: the first is done when no other is asked for; the last has no name. */
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
	char argument[SCRIPT_LINE]; /* that a script gives to its interpreter, "" if none */
	struct architecture architecture; /* from here on for ELF programs only */
	bool is_library;		  /* can be loaded at any address, and is whole */
	bool is_loader;
	bool is_go;
	bool is_php;
	bool defines_connect;
	char version[VERSION_SIZE]; /* of libnoselfconn, "" if it is something else */
	uint64_t start;		    /* addresses, as in the file: of its first byte, */
	uint64_t dynamic;	    /* of its dynamic section, 0 if it has none */
};

void read_program(struct program *program, const void *image, size_t size);

bool same_architecture(const struct architecture *a, const struct architecture *b);

/*
 * preload.c: the value for LD_PRELOAD, to be freed: the library, then what the list has now except
 * entries of the library's name. Returns NULL with errno when there is no memory.
 */
char *preload_list(const char *library, const char *existing);

/*
 * What names the library in LD_PRELOAD for this ELF program: the file of its architecture, next to
 * the launcher (the build tree) or where it is installed. With libraries for other architectures
 * there too it is a path with $LIB if the loader knows it, so that children of either size are
 * served. Returns NULL, or what is wrong with the file ("is empty"), which library names then;
 * library is "" when there is no such file.
 */
const char *find_library(const struct program *program, const char *loader, char library[PATH_MAX]);

struct image {
	const void *data;
	size_t size;
};

/* A file in memory. Returns false with errno. */
bool map_file(const char *path, struct image *image);
void unmap_file(const struct image *image);

/*
 * command.c: finds the file of a command as execvp() does. Returns 0, or the errno that running it
 * would give.
 */
int find_command(const char *command, char path[PATH_MAX]);

/* 0, or the errno that execve() of this file would give. */
int error_of_execution(const char *path);

/*
 * start.c: commands that start another. Pure, for any words; a list of them ends with NULL.
 *
 * How to write it so that what the command starts is protected, as in "sudo noselfconn COMMAND";
 * NULL unless it is certain that the other way round the protection is lost.
 */
const char *right_order(char **command);

bool is_env(const char *path);

/* What env(1) runs, NULL when it is told more than variables and a command. */
char **behind_env(char **command);

/*
 * The command in the argument that a script gives to env(1): "python3", or "-S A=1 python3 -u".
 * Returns false when there is none, and for all else that env(1) can make of an argument.
 */
bool command_of_env(const char *argument, char command[SCRIPT_LINE]);

/* The program that a dynamic linker, called as a command, runs; NULL when it runs none. */
char **behind_loader(char **command);

/* judge.c: whether the library can protect a command. */
struct judgement {
	int status;			 /* 0, or the exit status of the launcher */
	char path[PATH_MAX];		 /* of the command, if it was found */
	char library[PATH_MAX];		 /* for LD_PRELOAD, "" if there is none */
	char reason[3 * PATH_MAX + 512]; /* one sentence, if status is not 0 */
	bool is_php;			 /* it loads extensions that stay unprotected */
	char **unused;			 /* words of the command that were not looked at */
};

void judge(char **command, struct judgement *judgement);

/*
 * sockets.c: what /proc tells of TCP sockets. A process is named as there: its number, or "self".
 */
enum { PROCESS_NAME = 11, PROGRAM_NAME = 64, ENDPOINT_TEXT = 64 };

struct tcp_socket {
	union endpoint local;
	union endpoint peer;
	unsigned int state;  /* TCP_ESTABLISHED and the others of <netinet/tcp.h> */
	unsigned long timer; /* in TIME_WAIT: what is left, in ticks of sysconf(_SC_CLK_TCK) */
	uid_t user;
	uint64_t inode; /* as the descriptors have it; 0 when the program has closed it */

	/* What host.c has found out: */
	size_t network;		    /* in which it is */
	char process[PROCESS_NAME]; /* the first that holds it, by its number; "" if none is known
				     */
	int fd;			    /* there */
	unsigned int holders;	    /* descriptors, in all processes that may be looked at */
};

/*
 * Reads a line of /proc/PID/net/tcp or tcp6, proc_pid_net(5). A scope of an IPv6 address is not in
 * it. Returns false, with *socket undefined, when it is none. Pure, for any text.
 */
bool read_tcp_line(struct tcp_socket *socket, const char *line);

/*
 * Whether the socket is connected to itself, or is about to be (SYN_SENT), or was (TIME_WAIT). An
 * address translation can hide a peer behind the socket's own address: that is not seen here.
 */
bool is_own_peer(const struct tcp_socket *socket);

/* Writes 127.0.0.1:44444 or [::1]:44444. Returns text. */
const char *endpoint_text(const union endpoint *endpoint, char text[ENDPOINT_TEXT]);

/* As ss(8) and netstat(8) have it: "TIME_WAIT". */
const char *state_name(unsigned int state);

/* Begins as {0}. The sockets are to be freed. */
struct socket_list {
	struct tcp_socket *sockets;
	size_t count;
};

/*
 * Adds the wanted sockets, of both families, of the network namespace in which the process lives,
 * its own or not. A socket that is opened or closed meanwhile may be missing, or there twice.
 * Returns false with errno, and adds none, when they cannot be read: ENOENT or ESRCH when the
 * process has ended, EBADMSG when a line is not understood.
 */
bool list_sockets(struct socket_list *list, const char *process,
		  bool (*is_wanted)(const struct tcp_socket *socket));

/* Leaves only those of the port. */
void keep_port(struct socket_list *list, uint16_t port);

/* Opens /proc/PROCESS/NAME to be read. Returns NULL with errno. */
FILE *open_of(const char *process, const char *name);

/* The descriptors of a process, for closedir(). Returns NULL with errno. */
DIR *open_descriptors(const char *process);

/* The next one that is a socket, of any kind. Returns false when there is none left. */
bool next_socket(DIR *descriptors, int *fd, uint64_t *inode);

/* host.c: the processes that /proc shows, and the network namespaces in which they live. */
struct network {
	ino_t id;		    /* as find_network() has it */
	char process[PROCESS_NAME]; /* one that lives there */
};

struct host {
	struct network *networks; /* the first is the launcher's own */
	size_t network_count;
	struct socket_list sockets;
	bool is_complete; /* nothing was hidden, and all could be read */
};

/* Whether this is how a process is named in /proc: a number. */
bool is_process(const char *name);

/*
 * What tells the network namespace of the process from others: the number of the file
 * /proc/PID/net/tcp, of which the kernel makes one for each (proc_register(), fs/proc/generic.c).
 * Unlike /proc/PID/ns/net everybody can see it. Returns false with errno.
 */
bool find_network(const char *process, ino_t *network);

/*
 * Lists the wanted sockets of all network namespaces in which processes live. What could not be
 * looked at is told on standard error. Returns false when that is everything. free_host() is for
 * either case.
 */
bool look_at_host(struct host *host, bool (*is_wanted)(const struct tcp_socket *socket));
void free_host(struct host *host);

/*
 * Looks for the sockets among the descriptors of all processes. The list has another order
 * afterwards, and no socket twice.
 */
void find_holders(struct socket_list *list);

/* A program's name, without what a terminal or awk would stumble over; "-" when it is unknown. */
const char *program_name(const char *process, char name[PROGRAM_NAME]);

/* ports.c: which source ports the kernel chooses. Pure. */
enum { PORTS = UINT16_MAX + 1 };

struct ephemeral_ports {
	unsigned int low;  /* the first of ip_local_port_range */
	unsigned int high; /* and the last */
	bool reserved[PORTS];
};

/* A port that a socket can be connected to: 1 to 65535, in decimal digits. */
bool read_port(const char *text, uint16_t *port);

/* Adds the ports of a list as ip_local_reserved_ports has it: "8080,9148-9150". */
bool read_port_list(bool ports[PORTS], const char *text);
void print_port_list(const bool ports[PORTS], FILE *file);

/* Whether the kernel may choose it. */
bool is_ephemeral(const struct ephemeral_ports *ports, unsigned int port);

/*
 * One in how many tries gets this source port, on average: of a socket that was not bound, and of
 * one that was bound to an address without a port. 0 when it is looked at only after others that
 * were found in use.
 *
 * connect() looks at the ports with the parity of the lowest one first, bind() at the others
 * (__inet_hash_connect(), inet_csk_find_open_port(); since Linux 4.2).
 */
struct chance {
	unsigned int connect;
	unsigned int bound;
};

struct chance chance_of(const struct ephemeral_ports *ports, unsigned int port);

/* memory.c: the memory of a process. */
struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* of the start, in the file */
	bool is_executable;
	char *path; /* of the file, with " (deleted)" behind it when that has gone; "" without one
		     */
};

struct memory {
	int fd; /* -1 when only the mappings may be looked at */
	struct mapping *mappings;
	size_t count;
};

/*
 * Opens the memory of a process, for close_memory(). Returns false with errno, ENODATA when it has
 * none: a kernel thread, or a process that has ended and is not waited for.
 */
bool open_memory(struct memory *memory, const char *process);
void close_memory(struct memory *memory);

/* Returns how many bytes could be read. */
size_t read_memory(const struct memory *memory, uint64_t address, void *to, size_t size);

/* Returns NULL where nothing is mapped. */
const struct mapping *mapping_at(const struct memory *memory, uint64_t address);

/* objects.c: what the dynamic linker of a process has made of the library. */
struct loaded {
	bool is_settled; /* it is not just loading, nor about to */
	bool is_loaded;
	bool is_in_front;	    /* of libc, so that calls of connect() come to it */
	char version[VERSION_SIZE]; /* "" for one before 1.1.0 */
	char file[PATH_MAX];	    /* as mapped */
	char name[PATH_MAX];	    /* by which it was loaded */
	char program[PATH_MAX];	    /* whose dynamic linker it is */
	char past[PATH_MAX];	    /* objects whose connect() is libc's all the same */
	char other[PATH_MAX];	    /* an object that gets calls of connect() instead */
};

/* What cannot be read is taken for what is not there. */
void find_objects(const struct memory *memory, struct loaded *loaded);

/* verdict.c: whether one process is protected. */
enum { PROTECTED = 0, NOT_PROTECTED = 2 };

struct verdict {
	int status;	/* one of these, or UNKNOWN */
	bool has_ended; /* or is no process that could connect */
	char text[4 * PATH_MAX];
};

/* A process that is just starting is given a moment, half a second at most. */
void judge_process(const char *process, struct verdict *verdict);

/* groups.c: the processes of a control group and of those below it. */
struct processes {
	pid_t *numbers; /* to be freed; each once, in order */
	size_t count;
};

/*
 * Lists those of a unit of the service manager ("app", "app.service"), found in its slice, or of a
 * path as in /proc/PID/cgroup or below /sys/fs/cgroup. Returns false with errno: ENOENT when there
 * is no such group.
 */
bool list_group(struct processes *processes, const char *group);
