/* SPDX-License-Identifier: Apache-2.0 */
/* The process table: identity, fork, exec, exit, ancestors, bounds. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/enrich/process.h"
#include "agent/enrich/scan.h"
#include "tests/unit/agent/make_record.h"

#define TICK_NS 10000000ULL

struct fixture {
	struct tc_processes *processes;
	union made made;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->processes = tc_processes_new(TICK_NS);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	tc_processes_free(fixture->processes);
	free(fixture);
	return 0;
}

static const struct tc_process_counts *counts(struct fixture *fixture)
{
	return tc_processes_counts(fixture->processes);
}

static struct tc_process *see(struct fixture *fixture)
{
	struct tc_process *process = NULL;

	assert_int_equal(
		tc_processes_see(fixture->processes, &fixture->made.header, NULL, &process), 0);
	assert_non_null(process);
	return process;
}

static struct tc_process *fork_of(struct fixture *fixture, uint32_t tgid, uint64_t start_ns,
				  uint32_t child, uint64_t child_start_ns)
{
	make_fork(&fixture->made, tgid, start_ns, "parent", child, child_start_ns);
	assert_int_equal(tc_processes_fork(fixture->processes, see(fixture), &fixture->made.fork),
			 0);
	return tc_processes_identify(fixture->processes, child, child_start_ns);
}

static struct tc_process *exec_of(struct fixture *fixture, uint32_t tgid, uint64_t start_ns,
				  const char *comm, const char *exe)
{
	struct tc_process *process;

	make_exec(&fixture->made, tgid, start_ns, comm, exe);
	MAKE_ARGV(&fixture->made, "argv0\0one\0two");
	process = see(fixture);
	assert_int_equal(tc_processes_exec(fixture->processes, process, &fixture->made.exec), 0);
	return process;
}

static void exit_of(struct fixture *fixture, uint32_t tgid, uint64_t start_ns)
{
	MAKE(&fixture->made, exit, tgid, start_ns, "gone");
	tc_processes_exit(fixture->processes, see(fixture));
	tc_processes_trim(fixture->processes);
}

static const char *exe_of(const struct tc_process *process)
{
	static char path[64];
	const struct tc_slot *slot = &process->image->exec.exe;

	snprintf(path, sizeof(path), "%.*s", slot->stored,
		 (const char *)&process->image->exec + slot->offset);
	return path;
}

static void a_missed_fork_makes_an_entry_from_the_header(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process;
	bool made;

	MAKE(&fixture->made, open, 7, 70, "seven");
	fixture->made.header.uid = 1000;
	fixture->made.header.euid = 0;
	fixture->made.header.cgroup_id = 99;
	fixture->made.header.ppid = 3;
	assert_int_equal(
		tc_processes_see(fixture->processes, &fixture->made.header, &made, &process), 0);
	assert_true(made);
	assert_true(process->flags & TC_PROCESS_MISSED);
	assert_string_equal(process->comm, "seven");
	assert_int_equal(process->uid, 1000);
	assert_int_equal(process->euid, 0);
	assert_int_equal(process->cgroup_id, 99);
	assert_null(process->parent);
	assert_null(process->image);
	assert_int_equal(
		tc_processes_see(fixture->processes, &fixture->made.header, &made, &process), 0);
	assert_false(made);
	assert_int_equal(counts(fixture)->live, 1);
	assert_int_equal(counts(fixture)->missed, 1);
}

static void a_missed_fork_finds_its_parent_by_number(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *parent, *child;

	MAKE(&fixture->made, open, 3, 30, "three");
	parent = see(fixture);
	MAKE(&fixture->made, open, 7, 70, "seven");
	fixture->made.header.ppid = 3;
	child = see(fixture);
	assert_null(child->parent);
	tc_processes_link(fixture->processes, child, 0);
	assert_ptr_equal(child->parent, parent);
	/* A process that started later is not the parent, whatever its number. */
	MAKE(&fixture->made, open, 4, 50 * TICK_NS, "four");
	see(fixture);
	MAKE(&fixture->made, open, 8, 10 * TICK_NS, "eight");
	fixture->made.header.ppid = 4;
	child = see(fixture);
	tc_processes_link(fixture->processes, child, 0);
	assert_null(child->parent);
}

