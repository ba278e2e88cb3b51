/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-enforce [PATTERN...]: the rows in all modes, or those that a pattern fits. Needs root;
 * watches nothing but cgroups of its own. */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <bpf/bpf.h>

#include "agent/enrich/world.h"
#include "agent/tables.h"
#include "rules/kernel/kernel.h"
#include "rules/rules.h"
#include "rules/ruleset.h"
#include "tests/events/truth.h"
#include "tests/events/watch.h"

#define RING_BYTES (1024 * 1024)
#define CHILD_SECONDS 60
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum mode { MODE_BLOCK, MODE_KILL, MODE_OUTSIDE, MODE_MONITOR, MODE_OPEN, MODE_CLOSED, MODE_MAX };

#define BLOCK "action: block\n  errno: EDOM"

static const struct mode_row {
	const char *name;
	const char *action;
	bool enforce, inside;
	bool in_doubt;	  /* for rows that cannot be judged */
	bool fail_closed; /* what cannot be judged is refused */
	bool refuses;
	uint32_t verdict; /* NONE: no record at all */
} modes[MODE_MAX] = {
	[MODE_BLOCK] = {"blocked", BLOCK, .enforce = true, .inside = true, .refuses = true,
			.verdict = TC_VERDICT_BLOCKED},
	[MODE_KILL] = {"killed", "action: kill", .enforce = true, .inside = true, .refuses = true,
		       .verdict = TC_VERDICT_KILLED},
	[MODE_OUTSIDE] = {"outside", BLOCK, .enforce = true},
	[MODE_MONITOR] = {"monitored", BLOCK, .inside = true, .verdict = TC_VERDICT_WOULD_BLOCK},
	[MODE_OPEN] = {"passed", BLOCK, .enforce = true, .inside = true, .in_doubt = true},
	[MODE_CLOSED] = {"stopped", BLOCK, .enforce = true, .inside = true, .in_doubt = true,
			 .fail_closed = true, .refuses = true, .verdict = TC_VERDICT_BLOCKED},
};

static uint32_t generation;

/* One attempt. */
struct trial {
	const struct row *row;
	const struct mode_row *mode;
	struct run *run;
	unsigned told;		  /* records with a verdict of the row's kind */
	unsigned plain;		  /* without one */
	uint64_t undecided, lost; /* counted by the probes before, and then since */
};

static void say(struct trial *trial, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct trial *trial, const char *format, ...)
{
	va_list args;

	trial->run->failures++;
	fputs("#   ", trial->run->report);
	va_start(args, format);
	vfprintf(trial->run->report, format, args);
	va_end(args);
	fputc('\n', trial->run->report);
}

/* --- rules --- */

/* The condition with what $D and $N stand for. */
static void write_condition(FILE *text, const struct trial *trial)
{
	for (const char *c = trial->row->condition; *c; c++) {
		if (c[0] == '$' && c[1] == 'D')
			fputs(trial->run->dir, text);
		else if (c[0] == '$' && c[1] == 'N')
			fprintf(text, "%llu", (unsigned long long)trial->run->notes->number[8]);
		else
			fputc(*c, text);
		c += *c == '$';
	}
}

static char *rule_of(const struct trial *trial)
{
	static const char *const kind_names[TC_KIND_LIMIT] = {
#define TC_EVENT(name, number, family, traits, syscalls, doc) [number] = #name,
#include "schema/events.def"
	};
	uint64_t cgroup_id = trial->run->cgroup_id;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	fprintf(file, "- rule: Forbidden\n  desc: d\n  output: o\n  priority: INFO\n  %s\n",
		trial->row->only_kills ? "action: kill" : trial->mode->action);
	fprintf(file, "  condition: |\n    evt.kind = %s and cgroup.id = %llu and ",
		kind_names[trial->row->kind],
		(unsigned long long)(trial->mode->inside ? cgroup_id : cgroup_id + 1000000));
	write_condition(file, trial);
	fprintf(file, "\n");
	fclose(file);
	return text;
}

static int judge_cgroup(const struct trial *trial, struct tc_kernel_rules *rules, const char *path,
			uint64_t id)
{
	struct tc_cgroup cgroup = {
		.id = id, .path = (char *)path, .path_length = (uint32_t)strlen(path)};
	struct tc_world world = {0};
	struct tc_terms terms;

	tc_kernel_rules_judge_cgroup(rules, &world, &cgroup, &terms);
	return tc_tables_set_cgroup(tc_probes_map(trial->run->watch->probes, "cgroup_terms"), id,
				    generation, &terms);
}

