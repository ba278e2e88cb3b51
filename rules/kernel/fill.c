/* SPDX-License-Identifier: Apache-2.0 */
/* The tables as a whole: terms, kinds, and which looks each kind needs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/kernel/tables.h"

/* --- sets of terms --- */

int tc_filling_row(struct tc_filling *filling, const struct tc_terms *terms, uint16_t *ret_row)
{
	uint32_t row;
	int r;

	if (tc_map_get(&filling->rows, terms, sizeof(*terms), &row)) {
		*ret_row = (uint16_t)row;
		return 0;
	}
	if (filling->counts->rows == TC_ROWS_MAX)
		return -E2BIG;
	row = (uint32_t)filling->counts->rows;
	r = tc_map_add(&filling->rows, terms, sizeof(*terms), row);
	if (r)
		return r;
	filling->tables->rows[filling->counts->rows++] = *terms;
	*ret_row = (uint16_t)row;
	return 0;
}

struct tc_terms tc_filling_left(const struct tc_filling *filling, const uint32_t *missing)
{
	const struct tc_bits *bits = filling->bits;
	struct tc_terms left;

	memset(&left, 0xff, sizeof(left));
	for (uint32_t bit = 0; bit < bits->n; bit++) {
		bool any = false;

		for (uint32_t i = bits->first[bit]; i < bits->first[bit + 1]; i++)
			any |= !missing[bits->members[i]];
		if (!any)
			tc_terms_remove(&left, bit);
	}
	return left;
}

static const struct tc_clause *member(const struct tc_filling *filling, uint32_t place)
{
	return &filling->clauses->items[filling->bits->members[place]];
}

/* --- what bits stand for --- */

/* The vetoes of a clause that have bits. */
static struct tc_terms vetoes_of(const struct tc_filling *filling, const struct tc_clause *clause)
{
	struct tc_terms vetoes = {0};

	for (uint32_t i = 0; i < clause->n_vetoes; i++) {
		uint32_t bit = filling->bits->bit[clause->vetoes[i]];

		if (bit != TC_BIT_NONE)
			tc_terms_add(&vetoes, bit);
	}
	return vetoes;
}

/* The rule that all clauses of a bit belong to, from 1; 0: there are several. */
static uint32_t rule_of(const struct tc_filling *filling, uint32_t bit)
{
	const struct tc_bits *bits = filling->bits;
	uint32_t rule = member(filling, bits->first[bit])->rule;

	for (uint32_t i = bits->first[bit] + 1; i < bits->first[bit + 1]; i++)
		if (member(filling, i)->rule != rule)
			return 0;
	return rule + 1;
}

static int fill_bit(struct tc_filling *filling, uint32_t number)
{
	const struct tc_bits *bits = filling->bits;
	const struct tc_clause *clause = member(filling, bits->first[number]);
	bool is_alone = bits->first[number + 1] - bits->first[number] == 1;
	struct tc_terms vetoes = {0};
	struct tc_bit *bit = &filling->tables->terms[number];

	bit->action = clause->action;
	bit->is_open = !filling->options->fail_closed;
	if (clause->action != TC_ACTION_NONE)
		bit->rule = rule_of(filling, number);
	if (clause->action >= TC_ACTION_BLOCK)
		bit->error = (__u16)filling->clauses->set->rules[clause->rule].error;
	if (is_alone)
		vetoes = vetoes_of(filling, clause);
	return tc_filling_row(filling, &vetoes, &bit->vetoes);
}

