/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin check: what of a rule is decided in the kernel. */
#ifndef TOCSIN_AGENT_CMD_CHECK_SPLIT_H
#define TOCSIN_AGENT_CMD_CHECK_SPLIT_H

#include "output/format/json_writer.h"
#include "rules/kernel/kernel.h"
#include "rules/kernel/split.h"

/* Zero-initialised is empty. */
struct tc_check_split {
	struct tc_ruleset *set;
	struct tc_kernel_rules *kernel;
	struct tc_splitter splitter;
};

int tc_check_split_init(struct tc_check_split *split, struct tc_ruleset *set);
void tc_check_split_done(struct tc_check_split *split);

/* Appends lines on a rule, by its place in the set, for people. */
void tc_check_split_print(struct tc_check_split *split, size_t rule, struct tc_buffer *text);
/* Writes the key "kernel" of a rule. */
void tc_check_split_json(struct tc_check_split *split, size_t rule, struct tc_json *json);
/* Appends a line on the tables as a whole. */
void tc_check_split_totals(const struct tc_check_split *split, struct tc_buffer *text);

#endif