/* The pid of a parent that ended unseen may be another process's by now. */
static void a_parent_is_known_by_its_start(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *former, *now, *child;

	MAKE(&fixture->made, open, 3, 3 * TICK_NS, "former");
	former = see(fixture);
	MAKE(&fixture->made, open, 7, 70 * TICK_NS, "seven");
	fixture->made.header.ppid = 3;
	child = see(fixture);
	tc_processes_link(fixture->processes, child, 50 * TICK_NS);
	assert_null(child->parent);
	MAKE(&fixture->made, open, 3, 50 * TICK_NS + 5, "now");
	now = see(fixture);
	tc_processes_link(fixture->processes, child, 50 * TICK_NS);
	assert_ptr_equal(child->parent, now);
	assert_ptr_not_equal(now, former);
	MAKE(&fixture->made, open, 8, 80 * TICK_NS, "eight");
	fixture->made.header.ppid = 3;
	child = see(fixture);
	tc_processes_link(fixture->processes, child, 3 * TICK_NS);
	assert_ptr_equal(child->parent, former);
}

static void fork_shares_the_image_and_exec_replaces_it(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *parent = exec_of(fixture, 1, 10, "init", "/sbin/init");
	struct tc_process *child = fork_of(fixture, 1, 10, 2, 20);
	struct tc_image *before = parent->image;

	assert_ptr_equal(child->parent, parent);
	assert_ptr_equal(child->image, before);
	assert_int_equal(before->refs, 2);
	assert_false(child->flags & TC_PROCESS_MISSED);
	assert_true(child->flags & TC_PROCESS_HAS_VPID);
	assert_int_equal(counts(fixture)->image.images, 1);

	exec_of(fixture, 2, 20, "sh", "/bin/sh");
	assert_ptr_not_equal(child->image, before);
	assert_ptr_equal(parent->image, before);
	assert_int_equal(before->refs, 1);
	assert_string_equal(exe_of(child), "/bin/sh");
	assert_string_equal(exe_of(parent), "/sbin/init");
	assert_string_equal(child->comm, "sh");
	assert_int_equal(counts(fixture)->image.images, 2);

	exec_of(fixture, 2, 20, "sleep", "/bin/sleep");
	assert_int_equal(counts(fixture)->image.images, 2);
	assert_string_equal(exe_of(child), "/bin/sleep");
}

static void arguments_are_joined_once(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_image *image = exec_of(fixture, 1, 10, "x", "/x")->image;

	assert_int_equal(image->line_length, strlen("argv0 one two"));
	assert_memory_equal(image->line, "argv0 one two", image->line_length);
	assert_int_equal(image->exe_length, 5);
}

static void an_exec_without_arguments_has_none(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process;

	make_exec(&fixture->made, 1, 10, "x", "/x");
	process = see(fixture);
	assert_int_equal(tc_processes_exec(fixture->processes, process, &fixture->made.exec), 0);
	assert_int_equal(process->image->line_length, 0);
	assert_int_equal(process->image->exec.argv.flags, 0);
}

static void a_thread_is_its_process_but_does_not_name_it(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process = exec_of(fixture, 5, 50, "main", "/m");

	MAKE(&fixture->made, open, 5, 50, "worker");
	fixture->made.header.tid = 6;
	assert_ptr_equal(see(fixture), process);
	assert_string_equal(process->comm, "main");
	fixture->made.header.tid = 5;
	see(fixture);
	assert_string_equal(process->comm, "worker");
}

static void a_pid_used_again_is_another_process(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *old = exec_of(fixture, 5, 50, "old", "/old"), *new;

	MAKE(&fixture->made, open, 5, 500, "new");
	new = see(fixture);
	assert_ptr_not_equal(new, old);
	assert_true(old->flags & TC_PROCESS_EXITED);
	assert_null(new->image);
	assert_ptr_equal(tc_processes_now(fixture->processes, 5), new);
	assert_ptr_equal(tc_processes_identify(fixture->processes, 5, 50), old);
	assert_ptr_equal(tc_processes_identify(fixture->processes, 5, 500), new);
	assert_null(tc_processes_identify(fixture->processes, 5, 51));
	assert_int_equal(counts(fixture)->live, 1);
	assert_int_equal(counts(fixture)->ended, 1);
}

