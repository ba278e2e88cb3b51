/* SPDX-License-Identifier: Apache-2.0 */
/* What events do to the tables, and what the tables add to events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/enrich/scan.h"
#include "tests/unit/agent/world_fixture.h"

static int set_up(void **state)
{
	*state = fixture_new();
	return 0;
}

static struct tc_event *enrich(struct fixture *fixture)
{
	feed(fixture);
	return &fixture->event;
}

static void make_cgroup(struct fixture *fixture, enum tc_kind kind, uint64_t id, const char *path)
{
	make_record(&fixture->made, kind, sizeof(struct tc_cgroup_mkdir), 1, 10, "systemd");
	fixture->made.cgroup.target_id = id;
	MAKE_STRING(&fixture->made, &fixture->made.cgroup.path, path);
}

static void the_actor_is_found_or_made(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *first;

	MAKE(&fixture->made, open, 5, 50, "five");
	first = enrich(fixture)->process;
	assert_non_null(first);
	settle(fixture);
	assert_ptr_equal(enrich(fixture)->process, first);
	settle(fixture);
	assert_int_equal(fixture->world.events, 2);
}

static void a_fork_makes_the_child_and_keeps_the_actor(void **state)
{
	struct fixture *fixture = *state;

	make_fork(&fixture->made, 5, 50, "five", 6, 60);
	assert_int_equal(enrich(fixture)->process->tgid, 5);
	settle(fixture);
	MAKE(&fixture->made, open, 6, 60, "five");
	assert_int_equal(enrich(fixture)->process->parent->tgid, 5);
	settle(fixture);
}

static void an_exec_is_judged_with_its_own_image(void **state)
{
	struct fixture *fixture = *state;

	make_exec(&fixture->made, 5, 50, "sh", "/bin/sh");
	assert_non_null(enrich(fixture)->process->image);
	settle(fixture);
}

static bool runs(const struct tc_process *process, const char *exe)
{
	const struct tc_slot *slot = &process->image->exec.exe;

	return slot->stored == strlen(exe) &&
	       memcmp((const char *)&process->image->exec + slot->offset, exe, slot->stored) == 0;
}

static void a_refused_exec_is_judged_with_the_program_that_did_not_run(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *process;

	make_fork(&fixture->made, 4, 40, "init", 5, 50);
	enrich(fixture);
	settle(fixture);
	make_exec(&fixture->made, 5, 50, "sh", "/bin/sh");
	fixture->made.header.uid = fixture->made.header.euid = 1000;
	process = enrich(fixture)->process;
	settle(fixture);

	make_exec(&fixture->made, 5, 50, "sudo", "/usr/bin/sudo");
	fixture->made.header.verdict = TC_VERDICT_BLOCKED;
	fixture->made.header.uid = 1000;
	fixture->made.header.euid = 0;
	assert_ptr_not_equal(enrich(fixture)->process, process);
	assert_true(runs(fixture->event.process, "/usr/bin/sudo"));
	assert_string_equal(fixture->event.process->comm, "sudo");
	assert_int_equal(fixture->event.process->euid, 0);
	assert_int_equal(fixture->event.process->tgid, 5);
	assert_int_equal(fixture->event.process->parent->tgid, 4);
	settle(fixture);

	assert_true(runs(process, "/bin/sh"));
	assert_string_equal(process->comm, "sh");
	assert_int_equal(process->euid, 1000);
	assert_int_equal(tc_processes_counts(fixture->world.processes)->image.images, 1);
}

static void an_exit_is_judged_with_its_process(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, exit, 5, 50, "five");
	assert_false(enrich(fixture)->process->flags & TC_PROCESS_EXITED);
	settle(fixture);
	assert_int_equal(tc_processes_counts(fixture->world.processes)->live, 0);
	/* A record of another CPU that comes late still finds it. */
	MAKE(&fixture->made, open, 5, 50, "five");
	assert_true(enrich(fixture)->process->flags & TC_PROCESS_EXITED);
	settle(fixture);
	assert_int_equal(tc_processes_counts(fixture->world.processes)->live, 0);
}

