/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions as RE2 reads them: POSIX extended syntax, which is what Falco does, or
 * Perl's, which is what Sigma does. Time grows with the length of the value and no faster, whatever
 * the expression and the value are; memory is bounded when the expression is compiled.
 */
#ifndef TOCSIN_RULES_COMPILE_REGEX_H
#define TOCSIN_RULES_COMPILE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
#define TC_NOEXCEPT noexcept
extern "C" {
#else
#define TC_NOEXCEPT
#endif

/* Most bytes that one expression takes, what it remembers from value to value included. */
#define TC_REGEX_BYTES_MAX (1 << 20)
/* Longest expression. */
#define TC_REGEX_LENGTH_MAX 8192

struct tc_regex;

/*
 * Compiles an expression: of POSIX, to match a value as a whole; to search, of Perl, to match
 * somewhere in it. 0; -EINVAL with what is wrong in problem (terminated, cut to size bytes);
 * -ENOMEM. Free it with tc_regex_free().
 */
int tc_regex_new(const char *pattern, size_t length, bool search, char *problem, size_t size,
		 struct tc_regex **ret_regex) TC_NOEXCEPT;
void tc_regex_free(struct tc_regex *regex) TC_NOEXCEPT;

/* Whether it matches the bytes, all or a part as it was made for, which must be UTF-8: others match
 * nothing. */
bool tc_regex_matches(const struct tc_regex *regex, const char *bytes, size_t length) TC_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
