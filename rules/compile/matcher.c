/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/matcher.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/map.h"

/* One more check that looks for a value. */
struct wanted {
	uint32_t check;
	uint32_t next; /* place in the list, 0 at the end */
};

struct tc_matcher {
	struct tc_automaton *automata[TC_ANCHOR_MAX]; /* NULL: no pattern is there */
	struct tc_map values;			      /* to the first that wants it */
	uint64_t lengths; /* bit n: one value has n bytes; bit 63: 63 or more */
	struct wanted *wanted;
	uint32_t n_wanted;
};

static uint64_t length_bit(size_t length)
{
	return 1ULL << (length < 63 ? length : 63);
}

static int add_value(struct tc_matcher *matcher, const struct tc_pattern *pattern)
{
	uint32_t place = matcher->n_wanted++, first;

	matcher->wanted[place].check = pattern->owner;
	matcher->lengths |= length_bit(pattern->length);
	if (!tc_map_get(&matcher->values, pattern->bytes, pattern->length, &first))
		return tc_map_add(&matcher->values, pattern->bytes, pattern->length, place);
	/* The first keeps its place. */
	matcher->wanted[place].next = matcher->wanted[first].next;
	matcher->wanted[first].next = place;
	return 0;
}

static int add_values(struct tc_matcher *matcher, const struct tc_pattern_list *list)
{
	int r = 0;

	matcher->wanted = calloc(list->count + 1, sizeof(*matcher->wanted));
	if (!matcher->wanted)
		return -ENOMEM;
	matcher->n_wanted = 1;
	for (size_t i = 0; i < list->count && !r; i++)
		r = add_value(matcher, &list->items[i]);
	return r;
}

int tc_matcher_new(const struct tc_patterns *patterns, struct tc_matcher **ret_matcher)
{
	struct tc_matcher *matcher = calloc(1, sizeof(*matcher));
	int r;

	if (!matcher)
		return -ENOMEM;
	r = add_values(matcher, &patterns->lists[TC_ANCHOR_WHOLE]);
	for (enum tc_anchor anchor = 0; anchor < TC_ANCHOR_MAX && !r; anchor++) {
		const struct tc_pattern_list *list = &patterns->lists[anchor];

		if (list->count)
			r = tc_automaton_new(anchor, patterns->fold[anchor], list->items,
					     list->count, tc_automaton_limit(list->count),
					     &matcher->automata[anchor]);
	}
	if (r)
		tc_matcher_free(matcher);
	else
		*ret_matcher = matcher;
	return r;
}

void tc_matcher_free(struct tc_matcher *matcher)
{
	if (!matcher)
		return;
	for (enum tc_anchor anchor = 0; anchor < TC_ANCHOR_MAX; anchor++)
		tc_automaton_free(matcher->automata[anchor]);
	tc_map_done(&matcher->values);
	free(matcher->wanted);
	free(matcher);
}

static void run(struct tc_matcher *matcher, const char *bytes, size_t length, tc_found found,
		void *context)
{
	uint32_t place;

	if (matcher->lengths & length_bit(length) &&
	    tc_map_get(&matcher->values, bytes, length, &place)) {
		for (; place; place = matcher->wanted[place].next)
			found(context, matcher->wanted[place].check);
	}
	for (enum tc_anchor anchor = 0; anchor < TC_ANCHOR_MAX; anchor++) {
		if (matcher->automata[anchor])
			tc_automaton_run(matcher->automata[anchor], bytes, length, found, context);
	}
}

void tc_matcher_run(struct tc_matcher *matcher, const struct tc_value *value, tc_found found,
		    void *context)
{
	const char *at = value->bytes, *end = at + value->length;

	for (enum tc_anchor anchor = 0; anchor < TC_ANCHOR_MAX; anchor++) {
		if (matcher->automata[anchor])
			tc_automaton_next(matcher->automata[anchor]);
	}
	if (value->type == TC_TYPE_STRING) {
		run(matcher, value->bytes, value->length, found, context);
		return;
	}
	/* Each element of a list ends with a NUL. */
	while (at < end) {
		const char *nul = memchr(at, '\0', (size_t)(end - at));
		const char *stop = nul ? nul : end;

		run(matcher, at, (size_t)(stop - at), found, context);
		at = stop + 1;
	}
}

bool tc_matcher_is_floating(const struct tc_matcher *matcher)
{
	return matcher->automata[TC_ANCHOR_FLOATING];
}

size_t tc_matcher_bytes(const struct tc_matcher *matcher)
{
	size_t bytes = matcher->n_wanted * sizeof(*matcher->wanted) +
		       matcher->values.n_entries * sizeof(*matcher->values.entries);

	for (enum tc_anchor anchor = 0; anchor < TC_ANCHOR_MAX; anchor++) {
		if (matcher->automata[anchor])
			bytes += tc_automaton_counts(matcher->automata[anchor]).bytes;
	}
	return bytes;
}
