/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/kernel/refuse.h"

/* Most parts of one node; what has more counts as true. */
#define PARTS_MAX 64
/* Most vetoes that take the place of parts. */
#define VETOES_MAX 16
/* Ways in which parts of a node are asked for: actions, plain, whether it must hold. */
#define WAYS ((TC_ACTION_KILL + 1) * 2 * 2)

static const struct tc_parts no_parts;

static void *take(struct tc_parting *parting, size_t size)
{
	void *memory = tc_arena_alloc(&parting->arena, size);

	parting->failed |= !memory;
	return memory;
}

static const struct tc_parts *one_part(struct tc_parting *parting, const struct tc_part *part)
{
	struct tc_parts *parts = take(parting, sizeof(*parts));
	struct tc_part *copy = take(parting, sizeof(*copy));

	if (!parts || !copy)
		return &no_parts;
	*copy = *part;
	*parts = (struct tc_parts){.items = copy, .n = 1};
	return parts;
}

/* Always, for sure or as far as anybody can tell. */
static const struct tc_parts *always(struct tc_parting *parting, bool exact)
{
	const struct tc_part part = {.exact = exact};

	return one_part(parting, &part);
}

static const struct tc_parts *of_literal(struct tc_parting *parting, uint32_t literal)
{
	uint32_t *literals;

	if (literal == TC_LITERAL_TRUE)
		return always(parting, true);
	if (literal == TC_LITERAL_FALSE)
		return &no_parts;
	literals = take(parting, sizeof(*literals));
	if (!literals)
		return &no_parts;
	*literals = literal;
	const struct tc_part part = {.literals = literals, .n = 1, .exact = true};
	return one_part(parting, &part);
}

/* --- joined by and --- */

/* A part that is being put together. */
struct draft {
	struct tc_part part;
	uint32_t *literals, *vetoes;
	bool never;
};

static void add_sorted(uint32_t *items, uint32_t *n, uint32_t item)
{
	uint32_t at = *n;

	for (uint32_t i = 0; i < *n; i++)
		if (items[i] == item)
			return;
	for (; at && items[at - 1] > item; at--)
		items[at] = items[at - 1];
	items[at] = item;
	(*n)++;
}

static void remove_at(uint32_t *items, uint32_t *n, uint32_t at)
{
	(*n)--;
	memmove(items + at, items + at + 1, (*n - at) * sizeof(*items));
}

/* Whether a literal asks for one of some shapes of what another one asks for, too. */
static bool takes_lane(const struct tc_parting *parting, uint32_t number, uint32_t other)
{
	const struct tc_literals *literals = &parting->clauses->literals;
	const struct tc_literal *a = &literals->items[number], *b = &literals->items[other];
	struct tc_subject subject;
	struct tc_place place_a, place_b;

	if (a->how != TC_LITERAL_SHAPES || b->how != TC_LITERAL_SHAPES || !a->wants || !b->wants)
		return false;
	if (a->subject == b->subject)
		return true;
	return tc_literal_place(literals, number, parting->kind, &subject, &place_a) &&
	       tc_literal_place(literals, other, parting->kind, &subject, &place_b) &&
	       place_a.list == place_b.list && place_a.offset == place_b.offset;
}

/* One more literal. What is asked of the same value becomes one, where it can. */
static void add_literal(struct tc_parting *parting, struct draft *draft, uint32_t literal)
{
	struct tc_literals *literals = &parting->clauses->literals;
	unsigned lanes = 1;

	for (uint32_t i = 0; i < draft->part.n; i++) {
		uint32_t joined;

		if (draft->literals[i] == literal)
			return;
		lanes += takes_lane(parting, literal, draft->literals[i]);
		parting->failed |=
			tc_literals_join(literals, draft->literals[i], literal, true, &joined) != 0;
		if (joined == TC_LITERAL_NONE)
			continue;
		remove_at(draft->literals, &draft->part.n, i);
		if (joined == TC_LITERAL_FALSE)
			draft->never = true;
		else if (joined != TC_LITERAL_TRUE)
			add_literal(parting, draft, joined);
		return;
	}
	if (lanes > TC_LANES)
		draft->part.exact = false;
	else
		add_sorted(draft->literals, &draft->part.n, literal);
}

