/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of rules, written beside them (*.test.yaml):
 *
 *	# file or directory, or a list, relative to this file; default: its directory
 *	rules: .
 *	tests:
 *	  - name: a program is run from /tmp
 *	    before:               # optional: events that happened earlier, not judged
 *	      - {kind: exec, proc.pid: 10, proc.exepath: /usr/bin/bash}
 *	    event:                # or `events`, a list
 *	      kind: exec
 *	      proc.exepath: /tmp/x
 *	    expect: [Program run from a temporary directory]
 *	    expect_not: []        # or, instead of both, exactly: [...]
 */
#ifndef TOCSIN_RULES_TEST_SUITE_H
#define TOCSIN_RULES_TEST_SUITE_H

#include "rules/test/stated.h"

/* Names, as they are written. */
struct tc_test_names {
	const struct tc_yaml *list; /* NULL: the key is not there */
	const struct tc_yaml **items;
	size_t n;
};

struct tc_test_events {
	struct tc_stated_event *items;
	size_t n;
};

struct tc_test {
	const struct tc_yaml *name;
	struct tc_test_events before, events;
	struct tc_test_names expect, expect_not, exactly;
	bool faulty; /* a mistake was told: it cannot be run */
};

/* A file of tests. */
struct tc_suite {
	struct tc_arena arena;
	const struct tc_source *source;
	const char **rules; /* paths, joined to that of the file */
	size_t n_rules;
	struct tc_test *tests;
	size_t n_tests;
};

/*
 * Reads a file of tests, which must stay. What is wrong is added to diagnostics, and tests that are
 * not whole are faulty. 0 also then; -ENOMEM.
 */
int tc_suite_read(const struct tc_source *source, struct tc_diagnostics *diagnostics,
		  struct tc_suite *ret_suite);
void tc_suite_done(struct tc_suite *suite);

#endif