static int fill_bits(struct tc_filling *filling)
{
	struct tc_terms all, none = {0}, wanted = {0}, enforcing = {0};
	struct tc_tables *tables = filling->tables;
	uint16_t row;
	int r;

	memset(&all, 0xff, sizeof(all));
	r = tc_filling_row(filling, &all, &row);
	if (!r)
		r = tc_filling_row(filling, &none, &row);
	for (uint32_t bit = 0; bit < filling->bits->n && !r; bit++) {
		uint8_t action = member(filling, filling->bits->first[bit])->action;

		r = fill_bit(filling, bit);
		tc_terms_add(action == TC_ACTION_NONE ? &filling->vetoes : &wanted, bit);
		if (action >= TC_ACTION_BLOCK)
			tc_terms_add(&enforcing, bit);
	}
	if (!r)
		r = tc_filling_row(filling, &wanted, &tables->wanted);
	if (!r)
		r = tc_filling_row(filling, &enforcing, &tables->enforcing);
	return r ? r : tc_filling_row(filling, &filling->vetoes, &tables->vetoes);
}

/* --- one look --- */

static int compare_asking(const void *left, const void *right)
{
	const struct tc_asking *a = left, *b = right;

	if (a->clause != b->clause)
		return a->clause < b->clause ? -1 : 1;
	return a->literal < b->literal ? -1 : a->literal > b->literal;
}

static bool has_subject(const struct tc_look_plan *plan, uint32_t subject)
{
	for (size_t i = 0; i < plan->n_subjects; i++)
		if (plan->subjects[i] == subject)
			return true;
	return false;
}

static bool is_asked_of(const struct tc_filling *filling, const struct tc_look_plan *plan,
			uint32_t literal)
{
	const struct tc_literal *asked = &filling->clauses->literals.items[literal];

	return asked->how != TC_LITERAL_CGROUP && has_subject(plan, asked->subject);
}

/* Everything that clauses with bits ask of the plan's subjects. */
static int gather(struct tc_filling *filling, struct tc_look_plan *plan)
{
	const struct tc_bits *bits = filling->bits;
	size_t room = 0;

	for (uint32_t i = 0; i < bits->n_members; i++)
		room += member(filling, i)->n;
	plan->asking = calloc(room + 1, sizeof(*plan->asking));
	if (!plan->asking)
		return -ENOMEM;
	for (uint32_t i = 0; i < bits->n_members; i++) {
		const struct tc_clause *clause = member(filling, i);

		for (uint32_t k = 0; k < clause->n; k++)
			if (is_asked_of(filling, plan, clause->literals[k]))
				plan->asking[plan->n_asking++] =
					(struct tc_asking){bits->members[i], clause->literals[k]};
	}
	qsort(plan->asking, plan->n_asking, sizeof(*plan->asking), compare_asking);
	return 0;
}

static int fill_absent(struct tc_filling *filling, const struct tc_look_plan *plan,
		       struct tc_look *look)
{
	uint32_t *missing = calloc(filling->clauses->n + 1, sizeof(*missing));
	struct tc_terms left;

	if (!missing)
		return -ENOMEM;
	for (size_t i = 0; i < plan->n_asking; i++) {
		const struct tc_asking *asking = &plan->asking[i];

		missing[asking->clause] +=
			!filling->clauses->literals.items[asking->literal].when_absent;
	}
	left = tc_filling_left(filling, missing);
	free(missing);
	return tc_filling_row(filling, &left, &look->absent);
}

/* Adds the terms that have one of some vetoes. */
static void add_vetoed(const struct tc_filling *filling, struct tc_terms *terms)
{
	const struct tc_terms asking = *terms;

	for (uint32_t bit = 0; bit < filling->bits->n; bit++) {
		const struct tc_bit *term = &filling->tables->terms[bit];
		const struct tc_terms *vetoes = &filling->tables->rows[term->vetoes];

		for (unsigned word = 0; word < TC_TERM_WORDS; word++)
			if (vetoes->words[word] & asking.words[word])
				tc_terms_add(terms, bit);
	}
}

/* Terms that ask, and terms with a veto that does. */
static int fill_cares(struct tc_filling *filling, const struct tc_look_plan *plan,
		      struct tc_look *look)
{
	struct tc_terms cares = {0};

