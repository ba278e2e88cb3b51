/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes judging fast must not change what is judged: random rules on random events, by the
 * compiled program with its matchers and its dispatch, and by a plain walk of the tree.
 */
#include "fixture.h"

#define SETS 24
#define RULES 100
#define EVENTS 1000

static uint64_t seed = 88172645463325252ULL;

static unsigned draw(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 11) % below);
}

/* --- random rules --- */

/* Few letters, so that much matches. */
static size_t draw_word(char *word, const char *letters, unsigned most)
{
	size_t length = draw(most + 1);

	for (size_t i = 0; i < length; i++)
		word[i] = letters[draw((unsigned)strlen(letters))];
	word[length] = '\0';
	return length;
}

static void add_word(struct tc_buffer *text, const char *letters)
{
	char word[16];
	size_t length = draw_word(word, letters, draw(4) ? 4 : 12);

	tc_buffer_add_char(text, '"');
	for (size_t i = 0; i < length; i++) {
		if (word[i] == '\\')
			tc_buffer_add_char(text, '\\');
		tc_buffer_add_char(text, word[i]);
	}
	tc_buffer_add_char(text, '"');
}

static void add_words(struct tc_buffer *text, const char *letters)
{
	unsigned n = 1 + draw(4);

	for (unsigned i = 0; i < n; i++) {
		tc_buffer_add_string(text, i ? ", " : "(");
		add_word(text, letters);
	}
	tc_buffer_add_char(text, ')');
}

#define PLAIN "ab/AB."
#define GLOB "ab/A*?[]\\!-"

static const struct {
	const char *op, *letters;
	bool set;
} operators[] = {
	{"=", PLAIN, false},	     {"!=", PLAIN, false},	   {"contains", PLAIN, false},
	{"icontains", PLAIN, false}, {"startswith", PLAIN, false}, {"endswith", PLAIN, false},
	{"glob", GLOB, false},	     {"iglob", GLOB, false},	   {"in", PLAIN, true},
	{"intersects", PLAIN, true}, {"pmatch", "ab//", true},	   {"pmatch", "ab//*?[]", true},
	{"<", PLAIN, false},	     {">=", PLAIN, false},
};

static void add_check(struct tc_buffer *text)
{
	static const char *const strings[] = {
		"fd.name",	"proc.name",	"proc.pname",	 "proc.aname",	 "proc.exepath",
		"proc.cmdline", "fd.directory", "proc.aname[1]", "fs.path.name", "proc.exe"};
	static const char *const others[] = {"evt.type in (open, openat)",
					     "evt.is_open_write = true",
					     "proc.pid = 42",
					     "proc.argv in (\"a\", \"b\", \"ab\", \"\")",
					     "proc.argv intersects (\"a\", \"/b\")",
					     "fd.name exists",
					     "evt.type = execve",
					     "proc.pid > 50",
					     "proc.ppid exists"};
	unsigned op = draw(sizeof(operators) / sizeof(operators[0]));

	if (!draw(4)) {
		tc_buffer_add_string(text, others[draw(sizeof(others) / sizeof(others[0]))]);
		return;
	}
	tc_buffer_add_string(text, strings[draw(sizeof(strings) / sizeof(strings[0]))]);
	tc_buffer_printf(text, " %s ", operators[op].op);
	if (operators[op].set)
		add_words(text, operators[op].letters);
	else
		add_word(text, operators[op].letters);
}

static void add_condition(struct tc_buffer *text, unsigned depth)
{
	unsigned n = 1 + draw(4);
	const char *join = draw(2) ? " and " : " or ";

	if (!depth || !draw(4)) {
		add_check(text);
		return;
	}
	tc_buffer_add_string(text, draw(4) ? "(" : "not (");
	for (unsigned i = 0; i < n; i++) {
		if (i)
			tc_buffer_add_string(text, join);
		add_condition(text, depth - 1);
	}
	tc_buffer_add_char(text, ')');
}

static struct tc_ruleset *draw_rules(void)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_buffer text = {0};
	struct tc_ruleset *set;

	for (unsigned i = 0; i < RULES; i++) {
		tc_buffer_printf(&text,
				 "- rule: r%u\n  desc: d\n  priority: INFO\n  output: o\n"
				 "  condition: |\n    ",
				 i);
		add_condition(&text, 3);
		tc_buffer_add_char(&text, '\n');
	}
	tc_buffer_add_char(&text, '\0');
	set = rules_from(text.bytes, &diagnostics);
	if (!set)
		tc_diagnostics_print(&diagnostics, stderr, false);
	assert_non_null(set);
	assert_int_equal(tc_ruleset_count(set), RULES);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&text);
	return set;
}

/* --- random events --- */

/* A value that is whole, or cut at either end, or could not be read to its end. */
static void add_slot(struct made *made, struct tc_slot *slot, const char *bytes, size_t length)
{
	made_slot(made, slot, bytes, length, length + (draw(4) ? 0 : draw(4)));
	if (slot->flags & TC_SLOT_CUT && draw(2))
		slot->flags |= TC_SLOT_TAIL;
	if (!draw(12))
		slot->flags |= TC_SLOT_UNREADABLE;
}

static void add_path(struct made *made, struct tc_slot *slot)
{
	char path[24] = "/";
	size_t start = draw(4) ? 1 : 0;

	add_slot(made, slot, path, start + draw_word(path + start, PLAIN, 20));
}

