/* SPDX-License-Identifier: Apache-2.0 */
/* Completion of command lines by shells. */
#include <string.h>

#include "agent/cmd/docs.h"

/* What a value of an option is, by its placeholder. */
enum value {
	VALUE_NONE,  /* the option takes none */
	VALUE_FILE,  /* a path */
	VALUE_WORDS, /* one of the words of the placeholder, joined by | */
	VALUE_TEXT,  /* anything else */
};

static enum value value_of(const struct tc_option *option)
{
	static const char *const files[] = {"FILE", "PATH", "CGROUP", "DIRECTORY"};

	if (!option->value)
		return VALUE_NONE;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(option->value, files[i]) == 0)
			return VALUE_FILE;
	return strchr(option->value, '|') ? VALUE_WORDS : VALUE_TEXT;
}

/* Appends text, with a backslash before each of some characters, and others changed to blanks. */
static void add_quoted(struct tc_buffer *text, const char *words, const char *special)
{
	for (; *words; words++) {
		if (strchr(special, *words))
			tc_buffer_add_char(text, '\\');
		tc_buffer_add_char(text, *words == '\'' || *words == '\n' ? ' ' : *words);
	}
}

/* The words of a placeholder with blanks between them. */
static void add_words(struct tc_buffer *text, const char *words)
{
	for (; *words; words++)
		tc_buffer_add_char(text, *words == '|' ? ' ' : *words);
}

/* A list that one pass over the commands appends to. */
struct list {
	struct tc_buffer *text;
	const char *separator;
};

static void add_command_name(const struct tc_usage *usage, void *context)
{
	struct list *list = context;

	tc_buffer_printf(list->text, "%s%s", list->separator, usage->command);
	list->separator = " ";
}

/* --- bash --- */

static void bash_value(struct tc_buffer *text, const char *command, const struct tc_option *option)
{
	enum value value = value_of(option);

	if (value == VALUE_NONE)
		return;
	tc_buffer_printf(text, "\t%s:--%s", command, option->name);
	if (option->letter)
		tc_buffer_printf(text, " | %s:-%c", command, option->letter);
	tc_buffer_add_string(text, ") ");
	if (value == VALUE_FILE) {
		tc_buffer_add_string(text, "_tocsin_files \"$cur\"; return ;;\n");
	} else if (value == VALUE_WORDS) {
		tc_buffer_add_string(text, "_tocsin_words \"$cur\" \"");
		add_words(text, option->value);
		tc_buffer_add_string(text, "\"; return ;;\n");
	} else {
		tc_buffer_add_string(text, "return ;;\n");
	}
}

static void bash_values(const struct tc_usage *usage, void *context)
{
	for (const struct tc_option *option = usage->options; option && option->name; option++)
		bash_value(context, usage->command, option);
}

static void bash_options(const struct tc_usage *usage, void *context)
{
	struct tc_buffer *text = context;

	tc_buffer_printf(text, "\t%s) options=\"--help", usage->command);
	for (const struct tc_option *option = usage->options; option && option->name; option++)
		tc_buffer_printf(text, " --%s", option->name);
	tc_buffer_add_string(text, "\" ;;\n");
}

void tc_docs_bash(struct tc_buffer *text)
{
	struct list names = {text, ""};

	tc_buffer_add_string(
		text, "# bash completion for tocsin(8)                 -*- shell-script -*-\n"
		      "\n"
		      "_tocsin_words() {\n"
		      "\tmapfile -t COMPREPLY < <(compgen -W \"$2\" -- \"$1\")\n"
		      "}\n"
		      "\n"
		      "_tocsin_files() {\n"
		      "\tcompopt -o filenames 2>/dev/null\n"
		      "\tmapfile -t COMPREPLY < <(compgen -f -- \"$1\")\n"
		      "}\n"
		      "\n"
		      "_tocsin() {\n"
		      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} "
		      "prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
		      "\tlocal command=${COMP_WORDS[1]-} options\n"
		      "\n"
		      "\tCOMPREPLY=()\n"
		      "\tif ((COMP_CWORD == 1)); then\n"
		      "\t\t_tocsin_words \"$cur\" \"");
	tc_docs_each_command(add_command_name, &names);
	tc_buffer_add_string(text, " help --help --version\"\n"
				   "\t\treturn\n"
				   "\tfi\n"
				   "\tcase $command:$prev in\n");
	tc_docs_each_command(bash_values, text);
	tc_buffer_add_string(text, "\tesac\n\tcase $command in\n");
	tc_docs_each_command(bash_options, text);
	tc_buffer_add_string(text, "\thelp) options= ;;\n"
				   "\t*) return ;;\n"
				   "\tesac\n"
				   "\tif [[ $cur == -* ]]; then\n"
				   "\t\t_tocsin_words \"$cur\" \"$options\"\n"
				   "\telse\n"
				   "\t\t_tocsin_files \"$cur\"\n"
				   "\tfi\n"
				   "}\n"
				   "\n"
				   "complete -F _tocsin tocsin\n");
}

