/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, addresses, and words that stand for numbers: for which of them a check holds. */
#ifndef TOCSIN_RULES_KERNEL_NUMBERS_H
#define TOCSIN_RULES_KERNEL_NUMBERS_H

#include "rules/kernel/literal.h"

struct tc_numbers {
	struct tc_literals *literals;
	const struct tc_subject *subject;
	const struct tc_input *input;
	const struct tc_check *check;
	unsigned kind;
};

/* Whether for all numbers of a subject it can be said whether a check holds. */
bool tc_numbers_can(const struct tc_check *check, const struct tc_subject *subject,
		    const struct tc_input *input);
/* The bits of a number that a check asks for. */
uint64_t tc_numbers_mask(const struct tc_check *check, const struct tc_subject *subject);
/* Finds them, by the agent's own getters and tests. The changes lie in room. 0 or -ENOMEM. */
int tc_numbers_find(struct tc_numbers *numbers, struct tc_buffer *room, struct tc_spans *ret_spans);

#endif
