/* SPDX-License-Identifier: Apache-2.0 */
#include "output/output.h"

#include <string.h>

#include "agent/buffer.h"
#include "agent/log.h"
#include "agent/options.h"
#include "output/format/format.h"
#include "output/settings.h"

static const struct tc_output outputs[] = {
#define TC_OUTPUT(name, ops, doc) {name, &ops, doc},
#include "output/outputs.def"
#undef TC_OUTPUT
};

#define N_OUTPUTS (sizeof(outputs) / sizeof(outputs[0]))

const char *tc_output_nearest(const char *name)
{
	const char *names[N_OUTPUTS];

	for (size_t i = 0; i < N_OUTPUTS; i++)
		names[i] = outputs[i].name;
	return tc_nearest_word(name, names, N_OUTPUTS);
}

static void tell_unknown(const char *name)
{
	_cleanup_buffer_ struct tc_buffer list = {0};

	for (size_t i = 0; i < N_OUTPUTS; i++)
		tc_buffer_printf(&list, "%s%s", i ? ", " : "", outputs[i].name);

	const char *nearest = tc_output_nearest(name);
	if (nearest)
		tc_error("output %s: there is none of this name (did you mean %s?)", name, nearest);
	else
		tc_error("output %s: there is none of this name; known are: %s", name,
			 tc_buffer_failed(&list) ? "" : list.bytes);
}

const struct tc_output *tc_output_named(const char *name)
{
	for (size_t i = 0; i < N_OUTPUTS; i++)
		if (strcmp(outputs[i].name, name) == 0)
			return &outputs[i];
	return NULL;
}

const struct tc_output *tc_output_find(const char *spec)
{
	const struct tc_output *output;
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(spec, ":"), spec);
	output = tc_output_named(name);
	if (!output)
		tell_unknown(name);
	return output;
}

/* The words that a key may be, as KEY=WORD|WORD. */
static void list_keys(const struct tc_output_key *keys, FILE *stream)
{
	_cleanup_buffer_ struct tc_buffer formats = {0};

	tc_format_list(&formats, " ");
	for (; keys && keys->name; keys++) {
		bool is_format = strcmp(keys->name, "format") == 0;
		const char *words = is_format ? formats.bytes : keys->values;

		fprintf(stream, "    %s=", keys->name);
		for (const char *c = words ? words : "TEXT"; *c; c++)
			fputc(*c == ' ' ? '|' : *c, stream);
		fprintf(stream, ": %s\n", keys->doc);
	}
}

void tc_output_list(FILE *stream)
{
	fprintf(stream, "\nOutputs:\n");
	for (size_t i = 0; i < N_OUTPUTS; i++) {
		fprintf(stream, "  %-10s%s\n", outputs[i].name, outputs[i].doc);
		list_keys(outputs[i].ops->keys, stream);
	}
	fprintf(stream, "  every output\n");
	list_keys(tc_output_common_keys, stream);
}