/* --- zsh --- */

static void zsh_command_name(const struct tc_usage *usage, void *context)
{
	struct tc_buffer *text = context;

	tc_buffer_printf(text, "\t\t'%s:", usage->command);
	add_quoted(text, tc_docs_command(usage->command), ":");
	tc_buffer_add_string(text, "'\n");
}

static void zsh_option(struct tc_buffer *text, const struct tc_option *option)
{
	enum value value = value_of(option);

	tc_buffer_add_string(text, " \\\n\t\t\t");
	if (option->letter)
		tc_buffer_printf(text, "%s{-%c,--%s}'",
				 option->kind == TC_OPTION_STRINGS ? "'*'" : "", option->letter,
				 option->name);
	else
		tc_buffer_printf(text, "'%s--%s", option->kind == TC_OPTION_STRINGS ? "*" : "",
				 option->name);
	tc_buffer_add_char(text, '[');
	add_quoted(text, option->doc, "[]:\\");
	tc_buffer_add_char(text, ']');
	if (value != VALUE_NONE) {
		tc_buffer_add_string(text, ":");
		add_quoted(text, option->value, "[]:\\");
		tc_buffer_add_char(text, ':');
	}
	if (value == VALUE_FILE) {
		tc_buffer_add_string(text, "_files");
	} else if (value == VALUE_WORDS) {
		tc_buffer_add_char(text, '(');
		add_words(text, option->value);
		tc_buffer_add_char(text, ')');
	}
	tc_buffer_add_char(text, '\'');
}

static void zsh_options(const struct tc_usage *usage, void *context)
{
	struct tc_buffer *text = context;

	tc_buffer_printf(text, "\t%s)\n\t\t_arguments -s", usage->command);
	for (const struct tc_option *option = usage->options; option && option->name; option++)
		zsh_option(text, option);
	tc_buffer_add_string(text, " \\\n\t\t\t{-h,--help}'[print this help and exit]'");
	if (usage->positional_max)
		tc_buffer_add_string(text, " \\\n\t\t\t'*:argument:_files'");
	tc_buffer_add_string(text, "\n\t\t;;\n");
}

void tc_docs_zsh(struct tc_buffer *text)
{
	tc_buffer_add_string(text, "#compdef tocsin\n\nlocal -a commands\ncommands=(\n");
	tc_docs_each_command(zsh_command_name, text);
	tc_buffer_add_string(text, "\t\t'help:tell more of a command'\n"
				   ")\n"
				   "if ((CURRENT == 2)); then\n"
				   "\t_describe -t commands 'tocsin command' commands\n"
				   "\treturn\n"
				   "fi\n"
				   "shift words\n"
				   "((CURRENT--))\n"
				   "case $words[1] in\n");
	tc_docs_each_command(zsh_options, text);
	tc_buffer_add_string(text, "\thelp) _describe -t commands 'tocsin command' commands ;;\n"
				   "esac\n");
}

/* --- fish --- */

static void fish_command(const struct tc_usage *usage, void *context)
{
	struct tc_buffer *text = context;

	tc_buffer_printf(text, "complete -c tocsin -n __fish_use_subcommand -f -a %s -d '",
			 usage->command);
	add_quoted(text, tc_docs_command(usage->command), "\\");
	tc_buffer_add_string(text, "'\n");
}

static void fish_options(const struct tc_usage *usage, void *context)
{
	static const char *const values[] = {[VALUE_NONE] = "",
					     [VALUE_FILE] = " -r -F",
					     [VALUE_WORDS] = " -x",
					     [VALUE_TEXT] = " -x"};
	struct tc_buffer *text = context;

	for (const struct tc_option *option = usage->options; option && option->name; option++) {
		enum value value = value_of(option);

		tc_buffer_printf(text,
				 "complete -c tocsin -n '__fish_seen_subcommand_from %s' -l %s",
				 usage->command, option->name);
		if (option->letter)
			tc_buffer_printf(text, " -s %c", option->letter);
		tc_buffer_add_string(text, values[value]);
		if (value == VALUE_WORDS) {
			tc_buffer_add_string(text, " -a '");
			add_words(text, option->value);
			tc_buffer_add_char(text, '\'');
		}
		tc_buffer_add_string(text, " -d '");
		add_quoted(text, option->doc, "\\");
		tc_buffer_add_string(text, "'\n");
	}
}

void tc_docs_fish(struct tc_buffer *text)
{
	tc_docs_each_command(fish_command, text);
	tc_docs_each_command(fish_options, text);
}
