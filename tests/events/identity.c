/* SPDX-License-Identifier: Apache-2.0 */
/* Events: setuid, setgid, capset. */
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/events/truth.h"
#include "tests/events/witness.h"

/* What the call is, and the ids that must come of it: real, effective, saved, for files. */
struct change {
	int syscall;
	bool i386;
	long args[3];
	uint32_t ids[4];
};

static long call(const struct change *change)
{
	const long *args = change->args;

	if (change->i386)
		return (int)call_32(change->syscall, args[0], args[1], args[2]);
	return syscall(change->syscall, args[0], args[1], args[2]);
}

/* who[0]: before; who[1]: after. A call that makes the process nobody's must not make it
 * undumpable, or /proc would show root's files. */
static void act_change(struct run *run)
{
	enter(run);
	witness(run, 0, getpid());
	must(run, call(run->test->with) >= 0);
	prctl(PR_SET_DUMPABLE, 1);
	witness(run, 1, getpid());
}

/* The fallback comes when it is done: its header has the new ids. */
static const struct who *told(const struct run *run)
{
	return &run->notes->who[run->fallback];
}

static uint32_t call_flags(const struct run *run)
{
	const struct change *change = run->test->with;

	return descriptor_flags(run) | (change->i386 ? TC_RECORD_COMPAT : 0);
}

/* Four members in a row are the ids that the truth has, or absent. */
static void expect_ids(struct run *run, const void *record, const uint32_t *place,
		       const uint32_t *ids)
{
	for (unsigned i = 0; i < 4; i++)
		expect(run, record, &place[i], ids ? ids[i] : TC_ABSENT_U32);
}

static void check_setuid(struct run *run)
{
	const struct change *change = run->test->with;
	const struct who *before = &run->notes->who[0], *after = &run->notes->who[1];
	const struct tc_setuid *record = take(run, setuid);

	if (!record)
		return;
	expect_header(run, record, told(run), change->syscall, call_flags(run));
	expect_ids(run, record, &record->new_uid, after->uids);
	expect_ids(run, record, &record->old_uid, run->fallback ? NULL : before->uids);
	for (unsigned i = 0; i < 4; i++)
		expect_fact(run, "a user id by /proc", after->uids[i], change->ids[i]);
	expect_end(run, after, 0);
}

static void check_setgid(struct run *run)
{
	const struct change *change = run->test->with;
	const struct who *before = &run->notes->who[0], *after = &run->notes->who[1];
	const struct tc_setgid *record = take(run, setgid);

	if (!record)
		return;
	expect_header(run, record, told(run), change->syscall, call_flags(run));
	expect_ids(run, record, &record->new_gid, after->gids);
	expect_ids(run, record, &record->old_gid, run->fallback ? NULL : before->gids);
	for (unsigned i = 0; i < 4; i++)
		expect_fact(run, "a group id by /proc", after->gids[i], change->ids[i]);
	expect_end(run, after, 0);
}

/* A call that is refused comes to no hook: the kernel asks for the right first. */
static void act_refused(struct run *run)
{
	must(run, syscall(SYS_setresuid, 1000, 1000, 1000) == 0);
	enter(run);
	must(run, syscall(SYS_setuid, 0) < 0);
	must(run, syscall(SYS_setresuid, 0, 0, 0) < 0);
}

static void check_nothing(struct run *run)
{
}

/* Drops all capabilities but two. */
static void act_capset(struct run *run)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.permitted = 1 << CAP_CHOWN | 1 << CAP_KILL,
		 .effective = 1 << CAP_KILL,
		 .inheritable = 1 << CAP_CHOWN},
		{.permitted = 1 << (CAP_SYSLOG - 32)},
	};

	enter(run);
	must(run, syscall(SYS_capset, &header, data) == 0);
	witness(run, 1, getpid());
}

static void check_capset(struct run *run)
{
	const struct who *after = &run->notes->who[1];
	const struct tc_capset *record = take(run, capset);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_capset, descriptor_flags(run));
	expect(run, record, &record->cap_inheritable, after->cap_inheritable);
	expect(run, record, &record->cap_permitted, after->cap_permitted);
	expect(run, record, &record->cap_effective, after->cap_effective);
	expect_fact(run, "effective capabilities by /proc", after->cap_effective, 1 << CAP_KILL);
	expect_fact(run, "permitted capabilities by /proc", after->cap_permitted,
		    1 << CAP_CHOWN | 1 << CAP_KILL | 1ULL << CAP_SYSLOG);
}

#define CHANGE(call_, ...)                                                                         \
	.with = &(const struct change)                                                             \
	{                                                                                          \
		.syscall = call_, __VA_ARGS__                                                      \
	}
#define IDS(...)                                                                                   \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

const struct test identity_tests[] = {
	TEST(setuid, ANY, NULL, act_change, check_setuid,
	     CHANGE(SYS_setuid, .args = {1000}, .ids = IDS(1000, 1000, 1000, 1000))),
	TEST(setreuid, ANY, NULL, act_change, check_setuid,
	     CHANGE(SYS_setreuid, .args = {1000, 1001}, .ids = IDS(1000, 1001, 1001, 1001))),
	TEST(setresuid, ANY, NULL, act_change, check_setuid,
	     CHANGE(SYS_setresuid, .args = {1000, -1, 1002}, .ids = IDS(1000, 0, 1002, 0))),
	TEST(setfsuid, ANY, NULL, act_change, check_setuid,
	     CHANGE(SYS_setfsuid, .args = {1000}, .ids = IDS(0, 0, 0, 1000))),
	TEST(setuid_32, ANY, NULL, act_change, check_setuid,
	     CHANGE(213, .i386 = true, .args = {70000}, .ids = IDS(70000, 70000, 70000, 70000))),
	TEST(setuid_16, ANY, NULL, act_change, check_setuid,
	     CHANGE(23, .i386 = true, .args = {1000}, .ids = IDS(1000, 1000, 1000, 1000))),
	TEST(setresuid_32, ANY, NULL, act_change, check_setuid,
	     CHANGE(208, .i386 = true, .args = {1, 2, 3}, .ids = IDS(1, 2, 3, 2))),
	TEST(setuid_refused, ANY, NULL, act_refused, check_nothing),
	TEST(setgid, ANY, NULL, act_change, check_setgid,
	     CHANGE(SYS_setgid, .args = {1000}, .ids = IDS(1000, 1000, 1000, 1000))),
	TEST(setregid, ANY, NULL, act_change, check_setgid,
	     CHANGE(SYS_setregid, .args = {1000, 1001}, .ids = IDS(1000, 1001, 1001, 1001))),
	TEST(setresgid, ANY, NULL, act_change, check_setgid,
	     CHANGE(SYS_setresgid, .args = {1, 2, 3}, .ids = IDS(1, 2, 3, 2))),
	TEST(setfsgid, ANY, NULL, act_change, check_setgid,
	     CHANGE(SYS_setfsgid, .args = {1000}, .ids = IDS(0, 0, 0, 1000))),
	TEST(setgid_32, ANY, NULL, act_change, check_setgid,
	     CHANGE(214, .i386 = true, .args = {70000}, .ids = IDS(70000, 70000, 70000, 70000))),
	TEST(capset, ANY, NULL, act_capset, check_capset),
	{0},
};
