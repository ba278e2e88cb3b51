/* SPDX-License-Identifier: Apache-2.0 */
/* What `tocsin status` says of programs that are pinned in the kernel. */
#ifndef TOCSIN_AGENT_CMD_STATUS_PINS_H
#define TOCSIN_AGENT_CMD_STATUS_PINS_H

#include <stdbool.h>

#include "agent/pinned.h"
#include "output/format/json_writer.h"

struct status_pins {
	struct tc_pinned_list own;     /* of the journal in question */
	struct tc_pinned_list orphans; /* of others that are gone */
};

/* A line for each agent's. has_agent: the last is that of the agent that runs. */
void status_print_pins(const struct status_pins *pins, bool has_agent);
/* The key "pins" with an array. */
void status_put_pins(struct tc_json *json, const struct status_pins *pins);

#endif
