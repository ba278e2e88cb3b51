/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/buffer.h"

/* A shape that is being put together. */
struct draft {
	struct tc_shapes *shapes;
	tc_piece *pieces;
	uint32_t n;
	bool begins, ends;
	bool never;  /* nothing has it */
	bool failed; /* memory is out */
};

static void grow(struct draft *draft)
{
	tc_piece *pieces;

	if (draft->n & (draft->n - 1) || draft->failed)
		return; /* there is room up to the next power of two */
	pieces = reallocarray(draft->pieces, draft->n ? draft->n * 2 : 1, sizeof(*pieces));
	draft->failed = !pieces;
	draft->pieces = pieces ? pieces : draft->pieces;
}

static void add(struct draft *draft, unsigned set, bool repeats)
{
	tc_piece piece = (tc_piece)(set | (repeats ? TC_PIECE_REPEATS : 0));

	/* As often as one likes is not more often twice. */
	if (repeats && draft->n && draft->pieces[draft->n - 1] == piece)
		return;
	grow(draft);
	if (!draft->failed)
		draft->pieces[draft->n++] = piece;
}

static struct tc_byte_set all_bytes(void)
{
	return (struct tc_byte_set){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
}

bool tc_byte_set_has(const struct tc_byte_set *set, unsigned char byte)
{
	return set->words[byte / 64] >> (byte % 64) & 1;
}

static void set_byte(struct tc_byte_set *set, unsigned char byte, bool yes)
{
	set->words[byte / 64] &= ~(1ULL << (byte % 64));
	set->words[byte / 64] |= (uint64_t)yes << (byte % 64);
}

/* The number of a set; made if there is none. */
static unsigned find_set(struct tc_shapes *shapes, const struct tc_byte_set *set, bool *failed)
{
	struct tc_byte_set *sets;
	uint32_t number;

	if (tc_map_get(&shapes->set_map, set, sizeof(*set), &number))
		return number;
	sets = reallocarray(shapes->sets, shapes->n_sets + 1, sizeof(*sets));
	if (!sets || shapes->n_sets == TC_PIECE_REPEATS ||
	    tc_map_add(&shapes->set_map, set, sizeof(*set), (uint32_t)shapes->n_sets)) {
		shapes->sets = sets ? sets : shapes->sets;
		*failed = true;
		return 0;
	}
	shapes->sets = sets;
	sets[shapes->n_sets] = *set;
	return (unsigned)shapes->n_sets++;
}

static void add_set(struct draft *draft, const struct tc_byte_set *set, bool repeats)
{
	static const struct tc_byte_set none;

	if (!memcmp(set, &none, sizeof(none)) && !repeats)
		draft->never = true;
	else
		add(draft, find_set(draft->shapes, set, &draft->failed), repeats);
}

static void add_byte(struct draft *draft, char byte, bool fold)
{
	unsigned char c = (unsigned char)byte;
	struct tc_byte_set set = {{0}};

	if (!fold || c < 'a' || c > 'z') {
		add(draft, c, false);
		return;
	}
	set_byte(&set, c, true);
	set_byte(&set, (unsigned char)(c - 32), true);
	add_set(draft, &set, false);
}

static void add_bytes(struct draft *draft, const char *bytes, size_t length, bool fold)
{
	for (size_t i = 0; i < length; i++)
		add_byte(draft, bytes[i], fold);
}

static int list_add(struct tc_shape_list *list, uint32_t number)
{
	uint32_t *items = list->items;

	if (!(list->n & (list->n - 1))) {
		items = reallocarray(items, list->n ? list->n * 2 : 1, sizeof(*items));
		if (!items)
			return -ENOMEM;
	}
	list->items = items;
	items[list->n++] = number;
	return 0;
}

static int intern(struct draft *draft, uint32_t *ret_number)
{
	struct tc_shapes *shapes = draft->shapes;
	size_t size = draft->n * sizeof(*draft->pieces);
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer key = {0};
	struct tc_shape *items;
	char *pieces;

	tc_buffer_add_char(&key, (char)(draft->begins | draft->ends << 1));
	tc_buffer_add(&key, draft->pieces, size);
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (tc_map_get(&shapes->map, key.bytes, key.length, ret_number))
		return 0;
	items = shapes->items;
	if (!(shapes->n & (shapes->n - 1)))
		items = reallocarray(items, shapes->n ? shapes->n * 2 : 1, sizeof(*items));
	pieces = items ? tc_arena_copy(&shapes->arena, draft->pieces ? (void *)draft->pieces : "",
				       size)
		       : NULL;
	shapes->items = items ? items : shapes->items;
	if (!pieces)
		return -ENOMEM;
	items[shapes->n] = (struct tc_shape){.pieces = (const tc_piece *)(const void *)pieces,
					     .n = draft->n,
					     .begins = draft->begins,
					     .ends = draft->ends};
	*ret_number = (uint32_t)shapes->n++;
	return tc_map_add(&shapes->map, key.bytes, key.length, *ret_number);
}

/* Whether every string has it. */
static bool is_any(const struct draft *draft)
{
	struct tc_byte_set all = all_bytes();

	for (uint32_t i = 0; i < draft->n; i++) {
		tc_piece piece = draft->pieces[i];

		if (!(piece & TC_PIECE_REPEATS))
			return false;
		if (!memcmp(&draft->shapes->sets[TC_PIECE_SET(piece)], &all, sizeof(all)))
			return true;
	}
	return !draft->begins || !draft->ends;
}

/* Adds what was put together to the list. */
static int finish(struct draft *draft, struct tc_shape_list *list)
{
	uint32_t number;
	int r = draft->failed ? -ENOMEM : 0;

	if (!r && !draft->never && is_any(draft)) {
		list->any = true;
	} else if (!r && !draft->never) {
		r = intern(draft, &number);
		r = r ? r : list_add(list, number);
	}
	free(draft->pieces);
	*draft = (struct draft){.shapes = draft->shapes};
	return r;
}

/* --- operators --- */

struct row {
	int (*add)(struct draft *draft, const struct tc_operand *operand, const struct row *row,
		   struct tc_shape_list *list);
	bool begins, ends, fold;
};

static int add_plain(struct draft *draft, const struct tc_operand *operand, const struct row *row,
		     struct tc_shape_list *list)
{
	draft->begins = row->begins;
	draft->ends = row->ends;
	add_bytes(draft, operand->bytes, operand->length, row->fold);
	return finish(draft, list);
}

static int add_strings(struct draft *draft, const struct tc_operand *operand, const struct row *row,
		       struct tc_shape_list *list)
{
	const char *bytes;
	uint32_t length;
	int r = 0;

