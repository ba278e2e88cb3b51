/* SPDX-License-Identifier: Apache-2.0 */
/* Events: cgroup_mkdir, cgroup_rmdir. The v2 hierarchy refuses renames. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/events/file.h"
#include "tests/events/truth.h"
#include "tests/events/watch.h"

/* struct tc_cgroup_mkdir and _rmdir are the same. */
static void expect_cgroup(struct run *run, enum tc_kind kind, int syscall, uint64_t id,
			  const char *name)
{
	const struct tc_cgroup_mkdir *record = take_kind(run, kind);
	char mount[128], root[128], path[512];

	if (!record)
		return;
	must(run, cgroup_mount(mount, root, sizeof(mount)));
	snprintf(path, sizeof(path), "%s%s/%s", root, run->cgroup + strlen(mount), name);
	expect_header(run, record, &run->notes->self, syscall, 0);
	expect(run, record, &record->target_id, id);
	expect_text(run, record, &record->path, path);
}

static const char *below(const struct run *run, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", run->cgroup, name);
	return path;
}

/* The file events of the same calls, which LSM hooks tell. */
static void expect_as_directory(struct run *run, enum tc_kind kind)
{
	const char *path = below(run, "new");

	if (run->fallback)
		pass_over(run, kind);
	else if (kind == TC_KIND_mkdir)
		expect_mkdir(run, (struct by){.syscall = SYS_mkdir}, 0, 0755, path);
	else
		expect_unlink(run, kind, (struct by){.syscall = SYS_rmdir}, 1, path);
}

static void act_cgroup(struct run *run)
{
	note_file(run, 0, run->cgroup);
	enter(run);
	must(run, syscall(SYS_mkdir, below(run, "new"), 0755) == 0);
	note_file(run, 1, below(run, "new"));
	must(run, syscall(SYS_rmdir, below(run, "new")) == 0);
}

static void check_cgroup(struct run *run)
{
	uint64_t id = run->notes->file[1].st.st_ino;

	expect_as_directory(run, TC_KIND_mkdir);
	expect_cgroup(run, TC_KIND_cgroup_mkdir, SYS_mkdir, id, "new");
	expect_as_directory(run, TC_KIND_rmdir);
	expect_cgroup(run, TC_KIND_cgroup_rmdir, SYS_rmdir, id, "new");
}

/* Somebody from outside of the scope makes a cgroup in it: told, for the agent's table of cgroups.
 */
static void act_cgroup_outside(struct run *run)
{
	must(run, who_am_i(&run->notes->self));
	run->notes->number[0] = cgroup_make(below(run, "new"));
	run->notes->number[1] = 1;
	must(run, run->notes->number[0] && rmdir(below(run, "new")) == 0);
	run->notes->entered = true; /* it never does */
}

static void check_cgroup_outside(struct run *run)
{
	const struct tc_record *record = run->n_records ? run->records[0].record : NULL;
	struct stat st;

	/* The test program has the cgroup that its child had. */
	run->cgroup_id = record ? record->cgroup_id : 0;
	expect_cgroup(run, TC_KIND_cgroup_mkdir, SYS_mkdir, run->notes->number[0], "new");
	expect_cgroup(run, TC_KIND_cgroup_rmdir, SYS_rmdir, run->notes->number[0], "new");
	expect_fact(run, "the cgroup is there", stat(run->cgroup, &st) == 0, 1);
	if (run->cgroup_id == st.st_ino)
		fail(run, "the actor was in the scope");
	run->outside = true;
}

static void act_cgroup_rename(struct run *run)
{
	char old[512];

	snprintf(old, sizeof(old), "%s", below(run, "old"));
	run->notes->number[0] = cgroup_make(old);
	must(run, run->notes->number[0]);
	enter(run);
	must(run, syscall(SYS_rename, old, below(run, "new")) < 0);
}

/* Refused by cgroup v2 itself, behind the LSM hook; no cgroup_rename. */
static void check_cgroup_rename(struct run *run)
{
	expect_fact(run, "cgroups made", pass_over(run, TC_KIND_cgroup_mkdir), 1);
	pass_over(run, TC_KIND_rename);
}

const struct test cgroup_tests[] = {
	TEST(cgroup, ANY, NULL, act_cgroup, check_cgroup),
	TEST(cgroup_by_outsider, ANY, NULL, act_cgroup_outside, check_cgroup_outside),
	TEST(cgroup_rename_refused, ANY, NULL, act_cgroup_rename, check_cgroup_rename),
	{0},
};