static void a_late_record_does_not_displace_the_process_of_now(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *now, *late;

	MAKE(&fixture->made, open, 5, 500, "now");
	now = see(fixture);
	MAKE(&fixture->made, open, 5, 50, "late");
	late = see(fixture);
	assert_true(late->flags & TC_PROCESS_EXITED);
	assert_false(now->flags & TC_PROCESS_EXITED);
	assert_ptr_equal(tc_processes_now(fixture->processes, 5), now);
	assert_ptr_equal(tc_processes_identify(fixture->processes, 5, 50), late);
	MAKE(&fixture->made, open, 5, 200, "between");
	see(fixture);
	assert_ptr_equal(tc_processes_identify(fixture->processes, 5, 50), late);
	assert_string_equal(tc_processes_identify(fixture->processes, 5, 200)->comm, "between");
}

static void ancestors_outlive_their_exit(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *leaf;

	exec_of(fixture, 1, 10, "init", "/sbin/init");
	fork_of(fixture, 1, 10, 2, 20);
	exec_of(fixture, 2, 20, "sshd", "/usr/sbin/sshd");
	leaf = fork_of(fixture, 2, 20, 3, 30);
	exit_of(fixture, 2, 20);
	/* Beyond the time in which it could still be found. */
	for (uint32_t i = 0; i < TC_PROCESS_GRACE + 10; i++) {
		fork_of(fixture, 1, 10, 1000 + i, 1000 + i);
		exit_of(fixture, 1000 + i, 1000 + i);
	}
	assert_null(tc_processes_identify(fixture->processes, 2, 20));
	assert_string_equal(leaf->parent->comm, "gone");
	assert_string_equal(exe_of(leaf->parent), "/usr/sbin/sshd");
	assert_int_equal(tc_process_ancestor(leaf, 2)->tgid, 1);
	assert_ptr_equal(tc_process_ancestor(leaf, 0), leaf);
	assert_null(tc_process_ancestor(leaf, 3));
	exit_of(fixture, 3, 30);
	assert_int_equal(counts(fixture)->live, 1);
}

static void an_ended_process_is_found_for_a_while(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process = exec_of(fixture, 9, 90, "nine", "/9");

	exit_of(fixture, 9, 90);
	MAKE(&fixture->made, open, 9, 90, "nine");
	assert_ptr_equal(see(fixture), process);
	assert_true(process->flags & TC_PROCESS_EXITED);
	assert_int_equal(counts(fixture)->live, 0);
	exit_of(fixture, 9, 90);
	assert_int_equal(counts(fixture)->ended, 1);
}

static void two_hundred_thousand_processes_leave_nothing(void **state)
{
	struct fixture *fixture = *state;

	exec_of(fixture, 1, 10, "init", "/sbin/init");
	for (uint32_t i = 0; i < 200000; i++) {
		uint64_t start_ns = 1000 + i;

		fork_of(fixture, 1, 10, 2 + i % 32000, start_ns);
		if (i % 4 == 0)
			exec_of(fixture, 2 + i % 32000, start_ns, "x", "/bin/x");
		exit_of(fixture, 2 + i % 32000, start_ns);
	}
	assert_int_equal(counts(fixture)->live, 1);
	assert_int_equal(counts(fixture)->ended, TC_PROCESS_GRACE);
	assert_true(counts(fixture)->image.images <= TC_PROCESS_GRACE + 1);
	assert_int_equal(counts(fixture)->missed, 1);
}

static void lost_exits_are_made_good_by_pid_reuse(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 50000; i++) {
		fork_of(fixture, 1, 10, 2 + i % 100, 1000 + i);
		tc_processes_trim(fixture->processes);
	}
	assert_int_equal(counts(fixture)->live, 101);
	assert_int_equal(counts(fixture)->ended, TC_PROCESS_GRACE);
}

/* Each child makes the next one and ends: the classic way to be rid of one's parents. */
static void a_chain_of_orphans_is_cut_and_says_so(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t length = 50000;
	const struct tc_process *process;
	unsigned depth = 0;

	for (uint32_t i = 0; i < length; i++) {
		fork_of(fixture, 10 + i, 100 + i, 11 + i, 101 + i);
		exit_of(fixture, 10 + i, 100 + i);
	}
	assert_int_equal(counts(fixture)->live, 1);
	assert_true(counts(fixture)->ended <= TC_PROCESS_GRACE + TC_ANCESTORS_MAX + 1);
	process = tc_processes_now(fixture->processes, 10 + length);
	for (; process->parent; process = process->parent)
		depth++;
	assert_true(depth >= TC_ANCESTORS_MAX);
	assert_true(process->flags & TC_PROCESS_CUT);
	assert_null(tc_process_ancestor(tc_processes_now(fixture->processes, 10 + length),
					TC_ANCESTORS_MAX + 1));
}

