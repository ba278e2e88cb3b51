/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long rules take to become the kernel's tables, and how large those are: tocsin-bench-tables
 * [-r ROUNDS] RULES... . Prints the median of 20 rounds; what loading the files takes is told
 * apart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rules/kernel/kernel.h"

#define ROUNDS_MAX 1000

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static void check(int r, const char *what)
{
	if (!r)
		return;
	fprintf(stderr, "tocsin-bench-tables: %s: %s\n", what, strerror(-r));
	exit(EXIT_FAILURE);
}

static void print(const struct tc_ruleset *set, const struct tc_kernel_rules *rules)
{
	const struct tc_kernel_counts *counts = tc_kernel_rules_counts(rules);
	size_t exact = 0;

	for (size_t i = 0; i < tc_ruleset_count(set); i++) {
		struct tc_kernel_rule rule = tc_kernel_rules_at(rules, i);

		exact += rule.kinds && rule.kinds == rule.exact;
	}
	printf("rules      %zu, %zu of them decided by the kernel alone\n", tc_ruleset_count(set),
	       exact);
	printf("terms      %zu and %zu vetoes in %zu bits; %zu share one, %zu vetoes dropped\n",
	       counts->terms, counts->vetoes, counts->bits, counts->shared, counts->vetoes_dropped);
	printf("rows       %zu of %d\nlooks      %zu of %d\nspans      %zu of %d\n", counts->rows,
	       TC_ROWS_MAX, counts->looks, TC_LOOKS_MAX, counts->spans, TC_SPANS_MAX);
	printf("automata   %zu: %zu states of %d, %zu cells of %d, %zu findings of %d\n",
	       counts->automata, counts->states, TC_STATES_MAX, counts->cells, TC_CELLS_MAX,
	       counts->findings, TC_FINDINGS_MAX);
	printf("patterns   ");
	if (counts->pattern_max)
		printf("the first %zu bytes", counts->pattern_max);
	else
		printf("whole");
	printf(counts->is_flat ? ", up to a star in the middle\n" : "\n");
}

int main(int argc, char **argv)
{
	static const struct tc_kernel_options options = {.generation = 1};
	struct tc_diagnostics diagnostics = {0};
	struct tc_kernel_rules *rules = NULL;
	struct tc_ruleset *set = NULL;
	double times[ROUNDS_MAX], before;
	size_t rounds = 20;
	int option;

	while ((option = getopt(argc, argv, "r:")) == 'r')
		rounds = strtoul(optarg, NULL, 10);
	if (option != -1 || optind == argc || !rounds || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: tocsin-bench-tables [-r ROUNDS] RULES...\n");
		return EXIT_FAILURE;
	}
	before = now_ms();
	check(tc_ruleset_examine((const char *const *)argv + optind, (size_t)(argc - optind),
				 &diagnostics, &set),
	      "rules");
	printf("load       %.1f ms\n", now_ms() - before);
	for (size_t i = 0; i < rounds; i++) {
		tc_kernel_rules_free(rules);
		before = now_ms();
		check(tc_kernel_rules_make(set, &options, &rules), "tables");
		times[i] = now_ms() - before;
	}
	qsort(times, rounds, sizeof(*times), compare);
	printf("tables     %.1f ms (%.1f to %.1f)\n", times[rounds / 2], times[0],
	       times[rounds - 1]);
	print(set, rules);
	tc_kernel_rules_free(rules);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
	return EXIT_SUCCESS;
}
