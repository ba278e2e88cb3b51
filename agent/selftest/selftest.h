/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-test: probes that watch nothing but a private cgroup, a rule for each kind of event, and
 * a process that does each deed (agent/selftest/deed.h) in that cgroup. What the probes tell is
 * compared with what was done. Nothing else on the host is watched or stopped.
 */
#ifndef TOCSIN_AGENT_SELFTEST_SELFTEST_H
#define TOCSIN_AGENT_SELFTEST_SELFTEST_H

#include "agent/kernel.h"
#include "agent/selftest/deed.h"
#include "decide.h"

enum tc_selftest_result {
	TC_SELFTEST_GOOD,
	TC_SELFTEST_UNSEEN,   /* it was done, and no probe told of it */
	TC_SELFTEST_PASSED,   /* it was forbidden, and went through */
	TC_SELFTEST_NOT_HERE, /* no probe of this kernel tells of it, or the deed cannot be done */
	TC_SELFTEST_RESULT_MAX,
};

/* What came of a deed. */
struct tc_selftest_finding {
	const struct tc_deed *deed;
	enum tc_selftest_result result;
	enum tc_action asked; /* BLOCK, KILL, or ALERT where nothing can be refused */
	bool enforced;	      /* the second time it was refused, or its process killed */
	char why[96];	      /* it cannot be done or refused here; "" */
};

typedef void (*tc_selftest_callback)(void *context, const struct tc_selftest_finding *finding);

/*
 * Does each deed once, and, with enforce, once more while it is forbidden. 0, or a negative errno,
 * told. Needs root.
 */
int tc_selftest_run(bool enforce, bool fallback, tc_selftest_callback found, void *context);

#endif