/* A deep chain whose members end only when it is complete, held by its last one; many times over.
 */
static void dead_chains_held_by_leaves_are_bounded(void **state)
{
	struct fixture *fixture = *state;
	uint32_t tgid = 10;
	uint64_t start_ns = 100;

	for (unsigned chain = 0; chain < 100; chain++) {
		uint32_t first = tgid;
		uint64_t first_ns = start_ns;

		for (unsigned i = 0; i < 1000; i++, tgid++, start_ns++)
			fork_of(fixture, tgid, start_ns, tgid + 1, start_ns + 1);
		for (unsigned i = 0; i < 1000; i++)
			exit_of(fixture, first + i, first_ns + i);
		tgid++;
		start_ns++;
	}
	assert_int_equal(counts(fixture)->live, 100);
	assert_true(counts(fixture)->ended <= 16384 + 100);
	assert_true(counts(fixture)->severed > 0);
}

static void cutting_spares_ancestors_that_others_share(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *sibling;

	fork_of(fixture, 1, 10, 2, 20);
	fork_of(fixture, 2, 20, 3, 30);
	sibling = fork_of(fixture, 3, 30, 4, 40);
	fork_of(fixture, 3, 30, 1000, 50);
	exit_of(fixture, 3, 30);
	for (uint32_t i = 0; i < 500; i++) {
		fork_of(fixture, 1000 + i, 50 + i, 1001 + i, 51 + i);
		exit_of(fixture, 1000 + i, 50 + i);
	}
	assert_int_equal(tc_process_ancestor(sibling, 1)->tgid, 3);
	assert_int_equal(tc_process_ancestor(sibling, 2)->tgid, 2);
	assert_int_equal(tc_process_ancestor(sibling, 3)->tgid, 1);
}

static void a_process_is_not_its_own_ancestor(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *a, *b;

	/* What /proc and pid reuse can say within one tick. */
	MAKE(&fixture->made, open, 5, TICK_NS, "a");
	fixture->made.header.ppid = 6;
	a = see(fixture);
	MAKE(&fixture->made, open, 6, TICK_NS + 1, "b");
	fixture->made.header.ppid = 5;
	b = see(fixture);
	tc_processes_link(fixture->processes, b, 0);
	assert_ptr_equal(b->parent, a);
	tc_processes_link_all(fixture->processes);
	assert_null(a->parent);
	MAKE(&fixture->made, open, 7, TICK_NS, "self");
	fixture->made.header.ppid = 7;
	a = see(fixture);
	tc_processes_link(fixture->processes, a, 0);
	assert_null(a->parent);
}

static void add(struct fixture *fixture, uint32_t tgid, uint32_t ppid, uint64_t start_ns,
		const char *comm)
{
	struct tc_process_facts facts = {
		.tgid = tgid,
		.ppid = ppid,
		.start_ns = start_ns,
		.vpid = tgid,
		.flags = TC_PROCESS_HAS_VPID | TC_PROCESS_HAS_CREDS,
	};

	strncpy(facts.comm, comm, sizeof(facts.comm) - 1);
	assert_int_equal(tc_processes_add(fixture->processes, &facts), 0);
}

static void a_scanned_entry_takes_over_the_exact_time(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *scanned;

	add(fixture, 5, 1, 7 * TICK_NS, "five");
	scanned = (struct tc_process *)tc_processes_now(fixture->processes, 5);
	assert_true(scanned->flags & TC_PROCESS_TICKS);
	MAKE(&fixture->made, open, 5, 7 * TICK_NS + 123456, "five");
	assert_ptr_equal(see(fixture), scanned);
	assert_int_equal(scanned->start_ns, 7 * TICK_NS + 123456);
	assert_false(scanned->flags & TC_PROCESS_TICKS);
	/* From now on only the exact time is this process. */
	MAKE(&fixture->made, open, 5, 7 * TICK_NS + 123457, "other");
	assert_ptr_not_equal(see(fixture), scanned);
	assert_int_equal(counts(fixture)->missed, 1);
}

