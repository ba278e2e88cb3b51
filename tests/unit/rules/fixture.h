/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of rules share: events made by hand, rules made of strings. */
#ifndef TOCSIN_TESTS_RULES_FIXTURE_H
#define TOCSIN_TESTS_RULES_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/enrich/world.h"
#include "agent/event.h"
#include "rules/ruleset.h"

/* A record that is being put together, and the event that is read from it. */
struct made {
	struct tc_event event;
	struct tc_world world;
	struct tc_process parent, process;
	union {
		struct tc_record header;
		struct tc_exec exec;
		struct tc_open open;
		struct tc_connect connect;
		struct tc_mount_setattr mount_setattr;
		char bytes[TC_RECORD_MAX];
	};
};

static inline void made_begin(struct made *made, enum tc_kind kind)
{
	const struct tc_kind_info *info = tc_kind_info(kind);

	memset(made, 0, sizeof(*made));
	assert_int_equal(tc_event_init(&made->event), 0);
	made->header.kind = (uint16_t)kind;
	made->header.version = TC_RECORD_VERSION;
	made->header.size = info->fixed_size;
	made->header.tgid = 42;
	made->header.syscall = -1;
	memcpy(made->header.comm.bytes, "cat", 4);
	memcpy(made->process.comm, "cat", 4);
	memcpy(made->parent.comm, "sh", 3);
	made->process.parent = &made->parent;
}

/* Puts bytes behind the record. size is how many there were: more than length for a cut value. */
static inline void made_slot(struct made *made, struct tc_slot *slot, const char *bytes,
			     size_t length, size_t size)
{
	memcpy(made->bytes + made->header.size, bytes, length);
	*slot = (struct tc_slot){.size = (uint32_t)size,
				 .offset = (uint16_t)made->header.size,
				 .stored = (uint16_t)length,
				 .flags = TC_SLOT_PRESENT | (size > length ? TC_SLOT_CUT : 0)};
	made->header.size += (uint32_t)length;
}

static inline void made_text(struct made *made, struct tc_slot *slot, const char *text)
{
	made_slot(made, slot, text, strlen(text), strlen(text));
}

/* An address as TC_TYPE_IP has it. */
static inline void made_ip(struct made *made, struct tc_slot *slot, const char *text)
{
	char bytes[TC_IP_BYTES] = {[10] = (char)0xff, [11] = (char)0xff};

	if (inet_pton(AF_INET, text, bytes + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, bytes), 1);
	made_slot(made, slot, bytes, sizeof(bytes), sizeof(bytes));
}

static inline void made_end(struct made *made)
{
	tc_event_reset(&made->event, &made->header, tc_kind_info(made->header.kind));
	made->event.world = &made->world;
	made->event.process = &made->process;
}

static inline void made_done(struct made *made)
{
	tc_event_done(&made->event);
}

/* Rules from text; NULL when it has errors. */
static inline struct tc_ruleset *rules_from(const char *text, struct tc_diagnostics *diagnostics)
{
	struct tc_ruleset *set = NULL;

	assert_int_equal(
		tc_ruleset_examine_bytes("test.yaml", text, strlen(text), diagnostics, &set), 0);
	if (diagnostics->errors) {
		tc_ruleset_free(set);
		return NULL;
	}
	return set;
}

/* A file with one rule, for one condition. To be freed. */
static inline char *rule_text(const char *condition)
{
	char *text;

	assert_true(asprintf(&text,
			     "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n  condition: "
			     "|\n    %s\n",
			     condition) > 0);
	return text;
}

/* Judges an event by one condition, which must be valid. */
static inline bool holds(struct made *made, const char *condition)
{
	struct tc_diagnostics diagnostics = {0};
	char *text = rule_text(condition);
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	const struct tc_rule *match = NULL;

	if (!set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused: %s", condition);
	}
	size_t n = tc_ruleset_judge(set, &made->event, &match, 1);
	if (n)
		assert_string_equal(match->name, "r");
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	free(text);
	return n == 1;
}

/* Asserts that text is refused with exactly one error, of this code, at this place. */
static inline void assert_refused(const char *text, const char *code, unsigned line,
				  unsigned column)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	const struct tc_diagnostic *found = diagnostics.items;

	while (found && !set && found->severity != TC_SEVERITY_ERROR)
		found++;
	if (set || diagnostics.errors != 1 || strcmp(found->code, code) || found->line != line ||
	    found->column != column) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("expected %s at %u:%u in:\n%s", code, line, column, text);
	}
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

/* The same for one condition, which starts in line 6, column 5 of its file. */
static inline void assert_condition_refused(const char *condition, const char *code,
					    unsigned column)
{
	char *text = rule_text(condition);

	assert_refused(text, code, 6, 4 + column);
	free(text);
}

/* How many warnings of a kind there are in a text that is valid. */
static inline size_t warnings(const char *text, const char *code)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	size_t found = 0;

	if (!set) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		fail_msg("refused:\n%s", text);
	}
	for (size_t i = 0; i < diagnostics.count; i++)
		found += !strcmp(diagnostics.items[i].code, code);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return found;
}

/* Whether a hint of one of the findings holds these words. */
static inline bool hints(const char *text, const char *words)
{
	struct tc_diagnostics diagnostics = {0};
	bool found = false;

	tc_ruleset_free(rules_from(text, &diagnostics));
	for (size_t i = 0; i < diagnostics.count; i++)
		found |= diagnostics.items[i].hint && strstr(diagnostics.items[i].hint, words);
	tc_diagnostics_done(&diagnostics);
	return found;
}

#endif
