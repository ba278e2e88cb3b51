/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a file of rules to stdout: tocsin-bench-rules [-x FORM] [COUNT]. 1000 when not given.
 *
 * They read as a security team's do: who does what where, on the name, the command line and the
 * executable of the process, its parent, and the file. No two have a condition in common, but for
 * the macros at the top. They are to be judged, not to match: the words in them are none that
 * stream.c uses, the beginnings of paths are.
 *
 * With -x they are those of somebody who wants the agent to be slow or large, each with one pattern
 * on the path: anywhere, start, end (random words), nested (each holds all shorter ones), long
 * (3000 bytes), set (one rule, with COUNT values), mixed (one operator after the other), or path
 * (a file, and who opens it).
 *
 * Two forms are for what an open costs that no rule matches: strangers (rules on opens by programs
 * or in containers that are none of these, and on other events, in turn) and third (every third
 * one of those is a mixed one).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const macros =
	"- macro: spawned\n  condition: evt.type in (execve, execveat)\n"
	"- macro: written\n  condition: evt.type in (open, openat, openat2) and evt.is_open_write "
	"= true and fd.typechar = 'f'\n"
	"- macro: in_container\n  condition: container.id != host\n"
	"- list: shells\n  items: [bash, dash, zsh, ksh, ash, tcsh, csh, sh, fish]\n"
	"- list: installers\n  items: [dpkg, apt, apt-get, rpm, yum, dnf, apk, pip, npm]\n";

static const char *const directories[] = {"/etc", "/usr/lib", "/usr/bin", "/var/lib", "/opt",
					  "/srv", "/home",    "/tmp",	  "/root",    "/run"};
static const char *const endings[] = {"conf", "so", "py", "sh", "service", "key", "pem", "json"};

/* One form of condition; n makes its words differ from those of all others. */
typedef void (*form)(unsigned n);

static const char *directory(unsigned n)
{
	return directories[n / 7 % COUNT(directories)];
}

static const char *ending(unsigned n)
{
	return endings[n / 3 % COUNT(endings)];
}

static void tool_with_option(unsigned n)
{
	printf("spawned and proc.name in (tool%u, tool%u-cli) and proc.cmdline contains \"--flag%u "
	       "\"",
	       n, n, n);
}

static void words_in_line(unsigned n)
{
	printf("spawned and (proc.cmdline contains \"evil%u.example\" or proc.cmdline contains \" "
	       "-x %u/\" "
	       "or proc.cmdline icontains \"Loader%u\") and not proc.pname in (installers)",
	       n, n, n);
}

static void run_from_place(unsigned n)
{
	printf("spawned and proc.exepath startswith %s/stage%u/ and not proc.pname in (daemon%u, "
	       "installers)",
	       directory(n), n, n);
}

static void child_of_service(unsigned n)
{
	printf("spawned and proc.pname in (server%u, worker%u) and proc.name in (shells) and not "
	       "proc.cmdline contains health%u",
	       n, n, n);
}

static void write_below(unsigned n)
{
	printf("written and fd.name startswith %s/app%u/ and not proc.name in (manager%u, "
	       "installers)",
	       directory(n), n, n);
}

static void write_under_paths(unsigned n)
{
	printf("written and fd.name pmatch (%s/data%u, %s/cache/%u/current) and not proc.exepath "
	       "startswith /usr/lib/owner%u/",
	       directory(n), n, directory(n + 7), n, n);
}

static void write_by_ending(unsigned n)
{
	printf("written and fd.name endswith /unit%u.%s and not proc.pname = parent%u", n,
	       ending(n), n);
}

static void write_by_pattern(unsigned n)
{
	printf("written and fd.name glob \"%s/*/secret%u/*.%s\" and in_container", directory(n), n,
	       ending(n));
}

static void write_somewhere(unsigned n)
{
	printf("written and fd.name contains /.hidden%u and not proc.name in (shells)", n);
}

static void write_by_program(unsigned n)
{
	printf("written and proc.exepath = %s/bin/agent%u and not fd.name startswith "
	       "/var/log/agent%u",
	       directory(n), n, n);
}

static const form forms[] = {
	tool_with_option,  words_in_line,   run_from_place,   child_of_service, write_below,
	write_under_paths, write_by_ending, write_by_pattern, write_somewhere,	write_by_program,
};

/* --- hostile ones --- */