static void a_scanned_entry_of_another_tick_is_another_process(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_process *scanned;

	add(fixture, 5, 1, 7 * TICK_NS, "five");
	scanned = tc_processes_now(fixture->processes, 5);
	MAKE(&fixture->made, open, 5, 8 * TICK_NS, "later");
	assert_ptr_not_equal(see(fixture), scanned);
	assert_true(scanned->flags & TC_PROCESS_EXITED);
}

static void a_scan_completes_what_events_made(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process;

	MAKE(&fixture->made, open, 5, 7 * TICK_NS + 99, "five");
	fixture->made.header.ppid = 1;
	process = see(fixture);
	add(fixture, 1, 0, TICK_NS, "init");
	add(fixture, 5, 1, 7 * TICK_NS, "five");
	tc_processes_link_all(fixture->processes);
	assert_int_equal(counts(fixture)->live, 2);
	assert_int_equal(process->start_ns, 7 * TICK_NS + 99);
	assert_true(process->flags & TC_PROCESS_HAS_VPID);
	assert_string_equal(process->parent->comm, "init");
}

static void a_fork_that_comes_after_the_scan_corrects_the_parent(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *child;

	/* The parent had ended when the scan looked: the kernel gave the child to init. */
	add(fixture, 1, 0, TICK_NS, "init");
	add(fixture, 5, 1, 7 * TICK_NS, "orphan");
	tc_processes_link_all(fixture->processes);
	child = fork_of(fixture, 4, 3 * TICK_NS, 5, 7 * TICK_NS + 5);
	assert_int_equal(child->parent->tgid, 4);
	assert_string_equal(child->comm, "orphan");
	assert_int_equal(counts(fixture)->live, 3);
}

static void completing_refuses_facts_of_another_process(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process_facts facts = {.tgid = 5, .start_ns = 9 * TICK_NS, .comm = "other"};
	struct tc_process *process;

	MAKE(&fixture->made, open, 5, 7 * TICK_NS + 99, "five");
	process = see(fixture);
	assert_int_equal(tc_processes_complete(fixture->processes, process, &facts), -ESTALE);
	facts.start_ns = 7 * TICK_NS;
	facts.ppid = 1;
	assert_int_equal(tc_processes_complete(fixture->processes, process, &facts), 0);
	assert_string_equal(process->comm, "five");
}

static void a_target_is_met_once(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *first, *second;
	bool made;

	assert_int_equal(tc_processes_meet(fixture->processes, 8, 80, 3, &made, &first), 0);
	assert_true(made);
	assert_int_equal(tc_processes_meet(fixture->processes, 8, 80, 4, &made, &second), 0);
	assert_false(made);
	assert_ptr_equal(first, second);
	assert_int_equal(first->cgroup_id, 4);
	assert_false(first->flags & TC_PROCESS_HAS_CREDS);
}

static void hostile_strings_are_kept_as_they_are(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process;
	char path[4096], argv[8192];

	memset(path, '\n', sizeof(path));
	memset(argv, '\xff', sizeof(argv));
	for (size_t i = 99; i < sizeof(argv); i += 100)
		argv[i] = '\0';
	argv[sizeof(argv) - 1] = '\0';
	MAKE(&fixture->made, exec, 5, 50, "a)b\n(c");
	make_slot(&fixture->made, &fixture->made.exec.exe, path, sizeof(path));
	make_slot(&fixture->made, &fixture->made.exec.argv, argv, sizeof(argv));
	make_slot(&fixture->made, &fixture->made.exec.cwd, path, sizeof(path));
	process = see(fixture);
	assert_int_equal(tc_processes_exec(fixture->processes, process, &fixture->made.exec), 0);
	assert_string_equal(process->comm, "a)b\n(c");
	assert_int_equal(process->image->exec.exe.stored, sizeof(path));
	assert_memory_equal((char *)&process->image->exec + process->image->exec.cwd.offset, path,
			    sizeof(path));
	assert_int_equal(process->image->line_length, sizeof(argv) - 1);
	assert_int_equal(process->image->exe_length, 99);
	assert_null(memchr(process->image->line, '\0', process->image->line_length));
}

/* --- shortened slots --- */