static void draw_name(char *name)
{
	draw_word(name, PLAIN, 3);
}

static void fill_exec(struct made *made)
{
	char argv[64];
	size_t length = 0;

	for (unsigned i = 1 + draw(3); i; i--)
		length += draw_word(argv + length, PLAIN, 6) + 1;
	add_path(made, &made->exec.exe);
	made_slot(made, &made->exec.argv, argv, length, length + (draw(4) ? 0 : 5));
	made->exec.header.syscall = 59;
}

/* What exec gave the process: of an image on the heap. */
static void draw_event(struct made *made, struct tc_image_counts *counts)
{
	static const enum tc_kind kinds[] = {TC_KIND_open, TC_KIND_open, TC_KIND_create,
					     TC_KIND_exit};
	enum tc_kind kind = kinds[draw(4)];
	bool is_exec = !draw(3);
	struct tc_image *image;

	made_begin(made, TC_KIND_exec);
	fill_exec(made);
	image = tc_image_new(counts, &made->exec, 0, TC_RECORD_MAX);
	assert_non_null(image);
	if (!is_exec) {
		made_done(made);
		made_begin(made, kind);
		made->header.syscall = kind == TC_KIND_exit ? 231 : 257;
		made->header.tgid = 41 + draw(12);
		if (kind == TC_KIND_open) {
			made->open.open_flags = draw(4);
			made->open.type = 0100000;
			add_path(made, &made->open.path);
		}
		if (kind == TC_KIND_create)
			add_path(made, &((struct tc_create *)&made->header)->path);
	}
	made->process.image = image;
	draw_name(made->process.comm);
	draw_name(made->parent.comm);
	made_end(made);
}

/* --- a plain walk --- */

static bool walk(struct tc_ruleset *set, struct tc_event *event, uint32_t number)
{
	const struct tc_program *program = &set->program;
	const struct tc_node *node = &program->nodes[number];
	const struct tc_check *check;
	const struct tc_input *input;
	struct tc_value value;

	switch (node->kind) {
	case TC_NODE_CHECK:
		check = &program->checks[node->first];
		input = &program->inputs[check->input];
		return tc_event_get(event, input->field, input->index, &value) &&
		       value.type == input->type && tc_check_holds(check, input, &value);
	case TC_NODE_NOT:
		return !walk(set, event, program->children[node->first]);
	default:
		for (uint32_t i = 0; i < node->n; i++)
			if (walk(set, event, program->children[node->first + i]) ==
			    (node->kind == TC_NODE_OR))
				return node->kind == TC_NODE_OR;
		return node->kind == TC_NODE_AND;
	}
}

static size_t compare(struct tc_ruleset *set, struct tc_event *event)
{
	const struct tc_rule *matches[RULES];
	size_t n = tc_ruleset_judge(set, event, matches, RULES), at = 0;

	for (size_t i = 0; i < RULES; i++) {
		const struct tc_rule *rule = tc_ruleset_at(set, i);
		bool judged = at < n && matches[at] == rule;

		if (walk(set, event, set->nodes[i]) != judged)
			fail_msg("line %u of the rules: judged %d", rule->line, judged);
		at += judged;
	}
	assert_int_equal(at, n);
	return n;
}

static void random_rules_are_judged_as_by_a_plain_walk(void **state)
{
	struct tc_image_counts counts = {0};
	static struct made made;
	size_t matches = 0, pairs = (size_t)SETS * EVENTS * RULES;

	for (unsigned i = 0; i < SETS; i++) {
		struct tc_ruleset *set = draw_rules();

		for (unsigned n = 0; n < EVENTS; n++) {
			draw_event(&made, &counts);
			matches += compare(set, &made.event);
			tc_image_unref(made.process.image);
			made_done(&made);
		}
		tc_ruleset_free(set);
	}
	/* Both outcomes are there. */
	assert_in_range(matches, pairs / 10, pairs / 10 * 9);
}

/* Judged with rules that need what the event does not have: nothing is looked at. */
static void a_rule_sleeps_until_what_it_needs_comes_up(void **state)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_buffer text = {0};
	struct tc_ruleset *set;
	struct made made;

	for (unsigned i = 0; i < 64; i++)
		tc_buffer_printf(
			&text,
			"- rule: r%u\n  desc: d\n  priority: INFO\n  output: o\n"
			"  condition: evt.type = openat and fd.name startswith /etc/x%u/ and "
			"proc.pid > 0\n",
			i, i);
	tc_buffer_add_char(&text, '\0');
	set = rules_from(text.bytes, &diagnostics);
	assert_non_null(set);
	made_begin(&made, TC_KIND_open);
	made.header.syscall = 257;
	made_text(&made, &made.open.path, "/etc/x17/y");
	made_end(&made);

	tc_program_next(&set->program);
	const uint64_t *awake =
		tc_dispatch_wake(&set->dispatch, &set->program, &made.event, TC_KIND_open);
	assert_int_equal(awake[0], 1ULL << 17);
	const struct tc_rule *match = NULL;
	assert_int_equal(tc_ruleset_judge(set, &made.event, &match, 1), 1);
	assert_string_equal(match->name, "r17");
	made_done(&made);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_rules_are_judged_as_by_a_plain_walk),
		cmocka_unit_test(a_rule_sleeps_until_what_it_needs_comes_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