static void a_trace_has_a_target(void **state)
{
	struct fixture *fixture = *state;
	struct tc_event *event;

	MAKE(&fixture->made, trace, 5, 50, "gdb");
	fixture->made.trace.target_tgid = 9;
	fixture->made.trace.target_start_ns = 90;
	fixture->made.trace.target_cgroup_id = 77;
	event = enrich(fixture);
	assert_int_equal(event->process->tgid, 5);
	assert_int_equal(event->target->tgid, 9);
	assert_int_equal(event->target->cgroup_id, 77);
	settle(fixture);
}

static void cgroups_come_move_and_go(void **state)
{
	struct fixture *fixture = *state;

	make_cgroup(fixture, TC_KIND_cgroup_mkdir, 42, "/a.slice");
	enrich(fixture);
	settle(fixture);
	MAKE(&fixture->made, open, 5, 50, "five");
	fixture->made.header.cgroup_id = 42;
	assert_string_equal(enrich(fixture)->cgroup->path, "/a.slice");
	settle(fixture);
	make_cgroup(fixture, TC_KIND_cgroup_rename, 42, "/b.slice");
	enrich(fixture);
	settle(fixture);
	assert_string_equal(tc_cgroups_find(fixture->world.cgroups, 42)->path, "/b.slice");
	make_cgroup(fixture, TC_KIND_cgroup_rmdir, 42, "/b.slice");
	enrich(fixture);
	assert_false(tc_cgroups_find(fixture->world.cgroups, 42)->flags & TC_CGROUP_REMOVED);
	settle(fixture);
	assert_true(tc_cgroups_find(fixture->world.cgroups, 42)->flags & TC_CGROUP_REMOVED);
}

static void an_unknown_cgroup_is_unknown(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, open, 5, 50, "five");
	fixture->made.header.cgroup_id = 4711;
	assert_null(enrich(fixture)->cgroup);
	settle(fixture);
	assert_int_equal(tc_cgroups_counts(fixture->world.cgroups)->live, 0);
}

static void events_of_the_agent_have_no_actor(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, loss, 1234, 50, "tocsin");
	assert_null(enrich(fixture)->process);
	settle(fixture);
	assert_int_equal(tc_processes_counts(fixture->world.processes)->live, 0);
	MAKE(&fixture->made, open, 0, 0, "swapper/0");
	assert_null(enrich(fixture)->process);
	settle(fixture);
}

static void a_replay_does_not_look_at_the_host(void **state)
{
	struct fixture *fixture = *state;

	/* Process 1 is there on every host; its name must not be found out. */
	MAKE(&fixture->made, trace, 5, 50, "five");
	fixture->made.trace.target_tgid = 1;
	fixture->made.trace.target_start_ns = 0;
	assert_null(enrich(fixture)->target->image);
	assert_string_equal(fixture->event.target->comm, "");
	settle(fixture);
	assert_string_equal(fixture->world.hostname, "");
	assert_string_equal(fixture->world.boot_id, "");
	assert_int_equal(fixture->world.clock.real_minus_boot_ns, 0);
}

static void the_same_records_make_the_same_world(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process_counts first = {0};

	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 2000; i++) {
			make_fork(&fixture->made, 1, 10, "init", 100 + i, 100 + i);
			enrich(fixture);
			settle(fixture);
			make_exec(&fixture->made, 100 + i, 100 + i, "x", "/x");
			enrich(fixture);
			settle(fixture);
			if (i % 3) {
				MAKE(&fixture->made, exit, 100 + i, 100 + i, "x");
				enrich(fixture);
				settle(fixture);
			}
		}
		if (round == 0)
			first = *tc_processes_counts(fixture->world.processes);
		else
			assert_memory_equal(&first, tc_processes_counts(fixture->world.processes),
					    sizeof(first));
		tc_world_done(&fixture->world);
		assert_int_equal(tc_world_init(&fixture->world), 0);
	}
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void a_live_world_knows_this_host(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *self;
	int64_t off_ns;

	assert_int_equal(tc_world_scan(&fixture->world), 0);
	assert_non_null(fixture->world.origin);
	assert_int_equal(strlen(fixture->world.boot_id), 36);
	assert_int_not_equal(strlen(fixture->world.hostname), 0);
	assert_int_not_equal(fixture->world.host.pid, 0);
	/* Not readable for everyone. */
	if (access("/proc/1/ns/mnt", F_OK) == 0)
		assert_int_not_equal(fixture->world.host.mnt, 0);
	self = tc_processes_now(fixture->world.processes, (uint32_t)getpid());
	assert_non_null(self);
	off_ns = (int64_t)(now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME)) -
		 fixture->world.clock.real_minus_boot_ns;
	assert_in_range(off_ns + 100000000, 0, 200000000);
}

