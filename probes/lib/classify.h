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

/* A decision under way. Of its sets only those words are meant that matter. */
struct tc_decision {
	struct tc_range words;
	struct tc_terms left;	  /* may still hold */
	struct tc_terms doubtful; /* a value that matters for them could not be judged */
	/* Of the string that is being looked at: what was found, if something was. */
	struct tc_terms hits[TC_LANES], kills;
	__u32 is_found;
};

TC_CLASSIFY const struct tc_terms *tc_row(const struct tc_tables *t, __u32 row)
{
	return &t->rows[row & (TC_ROWS_MAX - 1)];
}

/*
 * Goes through the words that matter: tc_word() is the one at i. Unrolled, which halves the
 * instructions for each word. The verifier does not know that they end where the set does: as much
 * must be readable behind it, else it is tc_word_at_end() that is asked.
 */
#ifdef __clang__
#define TC_UNROLL _Pragma("clang loop unroll(full)")
#else
#define TC_UNROLL
#endif
#define TC_EACH_WORD(i, words)                                                                     \
	TC_UNROLL for (__u32 i = 0; i < TC_TERM_WORDS; i++) if (i < (words).n)
#define tc_word(terms, of, i) (((terms)->words + ((of).first & (TC_TERM_WORDS - 1)))[i])
#define tc_word_at_end(terms, of, i) ((terms)->words[((of).first + (i)) & (TC_TERM_WORDS - 1)])

TC_CLASSIFY void tc_set(struct tc_range words, struct tc_terms *terms,
			const struct tc_terms *others)
{
	TC_EACH_WORD(i, words)
	tc_word(terms, words, i) = tc_word(others, words, i);
}

TC_CLASSIFY void tc_keep(struct tc_range words, struct tc_terms *terms,
			 const struct tc_terms *others)
{
	TC_EACH_WORD(i, words)
	tc_word(terms, words, i) &= tc_word(others, words, i);
}

TC_CLASSIFY void tc_add(struct tc_range words, struct tc_terms *terms,
			const struct tc_terms *others)
{
	TC_EACH_WORD(i, words)
	tc_word(terms, words, i) |= tc_word(others, words, i);
}

/* Whether a term is in both. */
TC_CLASSIFY int tc_meet_any(struct tc_range words, const struct tc_terms *a,
			    const struct tc_terms *b)
{
	__u64 any = 0;

	TC_EACH_WORD(i, words)
	any |= tc_word(a, words, i) & tc_word(b, words, i);
	return any != 0;
}

/* A value that cannot be judged: terms stay, vetoes do not count. */
TC_CLASSIFY void tc_look_doubt(const struct tc_tables *t, const struct tc_look *look,
			       struct tc_decision *d)
{
	const struct tc_terms *cares = tc_row(t, look->cares), *vetoes = tc_row(t, t->vetoes);
	const struct tc_range words = d->words;

	tc_add(words, &d->doubtful, cares);
	TC_EACH_WORD(i, words)
	tc_word(&d->left, words, i) &= ~(tc_word(cares, words, i) & tc_word(vetoes, words, i));
}

TC_CLASSIFY void tc_look_absent(const struct tc_tables *t, const struct tc_look *look,
				struct tc_decision *d)
{
	tc_keep(d->words, &d->left, tc_row(t, look->absent));
}

/* A cgroup that nobody has judged yet, nor any above it. */
TC_CLASSIFY void tc_look_unknown_cgroup(const struct tc_tables *t, struct tc_decision *d)
{
	tc_keep(d->words, &d->left, tc_row(t, t->cgroup_unknown));
	tc_add(d->words, &d->doubtful, tc_row(t, t->cgroup_cares));
}

/* Keeps the compiler from making a branch, or a shorter form that the verifier cannot follow. */
#define TC_OPAQUE(value) asm volatile("" : "+r"(value))

/* All bits when a < b, else none, without a branch: the verifier would follow both ways in every
 * turn of a loop. The borrow of a - b (Warren, Hacker's Delight, 2-13). */
