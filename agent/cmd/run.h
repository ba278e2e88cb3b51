/* SPDX-License-Identifier: Apache-2.0 */
/* Watching this host: what `tocsin run` and `tocsin record` do alike. */
#ifndef TOCSIN_CMD_RUN_H
#define TOCSIN_CMD_RUN_H

#include "agent/config/config.h"

struct tc_run_options {
	struct tc_config_given given;
	uint64_t duration_ns;  /* UINT64_MAX: until a signal comes */
	const char *recording; /* NULL: there is none */
	bool only_records;     /* no journal, no outputs, and only rules that are given */
	uint64_t kinds;	       /* of events that are sent whether a rule wants them or not */
	bool environment;      /* so is the environment of programs */
	bool print;	       /* the configuration, and no more */
};

/* What is wrong with values that could be read: -1 to go on, or an exit code. */
int tc_run_check(const struct tc_run_options *options, const char *command);
/* Watches until a signal comes or the time is over. Returns the exit code. */
int tc_run(const struct tc_run_options *options);

#endif
