/* SPDX-License-Identifier: Apache-2.0 */
/* A set of rules from the inside, for those who look at rules rather than run them. */
#ifndef TOCSIN_RULES_RULESET_H
#define TOCSIN_RULES_RULESET_H

#include "rules/compile/program.h"
#include "rules/dispatch.h"
#include "rules/rules.h"

/* A file that was read. */
struct tc_rule_file {
	const char *path;
	size_t n_rules, n_macros, n_lists; /* defined in it */
};

/* A rule that is not in force though its file is valid, and why. */
struct tc_rule_left_out {
	const char *name, *reason, *file;
	unsigned line;
};

struct tc_ruleset {
	struct tc_arena arena; /* rules and their texts */
	struct tc_program program;
	struct tc_rule *rules;
	uint32_t *nodes; /* by rule */
	size_t n_rules;
	uint64_t kinds;
	bool first_only; /* of the rules that match an event only the first speaks */
	struct tc_dispatch dispatch;
	struct tc_rule_file *files;
	size_t n_files;
	struct tc_rule_left_out *left_out; /* Sigma rules for what is not here */
	size_t n_left_out;
	struct tc_rule_cost *costs; /* see tc_ruleset_measure(); NULL: nothing is measured */
	char hash[TC_RULESET_HASH_LENGTH + 1];
};

/*
 * As tc_ruleset_load(), but gives a set also when there are errors: of the rules that are whole.
 * Such a set is for looking at only. 0 or -ENOMEM.
 */
int tc_ruleset_examine(const char *const *paths, size_t n_paths, struct tc_diagnostics *diagnostics,
		       struct tc_ruleset **ret_set);
/* The same for rules in memory; path is what findings call them. */
int tc_ruleset_examine_bytes(const char *path, const char *bytes, size_t length,
			     struct tc_diagnostics *diagnostics, struct tc_ruleset **ret_set);
/* The files that were read, in order. */
const struct tc_rule_file *tc_ruleset_files(const struct tc_ruleset *set, size_t *ret_count);

#endif
