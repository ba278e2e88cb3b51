/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin off, tocsin on: the emergency switch, a file beside the journal. */
#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/control.h"
#include "agent/log.h"
#include "agent/pinned.h"
#include "agent/pins.h"
#include "agent/standing.h"

static bool is_off(struct json_object *standing)
{
	struct json_object *enforcing = NULL;

	return json_object_object_get_ex(standing, "enforcing", &enforcing) &&
	       !json_object_get_boolean(enforcing);
}

static bool is_not_switched_off(struct json_object *standing)
{
	return strcmp(control_text(standing, "state"), "off") != 0;
}

static int make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return tc_error_return(-errno, "tocsin off: cannot make %s", path);
	close(fd);
	return 0;
}

static int take_away(const char *path)
{
	return unlink(path) < 0 && errno != ENOENT
		       ? tc_error_return(-errno, "tocsin on: cannot remove %s", path)
		       : 0;
}

static void switch_off(const struct tc_pinned *pinned)
{
	bool tells = tc_pinned_switch_off(pinned);
	const char *now = tells		      ? "block and kill nothing any more, and tell on"
			  : pinned->is_orphan ? "were taken away: the journal is gone, so that no "
						"agent would take them over"
					      : "are of another version: they were detached";

	printf("%s: its %zu programs %s\n", pinned->directory, pinned->n_links, now);
}

/* What is pinned in the kernel goes on without an agent, or with one that does not follow. */
static int switch_pins_off(const char *journal)
{
	struct tc_pinned_list list;
	int r = tc_pinned_find(journal, &list);

	if (r < 0) {
		tc_error(
			"tocsin off: cannot look into %s: %s; all that is pinned there is detached",
			TC_PINS_DIRECTORY, strerror(-r));
		tc_pins_remove_all_links();
		return r;
	}
	for (size_t i = 0; i < list.n; i++)
		switch_off(list.items[i]);
	tc_pinned_done(&list);
	return 0;
}

/* The switch works without an agent, too: the next one that starts sees it. */
static int wait_for_agent(const char *command, const char *journal,
			  bool (*is_good)(struct json_object *standing))
{
	int agent = tc_standing_agent(journal);

	if (!agent)
		fprintf(stderr,
			"tocsin %s: no agent runs with the journal %s: the next one that does "
			"sees it\n",
			command, journal);
	if (agent && !control_wait(journal, agent, is_good)) {
		fprintf(stderr,
			"tocsin %s: the agent (process %d) does not follow; tocsin status tells "
			"why\n",
			command, agent);
		return TC_EXIT_NO;
	}
	return TC_EXIT_GOOD;
}

int tc_cmd_off(int argc, char **argv)
{
	const char *journal;
	char *path;
	int code =
		control_parse("off",
			      "Switches off what rules enforce: the agent watches on, and tells "
			      "what it would block, until `tocsin on`. It makes the file `off` "
			      "beside the journal, so this lasts over restarts. The file "
			      "/run/tocsin/off does the same for all agents until the next boot, "
			      "and tocsin=off on the kernel's command line while that has it.",
			      argc, argv, &journal);

	if (code >= 0)
		return code;
	path = tc_standing_off_file(journal);
	code = path && make(path) == 0 ? wait_for_agent("off", journal, is_off)
				       : TC_EXIT_ENVIRONMENT;
	if (code != TC_EXIT_GOOD || !tc_standing_agent(journal))
		code = switch_pins_off(journal) == 0 ? code : TC_EXIT_ENVIRONMENT;
	if (code == TC_EXIT_GOOD)
		printf("off: nothing is blocked or killed by the agent of that journal (%s)\n",
		       path);
	free(path);
	return code;
}

int tc_cmd_on(int argc, char **argv)
{
	const char *journal;
	char *path;
	int code =
		control_parse("on",
			      "Takes `tocsin off` back: rules enforce again where the mode of the "
			      "agent says so.",
			      argc, argv, &journal);

	if (code >= 0)
		return code;
	path = tc_standing_off_file(journal);
	code = path && take_away(path) == 0 ? wait_for_agent("on", journal, is_not_switched_off)
					    : TC_EXIT_ENVIRONMENT;
	if (code == TC_EXIT_GOOD)
		printf("on: what rules enforce is up to the agent's mode again\n");
	free(path);
	return code;
}
