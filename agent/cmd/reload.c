/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin reload: the running agent reads its configuration and rules anew. */
#include <json.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/control.h"
#include "agent/standing.h"

/* Thousands of rules take seconds; the service manager waits for a minute. */
#define WAIT_S 50
#define STEP_MS 20

/* How the agent's last reload stands; NULL: there was none. */
static struct json_object *last_reload(const char *journal, int agent)
{
	return tc_standing_read(journal, TC_STANDING_RELOAD, agent);
}

/*
 * Waits for the end of a reload that began after the one with that number: it began after this
 * command did, whoever asked for it. NULL: the agent ended, or none came to its end.
 */
static struct json_object *wait_for_reload(const char *journal, int agent, uint64_t begun)
{
	for (unsigned ms = 0; ms < WAIT_S * 1000 && tc_standing_agent(journal) == agent;
	     ms += STEP_MS) {
		struct json_object *reload = last_reload(journal, agent);

		if (control_number(reload, "ended") > begun)
			return reload;
		json_object_put(reload);
		usleep(STEP_MS * 1000);
	}
	return NULL;
}

/* What is told of the end. An exit code. */
static int tell(struct json_object *reload)
{
	uint64_t errors = control_number(reload, "errors");
	struct json_object *findings = NULL;

	if (json_object_object_get_ex(reload, "findings", &findings))
		for (size_t i = 0; i < json_object_array_length(findings); i++)
			fprintf(stderr, "%s\n",
				json_object_get_string(json_object_array_get_idx(findings, i)));
	if (errors) {
		fprintf(stderr, "tocsin reload: %llu %s: what was in force before stays in force\n",
			(unsigned long long)errors, errors == 1 ? "error" : "errors");
		return TC_EXIT_NO;
	}
	printf("configuration and rules were read anew: %llu rules in force\n",
	       (unsigned long long)control_number(reload, "rules"));
	return TC_EXIT_GOOD;
}

int tc_cmd_reload(int argc, char **argv)
{
	const char *journal;
	struct json_object *reload;
	int code = control_parse("reload",
				 "Has the running agent read its configuration and rules anew. All "
				 "is checked first, and put into force at once; when anything is "
				 "wrong, what was in force stays. Exits with 0 when the new is in "
				 "force, 1 when something was wrong (it is told), 3 when no agent "
				 "runs, or it ended meanwhile.",
				 argc, argv, &journal);
	int agent;
	uint64_t begun;

	if (code >= 0)
		return code;
	agent = control_agent("reload", journal);
	if (!agent)
		return TC_EXIT_ENVIRONMENT;
	reload = last_reload(journal, agent);
	begun = control_number(reload, "begun");
	json_object_put(reload);
	if (control_signal("reload", journal, agent, SIGHUP) < 0)
		return TC_EXIT_ENVIRONMENT;
	reload = wait_for_reload(journal, agent, begun);
	if (!reload) {
		fprintf(stderr,
			"tocsin reload: the agent (process %d) ended, or was not done within %d "
			"seconds\n",
			agent, WAIT_S);
		return TC_EXIT_ENVIRONMENT;
	}
	code = tell(reload);
	json_object_put(reload);
	return code;
}
