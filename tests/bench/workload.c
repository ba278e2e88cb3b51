/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What system calls cost: tocsin-bench-workload [-s SMALL_PROGRAM] [-w WINDOWS] [WORKLOAD...].
 *
 * One line for each workload, its name and the nanoseconds of one operation; in a guest that counts
 * instructions a nanosecond is one instruction. The figure is the median of many short windows, so
 * that timer ticks and whatever else comes between fall out. Where it may, the program runs under
 * SCHED_FIFO: an agent that is woken meanwhile does its work between two windows, in the pause that
 * there is for it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* 64 bytes: on tmpfs wherever /tmp is. */
#define DIRECTORY "/tmp/tocsin-bench/a-directory-of-the-workloads"
#define PATH DIRECTORY "/file-to-be-opened"
_Static_assert(sizeof(PATH) - 1 == 64, "the path has 64 bytes");
/* Others beside it, with names as long. */
#define PATH_FORMAT DIRECTORY "/file-to-be-op%04u"
#define PATHS_MAX 9999

/* Longer than an agent needs for what a window made, and than it holds records back. */
#define PAUSE_NS (20 * 1000 * 1000L)

struct workload {
	const char *name;
	void (*run)(void);
	unsigned per_window;
	unsigned windows;
	unsigned before;      /* operations in front of each window, not counted */
	void (*change)(void); /* what is done in front of those, or NULL */
};

static char *small_program = (char *)"tocsin-bench-small";
/* What this program runs as when it is to end at once. */
#define NOTHING "nothing"

static void fail(const char *what)
{
	fprintf(stderr, "tocsin-bench-workload: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void run_nothing(void)
{
}

static void run_getppid(void)
{
	syscall(SYS_getppid);
}

static void open_close(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd < 0)
		fail(path);
	close(fd);
}

static void run_open_read(void)
{
	open_close(PATH, O_RDONLY);
}

static void run_open_write(void)
{
	open_close(PATH, O_WRONLY);
}

/* --- files of which an agent keeps nothing: so far, or any more --- */

static char (*paths)[sizeof(PATH)];
static unsigned n_paths, next_path;

/* Files that nobody has opened since they were made. */
static void make_paths(unsigned n)
{
	if (n > PATHS_MAX)
		n = PATHS_MAX;
	paths = calloc(n, sizeof(*paths));
	if (!paths)
		fail("calloc");
	for (n_paths = 0; n_paths < n; n_paths++) {
		snprintf(paths[n_paths], sizeof(*paths), PATH_FORMAT, n_paths);
		if (mknod(paths[n_paths], S_IFREG | 0644, 0) < 0)
			fail(paths[n_paths]);
	}
	next_path = 0;
}

static void remove_paths(void)
{
	while (n_paths > 0)
		unlink(paths[--n_paths]);
	free(paths);
	paths = NULL;
}

/* The next file, each once. */
static void run_open_new(void)
{
	if (next_path == n_paths) {
		fprintf(stderr, "tocsin-bench-workload: too many windows for its files\n");
		exit(1);
	}
	open_close(paths[next_path++], O_WRONLY);
}

/* Whatever was kept of paths is void when a file of the system was renamed. */
static void rename_one(void)
{
	static int turn;
	static const char *const names[] = {DIRECTORY "/one", DIRECTORY "/another"};

	open_close(names[turn], O_WRONLY | O_CREAT);
	if (rename(names[turn], names[!turn]) < 0)
		fail("rename");
	turn = !turn;
	next_path = 0;
}

static void spawn(char *program, char *argument)
{
	char *const arguments[] = {program, argument, NULL}, *const environment[] = {NULL};
	int status;
	pid_t child;

	errno = posix_spawn(&child, program, NULL, NULL, arguments, environment);
	if (errno)
		fail(program);
	if (waitpid(child, &status, 0) != child || status != 0)
		fail("waitpid");
}

/* A static program with the C library: this one. */
static void run_spawn(void)
{
	spawn((char *)"/proc/self/exe", (char *)NOTHING);
}

/* The smallest program there can be: the least that a spawn costs. */
static void run_spawn_small(void)
{
	spawn(small_program, NULL);
}

/* --- sockets, on the loopback interface --- */

static const struct sockaddr_in loopback = {.sin_family = AF_INET,
					    .sin_addr = {.s_addr = 0x0100007f}};
static struct sockaddr_in listener_name, receiver_name;
static int listener, sender;

/* In a guest nobody has switched it on. */
static void raise_loopback(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("socket");
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

static int socket_bound(int type, struct sockaddr_in *ret_name)
{
	socklen_t length = sizeof(*ret_name);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)) < 0 ||
	    getsockname(fd, (struct sockaddr *)ret_name, &length) < 0)
		fail("a socket on 127.0.0.1");
	return fd;
}

/* The client hangs up first, and by a reset: else ports run out. */
static void run_connect(void)
{
	static const struct linger at_once = {.l_onoff = 1};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

	if (client < 0 ||
	    connect(client, (struct sockaddr *)&listener_name, sizeof(listener_name)) < 0)
		fail("connect");
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		fail("accept4");
	setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(client);
	close(server);
}

