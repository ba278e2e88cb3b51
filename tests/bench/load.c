/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes events: tocsin-bench-load [-k KIND] [-p PROCESSES] [-r RATE] [-t SECONDS].
 *
 * KIND open opens a file for writing and closes it (one event each, where a rule wants them), fork
 * forks a child that ends at once (two events). RATE is operations per second of all processes
 * together; 0, the default, is as many as go. Prints the operations done and the seconds that they
 * took.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 64
/* Operations between two looks at the clock. */
#define BURST 50

struct load {
	void (*run)(const char *path);
	unsigned processes;
	double rate; /* of one process */
	double seconds;
};

static void fail(const char *what)
{
	fprintf(stderr, "tocsin-bench-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd < 0)
		fail(path);
	close(fd);
}

static void run_fork(const char *path)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(0);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		fail("vfork");
}

static void sleep_until(double time)
{
	double rest = time - now();
	struct timespec span = {.tv_sec = (time_t)rest,
				.tv_nsec = (long)((rest - (double)(time_t)rest) * 1e9)};

	if (rest > 0)
		nanosleep(&span, NULL);
}

/* Operations done. */
static unsigned long work(const struct load *load)
{
	double start = now();
	unsigned long done = 0;
	char path[64];

	snprintf(path, sizeof(path), "/tmp/tocsin-bench-load.%d", (int)getpid());
	while (now() - start < load->seconds) {
		for (unsigned i = 0; i < BURST; i++)
			load->run(path);
		done += BURST;
		if (load->rate > 0)
			sleep_until(start + (double)done / load->rate);
	}
	unlink(path);
	return done;
}

static unsigned long run_all(const struct load *load)
{
	unsigned long *done = mmap(NULL, PROCESSES_MAX * sizeof(*done), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long sum = 0;

	if (done == MAP_FAILED)
		fail("mmap");
	for (unsigned i = 0; i < load->processes; i++) {
		pid_t child = fork();

		if (child < 0)
			fail("fork");
		if (child == 0) {
			done[i] = work(load);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (unsigned i = 0; i < load->processes; i++)
		sum += done[i];
	return sum;
}

int main(int argc, char **argv)
{
	struct load load = {.run = run_open, .processes = 1, .seconds = 5};
	double rate = 0, start;
	unsigned long done;
	int option;

	while ((option = getopt(argc, argv, "k:p:r:t:")) != -1) {
		if (option == 'k' && strcmp(optarg, "open") == 0)
			load.run = run_open;
		else if (option == 'k' && strcmp(optarg, "fork") == 0)
			load.run = run_fork;
		else if (option == 'p')
			load.processes = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'r')
			rate = strtod(optarg, NULL);
		else if (option == 't')
			load.seconds = strtod(optarg, NULL);
		else
			return 2;
	}
	if (!load.processes || load.processes > PROCESSES_MAX)
		return 2;
	load.rate = rate / load.processes;
	start = now();
	done = run_all(&load);
	printf("%lu %.3f\n", done, now() - start);
	return 0;
}
