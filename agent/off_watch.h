/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at the emergency switches, and whether a stop was asked for, in a thread of its own, ten
 * times a second, and obeys at once: the agent may have a flood of events to judge, or wait for a
 * disk. It only switches off; what goes on and is told is up to the agent (agent/force.h).
 */
#ifndef TOCSIN_AGENT_OFF_WATCH_H
#define TOCSIN_AGENT_OFF_WATCH_H

#include <signal.h>

#include "agent/enforce.h"
#include "settings.h"

struct tc_off_watch;

/* All must outlive it; *stops is not 0 when a stop was asked for. 0 or a negative errno. */
int tc_off_watch_start(const struct tc_enforce *enforce, const volatile sig_atomic_t *stops,
		       volatile struct tc_controls *controls, struct tc_off_watch **ret_watch);
/* Takes NULL. */
void tc_off_watch_stop(struct tc_off_watch *watch);

#endif