/* Nobody receives: the socket's buffer is full, and what comes is dropped. */
static void run_udp_send(void)
{
	if (sendto(sender, "x", 1, 0, (struct sockaddr *)&receiver_name, sizeof(receiver_name)) < 0)
		fail("sendto");
}

/* --- signals, identity, descriptors --- */

static pid_t sleeper; /* a child that ignores SIGUSR1 */

static void run_kill_0(void)
{
	kill(sleeper, 0);
}

static void run_kill(void)
{
	kill(sleeper, SIGUSR1);
}

static void run_setuid(void)
{
	if (syscall(SYS_setuid, getuid()) < 0)
		fail("setuid");
}

static void run_dup2(void)
{
	if (dup2(sender, 90) < 0)
		fail("dup2");
}

static const struct workload workloads[] = {
	{"getppid", run_getppid, 50, 201, 1, NULL},
	{"open_read", run_open_read, 5, 501, 1, NULL},
	{"open_write", run_open_write, 5, 501, 1, NULL},
	{"open_new", run_open_new, 5, 201, 1, NULL},
	{"open_renamed", run_open_new, 5, 201, 1, rename_one},
	{"spawn", run_spawn, 1, 201, 0, NULL},
	{"spawn_small", run_spawn_small, 1, 201, 0, NULL},
	{"connect", run_connect, 2, 201, 1, NULL},
	{"udp_send", run_udp_send, 5, 201, 1, NULL},
	{"kill_0", run_kill_0, 10, 201, 1, NULL},
	{"kill", run_kill, 10, 201, 1, NULL},
	{"setuid", run_setuid, 10, 201, 1, NULL},
	{"dup2", run_dup2, 10, 201, 1, NULL},
};

static long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	long left = *(const long *)a, right = *(const long *)b;

	return (left > right) - (left < right);
}

static long window(const struct workload *workload)
{
	static const struct timespec pause = {.tv_nsec = PAUSE_NS};
	long start;

	nanosleep(&pause, NULL);
	if (workload->change)
		workload->change();
	for (unsigned i = 0; i < workload->before; i++)
		workload->run();
	start = now_ns();
	for (unsigned i = 0; i < workload->per_window; i++)
		workload->run();
	return now_ns() - start;
}

/* Nanoseconds of the median window. */
static long measure(const struct workload *workload, unsigned windows)
{
	long *spans = calloc(windows, sizeof(*spans)), median;

	if (!spans)
		fail("calloc");
	for (unsigned i = 0; i < windows; i++)
		spans[i] = window(workload);
	qsort(spans, windows, sizeof(*spans), compare);
	median = spans[windows / 2];
	free(spans);
	return median;
}

/* What reading the clock costs is taken off. */
static void report(const struct workload *workload, unsigned windows)
{
	struct workload nothing = *workload;
	long with, without;

	if (windows == 0)
		windows = workload->windows;
	nothing.run = run_nothing;
	nothing.before = 0;
	nothing.change = NULL;
	without = measure(&nothing, 51);
	if (workload->run == run_open_new)
		make_paths((workload->per_window + workload->before) *
			   (workload->change ? 1 : windows));
	with = measure(workload, windows);
	remove_paths();
	printf("%s %.1f\n", workload->name, (double)(with - without) / workload->per_window);
	fflush(stdout);
}

static void prepare_path(void)
{
	int fd;

	mkdir("/tmp/tocsin-bench", 0755);
	mkdir(DIRECTORY, 0755);
	fd = open(PATH, O_WRONLY | O_CREAT, 0644);
	if (fd < 0)
		fail(PATH);
	close(fd);
}

static void prepare_sockets(void)
{
	raise_loopback();
	listener = socket_bound(SOCK_STREAM, &listener_name);
	if (listen(listener, 8) < 0)
		fail("listen");
	socket_bound(SOCK_DGRAM, &receiver_name);
	sender = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sender < 0)
		fail("socket");
	for (int i = 0; i < 1000; i++)
		run_udp_send();
}

static void prepare_sleeper(void)
{
	signal(SIGUSR1, SIG_IGN); /* the sleeper's, too */
	sleeper = fork();
	if (sleeper < 0)
		fail("fork");
	if (sleeper == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (sleeper == 0)
		pause();
}

static void prepare(void)
{
	const struct sched_param first = {.sched_priority = 1};

	prepare_path();
	prepare_sockets();
	prepare_sleeper();
	sched_setscheduler(0, SCHED_FIFO, &first);
}

static void clean_up(void)
{
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	unlink(PATH);
	unlink(DIRECTORY "/one");
	unlink(DIRECTORY "/another");
	rmdir(DIRECTORY);
	rmdir("/tmp/tocsin-bench");
}

static int wanted(int argc, char **argv, const char *name)
{
	for (int i = optind; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return 1;
	return optind == argc;
}

int main(int argc, char **argv)
{
	unsigned windows = 0;
	int option;

	if (argc == 2 && strcmp(argv[1], NOTHING) == 0)
		return 0;
	while ((option = getopt(argc, argv, "s:w:")) != -1) {
		if (option == 's')
			small_program = optarg;
		else if (option == 'w')
			windows = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	prepare();
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		if (wanted(argc, argv, workloads[i].name))
			report(&workloads[i], windows);
	clean_up();
	return 0;
}