static int put_in_place(struct trial *trial, struct tc_kernel_rules *rules)
{
	const struct run *run = trial->run;
	struct tc_kernel_rule rule = tc_kernel_rules_at(rules, 0);
	int r;

	if (!(rule.enforced & TC_KIND_BIT(trial->row->kind)))
		say(trial, "the compiler does not enforce this rule");
	r = judge_cgroup(trial, rules, run->watch->cgroup, run->watch->cgroup_id);
	if (r == 0)
		r = judge_cgroup(trial, rules, run->cgroup, run->cgroup_id);
	if (r == 0)
		r = tc_tables_set(tc_probes_map(run->watch->probes, "tables"),
				  tc_kernel_rules_tables(rules));
	return r;
}

static int arm(struct trial *trial)
{
	struct tc_kernel_options options = {.generation = ++generation,
					    .fail_closed = trial->mode->fail_closed};
	struct tc_diagnostics diagnostics = {0};
	struct tc_kernel_rules *rules = NULL;
	struct tc_ruleset *set = NULL;
	char *text = rule_of(trial);
	int r = text ? tc_ruleset_examine_bytes("rule.yaml", text, strlen(text), &diagnostics, &set)
		     : -ENOMEM;

	if (r == 0 && diagnostics.errors)
		r = -EINVAL;
	if (r == 0)
		r = tc_kernel_rules_make(set, &options, &rules);
	if (r == 0)
		r = put_in_place(trial, rules);
	if (r < 0) {
		say(trial, "the rule: %s:\n%s", strerror(-r), text ? text : "");
		tc_diagnostics_print(&diagnostics, trial->run->report, false);
	}
	tc_kernel_rules_free(rules);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	tc_probes_controls(trial->run->watch->probes)->enforce = trial->mode->enforce;
	return r;
}

static void disarm(struct trial *trial)
{
	uint32_t zero = 0;

	tc_probes_controls(trial->run->watch->probes)->enforce = 0;
	bpf_map_delete_elem(tc_probes_map(trial->run->watch->probes, "tables"), &zero);
}

/* --- the child --- */

enum { NUMBER_RESULT = 0, NUMBER_HAPPENED = 1, NUMBER_PREPARED = 2, NUMBER_ARMED = 3 };
#define NO_RESULT INT64_MIN /* the attempt did not come back */

static _Noreturn void be_child(struct trial *trial)
{
	struct run *run = trial->run;
	volatile uint64_t *armed = &run->notes->number[NUMBER_ARMED];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(CHILD_SECONDS);
	umask(0);
	must(run, chdir(run->dir) == 0);
	if (trial->row->prepare)
		trial->row->prepare(run);
	__atomic_store_n(&run->notes->number[NUMBER_PREPARED], 1, __ATOMIC_RELEASE);
	while (!*armed)
		usleep(1000);
	enter(run);
	run->notes->number[NUMBER_RESULT] = (uint64_t)NO_RESULT;
	run->notes->number[NUMBER_RESULT] = (uint64_t)(int64_t)trial->row->attempt(run);
	if (trial->row->in_child)
		run->notes->number[NUMBER_HAPPENED] = trial->row->happened(run);
	_exit(0);
}

/* Counts what the probes could not judge, and the records for which they had no room, since the
 * call before. */
static void count_doubts(struct trial *trial)
{
	struct tc_probes *probes = trial->run->watch->probes;
	volatile struct tc_controls *controls = tc_probes_controls(probes);
	const struct tc_rings rings = tc_probes_rings(probes);
	uint64_t undecided = 0, lost = 0;

	for (unsigned i = 0; i < TC_UNDECIDED_MAX; i++)
		undecided += controls->undecided[i];
	for (unsigned cpu = 0; cpu < rings.n_cpus; cpu++)
		lost += rings.states[cpu].lost[TC_LOSS_NO_SCRATCH];
	trial->undecided = undecided - trial->undecided;
	trial->lost = lost - trial->lost;
}

static int try(struct trial *trial)
{
	struct run *run = trial->run;
	volatile uint64_t *prepared = &run->notes->number[NUMBER_PREPARED];
	int r = 0;

	fflush(NULL);
	run->child = fork();
	if (run->child < 0)
		return -errno;
	if (run->child == 0)
		be_child(trial);
	while (!*prepared && waitpid(run->child, &run->status, WNOHANG) == 0)
		usleep(1000);
	if (*prepared) {
		r = arm(trial);
		count_doubts(trial);
		if (trial->row->burden)
			trial->row->burden(run, true);
		__atomic_store_n(&run->notes->number[NUMBER_ARMED], 1, __ATOMIC_RELEASE);
		while (waitpid(run->child, &run->status, 0) < 0 && errno == EINTR)
			;
		if (trial->row->burden)
			trial->row->burden(run, false);
		count_doubts(trial);
	}
	disarm(trial);
	return r;
}

