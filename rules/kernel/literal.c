/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/literal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/kernel/numbers.h"
#include "rules/kernel/refuse.h"

int tc_literals_init(struct tc_literals *literals, const struct tc_program *program)
{
	int r;

	*literals = (struct tc_literals){.program = program};
	r = tc_shapes_init(&literals->shapes);
	return r ? r : tc_presenter_init(&literals->presenter);
}

void tc_literals_done(struct tc_literals *literals)
{
	tc_presenter_done(&literals->presenter);
	tc_shapes_done(&literals->shapes);
	tc_map_done(&literals->map);
	tc_map_done(&literals->known);
	tc_map_done(&literals->joined);
	tc_arena_done(&literals->arena);
	free(literals->items);
	free(literals->subjects);
	*literals = (struct tc_literals){0};
}

/* --- each once --- */

static int find_subject(struct tc_literals *literals, const struct tc_subject *subject,
			uint32_t *ret_number)
{
	struct tc_subject *subjects = literals->subjects;

	for (size_t i = 0; i < literals->n_subjects; i++) {
		if (tc_subject_equal(&subjects[i], subject)) {
			*ret_number = (uint32_t)i;
			return 0;
		}
	}
	subjects = reallocarray(subjects, literals->n_subjects + 1, sizeof(*subjects));
	if (!subjects)
		return -ENOMEM;
	literals->subjects = subjects;
	subjects[literals->n_subjects] = *subject;
	*ret_number = (uint32_t)literals->n_subjects++;
	return 0;
}

static int add(struct tc_literals *literals, const struct tc_literal *literal)
{
	struct tc_literal *items = literals->items;

	if (!(literals->n & (literals->n - 1))) {
		items = reallocarray(items, literals->n ? literals->n * 2 : 1, sizeof(*items));
		if (!items)
			return -ENOMEM;
	}
	literals->items = items;
	items[literals->n++] = *literal;
	return 0;
}

/* Puts what the literal points to into the arena. */
static int settle(struct tc_literals *literals, struct tc_literal *literal)
{
	const char *at = tc_arena_copy(&literals->arena, literal->spans.at ?: (void *)"",
				       literal->spans.n * sizeof(*literal->spans.at));
	const char *shapes = tc_arena_copy(&literals->arena, literal->shapes ?: (void *)"",
					   literal->n_shapes * sizeof(*literal->shapes));

	literal->spans.at = (const void *)at;
	literal->shapes = (const void *)shapes;
	return at && shapes ? 0 : -ENOMEM;
}

/* What can be said without a look. */
static uint32_t constant(const struct tc_literal *literal)
{
	bool is_empty = literal->how == TC_LITERAL_SPANS ? !literal->spans.n : !literal->n_shapes;
	bool holds = literal->how == TC_LITERAL_SPANS ? literal->spans.first : !literal->wants;

	if (literal->how == TC_LITERAL_CGROUP || !is_empty || holds != literal->when_absent)
		return TC_LITERAL_NONE;
	return holds ? TC_LITERAL_TRUE : TC_LITERAL_FALSE;
}

static int intern(struct tc_literals *literals, struct tc_literal *literal, uint32_t *ret_number)
{
	__attribute__((cleanup(tc_buffer_done))) struct tc_buffer key = {0};
	uint32_t head[] = {literal->how,	 literal->wants,   literal->when_absent,
			   literal->is_doubtful, literal->subject, literal->spans.first,
			   literal->spans.n,	 literal->n_shapes};
	int r;

	*ret_number = constant(literal);
	if (*ret_number != TC_LITERAL_NONE)
		return 0;
	tc_buffer_add(&key, head, sizeof(head));
	if (literal->spans.n)
		tc_buffer_add(&key, literal->spans.at,
			      literal->spans.n * sizeof(*literal->spans.at));
	if (literal->n_shapes)
		tc_buffer_add(&key, literal->shapes, literal->n_shapes * sizeof(*literal->shapes));
	if (tc_buffer_failed(&key))
		return -ENOMEM;
	if (tc_map_get(&literals->map, key.bytes, key.length, ret_number))
		return 0;
	r = settle(literals, literal);
	if (!r)
		r = add(literals, literal);
	*ret_number = (uint32_t)literals->n - 1;
	return r ? r : tc_map_add(&literals->map, key.bytes, key.length, *ret_number);
}

/* --- of checks --- */

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

