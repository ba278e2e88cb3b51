/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration and the rules that it names are read anew in a thread of their own, so that
 * events are judged meanwhile: by the rules that are in force until the new ones are whole.
 */
#ifndef TOCSIN_AGENT_RELOAD_H
#define TOCSIN_AGENT_RELOAD_H

#include <stdbool.h>

#include "agent/config/config.h"
#include "agent/generation.h"

struct tc_reload;

/* What was read; NULL where something was wrong with either. Owned by the caller. */
struct tc_reloaded {
	struct tc_config *config;
	struct tc_generation *generation;
};

struct tc_reload_options {
	const struct tc_config_given *given; /* what the command line says */
	/* A rule that cannot do here what it asks for is an error, unless it says that it may do
	 * less. */
	bool strict;
	struct tc_generation_options generation;
};

/* Begins to load; what the options point to must outlive it. 0 or a negative errno. */
int tc_reload_start(const struct tc_reload_options *options, struct tc_reload **ret_reload);
/* Whether tc_reload_finish() would not wait. */
bool tc_reload_is_done(const struct tc_reload *reload);
/*
 * Waits for the end, prints what was found on standard error, and gives what is new, and what was
 * found as *ret_findings: heap memory, NULL when that is out. Returns the number of errors. The
 * reload is gone afterwards.
 */
size_t tc_reload_finish(struct tc_reload *reload, struct tc_reloaded *ret_new, char **ret_findings);
void tc_reloaded_done(struct tc_reloaded *reloaded);

/* For `tocsin reload`, how it went: the file TC_STANDING_RELOAD. */
struct tc_reload_result {
	uint64_t begun, ended; /* reloads since the agent's start */
	size_t errors;	       /* of the last that ended; 0: it is in force */
	size_t rules;	       /* in force */
	const char *findings;  /* lines, of the last that ended; NULL: none */
};

/* 0 or a negative errno. */
int tc_reload_tell(const char *journal_path, const struct tc_reload_result *result);

#endif
