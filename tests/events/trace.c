/* SPDX-License-Identifier: Apache-2.0 */
/* Events: trace, by every door into another process. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/events/file.h"
#include "tests/events/target.h"
#include "tests/events/truth.h"
#include "tests/events/witness.h"

/* include/linux/ptrace.h */
#define MODE_ATTACH_REAL 0x12
#define MODE_ATTACH_FS 0x0a

struct door {
	int syscall;
	uint32_t mode, door, request;
};

static void expect_trace(struct run *run, const struct door *door, const struct who *target,
			 uint64_t cgroup_id, uint32_t flags)
{
	const struct tc_trace *record = take(run, trace);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, door->syscall, flags);
	expect_target(run, record, target, cgroup_id);
	expect(run, record, &record->access_mode, door->mode);
	expect(run, record, &record->door, door->door);
	expect(run, record, &record->request, door->request);
}

static void expect_door(struct run *run, struct door door)
{
	pass_over_target(run);
	expect_trace(run, &door, &run->notes->who[0], run->notes->number[1], descriptor_flags(run));
}

/* --- ptrace(2) --- */

static void act_attach(struct run *run)
{
	pid_t pid = enter_with_target(run);

	must(run, ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0);
	must(run, waitpid(pid, NULL, __WALL) == pid);
	end_child(pid);
}

static void check_attach(struct run *run)
{
	expect_door(run,
		    (struct door){SYS_ptrace, MODE_ATTACH_REAL, TC_DOOR_ATTACH, PTRACE_ATTACH});
}

static void act_seize(struct run *run)
{
	pid_t pid = enter_with_target(run);

	must(run, ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
	end_child(pid);
}

static void check_seize(struct run *run)
{
	expect_door(run, (struct door){SYS_ptrace, MODE_ATTACH_REAL, TC_DOOR_SEIZE, PTRACE_SEIZE});
}

static void act_attach_32(struct run *run)
{
	pid_t pid = enter_with_target(run);

	must(run, (int)call_32(26, PTRACE_ATTACH, pid, 0) == 0);
	must(run, waitpid(pid, NULL, __WALL) == pid);
	end_child(pid);
}

static void check_attach_32(struct run *run)
{
	struct door door = {26, MODE_ATTACH_REAL, TC_DOOR_ATTACH, PTRACE_ATTACH};

	pass_over_target(run);
	expect_trace(run, &door, &run->notes->who[0], run->notes->number[1],
		     TC_RECORD_COMPAT | descriptor_flags(run));
}

/* The target is the one who will trace: the parent, out of the scope. */
static void act_traceme(struct run *run)
{
	enter(run);
	witness(run, 0, getppid());
	must(run, ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
}

static void check_traceme(struct run *run)
{
	const struct tc_trace *record = NULL;
	struct door door = {SYS_ptrace, 0, TC_DOOR_TRACEME, PTRACE_TRACEME};

	for (unsigned i = 0; i < run->n_records; i++)
		if (run->records[i].record->kind == TC_KIND_trace)
			record = (const void *)run->records[i].record;
	/* The test program's own cgroup is none of the tests'. */
	expect_trace(run, &door, &run->notes->who[0], record ? record->target_cgroup_id : 0,
		     descriptor_flags(run));
	expect_fact(run, "the tracer is the parent", run->notes->who[0].tgid, (uint64_t)getpid());
}

/* --- memory --- */

static char here[16];

static void act_vm(struct run *run)
{
	const struct door *door = run->test->with;
	struct iovec mine = {here, sizeof(here)},
		     theirs = {here, sizeof(here)}; /* the same place in a forked child */
	pid_t pid = enter_with_target(run);

	must(run, syscall(door->syscall, pid, &mine, 1, &theirs, 1, 0) == sizeof(here));
	end_child(pid);
}

static void check_by_door(struct run *run)
{
	expect_door(run, *(const struct door *)run->test->with);
}

/* The path of a file of the target in /proc. */
static const char *target_file(pid_t pid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

static void act_mem(struct run *run)
{
	const int *flags = run->test->with;
	pid_t pid = enter_with_target(run);

	snprintf(run->notes->text[0], NOTES_TEXT, "%s", target_file(pid, "mem"));
	note_file(run, 0, run->notes->text[0]);
	must(run, syscall(SYS_openat, AT_FDCWD, run->notes->text[0], *flags) >= 0);
	end_child(pid);
}

static void check_mem(struct run *run)
{
	const int *flags = run->test->with;

	expect_door(run, (struct door){SYS_openat, MODE_ATTACH_FS, TC_DOOR_MEM, TC_ABSENT_U32});
	expect_open(run, *flags == O_RDONLY ? TC_KIND_open_read : TC_KIND_open,
		    (struct by){.syscall = SYS_openat, .flags = descriptor_flags(run)}, 0,
		    (uint32_t)*flags | KERNEL_O_LARGEFILE, run->notes->text[0], 0);
}

/* Looking is not attaching: no trace event. */
static void act_maps(struct run *run)
{
	static char bytes[65536];
	pid_t pid = enter_with_target(run);
	int fd = open(target_file(pid, "maps"), O_RDONLY);

	must(run, fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0);
	must(run, open(target_file(pid, "environ"), O_RDONLY) >= 0);
	must(run, readlink(target_file(pid, "exe"), bytes, sizeof(bytes)) > 0);
	end_child(pid);
}

static void check_maps(struct run *run)
{
	pass_over_target(run);
	expect_fact(run, "opens of files in /proc", pass_over(run, TC_KIND_open_read), 2);
}

/* --- pidfd_getfd(2) --- */

static void act_getfd(struct run *run)
{
	pid_t pid = enter_with_target(run);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	must(run, pidfd >= 0);
	must(run, syscall(SYS_pidfd_getfd, pidfd, 2, 0) >= 0);
	end_child(pid);
}

#define DOOR(...) (&(const struct door){.syscall = __VA_ARGS__})
#define FLAGS(flags) (&(const int){(flags)})

const struct test trace_tests[] = {
	TEST(ptrace_attach, ANY, NULL, act_attach, check_attach),
	TEST(ptrace_seize, ANY, NULL, act_seize, check_seize),
	TEST(ptrace_attach_32, ANY, NULL, act_attach_32, check_attach_32),
	TEST(ptrace_traceme, ANY, NULL, act_traceme, check_traceme),
	TEST(process_vm_writev, ANY, NULL, act_vm, check_by_door,
	     .with = DOOR(SYS_process_vm_writev, MODE_ATTACH_REAL, TC_DOOR_VM_WRITE,
			  TC_ABSENT_U32)),
	TEST(process_vm_readv, ANY, NULL, act_vm, check_by_door,
	     .with = DOOR(SYS_process_vm_readv, MODE_ATTACH_REAL, TC_DOOR_VM_READ, TC_ABSENT_U32)),
	TEST(proc_mem_write, ANY, NULL, act_mem, check_mem, .with = FLAGS(O_RDWR)),
	TEST(proc_mem_read, ANY, NULL, act_mem, check_mem, .with = FLAGS(O_RDONLY)),
	TEST(proc_maps_is_no_trace, ANY, NULL, act_maps, check_maps),
	TEST(pidfd_getfd, ANY, NULL, act_getfd, check_by_door,
	     .with = DOOR(SYS_pidfd_getfd, MODE_ATTACH_REAL, TC_DOOR_GETFD, TC_ABSENT_U32)),
	{0},
};
