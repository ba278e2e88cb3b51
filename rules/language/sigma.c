/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/sigma.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/nearest.h"
#include "rules/language/sigma_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *word;
	enum tc_priority priority;
} levels[] = {
#define TC_SIGMA_LEVEL(word, priority) {word, TC_PRIORITY_##priority},
#include "rules/language/sigma.def"
};

void tc_sigma_emit(struct tc_sigma *sigma, const struct tc_yaml *node, const char *words)
{
	if (*words && !sigma->failed)
		tc_text_add_words(sigma->text, words, node);
}

struct tc_diagnostic *tc_sigma_fault(struct tc_sigma *sigma, enum tc_diagnostic_kind kind,
				     struct tc_where where, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	sigma->faulty = true;
	return tc_where_report(sigma->library->diagnostics, kind, where, "%s", text);
}

void tc_sigma_leave_out(struct tc_sigma *sigma, struct tc_where where, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (sigma->reason)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	sigma->reason = tc_arena_copy(&sigma->library->arena, text, strlen(text));
	sigma->reason_where = where;
	sigma->failed |= !sigma->reason;
}

void tc_sigma_warn_never(struct tc_sigma *sigma, struct tc_where where, const char *name,
			 const char *why)
{
	tc_diagnostic_hint(tc_where_report(sigma->library->diagnostics, TC_DIAGNOSTIC_SIGMA_NEVER,
					   where, "`%s` is never there", name),
			   "%s", why);
}

bool tc_sigma_is(const struct tc_yaml *document)
{
	static const char *const keys[] = {"detection", "logsource",   "title",
					   "filter",	"correlation", "action"};

	for (size_t i = 0; document->kind == TC_YAML_MAPPING && i < COUNT(keys); i++) {
		if (tc_yaml_get(document, keys[i]))
			return true;
	}
	return false;
}

/* The text of a scalar that is not empty, or NULL. */
static const struct tc_yaml *scalar(const struct tc_yaml *mapping, const char *key)
{
	const struct tc_yaml *value = tc_yaml_get(mapping, key);

	return value && value->kind == TC_YAML_SCALAR && value->length ? value : NULL;
}

/* --- the rule's name --- */

/* A node with other text in the same place; NULL when memory is out. */
static const struct tc_yaml *reworded(struct tc_sigma *sigma, const struct tc_yaml *node,
				      const char *text, size_t length)
{
	struct tc_yaml *copy = tc_arena_alloc(&sigma->library->arena, sizeof(*copy));

	if (copy) {
		*copy = *node;
		copy->next = NULL;
		copy->length = (uint32_t)length;
		copy->text = tc_arena_copy(&sigma->library->arena, text, length);
	}
	sigma->failed |= !copy || !copy->text;
	return sigma->failed ? NULL : copy;
}

/* The title; with the id behind it when another rule has it. NULL: there is none, which was told,
 * or memory is out. */
static const struct tc_yaml *name_of(struct tc_sigma *sigma)
{
	const struct tc_yaml *id = scalar(sigma->document, "id");
	_cleanup_buffer_ struct tc_buffer text = {0};
	const struct tc_rule_source *other;

	if (!sigma->title) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_KEY_MISSING,
			       tc_yaml_where(sigma->document->first), "this rule has no `title`");
		return NULL;
	}
	other = tc_library_rule(sigma->library, sigma->title->text, sigma->title->length);
	if (!other || !id || (other->id && !strcmp(other->id, id->text)))
		return sigma->title;
	tc_buffer_printf(&text, "%s (%s)", sigma->title->text, id->text);
	if (tc_buffer_failed(&text)) {
		sigma->failed = true;
		return NULL;
	}
	return reworded(sigma, sigma->title, text.bytes, text.length);
}

/* --- what goes with it --- */

