/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the tables of include/decide.h mean: looks at values, one by one. The same code in the
 * probes and in the tests that compare it with the agent's verdicts, so it takes nothing from
 * either: no helper, no map.
 *
 * Each function narrows what is left. Loops are bounded by constants and indexes by masks, for the
 * verifier.
 */
#ifndef TOCSIN_PROBES_CLASSIFY_H
#define TOCSIN_PROBES_CLASSIFY_H

#include "decide.h"

#define TC_CLASSIFY static inline __attribute__((always_inline))

/* A decision under way. */
struct tc_decision {
	struct tc_terms left;	  /* may still hold */
	struct tc_terms doubtful; /* a value that matters for them could not be judged */
	/* Of the string that is being looked at. */
	struct tc_terms hits[TC_LANES], kills;
};

TC_CLASSIFY const struct tc_terms *tc_row(const struct tc_tables *t, __u32 row)
{
	return &t->rows[row & (TC_ROWS_MAX - 1)];
}

TC_CLASSIFY void tc_keep(struct tc_terms *terms, const struct tc_terms *others)
{
	for (int i = 0; i < TC_TERM_WORDS; i++)
		terms->words[i] &= others->words[i];
}

TC_CLASSIFY void tc_add(struct tc_terms *terms, const struct tc_terms *others)
{
	for (int i = 0; i < TC_TERM_WORDS; i++)
		terms->words[i] |= others->words[i];
}

/* A value that cannot be judged: terms stay, vetoes do not count. */
TC_CLASSIFY void tc_look_doubt(const struct tc_tables *t, const struct tc_look *look,
			       struct tc_decision *d)
{
	const struct tc_terms *cares = tc_row(t, look->cares), *vetoes = tc_row(t, t->vetoes);

	tc_add(&d->doubtful, cares);
	for (int i = 0; i < TC_TERM_WORDS; i++)
		d->left.words[i] &= ~(cares->words[i] & vetoes->words[i]);
}

TC_CLASSIFY void tc_look_absent(const struct tc_tables *t, const struct tc_look *look,
				struct tc_decision *d)
{
	tc_keep(&d->left, tc_row(t, look->absent));
}

/* The row of the span that a value is in. */
TC_CLASSIFY void tc_look_span(const struct tc_tables *t, const struct tc_look *look, __u64 high,
			      __u64 low, struct tc_decision *d)
{
	__u32 from = look->first, n = look->n;

	for (int i = 0; i < TC_SPAN_STEPS && n > 1; i++) {
		__u32 half = n / 2;
		const struct tc_span *middle = &t->spans[(from + half) & (TC_SPANS_MAX - 1)];

		if (high > middle->high || (high == middle->high && low >= middle->low)) {
			from += half;
			n -= half;
		} else {
			n = half;
		}
	}
	tc_keep(&d->left, tc_row(t, t->spans[from & (TC_SPANS_MAX - 1)].row));
}

/* A number as it lies in memory, zero-extended. */
TC_CLASSIFY void tc_look_number(const struct tc_tables *t, const struct tc_look *look, __u64 value,
				struct tc_decision *d)
{
	if (look->has_absent &&
	    value == (look->is_signed ? (__u64)(__u32)TC_ABSENT_S32 : (__u64)TC_ABSENT_U32)) {
		tc_look_absent(t, look, d);
		return;
	}
	if (look->is_signed) {
		if (look->bytes == 4)
			value = (__u64)(__s64)(__s32)value;
		value ^= 1ULL << 63;
	}
	tc_look_span(t, look, 0, value & look->mask, d);
}

/* --- strings --- */

TC_CLASSIFY void tc_find(const struct tc_tables *t, __u32 number, struct tc_decision *d)
{
	const struct tc_hit *finding = &t->findings[number & (TC_FINDINGS_MAX - 1)];

	for (int lane = 0; lane < TC_LANES; lane++)
		if (finding->hits[lane] != TC_ROW_NONE)
			tc_add(&d->hits[lane], tc_row(t, finding->hits[lane]));
	if (finding->kills != TC_ROW_NONE)
		tc_add(&d->kills, tc_row(t, finding->kills));
}

