/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/patterns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/buffer.h"
#include "rules/compile/test.h"

#define ODDS_MAX (1U << 20)

/*
 * Takes one pattern of a check. bytes need not live on unless copied is false. 0 or a negative
 * errno, which ends the walk.
 */
typedef int (*taker)(void *context, enum tc_anchor anchor, const char *bytes, size_t length);

/* Walks over the patterns of a check. -EDOM: it can hold without any bytes of its own. */
typedef int (*walker)(const struct tc_operand *operand, taker take, void *context);

static int walk_one(enum tc_anchor anchor, const struct tc_operand *operand, taker take,
		    void *context)
{
	if (!operand->length && anchor != TC_ANCHOR_WHOLE)
		return -EDOM;
	return take(context, anchor, operand->bytes, operand->length);
}

static int walk_equal(const struct tc_operand *operand, taker take, void *context)
{
	return walk_one(TC_ANCHOR_WHOLE, operand, take, context);
}

static int walk_start(const struct tc_operand *operand, taker take, void *context)
{
	return walk_one(TC_ANCHOR_HEAD, operand, take, context);
}

static int walk_end(const struct tc_operand *operand, taker take, void *context)
{
	return walk_one(TC_ANCHOR_TAIL, operand, take, context);
}

static int walk_floating(const struct tc_operand *operand, taker take, void *context)
{
	return walk_one(TC_ANCHOR_FLOATING, operand, take, context);
}

static int walk_set(const struct tc_operand *operand, taker take, void *context)
{
	const char *bytes;
	uint32_t length;
	int r = 0;

	for (size_t at = 0; !r && tc_string_set_next(operand->strings, &at, &bytes, &length);)
		r = take(context, TC_ANCHOR_WHOLE, bytes, length);
	return r;
}

/* Appends the components of a path up to the first that is a pattern, as TC_ANCHOR_PATH has them.
 */
static void add_components(struct tc_buffer *path, const struct tc_prefix *prefix)
{
	const char *at = prefix->bytes, *end = at + prefix->length;

	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		const char *stop = slash ? slash : end;

		for (const char *c = at; prefix->pattern && c < stop; c++) {
			if (strchr("*?[\\", *c))
				return;
		}
		if (stop > at) {
			tc_buffer_add(path, at, (size_t)(stop - at));
			tc_buffer_add_char(path, '/');
		}
		at = stop + 1;
	}
}

static int walk_prefixes(const struct tc_operand *operand, taker take, void *context)
{
	int r = 0;

	for (uint32_t i = 0; i < operand->n && !r; i++) {
		__attribute__((cleanup(tc_buffer_done))) struct tc_buffer path = {0};

		add_components(&path, &operand->prefixes[i]);
		if (tc_buffer_failed(&path))
			return -ENOMEM;
		r = path.length ? take(context, TC_ANCHOR_PATH, path.bytes, path.length) : -EDOM;
	}
	return r;
}

/* A run of bytes in a glob that stand for themselves. */
struct run {
	size_t start, length;
	enum tc_anchor anchor;
};

/* Keeps the longer one. */
static void close_run(struct run *longest, struct run *run, size_t at, bool is_end)
{
	run->length = at - run->start;
	if (is_end)
		run->anchor = run->anchor == TC_ANCHOR_HEAD ? TC_ANCHOR_WHOLE : TC_ANCHOR_TAIL;
	if (run->length > longest->length)
		*longest = *run;
	*run = (struct run){.start = at, .anchor = TC_ANCHOR_FLOATING};
}

/*
 * The longest run before the first bracket: what a set is, and where it ends, is the matcher's own
 * business. plain gets the bytes without what escapes them.
 */
static struct run longest_run(const struct tc_operand *operand, struct tc_buffer *plain)
{
	struct run longest = {0}, run = {.anchor = TC_ANCHOR_HEAD};

	for (uint32_t i = 0; i < operand->length; i++) {
		char c = operand->bytes[i];

		if (c == '*' || c == '?') {
			close_run(&longest, &run, plain->length, false);
			continue;
		}
		if (c == '\\' && i + 1 < operand->length)
			c = operand->bytes[++i];
		else if (c == '\\' || c == '[') {
			close_run(&longest, &run, plain->length, false);
			return longest;
		}
		tc_buffer_add_char(plain, c);
	}
	close_run(&longest, &run, plain->length, true);
	return longest;
}

