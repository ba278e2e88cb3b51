/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the running agent stands to what its rules ask for, and how its last reload went: files
 * beside the journal, written by the agent and read by `tocsin status` and by the commands that
 * tell the agent something.
 *
 * They are JSON, replaced as a whole. Those of an agent that ended are left: readers compare
 * process ids, and the next agent goes on with its trial and its breakers.
 */
#ifndef TOCSIN_AGENT_STANDING_H
#define TOCSIN_AGENT_STANDING_H

#include <signal.h>

#include "agent/breaker.h"
#include "agent/buffer.h"
#include "agent/effect.h"
#include "agent/enforce.h"
#include "agent/generation.h"

struct json_object;

struct tc_standing {
	const struct tc_enforce *enforce;
	int64_t real_minus_boot_ns; /* of the clock */
	const struct tc_generation *generation;
	const struct tc_breakers *breakers;
	volatile const struct tc_controls *controls;
	uint64_t skipped; /* tc_probes_skipped() */
	bool has_ended;	  /* the agent, and was asked to */
};

/* What a rule that blocks or kills does at this moment: "blocks", "kills", "tells" (what it would
 * do) or "alerts". *ret_why is "" where it does what it asks for. */
const char *tc_standing_now(const struct tc_standing *standing, size_t rule, const char **ret_why);

/* Appends the file's content. */
void tc_standing_print(const struct tc_standing *standing, struct tc_buffer *text);
/* What the agent before this one wrote that is to go on. */
struct tc_standing_past {
	bool has_ended; /* it was asked to: its trial is over */
	enum tc_trial trial;
	uint64_t until_ns;	      /* since boot: of the trial; 0: the host was started anew */
	struct json_object *standing; /* NULL: it wrote nothing */
};

void tc_standing_recall(const char *journal_path, struct tc_standing_past *ret_past);
void tc_standing_past_done(struct tc_standing_past *past);
/* Calls for each rule whose breaker was open. */
void tc_standing_past_breakers(const struct tc_standing_past *past,
			       void (*take)(void *context, const char *rule), void *context);

/* The files, by what stands behind the journal's name. */
#define TC_STANDING "standing"
#define TC_STANDING_RELOAD "reload" /* see tc_reload_tell() */

/* Replaces a file beside a journal; with is_lasting it outlives a loss of power. 0 or a negative
 * errno. */
int tc_standing_write(const char *journal_path, const char *what, const struct tc_buffer *text,
		      bool is_lasting);
/* Reads what the agent with that process id wrote. NULL when there is nothing (of it). */
struct json_object *tc_standing_read(const char *journal_path, const char *what, int agent_pid);

/* What the commands tell the agent by: `tocsin confirm`, `tocsin rearm`. */
#define TC_SIGNAL_CONFIRM SIGUSR1
#define TC_SIGNAL_REARM SIGUSR2

/* The emergency switch beside a journal: heap memory, NULL when that is out. */
char *tc_standing_off_file(const char *journal_path);

/* The process that holds a journal's lock, 0: none. */
int tc_standing_agent(const char *journal_path);

#endif
