/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/selftest/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/load.h"
#include "agent/log.h"
#include "agent/read.h"
#include "agent/tables.h"
#include "rules/kernel/kernel.h"
#include "rules/kernel/refuse.h"
#include "rules/ruleset.h"

#define RING_BYTES (256 * 1024)
/* What a rule here lets calls fail with: no deed fails so by itself. */
#define REFUSAL EDOM
/* A deed that hangs is ended. */
#define DEED_SECONDS 20

struct selftest {
	bool enforces; /* at this moment */
	struct tc_kernel kernel;
	struct tc_probes *probes;
	struct tc_reader *reader;
	char cgroup[128], directory[64];
	uint64_t cgroup_id;
	int procs; /* the cgroup's, to enter it */
	/* Of the deed that is being done. */
	enum tc_kind kind;
	bool seen;
	enum tc_verdict verdict;
};

/* What the process that does a deed says of it. */
struct said {
	bool prepared, acted;
	int prepare_result, act_result;
};

static const struct {
	const struct tc_deed *deeds;
	const size_t *n;
} families[] = {
	{tc_deeds_file, &tc_n_deeds_file},
	{tc_deeds_process, &tc_n_deeds_process},
	{tc_deeds_network, &tc_n_deeds_network},
};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

/* --- cgroup and directory --- */