static struct tc_image *shortened(struct fixture *fixture, uint32_t slot_max)
{
	static struct tc_image_counts image_counts;
	struct tc_image *image = tc_image_new(&image_counts, &fixture->made.exec, 0, slot_max);

	assert_non_null(image);
	return image;
}

static void assert_slot(const struct tc_image *image, const struct tc_slot *slot, const char *bytes,
			size_t length, uint32_t flags)
{
	assert_int_equal(slot->stored, length);
	assert_memory_equal((const char *)&image->exec + slot->offset, bytes, length);
	assert_int_equal(slot->flags, TC_SLOT_PRESENT | flags);
}

static void a_path_keeps_its_end_and_text_its_beginning(void **state)
{
	struct fixture *fixture = *state;
	struct tc_exec *exec = &fixture->made.exec;
	struct tc_image *image;

	make_exec(&fixture->made, 5, 50, "x", "/usr/bin/program");
	MAKE_STRING(&fixture->made, &exec->cwd, "still/a/directory");
	exec->cwd.size = 5000;
	exec->cwd.flags |= TC_SLOT_CUT | TC_SLOT_TAIL;
	MAKE_STRING(&fixture->made, &exec->filename, "./a/script");
	exec->filename.flags |= TC_SLOT_TAIL;
	MAKE_STRING(&fixture->made, &exec->tty, "pts3");
	MAKE_ARGV(&fixture->made, "program\0--option");
	image = shortened(fixture, 8);
	assert_slot(image, &image->exec.exe, "/program", 8, TC_SLOT_CUT | TC_SLOT_TAIL);
	assert_int_equal(image->exec.exe.size, strlen("/usr/bin/program"));
	assert_slot(image, &image->exec.cwd, "irectory", 8, TC_SLOT_CUT | TC_SLOT_TAIL);
	assert_int_equal(image->exec.cwd.size, 5000);
	assert_slot(image, &image->exec.filename, "./a/scri", 8, TC_SLOT_CUT);
	assert_slot(image, &image->exec.argv, "program", 8, TC_SLOT_CUT);
	assert_slot(image, &image->exec.tty, "pts3", 4, 0);
	tc_image_unref(image);
	image = shortened(fixture, 4);
	assert_slot(image, &image->exec.argv, "pro", 4, TC_SLOT_CUT);
	assert_int_equal(image->line_length, 3);
	tc_image_unref(image);
}

/* A piece from the middle would be neither the beginning nor the end. */
static void a_path_that_lacks_its_end_keeps_its_beginning(void **state)
{
	struct fixture *fixture = *state;
	struct tc_image *image;

	make_exec(&fixture->made, 5, 50, "x", "/usr/bin/program");
	fixture->made.exec.exe.flags |= TC_SLOT_CUT;
	fixture->made.exec.exe.size = 5000;
	MAKE_STRING(&fixture->made, &fixture->made.exec.cwd, "/some/where");
	fixture->made.exec.cwd.flags |= TC_SLOT_UNREADABLE;
	image = shortened(fixture, 8);
	assert_slot(image, &image->exec.exe, "/usr/bin", 8, TC_SLOT_CUT);
	assert_slot(image, &image->exec.cwd, "/some/wh", 8, TC_SLOT_CUT | TC_SLOT_UNREADABLE);
	tc_image_unref(image);
}

/* --- doubt --- */

static bool is_in_doubt(struct fixture *fixture, const struct tc_process *process)
{
	return tc_processes_doubt_image(fixture->processes, process);
}

static void a_loss_puts_older_images_in_doubt(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process = exec_of(fixture, 5, 50, "sh", "/bin/sh");
	struct tc_process *child = fork_of(fixture, 5, 50, 6, 2 * SECOND);
	struct tc_process *unknown;

	assert_false(is_in_doubt(fixture, process));
	tc_processes_lose(fixture->processes, 3 * SECOND, 4 * SECOND);
	assert_true(is_in_doubt(fixture, process));
	assert_true(tc_processes_doubt_comm(fixture->processes, process));
	assert_true(is_in_doubt(fixture, child));
	/* A name is told by every record of the main thread; the image is not. */
	MAKE(&fixture->made, open, 5, 50, "sh");
	fixture->made.header.time_ns = 5 * SECOND;
	see(fixture);
	assert_true(is_in_doubt(fixture, process));
	assert_false(tc_processes_doubt_comm(fixture->processes, process));
	/* What it makes then has the same doubtful image; without an image there is no doubt. */
	assert_true(is_in_doubt(fixture, fork_of(fixture, 5, 50, 7, 6 * SECOND)));
	MAKE(&fixture->made, open, 8, 80, "eight");
	unknown = see(fixture);
	assert_false(is_in_doubt(fixture, unknown));
	/* An exec after the loss ends it, one before its end does not. */
	exec_of(fixture, 6, 2 * SECOND, "ls", "/bin/ls");
	assert_true(is_in_doubt(fixture, child));
	make_exec(&fixture->made, 6, 2 * SECOND, "ls", "/bin/ls");
	fixture->made.header.time_ns = 4 * SECOND + 1;
	assert_int_equal(tc_processes_exec(fixture->processes, see(fixture), &fixture->made.exec),
			 0);
	assert_false(is_in_doubt(fixture, child));
}

