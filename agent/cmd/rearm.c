/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin rearm: rules whose circuit breakers opened enforce again. */
#include <json.h>
#include <stdio.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/control.h"
#include "agent/standing.h"

static bool all_are_closed(struct json_object *standing)
{
	struct json_object *rules = NULL, *open;

	if (!json_object_object_get_ex(standing, "enforcing_rules", &rules))
		return false;
	for (size_t i = 0; i < json_object_array_length(rules); i++)
		if (json_object_object_get_ex(json_object_array_get_idx(rules, i), "breaker_open",
					      &open) &&
		    json_object_get_boolean(open))
			return false;
	return true;
}

int tc_cmd_rearm(int argc, char **argv)
{
	const char *journal;
	int code =
		control_parse("rearm",
			      "Closes all circuit breakers of the running agent: rules that "
			      "stopped too much in one second (tocsin run --breaker), and only "
			      "told since then what they would stop, stop it again. tocsin status "
			      "lists them. Exits with 0 when all are closed, 1 when one opened "
			      "again at once, 3 when no agent runs.",
			      argc, argv, &journal);
	int agent;

	if (code >= 0)
		return code;
	agent = control_agent("rearm", journal);
	if (!agent || control_signal("rearm", journal, agent, TC_SIGNAL_REARM) < 0)
		return TC_EXIT_ENVIRONMENT;
	if (!control_wait(journal, agent, all_are_closed)) {
		fprintf(stderr, "tocsin rearm: a breaker is open again, see tocsin status\n");
		return TC_EXIT_NO;
	}
	printf("all circuit breakers are closed\n");
	return TC_EXIT_GOOD;
}
