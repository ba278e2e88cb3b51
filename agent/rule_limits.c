/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rule_limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "agent/bracket.h"
#include "agent/buffer.h"
#include "agent/value.h"
#include "rules/map.h"

/* Longer values are kept as their beginning and a hash of all of them. */
#define BY_BYTES_MAX 512

struct tc_rule_limits {
	const struct tc_rule *first; /* of the set */
	size_t n_rules;
	struct tc_limit *limits; /* by rule */
	size_t n_keys;		 /* of all of them */
	uint64_t next_end_ns;	 /* no span of any ends before */
};

int tc_rule_limits_new(const struct tc_ruleset *rules, struct tc_rule_limits **ret_limits)
{
	size_t n_rules = tc_ruleset_count(rules), n_limited = 0;
	struct tc_rule_limits *limits = calloc(1, sizeof(*limits));

	if (!limits)
		return -ENOMEM;
	limits->first = tc_ruleset_at(rules, 0);
	limits->n_rules = n_rules;
	limits->next_end_ns = UINT64_MAX;
	limits->limits = calloc(n_rules + 1, sizeof(*limits->limits));
	for (size_t i = 0; limits->limits && i < n_rules; i++) {
		const struct tc_rate_limit *limit = limits->first[i].limit;

		if (!limit)
			continue;
		limits->limits[i] = (struct tc_limit){
			.count = limit->count, .span_ns = limit->span_ns, .reason = "rate_limit"};
		n_limited++;
	}
	if (!limits->limits || !n_limited) {
		int r = limits->limits ? 0 : -ENOMEM;

		tc_rule_limits_free(limits);
		*ret_limits = NULL;
		return r;
	}
	*ret_limits = limits;
	return 0;
}

void tc_rule_limits_free(struct tc_rule_limits *limits)
{
	if (!limits)
		return;
	for (size_t i = 0; limits->limits && i < limits->n_rules; i++)
		tc_limit_reset(&limits->limits[i]);
	free(limits->limits);
	free(limits);
}

/* Whoever chooses the values must not choose how much memory they take. */
static void shorten(struct tc_buffer *text)
{
	uint64_t hash;

	if (text->length <= BY_BYTES_MAX)
		return;
	hash = tc_hash(text->bytes, text->length);
	text->length = BY_BYTES_MAX;
	tc_buffer_printf(text, "... #%016" PRIx64, hash);
}

/* The values that alerts of the rule are told apart by: "container.id=host proc.name=x". */
static void describe(const struct tc_rate_limit *limit, struct tc_event *event,
		     struct tc_buffer *text)
{
	for (size_t i = 0; i < limit->n_by; i++) {
		const struct tc_template_field *by = &limit->by[i];
		struct tc_value value;

		tc_buffer_printf(text, "%s%s=", i ? " " : "", by->name);
		tc_template_field_get(by, event, &value);
		tc_value_print(text, &value, by->field ? by->field->show : TC_SHOW_text);
	}
	shorten(text);
}

bool tc_rule_limits_take(struct tc_rule_limits *limits, const struct tc_rule *rule,
			 struct tc_event *event, uint64_t time_ns)
{
	_cleanup_buffer_ struct tc_buffer by = {0};
	struct tc_limit_key key = {.rule = rule->name};
	struct tc_limit *limit;
	size_t before;
	bool takes;

	if (!limits || !rule->limit)
		return true;
	describe(rule->limit, event, &by);
	if (tc_buffer_failed(&by))
		return true;
	key.by = by.length ? by.bytes : NULL;
	limit = &limits->limits[rule - limits->first];
	before = tc_limit_keys(limit);
	takes = tc_limit_takes(limit, &key, time_ns, 0);
	limits->n_keys += tc_limit_keys(limit) - before;
	if (limit->next_end_ns < limits->next_end_ns)
		limits->next_end_ns = limit->next_end_ns;
	return takes;
}

static bool is_full(const struct tc_rule_limits *limits)
{
	return limits->n_keys >= TC_LIMIT_KEYS_MAX;
}

bool tc_rule_limits_are_due(const struct tc_rule_limits *limits, uint64_t time_ns)
{
	return limits && limits->n_keys && (time_ns >= limits->next_end_ns || is_full(limits));
}

/* After spans have ended. */
static void look_ahead(struct tc_rule_limits *limits)
{
	limits->n_keys = 0;
	limits->next_end_ns = UINT64_MAX;
	for (size_t i = 0; i < limits->n_rules; i++) {
		const struct tc_limit *limit = &limits->limits[i];

		limits->n_keys += tc_limit_keys(limit);
		if (limit->spans && limit->next_end_ns < limits->next_end_ns)
			limits->next_end_ns = limit->next_end_ns;
	}
}

int tc_rule_limits_end(struct tc_rule_limits *limits, uint64_t time_ns, tc_limit_callback callback,
		       void *context)
{
	int stop = 0;

	if (!limits || !limits->n_keys)
		return 0;
	if (is_full(limits))
		time_ns = UINT64_MAX;
	for (size_t i = 0; i < limits->n_rules && !stop; i++) {
		struct tc_limit *limit = &limits->limits[i];

		if (tc_limit_is_due(limit, time_ns))
			stop = tc_limit_end(limit, time_ns, callback, context);
	}
	look_ahead(limits);
	return stop;
}
