/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/schema.h"

int tc_kinds_parse(const char *words, uint64_t *ret_kinds, char ret_wrong[64])
{
	uint64_t kinds = 0, bits;
	char word[64];

	for (words += strspn(words, ", "); *words; words += strspn(words, ", ")) {
		size_t length = strcspn(words, ", ");
		bool taken = *words == '-';
		const struct tc_kind_info *kind;

		snprintf(word, sizeof(word), "%.*s", (int)length, words);
		words += length;
		kind = tc_kind_by_name(word + taken);
		if (!kind && strcmp(word + taken, "all") != 0) {
			memcpy(ret_wrong, word, sizeof(word));
			return -EINVAL;
		}
		bits = kind ? TC_KIND_BIT(kind->kind) : tc_kinds_all();
		kinds = taken ? kinds & ~bits : kinds | bits;
	}
	*ret_kinds = kinds;
	return 0;
}

void tc_kinds_add(struct tc_buffer *text, uint64_t kinds, const char *separator)
{
	const char *between = "";

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		if (!(kinds >> kind & 1))
			continue;
		tc_buffer_printf(text, "%s%s", between, tc_kind_info(kind)->name);
		between = separator;
	}
}

void tc_kinds_json(struct tc_json *json, uint64_t kinds)
{
	tc_json_array_begin(json);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kinds >> kind & 1)
			tc_json_string(json, tc_kind_info(kind)->name);
	tc_json_array_end(json);
}