static void read_level(struct tc_sigma *sigma, struct tc_rule_source *rule)
{
	const struct tc_yaml *level = tc_yaml_get(sigma->document, "level");
	struct tc_nearest nearest = {0};
	struct tc_diagnostic *found;

	rule->priority = TC_PRIORITY_WARNING;
	if (!level)
		return;
	for (size_t i = 0; i < COUNT(levels); i++) {
		if (level->kind != TC_YAML_SCALAR || strcasecmp(level->text, levels[i].word) != 0)
			continue;
		rule->priority = levels[i].priority;
		return;
	}
	found = tc_sigma_fault(sigma, TC_DIAGNOSTIC_PRIORITY, tc_yaml_where(level),
			       "unknown level `%s`",
			       level->kind == TC_YAML_SCALAR ? level->text : "");
	if (level->kind == TC_YAML_SCALAR)
		nearest = (struct tc_nearest){.word = level->text, .length = level->length};
	for (size_t i = 0; nearest.word && i < COUNT(levels); i++)
		tc_nearest_offer(&nearest, levels[i].word);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else
		tc_diagnostic_hint(found, "one of informational, low, medium, high, critical");
}

/* attack.t1059.004 is T1059.004: outputs know techniques by that. */
static const struct tc_yaml *read_tag(struct tc_sigma *sigma, const struct tc_yaml *tag)
{
	char text[16] = "T";
	size_t length = tag->length - 8;

	if (tag->length < 12 || length > 14 || strncasecmp(tag->text, "attack.t", 8) != 0 ||
	    strspn(tag->text + 8, "0123456789.") != length)
		return tag;
	memcpy(text + 1, tag->text + 8, length);
	return reworded(sigma, tag, text, length + 1);
}

static void read_tags(struct tc_sigma *sigma, struct tc_rule_source *rule)
{
	const struct tc_yaml *tags = tc_yaml_get(sigma->document, "tags");

	if (!tags || tags->kind != TC_YAML_SEQUENCE)
		return;
	for (const struct tc_yaml *tag = tags->first; tag && !sigma->failed; tag = tag->next) {
		if (tag->kind == TC_YAML_SCALAR && tc_rule_add_tag(rule, read_tag(sigma, tag)))
			sigma->failed = true;
	}
}

/* What an alert says: the title, and the fields that the rule names. */
static void write_output(struct tc_sigma *sigma, struct tc_rule_source *rule)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	const char *shown = tc_sigma_source_shown(sigma->source);

	for (const char *c = sigma->title->text; *c; c++)
		tc_buffer_add_string(&text, (const char[]){*c, *c == '%' ? '%' : '\0', '\0'});
	tc_buffer_printf(&text, " (%s", shown);
	/* Each is between blanks. */
	for (const char *at = sigma->shown.length ? sigma->shown.bytes : ""; *at;) {
		const char *word = at + strspn(at, " ");
		size_t length = strcspn(word, " ");
		_cleanup_buffer_ struct tc_buffer one = {0};

		tc_buffer_add(&one, word, length);
		if (length && !tc_buffer_failed(&one) && !strstr(shown, one.bytes))
			tc_buffer_printf(&text, " %s", one.bytes);
		at = word + length;
	}
	tc_buffer_add_string(&text, ")");
	if (tc_buffer_failed(&text) || tc_buffer_failed(&sigma->shown))
		sigma->failed = true;
	else
		tc_text_add_words(&rule->output, text.bytes, sigma->title);
}

/* --- the condition --- */

/* The events of the source; of auditd those that the rule asks for. */
static const char *events_of(const struct tc_sigma *sigma)
{
	if (sigma->source != TC_SIGMA_auditd || sigma->names_type || sigma->names_syscall)
		return tc_sigma_source_condition(sigma->source);
	return tc_sigma_word(TC_SIGMA_auditd, "type", sigma->names_path ? "PATH" : "EXECVE");
}

static void write_condition(struct tc_sigma *sigma)
{
	const struct tc_yaml *condition = tc_yaml_get(sigma->detection, "condition");
	const struct tc_yaml *timeframe = tc_yaml_get(sigma->detection, "timeframe");
	const char *events;

	if (!condition) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_KEY_MISSING,
			       tc_yaml_where(sigma->detection->first ? sigma->detection->first
								     : sigma->detection),
			       "this detection has no `condition`");
		return;
	}
	tc_sigma_survey(sigma);
	events = events_of(sigma);
	tc_sigma_emit(sigma, condition, "(");
	tc_sigma_emit(sigma, condition, events);
	tc_sigma_emit(sigma, condition, *events ? " and " : "");
	tc_sigma_condition(sigma, condition);
	tc_sigma_emit(sigma, condition, ")");
	if (timeframe)
		tc_sigma_leave_out(sigma, tc_yaml_where(timeframe),
				   "it counts events over time, and each event is judged alone");
}

