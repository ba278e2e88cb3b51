/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether rules that block and kill do so now: the mode that was asked for, and what stands against
 * it.
 *
 *	monitor   they tell what they would do (the default)
 *	enforce   they do it
 *	trial     they do it until the time is up, and on if somebody confirms before that
 *	off       the emergency switch: they tell, whatever the mode; see tc_enforce_init()
 */
#ifndef TOCSIN_AGENT_ENFORCE_H
#define TOCSIN_AGENT_ENFORCE_H

#include <stdbool.h>
#include <stdint.h>

/* Why it is so. */
enum tc_enforce_state {
	TC_ENFORCE_MONITOR,  /* as asked */
	TC_ENFORCE_ENFORCE,  /* as asked, or confirmed */
	TC_ENFORCE_TRIAL,    /* until the trial ends */
	TC_ENFORCE_LAPSED,   /* the trial ended, and nobody had confirmed it */
	TC_ENFORCE_OFF_BOOT, /* tocsin=off on the kernel's command line */
	TC_ENFORCE_OFF_FILE, /* a file says so */
	TC_ENFORCE_STATE_MAX,
};

/* "trial". For a value out of range: "?". */
const char *tc_enforce_name(enum tc_enforce_state state);
/* A sentence for the operator. */
const char *tc_enforce_text(enum tc_enforce_state state);
/* Whether rules enforce in that state. */
bool tc_enforce_is_on(enum tc_enforce_state state);

struct tc_enforce_options {
	bool enforce;	   /* --mode enforce */
	uint64_t trial_ns; /* 0: no trial */
	/* Of the kernel: /proc/cmdline; another one in tests. */
	const char *command_line;
	/* Emergency switches: while one of these files is there, nothing is enforced. Each must be
	 * root's (or the agent's own user's), in a directory that nobody else may write. NULL ends
	 * the list. */
	const char *const *off_files;
};

/* What a trial has come to. */
enum tc_trial {
	TC_TRIAL_NONE, /* there was none */
	TC_TRIAL_RUNS,
	TC_TRIAL_CONFIRMED,
	TC_TRIAL_LAPSED,
	TC_TRIAL_MAX,
};

struct tc_enforce {
	struct tc_enforce_options options;
	bool off_boot;
	bool confirmed;
	bool lapsed;
	uint64_t until_ns; /* since boot: when the trial ends; 0: there is none */
	enum tc_enforce_state state;
};

/* Reads the command line; what the options point to must stay. now_ns is since boot: a trial begins
 * with it. */
void tc_enforce_init(struct tc_enforce *enforce, const struct tc_enforce_options *options,
		     uint64_t now_ns);
/* The trial is not a new one, but one that an agent before this one began, which died: until_ns as
 * there, 0 when the host was started anew since. */
void tc_enforce_resume(struct tc_enforce *enforce, enum tc_trial trial, uint64_t until_ns,
		       uint64_t now_ns);
enum tc_trial tc_enforce_trial(const struct tc_enforce *enforce);
/* "runs"; the trial of that name, TC_TRIAL_NONE where there is none. */
const char *tc_enforce_trial_name(enum tc_trial trial);
enum tc_trial tc_enforce_trial_by_name(const char *name);
/* Whether a switch says at this moment that nothing be enforced. May be asked in any thread. */
bool tc_enforce_is_off(const struct tc_enforce *enforce);
/* Looks at the clock and the files, and says what holds now. To be asked a few times a second. */
enum tc_enforce_state tc_enforce_look(struct tc_enforce *enforce, uint64_t now_ns);
/* Somebody confirmed the trial. False when there is none, or its time is up. */
bool tc_enforce_confirm(struct tc_enforce *enforce);

#endif