	for (size_t i = 0; i < plan->n_asking; i++)
		tc_terms_add(&cares, filling->bits->bit[plan->asking[i].clause]);
	add_vetoed(filling, &cares);
	return tc_filling_row(filling, &cares, &look->cares);
}

static uint8_t bytes_of(enum tc_wire wire)
{
	return wire == TC_W_u16 ? 2 : wire == TC_W_u32 || wire == TC_W_s32 ? 4 : 8;
}

/* A look that none was like before. */
static int fill_look(struct tc_filling *filling, struct tc_look_plan *plan, struct tc_look *look)
{
	const struct tc_subject *subject = &plan->subject;
	bool is_number = subject->of == TC_LOOK_NUMBER;
	int r = gather(filling, plan);

	*look = (struct tc_look){
		.mask = is_number ? subject->mask : 0,
		.of = (__u8)subject->of,
		.view = (__u8)subject->view,
		.bytes = is_number ? bytes_of(subject->wire) : 0,
		.is_signed = is_number && (subject->wire == TC_W_s32 || subject->wire == TC_W_s64),
		.has_absent = subject->has_absent && is_number,
	};
	/* Signs are flipped, and all bits matter. */
	if (look->is_signed)
		look->mask = UINT64_MAX;
	if (!r)
		r = fill_absent(filling, plan, look);
	if (!r)
		r = fill_cares(filling, plan, look);
	if (r)
		return r;
	return is_number || subject->of == TC_LOOK_ADDRESS ? tc_filling_spans(filling, plan, look)
							   : tc_filling_string(filling, plan, look);
}

/* A look of the plan; one that was made before of the same subjects serves for all kinds. */
static int find_look(struct tc_filling *filling, struct tc_look_plan *plan, uint32_t *kept,
		     struct tc_look **looks, struct tc_look *ret_look)
{
	size_t size = plan->n_subjects * sizeof(*plan->subjects);
	struct tc_look *more;
	uint32_t number;
	int r;

	if (tc_map_get(&filling->looks, plan->subjects, size, &number)) {
		*ret_look = (*looks)[number];
		ret_look->offset = plan->place.offset;
		return 0;
	}
	r = fill_look(filling, plan, ret_look);
	if (r)
		return r;
	more = reallocarray(*looks, *kept + 1UL, sizeof(*more));
	if (!more)
		return -ENOMEM;
	*looks = more;
	more[*kept] = *ret_look;
	ret_look->offset = plan->place.offset;
	return tc_map_add(&filling->looks, plan->subjects, size, (*kept)++);
}

/* --- lists of looks --- */

struct listing {
	struct tc_filling *filling;
	struct tc_look_plan *plans;
	size_t n_plans;
	uint64_t *kinds;      /* by subject: kinds in which a clause asks for it */
	bool *enforced;	      /* by subject: what enforces asks for it */
	uint32_t *family;     /* by subject: the first of those that are one look in some kind */
	struct tc_look *made; /* by their content */
	uint32_t n_made;
};

/* What is cheap comes first. */
static unsigned cost_of(const struct tc_subject *subject)
{
	static const uint8_t costs[] = {[TC_LOOK_NUMBER] = 0,
					[TC_LOOK_COMM] = 1,
					[TC_LOOK_ADDRESS] = 2,
					[TC_LOOK_SLOT] = 3,
					[TC_LOOK_EXE] = 4};

	return costs[subject->of];
}

static int compare_plans(const void *left, const void *right)
{
	const struct tc_look_plan *a = left, *b = right;
	unsigned cost_a = cost_of(&a->subject), cost_b = cost_of(&b->subject);

	if (cost_a != cost_b)
		return cost_a < cost_b ? -1 : 1;
	return a->place.offset < b->place.offset ? -1 : a->place.offset > b->place.offset;
}