static void what_ended_before_a_loss_is_not_in_doubt(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *early = exec_of(fixture, 5, 50, "early", "/5");
	struct tc_process *late = exec_of(fixture, 6, 60, "late", "/6");

	MAKE(&fixture->made, exit, 5, 50, "early");
	fixture->made.header.time_ns = 2 * SECOND;
	tc_processes_exit(fixture->processes, see(fixture));
	MAKE(&fixture->made, exit, 6, 60, "late");
	fixture->made.header.time_ns = 5 * SECOND;
	tc_processes_exit(fixture->processes, see(fixture));
	/* Told after both had ended. */
	tc_processes_lose(fixture->processes, 3 * SECOND, 4 * SECOND);
	assert_false(is_in_doubt(fixture, early));
	assert_true(is_in_doubt(fixture, late));
	tc_processes_lose(fixture->processes, 6 * SECOND, 7 * SECOND);
	assert_false(is_in_doubt(fixture, early));
}

/* The facts that a look into /proc at time_ns would give. exec is in fixture->made. */
static int confirm(struct fixture *fixture, struct tc_process *process, uint64_t time_ns,
		   uint64_t absent)
{
	const struct tc_process_facts facts = {
		.tgid = process->tgid,
		.start_ns = process->start_ns / TICK_NS * TICK_NS,
		.time_ns = time_ns,
		.comm = "proc",
		.exec = &fixture->made.exec,
		.absent = absent | TC_EXEC_BIT(exe_upper),
	};

	return tc_processes_confirm(fixture->processes, process, &facts);
}

static void make_shell(struct fixture *fixture)
{
	make_exec(&fixture->made, 5, 50, "sh", "/bin/sh");
	MAKE_ARGV(&fixture->made, "sh\0-c\0id");
	fixture->made.exec.exe_ino = 4711;
	fixture->made.exec.exe_dev = 8;
	fixture->made.exec.exe_upper = 1;
	fixture->made.exec.cap_effective = 7;
}

static struct tc_process *doubtful_shell(struct fixture *fixture)
{
	struct tc_process *process;

	make_shell(fixture);
	process = see(fixture);
	assert_int_equal(tc_processes_exec(fixture->processes, process, &fixture->made.exec), 0);
	tc_processes_lose(fixture->processes, 3 * SECOND, 4 * SECOND);
	return process;
}

static void the_same_program_keeps_its_image(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process = doubtful_shell(fixture);
	const struct tc_image *before = process->image;

	assert_int_equal(confirm(fixture, process, 5 * SECOND, 0), 0);
	assert_ptr_equal(process->image, before);
	assert_false(is_in_doubt(fixture, process));
	assert_string_equal(process->comm, "proc");
}

static void another_program_replaces_the_image(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process = doubtful_shell(fixture);
	const struct tc_image *before = process->image;

	fixture->made.exec.cap_effective = 0;
	assert_int_equal(confirm(fixture, process, 5 * SECOND, 0), 0);
	assert_ptr_not_equal(process->image, before);
	/* /proc does not tell it, but the file is the same. */
	assert_false(process->image->absent & TC_EXEC_BIT(exe_upper));
	assert_int_equal(process->image->exec.exe_upper, 1);

	before = process->image;
	make_shell(fixture);
	MAKE_ARGV(&fixture->made, "sh\0-c\0ls");
	assert_int_equal(confirm(fixture, process, 6 * SECOND, 0), 0);
	assert_ptr_not_equal(process->image, before);

	before = process->image;
	fixture->made.exec.exe_dev = 9;
	assert_int_equal(confirm(fixture, process, 7 * SECOND, 0), 0);
	assert_ptr_not_equal(process->image, before);
	assert_true(process->image->absent & TC_EXEC_BIT(exe_upper));

	before = process->image;
	assert_int_equal(confirm(fixture, process, 8 * SECOND, TC_EXEC_BIT(argv)), 0);
	assert_ptr_not_equal(process->image, before);
	assert_true(process->image->absent & TC_EXEC_BIT(argv));
	assert_false(is_in_doubt(fixture, process));
}