static struct draft both(struct tc_parting *parting, const struct tc_part *a,
			 const struct tc_part *b)
{
	struct draft draft = {.part = {.exact = a->exact && b->exact}};

	draft.literals = take(parting, (a->n + b->n + 1) * sizeof(uint32_t));
	draft.vetoes = take(parting, (a->n_vetoes + b->n_vetoes + 1) * sizeof(uint32_t));
	if (!draft.literals || !draft.vetoes)
		return draft;
	draft.part.literals = draft.literals;
	draft.part.vetoes = draft.vetoes;
	for (uint32_t i = 0; i < a->n; i++)
		add_literal(parting, &draft, a->literals[i]);
	for (uint32_t i = 0; i < b->n && !draft.never; i++)
		add_literal(parting, &draft, b->literals[i]);
	for (uint32_t i = 0; i < a->n_vetoes; i++)
		add_sorted(draft.vetoes, &draft.part.n_vetoes, a->vetoes[i]);
	for (uint32_t i = 0; i < b->n_vetoes; i++)
		add_sorted(draft.vetoes, &draft.part.n_vetoes, b->vetoes[i]);
	return draft;
}

/* --- joined by or --- */

/* Whether all of a is in b; both ascending. */
static bool is_subset(const uint32_t *a, uint32_t n_a, const uint32_t *b, uint32_t n_b)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < n_a; i++) {
		while (at < n_b && b[at] < a[i])
			at++;
		if (at == n_b || b[at] != a[i])
			return false;
	}
	return true;
}

/* Whether a holds wherever b does. */
static bool is_wider(const struct tc_part *a, const struct tc_part *b)
{
	return is_subset(a->literals, a->n, b->literals, b->n) &&
	       is_subset(a->vetoes, a->n_vetoes, b->vetoes, b->n_vetoes);
}

/* The place of the only literal of a that is not in b; n when there is another number of them. */
static uint32_t only_difference(const struct tc_part *a, const struct tc_part *b)
{
	uint32_t found = a->n;

	for (uint32_t i = 0; i < a->n; i++) {
		if (is_subset(&a->literals[i], 1, b->literals, b->n))
			continue;
		if (found < a->n)
			return a->n;
		found = i;
	}
	return found;
}

/* Makes one part of two that differ in what they ask of one value. False when they do not. */
static bool merge(struct tc_parting *parting, const struct tc_part *a, const struct tc_part *b,
		  struct draft *ret_draft)
{
	uint32_t at, other, joined;

	if (a->n != b->n || !a->n || a->n_vetoes != b->n_vetoes ||
	    !is_subset(a->vetoes, a->n_vetoes, b->vetoes, b->n_vetoes))
		return false;
	at = only_difference(a, b);
	other = only_difference(b, a);
	if (at == a->n || other == b->n)
		return false;
	parting->failed |= tc_literals_join(&parting->clauses->literals, a->literals[at],
					    b->literals[other], false, &joined) != 0;
	if (joined == TC_LITERAL_NONE || joined == TC_LITERAL_FALSE)
		return false;
	*ret_draft = both(parting, a, a);
	if (parting->failed)
		return false;
	ret_draft->part.exact = a->exact && b->exact;
	remove_at(ret_draft->literals, &ret_draft->part.n, at);
	if (joined != TC_LITERAL_TRUE)
		add_sorted(ret_draft->literals, &ret_draft->part.n, joined);
	return true;
}

/* Room for n parts, and not for more than are needed to see that they are too many. */
static struct tc_part *room(struct tc_parting *parting, size_t n)
{
	return take(parting, (n < PARTS_MAX ? n + 1 : PARTS_MAX + 1) * sizeof(struct tc_part));
}

/* Adds a part to those of which one must hold. */
static void add_part(struct tc_parting *parting, struct tc_part *items, size_t *n,
		     const struct tc_part *part)
{
	struct draft merged;
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (is_wider(&items[i], part) && (items[i].exact || !part->exact))
			return;
	for (size_t i = 0; i < *n; i++) {
		if (!is_wider(part, &items[i]) || (items[i].exact && !part->exact))
			items[kept++] = items[i];
	}
	*n = kept;
	for (size_t i = 0; i < *n; i++) {
		if (merge(parting, &items[i], part, &merged)) {
			items[i] = merged.part;
			return;
		}
	}
	if (*n <= PARTS_MAX)
		items[(*n)++] = *part;
}

static const struct tc_parts *finish(struct tc_parting *parting, struct tc_part *items, size_t n)
{
	struct tc_parts *parts = take(parting, sizeof(*parts));

	if (n > PARTS_MAX)
		return always(parting, false);
	if (!parts)
		return &no_parts;
	*parts = (struct tc_parts){.items = items, .n = n};
	return parts;
}

static const struct tc_parts *either(struct tc_parting *parting, const struct tc_parts *a,
				     const struct tc_parts *b)
{
	struct tc_part *items = room(parting, a->n + b->n);
	size_t n = 0;

	if (!items)
		return &no_parts;
	for (size_t i = 0; i < a->n; i++)
		add_part(parting, items, &n, &a->items[i]);
	for (size_t i = 0; i < b->n; i++)
		add_part(parting, items, &n, &b->items[i]);
	return finish(parting, items, n);
}