static bool is_same_look(const struct tc_look_plan *plan, const struct tc_subject *subject,
			 const struct tc_place *place)
{
	return plan->subject.of == subject->of && plan->subject.view == subject->view &&
	       plan->subject.mask == subject->mask &&
	       plan->subject.has_absent == subject->has_absent && plan->place.list == place->list &&
	       plan->place.offset == place->offset;
}

/* Adds a subject to the plan of the look that sees it. */
static int plan_subject(struct listing *listing, uint32_t number, const struct tc_subject *subject,
			const struct tc_place *place)
{
	struct tc_look_plan *plan = listing->plans;
	size_t i = 0;

	while (i < listing->n_plans && !is_same_look(&plan[i], subject, place))
		i++;
	if (i == listing->n_plans)
		plan[listing->n_plans++] =
			(struct tc_look_plan){.subject = *subject, .place = *place};
	uint32_t *subjects =
		reallocarray(plan[i].subjects, plan[i].n_subjects + 1, sizeof(*subjects));
	if (!subjects)
		return -ENOMEM;
	plan[i].subjects = subjects;
	subjects[plan[i].n_subjects++] = number;
	return 0;
}

static int plan_list(struct listing *listing, enum tc_place_list list, unsigned kind,
		     uint64_t kinds)
{
	const struct tc_literals *literals = &listing->filling->clauses->literals;
	int r = 0;

	for (uint32_t i = 0; i < literals->n_subjects && !r; i++) {
		const struct tc_subject *subject = &literals->subjects[i];
		struct tc_subject found;
		struct tc_place place;

		if (!(listing->kinds[i] & kinds))
			continue;
		if (tc_subject_place(subject, kind, &found, &place) && place.list == list)
			r = plan_subject(listing, i, &found, &place);
	}
	qsort(listing->plans, listing->n_plans, sizeof(*listing->plans), compare_plans);
	return r;
}

/* --- one automaton for all kinds --- */

static uint32_t family_of(const struct listing *listing, uint32_t subject)
{
	while (listing->family[subject] != subject)
		subject = listing->family[subject];
	return subject;
}

/* What is one look in one kind is one family in all. */
static void join_families(struct listing *listing)
{
	for (size_t i = 0; i < listing->n_plans; i++) {
		const struct tc_look_plan *plan = &listing->plans[i];

		for (size_t k = 1; k < plan->n_subjects; k++) {
			uint32_t a = family_of(listing, plan->subjects[0]);
			uint32_t b = family_of(listing, plan->subjects[k]);

			listing->family[a > b ? a : b] = a > b ? b : a;
		}
	}
}

/*
 * Has the look at a string see what its whole family is asked for, in other kinds, so that one
 * automaton serves them all. Not where a clause of these kinds asks another member of the family:
 * that is not what is looked at here.
 */
static int widen(struct listing *listing, struct tc_look_plan *plan, uint64_t kinds)
{
	uint32_t family = family_of(listing, plan->subjects[0]), *subjects;
	size_t n_subjects = listing->filling->clauses->literals.n_subjects, n = 0;

	if (plan->subject.of == TC_LOOK_NUMBER || plan->subject.of == TC_LOOK_ADDRESS)
		return 0;
	subjects = calloc(n_subjects + 1, sizeof(*subjects));
	if (!subjects)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_subjects; i++) {
		if (family_of(listing, i) != family)
			continue;
		if (!has_subject(plan, i) && listing->kinds[i] & kinds) {
			free(subjects);
			return 0;
		}
		subjects[n++] = i;
	}
	free(plan->subjects);
	plan->subjects = subjects;
	plan->n_subjects = n;
	return 0;
}

static bool is_enforced(const struct listing *listing, const struct tc_look_plan *plan)
{
	for (size_t i = 0; i < plan->n_subjects; i++)
		if (listing->enforced[plan->subjects[i]])
			return true;
	return false;
}

static void mark_looked(struct tc_filling *filling, const struct tc_look_plan *plan)
{
	for (uint32_t i = 0; i < filling->clauses->literals.n; i++)
		if (is_asked_of(filling, plan, i))
			filling->looked[i] = true;
}

