/* SPDX-License-Identifier: Apache-2.0 */
/* Events: setns, unshare. */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/events/truth.h"
#include "tests/events/witness.h"

#define NR_32_SETNS 346
#define NR_32_UNSHARE 310

/* A namespace, by its CLONE_* flag, its name in /proc, and the number of the call that enters it.
 */
struct space {
	uint32_t type;
	const char *name;
	int syscall;
	bool i386;
};

static uint32_t call_flags(const struct run *run)
{
	const struct space *space = run->test->with;

	return descriptor_flags(run) | (space->i386 ? TC_RECORD_COMPAT : 0);
}

/* A process in a namespace of its own; its id. It ends when the line is closed. */
static pid_t make_inhabitant(struct run *run, uint32_t type)
{
	int ready[2], line[2];
	char byte;
	pid_t pid;

	must(run, pipe(ready) == 0 && pipe(line) == 0);
	pid = fork();
	must(run, pid >= 0);
	if (pid == 0) {
		close(line[1]);
		must(run, unshare((int)type) == 0);
		must(run, write(ready[1], "", 1) == 1);
		_exit(read(line[0], &byte, 1) != 0);
	}
	must(run, read(ready[0], &byte, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	close(line[0]); /* line[1] stays open until this process ends */
	return pid;
}

static int open_namespace(struct run *run, pid_t pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(run, fd >= 0);
	return fd;
}

static long enter_namespace(const struct space *space, int fd, int type)
{
	if (space->i386)
		return (int)call_32(NR_32_SETNS, fd, type, 0);
	return syscall(SYS_setns, fd, type);
}

/* number[0]: the descriptor; [1]: the namespace; [2]: whose. */
static void act_setns(struct run *run)
{
	const struct space *space = run->test->with;
	pid_t pid = make_inhabitant(run, space->type);
	int fd = open_namespace(run, pid, space->name);

	run->notes->number[0] = (uint64_t)fd;
	run->notes->number[1] = ns_inum(pid, space->name);
	enter(run);
	must(run, enter_namespace(space, fd, 0) == 0);
	witness(run, 0, getpid());
	must(run, run->notes->number[1]);
}

static void expect_setns(struct run *run, const struct who *who, uint32_t ns, uint32_t pid)
{
	const struct space *space = run->test->with;
	const struct tc_setns *record = take(run, setns);

	if (!record)
		return;
	expect_header(run, record, who, space->syscall, call_flags(run));
	expect(run, record, &record->nstype, space->type);
	expect(run, record, &record->ns, ns);
	expect(run, record, &record->target_tgid, pid);
	expect(run, record, &record->fd, run->notes->number[0]);
}

/* The fallback tells of a thread that has entered; so does the child's end. */
static void check_setns(struct run *run)
{
	const struct who *after = &run->notes->who[0];

	expect_setns(run, run->fallback ? after : &run->notes->self,
		     (uint32_t)run->notes->number[1], TC_ABSENT_U32);
	expect_end(run, after, 0);
}

static void act_setns_pidfd(struct run *run)
{
	const struct space *space = run->test->with;
	pid_t pid = make_inhabitant(run, space->type);
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	must(run, fd >= 0);
	run->notes->number[0] = (uint64_t)fd;
	run->notes->number[2] = (uint64_t)pid;
	enter(run);
	must(run, enter_namespace(space, fd, (int)space->type) == 0);
}

static void check_setns_pidfd(struct run *run)
{
	expect_setns(run, &run->notes->self, TC_ABSENT_U32, (uint32_t)run->notes->number[2]);
}

/* A file that is neither: told as asked for, without what was to be entered. */
static void act_setns_file(struct run *run)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	must(run, fd >= 0);
	run->notes->number[0] = (uint64_t)fd;
	enter(run);
	must(run, setns(fd, CLONE_NEWUTS) < 0);
}

static void check_setns_file(struct run *run)
{
	expect_setns(run, &run->notes->self, TC_ABSENT_U32, TC_ABSENT_U32);
}

static void act_unshare(struct run *run)
{
	const struct space *space = run->test->with;

	enter(run);
	if (space->i386)
		must(run, (int)call_32(NR_32_UNSHARE, space->type, 0, 0) == 0);
	else
		must(run, syscall(SYS_unshare, space->type) == 0);
	witness(run, 0, getpid());
}

static void check_unshare(struct run *run)
{
	const struct space *space = run->test->with;
	const struct who *after = &run->notes->who[0];
	const struct tc_unshare *record = take(run, unshare);

	if (!record)
		return;
	expect_header(run, record, run->fallback ? after : &run->notes->self, space->syscall,
		      call_flags(run));
	expect(run, record, &record->unshare_flags, space->type);
	expect_end(run, after, 0);
}

/* A child is born in them. */
static void act_clone(struct run *run)
{
	const struct space *space = run->test->with;
	struct clone_args args = {.flags = space->type, .exit_signal = SIGCHLD};
	pid_t pid;

	enter(run);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	must(run, pid >= 0);
	if (pid == 0)
		_exit(0);
	must(run, wait_child(run, pid) == 0);
}

static void check_clone(struct run *run)
{
	const struct space *space = run->test->with;
	const struct tc_unshare *record = take(run, unshare);

	pass_over(run, TC_KIND_fork);
	pass_over(run, TC_KIND_exit);
	if (!record)
		return;
	expect_header(run, record, &run->notes->self, space->syscall, call_flags(run));
	expect(run, record, &record->unshare_flags, space->type);
}

/* A thread that is refused has asked. */
static void act_unshare_refused(struct run *run)
{
	must(run, setresuid(1000, 1000, 1000) == 0);
	enter(run);
	must(run, unshare(CLONE_NEWNET) < 0);
	witness(run, 0, getpid());
}

#define SPACE(...)                                                                                 \
	.with = &(const struct space)                                                              \
	{                                                                                          \
		.type = __VA_ARGS__                                                                \
	}

const struct test namespace_tests[] = {
	TEST(setns_uts, ANY, NULL, act_setns, check_setns, SPACE(CLONE_NEWUTS, "uts", SYS_setns)),
	TEST(setns_mount, ANY, NULL, act_setns, check_setns, SPACE(CLONE_NEWNS, "mnt", SYS_setns)),
	TEST(setns_net, ANY, NULL, act_setns, check_setns, SPACE(CLONE_NEWNET, "net", SYS_setns)),
	TEST(setns_cgroup, ANY, NULL, act_setns, check_setns,
	     SPACE(CLONE_NEWCGROUP, "cgroup", SYS_setns)),
	TEST(setns_32, ANY, NULL, act_setns, check_setns,
	     SPACE(CLONE_NEWIPC, "ipc", NR_32_SETNS, .i386 = true)),
	TEST(setns_pidfd, ANY, NULL, act_setns_pidfd, check_setns_pidfd,
	     SPACE(CLONE_NEWUTS | CLONE_NEWNET, "", SYS_setns)),
	TEST(setns_pidfd_32, ANY, NULL, act_setns_pidfd, check_setns_pidfd,
	     SPACE(CLONE_NEWUTS, "", NR_32_SETNS, .i386 = true)),
	TEST(setns_neither, LSM, NULL, act_setns_file, check_setns_file,
	     SPACE(CLONE_NEWUTS, "", SYS_setns)),
	TEST(unshare_mount, ANY, NULL, act_unshare, check_unshare,
	     SPACE(CLONE_NEWNS, "", SYS_unshare)),
	TEST(unshare_many, ANY, NULL, act_unshare, check_unshare,
	     SPACE(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_FS, "", SYS_unshare)),
	TEST(unshare_user, ANY, NULL, act_unshare, check_unshare,
	     SPACE(CLONE_NEWUSER, "", SYS_unshare)),
	TEST(unshare_32, ANY, NULL, act_unshare, check_unshare,
	     SPACE(CLONE_NEWUTS, "", NR_32_UNSHARE, .i386 = true)),
	TEST(unshare_clone, LSM, NULL, act_clone, check_clone,
	     SPACE(CLONE_NEWUTS | CLONE_NEWNET, "", SYS_clone3)),
	TEST(unshare_refused, LSM, NULL, act_unshare_refused, check_unshare,
	     SPACE(CLONE_NEWNET, "", SYS_unshare)),
	{0},
};
