/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin docs: what the tables say, for manual pages, shells and the default configuration. */
#include "agent/cmd/docs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/cmd.h"
#include "agent/config/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *name, *doc;
	int (*run)(int argc, char **argv);
} commands[] = {
#define TC_COMMAND(name, doc) {#name, doc, tc_cmd_##name},
#include "agent/cmd/commands.def"
#undef TC_COMMAND
};

static const struct part {
	const char *name, *doc;
	void (*write)(struct tc_buffer *text);
} parts[] = {
	{"config", "the default configuration", tc_config_print_default},
	{"bash", "completion for bash", tc_docs_bash},
	{"zsh", "completion for zsh", tc_docs_zsh},
	{"fish", "completion for fish", tc_docs_fish},
	{"commands", "commands and their options, for tocsin(8)", tc_docs_man_commands},
	{"keys", "keys of the configuration, for tocsin.yaml(5)", tc_docs_man_keys},
	{"outputs", "outputs and their settings, for tocsin.yaml(5)", tc_docs_man_outputs},
	{"rule-keys", "keys of rules, for tocsin-rules(7)", tc_docs_man_rule_keys},
	{"operators", "operators and transformers, for tocsin-rules(7)", tc_docs_man_operators},
	{"findings", "what `tocsin check` finds, for tocsin-rules(7)", tc_docs_man_findings},
	{"events", "kinds of events, for tocsin-fields(7)", tc_docs_man_events},
	{"fields", "fields, for tocsin-fields(7)", tc_docs_man_fields},
};

void tc_docs_each_command(tc_usage_callback callback, void *context)
{
	char help[] = "--help";

	tc_options_divert_help(callback, context);
	for (size_t i = 0; i < COUNT(commands); i++) {
		char *argv[] = {(char *)commands[i].name, help, NULL};

		commands[i].run(2, argv);
	}
	tc_options_divert_help(NULL, NULL);
}

const char *tc_docs_command(const char *name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].doc;
	return "";
}

static void list_parts(FILE *stream)
{
	fprintf(stream, "\nParts:\n");
	for (size_t i = 0; i < COUNT(parts); i++)
		fprintf(stream, "  %-10s%s\n", parts[i].name, parts[i].doc);
}

static const struct part *find_part(const char *name)
{
	const char *names[COUNT(parts)], *nearest;

	for (size_t i = 0; i < COUNT(parts); i++) {
		names[i] = parts[i].name;
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	}
	nearest = tc_nearest_word(name, names, COUNT(parts));
	fprintf(stderr, "tocsin docs: there is no part %s", name);
	fprintf(stderr, nearest ? " (did you mean %s?)\n" : "; `tocsin docs --help` lists them\n",
		nearest);
	return NULL;
}

int tc_cmd_docs(int argc, char **argv)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	const struct tc_option options[] = {{0}};
	const struct tc_usage usage = {
		.command = "docs",
		.synopsis = "PART",
		.doc = "Prints a part of the documentation that comes from the program's own "
		       "tables.",
		.options = options,
		.positional_min = 1,
		.positional_max = 1,
		.more = list_parts,
	};
	struct tc_strings names;
	int code = tc_options_parse(&usage, argc, argv, &names);
	const struct part *part;

	if (code >= 0)
		return code;
	part = find_part(names.items[0]);
	free(names.items);
	if (!part)
		return TC_EXIT_USAGE;
	part->write(&text);
	if (tc_buffer_failed(&text)) {
		fprintf(stderr, "tocsin docs: out of memory\n");
		return TC_EXIT_ENVIRONMENT;
	}
	fwrite(text.bytes, 1, text.length, stdout);
	return TC_EXIT_GOOD;
}
