/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A row is told by the place of its first cell in the table. */
#define DEAD 0U
/* In a cell: the row has something to tell. */
#define TELLS (1U << 31)

#define DEPTH_FIRST 32
#define LIMIT_LEAST (2UL << 20)
#define LIMIT_MOST (32UL << 20)
#define LIMIT_PATTERN 256UL

/* One more owner of a row. */
struct owner {
	uint32_t owner;
	uint32_t next; /* place in the list, 0 at the end */
};

/* What a row tells. */
struct told {
	uint32_t owners; /* place in the list, or 0 */
	uint32_t suffix; /* number of the row of the longest end of it that tells, or 0 */
	uint32_t round;	 /* in which it was told last */
};

struct tc_automaton {
	enum tc_anchor anchor;
	uint8_t classes[256];
	uint32_t n_classes;
	uint32_t n_rows; /* row 0 is the dead one, row 1 the start */
	uint32_t room;	 /* rows that there is memory for */
	uint32_t depth;
	uint32_t *next;	   /* n_rows * n_classes cells */
	struct told *told; /* by row */
	struct owner *owners;
	uint32_t n_owners;
	uint32_t round;
};

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

size_t tc_automaton_limit(size_t n)
{
	size_t limit = n < LIMIT_MOST / LIMIT_PATTERN ? n * LIMIT_PATTERN : LIMIT_MOST;

	return limit < LIMIT_LEAST ? LIMIT_LEAST : limit;
}

/* Class 0 is that of all bytes in no pattern. */
static void make_classes(struct tc_automaton *automaton, bool fold,
			 const struct tc_pattern *patterns, size_t n)
{
	bool used[256] = {false};

	for (size_t i = 0; i < n; i++) {
		for (uint32_t at = 0; at < patterns[i].length; at++) {
			unsigned char c = (unsigned char)patterns[i].bytes[at];

			used[fold ? lower(c) : c] = true;
		}
	}
	automaton->n_classes = 1;
	for (unsigned c = 0; c < 256; c++) {
		if (used[c])
			automaton->classes[c] = (uint8_t)automaton->n_classes++;
	}
	/* If all are used there is no need for class 0: the last one may have its number. */
	if (automaton->n_classes > 256) {
		automaton->n_classes = 256;
		automaton->classes[255] = 0;
	}
	for (unsigned c = 'A'; fold && c <= 'Z'; c++)
		automaton->classes[c] = automaton->classes[lower((unsigned char)c)];
}

/* The row that follows; made if there is none. 0 when there is no room for it. */
static uint32_t advance(struct tc_automaton *automaton, uint32_t row, unsigned char c)
{
	uint32_t *cell = &automaton->next[row * automaton->n_classes + automaton->classes[c]];

	if (!*cell && automaton->n_rows < automaton->room)
		*cell = automaton->n_rows++;
	return *cell;
}

/* 0, or -E2BIG when there is no room. */
static int insert(struct tc_automaton *automaton, const struct tc_pattern *pattern)
{
	bool backwards = automaton->anchor == TC_ANCHOR_TAIL;
	uint32_t length = pattern->length < automaton->depth ? pattern->length : automaton->depth;
	uint32_t row = 1;

	for (uint32_t i = 0; i < length; i++) {
		uint32_t at = backwards ? pattern->length - 1 - i : i;

		row = advance(automaton, row, (unsigned char)pattern->bytes[at]);
		if (!row)
			return -E2BIG;
	}
	automaton->owners[automaton->n_owners] =
		(struct owner){.owner = pattern->owner, .next = automaton->told[row].owners};
	automaton->told[row].owners = automaton->n_owners++;
	return 0;
}

static int insert_all(struct tc_automaton *automaton, const struct tc_pattern *patterns, size_t n)
{
	int r = 0;

	memset(automaton->next, 0,
	       (size_t)automaton->room * automaton->n_classes * sizeof(*automaton->next));
	memset(automaton->told, 0, automaton->room * sizeof(*automaton->told));
	automaton->n_rows = 2;
	automaton->n_owners = 1;
	for (size_t i = 0; i < n && !r; i++)
		r = insert(automaton, &patterns[i]);
	return r;
}