/* The same parts, of which none is exact. */
static const struct tc_parts *widened(struct tc_parting *parting, const struct tc_parts *parts)
{
	struct tc_part *items = take(parting, (parts->n + 1) * sizeof(*items));

	for (size_t i = 0; items && i < parts->n; i++) {
		items[i] = parts->items[i];
		items[i].exact = false;
	}
	return items ? finish(parting, items, parts->n) : &no_parts;
}

static const struct tc_parts *each_with_each(struct tc_parting *parting, const struct tc_parts *a,
					     const struct tc_parts *b)
{
	struct tc_part *items;
	size_t n = 0;

	if (!a->n || !b->n)
		return &no_parts;
	if (a->n * b->n > PARTS_MAX)
		return widened(parting, a->n < b->n ? a : b);
	items = room(parting, a->n * b->n);
	for (size_t i = 0; items && i < a->n; i++) {
		for (size_t k = 0; k < b->n; k++) {
			struct draft draft = both(parting, &a->items[i], &b->items[k]);

			if (!draft.never)
				add_part(parting, items, &n, &draft.part);
		}
	}
	return items ? finish(parting, items, n) : &no_parts;
}

/* --- nodes --- */

static const struct tc_parts *expand(struct tc_parting *parting, uint32_t node, bool wants);

/* Children, by halves: each half becomes as small as it can before they meet. */
static const struct tc_parts *join(struct tc_parting *parting, const uint32_t *children, size_t n,
				   bool wants, bool all)
{
	const struct tc_parts *a, *b;

	if (!n)
		return all ? always(parting, true) : &no_parts;
	if (n == 1)
		return expand(parting, *children, wants);
	a = join(parting, children, n / 2, wants, all);
	b = join(parting, children + n / 2, n - n / 2, wants, all);
	return all ? each_with_each(parting, a, b) : either(parting, a, b);
}

/* "Not (a and b)" as a veto, in place of "not a, or not b". */
static const struct tc_parts *veto(struct tc_parting *parting, uint32_t node,
				   const struct tc_parts *instead)
{
	struct tc_part part = {.exact = true};
	uint64_t kind = TC_KIND_BIT(parting->kind);
	const struct tc_parts *parts;
	uint32_t *vetoes;

	if (parting->plain || instead->n < 2)
		return instead;
	parting->plain = true;
	parts = expand(parting, node, true);
	parting->plain = false;
	if (parts->n > VETOES_MAX)
		return instead;
	vetoes = take(parting, (parts->n + 1) * sizeof(*vetoes));
	for (size_t i = 0; vetoes && i < parts->n; i++) {
		const struct tc_part *excluded = &parts->items[i];
		struct tc_clause clause = {.action = TC_ACTION_NONE,
					   .kinds = kind,
					   .exact = kind,
					   .literals = excluded->literals,
					   .n = excluded->n};
		uint32_t number;

		if (!excluded->exact) {
			part.exact = false;
			continue;
		}
		if (tc_clause_intern(parting->clauses, &clause, &number))
			parting->failed = true;
		else
			add_sorted(vetoes, &part.n_vetoes, number);
	}
	part.vetoes = vetoes;
	return one_part(parting, &part);
}

enum tc_unjudged tc_parting_check(struct tc_parting *parting, uint32_t check, bool wants,
				  uint32_t *ret_literal)
{
	struct tc_literals *literals = &parting->clauses->literals;
	enum tc_unjudged why = TC_JUDGED;

	*ret_literal = TC_LITERAL_NONE;
	if (tc_literal_find(literals, check, parting->kind, wants, ret_literal, &why))
		parting->failed = true;
	if (why != TC_JUDGED || parting->action < TC_ACTION_BLOCK ||
	    *ret_literal >= TC_LITERAL_NONE)
		return why;
	return tc_literal_is_late(literals, *ret_literal, parting->kind, parting->action)
		       ? TC_UNJUDGED_LATE
		       : TC_JUDGED;
}

bool tc_parting_is_any_type(const struct tc_parting *parting, uint32_t number)
{
	const struct tc_program *program = parting->clauses->literals.program;
	const struct tc_check *check = &program->checks[number];
	const struct tc_field *field = program->inputs[check->input].field;
	const char *calls = tc_kind_info(parting->kind)->syscalls;

	if (!field || strcmp(field->name, "evt.type") || !check->test ||
	    check->right != TC_INPUT_NONE)
		return false;
	while (*calls) {
		size_t length = strcspn(calls, " ");
		struct tc_value value = {.type = TC_TYPE_STRING,
					 .bytes = calls,
					 .length = (uint32_t)length,
					 .size = (uint32_t)length};

		if (!check->test(&check->operand, &value))
			return false;
		calls += length;
		calls += strspn(calls, " ");
	}
	return true;
}

