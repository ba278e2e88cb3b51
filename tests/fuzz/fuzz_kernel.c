/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as the input says (conditions.h), for the kernel: what the tables say of events is compared
 * with the agent's verdicts. The kernel never drops what the agent matches; where a rule is exact
 * both say the same, and what is to be refused is refused.
 */
#include <string.h>

#include "agent/value.h"
#include "conditions.h"
#include "fuzz.h"
#include "random.h"
#include "rules/kernel/bits.h"
#include "rules/kernel/kernel.h"
#include "tests/unit/rules/hook.h"
#include "told.h"

#define EVENTS 16
#define EVENT_BYTES 32

/* What hooks see, and some of what they do not. */
static const char *const frequent[] = {
	"fd.name",
	"fd.name",
	"file.path",
	"fd.directory",
	"fd.filename",
	"evt.kind",
	"evt.type",
	"evt.arg.flags",
	"evt.arg.mode",
	"fd.typechar",
	"evt.arg.newpath",
	"evt.arg.oldpath",
	"proc.exepath",
	"proc.name",
	"user.uid",
	"group.gid",
	"ns.mnt",
	"cgroup.path",
	"cgroup.unit",
	"container.id",
	"fd.rip",
	"fd.lip",
	"fd.rport",
	"fd.lport",
	"fd.ip",
	"mount.op",
	"mount.flags",
	"mount.target",
	"evt.arg.sig",
	"target.pid",
	"target.name",
	"proc.pname",
	"evt.is_open_read",
	"chown.uid",
	"setuid.euid",
	"xattr.name",
	"evt.arg.cmd",
	"fs.path.name",
	"fd.num",
	"evt.is_open_write",
	"trace.door",
	"container.image",
	"evt.arg.oldfd",
	"proc.cmdline",
	"thread.cap_effective",
	"evt.failed",
	"socket.family",
	"file.uid",
	"fd.dev",
	"exit.status",
};

static const struct fuzz_style style = {.fields = frequent,
					.n_fields = sizeof(frequent) / sizeof(frequent[0]),
					.rules = 6,
					.depth = 1,
					.calls = 6,
					.actions = true};

/* One set of rules, and one event. */
struct comparing {
	struct tc_ruleset *set;
	struct tc_kernel_rules *kernel;
	struct tc_event *event;
	bool *matches; /* by rule: the agent's verdicts */
	struct hook_verdict verdict;
};

static void judge(struct comparing *comparing)
{
	size_t n_rules = tc_ruleset_count(comparing->set), n;
	const struct tc_rule **matches = calloc(n_rules + 1, sizeof(*matches));
	struct tc_event *event = comparing->event;
	struct tc_terms cgroup;

	fuzz_need(matches);
	if (event->cgroup)
		tc_kernel_rules_judge_cgroup(comparing->kernel, event->world, event->cgroup,
					     &cgroup);
	comparing->verdict = hook_decide(tc_kernel_rules_tables(comparing->kernel), event,
					 event->cgroup ? &cgroup : NULL);
	n = tc_ruleset_judge(comparing->set, event, matches, n_rules);
	memset(comparing->matches, 0, n_rules * sizeof(*comparing->matches));
	for (size_t i = 0; i < n; i++)
		comparing->matches[matches[i] - comparing->set->rules] = true;
	free(matches);
}

/* Whether a bit holds in the kernel. */
static bool is_left(const struct comparing *comparing, uint32_t bit)
{
	const struct tc_tables *tables = tc_kernel_rules_tables(comparing->kernel);
	const struct tc_decision *decision = &comparing->verdict.decision;

	return tc_terms_have(&decision->left, bit) &&
	       tc_terms_have(tc_row(tables, tables->wanted), bit) &&
	       tc_is_not_vetoed(tables, decision, bit);
}

/* Whether one of the bits that may be the rule's holds. */
static bool is_rule_left(const struct comparing *comparing, size_t rule)
{
	const struct tc_tables *tables = tc_kernel_rules_tables(comparing->kernel);

	for (uint32_t bit = 0; bit < TC_TERMS_MAX; bit++)
		if ((!tables->terms[bit].rule || tables->terms[bit].rule == rule + 1) &&
		    is_left(comparing, bit))
			return true;
	return false;
}

static void show_event(struct tc_event *event)
{
	struct tc_buffer text = {0};
	struct tc_value value;

	for (unsigned id = 0; id < tc_field_count(); id++) {
		if (!tc_event_get(event, tc_field_at(id), -1, &value) && !value.flags)
			continue;
		tc_buffer_printf(&text, "  %s: ", tc_field_at(id)->name);
		tc_value_print(&text, &value, tc_field_at(id)->show);
		tc_buffer_add_char(&text, '\n');
	}
	fprintf(stderr, "%s", text.bytes);
	tc_buffer_done(&text);
}

