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
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* 64 bytes: on tmpfs wherever /tmp is. */
#define DIRECTORY "/tmp/tocsin-bench/a-directory-of-the-workloads"
#define PATH DIRECTORY "/file-to-be-opened"
_Static_assert(sizeof(PATH) - 1 == 64, "the path has 64 bytes");

/* Longer than an agent needs for what a window made, and than it holds records back. */
#define PAUSE_NS (20 * 1000 * 1000L)

struct workload {
	const char *name;
	void (*run)(void);
	unsigned per_window;
	unsigned windows;
	unsigned before; /* operations in front of each window, not counted */
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

static void open_close(int flags)
{
	int fd = open(PATH, flags);

	if (fd < 0)
		fail(PATH);
	close(fd);
}

static void run_open_read(void)
{
	open_close(O_RDONLY);
}

static void run_open_write(void)
{
	open_close(O_WRONLY);
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

static const struct workload workloads[] = {
	{"getppid", run_getppid, 50, 201, 1},	     {"open_read", run_open_read, 5, 501, 1},
	{"open_write", run_open_write, 5, 501, 1},   {"spawn", run_spawn, 1, 201, 0},
	{"spawn_small", run_spawn_small, 1, 201, 0},
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
	without = measure(&nothing, 51);
	with = measure(workload, windows);
	printf("%s %.1f\n", workload->name, (double)(with - without) / workload->per_window);
	fflush(stdout);
}

static void prepare(void)
{
	const struct sched_param first = {.sched_priority = 1};
	int fd;

	mkdir("/tmp/tocsin-bench", 0755);
	mkdir(DIRECTORY, 0755);
	fd = open(PATH, O_WRONLY | O_CREAT, 0644);
	if (fd < 0)
		fail(PATH);
	close(fd);
	sched_setscheduler(0, SCHED_FIFO, &first);
}

static void clean_up(void)
{
	unlink(PATH);
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
