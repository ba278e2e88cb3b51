/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a set of rules was made of: the files, what they define, and of each condition the tree as
 * it was written, with the node of the program that judges each part. For those who explain rules;
 * to run them it is not needed.
 */
#ifndef TOCSIN_RULES_WRITTEN_H
#define TOCSIN_RULES_WRITTEN_H

#include "rules/language/library.h"
#include "rules/ruleset.h"

struct tc_written {
	struct tc_sources sources;
	struct tc_library library;
	struct tc_arena trees;
	const struct tc_ast **rules;  /* by rule in force */
	const struct tc_ast **macros; /* by place in the library; NULL: it is not whole */
};

/*
 * As tc_ruleset_examine(), and keeps what was written. Free it with tc_written_free(), whether the
 * set lives on or not.
 */
int tc_ruleset_examine_written(const char *const *paths, size_t n_paths,
			       struct tc_diagnostics *diagnostics, struct tc_ruleset **ret_set,
			       struct tc_written **ret_written);
/* The same for rules in memory. */
int tc_ruleset_examine_written_bytes(const char *path, const char *bytes, size_t length,
				     struct tc_diagnostics *diagnostics,
				     struct tc_ruleset **ret_set, struct tc_written **ret_written);
void tc_written_free(struct tc_written *written);

#endif