/* --- the verdict --- */

static bool slot_is(const void *record, const struct tc_slot *slot, const char *text)
{
	return slot->stored == strlen(text) &&
	       memcmp((const char *)record + slot->offset, text, slot->stored) == 0;
}

static int look_at_record(void *context, const void *bytes, size_t size)
{
	struct trial *trial = context;
	const struct tc_record *record = bytes;
	const struct row *row = trial->row;

	if (record->verdict == TC_VERDICT_NONE) {
		trial->plain += record->kind == row->kind;
		return 0;
	}
	if (record->kind != row->kind || trial->mode->verdict == TC_VERDICT_NONE) {
		say(trial, "a record of kind %u with verdict %u", record->kind, record->verdict);
		return 0;
	}
	trial->told++;
	if (record->verdict != trial->mode->verdict)
		say(trial, "its verdict is %u, not %u", record->verdict, trial->mode->verdict);
	if (record->rule != 1 || record->generation != generation)
		say(trial, "it names rule %u of generation %u", record->rule, record->generation);
	if (record->cgroup_id !=
	    (trial->run->notes->number[NUMBER_CGROUP] ?: trial->run->cgroup_id))
		say(trial, "it names cgroup %llu", (unsigned long long)record->cgroup_id);
	if (trial->mode->verdict == TC_VERDICT_BLOCKED && record->error != EDOM)
		say(trial, "its error is %u", record->error);
	if (row->path && !slot_is(bytes, row->path(bytes), at(trial->run, row->path_is)))
		say(trial, "its path is \"%.*s\", not \"%s\"", row->path(bytes)->stored,
		    (const char *)bytes + row->path(bytes)->offset, at(trial->run, row->path_is));
	return 0;
}

/* What the child came to, and whether the thing happened. */
static void look_at_effect(struct trial *trial)
{
	struct run *run = trial->run;
	const struct notes *notes = run->notes;
	bool refused = trial->mode->refuses;
	bool killed = WIFSIGNALED(run->status) && WTERMSIG(run->status) == SIGKILL;
	bool shall_die = refused && trial->mode == &modes[MODE_KILL];
	int64_t result = (int64_t)notes->number[NUMBER_RESULT];
	bool happened = notes->number[NUMBER_HAPPENED];

	if (notes->failure[0] || !notes->entered) {
		say(trial, "the child: %s, status 0x%x", notes->failure, run->status);
		return;
	}
	if (killed != shall_die)
		say(trial, "the child's status is 0x%x", run->status);
	if (shall_die && result != NO_RESULT)
		say(trial, "the attempt came back with %lld", (long long)result);
	if (refused && !shall_die && result != -(trial->row->error ?: EDOM))
		say(trial, "the attempt gave %lld (%s)", (long long)result, strerror((int)-result));
	if (!refused && result < 0 && result != NO_RESULT)
		say(trial, "nothing forbids it, but it gave %s", strerror((int)-result));
	if (trial->row->in_child && killed)
		return; /* it is gone, and with it what it might have become */
	if (!trial->row->in_child)
		happened = trial->row->happened(run);
	if (happened == refused)
		say(trial, "it did %shappen", happened ? "" : "not ");
}

/* What could not be judged is counted, and told: by a record that the agent judges, or as a loss.
 */
static void look_at_doubts(struct trial *trial)
{
	bool has_record = trial->told > 0 || trial->plain > 0;

	if ((trial->undecided > 0) != trial->mode->in_doubt)
		say(trial, "%llu decisions were counted as not sure",
		    (unsigned long long)trial->undecided);
	if ((trial->lost > 0) != trial->row->loses)
		say(trial, "%llu records were counted as lost", (unsigned long long)trial->lost);
	if (trial->mode->in_doubt && has_record == trial->row->loses)
		say(trial, "%u records tell of it", trial->told + trial->plain);
}

