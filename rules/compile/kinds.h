/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which kinds of events a check may hold, and for which it may fail.
 *
 * Both answers err on the side of yes: a kind is left out only when it is certain. A check on a
 * field that has no value in a kind cannot hold there; a field that depends on the kind alone is
 * certain; evt.type is narrowed by the system calls that can lead to a kind.
 */
#ifndef TOCSIN_RULES_COMPILE_KINDS_H
#define TOCSIN_RULES_COMPILE_KINDS_H

#include "rules/compile/operand.h"

/* Whether evt.type may say a word: the name of a system call, or of a kind. */
bool tc_is_event_type(const char *word);

/* words are what the operand was made of. */
void tc_check_kinds(const struct tc_program *program, const struct tc_check *check,
		    const struct tc_words *words, uint64_t *ret_may_hold, uint64_t *ret_may_fail);

#endif
