/* SPDX-License-Identifier: Apache-2.0 */
/* docs/sigma.md has a row for each row of rules/language/sigma.def, with the same words, and no
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "agent/buffer.h"
#include "rules/rules.h"

#define DOC TOCSIN_SOURCE_DIR "/docs/sigma.md"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The document with a line break before its first line, too. */
static void read_doc(struct tc_buffer *text)
{
	FILE *file = fopen(DOC, "re");
	char block[4096];
	size_t n;

	assert_non_null(file);
	tc_buffer_add_char(text, '\n');
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		tc_buffer_add(text, block, n);
	fclose(file);
	assert_false(tc_buffer_failed(text));
}

static void add_source(struct tc_buffer *rows, const char *logsource, const char *name,
		       const char *condition)
{
	/* What auditd stands for takes words, not a condition. */
	if (*condition)
		tc_buffer_printf(rows, "\n| %s: %s | `%s` |\n", logsource, name, condition);
}

/* A number in a name is N to readers. */
static void add_name(struct tc_buffer *rows, const char *name)
{
	tc_buffer_add_char(rows, '`');
	for (; *name; name++)
		tc_buffer_add_char(rows, *name == '#' ? 'N' : *name);
	tc_buffer_add_char(rows, '`');
}

static void add_field(struct tc_buffer *rows, const char *name, const char *how, const char *field,
		      const char *other, const char *doc)
{
	tc_buffer_add_string(rows, "\n| ");
	if (*name)
		add_name(rows, name);
	else
		tc_buffer_add_string(rows, "keywords");
	tc_buffer_add_string(rows, strcmp(how, "NOT") == 0 ? " | not " : " | ");
	if (strcmp(how, "NEVER") == 0)
		tc_buffer_add_string(rows, "never");
	else
		add_name(rows, field);
	if (other)
		tc_buffer_printf(rows, ", `%s`", other);
	tc_buffer_printf(rows, " | %s |\n", doc);
}

/* All rows that there should be, each between line breaks. */
static void list_rows(struct tc_buffer *rows)
{
#define TC_SIGMA_SOURCE(id, logsource, name, condition, shown)                                     \
	add_source(rows, #logsource, name, condition);
#define TC_SIGMA_FIELD(id, name, how, field, other, doc)                                           \
	add_field(rows, name, #how, field, other, doc);
#define TC_SIGMA_WORD(id, name, word, condition)                                                   \
	tc_buffer_printf(rows, "\n| `%s` | %s | `%s` |\n", name, word, condition);
#define TC_SIGMA_MODIFIER(word, what, doc) tc_buffer_printf(rows, "\n| `%s` | %s |\n", word, doc);
#include "rules/language/sigma.def"
	assert_false(tc_buffer_failed(rows));
}

/* The next line of a text as "\n...\n", which is to be freed; NULL behind the last. */
static char *next_line(const char **at)
{
	size_t length = strcspn(*at, "\n");
	char *line;

	if (!**at)
		return NULL;
	assert_true(asprintf(&line, "\n%.*s\n", (int)length, *at) > 0);
	*at += length + ((*at)[length] == '\n');
	return line;
}

/* Rows of text that are not in the other one; told, and counted. */
static unsigned missing(const char *text, const char *other, const char *message)
{
	unsigned n = 0;
	char *line;

	while ((line = next_line(&text))) {
		bool row = !strncmp(line, "\n| `", 4) || !strncmp(line, "\n| category:", 12) ||
			   !strncmp(line, "\n| keywords", 11);

		if (row && !strstr(other, line)) {
			print_error("%s:%s", message, line);
			n++;
		}
		free(line);
	}
	return n;
}

static void rows_are_those_of_the_table(void **state)
{
	_cleanup_buffer_ struct tc_buffer doc = {0}, rows = {0};

	read_doc(&doc);
	list_rows(&rows);
	assert_int_equal(missing(rows.bytes, doc.bytes, "docs/sigma.md lacks"), 0);
	assert_int_equal(missing(doc.bytes, rows.bytes, "docs/sigma.md has, and sigma.def has not"),
			 0);
}

static void levels_are_those_of_the_table(void **state)
{
	static const struct {
		const char *word;
		enum tc_priority priority;
	} levels[] = {
#define TC_SIGMA_LEVEL(word, priority) {word, TC_PRIORITY_##priority},
#include "rules/language/sigma.def"
	};
	_cleanup_buffer_ struct tc_buffer doc = {0};

	read_doc(&doc);
	for (size_t i = 0; i < COUNT(levels); i++) {
		char words[64];

		snprintf(words, sizeof(words), "%s is %s", levels[i].word,
			 tc_priority_name(levels[i].priority));
		assert_non_null(strstr(doc.bytes, words));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_those_of_the_table),
		cmocka_unit_test(levels_are_those_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
