/* The processes of this host, their network namespaces, and the sockets that they hold. */
#include "launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool is_process(const char *name)
{
	return *name > '0' && strspn(name, "0123456789") == strlen(name) &&
	       strlen(name) < PROCESS_NAME;
}

/* The threads of a process, for closedir(). Returns NULL with errno. */
static DIR *open_threads(const char *process)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s/task", process);
	return opendir(path);
}

/* In /proc or in the directory of threads. Returns NULL after the last one. */
static const char *next_process(DIR *proc)
{
	const struct dirent *entry;

	while ((entry = readdir(proc)))
		if (is_process(entry->d_name))
			return entry->d_name;
	return NULL;
}

/* These errors mean that the process has ended; a zombie has no network namespace either. */
static bool has_ended(int error)
{
	return error == ENOENT || error == ESRCH || error == EINVAL;
}

bool find_network(const char *process, ino_t *network)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof path, "/proc/%s/net/tcp", process);
	if (stat(path, &status) != 0)
		return false;
	*network = status.st_ino;
	return true;
}

static bool is_known(const struct host *host, ino_t id)
{
	for (size_t i = 0; i < host->network_count; i++)
		if (host->networks[i].id == id)
			return true;
	return false;
}

static bool add_network(struct host *host, const char *process, ino_t id)
{
	void *larger =
		reallocarray(host->networks, host->network_count + 1, sizeof(struct network));

	if (!larger)
		return false;
	host->networks = larger;
	struct network *network = &host->networks[host->network_count++];
	network->id = id;
	strcpy(network->process, process);
	return true;
}

/* Reads the network namespace of the process, unless it was read before. */
static bool look_at(struct host *host, const char *process,
		    bool (*is_wanted)(const struct tcp_socket *socket))
{
	size_t first = host->sockets.count;
	ino_t id;

	if (!find_network(process, &id))
		return false;
	if (is_known(host, id))
		return true;
	if (!list_sockets(&host->sockets, process, is_wanted) || !add_network(host, process, id))
		return false;
	for (size_t i = first; i < host->sockets.count; i++)
		host->sockets.sockets[i].network = host->network_count - 1;
	return true;
}

/* Reads the network namespaces of all threads, which may differ. Returns false with errno. */
static bool look_at_threads(struct host *host, const char *process,
			    bool (*is_wanted)(const struct tcp_socket *socket))
{
	DIR *threads = open_threads(process);
	const char *thread;
	int error = threads ? 0 : errno;

	while (threads && (thread = next_process(threads)))
		if (!look_at(host, thread, is_wanted) && !has_ended(errno))
			error = errno;
	if (threads)
		closedir(threads);
	errno = error;
	return error == 0;
}

static void say_unread(struct host *host, const char *process)
{
	host->is_complete = false;
	fprintf(stderr, "noselfconn: the network namespace of process %s was not looked at: %s\n",
		process, strerror(errno));
}

/* Whether /proc is mounted with hidepid, proc(5). */
static bool has_hidepid(void)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[4096];
	bool has = false;

	while (mounts && fgets(line, sizeof line, mounts))
		if (strstr(line, " /proc proc "))
			has = strstr(line, "hidepid=");
	if (mounts)
		fclose(mounts);
	return has;
}

/* With hidepid a user sees process 1 only if it is his own, or if he may see all processes. */
static void look_for_hidden(struct host *host)
{
	struct stat status;

	if (stat("/proc/1/net/tcp", &status) == 0 && stat("/proc/1", &status) == 0 &&
	    (geteuid() == 0 || status.st_uid != geteuid() || !has_hidepid()))
		return;
	host->is_complete = false;
	fputs("noselfconn: /proc hides the processes of others (hidepid), so that their network "
	      "namespaces were not looked at: ask root\n",
	      stderr);
}

