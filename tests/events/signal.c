/* SPDX-License-Identifier: Apache-2.0 */
/* Events: signal, by every call that sends one. */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/events/target.h"
#include "tests/events/truth.h"
#include "tests/events/witness.h"

#define NR_32_KILL 37
#define SIG_CHOSEN SIGURG /* does nothing to who gets it */
#define SIG_REALTIME 34

/* How a signal is sent. */
struct way {
	int syscall;
	long (*send)(struct run *run, pid_t pid);
	int number;
	bool i386;
};

static long send_kill(struct run *run, pid_t pid)
{
	const struct way *way = run->test->with;

	return syscall(SYS_kill, pid, way->number);
}

static long send_kill_32(struct run *run, pid_t pid)
{
	return (int)call_32(NR_32_KILL, pid, SIG_CHOSEN, 0);
}

static long send_tkill(struct run *run, pid_t pid)
{
	return syscall(SYS_tkill, pid, SIG_CHOSEN);
}

static long send_tgkill(struct run *run, pid_t pid)
{
	return syscall(SYS_tgkill, pid, pid, SIG_CHOSEN);
}

static long send_queued(struct run *run, pid_t pid)
{
	siginfo_t info = {.si_signo = SIG_CHOSEN, .si_code = SI_QUEUE};

	return syscall(SYS_rt_sigqueueinfo, pid, SIG_CHOSEN, &info);
}

static long send_queued_to_thread(struct run *run, pid_t pid)
{
	siginfo_t info = {.si_signo = SIG_CHOSEN, .si_code = SI_QUEUE};

	return syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIG_CHOSEN, &info);
}

static long send_by_pidfd(struct run *run, pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	must(run, pidfd >= 0);
	return syscall(SYS_pidfd_send_signal, pidfd, SIG_CHOSEN, NULL, 0);
}

static void act_way(struct run *run)
{
	const struct way *way = run->test->with;
	pid_t pid = enter_with_target(run);

	must(run, way->send(run, pid) == 0);
	end_child(pid);
}

static void expect_signal(struct run *run, int syscall, int number, uint32_t flags)
{
	const struct tc_signal *record = take(run, signal);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, descriptor_flags(run) | flags);
	expect_target(run, (const struct tc_trace *)record, &run->notes->who[0],
		      run->notes->number[1]);
	expect(run, record, &record->number, (uint64_t)number);
}

/* The last one is end_child()'s. A target that a test kills is gone before: the fallback then still
 * finds it, since its parent has not waited for it yet. */
static void check_way(struct run *run)
{
	const struct way *way = run->test->with;

	pass_over_target(run);
	expect_signal(run, way->syscall, way->number ?: SIG_CHOSEN,
		      way->i386 ? TC_RECORD_COMPAT : 0);
	expect_signal(run, SYS_kill, SIGKILL, 0);
}

/* To itself, to nobody in particular (0), and to somebody who is not there: nothing is told. */
static void act_untold(struct run *run)
{
	pid_t pid = enter_with_target(run);

	must(run, kill(getpid(), SIG_CHOSEN) == 0);
	must(run, syscall(SYS_tgkill, getpid(), getpid(), SIG_CHOSEN) == 0);
	must(run, kill(pid, 0) == 0);
	must(run, kill(0x3ffffff, SIG_CHOSEN) < 0);
	end_child(pid);
}

static void check_untold(struct run *run)
{
	pass_over_target(run);
	expect_signal(run, SYS_kill, SIGKILL, 0);
}

/* A group of two, one of them the sender: the other one is told. By the call alone nobody knows who
 * is in the group. */
static void act_group(struct run *run)
{
	must(run, setpgid(0, 0) == 0);
	pid_t pid = enter_with_target(run);

	must(run, kill(0, SIG_CHOSEN) == 0);
	must(run, setpgid(0, getppid()) < 0);
	end_child(pid);
}

static void expect_unknown_target(struct run *run)
{
	const struct tc_signal *record = take(run, signal);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_kill, path_flags(run));
	expect(run, record, &record->target_start_ns, 0);
	expect(run, record, &record->target_cgroup_id, 0);
	expect(run, record, &record->target_tgid, TC_ABSENT_U32);
	expect(run, record, &record->target_tid, TC_ABSENT_U32);
	expect(run, record, &record->target_uid, TC_ABSENT_U32);
	expect_comm(run, record, &record->target_comm, "");
	expect(run, record, &record->number, SIG_CHOSEN);
}

static void check_group(struct run *run)
{
	pass_over_target(run);
	if (run->fallback)
		expect_unknown_target(run);
	else
		expect_signal(run, SYS_kill, SIG_CHOSEN, 0);
	expect_signal(run, SYS_kill, SIGKILL, 0);
}

#define WAY(...)                                                                                   \
	.with = &(const struct way)                                                                \
	{                                                                                          \
		.syscall = __VA_ARGS__                                                             \
	}

const struct test signal_tests[] = {
	TEST(kill, ANY, NULL, act_way, check_way, WAY(SYS_kill, send_kill, SIG_CHOSEN)),
	TEST(kill_realtime, ANY, NULL, act_way, check_way, WAY(SYS_kill, send_kill, SIG_REALTIME)),
	TEST(kill_kill, ANY, NULL, act_way, check_way, WAY(SYS_kill, send_kill, SIGKILL)),
	TEST(kill_32, ANY, NULL, act_way, check_way,
	     WAY(NR_32_KILL, send_kill_32, SIG_CHOSEN, .i386 = true)),
	TEST(tkill, ANY, NULL, act_way, check_way, WAY(SYS_tkill, send_tkill)),
	TEST(tgkill, ANY, NULL, act_way, check_way, WAY(SYS_tgkill, send_tgkill)),
	TEST(rt_sigqueueinfo, ANY, NULL, act_way, check_way, WAY(SYS_rt_sigqueueinfo, send_queued)),
	TEST(rt_tgsigqueueinfo, ANY, NULL, act_way, check_way,
	     WAY(SYS_rt_tgsigqueueinfo, send_queued_to_thread)),
	TEST(pidfd_send_signal, ANY, NULL, act_way, check_way,
	     WAY(SYS_pidfd_send_signal, send_by_pidfd)),
	TEST(signal_untold, ANY, NULL, act_untold, check_untold),
	TEST(kill_group, ANY, NULL, act_group, check_group),
	{0},
};