/* --- the document --- */

/* Kinds of documents that are known and not read. */
static bool is_other_kind(struct tc_sigma *sigma)
{
	static const struct {
		const char *key, *reason;
	} kinds[] = {
		{"correlation", "it counts events over time, and each event is judged alone"},
		{"filter", "filters of Sigma's are not read: append to the rules' conditions"},
		{"action", "documents that stand for others (action) are not read"},
	};

	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct tc_yaml *value = tc_yaml_get(sigma->document, kinds[i].key);

		if (value)
			tc_sigma_leave_out(sigma, tc_yaml_where(value), "%s", kinds[i].reason);
	}
	return sigma->reason != NULL;
}

static bool is_retired(struct tc_sigma *sigma)
{
	const struct tc_yaml *status = scalar(sigma->document, "status");

	if (status &&
	    (!strcasecmp(status->text, "deprecated") || !strcasecmp(status->text, "unsupported")))
		tc_sigma_leave_out(sigma, tc_yaml_where(status), "its status is %s", status->text);
	return sigma->reason != NULL;
}

static void read_detection(struct tc_sigma *sigma)
{
	const struct tc_yaml *logsource = tc_yaml_get(sigma->document, "logsource");

	sigma->detection = tc_yaml_get(sigma->document, "detection");
	if (!logsource || !sigma->detection) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_KEY_MISSING,
			       tc_yaml_where(sigma->document->first), "this rule has no `%s`",
			       logsource ? "detection" : "logsource");
	} else if (sigma->detection->kind != TC_YAML_MAPPING) {
		tc_sigma_fault(sigma, TC_DIAGNOSTIC_SIGMA_SHAPE, tc_yaml_where(sigma->detection),
			       "`detection` is a mapping of selections and `condition`");
	} else if (tc_sigma_source_read(sigma, logsource)) {
		write_condition(sigma);
	}
}

/* Reads the rule into its place. */
static void read_rule(struct tc_sigma *sigma, struct tc_rule_source *rule)
{
	const struct tc_yaml *id = scalar(sigma->document, "id");
	const struct tc_yaml *description = scalar(sigma->document, "description");

	rule->id = id ? id->text : NULL;
	tc_text_add_node(&rule->description, description ? description : sigma->title);
	read_level(sigma, rule);
	read_tags(sigma, rule);
	if (!is_other_kind(sigma) && !is_retired(sigma))
		read_detection(sigma);
	if (!sigma->faulty && !sigma->reason && !sigma->failed)
		write_output(sigma, rule);
	rule->definition.faulty |= sigma->faulty;
	rule->skipped = sigma->reason != NULL;
}

static int leave_out(struct tc_sigma *sigma, const struct tc_yaml *name)
{
	tc_where_report(sigma->library->diagnostics, TC_DIAGNOSTIC_SIGMA_LEFT_OUT,
			sigma->reason_where, "rule `%s` is left out: %s", name->text,
			sigma->reason);
	return tc_library_leave_out(sigma->library, name, sigma->reason);
}

int tc_sigma_read(struct tc_library *library, const struct tc_yaml *document)
{
	struct tc_sigma sigma = {.library = library, .document = document};
	struct tc_rule_source *rule = NULL;
	const struct tc_yaml *name;
	int r = 0;

	sigma.title = scalar(document, "title");
	library->source->n_rules++;
	name = name_of(&sigma);
	if (name && !sigma.failed)
		r = tc_library_define_rule(library, name, &rule);
	if (rule && !r) {
		sigma.text = &rule->condition;
		read_rule(&sigma, rule);
		sigma.failed |= tc_text_failed(&rule->condition) || tc_text_failed(&rule->output) ||
				tc_text_failed(&rule->description);
		if (sigma.reason && !sigma.failed)
			r = leave_out(&sigma, name);
	}
	tc_buffer_done(&sigma.shown);
	return sigma.failed ? -ENOMEM : r;
}
