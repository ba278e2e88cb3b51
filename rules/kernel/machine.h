/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many shapes as one automaton: a pass over a string, one look-up for each byte, tells which of
 * them it has.
 *
 * Deterministic, made of sets of places in the shapes (Rabin and Scott, 1959). Shapes with the same
 * beginning share their places, as in a trie. Of shapes without repeats it is the automaton of Aho
 * and Corasick (1975), failure links resolved: as many states as places. A repeat in the middle
 * ("a*b") may double what follows; the limit is there for that.
 */
#ifndef TOCSIN_RULES_KERNEL_MACHINE_H
#define TOCSIN_RULES_KERNEL_MACHINE_H

#include "rules/kernel/shape.h"

#define TC_MACHINE_STATES_MAX 65535

struct tc_wanted;

/* How many pieces of a shape are looked for. */
uint32_t tc_machine_pieces(const struct tc_shape *shape, const struct tc_wanted *wanted);

/* A shape to be found, and how much of it; what it is called is its place in the array given. */
struct tc_wanted {
	uint32_t shape;
	uint32_t pieces; /* only the first ones, so that it is found too often; 0: all */
	bool flat;	 /* nor those from a repeat in the middle on, which may double the states */
};

/* Which of the shapes are found in each state: those of state s from items[first[s]] on, up to
 * items[first[s + 1]]. */
struct tc_finds {
	uint32_t *first, *items;
};

struct tc_machine {
	uint32_t n_states, start;
	uint32_t first_found; /* shapes are found in this state and those behind it */
	uint32_t n_classes;
	uint8_t classes[256];
	uint16_t *cells;	/* n_states rows of n_classes next states */
	struct tc_finds found;	/* with the byte that led to the state */
	struct tc_finds ending; /* when the string ends in it */
};

/* 0; -E2BIG when it takes more cells or states than may be; -ENOMEM. */
int tc_machine_make(const struct tc_shapes *shapes, const struct tc_wanted *wanted, size_t n,
		    size_t max_cells, struct tc_machine **ret_machine);
void tc_machine_free(struct tc_machine *machine);

#endif