TC_CLASSIFY __u64 tc_is_below(__u64 a, __u64 b)
{
	__u64 difference = a - b;

	TC_OPAQUE(difference);
	return 0 - (((~a & b) | ((~a | b) & difference)) >> 63);
}

/* The row of the span that a value is in. */
TC_CLASSIFY void tc_look_span(const struct tc_tables *t, const struct tc_look *look, __u64 high,
			      __u64 low, struct tc_decision *d)
{
	__u64 from = look->first, n = look->n;

	for (int i = 0; i < TC_SPAN_STEPS && n > 1; i++) {
		__u64 half = n / 2, first_half;
		const struct tc_span *middle = &t->spans[(from + half) & (TC_SPANS_MAX - 1)];

		first_half = tc_is_below(high, middle->high) |
			     (~tc_is_below(middle->high, high) & tc_is_below(low, middle->low));
		from += half & ~first_half;
		n = (half & first_half) | ((n - half) & ~first_half);
	}
	tc_keep(d->words, &d->left, tc_row(t, t->spans[from & (TC_SPANS_MAX - 1)].row));
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

/* Lanes that no term asks something of are not looked at. */
#define TC_EACH_LANE(lane, look)                                                                   \
	for (int lane = 0; lane < TC_LANES; lane++)                                                \
		if (lane < (look)->lanes)

TC_CLASSIFY void tc_string_begin(struct tc_decision *d)
{
	d->is_found = 0;
}

TC_CLASSIFY void tc_find(const struct tc_tables *t, const struct tc_look *look, __u32 number,
			 struct tc_decision *d)
{
	const struct tc_hit *finding = &t->findings[number & (TC_FINDINGS_MAX - 1)];

	if (!d->is_found) {
		TC_EACH_LANE(lane, look)
		tc_set(d->words, &d->hits[lane], tc_row(t, look->base[lane]));
		tc_set(d->words, &d->kills, tc_row(t, TC_ROW_NONE));
		d->is_found = 1;
	}
	TC_EACH_LANE(lane, look)
	if (finding->hits[lane] != TC_ROW_NONE)
		tc_add(d->words, &d->hits[lane], tc_row(t, finding->hits[lane]));
	if (finding->kills != TC_ROW_NONE)
		tc_add(d->words, &d->kills, tc_row(t, finding->kills));
}

/*
 * Goes on over n bytes, at most max (a constant), from *state. Ends behind a byte at which
 * something was found: tc_string_found() is then due. How many bytes were passed.
 */
TC_CLASSIFY __u32 tc_string_run(const struct tc_tables *t, __u32 automaton, __u32 *state,
				const __u8 *bytes, __u32 n, __u32 max)
{
	const struct tc_automaton_head *head = &t->automata[automaton & (TC_AUTOMATA_MAX - 1)];
	const __u8 *classes = t->classes[automaton & (TC_AUTOMATA_MAX - 1)];
	__u64 cells = head->cells, n_classes = head->n_classes, first_found = head->first_found;
	__u64 now = *state;
	__u32 i = 0;

#ifdef __clang__
#pragma clang loop unroll(disable)
#endif
	while (i < max && i < n) {
		now = t->cells[(cells + now * n_classes + classes[bytes[i]]) & (TC_CELLS_MAX - 1)];
		i++;
		if (now >= first_found)
			break;
	}
	*state = now;
	return i;
}

/* What was found where a run ended, if anything: number of the finding, else 0. */
TC_CLASSIFY __u32 tc_string_found(const struct tc_tables *t, __u32 automaton, __u32 state)
{
	const struct tc_automaton_head *head = &t->automata[automaton & (TC_AUTOMATA_MAX - 1)];

	return state >= head->first_found ? head->findings + state - head->first_found : 0;
}

/* What is found behind the last byte: number of the finding. */
TC_CLASSIFY __u32 tc_string_last(const struct tc_tables *t, __u32 automaton, __u32 state)
{
	const struct tc_automaton_head *head = &t->automata[automaton & (TC_AUTOMATA_MAX - 1)];

	return t->ends[(head->ends + state) & (TC_STATES_MAX - 1)];
}

/* When all findings are in. */
TC_CLASSIFY void tc_string_end(const struct tc_tables *t, const struct tc_look *look,
			       struct tc_decision *d)
{
	const struct tc_range words = d->words;

	if (!d->is_found) {
		TC_EACH_LANE(lane, look)
		tc_keep(words, &d->left, tc_row(t, look->base[lane]));
		return;
	}
	TC_EACH_LANE(lane, look)
	tc_keep(words, &d->left, &d->hits[lane]);
	TC_EACH_WORD(i, words)
	tc_word(&d->left, words, i) &= ~tc_word(&d->kills, words, i);
}

/* --- the verdict --- */

/* Whether a term that is no veto may still hold. */
TC_CLASSIFY int tc_is_any_left(const struct tc_tables *t, const struct tc_decision *d)
{
	return tc_meet_any(d->words, &d->left, tc_row(t, t->wanted));
}

/* Whether nothing speaks against a term that is left. */
TC_CLASSIFY int tc_is_not_vetoed(const struct tc_tables *t, const struct tc_decision *d, __u32 term)
{
	return !tc_meet_any(d->words, &d->left,
			    tc_row(t, t->terms[term & (TC_TERMS_MAX - 1)].vetoes));
}

/* 1 when a and b share a bit, without a branch. */
TC_CLASSIFY __u64 tc_meet(__u64 a, __u64 b)
{
	__u64 both = a & b, negative = 0 - both;

	TC_OPAQUE(negative);
	return (both | negative) >> 63;
}

/* The number of the lowest bit that is set, of a word that is not 0. Without a branch, and BPF has
 * no instruction for it. */
TC_CLASSIFY __u32 tc_lowest_bit(__u64 word)
{
	__u64 lowest = word & (0 - word);

	return tc_meet(lowest, 0xaaaaaaaaaaaaaaaaULL) |
	       tc_meet(lowest, 0xccccccccccccccccULL) << 1 |
	       tc_meet(lowest, 0xf0f0f0f0f0f0f0f0ULL) << 2 |
	       tc_meet(lowest, 0xff00ff00ff00ff00ULL) << 3 |
	       tc_meet(lowest, 0xffff0000ffff0000ULL) << 4 |
	       tc_meet(lowest, 0xffffffff00000000ULL) << 5;
}

#define TC_TERM_NONE 0xffffffffU

/*
 * What a term that is left asks for: an enum tc_action, TC_ACTION_NONE when something speaks
 * against it. One that enforces and is doubtful does so only if it fails closed, else it alerts.
 */
TC_CLASSIFY __u32 tc_term_asks(const struct tc_tables *t, const struct tc_decision *d, __u32 number)
{
	const struct tc_bit *term = &t->terms[number & (TC_TERMS_MAX - 1)];

	if (!tc_is_not_vetoed(t, d, number))
		return TC_ACTION_NONE;
	if (term->is_open &&
	    d->doubtful.words[number / 64 & (TC_TERM_WORDS - 1)] >> (number & 63) & 1)
		return TC_ACTION_ALERT;
	return term->action;
}

/*
 * The term that decides, of those that are left: the first that kills, else the first that blocks,
 * else the first that alerts; TC_TERM_NONE when none holds. *ret_asks: what it asks for.
 */
TC_CLASSIFY __u32 tc_decide_term(const struct tc_tables *t, const struct tc_decision *d,
				 __u32 *ret_asks)
{
	const struct tc_terms *wanted = tc_row(t, t->wanted);
	__u32 best = TC_TERM_NONE;

	*ret_asks = TC_ACTION_NONE;
	for (__u32 word = d->words.first; word < d->words.first + d->words.n; word++) {
		__u64 bits = d->left.words[word] & wanted->words[word];

		for (; bits; bits &= bits - 1) {
			__u32 number = word * 64 + tc_lowest_bit(bits);
			__u32 asks = tc_term_asks(t, d, number);

			if (asks > *ret_asks) {
				best = number;
				*ret_asks = asks;
			}
		}
	}
	return best;
}

#endif