/* Ascending, each once. */
static size_t arrange(uint32_t *items, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(items, n, sizeof(*items), compare_numbers);
	for (size_t i = 0; i < n; i++) {
		if (!kept || items[kept - 1] != items[i])
			items[kept++] = items[i];
	}
	return kept;
}

static int make_shapes(struct tc_literals *literals, const struct tc_check *check, bool wants,
		       struct tc_literal *literal, uint32_t *ret_literal)
{
	struct tc_shape_list list = {.any = !check->test};
	int r = check->test ? tc_shapes_of(&literals->shapes, check, &list) : 0;

	literal->how = TC_LITERAL_SHAPES;
	/* Whatever the value is, it will do: as if it must have none of no shapes. */
	literal->wants = !list.any;
	literal->shapes = list.items;
	literal->n_shapes = list.any ? 0 : (uint32_t)arrange(list.items, list.n);
	if (check->op == TC_OPERATOR_NE)
		literal->wants = !literal->wants;
	if (!wants) {
		literal->wants = !literal->wants;
		literal->when_absent = true;
	}
	if (!r)
		r = intern(literals, literal, ret_literal);
	tc_shape_list_done(&list);
	return r;
}

static int make_spans(struct tc_literals *literals, const struct tc_check *check, unsigned kind,
		      bool wants, struct tc_literal *literal, uint32_t *ret_literal)
{
	_cleanup_buffer_ struct tc_buffer room = {0};
	struct tc_numbers numbers = {.literals = literals,
				     .subject = &literals->subjects[literal->subject],
				     .input = &literals->program->inputs[check->input],
				     .check = check,
				     .kind = kind};
	int r = tc_numbers_find(&numbers, &room, &literal->spans);

	if (r)
		return r;
	literal->how = TC_LITERAL_SPANS;
	if (!wants) {
		literal->spans.first = !literal->spans.first;
		literal->when_absent = true;
	}
	/* Nothing is ever absent: whether a missing value would do must not tell two apart. */
	if (!numbers.subject->has_absent && numbers.subject->of == TC_LOOK_NUMBER)
		literal->when_absent = literal->spans.first;
	return intern(literals, literal, ret_literal);
}

static bool is_string_look(const struct tc_subject *subject)
{
	return subject->of != TC_LOOK_NUMBER && subject->of != TC_LOOK_ADDRESS;
}

/* Whether the operator of a check is judged for what the subject gives. */
static enum tc_unjudged find_operator(const struct tc_check *check,
				      const struct tc_subject *subject,
				      const struct tc_input *input)
{
	if (check->right != TC_INPUT_NONE)
		return TC_UNJUDGED_RIGHT;
	if (!check->test)
		return TC_JUDGED;
	if (subject->single)
		return TC_JUDGED;
	if (check->op == TC_OPERATOR_REGEX || check->op == TC_OPERATOR_SEARCH)
		return TC_UNJUDGED_REGEX;
	if (!is_string_look(subject))
		return tc_numbers_can(check, subject, input) ? TC_JUDGED : TC_UNJUDGED_OPERATOR;
	return tc_shapes_can(check) ? TC_JUDGED : TC_UNJUDGED_ORDER;
}

static int make(struct tc_literals *literals, const struct tc_check *check, unsigned kind,
		bool wants, const struct tc_subject *subject, uint32_t *ret_literal)
{
	struct tc_literal literal = {0};
	int r = find_subject(literals, subject, &literal.subject);

	if (r)
		return r;
	return is_string_look(subject)
		       ? make_shapes(literals, check, wants, &literal, ret_literal)
		       : make_spans(literals, check, kind, wants, &literal, ret_literal);
}

int tc_literal_find(struct tc_literals *literals, uint32_t number, unsigned kind, bool wants,
		    uint32_t *ret_literal, enum tc_unjudged *ret_why)
{
	const struct tc_check *check = &literals->program->checks[number];
	const struct tc_input *input = &literals->program->inputs[check->input];
	struct tc_subject subject;
	struct tc_place place;
	uint32_t key[] = {number, wants, 0, kind};
	int r;

	*ret_why = tc_subject_find(input, kind, UINT64_MAX, &subject, &place);
	if (*ret_why == TC_JUDGED)
		*ret_why = find_operator(check, &subject, input);
	if (*ret_why != TC_JUDGED)
		return 0;
	if (subject.of == TC_LOOK_NUMBER)
		subject.mask &= tc_numbers_mask(check, &subject);
	r = find_subject(literals, &subject, &key[2]);
	/* What lies at another place in another kind has the same numbers there; constants differ.
	 */
	if (!subject.is_constant)
		key[3] = 0;
	if (r || tc_map_get(&literals->known, key, sizeof(key), ret_literal))
		return r;
	r = make(literals, check, kind, wants, &subject, ret_literal);
	return r ? r : tc_map_add(&literals->known, key, sizeof(key), *ret_literal);
}

