/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the command line that stand for keys of the configuration. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/keys.h"
#include "output/courier.h"

static bool takes_several(const struct tc_config_key *key)
{
	return key->type == TC_CONFIG_TYPE_PATHS || key->type == TC_CONFIG_TYPE_OUTPUTS;
}

/* The documentation of a key as one of an option, with its default behind it. */
static int make_doc(const struct tc_config_option *option, char **ret_doc)
{
	const struct tc_config_key *key = tc_config_key(option->id);
	bool tells = option->placeholder && key->preset && strcmp(key->preset, "0") != 0;
	int length = asprintf(ret_doc, "%s%s%s%s%s", key->doc,
			      takes_several(key) ? "; may be given more than once" : "",
			      tells ? " (" : "", tells ? key->preset : "", tells ? ")" : "");

	return length < 0 ? -ENOMEM : 0;
}

static struct tc_option make_row(struct tc_config_given *given,
				 const struct tc_config_option *option)
{
	const struct tc_config_key *key = tc_config_key(option->id);
	struct tc_option row = {.name = option->name,
				.letter = option->letter,
				.value = option->placeholder,
				.doc = given->keys[option->id].doc};

	if (!option->placeholder) {
		row.kind = TC_OPTION_FLAG;
		row.target = &given->keys[option->id].flag;
	} else if (takes_several(key)) {
		row.kind = TC_OPTION_STRINGS;
		row.target = &given->keys[option->id].texts;
	} else {
		row.kind = TC_OPTION_STRING;
		row.target = &given->keys[option->id].text;
	}
	return row;
}

int tc_config_options(struct tc_config_given *given, uint64_t keys, struct tc_option *rows)
{
	int r = 0;

	for (unsigned id = 0; id < TC_CONFIG_MAX && !r; id++) {
		const struct tc_config_option *option =
			keys >> id & 1 ? tc_config_option(id) : NULL;

		r = option ? make_doc(option, &given->keys[id].doc) : 0;
		if (option && !r)
			*rows++ = make_row(given, option);
	}
	return r;
}

/* What is wrong was logged. */
static int check_outputs(const struct tc_strings *specs)
{
	for (size_t i = 0; i < specs->count; i++) {
		const struct tc_output *output = tc_output_find(specs->items[i]);

		if (!output || tc_courier_check(output, specs->items[i]))
			return TC_EXIT_USAGE;
	}
	return -1;
}

static int check_text(const struct tc_config_key *key, const struct tc_config_option *option,
		      const char *text, const char *command)
{
	_cleanup_buffer_ struct tc_buffer problem = {0};
	union {
		bool yes;
		uint64_t number;
		const char *string;
	} ignored;

	if (tc_config_value_read(key, text, &ignored, &problem) == 0)
		return -1;
	fprintf(stderr, "tocsin %s: --%s %s: %s\n", command, option->name, text,
		problem.bytes ? problem.bytes : "");
	return TC_EXIT_USAGE;
}

int tc_config_given_check(const struct tc_config_given *given, const char *command)
{
	int code = check_outputs(&given->keys[TC_CONFIG_outputs].texts);

	for (unsigned id = 0; id < TC_CONFIG_MAX && code < 0; id++)
		if (given->keys[id].text)
			code = check_text(tc_config_key(id), tc_config_option(id),
					  given->keys[id].text, command);
	return code;
}

void tc_config_given_done(struct tc_config_given *given)
{
	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		free(given->keys[id].texts.items);
		free(given->keys[id].doc);
	}
}
