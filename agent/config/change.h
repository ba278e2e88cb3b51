/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that was read anew beside the one that the agent began with. */
#ifndef TOCSIN_AGENT_CONFIG_CHANGE_H
#define TOCSIN_AGENT_CONFIG_CHANGE_H

#include "agent/config/config.h"
#include "output/couriers.h"

/* Warns of each key whose value differs from the first configuration's and that only a restart
 * puts in force. Returns how many there are. */
size_t tc_config_tell_restarts(const struct tc_config *first, const struct tc_config *next);

/*
 * Gives the outputs routes and limits as they are configured now. Those that were added or taken
 * away, or differ in something else, stay as they are, and are warned of. Returns how many those
 * are.
 */
size_t tc_config_change_outputs(const struct tc_config *first, const struct tc_config *next,
				struct tc_couriers *couriers);

#endif
