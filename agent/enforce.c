/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enforce.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/log.h"

static const struct {
	const char *name, *text;
	bool on;
} states[TC_ENFORCE_STATE_MAX] = {
	[TC_ENFORCE_MONITOR] = {"monitor", "rules tell what they would block", false},
	[TC_ENFORCE_ENFORCE] = {"enforce", "rules block and kill", true},
	[TC_ENFORCE_TRIAL] = {"trial",
			      "rules block and kill until the trial ends, unless it is confirmed "
			      "(tocsin confirm)",
			      true},
	[TC_ENFORCE_LAPSED] = {"lapsed",
			       "the trial ended without a confirmation: rules tell what they would "
			       "block",
			       false},
	[TC_ENFORCE_OFF_BOOT] = {"off",
				 "switched off by tocsin=off on the kernel's command line: rules "
				 "tell what they would block",
				 false},
	[TC_ENFORCE_OFF_FILE] = {"off",
				 "switched off by a file (tocsin off): rules tell what they would "
				 "block",
				 false},
};

const char *tc_enforce_name(enum tc_enforce_state state)
{
	return (unsigned)state < TC_ENFORCE_STATE_MAX ? states[state].name : "?";
}

const char *tc_enforce_text(enum tc_enforce_state state)
{
	return (unsigned)state < TC_ENFORCE_STATE_MAX ? states[state].text : "?";
}

bool tc_enforce_is_on(enum tc_enforce_state state)
{
	return (unsigned)state < TC_ENFORCE_STATE_MAX && states[state].on;
}

/* --- emergency switches --- */

/* Whether one of the words of the kernel's command line is this. */
static bool command_line_has(const char *path, const char *word)
{
	char line[4096] = "", *rest = line;
	FILE *file = fopen(path, "re");
	const char *next;
	size_t length;

	if (!file)
		return false;
	length = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[length] = '\0';
	while ((next = strsep(&rest, " \n")))
		if (!strcmp(next, word))
			return true;
	return false;
}

/* Nobody but root (or the agent's own user) may have put it there. */
static bool is_ours(const struct stat *info)
{
	return (info->st_uid == 0 || info->st_uid == geteuid()) &&
	       !(info->st_mode & (S_IWGRP | S_IWOTH));
}

static bool is_off(const char *path)
{
	char directory[PATH_MAX];
	struct stat file, parent;

	if (lstat(path, &file))
		return false;
	if ((size_t)snprintf(directory, sizeof(directory), "%s", path) >= sizeof(directory) ||
	    stat(dirname(directory), &parent))
		return false;
	return S_ISREG(file.st_mode) && is_ours(&file) && is_ours(&parent);
}

bool tc_enforce_is_off(const struct tc_enforce *enforce)
{
	if (enforce->off_boot)
		return true;
	for (const char *const *file = enforce->options.off_files; file && *file; file++)
		if (is_off(*file))
			return true;
	return false;
}

/* --- what holds --- */

void tc_enforce_init(struct tc_enforce *enforce, const struct tc_enforce_options *options,
		     uint64_t now_ns)
{
	*enforce = (struct tc_enforce){.options = *options};
	enforce->off_boot =
		options->command_line && command_line_has(options->command_line, "tocsin=off");
	if (options->enforce && options->trial_ns)
		enforce->until_ns = now_ns + options->trial_ns;
	tc_enforce_look(enforce, now_ns);
}

enum tc_enforce_state tc_enforce_look(struct tc_enforce *enforce, uint64_t now_ns)
{
	bool trial = enforce->until_ns && !enforce->confirmed;

	/* For good: a clock that stands still does not bring a trial back. */
	enforce->lapsed |= trial && now_ns >= enforce->until_ns;
	if (!enforce->options.enforce)
		enforce->state = TC_ENFORCE_MONITOR;
	else if (enforce->off_boot)
		enforce->state = TC_ENFORCE_OFF_BOOT;
	else if (tc_enforce_is_off(enforce))
		enforce->state = TC_ENFORCE_OFF_FILE;
	else if (enforce->lapsed)
		enforce->state = TC_ENFORCE_LAPSED;
	else
		enforce->state = trial ? TC_ENFORCE_TRIAL : TC_ENFORCE_ENFORCE;
	return enforce->state;
}

bool tc_enforce_confirm(struct tc_enforce *enforce)
{
	if (!enforce->until_ns || enforce->lapsed)
		return false;
	enforce->confirmed = true;
	return true;
}

/* --- over a restart --- */

static const char *const trials[TC_TRIAL_MAX] = {
	[TC_TRIAL_NONE] = "none",
	[TC_TRIAL_RUNS] = "runs",
	[TC_TRIAL_CONFIRMED] = "confirmed",
	[TC_TRIAL_LAPSED] = "lapsed",
};

const char *tc_enforce_trial_name(enum tc_trial trial)
{
	return (unsigned)trial < TC_TRIAL_MAX ? trials[trial] : "?";
}

enum tc_trial tc_enforce_trial_by_name(const char *name)
{
	for (unsigned i = 0; i < TC_TRIAL_MAX; i++)
		if (!strcmp(trials[i], name))
			return (enum tc_trial)i;
	return TC_TRIAL_NONE;
}

enum tc_trial tc_enforce_trial(const struct tc_enforce *enforce)
{
	if (!enforce->until_ns)
		return TC_TRIAL_NONE;
	if (enforce->confirmed)
		return TC_TRIAL_CONFIRMED;
	return enforce->lapsed ? TC_TRIAL_LAPSED : TC_TRIAL_RUNS;
}

void tc_enforce_resume(struct tc_enforce *enforce, enum tc_trial trial, uint64_t until_ns,
		       uint64_t now_ns)
{
	if (!enforce->until_ns || trial == TC_TRIAL_NONE)
		return;
	enforce->confirmed = trial == TC_TRIAL_CONFIRMED;
	enforce->lapsed = trial == TC_TRIAL_LAPSED;
	/* Whoever could get no further than to switch the host off is not locked out again. */
	enforce->until_ns = until_ns ? until_ns : now_ns;
	tc_enforce_look(enforce, now_ns);
}