static const struct tc_parts *expand_check(struct tc_parting *parting, uint32_t check, bool wants)
{
	uint32_t literal;

	if (tc_parting_is_any_type(parting, check))
		return always(parting, wants);
	if (tc_parting_check(parting, check, wants, &literal) != TC_JUDGED)
		return always(parting, false);
	return of_literal(parting, literal);
}

static const struct tc_parts *expand_cgroup(struct tc_parting *parting, uint32_t node, bool wants)
{
	bool is_doubtful = parting->shares[node] == TC_CGROUP_FACTS;
	uint32_t literal;

	if (is_doubtful && parting->action >= TC_ACTION_BLOCK)
		return always(parting, false);
	if (tc_literal_cgroup(&parting->clauses->literals, node, wants, is_doubtful, &literal)) {
		parting->failed = true;
		return &no_parts;
	}
	return of_literal(parting, literal);
}

static const struct tc_parts *expand_new(struct tc_parting *parting, uint32_t number, bool wants)
{
	const struct tc_program *program = &parting->clauses->set->program;
	const struct tc_node *node = &program->nodes[number];
	const uint32_t *children = &program->children[node->first];
	uint64_t kind = TC_KIND_BIT(parting->kind);
	const struct tc_parts *parts;

	if (!(node->may_hold & kind))
		return wants ? &no_parts : always(parting, true);
	if (!(node->may_fail & kind))
		return wants ? always(parting, true) : &no_parts;
	if (parting->shares[number] != TC_CGROUP_NOTHING)
		return expand_cgroup(parting, number, wants);
	switch (node->kind) {
	case TC_NODE_CHECK:
		return expand_check(parting, node->first, wants);
	case TC_NODE_NOT:
		return expand(parting, children[0], !wants);
	case TC_NODE_AND:
		parts = join(parting, children, node->n, wants, wants);
		return wants ? parts : veto(parting, number, parts);
	case TC_NODE_OR:
		return join(parting, children, node->n, wants, !wants);
	default:
		/* Exactly one: at least one. */
		return wants ? widened(parting, join(parting, children, node->n, true, false))
			     : always(parting, false);
	}
}

static const struct tc_parts *expand(struct tc_parting *parting, uint32_t node, bool wants)
{
	size_t way = parting->action * 4U + parting->plain * 2U + wants;
	const struct tc_parts **known = &parting->known[node * (size_t)WAYS + way];

	if (!*known)
		*known = expand_new(parting, node, wants);
	return *known;
}

int tc_parts_of(struct tc_parting *parting, uint32_t node, enum tc_action action,
		const struct tc_parts **ret_parts)
{
	parting->action = action;
	*ret_parts = expand(parting, node, true);
	return parting->failed ? -ENOMEM : 0;
}

/* Which nodes ask for the cgroup alone. Children come before their parents. */
static void find_shares(struct tc_parting *parting, const struct tc_program *program)
{
	for (size_t i = 0; i < program->n_nodes; i++) {
		const struct tc_node *node = &program->nodes[i];
		const struct tc_check *check = &program->checks[node->first];
		uint8_t share = TC_CGROUP_NOTHING;

		if (node->kind == TC_NODE_CHECK) {
			share = check->right == TC_INPUT_NONE
					? tc_subject_cgroup(&program->inputs[check->input])
					: TC_CGROUP_NOTHING;
			parting->shares[i] = share;
			continue;
		}
		for (uint32_t k = 0; k < node->n; k++) {
			uint8_t child = parting->shares[program->children[node->first + k]];

			share = k && (!share || !child) ? TC_CGROUP_NOTHING
				: child > share		? child
							: share;
		}
		parting->shares[i] = share;
	}
}

int tc_parting_init(struct tc_parting *parting, struct tc_clauses *clauses)
{
	const struct tc_program *program = &clauses->set->program;

	*parting = (struct tc_parting){.clauses = clauses};
	parting->shares = calloc(program->n_nodes + 1, sizeof(*parting->shares));
	parting->known = calloc(program->n_nodes * WAYS + 1, sizeof(*parting->known));
	if (!parting->shares || !parting->known)
		return -ENOMEM;
	find_shares(parting, program);
	return 0;
}

void tc_parting_done(struct tc_parting *parting)
{
	tc_arena_done(&parting->arena);
	free(parting->shares);
	free(parting->known);
}

void tc_parting_begin(struct tc_parting *parting, unsigned kind)
{
	size_t n = parting->clauses->set->program.n_nodes * WAYS;

	parting->kind = kind;
	memset(parting->known, 0, n * sizeof(*parting->known));
	tc_arena_reset(&parting->arena);
}