bool look_at_host(struct host *host, bool (*is_wanted)(const struct tcp_socket *socket))
{
	const char *process;
	DIR *proc;

	*host = (struct host){.is_complete = true};
	if (!look_at(host, "self", is_wanted) || !(proc = opendir("/proc"))) {
		fprintf(stderr, "noselfconn: cannot read /proc/self/net/tcp: %s\n",
			strerror(errno));
		return false;
	}
	/* EPERM comes from hidepid=1, which look_for_hidden() reports. */
	while ((process = next_process(proc)))
		if (!look_at_threads(host, process, is_wanted) && !has_ended(errno) &&
		    errno != EPERM)
			say_unread(host, process);
	closedir(proc);
	look_for_hidden(host);
	return true;
}

static int by_inode(const void *a, const void *b)
{
	uint64_t left = ((const struct tcp_socket *)a)->inode;
	uint64_t right = ((const struct tcp_socket *)b)->inode;

	return (left > right) - (left < right);
}

/* Needs a list sorted by inode. */
static void drop_repeated(struct socket_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (i == 0 || list->sockets[i].inode == 0 ||
		    list->sockets[i].inode != list->sockets[kept - 1].inode)
			list->sockets[kept++] = list->sockets[i];
	list->count = kept;
}

static void sort(struct socket_list *list)
{
	if (list->count == 0)
		return;
	qsort(list->sockets, list->count, sizeof *list->sockets, by_inode);
	drop_repeated(list);
}

static void match(const struct socket_list *list, const char *process, DIR *descriptors)
{
	struct tcp_socket wanted;
	int fd;

	while (next_socket(descriptors, &fd, &wanted.inode)) {
		struct tcp_socket *found =
			bsearch(&wanted, list->sockets, list->count, sizeof wanted, by_inode);
		if (found && found->holders++ == 0) {
			strcpy(found->process, process);
			found->fd = fd;
		}
	}
}

void find_holders(struct socket_list *list)
{
	const char *process;
	DIR *proc;

	sort(list);
	/* Sockets in TIME_WAIT have inode 0 and no holder. With no others, save the search. */
	if (list->count == 0 || list->sockets[list->count - 1].inode == 0 ||
	    !(proc = opendir("/proc")))
		return;
	while ((process = next_process(proc))) {
		DIR *descriptors = open_descriptors(process);
		if (descriptors) {
			match(list, process, descriptors);
			closedir(descriptors);
		}
	}
	closedir(proc);
}

bool find_held(struct socket_list *list, const char *process)
{
	DIR *descriptors = open_descriptors(process);
	DIR *threads;
	const char *thread;

	if (!descriptors)
		return false;
	closedir(descriptors);
	sort(list);
	for (size_t i = 0; i < list->count; i++)
		list->sockets[i].holders = 0;
	threads = list->count > 0 ? open_threads(process) : NULL;
	while (threads && (thread = next_process(threads)))
		if ((descriptors = open_descriptors(thread))) {
			match(list, thread, descriptors);
			closedir(descriptors);
		}
	if (threads)
		closedir(threads);
	return true;
}

void find_living_thread(const char *process, char thread[PROCESS_NAME])
{
	DIR *threads = open_threads(process);
	const char *next;
	bool is_found = false;

	while (threads && !is_found && (next = next_process(threads))) {
		FILE *maps = open_of(next, "maps");
		is_found = !maps || fgetc(maps) != EOF;
		if (maps)
			fclose(maps);
		if (is_found)
			strcpy(thread, next);
	}
	if (threads)
		closedir(threads);
	if (!is_found)
		strcpy(thread, process);
}

const char *as_word(char *text)
{
	for (char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			*c = '?';
	return *text ? text : strcpy(text, "-");
}

const char *program_name(const char *process, char name[PROGRAM_NAME])
{
	FILE *file = open_of(process, "comm");

	if (!file || !fgets(name, PROGRAM_NAME, file))
		*name = '\0';
	if (file)
		fclose(file);
	name[strcspn(name, "\n")] = '\0';
	return as_word(name);
}

void free_host(struct host *host)
{
	free(host->networks);
	free(host->sockets.sockets);
}