/* The kernel's own start time of a process, to the tick, whatever the event says beyond it. */
static void a_process_that_was_not_announced_is_looked_up(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *child;
	int pipe_fds[2];
	char byte;
	pid_t pid;
	uint64_t start_ns;

	assert_int_equal(tc_world_scan(&fixture->world), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	start_ns = now_ns(CLOCK_BOOTTIME);
	pid = fork();
	if (pid == 0) {
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &byte, 1) > 0);
	}
	MAKE(&fixture->made, open, (uint32_t)pid, start_ns, "child");
	child = enrich(fixture)->process;
	/* The fork may have come a tick after the time was taken: another process then, and not
	 * looked at. */
	if (child->image) {
		assert_int_equal(child->ppid, getpid());
		assert_int_equal(child->parent->tgid, getpid());
		assert_true(child->flags & TC_PROCESS_HAS_VPID);
	} else {
		assert_true(child->flags & TC_PROCESS_EXITED);
	}
	settle(fixture);
	MAKE(&fixture->made, open, 0x7ffffff0, start_ns, "gone");
	assert_true(enrich(fixture)->process->flags & TC_PROCESS_EXITED);
	settle(fixture);
	close(pipe_fds[1]);
	close(pipe_fds[0]);
}

static void sweep_all(struct fixture *fixture)
{
	for (unsigned i = 0; i < 1000 && fixture->world.sweep_left; i++) {
		MAKE(&fixture->made, agent_start, 0, 0, "");
		fixture->made.header.time_ns = fixture->world.next_tick_ns;
		enrich(fixture);
		settle(fixture);
	}
	assert_int_equal(fixture->world.sweep_left, 0);
}

static void lost_exits_are_found_after_a_loss(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *ghost;

	assert_int_equal(tc_world_scan(&fixture->world), 0);
	make_fork(&fixture->made, (uint32_t)getpid(), 0, "self", 0x7ffffff1,
		  now_ns(CLOCK_BOOTTIME));
	enrich(fixture);
	settle(fixture);
	ghost = tc_processes_now(fixture->world.processes, 0x7ffffff1);
	assert_false(ghost->flags & TC_PROCESS_EXITED);
	MAKE(&fixture->made, loss, 0, 0, "");
	enrich(fixture);
	settle(fixture);
	sweep_all(fixture);
	assert_true(ghost->flags & TC_PROCESS_EXITED);
}

static void lose(struct fixture *fixture, uint64_t since_ns, uint64_t until_ns, uint32_t reason)
{
	MAKE(&fixture->made, loss, 0, 0, "");
	fixture->made.header.time_ns = fixture->world.next_tick_ns - 1;
	fixture->made.loss.since_ns = since_ns;
	fixture->made.loss.until_ns = until_ns;
	fixture->made.loss.reason = reason;
	enrich(fixture);
	settle(fixture);
}

static bool is_in_doubt(struct fixture *fixture, const struct tc_process *process)
{
	return tc_processes_doubt_image(fixture->world.processes, process);
}

static void in_a_replay_a_loss_leaves_doubt_until_the_next_exec(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *process;

	make_exec(&fixture->made, 5, 50, "sh", "/bin/sh");
	enrich(fixture);
	settle(fixture);
	process = tc_processes_now(fixture->world.processes, 5);
	lose(fixture, 3 * SECOND, 4 * SECOND, TC_LOSS_JOURNAL_FULL);
	assert_false(is_in_doubt(fixture, process));
	lose(fixture, 3 * SECOND, 4 * SECOND, TC_LOSS_RING_FULL);
	MAKE(&fixture->made, open, 5, 50, "sh");
	fixture->made.header.time_ns = 5 * SECOND;
	assert_true(is_in_doubt(fixture, enrich(fixture)->process));
	settle(fixture);
	make_exec(&fixture->made, 5, 50, "ls", "/bin/ls");
	fixture->made.header.time_ns = 6 * SECOND;
	assert_false(is_in_doubt(fixture, enrich(fixture)->process));
	settle(fixture);
}

