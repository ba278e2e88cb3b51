/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a rule file, and where in it a byte is. */
#ifndef TOCSIN_RULES_LANGUAGE_SOURCE_H
#define TOCSIN_RULES_LANGUAGE_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "rules/diagnostic.h"

/* Largest rule file, in bytes. */
#define TC_SOURCE_MAX (4U << 20)

/* Bytes between two places whose number of characters is kept: none is counted from far away. */
#define TC_SOURCE_BLOCK 64

struct tc_source {
	char *path;
	char *text; /* as it is in the file, without a byte order mark; a NUL behind it */
	size_t length;
	uint32_t *lines; /* offset of the start of each line */
	size_t n_lines;
	uint32_t *blocks; /* number of characters before each block of TC_SOURCE_BLOCK bytes */
	size_t n_rules, n_macros, n_lists; /* defined in it; counted by the library */
};

/* Files in the order in which they are read. Zero-initialised is empty. */
struct tc_sources {
	struct tc_source **items;
	size_t count;
};

/* A source from bytes in memory, which are copied. 0, -E2BIG or -ENOMEM. */
int tc_source_from_bytes(const char *path, const char *bytes, size_t length,
			 struct tc_source **ret_source);
void tc_source_free(struct tc_source *source);
/* Line and column (in characters), both from 1, of a byte. */
void tc_source_position(const struct tc_source *source, size_t offset, unsigned *ret_line,
			unsigned *ret_column);
/* Offset of a character given by line and column, both from 0, as libyaml counts them. */
size_t tc_source_offset(const struct tc_source *source, size_t line, size_t column);

/*
 * Reads a file, or all *.yaml and *.yml of a directory and of those below it but tests, in byte
 * order of their names, and adds them; what begins with a dot is left out; one that was read before
 * under the same path is not read again. What is wrong is added to diagnostics. 0 also then;
 * -ENOMEM.
 */
int tc_sources_read(struct tc_sources *sources, const char *path,
		    struct tc_diagnostics *diagnostics);
/* The same for a path that may be missing, or a directory without such files. */
int tc_sources_read_optional(struct tc_sources *sources, const char *path,
			     struct tc_diagnostics *diagnostics);
/* Whether a file of that name holds tests of rules: *.test.yaml and *.test.yml, which directories
 * of rules may hold too. */
bool tc_is_test_name(const char *name);
void tc_sources_done(struct tc_sources *sources);

/*
 * Adds a finding at the bytes offset to offset + length of a source; as tc_diagnostics_add(). The
 * mark ends with the line.
 */
struct tc_diagnostic *tc_source_report(struct tc_diagnostics *diagnostics,
				       enum tc_diagnostic_kind kind, const struct tc_source *source,
				       size_t offset, size_t length, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

#endif
