/* SPDX-License-Identifier: Apache-2.0 */
/* Events: fork, exit; and the scope. */
#include "tests/events/process.h"

#include <errno.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/events/truth.h"
#include "tests/events/watch.h"
#include "tests/events/witness.h"

#define TICK_NS 10000000ULL

static void expect_fork_into(struct run *run, int syscall, const struct who *child, uint32_t vpid,
			     uint64_t cgroup_id)
{
	const struct tc_fork *record = take(run, fork);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, 0);
	expect(run, record, &record->child_tgid, child->tgid);
	expect(run, record, &record->child_vpid, vpid);
	expect(run, record, &record->child_cgroup_id, cgroup_id);
	expect(run, record, &record->child_start_ns, record->child_start_ns);
	expect_fact(run, "fork.child_start_ns in ticks", record->child_start_ns / TICK_NS,
		    child->start_ticks);
}

void expect_fork(struct run *run, int syscall, const struct who *child, uint32_t vpid)
{
	expect_fork_into(run, syscall, child, vpid, run->cgroup_id);
}

/* --- fork --- */

static _Noreturn void be_looked_at(struct run *run, int status)
{
	witness(run, 0, getpid());
	_exit(status);
}

static void act_fork(struct run *run)
{
	enter(run);
	pid_t pid = (pid_t)syscall(SYS_fork);

	if (pid == 0)
		be_looked_at(run, 5);
	must(run, wait_child(run, pid) == 5 << 8);
}

static void check_fork(struct run *run)
{
	const struct who *child = &run->notes->who[0];

	expect_fork(run, SYS_fork, child, child->tgid);
	expect_end(run, child, 5);
	expect_fact(run, "the child's parent", child->ppid, run->notes->self.tgid);
}

static void act_vfork(struct run *run)
{
	enter(run);
	pid_t pid = vfork();

	if (pid == 0)
		be_looked_at(run, 6);
	must(run, wait_child(run, pid) == 6 << 8);
}

static void check_vfork(struct run *run)
{
	const struct who *child = &run->notes->who[0];

	expect_fork(run, SYS_vfork, child, child->tgid);
	expect_end(run, child, 6);
}

static void act_clone3_cgroup(struct run *run)
{
	struct clone_args args = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	char directory[300];

	snprintf(directory, sizeof(directory), "%s/below", run->cgroup);
	run->notes->number[0] = cgroup_make(directory);
	args.cgroup = (uint64_t)open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(run, run->notes->number[0]);
	enter(run);
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	must(run, pid >= 0);
	if (pid == 0)
		be_looked_at(run, 3);
	must(run, wait_child(run, pid) == 3 << 8);
}

static void check_clone3_cgroup(struct run *run)
{
	const struct who *child = &run->notes->who[0];
	uint64_t above = run->cgroup_id;

	pass_over(run, TC_KIND_cgroup_mkdir);
	expect_fork_into(run, SYS_clone3, child, child->tgid, run->notes->number[0]);
	run->cgroup_id = run->notes->number[0]; /* where the child ends */
	expect_end(run, child, 3);
	run->cgroup_id = above;
}

/* --- the end of processes --- */

static void *tell_tid(void *context)
{
	pid_t *tid = context;

	*tid = (pid_t)syscall(SYS_gettid);
	return NULL;
}

/*
 * Threads are not told, neither when they come nor when they go. They are joined before the kernel
 * is done with them: until they are no more, one of them might be the last.
 */
static void act_threads(struct run *run)
{
	pthread_t threads[3];
	pid_t tids[3];

	enter(run);
	for (unsigned i = 0; i < 3; i++)
		must(run, pthread_create(&threads[i], NULL, tell_tid, &tids[i]) == 0);
	for (unsigned i = 0; i < 3; i++)
		must(run, pthread_join(threads[i], NULL) == 0);
	for (unsigned i = 0; i < 3; i++)
		while (syscall(SYS_tgkill, getpid(), tids[i], 0) == 0)
			sched_yield();
	_exit(4);
}

static void check_threads(struct run *run)
{
	expect_end(run, &run->notes->self, 4);
	expect_fact(run, "status", (uint64_t)WEXITSTATUS(run->status), 4);
}

static void act_exit_old(struct run *run)
{
	enter(run);
	syscall(SYS_exit, 0x1ff); /* the low eight bits count */
}

static void check_exit_old(struct run *run)
{
	const struct tc_exit *record = take(run, exit);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_exit, 0);
	expect(run, record, &record->status, (uint64_t)WEXITSTATUS(run->status));
	expect(run, record, &record->signal, 0);
	expect_fact(run, "status", (uint64_t)WEXITSTATUS(run->status), 0xff);
}

static void act_killed(struct run *run)
{
	const int *signal = run->test->with;
	struct rlimit none = {0};

	setrlimit(RLIMIT_CORE, &none);
	(void)sigaction(*signal, &(struct sigaction){.sa_handler = SIG_DFL},
			NULL); /* a sanitizer's */
	enter(run);
	syscall(SYS_tgkill, getpid(), getpid(), *signal);
	pause();
}

static void check_killed(struct run *run)
{
	const int *signal = run->test->with;
	const struct tc_exit *record = take(run, exit);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, -1, 0); /* no system call ended it */
	expect(run, record, &record->status, 0);
	expect(run, record, &record->signal, (uint64_t)*signal);
	expect_fact(run, "signal", (uint64_t)WTERMSIG(run->status), (uint64_t)*signal);
}

/*
 * --- the first thread ends before the others. What wait(2) gives is the first one's status, from
 * v5.18 on the last one's (synchronize_group_exit()); the event says the same ---
 */