static void forget_plans(struct listing *listing)
{
	for (size_t i = 0; i < listing->n_plans; i++) {
		free(listing->plans[i].subjects);
		free(listing->plans[i].asking);
	}
	listing->n_plans = 0;
}

/* Writes a list, unless there is one that is equal. */
static int write_list(struct tc_filling *filling, const struct tc_look *looks, size_t n,
		      struct tc_look_list *list)
{
	struct tc_tables *tables = filling->tables;
	size_t *n_looks = &filling->counts->looks;

	*list = (struct tc_look_list){.first = 0, .n = (__u16)n};
	for (size_t i = 0; i + n <= *n_looks; i++) {
		if (!memcmp(&tables->looks[i], looks, n * sizeof(*looks))) {
			list->first = (__u16)i;
			return 0;
		}
	}
	if (*n_looks + n > TC_LOOKS_MAX)
		return -E2BIG;
	list->first = (__u16)*n_looks;
	memcpy(&tables->looks[*n_looks], looks, n * sizeof(*looks));
	*n_looks += n;
	return 0;
}

/*
 * Fills the list of looks that clauses of these kinds need in one kind. What there is no room for
 * is not looked at, if it is for alerts alone.
 */
static int fill_list(struct listing *listing, enum tc_place_list list, unsigned kind,
		     uint64_t kinds, struct tc_look_list *ret_list)
{
	struct tc_look looks[TC_KIND_LOOKS_MAX];
	size_t n = 0;
	int r = plan_list(listing, list, kind, kinds);

	for (int enforced = 1; enforced >= 0 && !r; enforced--) {
		for (size_t i = 0; i < listing->n_plans && !r; i++) {
			struct tc_look_plan *plan = &listing->plans[i];

			if (is_enforced(listing, plan) != enforced)
				continue;
			if (n == TC_KIND_LOOKS_MAX && !enforced)
				break;
			mark_looked(listing->filling, plan);
			r = n == TC_KIND_LOOKS_MAX ? -E2BIG : widen(listing, plan, kinds);
			if (!r)
				r = find_look(listing->filling, plan, &listing->n_made,
					      &listing->made, &looks[n++]);
		}
	}
	forget_plans(listing);
	return r ? r : write_list(listing->filling, looks, n, ret_list);
}

/* --- kinds --- */

static const struct tc_literal *literal_at(const struct tc_filling *filling,
					   const struct tc_clause *clause, uint32_t place)
{
	return &filling->clauses->literals.items[clause->literals[place]];
}

static bool asks_task(const struct tc_filling *filling, const struct tc_clause *clause)
{
	for (uint32_t i = 0; i < clause->n; i++) {
		const struct tc_literal *literal = literal_at(filling, clause, i);

		if (literal->how != TC_LITERAL_CGROUP &&
		    filling->clauses->literals.subjects[literal->subject].is_task)
			return true;
	}
	return false;
}

static bool asks_cgroup(const struct tc_filling *filling, const struct tc_clause *clause)
{
	for (uint32_t i = 0; i < clause->n; i++)
		if (literal_at(filling, clause, i)->how == TC_LITERAL_CGROUP)
			return true;
	return false;
}

/* Whether a veto is judged to the last of its literals. */
static bool is_all_looked(const struct tc_filling *filling, const struct tc_clause *clause)
{
	for (uint32_t i = 0; i < clause->n; i++)
		if (literal_at(filling, clause, i)->how != TC_LITERAL_CGROUP &&
		    !filling->looked[clause->literals[i]])
			return false;
	return true;
}

/* The words of a set that hold terms, and all between them. */
static struct tc_range words_of(const struct tc_terms *terms)
{
	struct tc_range words = {0};

