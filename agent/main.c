/* SPDX-License-Identifier: Apache-2.0 */
/* The program: a table of subcommands. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/cmd/cmd.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct command {
	const char *name, *doc;
	int (*run)(int argc, char **argv);
} commands[] = {
#define TC_COMMAND(name, doc) {#name, doc, tc_cmd_##name},
#include "agent/cmd/commands.def"
#undef TC_COMMAND
};

static void print_help(FILE *stream)
{
	fprintf(stream, "Usage: tocsin COMMAND [OPTION]... [ARGUMENT]...\n\nCommands:\n");
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(stream, "  %-10s%s\n", commands[i].name, commands[i].doc);
	fprintf(stream,
		"\n`tocsin help COMMAND` tells more, `tocsin --version` prints the version.\n");
}

static const struct command *command_find(const char *name)
{
	const char *names[COUNT(commands)];

	for (size_t i = 0; i < COUNT(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		names[i] = commands[i].name;
	}
	const char *nearest = tc_nearest_word(name, names, COUNT(commands));
	if (nearest)
		fprintf(stderr, "tocsin: unknown command %s (did you mean %s?)\n", name, nearest);
	else
		fprintf(stderr, "tocsin: unknown command %s; `tocsin --help` lists them\n", name);
	return NULL;
}

static int help(const char *name)
{
	const struct command *command = name ? command_find(name) : NULL;
	char option[] = "--help";
	char *argv[] = {(char *)name, option, NULL};

	if (!name) {
		print_help(stdout);
		return TC_EXIT_GOOD;
	}
	return command ? command->run(2, argv) : TC_EXIT_USAGE;
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return TC_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("tocsin %s\n", TOCSIN_VERSION);
		return TC_EXIT_GOOD;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return help(argv[1][0] == '-' ? NULL : argv[2]);

	const struct command *command = command_find(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : TC_EXIT_USAGE;
}

/* Output that could not be written, to a full disk for example, is no success. */
static int check_output(int code)
{
	int error = fflush(stdout) ? errno : 0;

	if (!error && !ferror(stdout))
		return code;
	/* A subcommand that ended for want of something has told it. Why an earlier write failed is
	 * not known. */
	if (code != TC_EXIT_ENVIRONMENT)
		fprintf(stderr, "tocsin: cannot write to standard output%s%s\n", error ? ": " : "",
			error ? strerror(error) : "");
	return TC_EXIT_ENVIRONMENT;
}

int main(int argc, char **argv)
{
	return check_output(run(argc, argv));
}