	for (size_t at = 0; !r && tc_string_set_next(operand->strings, &at, &bytes, &length);) {
		draft->begins = draft->ends = true;
		add_bytes(draft, bytes, length, false);
		r = finish(draft, list);
	}
	return r;
}

/* A star at either end needs no piece: the shape does not begin, or end, there. */
static int add_glob(struct draft *draft, const struct tc_operand *operand, const struct row *row,
		    struct tc_shape_list *list)
{
	const struct tc_byte_set all = all_bytes();
	const char *at = operand->bytes, *end = at + operand->length;
	struct tc_byte_set set;
	bool star = false;

	draft->begins = true;
	while (at < end) {
		bool is_first = !draft->n;

		if (tc_glob_next(&at, end, row->fold, &set)) {
			star = true;
			continue;
		}
		if (star && is_first)
			draft->begins = false;
		else if (star)
			add_set(draft, &all, true);
		star = false;
		add_set(draft, &set, false);
	}
	draft->ends = !star;
	return finish(draft, list);
}

/* A component of a path, in which a star takes anything but a slash; it is not empty. */
static void add_component(struct draft *draft, const char *at, const char *end, bool pattern)
{
	struct tc_byte_set set, name = all_bytes();
	uint32_t first = draft->n;
	bool star = false;

	set_byte(&name, '/', false);
	if (!pattern) {
		add_bytes(draft, at, (size_t)(end - at), false);
		return;
	}
	while (at < end) {
		if (tc_glob_next(&at, end, false, &set)) {
			star = true;
			continue;
		}
		if (star)
			add_set(draft, &name, true);
		star = false;
		set_byte(&set, '/', false);
		add_set(draft, &set, false);
	}
	if (star && draft->n == first)
		add_set(draft, &name, false);
	if (star)
		add_set(draft, &name, true);
}

/* The components of a prefix with as many slashes before each as one likes. */
static void add_components(struct draft *draft, const struct tc_prefix *prefix)
{
	const char *at = prefix->bytes, *end = at + prefix->length;
	bool first = true;

	draft->begins = true;
	while (at < end) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		const char *stop = slash ? slash : end;

		if (stop > at) {
			if (!first)
				add(draft, '/', false);
			add(draft, '/', true);
			add_component(draft, at, stop, prefix->pattern);
			first = false;
		}
		at = stop + 1;
	}
}