	for (uint16_t i = 0; i < TC_TERM_WORDS; i++) {
		if (!terms->words[i])
			continue;
		words.first = words.n ? words.first : i;
		words.n = (uint16_t)(i + 1 - words.first);
	}
	return words;
}

static struct tc_range words_of_both(struct tc_range a, struct tc_range b)
{
	uint16_t first = a.first < b.first ? a.first : b.first;
	unsigned end_a = a.first + a.n, end_b = b.first + b.n;

	if (!a.n || !b.n)
		return a.n ? a : b;
	return (struct tc_range){first, (uint16_t)((end_a > end_b ? end_a : end_b) - first)};
}

static int fill_kind_row(struct tc_filling *filling, unsigned kind, struct tc_kind_table *table)
{
	const struct tc_bits *bits = filling->bits;
	struct tc_terms row = {0}, wanted = {0};
	int r;

	table->all_ask = true;
	for (uint32_t bit = 0; bit < bits->n; bit++) {
		for (uint32_t i = bits->first[bit]; i < bits->first[bit + 1]; i++) {
			const struct tc_clause *clause = member(filling, i);
			bool task = asks_task(filling, clause),
			     cgroup = asks_cgroup(filling, clause);

			if (!(clause->kinds >> kind & 1))
				continue;
			if (clause->action == TC_ACTION_NONE && !is_all_looked(filling, clause))
				continue;
			tc_terms_add(&row, bit);
			if (clause->action != TC_ACTION_NONE)
				tc_terms_add(&wanted, bit);
			table->asks_task |= task;
			table->asks_cgroup |= cgroup;
			table->all_ask &= clause->action == TC_ACTION_NONE || task || cgroup;
			table->enforces |= clause->action > TC_ACTION_ALERT;
		}
	}
	table->words = words_of(&row);
	r = tc_filling_row(filling, &row, &table->row);
	return r ? r : tc_filling_row(filling, &wanted, &table->wanted);
}

static int fill_kind(struct listing *listing, unsigned kind)
{
	static const uint64_t opens = TC_KIND_BIT(TC_KIND_open) | TC_KIND_BIT(TC_KIND_open_read);
	struct tc_filling *filling = listing->filling;
	struct tc_kind_table *table = &filling->tables->kinds[kind];
	uint64_t bit = TC_KIND_BIT(kind);
	int r;

	memset(filling->looked, 0, filling->clauses->literals.n * sizeof(*filling->looked));
	table->always = filling->options->always >> kind & 1;
	r = fill_list(listing, TC_PLACE_TASK, kind, UINT64_MAX, &filling->tables->task);
	if (!r && bit & opens)
		r = fill_list(listing, TC_PLACE_KEPT, kind, opens, &table->kept);
	if (!r)
		r = fill_list(listing, TC_PLACE_LOOKS, kind, bit, &table->looks);
	if (!r)
		r = fill_kind_row(filling, kind, table);
	filling->tables->words = words_of_both(filling->tables->words, table->words);
	if (bit & opens)
		filling->tables->opened = words_of_both(filling->tables->opened, table->words);
	return r;
}

static bool is_told_by_probes(unsigned kind)
{
	const struct tc_kind_info *info = tc_kind_info(kind);

	return info && !(info->traits & TC_TRAIT_AGENT);
}

static int find_families(struct listing *listing)
{
	size_t n_subjects = listing->filling->clauses->literals.n_subjects;
	int r = 0;

	listing->family = calloc(n_subjects + 1, sizeof(*listing->family));
	if (!listing->family)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_subjects; i++)
		listing->family[i] = i;
	for (unsigned kind = 0; kind < TC_KIND_LIMIT && !r; kind++) {
		for (int list = TC_PLACE_KEPT; list <= TC_PLACE_LOOKS && !r; list++) {
			if (!is_told_by_probes(kind))
				continue;
			r = plan_list(listing, (enum tc_place_list)list, kind, TC_KIND_BIT(kind));
			join_families(listing);
			forget_plans(listing);
		}
	}
	return r;
}

