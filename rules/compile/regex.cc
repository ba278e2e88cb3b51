/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only C++ of the agent: RE2 has no interface in C. Nothing here throws; where the library
 * itself runs out of memory the program ends, as C++ has it.
 */
#include "rules/compile/regex.h"

#include <cerrno>
#include <cstdio>
#include <new>

#include <re2/re2.h>

struct tc_regex {
	re2::RE2 program;
	re2::RE2::Anchor anchor;

	tc_regex(const re2::StringPiece &pattern, const re2::RE2::Options &options,
		 re2::RE2::Anchor where)
	    : program(pattern, options), anchor(where)
	{
	}
};

extern "C" int tc_regex_new(const char *pattern, size_t length, bool search, char *problem,
			    size_t size, struct tc_regex **ret_regex) noexcept
{
	re2::RE2::Options options(search ? re2::RE2::DefaultOptions : re2::RE2::POSIX);

	if (length > TC_REGEX_LENGTH_MAX) {
		snprintf(problem, size, "it is longer than %d bytes", TC_REGEX_LENGTH_MAX);
		return -EINVAL;
	}
	options.set_log_errors(false);
	options.set_max_mem(TC_REGEX_BYTES_MAX);
	auto *regex =
		new (std::nothrow) tc_regex(re2::StringPiece(pattern, length), options,
					    search ? re2::RE2::UNANCHORED : re2::RE2::ANCHOR_BOTH);
	if (!regex)
		return -ENOMEM;
	if (!regex->program.ok()) {
		snprintf(problem, size, "%s", regex->program.error().c_str());
		delete regex;
		return -EINVAL;
	}
	*ret_regex = regex;
	return 0;
}

extern "C" void tc_regex_free(struct tc_regex *regex) noexcept
{
	delete regex;
}

extern "C" bool tc_regex_matches(const struct tc_regex *regex, const char *bytes,
				 size_t length) noexcept
{
	re2::StringPiece text(bytes, length);

	return regex->program.Match(text, 0, length, regex->anchor, nullptr, 0);
}