static pthread_mutex_t leader_lives;

static void *outlive(void *context)
{
	struct run *run = context;

	rename_self(run, "the last");
	must(run, who_am_i(&run->notes->who[0]));
	run->notes->number[0] = 1;
	/* Held by the first thread until the kernel has taken it apart. */
	if (pthread_mutex_lock(&leader_lives) == EOWNERDEAD)
		syscall(SYS_exit, 3);
	return NULL;
}

static void act_leader_first(struct run *run)
{
	volatile uint64_t *ready = &run->notes->number[0];
	pthread_mutexattr_t attributes;
	pthread_t thread;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&leader_lives, &attributes);
	pthread_mutex_lock(&leader_lives);
	must(run, pthread_create(&thread, NULL, outlive, run) == 0);
	while (!*ready)
		sched_yield();
	enter(run);
	syscall(SYS_exit, 7);
}

static void check_leader_first(struct run *run)
{
	const struct tc_exit *record = take(run, exit);

	if (!record)
		return;
	/* It has left the living when the other goes on, and may come to the tracepoint after it.
	 */
	if (record->header.tid == run->notes->self.tid)
		run->notes->who[0] = run->notes->self;
	expect_header(run, record, &run->notes->who[0], SYS_exit, 0);
	expect(run, record, &record->status, (uint64_t)WEXITSTATUS(run->status));
	expect(run, record, &record->signal, 0);
}

/* --- many threads end at once: one event for each process --- */

#define CROWDS 40
#define CROWD 8

static pthread_barrier_t all_there;

static void *end_together(void *context)
{
	pthread_barrier_wait(&all_there);
	syscall(SYS_exit, 0);
	return context;
}

static _Noreturn void be_crowd(void)
{
	pthread_t thread;

	pthread_barrier_init(&all_there, NULL, CROWD);
	for (unsigned i = 1; i < CROWD; i++)
		if (pthread_create(&thread, NULL, end_together, NULL) != 0)
			_exit(1);
	end_together(NULL);
	_exit(1);
}

static void act_crowds(struct run *run)
{
	enter(run);
	for (unsigned i = 0; i < CROWDS; i++) {
		pid_t pid = fork();

		must(run, pid >= 0);
		if (pid == 0)
			be_crowd();
		must(run, wait_child(run, pid) == 0);
	}
}

static void check_crowds(struct run *run)
{
	unsigned mine = 0;

	for (unsigned i = 0; i < run->n_records; i++) {
		const struct tc_exit *record = (const void *)run->records[i].record;

		mine += record->header.kind == TC_KIND_exit &&
			record->header.tgid == (uint32_t)run->child;
		if (record->header.kind == TC_KIND_exit && (record->status || record->signal))
			fail(run, "process %u ended with %u, signal %u", record->header.tgid,
			     record->status, record->signal);
	}
	expect_fact(run, "ends of the child itself", mine, 1);
	expect_fact(run, "processes that came", pass_over(run, TC_KIND_fork), CROWDS);
	expect_fact(run, "processes that ended", pass_over(run, TC_KIND_exit), CROWDS + 1);
}

/* --- the scope --- */

static void act_outside(struct run *run)
{
	run->notes->entered = true; /* it never does: nothing is told */
	make_file(run, "file", 0600, 1);
	must(run,
	     open("file", O_WRONLY) >= 0 && unlink("file") == 0 && mkdir("directory", 0700) == 0);
	pid_t pid = fork();

	must(run, pid >= 0);
	if (pid == 0) {
		execl(small_program(), "small", NULL);
		_exit(1);
	}
	wait_child(run, pid);
}

static void check_outside(struct run *run)
{
	expect_fact(run, "records", run->n_records, 0);
	run->outside = true;
}

static void act_below(struct run *run)
{
	char directory[300];

	snprintf(directory, sizeof(directory), "%s/below", run->cgroup);
	run->notes->number[0] = cgroup_make(directory);
	must(run, run->notes->number[0]);
	strcat(directory, "/further");
	run->notes->number[1] = cgroup_make(directory);
	run->procs_fd = cgroup_open_procs(directory);
	must(run, run->procs_fd >= 0);
	enter(run);
}

static void check_below(struct run *run)
{
	pass_over(run, TC_KIND_cgroup_mkdir);
	run->cgroup_id = run->notes->number[1];
	expect_end(run, &run->notes->self, 0);
}

#define SIGNAL(signal) (&(const int){(signal)})

const struct test process_tests[] = {
	TEST(fork, ANY, NULL, act_fork, check_fork),
	TEST(vfork, ANY, NULL, act_vfork, check_vfork),
	TEST(clone3_into_cgroup, ANY, NULL, act_clone3_cgroup, check_clone3_cgroup),
	TEST(exit_threads, ANY, NULL, act_threads, check_threads),
	TEST(exit_old, ANY, NULL, act_exit_old, check_exit_old),
	TEST(exit_by_sigkill, ANY, NULL, act_killed, check_killed, .with = SIGNAL(SIGKILL)),
	TEST(exit_by_sigsegv, ANY, NULL, act_killed, check_killed, .with = SIGNAL(SIGSEGV)),
	TEST(exit_leader_first, ANY, NULL, act_leader_first, check_leader_first),
	TEST(exit_crowds, ANY, NULL, act_crowds, check_crowds),
	TEST(scope_outside, ANY, NULL, act_outside, check_outside),
	TEST(scope_below, ANY, NULL, act_below, check_below),
	{0},
};
