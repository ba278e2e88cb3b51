/* SPDX-License-Identifier: Apache-2.0 */
/* Values of fields as a test writes them. Include after cmocka.h. */
#ifndef TOCSIN_TESTS_EXPECT_FIELDS_H
#define TOCSIN_TESTS_EXPECT_FIELDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/event.h"

/* Strings as they are, numbers in decimal, lists joined by a comma,
 * "-" for none. */
static inline const char *get_field(struct tc_event *event, const char *name)
{
	static char text[20000];
	char bare[64];
	const char *bracket = strchr(name, '[');
	const struct tc_field *field;
	struct tc_value value;
	int index = -1;

	snprintf(bare, sizeof(bare), "%.*s", bracket ? (int)(bracket - name) : 63, name);
	if (bracket)
		index = atoi(bracket + 1);
	field = tc_field_by_name(bare, strlen(bare));
	if (!field)
		fail_msg("%s: no such field", bare);
	if (!tc_event_get(event, field, index, &value))
		return "-";
	switch (value.type) {
	case TC_TYPE_UINT:
		snprintf(text, sizeof(text), "%llu", (unsigned long long)value.uint);
		break;
	case TC_TYPE_INT:
		snprintf(text, sizeof(text), "%lld", (long long)value.sint);
		break;
	case TC_TYPE_BOOL:
		snprintf(text, sizeof(text), "%s", value.yes ? "true" : "false");
		break;
	default:
		snprintf(text, sizeof(text), "%.*s", (int)value.length, value.bytes);
		if (value.type == TC_TYPE_LIST) {
			memcpy(text, value.bytes, value.length);
			for (uint32_t i = 0; i + 1 < value.length; i++)
				if (!text[i])
					text[i] = ',';
			text[value.length] = '\0';
		}
	}
	return text;
}

struct expectation {
	const char *name, *value;
};

static inline void expect_fields(struct tc_event *event, const struct expectation *rows,
				 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = get_field(event, rows[i].name);

		if (strcmp(value, rows[i].value) != 0)
			fail_msg("%s is %s, not %s", rows[i].name, value, rows[i].value);
	}
}

#define EXPECT_FIELDS(event, ...)                                                                  \
	do {                                                                                       \
		const struct expectation rows_[] = {__VA_ARGS__};                                  \
		expect_fields(event, rows_, sizeof(rows_) / sizeof(rows_[0]));                     \
	} while (0)

#endif
