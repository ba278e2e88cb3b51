/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tests behind the operators.
 *
 * Of some values not all bytes are known: the last ones are missing (TC_VALUE_CUT), or the first
 * ones (TC_VALUE_CUT with TC_VALUE_TAIL: paths), or what follows could not be read
 * (TC_VALUE_UNREADABLE). A test holds for such a value only if it holds whatever the missing bytes
 * are: it is equal to nothing and in no set, different only from what does not fit what is known of
 * it, begins only with what its known first bytes say, and ends likewise.
 */
#ifndef TOCSIN_RULES_COMPILE_TEST_H
#define TOCSIN_RULES_COMPILE_TEST_H

#include "rules/compile/program.h"

/* The test of an operator for values of a type; NULL when there is none (exists, or a combination
 * that is refused). */
tc_test tc_test_for(enum tc_operator_kind op, enum tc_type type);

/* Makes a set of n strings; lies in the arena. NULL when memory is out. */
const struct tc_string_set *tc_string_set_new(struct tc_arena *arena, const char *const *strings,
					      const uint32_t *lengths, size_t n);
bool tc_string_set_has(const struct tc_string_set *set, const char *bytes, size_t length);
/* The strings of a set one by one, in no order; *at is 0 for the first. False behind the last. */
bool tc_string_set_next(const struct tc_string_set *set, size_t *at, const char **ret_bytes,
			uint32_t *ret_length);

/*
 * Whether bytes match a pattern as fnmatch(3) says it with flags 0 in the C locale: * any bytes
 * (slashes and leading dots too), ? one byte, [a-z] [!a-z] [[:digit:]] one byte of a set, \ takes
 * the next byte as it is. With fold, ASCII letters match in either case. Takes time in proportion
 * to the product of both lengths at most.
 */
bool tc_glob(const char *pattern, size_t pattern_length, const char *bytes, size_t length,
	     bool fold);

struct tc_byte_set {
	uint64_t words[4]; /* bit by byte */
};

/*
 * Takes the next part off a pattern, which is not at its end. True for a star. Else *ret_set are
 * the bytes of which it takes one; none, and the pattern is at its end, when nothing can match it.
 */
bool tc_glob_next(const char **at, const char *end, bool fold, struct tc_byte_set *ret_set);

#endif