/* An event of this process itself, on behalf of which a test runs. */
static void make_own(struct fixture *fixture)
{
	const struct tc_process *self =
		tc_processes_now(fixture->world.processes, (uint32_t)getpid());

	MAKE(&fixture->made, open, self->tgid, self->start_ns, "self");
	fixture->made.header.time_ns = now_ns(CLOCK_BOOTTIME);
}

/* Makes the table think that this process runs another program, and tells of a loss after that. */
static struct tc_process *make_false_identity(struct fixture *fixture)
{
	struct tc_process *self;
	uint64_t start_ns;

	assert_int_equal(tc_world_scan(&fixture->world), 0);
	make_own(fixture);
	start_ns = fixture->made.header.start_ns;
	make_exec(&fixture->made, (uint32_t)getpid(), start_ns, "false", "/bin/false");
	fixture->made.header.time_ns = now_ns(CLOCK_BOOTTIME);
	self = enrich(fixture)->process;
	assert_false(is_in_doubt(fixture, self));
	settle(fixture);
	lose(fixture, start_ns, now_ns(CLOCK_BOOTTIME), TC_LOSS_GAP);
	assert_true(is_in_doubt(fixture, self));
	return self;
}

static void assert_runs_this_program(const struct tc_process *process)
{
	const struct tc_slot *exe = &process->image->exec.exe;
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path));

	assert_int_equal(exe->stored, length);
	assert_memory_equal((const char *)&process->image->exec + exe->offset, path, length);
}

static void after_a_loss_the_next_event_tells_the_true_program(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *self = make_false_identity(fixture);

	make_own(fixture);
	assert_ptr_equal(enrich(fixture)->process, self);
	assert_false(is_in_doubt(fixture, self));
	assert_runs_this_program(self);
	settle(fixture);
}

static void without_lookups_left_the_doubt_stays_until_there_are(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *self = make_false_identity(fixture);

	make_own(fixture);
	fixture->world.lookups_left = 0;
	fixture->world.next_tick_ns = UINT64_MAX;
	assert_true(is_in_doubt(fixture, enrich(fixture)->process));
	settle(fixture);
	fixture->world.lookups_left = 1;
	assert_false(is_in_doubt(fixture, enrich(fixture)->process));
	assert_runs_this_program(self);
	assert_int_equal(fixture->world.lookups_left, 0);
	settle(fixture);
}

static void the_parent_of_an_actor_is_read_with_it(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *self = make_false_identity(fixture);

	/* A child that nobody can read any more. */
	make_fork(&fixture->made, self->tgid, self->start_ns, "self", 0x7ffffff1,
		  now_ns(CLOCK_BOOTTIME));
	fixture->world.lookups_left = 0;
	fixture->world.next_tick_ns = UINT64_MAX;
	enrich(fixture);
	settle(fixture);
	assert_true(is_in_doubt(fixture, self));
	MAKE(&fixture->made, open, 0x7ffffff1, fixture->made.fork.child_start_ns, "self");
	fixture->world.lookups_left = 10;
	assert_ptr_equal(enrich(fixture)->process->parent, self);
	assert_false(is_in_doubt(fixture, self));
	settle(fixture);
}

static void after_a_loss_all_processes_are_read(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *self = make_false_identity(fixture);

	sweep_all(fixture);
	assert_false(is_in_doubt(fixture, self));
	assert_runs_this_program(self);
}

/* A child that lives until the pipe is closed. */
static pid_t spawn(const int pipe_fds[2])
{
	pid_t pid = fork();
	char byte;

	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &byte, 1) > 0);
	}
	return pid;
}