TC_CLASSIFY void tc_string_begin(const struct tc_tables *t, const struct tc_look *look,
				 struct tc_decision *d)
{
	for (int lane = 0; lane < TC_LANES; lane++)
		d->hits[lane] = *tc_row(t, look->base[lane]);
	d->kills = *tc_row(t, TC_ROW_NONE);
}

/* One byte further: the next state. */
TC_CLASSIFY __u32 tc_string_step(const struct tc_tables *t, __u32 automaton, __u32 state, __u8 byte,
				 struct tc_decision *d)
{
	const struct tc_automaton_head *head = &t->automata[automaton & (TC_AUTOMATA_MAX - 1)];
	__u32 class = t->classes[automaton & (TC_AUTOMATA_MAX - 1)][byte];

	state = t->cells[(head->cells + state * head->n_classes + class) & (TC_CELLS_MAX - 1)];
	if (state >= head->first_found)
		tc_find(t, head->findings + state - head->first_found, d);
	return state;
}

/* Behind the last byte. */
TC_CLASSIFY void tc_string_end(const struct tc_tables *t, __u32 automaton, __u32 state,
			       struct tc_decision *d)
{
	const struct tc_automaton_head *head = &t->automata[automaton & (TC_AUTOMATA_MAX - 1)];

	tc_find(t, t->ends[(head->ends + state) & (TC_STATES_MAX - 1)], d);
	for (int i = 0; i < TC_TERM_WORDS; i++) {
		for (int lane = 0; lane < TC_LANES; lane++)
			d->left.words[i] &= d->hits[lane].words[i];
		d->left.words[i] &= ~d->kills.words[i];
	}
}

/* --- the verdict --- */

/* Whether a term that is no veto may still hold. */
TC_CLASSIFY int tc_is_any_left(const struct tc_tables *t, const struct tc_terms *left)
{
	const struct tc_terms *wanted = tc_row(t, t->wanted);
	__u64 any = 0;

	for (int i = 0; i < TC_TERM_WORDS; i++)
		any |= left->words[i] & wanted->words[i];
	return any != 0;
}

/* Whether nothing speaks against a term that is left. */
TC_CLASSIFY int tc_is_not_vetoed(const struct tc_tables *t, const struct tc_decision *d, __u32 term)
{
	const struct tc_terms *vetoes = tc_row(t, t->terms[term & (TC_TERMS_MAX - 1)].vetoes);
	__u64 any = 0;

	for (int i = 0; i < TC_TERM_WORDS; i++)
		any |= d->left.words[i] & vetoes->words[i];
	return any == 0;
}

/* The number of the lowest bit that is set, of a word that is not 0: BPF has no instruction for it.
 */
TC_CLASSIFY __u32 tc_lowest_bit(__u64 word)
{
	__u32 bit = 0;

	for (__u32 half = 32; half; half /= 2)
		if (!(word & ((1ULL << half) - 1))) {
			word >>= half;
			bit += half;
		}
	return bit;
}

#define TC_TERM_NONE 0xffffffffU

/*
 * The term that decides, of those that are left: the first that kills, else the first that blocks,
 * else the first that alerts; TC_TERM_NONE when none holds. One that enforces and is doubtful does
 * so only if it fails closed, else it alerts. *ret_enforces says whether it does.
 */
TC_CLASSIFY __u32 tc_decide_term(const struct tc_tables *t, const struct tc_decision *d,
				 int *ret_enforces)
{
	const struct tc_terms *wanted = tc_row(t, t->wanted);
	__u32 best = TC_TERM_NONE, best_weight = 0;

	for (__u32 word = 0; word < TC_TERM_WORDS; word++) {
		__u64 bits = d->left.words[word] & wanted->words[word];

		for (__u32 i = 0; i < 64 && bits; i++, bits &= bits - 1) {
			__u32 bit = tc_lowest_bit(bits) & 63, number = word * 64 + bit;
			const struct tc_bit *term = &t->terms[number & (TC_TERMS_MAX - 1)];
			__u32 weight = term->action;

			if (!tc_is_not_vetoed(t, d, number))
				continue;
			if (term->is_open && d->doubtful.words[word] >> bit & 1)
				weight = TC_ACTION_ALERT;
			if (weight > best_weight) {
				best = number;
				best_weight = weight;
			}
		}
	}
	*ret_enforces = best_weight >= TC_ACTION_BLOCK;
	return best;
}

#endif