int tc_literal_cgroup(struct tc_literals *literals, uint32_t node, bool wants, bool is_doubtful,
		      uint32_t *ret_literal)
{
	struct tc_literal literal = {.how = TC_LITERAL_CGROUP,
				     .subject = node,
				     .wants = wants,
				     .is_doubtful = is_doubtful};

	return intern(literals, &literal, ret_literal);
}

bool tc_literal_place(const struct tc_literals *literals, uint32_t number, unsigned kind,
		      struct tc_subject *ret_subject, struct tc_place *ret_place)
{
	const struct tc_literal *literal = &literals->items[number];

	return literal->how != TC_LITERAL_CGROUP &&
	       tc_subject_place(&literals->subjects[literal->subject], kind, ret_subject,
				ret_place);
}

bool tc_literal_is_late(const struct tc_literals *literals, uint32_t number, unsigned kind,
			enum tc_action action)
{
	const struct tc_kind_info *info = tc_kind_info(kind);
	struct tc_subject subject;
	struct tc_place place;

	if (!tc_literal_place(literals, number, kind, &subject, &place) || subject.is_task)
		return false;
	for (unsigned i = 0; i < info->n_members; i++)
		if (info->members[i].offset == place.offset)
			return tc_refuse_is_late(kind, action, &info->members[i]);
	return false;
}

/* --- two of one value --- */

static int join_shapes(struct tc_literals *literals, const struct tc_literal *a,
		       const struct tc_literal *b, bool both, uint32_t *ret_literal)
{
	size_t n = a->n_shapes + b->n_shapes;
	struct tc_literal joined = {
		.how = TC_LITERAL_SHAPES, .wants = !both, .subject = a->subject};
	uint32_t *shapes;
	int r;

	/* "Has one of these or one of those", "has none of these and none of those". */
	if (a->wants == both || b->wants == both) {
		*ret_literal = TC_LITERAL_NONE;
		return 0;
	}
	shapes = calloc(n + 1, sizeof(*shapes));
	if (!shapes)
		return -ENOMEM;
	memcpy(shapes, a->shapes, a->n_shapes * sizeof(*shapes));
	memcpy(shapes + a->n_shapes, b->shapes, b->n_shapes * sizeof(*shapes));
	joined.shapes = shapes;
	joined.n_shapes = (uint32_t)arrange(shapes, n);
	joined.when_absent =
		both ? a->when_absent && b->when_absent : a->when_absent || b->when_absent;
	r = intern(literals, &joined, ret_literal);
	free(shapes);
	return r;
}

static int join_spans(struct tc_literals *literals, const struct tc_literal *a,
		      const struct tc_literal *b, bool both, uint32_t *ret_literal)
{
	_cleanup_buffer_ struct tc_buffer room = {0};
	struct tc_literal joined = {.how = TC_LITERAL_SPANS, .subject = a->subject};
	const struct tc_subject *subject = &literals->subjects[a->subject];

	joined.spans = tc_spans_join(&a->spans, &b->spans, both, &room);
	joined.when_absent =
		both ? a->when_absent && b->when_absent : a->when_absent || b->when_absent;
	if (!subject->has_absent && subject->of == TC_LOOK_NUMBER)
		joined.when_absent = joined.spans.first;
	return tc_buffer_failed(&room) ? -ENOMEM : intern(literals, &joined, ret_literal);
}

int tc_literals_join(struct tc_literals *literals, uint32_t a, uint32_t b, bool both,
		     uint32_t *ret_literal)
{
	const struct tc_literal left = literals->items[a], right = literals->items[b];
	uint32_t key[] = {a < b ? a : b, a < b ? b : a, both};
	int r;

	*ret_literal = TC_LITERAL_NONE;
	if (left.how == TC_LITERAL_CGROUP || left.how != right.how || left.subject != right.subject)
		return 0;
	if (tc_map_get(&literals->joined, key, sizeof(key), ret_literal))
		return 0;
	r = left.how == TC_LITERAL_SPANS ? join_spans(literals, &left, &right, both, ret_literal)
					 : join_shapes(literals, &left, &right, both, ret_literal);
	return r ? r : tc_map_add(&literals->joined, key, sizeof(key), *ret_literal);
}
