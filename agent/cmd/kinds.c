/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/kinds.h"

#include "agent/schema.h"

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
