/* SPDX-License-Identifier: Apache-2.0 */
/* What `tocsin status` says of what rules enforce, from what the agent wrote of itself. */
#ifndef TOCSIN_AGENT_CMD_STATUS_ENFORCE_H
#define TOCSIN_AGENT_CMD_STATUS_ENFORCE_H

#include "output/format/json_writer.h"

struct json_object;

/* Prints the mode, and a table of the rules that ask for more than an alert. standing: see
 * agent/standing.h; NULL: nothing is known. */
void status_print_enforcement(struct json_object *standing, unsigned columns, bool colour);
/* Appends it as one value; null when nothing is known. */
void status_put_enforcement(struct tc_json *json, struct json_object *standing);

#endif
