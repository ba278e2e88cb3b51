/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/control.h"

#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/options.h"
#include "agent/standing.h"
#include "output/journal.h"

/* The agent acts ten times a second. */
#define WAIT_MS 15000
#define STEP_MS 20

int control_parse(const char *command, const char *doc, int argc, char **argv,
		  const char **ret_journal)
{
	const struct tc_option rows[] = {
		{"journal", 'j', TC_OPTION_STRING, "FILE", ret_journal,
		 "the agent's database (" TC_JOURNAL_DEFAULT_PATH ")"},
		{0},
	};
	const struct tc_usage usage = {
		.command = command, .synopsis = "[OPTION]...", .doc = doc, .options = rows};

	*ret_journal = TC_JOURNAL_DEFAULT_PATH;
	return tc_options_parse(&usage, argc, argv, NULL);
}

int control_agent(const char *command, const char *journal)
{
	int agent = tc_standing_agent(journal);

	if (!agent)
		fprintf(stderr,
			"tocsin %s: no agent runs with the journal %s (--journal names another)\n",
			command, journal);
	return agent;
}

int control_signal(const char *command, const char *journal, int agent, int signal)
{
	/* By descriptor: between the look and the signal its number may become another process's.
	 */
	int pidfd = (int)syscall(SYS_pidfd_open, agent, 0), r = 0;

	if (pidfd < 0)
		return tc_error_return(-errno, "tocsin %s: process %d", command, agent);
	if (tc_standing_agent(journal) != agent)
		r = -ESRCH;
	else if (syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0)
		r = -errno;
	close(pidfd);
	return r < 0 ? tc_error_return(r, "tocsin %s: the agent (process %d) cannot be told",
				       command, agent)
		     : 0;
}

bool control_wait(const char *journal, int agent, bool (*is_good)(struct json_object *standing))
{
	for (unsigned ms = 0; ms < WAIT_MS; ms += STEP_MS) {
		struct json_object *standing = tc_standing_read(journal, TC_STANDING, agent);
		bool good = standing && is_good(standing);

		json_object_put(standing);
		if (good)
			return true;
		usleep(STEP_MS * 1000);
	}
	return false;
}

const char *control_text(struct json_object *standing, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(standing, key, &value);
	return value ? json_object_get_string(value) : "";
}

uint64_t control_number(struct json_object *said, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(said, key, &value);
	return value ? json_object_get_uint64(value) : 0;
}