static int walk_glob(const struct tc_operand *operand, taker take, void *context)
{
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer plain = {0};
	struct run run = longest_run(operand, &plain);

	if (tc_buffer_failed(&plain))
		return -ENOMEM;
	return run.length ? take(context, run.anchor, plain.bytes + run.start, run.length) : -EDOM;
}

/* Whole values are known by their hash, which has one case: the end of one is enough. */
static int walk_folded_glob(const struct tc_operand *operand, taker take, void *context)
{
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer plain = {0};
	struct run run = longest_run(operand, &plain);

	if (tc_buffer_failed(&plain))
		return -ENOMEM;
	if (run.anchor == TC_ANCHOR_WHOLE)
		run.anchor = TC_ANCHOR_TAIL;
	return run.length ? take(context, run.anchor, plain.bytes + run.start, run.length) : -EDOM;
}

static const struct {
	walker walk;
	bool fold;
} walkers[TC_OPERATOR_MAX] = {
	[TC_OPERATOR_EQ] = {.walk = walk_equal},
	[TC_OPERATOR_IN] = {.walk = walk_set},
	[TC_OPERATOR_INTERSECTS] = {.walk = walk_set},
	[TC_OPERATOR_STARTSWITH] = {.walk = walk_start},
	[TC_OPERATOR_ENDSWITH] = {.walk = walk_end},
	[TC_OPERATOR_CONTAINS] = {.walk = walk_floating},
	[TC_OPERATOR_ICONTAINS] = {.walk = walk_floating, .fold = true},
	[TC_OPERATOR_IEQUALS] = {.walk = walk_end, .fold = true},
	[TC_OPERATOR_ISTARTSWITH] = {.walk = walk_start, .fold = true},
	[TC_OPERATOR_IENDSWITH] = {.walk = walk_end, .fold = true},
	[TC_OPERATOR_GLOB] = {.walk = walk_glob},
	[TC_OPERATOR_IGLOB] = {.walk = walk_folded_glob, .fold = true},
	[TC_OPERATOR_PMATCH] = {.walk = walk_prefixes},
};

static int ignore(void *context, enum tc_anchor anchor, const char *bytes, size_t length)
{
	return 0;
}

bool tc_patterns_has(const struct tc_check *check, const struct tc_input *input)
{
	if (input->type != TC_TYPE_STRING && input->type != TC_TYPE_LIST)
		return false;
	return check->test && check->right == TC_INPUT_NONE && walkers[check->op].walk &&
	       !walkers[check->op].walk(&check->operand, ignore, NULL);
}

struct adding {
	struct tc_patterns *patterns;
	uint32_t owner;
	bool fold;
};

static int add(void *context, enum tc_anchor anchor, const char *bytes, size_t length)
{
	struct adding *adding = context;
	struct tc_pattern_list *list = &adding->patterns->lists[anchor];
	const char *copy = tc_arena_copy(&adding->patterns->arena, bytes, length);

	/* There is room up to the next power of two. */
	if (!(list->count & (list->count - 1))) {
		struct tc_pattern *more =
			reallocarray(list->items, list->count ? list->count * 2 : 1, sizeof(*more));

		if (!more)
			return -ENOMEM;
		list->items = more;
	}
	if (!copy)
		return -ENOMEM;
	if (adding->fold)
		adding->patterns->fold[anchor] = true;
	list->items[list->count++] = (struct tc_pattern){
		.bytes = copy, .length = (uint32_t)length, .owner = adding->owner};
	return 0;
}

int tc_patterns_add(struct tc_patterns *patterns, const struct tc_check *check, uint32_t number)
{
	struct adding adding = {
		.patterns = patterns, .owner = number, .fold = walkers[check->op].fold};

	return walkers[check->op].walk(&check->operand, add, &adding);
}

void tc_patterns_done(struct tc_patterns *patterns)
{
	for (size_t i = 0; i < sizeof(patterns->lists) / sizeof(patterns->lists[0]); i++)
		free(patterns->lists[i].items);
	tc_arena_done(&patterns->arena);
	*patterns = (struct tc_patterns){0};
}

/* The more bytes must be there, the less often they are. */
static int add_odds(void *context, enum tc_anchor anchor, const char *bytes, size_t length)
{
	uint32_t *odds = context;

	*odds += length < 12 ? ODDS_MAX >> (8 + length) : 1;
	if (*odds > ODDS_MAX)
		*odds = ODDS_MAX;
	return 0;
}

uint32_t tc_patterns_odds(const struct tc_check *check)
{
	uint32_t odds = 1;

	walkers[check->op].walk(&check->operand, add_odds, &odds);
	return odds;
}