static void put_word(unsigned n, unsigned length)
{
	uint64_t random = n * 0x9fb21c651e98df25ULL + 1;

	for (unsigned i = 0; i < length; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		putchar("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._"[random >>
											   58]);
	}
}

static void anywhere(unsigned n)
{
	printf("fd.name contains ");
	put_word(n, 20);
}

static void start(unsigned n)
{
	printf("fd.name startswith /");
	put_word(n, 20);
}

static void ending_with(unsigned n)
{
	printf("fd.name endswith ");
	put_word(n, 20);
}

/* The operators that look for bytes, in turn. */
static void mixed(unsigned n)
{
	static const char *const operators[] = {
		"= \"/srv/%s/file\"",	   "in (\"/opt/%s\", /opt/common)",
		"startswith \"/var/%s/\"", "endswith \"/%s.conf\"",
		"contains \"%s\"",	   "glob \"/home/*/.%s\"",
		"pmatch (\"/etc/%s\")",	   "icontains \"%s\"",
	};
	char word[16];

	for (unsigned i = 0; i < 8; i++)
		word[i] = (char)('a' + (n * 2654435761U >> (3 * i)) % 26);
	word[8] = '\0';
	printf("evt.kind in (open, open_read) and fd.name ");
	printf(operators[n % COUNT(operators)], word);
}

static void path(unsigned n)
{
	printf("evt.kind in (open, open_read) and fd.name = %s/data%u/file.%s and not proc.exepath "
	       "in "
	       "(/usr/bin/reader%u, /usr/sbin/keeper)",
	       directory(n), n, ending(n), n);
}

static void strangers(unsigned n)
{
	switch (n % 3) {
	case 0:
		printf("evt.kind in (open, open_read) and proc.name in (tool%u, tool%u-cli) and "
		       "fd.name startswith %s/app%u/",
		       n, n, directory(n), n);
		break;
	case 1:
		printf("evt.kind in (open, open_read) and container.id = c0ffee%06x and fd.name "
		       "endswith /unit%u.%s",
		       n, n, ending(n));
		break;
	default:
		printf("evt.kind in (unlink, rename) and fd.name = %s/data%u", directory(n), n);
	}
}

static void third(unsigned n)
{
	if (n % 3 == 0)
		mixed(n);
	else
		strangers(n - n / 3 - 1);
}

static void nested(unsigned n)
{
	printf("fd.name contains ");
	for (unsigned i = 0; i <= n % 4000; i++)
		putchar('a');
	printf("%u", n / 4000);
}

static void long_one(unsigned n)
{
	printf("fd.name contains ");
	put_word(n, 3000);
}

static const struct {
	const char *name;
	form write;
} hostile[] = {
	{"anywhere", anywhere}, {"start", start},	  {"end", ending_with},
	{"mixed", mixed},	{"path", path},		  {"nested", nested},
	{"long", long_one},	{"strangers", strangers}, {"third", third},
};

static void put_rule(unsigned n, form write)
{
	printf("- rule: Generated %u\n  desc: Made for a benchmark.\n  condition: ", n);
	write(n);
	printf("\n  output: file=%%fd.name process=%%proc.name\n  priority: NOTICE\n");
}

static unsigned set_size;

static void set(unsigned n)
{
	printf("fd.name in (");
	for (unsigned i = 0; i < set_size; i++) {
		printf(i ? ", " : "");
		put_word(i, 20);
	}
	putchar(')');
}

/* Whether there is such a form. */
static int put_hostile(const char *name, unsigned count)
{
	if (!strcmp(name, "set")) {
		set_size = count;
		put_rule(0, set);
		return 1;
	}
	for (size_t i = 0; i < COUNT(hostile); i++) {
		if (strcmp(name, hostile[i].name))
			continue;
		for (unsigned n = 0; n < count; n++)
			put_rule(n, hostile[i].write);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = NULL;
	unsigned count;
	int option;

	while ((option = getopt(argc, argv, "x:")) != -1) {
		if (option != 'x')
			return 2;
		name = optarg;
	}
	count = optind < argc ? (unsigned)strtoul(argv[optind], NULL, 10) : 1000;
	if (name && !put_hostile(name, count))
		return 2;
	if (!name) {
		fputs(macros, stdout);
		for (unsigned n = 0; n < count; n++)
			put_rule(n, forms[n % COUNT(forms)]);
	}
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
