/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that tell the running agent something: confirm, rearm, reload, off,
 * on. */
#ifndef TOCSIN_AGENT_CMD_CONTROL_H
#define TOCSIN_AGENT_CMD_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

struct json_object;

/* Reads a command line with the one option --journal. -1 to go on, or an exit code. */
int control_parse(const char *command, const char *doc, int argc, char **argv,
		  const char **ret_journal);
/* The agent's process; 0: none runs, which was told. */
int control_agent(const char *command, const char *journal);
/* Sends the agent a signal. 0 or a negative errno, told. */
int control_signal(const char *command, const char *journal, int agent, int signal);
/* Waits until what the agent says of itself is good; at most 15 seconds. */
bool control_wait(const char *journal, int agent, bool (*is_good)(struct json_object *standing));
/* A text in what the agent says; "" when there is none. */
const char *control_text(struct json_object *standing, const char *key);
/* A number in what the agent says; 0 when there is none. */
uint64_t control_number(struct json_object *said, const char *key);

#endif
