/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trier: tries what a rule forbids, and reads rules anew while others try. For guests.
 *
 *	trier open PATH [N]           opens a file for writing, N times or until SIGTERM; 0: until
 *	                              SIGTERM, with a rest of two milliseconds between
 *	trier exec PATH [N]           runs a program
 *	trier reload PID STANDING N CURRENT ONE OTHER
 *	                              makes the agent read its rules N times, from each of two files
 *	                              in turn, put in the place of CURRENT; waits for each
 *
 * open and exec print "tried N: M went through" and how often each error came.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ERRNO_MAX 4096

static volatile sig_atomic_t stop_requested;

static void request_stop(int number)
{
	(void)number;
	stop_requested = 1;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* 0 or an errno. */
static int try_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int try_exec(const char *path)
{
	char *const argv[] = {(char *)path, NULL}, *const environment[] = {NULL};
	pid_t pid;
	int error = posix_spawn(&pid, path, NULL, NULL, argv, environment), status;

	if (!error)
		waitpid(pid, &status, 0);
	return error;
}

static int try_often(int (*try)(const char *path), const char *path, unsigned long n)
{
	static unsigned long errors[ERRNO_MAX];
	struct sigaction action = {.sa_handler = request_stop};
	const struct timespec rest = {.tv_nsec = n ? 0 : 2000000};
	unsigned long tried = 0;

	sigaction(SIGTERM, &action, NULL);
	for (; (tried < n || !n) && !stop_requested; tried++) {
		errors[try(path) % ERRNO_MAX]++;
		if (rest.tv_nsec)
			nanosleep(&rest, NULL);
	}
	printf("tried %lu: %lu went through", tried, errors[0]);
	for (int error = 1; error < ERRNO_MAX; error++)
		if (errors[error])
			printf(", %lu %s", errors[error], strerrorname_np(error));
	putchar('\n');
	return errors[0] ? 1 : 0;
}

/* --- reload --- */

static unsigned long generation_of(const char *standing)
{
	char text[4096] = "", *found;
	FILE *file = fopen(standing, "re");

	if (!file)
		return 0;
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	found = strstr(text, "\"generation\":");
	return found ? strtoul(found + strlen("\"generation\":"), NULL, 10) : 0;
}

/* The file takes the place of another one as a whole. */
static void put_in_place(const char *current, const char *file)
{
	char fresh[4096];

	snprintf(fresh, sizeof(fresh), "%s.new", current);
	unlink(fresh);
	if (link(file, fresh) < 0 || rename(fresh, current) < 0)
		fail(current);
	unlink(fresh); /* rename() does nothing where both are links to the same file */
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void wait_for(const char *standing, unsigned long generation)
{
	const struct timespec rest = {.tv_nsec = 1000000};
	double start = now();

	while (generation_of(standing) < generation) {
		if (now() - start > 120) {
			printf("generation %lu does not come: %lu\n", generation,
			       generation_of(standing));
			exit(1);
		}
		nanosleep(&rest, NULL);
	}
}

static int reload(char **argv)
{
	pid_t agent = atoi(argv[0]);
	unsigned long n = strtoul(argv[2], NULL, 10), first = generation_of(argv[1]);
	double start = now(), longest = 0;

	for (unsigned long i = 1; i <= n; i++) {
		double began = now();

		put_in_place(argv[3], argv[4 + i % 2]);
		if (kill(agent, SIGHUP) < 0)
			fail("kill");
		wait_for(argv[1], first + i);
		if (now() - began > longest)
			longest = now() - began;
	}
	printf("%lu reloads, %.1f ms each, the longest %.1f ms\n", n,
	       (now() - start) * 1e3 / (double)n, longest * 1e3);
	return 0;
}

int main(int argc, char **argv)
{
	bool until_stopped = argc == 3;
	unsigned long n = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	if (argc == 8 && !strcmp(argv[1], "reload"))
		return reload(argv + 2);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "open"))
		return try_often(try_open, argv[2], until_stopped ? -1UL : n);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "exec"))
		return try_often(try_exec, argv[2], until_stopped ? -1UL : n);
	fprintf(stderr, "usage: see trier.c\n");
	return 2;
}