static int make_cgroup(struct selftest *test)
{
	static const char *const roots[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	struct statfs fs;
	struct stat info;
	char path[160];

	for (size_t i = 0; i < 2 && !test->cgroup[0]; i++)
		if (statfs(roots[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			snprintf(test->cgroup, sizeof(test->cgroup), "%s/tocsin-selftest-%d",
				 roots[i], getpid());
	if (!test->cgroup[0])
		return tc_error_return(-ENOENT, "no cgroup v2 below /sys/fs/cgroup");
	if (mkdir(test->cgroup, 0755) < 0 || stat(test->cgroup, &info) < 0)
		return tc_error_return(-errno, "cannot make the cgroup %s", test->cgroup);
	test->cgroup_id = info.st_ino;
	snprintf(path, sizeof(path), "%s/cgroup.procs", test->cgroup);
	test->procs = open(path, O_WRONLY | O_CLOEXEC);
	return test->procs < 0 ? tc_error_return(-errno, "cannot open %s", path) : 0;
}

/* Processes that were killed leave it a little later. */
static void remove_cgroup(const struct selftest *test)
{
	char below[160];

	snprintf(below, sizeof(below), "%s/below", test->cgroup);
	for (int i = 0; i < 500; i++) {
		rmdir(below);
		if (rmdir(test->cgroup) == 0 || errno != EBUSY)
			return;
		usleep(10000);
	}
	tc_warning("the cgroup %s cannot be removed: it is busy", test->cgroup);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path) < 0 ? -1 : 0;
}

static int make_directory(struct selftest *test)
{
	char path[] = "/tmp/tocsin-selftest-XXXXXX";

	if (!mkdtemp(path))
		return tc_error_return(-errno, "cannot make a directory in /tmp");
	strcpy(test->directory, path);
	return 0;
}

/* --- probes and rules --- */

static int open_probes(struct selftest *test, bool fallback)
{
	struct tc_load_options options = {
		.scope_cgroup_id = test->cgroup_id,
		.ring_bytes = RING_BYTES,
		.force_fallback = fallback,
	};
	const char *reason = "";
	int r = tc_kernel_probe(&test->kernel, &reason);

	if (r < 0) {
		tc_error("%s", reason);
		return r;
	}
	r = tc_probes_load(&test->kernel, &options, &test->probes);
	tc_kernel_forget_types(&test->kernel);
	if (r < 0)
		return r;
	const struct tc_rings rings = tc_probes_rings(test->probes);

	return tc_reader_open(&rings, &test->reader);
}

/* What can be asked of a rule about events of a kind here. */
static enum tc_action best_action(const struct selftest *test, unsigned kind)
{
	const char *hook = tc_refuse_hook(kind);

	if (hook && !tc_probes_fallback(test->probes) &&
	    tc_probes_has_hook(test->probes, kind, hook))
		return TC_ACTION_BLOCK;
	return tc_refuse_can(kind, TC_ACTION_KILL) ? TC_ACTION_KILL : TC_ACTION_ALERT;
}

static void write_rule(struct tc_buffer *text, unsigned kind, enum tc_action action)
{
	static const char *const words[] = {
		[TC_ACTION_ALERT] = "action: alert",
		[TC_ACTION_BLOCK] = "action: block\n  errno: EDOM",
		[TC_ACTION_KILL] = "action: kill",
	};
	const char *name = tc_kind_info(kind)->name;

	tc_buffer_printf(text,
			 "- rule: %s\n  desc: d\n  condition: evt.kind = %s\n  output: o\n"
			 "  priority: INFO\n  %s\n",
			 name, name, words[action]);
}

static uint64_t write_rules(const struct selftest *test, struct tc_buffer *text)
{
	uint64_t kinds = 0;

	for (size_t family = 0; family < N_FAMILIES; family++)
		for (size_t i = 0; i < *families[family].n; i++) {
			unsigned kind = families[family].deeds[i].kind;

			write_rule(text, kind, best_action(test, kind));
			kinds |= TC_KIND_BIT(kind);
		}
	return kinds;
}

static int put_rules(struct selftest *test)
{
	struct tc_kernel_options options = {.generation = 1};
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_diagnostics diagnostics = {0};
	struct tc_kernel_rules *rules = NULL;
	struct tc_ruleset *set = NULL;
	uint64_t kinds = write_rules(test, &text);
	int r = tc_buffer_failed(&text) ? -ENOMEM : 0;

	if (r == 0)
		r = tc_ruleset_examine_bytes("selftest", text.bytes, text.length, &diagnostics,
					     &set);
	if (r == 0 && diagnostics.errors)
		r = -EINVAL;
	if (r == 0)
		r = tc_kernel_rules_make(set, &options, &rules);
	if (r == 0)
		r = tc_tables_set(tc_probes_map(test->probes, "tables"),
				  tc_kernel_rules_tables(rules));
	if (r == 0)
		tc_probes_refuse(test->probes, kinds);
	if (r == 0)
		tc_probes_want(test->probes, kinds);
	else
		tc_diagnostics_print(&diagnostics, stderr, false);
	tc_kernel_rules_free(rules);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return r < 0 ? tc_error_return(r, "the rules of the self-test") : 0;
}

/* --- one deed --- */

/* In a process of its own. */
static _Noreturn void be_doer(const struct selftest *test, const struct tc_deed *deed, int out)
{
	struct tc_deed_place place = {.cgroup = test->cgroup, .fd = -1, .other = -1};
	struct said said = {.prepared = true};
	bool good;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(DEED_SECONDS);
	said.prepare_result = mkdir(tc_kind_info(deed->kind)->name, 0700) < 0 ||
					      chdir(tc_kind_info(deed->kind)->name) < 0
				      ? -errno
				      : 0;
	if (said.prepare_result == 0 && deed->prepare)
		said.prepare_result = deed->prepare(&place);
	if (said.prepare_result == 0 && write(test->procs, "0", 1) < 0)
		said.prepare_result = -errno;
	good = write(out, &said, sizeof(said)) == sizeof(said);
	if (!good || said.prepare_result < 0)
		_exit(0);
	said.act_result = deed->act(&place);
	said.acted = true;
	good = write(out, &said, sizeof(said)) == sizeof(said);
	_exit(!good);
}

static int look_at_record(void *context, const void *bytes, size_t size)
{
	struct selftest *test = context;
	const struct tc_record *record = bytes;

	if (size >= sizeof(*record) && record->kind == test->kind) {
		test->seen = true;
		if (record->verdict > test->verdict)
			test->verdict = record->verdict;
	}
	return 0;
}

static int ignore_record(void *context, const void *bytes, size_t size)
{
	(void)context;
	(void)bytes;
	(void)size;
	return 0;
}

/* Where each deed is done in an empty directory. */
static int empty_directory(const struct selftest *test)
{
	nftw(test->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (mkdir(test->directory, 0700) < 0 && errno != EEXIST)
		return -errno;
	return chdir(test->directory) < 0 ? -errno : 0;
}

static int do_deed(struct selftest *test, const struct tc_deed *deed, struct said *ret_said,
		   int *ret_status)
{
	int out[2], r = empty_directory(test);
	struct said said;
	pid_t doer;

	if (r == 0)
		r = tc_reader_drain(test->reader, true, ignore_record, NULL);
	if (r < 0 || pipe2(out, O_CLOEXEC) < 0)
		return r < 0 ? r : -errno;
	*ret_said = (struct said){0};
	tc_probes_controls(test->probes)->enforce = test->enforces;
	fflush(NULL);
	doer = fork();
	if (doer == 0)
		be_doer(test, deed, out[1]);
	close(out[1]);
	while (doer > 0 && read(out[0], &said, sizeof(said)) == sizeof(said))
		*ret_said = said;
	close(out[0]);
	while (doer > 0 && waitpid(doer, ret_status, 0) < 0 && errno == EINTR)
		;
	tc_probes_controls(test->probes)->enforce = 0;
	test->kind = deed->kind;
	test->seen = false;
	test->verdict = TC_VERDICT_NONE;
	if (doer < 0 || chdir("/") < 0)
		return -errno;
	return tc_reader_drain(test->reader, true, look_at_record, test);
}

static void not_here(struct tc_selftest_finding *finding, const char *what, int error)
{
	finding->result = TC_SELFTEST_NOT_HERE;
	snprintf(finding->why, sizeof(finding->why), "%s: %s", what, strerror(-error));
}

/* Done while nothing is forbidden. */
static void judge_seen(const struct selftest *test, const struct said *said,
		       struct tc_selftest_finding *finding)
{
	if (said->prepare_result < 0)
		not_here(finding, "it cannot be prepared", said->prepare_result);
	else if (test->seen)
		finding->result = TC_SELFTEST_GOOD;
	else if (said->acted && said->act_result < 0)
		not_here(finding, "it cannot be done", said->act_result);
	else
		finding->result = TC_SELFTEST_UNSEEN;
}

/* Done while it is forbidden. */
static void judge_refused(const struct selftest *test, const struct said *said, int status,
			  struct tc_selftest_finding *finding)
{
	if (finding->asked == TC_ACTION_BLOCK)
		finding->enforced = said->acted && said->act_result == -REFUSAL &&
				    test->verdict == TC_VERDICT_BLOCKED;
	else
		finding->enforced = !said->acted && WIFSIGNALED(status) &&
				    WTERMSIG(status) == SIGKILL &&
				    test->verdict == TC_VERDICT_KILLED;
	if (!finding->enforced)
		finding->result = TC_SELFTEST_PASSED;
}

static const char *missing_reason(const struct selftest *test, unsigned kind)
{
	size_t n;
	const struct tc_probe_info *info = tc_probes_info(test->probes, &n);

	for (size_t i = 0; i < n; i++)
		if (info[i].kinds & TC_KIND_BIT(kind) && info[i].state == TC_PROBE_MISSING)
			return info[i].reason;
	return "no probe of this source tells of it";
}

static int try_deed(struct selftest *test, const struct tc_deed *deed, bool enforce,
		    struct tc_selftest_finding *finding)
{
	struct said said;
	int status, r;

	*finding =
		(struct tc_selftest_finding){.deed = deed, .asked = best_action(test, deed->kind)};
	if (!(tc_probes_kinds(test->probes) & TC_KIND_BIT(deed->kind))) {
		finding->result = TC_SELFTEST_NOT_HERE;
		snprintf(finding->why, sizeof(finding->why), "%s",
			 missing_reason(test, deed->kind));
		return 0;
	}
	test->enforces = false;
	r = do_deed(test, deed, &said, &status);
	if (r < 0)
		return r;
	judge_seen(test, &said, finding);
	if (!enforce || finding->result != TC_SELFTEST_GOOD || finding->asked == TC_ACTION_ALERT)
		return 0;
	test->enforces = true;
	r = do_deed(test, deed, &said, &status);
	if (r == 0)
		judge_refused(test, &said, status, finding);
	return r;
}

/* --- all of them --- */

static int try_all(struct selftest *test, bool enforce, tc_selftest_callback found, void *context)
{
	struct tc_selftest_finding finding;
	int r = 0;

	for (size_t family = 0; family < N_FAMILIES; family++)
		for (size_t i = 0; i < *families[family].n && r == 0; i++) {
			r = try_deed(test, &families[family].deeds[i], enforce, &finding);
			if (r == 0)
				found(context, &finding);
		}
	return r < 0 ? tc_error_return(r, "the self-test cannot go on") : 0;
}

int tc_selftest_run(bool enforce, bool fallback, tc_selftest_callback found, void *context)
{
	struct selftest test = {.procs = -1};
	int r = make_cgroup(&test);

	if (r == 0)
		r = make_directory(&test);
	if (r == 0)
		r = open_probes(&test, fallback);
	if (r == 0)
		r = put_rules(&test);
	if (r == 0)
		r = try_all(&test, enforce, found, context);
	tc_reader_close(test.reader);
	tc_probes_free(test.probes);
	tc_kernel_done(&test.kernel);
	if (test.procs >= 0)
		close(test.procs);
	if (test.directory[0])
		nftw(test.directory, remove_one, 8, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	if (test.cgroup_id)
		remove_cgroup(&test);
	return r;
}
