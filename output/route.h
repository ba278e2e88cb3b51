/* SPDX-License-Identifier: Apache-2.0 */
/* Which rows of the journal an output tells. */
#ifndef TOCSIN_OUTPUT_ROUTE_H
#define TOCSIN_OUTPUT_ROUTE_H

#include <stdbool.h>

#include "output/output.h"

/* Lists are as they were given, joined by |, and NULL where none was. */
struct tc_route {
	enum tc_priority floor; /* alerts that are less urgent (higher) are left out */
	char *tags;		/* an alert must have one of them; as in its JSON */
	char *rules;  /* globs: an alert's rule must match one, and none that begins with ! */
	char *kinds;  /* of events; also of notices */
	bool notices; /* whether notices (loss, agent_start ...) are told */
};

/* 0; -EINVAL, logged with what would be right; -ENOMEM. To be freed in any case. */
int tc_route_read(const char *output, const struct tc_output_settings *settings,
		  struct tc_route *route);
void tc_route_done(struct tc_route *route);

/* Priority, tags and rules are asked of alerts only: a notice has none. */
bool tc_route_takes(const struct tc_route *route, const struct tc_journal_row *row);

#endif
