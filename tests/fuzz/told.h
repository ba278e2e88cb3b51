/* SPDX-License-Identifier: Apache-2.0 */
/* Events whose fields have values that conditions ask for. */
#ifndef TOCSIN_TESTS_FUZZ_TOLD_H
#define TOCSIN_TESTS_FUZZ_TOLD_H

#include "agent/draft.h"
#include "agent/enrich/world.h"
#include "fuzz.h"
#include "judge.h"

/* Values of each type, for events and, as they are written, for conditions. */
extern const char *const fuzz_words[], *const fuzz_numbers[], *const fuzz_addresses[];
extern const size_t fuzz_n_words, fuzz_n_numbers, fuzz_n_addresses;

/* An event and all that it is made of; some 30 KB. */
struct fuzz_told {
	struct tc_world world;
	struct tc_event event;
	struct tc_draft draft;
	/* What a hook sees is what rules see: fields that the record has are told by it alone, and
	 * the cgroup is one that the world knows. */
	bool is_seen;
};

void fuzz_told_init(struct fuzz_told *told);
void fuzz_told_done(struct fuzz_told *told);
/* From now on events are what a hook sees. */
void fuzz_told_see(struct fuzz_told *told);
/*
 * The next event: its kind, and values of members and of fields, as the input says, most often of
 * the n fields given. A field that the kind alone decides keeps its value: what the compiler knows
 * of kinds stays true.
 */
struct tc_event *fuzz_told_next(struct fuzz_told *told, struct fuzz_input *input,
				const struct tc_field *const *fields, size_t n);

/* Explains all rules, and judges by them an event of each kind. */
void fuzz_judge_all(struct tc_ruleset *set, const struct tc_written *written);

#endif