/* The path itself, and what lies below it. */
static int add_prefixes(struct draft *draft, const struct tc_operand *operand,
			const struct row *row, struct tc_shape_list *list)
{
	int r = 0;

	for (uint32_t i = 0; i < operand->n && !r; i++) {
		add_components(draft, &operand->prefixes[i]);
		if (!draft->n && !draft->never) {
			list->any = true;
			r = draft->failed ? -ENOMEM : 0;
			continue;
		}
		draft->ends = true;
		r = finish(draft, list);
		if (r)
			break;
		add_components(draft, &operand->prefixes[i]);
		add(draft, '/', false);
		r = finish(draft, list);
	}
	return r;
}

static const struct row rows[TC_OPERATOR_MAX] = {
	[TC_OPERATOR_EQ] = {add_plain, true, true, false},
	[TC_OPERATOR_NE] = {add_plain, true, true, false},
	[TC_OPERATOR_IN] = {add_strings, true, true, false},
	[TC_OPERATOR_STARTSWITH] = {add_plain, true, false, false},
	[TC_OPERATOR_ENDSWITH] = {add_plain, false, true, false},
	[TC_OPERATOR_CONTAINS] = {add_plain, false, false, false},
	[TC_OPERATOR_IEQUALS] = {add_plain, true, true, true},
	[TC_OPERATOR_ISTARTSWITH] = {add_plain, true, false, true},
	[TC_OPERATOR_IENDSWITH] = {add_plain, false, true, true},
	[TC_OPERATOR_ICONTAINS] = {add_plain, false, false, true},
	[TC_OPERATOR_GLOB] = {add_glob, true, true, false},
	[TC_OPERATOR_IGLOB] = {add_glob, true, true, true},
	[TC_OPERATOR_PMATCH] = {add_prefixes, true, false, false},
};

bool tc_shapes_can(const struct tc_check *check)
{
	return check->right == TC_INPUT_NONE && rows[check->op].add;
}

int tc_shapes_of(struct tc_shapes *shapes, const struct tc_check *check, struct tc_shape_list *list)
{
	struct draft draft = {.shapes = shapes};

	return rows[check->op].add(&draft, &check->operand, &rows[check->op], list);
}

int tc_shapes_init(struct tc_shapes *shapes)
{
	*shapes = (struct tc_shapes){0};
	for (unsigned byte = 0; byte < 256; byte++) {
		struct tc_byte_set set = {{0}};
		bool failed = false;

		set_byte(&set, (unsigned char)byte, true);
		find_set(shapes, &set, &failed);
		if (failed)
			return -ENOMEM;
	}
	return 0;
}

void tc_shapes_done(struct tc_shapes *shapes)
{
	tc_map_done(&shapes->map);
	tc_map_done(&shapes->set_map);
	tc_arena_done(&shapes->arena);
	free(shapes->items);
	free(shapes->sets);
	*shapes = (struct tc_shapes){0};
}

void tc_shape_list_done(struct tc_shape_list *list)
{
	free(list->items);
	*list = (struct tc_shape_list){0};
}
