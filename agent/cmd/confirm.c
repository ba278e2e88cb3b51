/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin confirm: the trial goes well, what is enforced stays so. */
#include <json.h>
#include <stdio.h>
#include <string.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/control.h"
#include "agent/standing.h"

static bool is_confirmed(struct json_object *standing)
{
	return !strcmp(control_text(standing, "state"), "enforce");
}

static bool is_told(struct json_object *standing)
{
	return true;
}

int tc_cmd_confirm(int argc, char **argv)
{
	const char *journal;
	struct json_object *standing;
	int code =
		control_parse("confirm",
			      "Confirms the trial of the running agent (tocsin run --mode enforce "
			      "--trial 120): its rules block and kill from now on. Exits with 0 "
			      "when they do, 1 when there is no trial, or its time was up, 3 when "
			      "no agent runs.",
			      argc, argv, &journal);
	int agent;

	if (code >= 0)
		return code;
	agent = control_agent("confirm", journal);
	if (!agent || !control_wait(journal, agent, is_told))
		return TC_EXIT_ENVIRONMENT;
	standing = tc_standing_read(journal, TC_STANDING, agent);
	if (!standing || strcmp(control_text(standing, "state"), "trial") != 0) {
		fprintf(stderr, "tocsin confirm: there is no trial: %s\n",
			standing ? control_text(standing, "reason") : "the agent has ended");
		json_object_put(standing);
		return TC_EXIT_NO;
	}
	json_object_put(standing);
	if (control_signal("confirm", journal, agent, TC_SIGNAL_CONFIRM) < 0)
		return TC_EXIT_ENVIRONMENT;
	if (!control_wait(journal, agent, is_confirmed)) {
		fprintf(stderr, "tocsin confirm: the trial ended before the agent heard of it\n");
		return TC_EXIT_NO;
	}
	printf("confirmed: rules block and kill\n");
	return TC_EXIT_GOOD;
}