static void make_open_of(struct fixture *fixture, pid_t pid)
{
	uint64_t start_ns;

	assert_int_equal(tc_scan_start((uint32_t)pid, &start_ns), 0);
	MAKE(&fixture->made, open, (uint32_t)pid, start_ns, "child");
	fixture->made.header.time_ns = now_ns(CLOCK_BOOTTIME);
	fixture->made.header.ppid = (uint32_t)getpid();
}

static void who_came_when_no_lookup_was_left_is_looked_up_later(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *child;
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(tc_world_scan(&fixture->world), 0);
	fixture->world.next_tick_ns = UINT64_MAX;
	assert_int_equal(pipe(pipe_fds), 0);
	pid = spawn(pipe_fds);
	make_open_of(fixture, pid);
	child = enrich(fixture)->process;
	assert_null(child->image);
	assert_null(child->parent);
	settle(fixture);
	fixture->world.lookups_left = 10;
	assert_ptr_equal(enrich(fixture)->process, child);
	assert_non_null(child->image);
	assert_int_equal(child->parent->tgid, getpid());
	settle(fixture);
	/* Once is enough. */
	enrich(fixture);
	settle(fixture);
	assert_int_equal(fixture->world.lookups_left, 9);
	close(pipe_fds[1]);
	close(pipe_fds[0]);
	waitpid(pid, NULL, 0);
}

/* As without word of exits: the table still has the former process of the pid. */
static void a_former_process_of_the_pid_is_not_the_parent(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process_facts former = {.tgid = (uint32_t)getpid(),
					  .start_ns = 1,
					  .time_ns = 3,
					  .comm = "former",
					  .exec = &fixture->made.exec};
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(tc_world_scan(&fixture->world), 0);
	tc_processes_free(fixture->world.processes);
	fixture->world.processes = tc_processes_new(tc_scan_tick_ns());
	make_exec(&fixture->made, former.tgid, 1, "former", "/former");
	assert_int_equal(tc_processes_add(fixture->world.processes, &former), 0);
	assert_int_equal(pipe(pipe_fds), 0);
	pid = spawn(pipe_fds);
	make_open_of(fixture, pid);
	assert_null(enrich(fixture)->process->parent);
	assert_non_null(fixture->event.process->image);
	settle(fixture);
	/* The sweep sees it too, also where nothing is in doubt. */
	assert_false(tc_processes_now(fixture->world.processes, former.tgid)->flags &
		     TC_PROCESS_EXITED);
	lose(fixture, 1, 2, TC_LOSS_GAP);
	sweep_all(fixture);
	assert_true(tc_processes_now(fixture->world.processes, former.tgid)->flags &
		    TC_PROCESS_EXITED);
	assert_false(tc_processes_now(fixture->world.processes, (uint32_t)pid)->flags &
		     TC_PROCESS_EXITED);
	close(pipe_fds[1]);
	close(pipe_fds[0]);
	waitpid(pid, NULL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_actor_is_found_or_made),
		TEST(a_fork_makes_the_child_and_keeps_the_actor),
		TEST(an_exec_is_judged_with_its_own_image),
		TEST(a_refused_exec_is_judged_with_the_program_that_did_not_run),
		TEST(an_exit_is_judged_with_its_process),
		TEST(a_trace_has_a_target),
		TEST(cgroups_come_move_and_go),
		TEST(an_unknown_cgroup_is_unknown),
		TEST(events_of_the_agent_have_no_actor),
		TEST(a_replay_does_not_look_at_the_host),
		TEST(the_same_records_make_the_same_world),
		TEST(a_live_world_knows_this_host),
		TEST(a_process_that_was_not_announced_is_looked_up),
		TEST(lost_exits_are_found_after_a_loss),
		TEST(in_a_replay_a_loss_leaves_doubt_until_the_next_exec),
		TEST(after_a_loss_the_next_event_tells_the_true_program),
		TEST(without_lookups_left_the_doubt_stays_until_there_are),
		TEST(the_parent_of_an_actor_is_read_with_it),
		TEST(after_a_loss_all_processes_are_read),
		TEST(who_came_when_no_lookup_was_left_is_looked_up_later),
		TEST(a_former_process_of_the_pid_is_not_the_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
