/* SPDX-License-Identifier: Apache-2.0 */
/* Words for numbers on the wire, from include/schema/names.def. */
#ifndef TOCSIN_AGENT_NAMES_H
#define TOCSIN_AGENT_NAMES_H

#include "agent/arena.h"
#include "agent/event.h"

/*
 * Presents a number by the words of its show: one word for a value, words joined by | (blanks for
 * capabilities) for a set. A value without a word, and the bits of a set that have none, are
 * printed as 0x... Bytes are static or lie in the arena.
 */
void tc_names_present(enum tc_show show, uint64_t number, struct tc_arena *arena,
		      struct tc_value *ret_value);

/*
 * The other way round: the number that words joined by |, by blanks or by commas stand for. 0;
 * -EINVAL for a word that the show does not have, then *ret_wrong (with *ret_length) is where it
 * stands in the text.
 */
int tc_names_parse(enum tc_show show, const char *text, size_t length, uint64_t *ret_number,
		   const char **ret_wrong, size_t *ret_length);
/* The show's word nearest to a wrong one, or NULL. */
const char *tc_names_nearest(enum tc_show show, const char *word, size_t length);

/* The words of a show one by one, from 0; false behind the last. */
bool tc_names_at(enum tc_show show, size_t place, uint64_t *ret_number, const char **ret_word);
/* Whether its words are joined: the number is a set of bits, of which an earlier word takes those
 * that a later one shares with it. */
bool tc_names_joins(enum tc_show show);

/* True when words stand for a show. */
bool tc_names_has(enum tc_show show);

#endif