/*
 * Makes a trie that may be left anywhere: row by row in the order of their depth, each gets the
 * cells that it lacks from the row of its longest end, which is less deep and has them already.
 */
static int resolve(struct tc_automaton *automaton)
{
	uint32_t n_classes = automaton->n_classes, *next = automaton->next;
	uint32_t *queue = calloc(automaton->n_rows, sizeof(*queue)), *end = queue;
	uint32_t *fail = calloc(automaton->n_rows, sizeof(*fail));

	if (!queue || !fail) {
		free(queue);
		free(fail);
		return -ENOMEM;
	}
	*end++ = 1;
	for (const uint32_t *at = queue; at < end; at++) {
		uint32_t row = *at;

		for (uint32_t class = 0; class < n_classes; class ++) {
			uint32_t *cell = &next[row * n_classes + class];
			uint32_t other = row == 1 ? 1 : next[fail[row] * n_classes + class];

			if (!*cell) {
				*cell = other;
				continue;
			}
			fail[*cell] = other;
			automaton->told[*cell].suffix = automaton->told[other].owners
								? other
								: automaton->told[other].suffix;
			*end++ = *cell;
		}
	}
	free(queue);
	free(fail);
	return 0;
}

/* From numbers of rows to places in the table, so that a pass need not multiply. */
static void place_rows(struct tc_automaton *automaton)
{
	size_t n = (size_t)automaton->n_rows * automaton->n_classes;

	for (size_t i = 0; i < n; i++) {
		uint32_t row = automaton->next[i];
		const struct told *told = &automaton->told[row];

		automaton->next[i] =
			row * automaton->n_classes | (told->owners || told->suffix ? TELLS : 0);
	}
}

/* Gives back what was too much. */
static void trim(struct tc_automaton *automaton)
{
	size_t row_bytes = automaton->n_classes * sizeof(*automaton->next);
	uint32_t *next = realloc(automaton->next, automaton->n_rows * row_bytes);
	struct told *told = realloc(automaton->told, automaton->n_rows * sizeof(*told));

	automaton->next = next ? next : automaton->next;
	automaton->told = told ? told : automaton->told;
	automaton->room = automaton->n_rows;
}

/* Most rows that the patterns can need, at most as many as the limit allows. */
static uint32_t rows_needed(const struct tc_automaton *automaton, const struct tc_pattern *patterns,
			    size_t n, size_t limit)
{
	size_t most = limit / (automaton->n_classes * sizeof(uint32_t)), rows = 2;

	for (size_t i = 0; i < n && rows < most; i++)
		rows += patterns[i].length;
	return (uint32_t)(rows < most ? rows : most);
}

static int build(struct tc_automaton *automaton, bool fold, const struct tc_pattern *patterns,
		 size_t n, size_t limit)
{
	int r;

	make_classes(automaton, fold, patterns, n);
	automaton->room = rows_needed(automaton, patterns, n, limit);
	automaton->next =
		calloc((size_t)automaton->room * automaton->n_classes, sizeof(*automaton->next));
	automaton->told = calloc(automaton->room, sizeof(*automaton->told));
	automaton->owners = calloc(n + 1, sizeof(*automaton->owners));
	if (!automaton->next || !automaton->told || !automaton->owners)
		return -ENOMEM;
	automaton->depth = UINT32_MAX;
	r = insert_all(automaton, patterns, n);
	/* One byte of each always has room: 256 rows of 256 cells. */
	for (uint32_t depth = DEPTH_FIRST; r && depth; depth = depth > 8 ? depth / 2 : depth - 1) {
		automaton->depth = depth;
		r = insert_all(automaton, patterns, n);
	}
	if (!r && automaton->anchor == TC_ANCHOR_FLOATING)
		r = resolve(automaton);
	if (r)
		return r == -E2BIG ? -ENOMEM : r;
	place_rows(automaton);
	trim(automaton);
	return 0;
}

