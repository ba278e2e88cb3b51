/* SPDX-License-Identifier: Apache-2.0 */
/* What rules that block or kill can do on this host: asked of the kernel, of the probes that could
 * be loaded, and of what the rule itself asks for. */
#ifndef TOCSIN_AGENT_EFFECT_H
#define TOCSIN_AGENT_EFFECT_H

#include <stdbool.h>
#include <stdio.h>

#include "agent/buffer.h"
#include "agent/load.h"
#include "rules/kernel/kernel.h"

/* The most that a rule does here, for some of its kinds of events. */
enum tc_effect_does { TC_EFFECT_ALERTS, TC_EFFECT_KILLS, TC_EFFECT_BLOCKS };

/* "blocks". */
const char *tc_effect_name(enum tc_effect_does does);

struct tc_effect {
	enum tc_effect_does does;
	uint64_t weak; /* kinds for which it does less than it asks for, as TC_KIND_BIT */
	char why[192]; /* of weak; "" when there is none */
};

/* What the rule can do while rules enforce. kernel: what the tables do for it. fallback_reason: why
 * there are no LSM hooks. */
void tc_effect_find(const struct tc_rule *rule, const struct tc_kernel_rule *kernel,
		    const struct tc_probes *probes, const char *fallback_reason,
		    struct tc_effect *ret_effect);

/* Prints a line when the rule does less than it asks for. Whether that is an error: the rule does
 * not say that it may do less. strict: it is called one. */
bool tc_effect_report(const struct tc_rule *rule, const struct tc_effect *effect, bool strict,
		      FILE *stream);

#endif