static void fail(const struct comparing *comparing, size_t rule, const char *what)
{
	show_event(comparing->event);
	fuzz_fail("rule %s, %s: the agent says %s, the kernel %s", comparing->set->rules[rule].name,
		  comparing->event->kind->name, comparing->matches[rule] ? "true" : "false", what);
}

/* What is exact is so unless something could not be judged. */
static bool is_sure(const struct comparing *comparing)
{
	return !comparing->verdict.is_doubtful && comparing->event->cgroup &&
	       (comparing->event->record->syscall >= 0 || !*comparing->event->kind->syscalls);
}

static void compare_rule(const struct comparing *comparing, size_t number)
{
	struct tc_kernel_rule rule = tc_kernel_rules_at(comparing->kernel, number);
	uint64_t kind = TC_KIND_BIT(comparing->event->record->kind);

	random_matches += comparing->matches[number];
	if (comparing->matches[number] && !is_rule_left(comparing, number))
		fail(comparing, number, "drops it");
	if (rule.enforced & kind && comparing->matches[number] && is_sure(comparing) &&
	    !comparing->verdict.enforces)
		fail(comparing, number, "does not enforce");
}

/* A bit of one rule that is exact holds only if the rule matches. */
static void compare_bit(const struct comparing *comparing, uint32_t bit)
{
	const struct tc_bit *term = &tc_kernel_rules_tables(comparing->kernel)->terms[bit];
	uint64_t kind = TC_KIND_BIT(comparing->event->record->kind);
	bool is_exact;

	if (!term->rule || !is_left(comparing, bit) || !is_sure(comparing))
		return;
	is_exact = term->action >= TC_ACTION_BLOCK ||
		   tc_kernel_rules_at(comparing->kernel, term->rule - 1).exact & kind;
	random_exact += is_exact;
	if (is_exact && !comparing->matches[term->rule - 1])
		fail(comparing, term->rule - 1, "true");
}

static bool is_told_by_probes(const struct tc_event *event)
{
	return !(event->kind->traits & TC_TRAIT_AGENT);
}

static void compare(struct tc_ruleset *set, struct tc_kernel_rules *kernel, struct tc_event *event)
{
	struct comparing comparing = {.set = set, .kernel = kernel, .event = event};

	comparing.matches = calloc(set->n_rules + 1, sizeof(*comparing.matches));
	fuzz_need(comparing.matches);
	judge(&comparing);
	for (size_t i = 0; i < set->n_rules; i++)
		compare_rule(&comparing, i);
	for (uint32_t bit = 0; bit < TC_TERMS_MAX; bit++)
		compare_bit(&comparing, bit);
	free(comparing.matches);
	random_pairs++;
}

static void compare_events(struct tc_ruleset *set, struct tc_kernel_rules *kernel,
			   struct fuzz_input *events, const struct tc_field *const *fields)
{
	static struct fuzz_told told;

	if (!told.event.cache) {
		fuzz_told_init(&told);
		fuzz_told_see(&told);
	}
	for (unsigned i = 0; i < EVENTS; i++) {
		struct tc_event *event = fuzz_told_next(&told, &events[i], fields, FUZZ_FIELDS);

		if (is_told_by_probes(event))
			compare(set, kernel, event);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	/* With all the room there is, and with next to none. */
	static const struct tc_kernel_budget budgets[] = {
		{.bits = 3, .pieces = 0, .narrow = true},
		{.bits = TC_TERMS_MAX, .pieces = 2, .narrow = true},
		{.bits = 2, .pieces = 1, .flat = true, .narrow = false},
	};
	struct fuzz_input input = {bytes, size}, events[EVENTS];
	const struct tc_field *fields[FUZZ_FIELDS];
	struct tc_kernel_options options = {.generation = 1};
	struct tc_diagnostics diagnostics = {0};
	struct tc_kernel_rules *kernel;
	struct tc_ruleset *set = NULL;
	struct tc_buffer yaml = {0};
	unsigned budget;

	for (unsigned i = 0; i < EVENTS; i++)
		events[i] = fuzz_part(&input, EVENT_BYTES);
	budget = fuzz_below(&input, 8);
	options.budget = budget < 3 ? &budgets[budget] : NULL;
	options.fail_closed = fuzz_byte(&input) & 1;
	fuzz_write_rules(&input, &style, &yaml, fields);
	if (getenv("FUZZ_SHOW"))
		fprintf(stderr, "%s", yaml.bytes);
	fuzz_need(tc_ruleset_examine_bytes("fuzz.yaml", yaml.bytes, yaml.length, &diagnostics,
					   &set) == 0);
	fuzz_need(tc_kernel_rules_make(set, &options, &kernel) == 0);
	compare_events(set, kernel, events, fields);
	tc_kernel_rules_free(kernel);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&yaml);
	return 0;
}
