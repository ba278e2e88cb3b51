/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guards: events that must go on on every host. A rule that would block or kill one of them is held
 * back: it tells what it would stop. guards.def has them.
 */
#ifndef TOCSIN_AGENT_GUARD_H
#define TOCSIN_AGENT_GUARD_H

#include "rules/rules.h"

struct tc_guard {
	const char *name, *doc;
};

struct tc_guard_event {
	const char *guard, *what, *event;
};

extern const struct tc_guard tc_guards[];
extern const size_t tc_n_guards;
extern const struct tc_guard_event tc_guard_events[];
extern const size_t tc_n_guard_events;

/* The first word, of some that blanks or commas separate, that is no guard's name; *ret_length is
 * its length. NULL when all are. Takes NULL. */
const char *tc_guards_unknown(const char *words, size_t *ret_length);

/*
 * Finds the first event that each rule of a set which blocks or kills would stop (NULL: none), by
 * their places in the set, but for those of the guards named in without (NULL: none). The set must
 * not be used by another thread meanwhile. 0; -EINVAL when an event cannot be told, which was
 * logged; -ENOMEM.
 */
int tc_guards_find(struct tc_ruleset *rules, const char *without,
		   const struct tc_guard_event **ret_hits);

#endif
