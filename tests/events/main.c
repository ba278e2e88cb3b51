/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-events: the table of event tests. Needs root; watches nothing but cgroups of its own. */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tests/events/run.h"

/* Large enough that no test loses an event. */
#define RING_BYTES (4 * 1024 * 1024)

/* What acts about other things do in passing: end a child, take namespaces of their own ... */
#define IN_PASSING                                                                                 \
	(TC_KIND_BIT(TC_KIND_setuid) | TC_KIND_BIT(TC_KIND_setgid) | TC_KIND_BIT(TC_KIND_capset) | \
	 TC_KIND_BIT(TC_KIND_signal) | TC_KIND_BIT(TC_KIND_setns) | TC_KIND_BIT(TC_KIND_unshare) | \
	 TC_KIND_BIT(TC_KIND_dup) | TC_KIND_BIT(TC_KIND_socket) | TC_KIND_BIT(TC_KIND_bind) |      \
	 TC_KIND_BIT(TC_KIND_mmap))

static const struct family {
	const struct test *tests;
	uint64_t asides;
} families[] = {
	{process_tests, IN_PASSING},
	{exec_tests, IN_PASSING},
	{file_tests, IN_PASSING},
	{name_tests, IN_PASSING},
	{attribute_tests, IN_PASSING},
	{mmap_tests, 0},
	{uring_tests, IN_PASSING},
	{path_tests, IN_PASSING},
	{mount_tests, IN_PASSING},
	{trace_tests, IN_PASSING},
	{cgroup_tests, IN_PASSING},
	{identity_tests, 0},
	{signal_tests, 0},
	{namespace_tests, 0},
	{code_tests, 0},
	{dup_tests, 0},
	{network_tests, 0},
};

struct arguments {
	const char *only;
	uint64_t flood;
	unsigned stress;
	bool list, fallback;
};

struct counts {
	unsigned number, passed, failed, lacking;
};

static const char usage[] =
	"usage: tocsin-events [--list] [--only GLOB] [--fallback] [--flood EVENTS] [--stress "
	"SECONDS]\n"
	"\n"
	"  --list            name the tests and what they need\n"
	"  --only GLOB       run those whose name matches\n"
	"  --fallback        do not use BPF LSM even where it is there\n"
	"  --flood EVENTS    two writers, small rings: received and lost must add up\n"
	"  --stress SECONDS  many writers: no record may hold a foreign byte\n";

static bool parse(int argc, char **argv, struct arguments *ret_arguments)
{
	static const struct option options[] = {
		{"list", no_argument, NULL, 'l'},	  {"only", required_argument, NULL, 'o'},
		{"fallback", no_argument, NULL, 'f'},	  {"flood", required_argument, NULL, 'F'},
		{"stress", required_argument, NULL, 's'}, {0},
	};
	struct arguments arguments = {.only = "*"};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			arguments.list = true;
		else if (option == 'o')
			arguments.only = optarg;
		else if (option == 'f')
			arguments.fallback = true;
		else if (option == 'F')
			arguments.flood = strtoull(optarg, NULL, 10);
		else if (option == 's')
			arguments.stress = (unsigned)strtoul(optarg, NULL, 10);
		else
			return false;
	}
	*ret_arguments = arguments;
	return optind == argc;
}

static void list_tests(void)
{
	static const char *const needs[] = {
		[SOURCE_ANY] = "", [SOURCE_LSM] = " (lsm)", [SOURCE_FALLBACK] = " (fallback)"};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct test *test = families[i].tests; test->name; test++)
			printf("%s%s\n", test->name, needs[test->source]);
}

static void run_row(const struct test *test, uint64_t asides, struct watch *watch, const char *base,
		    struct counts *counts)
{
	const char *lacks = test->lacks ? test->lacks() : NULL;
	char *text = NULL;
	size_t size;
	FILE *report;

	if (lacks) {
		printf("# not on this kernel: %s: %s\n", test->name, lacks);
		counts->lacking++;
		return;
	}
	report = open_memstream(&text, &size);
	bool good = report && run_test(test, asides, watch, base, report);
	if (report)
		fclose(report);
	printf("%sok %u - %s\n", good ? "" : "not ", ++counts->number, test->name);
	if (!good)
		fputs(text, stdout);
	free(text);
	if (good)
		counts->passed++;
	else
		counts->failed++;
}

static bool source_fits(const struct test *test, bool fallback)
{
	return test->source == SOURCE_ANY || (test->source == SOURCE_FALLBACK) == fallback;
}

static void print_probes(const struct watch *watch)
{
	size_t n;
	const struct tc_probe_info *info = tc_probes_info(watch->probes, &n);

	printf("# Linux %s, %s\n", watch->kernel.release,
	       tc_probes_fallback(watch->probes) ? "fallback" : "lsm");
	for (size_t i = 0; i < n; i++)
		if (info[i].state == TC_PROBE_MISSING)
			printf("# no program %s: %s\n", info[i].program, info[i].reason);
}

static int pass_record(void *context, const void *bytes, size_t size)
{
	return 0;
}

/* Every number was given to a record that came, and none was lost: the rings are large. */
static bool nothing_lost(struct watch *watch)
{
	const struct tc_rings rings = tc_probes_rings(watch->probes);
	struct tc_reader_counts counts;
	uint64_t made = 0;

	tc_reader_drain(watch->reader, true, pass_record, NULL);
	tc_reader_counts(watch->reader, &counts);
	for (unsigned cpu = 0; cpu < rings.n_cpus; cpu++)
		made += rings.states[cpu].made;
	if (made == counts.received)
		return true;
	printf("# of %llu events %llu came\n", (unsigned long long)made,
	       (unsigned long long)counts.received);
	return false;
}

static bool run_table(const struct arguments *arguments, const char *base)
{
	struct counts counts = {0};
	struct watch watch;
	bool good;

	if (watch_open(&watch, arguments->fallback, RING_BYTES) < 0)
		return false;
	print_probes(&watch);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		for (const struct test *test = families[i].tests; test->name; test++)
			if (source_fits(test, tc_probes_fallback(watch.probes)) &&
			    fnmatch(arguments->only, test->name, 0) == 0)
				run_row(test, families[i].asides, &watch, base, &counts);
	good = nothing_lost(&watch) && counts.failed == 0 && counts.passed > 0;
	watch_close(&watch);
	printf("%u passed, %u failed", counts.passed, counts.failed);
	if (counts.lacking)
		printf(", %u not on this kernel", counts.lacking);
	putchar('\n');
	return good;
}

int main(int argc, char **argv)
{
	char base[] = "/tmp/tocsin-events.XXXXXX";
	struct arguments arguments;
	bool good;

	if (!parse(argc, argv, &arguments)) {
		fputs(usage, stderr);
		return 2;
	}
	if (arguments.list) {
		list_tests();
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mkdtemp(base)) {
		perror("tocsin-events: cannot make a directory in /tmp");
		return 3;
	}
	if (arguments.flood)
		good = run_flood(arguments.flood, arguments.fallback, base);
	else if (arguments.stress)
		good = run_stress(arguments.stress, arguments.fallback, base);
	else
		good = run_table(&arguments, base);
	rmdir(base);
	return good ? 0 : 1;
}
