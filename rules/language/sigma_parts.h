/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of the parts of a Sigma rule share. */
#ifndef TOCSIN_RULES_LANGUAGE_SIGMA_PARTS_H
#define TOCSIN_RULES_LANGUAGE_SIGMA_PARTS_H

#include "rules/language/library.h"

/* Most bytes of a condition that a rule becomes: a selection may be named many times. */
#define TC_SIGMA_TEXT_MAX (4U << 20)

enum tc_sigma_source {
#define TC_SIGMA_SOURCE(id, logsource, name, condition, shown) TC_SIGMA_##id,
#include "rules/language/sigma.def"
	TC_SIGMA_SOURCE_MAX,
};

enum tc_sigma_how {
	TC_SIGMA_PLAIN,
	TC_SIGMA_NOT,
	TC_SIGMA_LOWER,
	TC_SIGMA_WORDS,
	TC_SIGMA_ARGUMENT,
	TC_SIGMA_PATH,
	TC_SIGMA_NEVER,
};

/* A field of a log source. */
struct tc_sigma_field {
	const char *name; /* Sigma's */
	enum tc_sigma_how how;
	const char *field, *other; /* ours, as sigma.def has them; other may be NULL */
	const char *doc;
};

enum tc_sigma_what {
	TC_SIGMA_CONTAINS,
	TC_SIGMA_STARTSWITH,
	TC_SIGMA_ENDSWITH,
	TC_SIGMA_ALL,
	TC_SIGMA_CASED,
	TC_SIGMA_RE,
	TC_SIGMA_RE_FLAG,
	TC_SIGMA_CIDR,
	TC_SIGMA_EXISTS,
	TC_SIGMA_FIELDREF,
	TC_SIGMA_GT,
	TC_SIGMA_GTE,
	TC_SIGMA_LT,
	TC_SIGMA_LTE,
	TC_SIGMA_NEQ,
	TC_SIGMA_BASE64,
	TC_SIGMA_BASE64OFFSET,
	TC_SIGMA_UTF16LE,
	TC_SIGMA_UTF16BE,
	TC_SIGMA_UTF16,
	TC_SIGMA_WINDASH,
	TC_SIGMA_EXPAND,
	TC_SIGMA_WHAT_MAX,
};

/* Most modifiers of one key. */
#define TC_SIGMA_MODIFIERS_MAX 8

/* Field|modifier|modifier */
struct tc_sigma_key {
	const struct tc_yaml *node;
	struct tc_sigma_field field;
	enum tc_sigma_what modifiers[TC_SIGMA_MODIFIERS_MAX];
	size_t n_modifiers;
	uint32_t has;  /* bit for each of enum tc_sigma_what */
	char flags[4]; /* of a regular expression: "im" */
};

/* The mapping that a key is in, as far as other keys of it say what this one means. */
struct tc_sigma_map {
	bool has_type;	   /* of the audit record */
	bool only_syscall; /* and it is SYSCALL */
};

/* A rule that is being read. */
struct tc_sigma {
	struct tc_library *library;
	const struct tc_yaml *document, *title, *detection;
	enum tc_sigma_source source;
	bool names_type, names_syscall, names_path; /* a mapping of it does (auditd) */
	struct tc_text *text;			    /* the condition */
	struct tc_buffer shown; /* fields that it names, as the output has them */
	const char *reason;	/* why it is left out; NULL: it is not */
	struct tc_where reason_where;
	bool faulty; /* a mistake in it was told */
	bool failed; /* memory is out */
};

static inline bool tc_sigma_has(const struct tc_sigma_key *key, enum tc_sigma_what what)
{
	return key->has >> what & 1;
}

/* Adds words to the condition; what is wrong with them is told at the node. */
void tc_sigma_emit(struct tc_sigma *sigma, const struct tc_yaml *node, const char *words);
/* Tells a mistake. */
struct tc_diagnostic *tc_sigma_fault(struct tc_sigma *sigma, enum tc_diagnostic_kind kind,
				     struct tc_where where, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Leaves the rule out, unless there was a reason before. */
void tc_sigma_leave_out(struct tc_sigma *sigma, struct tc_where where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Tells that what a check asks for is never there. */
void tc_sigma_warn_never(struct tc_sigma *sigma, struct tc_where where, const char *name,
			 const char *why);

/* The events of a log source, as a condition; the source of a logsource mapping; its output. */
const char *tc_sigma_source_condition(enum tc_sigma_source source);
const char *tc_sigma_source_shown(enum tc_sigma_source source);
/* False when there are no such events: the rule is left out, or was told to be wrong. */
bool tc_sigma_source_read(struct tc_sigma *sigma, const struct tc_yaml *logsource);

/* Reads a key; false when it is wrong, which was told. */
bool tc_sigma_key_read(struct tc_sigma *sigma, const struct tc_yaml *node,
		       struct tc_sigma_key *ret_key);
/* The field of a name. Names of ours lie in the library's arena if they are not constants. False
 * when there is none. */
bool tc_sigma_field_find(struct tc_sigma *sigma, const char *name, size_t length,
			 struct tc_sigma_field *ret_field);
/* The condition that a word stands for, in either case; NULL when there is none. */
const char *tc_sigma_word(enum tc_sigma_source source, const char *name, const char *word);

/* Adds the check of a key with its values. */
void tc_sigma_check(struct tc_sigma *sigma, const struct tc_sigma_map *map,
		    const struct tc_sigma_key *key, const struct tc_yaml *values);

/* Notes what a detection names, before any of it is read. */
void tc_sigma_survey(struct tc_sigma *sigma);
/* Adds a selection. */
void tc_sigma_selection(struct tc_sigma *sigma, const struct tc_yaml *node);
/* Adds all that the condition says; the condition is a scalar or a sequence of them. */
void tc_sigma_condition(struct tc_sigma *sigma, const struct tc_yaml *node);

/* A value and what modifiers make of it. */
struct tc_sigma_string {
	struct tc_buffer bytes;
	struct tc_buffer kinds; /* for each byte l (itself), * (any bytes) or ? (one byte) */
};

#define TC_SIGMA_STRINGS_MAX 125

struct tc_sigma_strings {
	struct tc_sigma_string items[TC_SIGMA_STRINGS_MAX];
	size_t count;
};

/* Wildcards and escapes of a value: \* and \? are * and ?, \\ is \, and any other \ is itself. */
void tc_sigma_string_read(const char *text, size_t length, struct tc_sigma_string *ret_string);
/*
 * Does what a modifier that makes other values does (base64 and the like). NULL; or what is wrong,
 * as the end of a sentence that begins with the value.
 */
const char *tc_sigma_encode(enum tc_sigma_what what, struct tc_sigma_strings *strings);
void tc_sigma_strings_done(struct tc_sigma_strings *strings);

#endif
