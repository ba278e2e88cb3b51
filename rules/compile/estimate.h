/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guesses at what a part of a condition costs and how often it holds. They decide only in which
 * order parts are looked at, never what comes out.
 */
#ifndef TOCSIN_RULES_COMPILE_ESTIMATE_H
#define TOCSIN_RULES_COMPILE_ESTIMATE_H

#include "rules/compile/program.h"

/* Fills in cost and likely of the node of a check. */
void tc_estimate_check(const struct tc_check *check, const struct tc_input *input,
		       struct tc_node *node);
/* The same for a node of n children, which are looked at in this order until the outcome is
 * certain. */
void tc_estimate_joined(const struct tc_program *program, const uint32_t *children, size_t n,
			struct tc_node *node);

/* Whether an input is one that rules ask for to have certain kinds of events (evt.type): those that
 * are looked at for an event are those that mostly get what they ask for. */
bool tc_estimate_says_little(const struct tc_input *input);

/*
 * Where a child belongs among those of a node of a kind: the least first. What is cheap and often
 * decides the outcome comes before what is dear or seldom does.
 */
double tc_estimate_rank(const struct tc_node *child, enum tc_node_kind kind);

#endif
