/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a file that a user wrote, and where. */
#ifndef TOCSIN_RULES_DIAGNOSTIC_H
#define TOCSIN_RULES_DIAGNOSTIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tc_severity { TC_SEVERITY_ERROR, TC_SEVERITY_WARNING };

/* The kinds of findings: TC_DIAGNOSTIC_FILE_OPEN and so on, see diagnostics.def. */
enum tc_diagnostic_kind {
#define TC_DIAGNOSTIC(name, code, severity, title, doc) TC_DIAGNOSTIC_##name,
#include "rules/diagnostics.def"
#undef TC_DIAGNOSTIC
	TC_DIAGNOSTIC_MAX,
};

/* One finding. Strings are owned by the list; NULL where there is none. */
struct tc_diagnostic {
	enum tc_severity severity;
	enum tc_diagnostic_kind kind;
	const char *code; /* stable, for machines: "TC-R012"; static */
	char *file;
	unsigned line, column; /* from 1, in characters; 0: the file as a whole */
	char *message;	       /* what is wrong */
	char *hint;	       /* what would be right */
	char *snippet;	       /* the line of the file, as it is */
	unsigned width;	       /* how many columns the caret marks, at least 1 */
};

/* How many findings are kept. The last of them then is a warning that there are more. */
#define TC_DIAGNOSTICS_LIMIT 2000

/* Zero-initialised is empty. */
struct tc_diagnostics {
	struct tc_diagnostic *items;
	size_t count;
	size_t errors; /* how many errors there were, those that were not kept too */
	bool failed;   /* memory ran out: findings are missing */
};

void tc_diagnostics_done(struct tc_diagnostics *diagnostics);
/* file:line:column: error: message [code], the line, a caret, the hint. Colour when asked for. */
void tc_diagnostics_print(const struct tc_diagnostics *diagnostics, FILE *stream, bool colour);
/* The same for one finding. */
void tc_diagnostic_print(const struct tc_diagnostic *diagnostic, FILE *stream, bool colour);

/*
 * Adds a finding about a file as a whole; the caller may fill in the place. Returns NULL when it
 * was not kept, because there are too many (errors counts it all the same) or memory is out (failed
 * says so). Valid until the next one is added.
 */
struct tc_diagnostic *tc_diagnostics_add(struct tc_diagnostics *diagnostics,
					 enum tc_diagnostic_kind kind, const char *file,
					 const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Moves a finding out of another list; nothing happens when it was moved before. */
void tc_diagnostics_take(struct tc_diagnostics *diagnostics, struct tc_diagnostic *found);
/* Sets the hint of a finding; nothing happens when it is NULL. */
void tc_diagnostic_hint(struct tc_diagnostic *diagnostic, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
