/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that are put together from fields, operators, transformers and values, as an input says. */
#ifndef TOCSIN_TESTS_FUZZ_CONDITIONS_H
#define TOCSIN_TESTS_FUZZ_CONDITIONS_H

#include "agent/buffer.h"
#include "agent/schema.h"
#include "fuzz.h"

/* Fields that most checks are of: a matcher is made where many look at one. */
#define FUZZ_FIELDS 3

/* What rules are to be like. */
struct fuzz_style {
	const char *const *fields; /* n_fields that half of the checks choose from */
	size_t n_fields;
	unsigned rules;
	unsigned depth; /* at which conditions begin, of 5: the higher, the smaller they are */
	unsigned calls; /* of 256 checks so many are of what a transformer makes */
	bool actions;	/* some block or kill */
};

/* Writes a file of rules; *ret_fields are those that most checks are of. */
void fuzz_write_rules(struct fuzz_input *input, const struct fuzz_style *style,
		      struct tc_buffer *yaml, const struct tc_field *ret_fields[FUZZ_FIELDS]);

#endif