static void judge(struct trial *trial)
{
	struct run *run = trial->run;
	int r = tc_reader_drain(run->watch->reader, true, look_at_record, trial);

	if (r < 0)
		say(trial, "records: %s", strerror(-r));
	look_at_doubts(trial);
	if ((trial->mode->verdict != TC_VERDICT_NONE && !trial->row->loses) != (trial->told > 0))
		say(trial, "%u records tell of it", trial->told);
	if (chdir(run->dir) < 0)
		say(trial, "%s: %s", run->dir, strerror(errno));
	look_at_effect(trial);
	if (chdir("/") < 0)
		say(trial, "/: %s", strerror(errno));
}

/* --- one trial --- */

static int prepare(struct trial *trial, const char *base)
{
	struct run *run = trial->run;

	snprintf(run->dir, sizeof(run->dir), "%s/%s.%s", base, trial->row->name, trial->mode->name);
	snprintf(run->cgroup, sizeof(run->cgroup), "%s/%s.%s", run->watch->cgroup, trial->row->name,
		 trial->mode->name);
	if (mkdir(run->dir, 0755) < 0)
		return -errno;
	run->cgroup_id = cgroup_make(run->cgroup);
	run->procs_fd = run->cgroup_id ? cgroup_open_procs(run->cgroup) : -EIO;
	return run->procs_fd < 0 ? run->procs_fd : 0;
}

static bool run_trial(const struct row *row, const struct mode_row *mode, struct watch *watch,
		      const char *base, FILE *report)
{
	static struct run run;
	struct trial trial = {.row = row, .mode = mode, .run = &run};
	int r;

	run = (struct run){.watch = watch, .procs_fd = -1, .report = report};
	run.notes = mmap(NULL, sizeof(*run.notes), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = run.notes == MAP_FAILED ? -ENOMEM : prepare(&trial, base);
	if (r >= 0)
		r = try(&trial);
	if (r < 0)
		say(&trial, "the test could not run: %s", strerror(-r));
	else
		judge(&trial);
	if (run.procs_fd >= 0)
		close(run.procs_fd);
	cgroup_remove(run.cgroup);
	if (run.notes != MAP_FAILED)
		munmap(run.notes, sizeof(*run.notes));
	return run.failures == 0;
}

static bool is_attached(const struct watch *watch, const char *program)
{
	struct run run = {.watch = (struct watch *)watch};

	return attached(&run, program);
}

struct counts {
	unsigned passed, failed, lacking;
};

static void run_row(const struct row *row, struct watch *watch, const char *base,
		    struct counts *counts)
{
	const char *lacks = row->lacks ? row->lacks() : NULL;

	if (!lacks && row->needs && !is_attached(watch, row->needs))
		lacks = "no program that could refuse it";
	if (lacks) {
		printf("# not on this kernel: %s: %s\n", row->name, lacks);
		counts->lacking++;
		return;
	}
	for (unsigned mode = 0; mode < MODE_MAX; mode++) {
		char *text = NULL;
		size_t size;
		FILE *report;
		bool good;

		if ((row->only_kills && mode == MODE_BLOCK) ||
		    row->in_doubt != modes[mode].in_doubt)
			continue;
		report = open_memstream(&text, &size);
		good = report && run_trial(row, &modes[mode], watch, base, report);
		if (report)
			fclose(report);
		printf("%sok %u - %s %s\n", good ? "" : "not ", counts->passed + counts->failed + 1,
		       row->name, modes[mode].name);
		fputs(good ? "" : text, stdout);
		free(text);
		*(good ? &counts->passed : &counts->failed) += 1;
	}
}

/* Whether one of the patterns fits; all do without any. */
static bool is_asked_for(const char *name, char *const *patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct row *const tables[] = {
		file_rows,    mmap_rows,   process_rows, mount_rows, kill_rows,
		network_rows, cgroup_rows, way_rows,	 abi_rows,   doubt_rows};
	char base[] = "/tmp/tocsin-enforce.XXXXXX";
	struct counts counts = {0};
	struct watch watch;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(base) || watch_open(&watch, false, RING_BYTES) < 0)
		return 3;
	if (tc_probes_fallback(watch.probes)) {
		puts("0 passed, 1 failed: this kernel has no BPF LSM, so nothing can be refused");
		watch_close(&watch);
		return 1;
	}
	for (size_t i = 0; i < COUNT(tables); i++)
		for (const struct row *row = tables[i]; row->name; row++)
			if (is_asked_for(row->name, argv + (argc > 0)))
				run_row(row, &watch, base, &counts);
	watch_close(&watch);
	printf("%u passed, %u failed", counts.passed, counts.failed);
	if (counts.lacking)
		printf(", %u not on this kernel", counts.lacking);
	putchar('\n');
	return counts.failed || !counts.passed;
}
