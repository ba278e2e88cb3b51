/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: from files to verdicts. This is all that the rest of the agent knows of them.
 */
#ifndef TOCSIN_RULES_H
#define TOCSIN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/buffer.h"
#include "agent/event.h"
#include "decide.h"
#include "rules/diagnostic.h"

/* Falco's priorities; the values are the severities of RFC 5424. */
enum tc_priority {
	TC_PRIORITY_EMERGENCY,
	TC_PRIORITY_ALERT,
	TC_PRIORITY_CRITICAL,
	TC_PRIORITY_ERROR,
	TC_PRIORITY_WARNING,
	TC_PRIORITY_NOTICE,
	TC_PRIORITY_INFORMATIONAL,
	TC_PRIORITY_DEBUG,
	TC_PRIORITY_MAX,
};

/* "Critical". For a value out of range: "?". */
const char *tc_priority_name(enum tc_priority priority);
/* Any case; "info" is Informational. 0 or -EINVAL. */
int tc_priority_parse(const char *name, enum tc_priority *ret_priority);

/* Of an enum tc_action: "alert", "block", "kill"; "none". */
const char *tc_action_name(unsigned action);

struct tc_expression;
struct tc_template;

/* A rule in force. Owned by its set. */
struct tc_rule {
	const char *name;
	const char *description;
	const char *source; /* "syscall" */
	enum tc_priority priority;
	const char *const *tags; /* n_tags of them */
	size_t n_tags;
	const char *file; /* where it was written */
	unsigned line, column;
	uint64_t kinds; /* kinds of events that it can match, as TC_KIND_BIT */
	const struct tc_template *output;
	uint8_t action;	  /* enum tc_action: ALERT, BLOCK or KILL */
	unsigned error;	  /* BLOCK: errno that the call fails with */
	bool best_effort; /* where it cannot block or kill it alerts; else that is an error */
	const struct tc_rate_limit *limit; /* NULL: it speaks each time */
};

struct tc_ruleset;

/*
 * Loads rule files and directories (*.yaml and *.yml in them and below them, in byte order of their
 * names), in the order given, each path once; a later definition replaces or appends to an earlier
 * one, as in Falco. Files must be owned by root (or the caller) and not be writable by others.
 *
 * Everything that is wrong is added to diagnostics. With at least one error among them the result
 * is -EINVAL and *ret_set is untouched; -ENOMEM when memory is out. Free the set with
 * tc_ruleset_free().
 */
int tc_ruleset_load(const char *const *paths, size_t n_paths, struct tc_diagnostics *diagnostics,
		    struct tc_ruleset **ret_set);
void tc_ruleset_free(struct tc_ruleset *set);

/* Rules in force (enabled ones), in file order. */
size_t tc_ruleset_count(const struct tc_ruleset *set);
const struct tc_rule *tc_ruleset_at(const struct tc_ruleset *set, size_t index);
/* Length of a hash as text, without its NUL. */
#define TC_RULESET_HASH_LENGTH 64
/* SHA-256 (FIPS 180-4), in hexadecimal, over the files in the order read: of each the number of its
 * bytes (8 bytes, big-endian), then the bytes, without a byte order mark. */
const char *tc_ruleset_hash(const struct tc_ruleset *set);
/* Kinds of events that at least one rule can match. */
uint64_t tc_ruleset_kinds(const struct tc_ruleset *set);
/* Whether a condition or an output looks at a field. */
bool tc_ruleset_names(const struct tc_ruleset *set, const char *field);

/* Which of the rules that match an event speak. */
enum tc_rule_matching {
	TC_MATCHING_ALL,   /* all of them */
	TC_MATCHING_FIRST, /* the first, in file order: Falco's default */
};

/* "first" or "all". 0 or -EINVAL. */
int tc_rule_matching_parse(const char *word, enum tc_rule_matching *ret_matching);
/* A set that was loaded lets all speak. */
void tc_ruleset_set_matching(struct tc_ruleset *set, enum tc_rule_matching matching);

/*
 * Judges one event: stores up to max matching rules, in file order, and returns how many match.
 * Rules that cannot match this kind of event cost nothing.
 */
size_t tc_ruleset_judge(struct tc_ruleset *set, struct tc_event *event,
			const struct tc_rule **ret_matches, size_t max);

/* What a rule cost. What several rules share is computed for the first of them, which pays. */
struct tc_rule_cost {
	uint64_t looks; /* events for which its condition was evaluated */
	uint64_t matches;
	uint64_t ns;
};

/*
 * From now on judging counts and measures, which takes some tens of nanoseconds for each look:
 * costs has room for all rules, in file order, and one more for what wakes rules up; it is added to
 * what is there. NULL: no more.
 */
void tc_ruleset_measure(struct tc_ruleset *set, struct tc_rule_cost *costs);

/* Appends the rule's output text with its fields filled in; a missing value is <NA>. */
void tc_template_render(const struct tc_template *output, struct tc_event *event,
			struct tc_buffer *text);

/* What a template names: a field, or what a transformer makes of some. */
struct tc_template_field {
	const struct tc_field *field; /* NULL: the value is made by a transformer */
	int index;		      /* %proc.aname[2] has index 2, others -1 */
	const char *name;	      /* as written: proc.aname[2], tolower(proc.name) */
	const struct tc_expression *expression;
};

/* Its value; false, and a value of type NONE, when there is none. */
bool tc_template_field_get(const struct tc_template_field *named, struct tc_event *event,
			   struct tc_value *ret_value);

/* How often a rule speaks. It matches all the same: what is kept back is counted and told. */
struct tc_rate_limit {
	uint64_t count, span_ns; /* so many alerts in a span, which begins with the first of them */
	const struct tc_template_field *by; /* n_by of them: alerts that differ in one are counted
					       apart */
	size_t n_by;
};

/* The fields that the template names, in order, each once. */
const struct tc_template_field *tc_template_fields(const struct tc_template *output,
						   size_t *ret_count);

#endif