static int fill_kinds(struct listing *listing)
{
	const struct tc_filling *filling = listing->filling;
	int r = 0;

	for (uint32_t i = 0; i < filling->bits->n_members; i++) {
		const struct tc_clause *clause = member(filling, i);

		for (uint32_t k = 0; k < clause->n; k++) {
			const struct tc_literal *literal = literal_at(filling, clause, k);

			if (literal->how == TC_LITERAL_CGROUP)
				continue;
			listing->kinds[literal->subject] |= clause->kinds;
			listing->enforced[literal->subject] |= clause->action != TC_ACTION_ALERT;
		}
	}
	r = find_families(listing);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT && !r; kind++)
		if (is_told_by_probes(kind))
			r = fill_kind(listing, kind);
	return r;
}

static uint16_t facts_of(const struct tc_look *look)
{
	if (look->of == TC_LOOK_EXE)
		return TC_FACTS_EXE;
	if (look->of == TC_LOOK_COMM)
		return TC_FACTS_COMM;
	if (look->offset == offsetof(struct tc_task_facts, user_ns))
		return TC_FACTS_USER_NS;
	return look->offset < offsetof(struct tc_task_facts, mnt_ns) ? TC_FACTS_IDS
								     : TC_FACTS_NAMESPACES;
}

static void fill_facts(struct tc_tables *tables)
{
	for (unsigned i = 0; i < tables->task.n; i++)
		tables->facts |= facts_of(&tables->looks[tables->task.first + i]);
}

/* What is left of the terms before a cgroup was judged: all but vetoes that ask for it. */
static int fill_cgroup_unknown(struct tc_filling *filling)
{
	const struct tc_bits *bits = filling->bits;
	struct tc_terms left, cares = {0};
	int r;

	memset(&left, 0xff, sizeof(left));
	for (uint32_t i = 0; i < bits->n_members; i++) {
		const struct tc_clause *clause = member(filling, i);
		uint32_t bit = bits->bit[bits->members[i]];

		if (!asks_cgroup(filling, clause))
			continue;
		tc_terms_add(&cares, bit);
		if (clause->action == TC_ACTION_NONE)
			tc_terms_remove(&left, bit);
	}
	add_vetoed(filling, &cares);
	r = tc_filling_row(filling, &left, &filling->tables->cgroup_unknown);
	return r ? r : tc_filling_row(filling, &cares, &filling->tables->cgroup_cares);
}

int tc_filling_run(struct tc_filling *filling)
{
	size_t n_subjects = filling->clauses->literals.n_subjects;
	struct listing listing = {.filling = filling};
	int r = -ENOMEM;

	filling->tables->generation = filling->options->generation;
	filling->counts->findings = 1; /* 0 is nothing */
	filling->tables->findings[0] = (struct tc_hit){
		.hits = {TC_ROW_NONE, TC_ROW_NONE, TC_ROW_NONE}, .kills = TC_ROW_NONE};
	listing.kinds = calloc(n_subjects + 1, sizeof(*listing.kinds));
	listing.enforced = calloc(n_subjects + 1, sizeof(*listing.enforced));
	listing.plans = calloc(n_subjects + 1, sizeof(*listing.plans));
	filling->looked = calloc(filling->clauses->literals.n + 1, sizeof(*filling->looked));
	if (listing.kinds && listing.enforced && listing.plans && filling->looked)
		r = fill_bits(filling);
	if (!r)
		r = fill_kinds(&listing);
	fill_facts(filling->tables);
	if (!r)
		r = fill_cgroup_unknown(filling);
	free(listing.kinds);
	free(listing.enforced);
	free(listing.family);
	free(listing.plans);
	free(listing.made);
	free(filling->looked);
	tc_map_done(&filling->rows);
	tc_map_done(&filling->looks);
	tc_map_done(&filling->findings);
	return r;
}
