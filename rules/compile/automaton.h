/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many patterns against one string of bytes in one pass, whatever their number.
 *
 * A dense table: bytes are mapped to classes (those that no pattern holds are one class, and with
 * fold both cases of a letter), and each state has a row with the next state for each class. Of
 * patterns that are anchored it is a trie, and the pass ends with the first byte that no pattern
 * goes on with. Of patterns that may be anywhere it is the automaton of Aho and Corasick (1975)
 * with its failure links resolved, so that each byte is one look-up.
 *
 * The table has a limit. When the patterns do not fit, only their first bytes are used: the
 * automaton then tells of patterns that may be there, never too few of them. Who needs to know for
 * sure must look (the agent does so always, see program.h), or refuse an automaton that is
 * shortened.
 *
 * Shared with the kernel: classes, next and told are plain arrays of offsets, without pointers,
 * and an automaton whose rows number less than 65536 may be copied into an array map with states in
 * 16 bits. There the owners of a state become its row of bits, and the anchored ones and the
 * floating one advance in the same loop. What is not shared: the hash of whole strings in
 * matcher.h, which are anchored patterns with an end there.
 */
#ifndef TOCSIN_RULES_COMPILE_AUTOMATON_H
#define TOCSIN_RULES_COMPILE_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tc_anchor {
	TC_ANCHOR_HEAD,	    /* at the first byte */
	TC_ANCHOR_TAIL,	    /* at the last byte; the string is read backwards */
	TC_ANCHOR_PATH,	    /* at the first byte of a path, read as its components: see below */
	TC_ANCHOR_FLOATING, /* anywhere */
	TC_ANCHOR_MAX,
};

/*
 * Bytes and who looks for them. For TC_ANCHOR_PATH components, each followed by a slash, without
 * one at the start: "etc/ssh/". Paths are read like that, however many slashes they have.
 */
struct tc_pattern {
	const char *bytes;
	uint32_t length; /* not 0 */
	uint32_t owner;
};

struct tc_automaton;

/* Told of each owner of a pattern that was found; of the same one possibly more than once. */
typedef void (*tc_found)(void *context, uint32_t owner);

/* Largest table for n patterns, in bytes. */
size_t tc_automaton_limit(size_t n);

/*
 * Makes an automaton of n patterns, which need not live on. fold: ASCII letters match in either
 * case, for all of them. limit: most bytes of the table, 512 KiB to 1 GiB. 0 or -ENOMEM.
 */
int tc_automaton_new(enum tc_anchor anchor, bool fold, const struct tc_pattern *patterns, size_t n,
		     size_t limit, struct tc_automaton **ret_automaton);
void tc_automaton_free(struct tc_automaton *automaton);

/*
 * Begins to look at a new value; patterns that are ends of others are told once from here on, so
 * that a value costs no more than its bytes and the states that there are.
 */
void tc_automaton_next(struct tc_automaton *automaton);
/* Tells of what is found in the bytes. */
void tc_automaton_run(struct tc_automaton *automaton, const char *bytes, size_t length,
		      tc_found found, void *context);

struct tc_automaton_counts {
	size_t states, classes;
	size_t bytes;	/* of memory, all in all */
	uint32_t depth; /* most bytes of a pattern that are used; UINT32_MAX: all */
};
struct tc_automaton_counts tc_automaton_counts(const struct tc_automaton *automaton);

#endif