static void doubt_stays_where_proc_tells_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct tc_process *process = doubtful_shell(fixture);

	assert_int_equal(confirm(fixture, process, 5 * SECOND, TC_EXEC_BIT(exe)), -ENODATA);
	assert_true(is_in_doubt(fixture, process));
	assert_int_equal(confirm(fixture, process, 5 * SECOND, 0), 0);
	/* A child made before the look may have been made by the program before. */
	assert_true(is_in_doubt(fixture, fork_of(fixture, 5, 50, 6, 4 * SECOND + 1)));
	assert_false(is_in_doubt(fixture, fork_of(fixture, 5, 50, 7, 6 * SECOND)));
}

/* Live processes with arguments as long as can be: the strings of later ones are shortened, and say
 * so. */
static void images_are_bounded(void **state)
{
	struct fixture *fixture = *state;
	static char argv[TC_ARGS_MAX];
	const struct tc_process *process;

	memset(argv, 'a', sizeof(argv) - 1);
	for (uint32_t i = 0; i < 4000; i++) {
		make_exec(&fixture->made, 10 + i, 100 + i, "x", "/x");
		make_slot(&fixture->made, &fixture->made.exec.argv, argv, sizeof(argv));
		tc_processes_exec(fixture->processes, see(fixture), &fixture->made.exec);
	}
	process = tc_processes_now(fixture->processes, 4009);
	assert_true(counts(fixture)->image.bytes < 20U << 20);
	assert_true(process->image->exec.argv.flags & TC_SLOT_CUT);
	assert_int_equal(process->image->exec.argv.size, sizeof(argv));
	assert_int_equal(process->image->exec.argv.stored, 256);
	assert_int_equal(process->image->line_length, 255);
	assert_string_equal(exe_of(process), "/x");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_missed_fork_makes_an_entry_from_the_header),
		TEST(a_missed_fork_finds_its_parent_by_number),
		TEST(a_parent_is_known_by_its_start),
		TEST(fork_shares_the_image_and_exec_replaces_it),
		TEST(arguments_are_joined_once),
		TEST(an_exec_without_arguments_has_none),
		TEST(a_thread_is_its_process_but_does_not_name_it),
		TEST(a_pid_used_again_is_another_process),
		TEST(a_late_record_does_not_displace_the_process_of_now),
		TEST(ancestors_outlive_their_exit),
		TEST(an_ended_process_is_found_for_a_while),
		TEST(two_hundred_thousand_processes_leave_nothing),
		TEST(lost_exits_are_made_good_by_pid_reuse),
		TEST(a_chain_of_orphans_is_cut_and_says_so),
		TEST(dead_chains_held_by_leaves_are_bounded),
		TEST(cutting_spares_ancestors_that_others_share),
		TEST(a_process_is_not_its_own_ancestor),
		TEST(a_scanned_entry_takes_over_the_exact_time),
		TEST(a_scanned_entry_of_another_tick_is_another_process),
		TEST(a_scan_completes_what_events_made),
		TEST(a_fork_that_comes_after_the_scan_corrects_the_parent),
		TEST(completing_refuses_facts_of_another_process),
		TEST(a_target_is_met_once),
		TEST(hostile_strings_are_kept_as_they_are),
		TEST(a_path_keeps_its_end_and_text_its_beginning),
		TEST(a_path_that_lacks_its_end_keeps_its_beginning),
		TEST(a_loss_puts_older_images_in_doubt),
		TEST(what_ended_before_a_loss_is_not_in_doubt),
		TEST(the_same_program_keeps_its_image),
		TEST(another_program_replaces_the_image),
		TEST(doubt_stays_where_proc_tells_nothing),
		TEST(images_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