int tc_automaton_new(enum tc_anchor anchor, bool fold, const struct tc_pattern *patterns, size_t n,
		     size_t limit, struct tc_automaton **ret_automaton)
{
	struct tc_automaton *automaton = calloc(1, sizeof(*automaton));
	int r;

	if (!automaton)
		return -ENOMEM;
	automaton->anchor = anchor;
	r = build(automaton, fold, patterns, n, limit);
	if (r)
		tc_automaton_free(automaton);
	else
		*ret_automaton = automaton;
	return r;
}

void tc_automaton_free(struct tc_automaton *automaton)
{
	if (!automaton)
		return;
	free(automaton->next);
	free(automaton->told);
	free(automaton->owners);
	free(automaton);
}

void tc_automaton_next(struct tc_automaton *automaton)
{
	if (automaton->round == UINT32_MAX) {
		for (uint32_t row = 0; row < automaton->n_rows; row++)
			automaton->told[row].round = 0;
		automaton->round = 0;
	}
	automaton->round++;
}

/* Tells of the patterns that end here. What was told in this round was told with all its ends. */
static void tell(struct tc_automaton *automaton, uint32_t place, tc_found found, void *context)
{
	uint32_t row = place / automaton->n_classes;

	for (; row && automaton->told[row].round != automaton->round;
	     row = automaton->told[row].suffix) {
		automaton->told[row].round = automaton->round;
		for (uint32_t i = automaton->told[row].owners; i; i = automaton->owners[i].next)
			found(context, automaton->owners[i].owner);
	}
}

/*
 * One byte on from the row at a place; tells what there is to tell. Returns the next place, or
 * DEAD: nothing goes on like this, which happens in anchored automata only. Most bytes lead to a
 * row that neither tells nor ends: one comparison for both.
 */
static inline uint32_t step(struct tc_automaton *automaton, uint32_t place, char byte,
			    tc_found found, void *context)
{
	uint32_t cell = automaton->next[place + automaton->classes[(unsigned char)byte]];

	if ((int32_t)cell > 0)
		return cell;
	if (cell != DEAD)
		tell(automaton, cell & ~TELLS, found, context);
	return cell & ~TELLS;
}

static void run_forwards(struct tc_automaton *automaton, const char *at, const char *end,
			 tc_found found, void *context)
{
	uint32_t place = automaton->n_classes;

	while (at < end && place != DEAD)
		place = step(automaton, place, *at++, found, context);
}

static void run_backwards(struct tc_automaton *automaton, const char *start, const char *at,
			  tc_found found, void *context)
{
	uint32_t place = automaton->n_classes;

	while (at > start && place != DEAD)
		place = step(automaton, place, *--at, found, context);
}

static void run_path(struct tc_automaton *automaton, const char *at, const char *end,
		     tc_found found, void *context)
{
	uint32_t place = automaton->n_classes;
	bool slash = true; /* the byte before was one, or there was none */

	for (; at < end && place != DEAD; at++) {
		if (!slash || *at != '/')
			place = step(automaton, place, *at, found, context);
		slash = *at == '/';
	}
	if (!slash && place != DEAD)
		step(automaton, place, '/', found, context);
}

void tc_automaton_run(struct tc_automaton *automaton, const char *bytes, size_t length,
		      tc_found found, void *context)
{
	switch (automaton->anchor) {
	case TC_ANCHOR_TAIL:
		run_backwards(automaton, bytes, bytes + length, found, context);
		break;
	case TC_ANCHOR_PATH:
		run_path(automaton, bytes, bytes + length, found, context);
		break;
	default:
		run_forwards(automaton, bytes, bytes + length, found, context);
		break;
	}
}

struct tc_automaton_counts tc_automaton_counts(const struct tc_automaton *automaton)
{
	return (struct tc_automaton_counts){
		.states = automaton->n_rows,
		.classes = automaton->n_classes,
		.bytes = automaton->n_rows *
				 (automaton->n_classes * sizeof(uint32_t) + sizeof(struct told)) +
			 automaton->n_owners * sizeof(struct owner) + sizeof(*automaton),
		.depth = automaton->depth,
	};
}
