/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deeds: for each kind of event one harmless thing that makes it, done by a process of its own in
 * an empty directory.
 */
#ifndef TOCSIN_AGENT_SELFTEST_DEED_H
#define TOCSIN_AGENT_SELFTEST_DEED_H

#include <stddef.h>
#include <sys/types.h>

#include "record.h"

/* What the preparation of a deed leaves for it. */
struct tc_deed_place {
	const char *cgroup; /* directory of the private cgroup */
	int fd, other;
	pid_t helper;
};

struct tc_deed {
	enum tc_kind kind;
	const char *does;
	/* Before the process enters the cgroup, in its directory. 0 or a negative errno: the deed
	 * cannot be tried here. NULL: nothing is to be prepared. */
	int (*prepare)(struct tc_deed_place *place);
	/* In the cgroup. 0 or a negative errno. */
	int (*act)(struct tc_deed_place *place);
};

/* All of them, by family. */
extern const struct tc_deed tc_deeds_file[], tc_deeds_process[], tc_deeds_network[];
extern const size_t tc_n_deeds_file, tc_n_deeds_process, tc_n_deeds_network;

/* What a system call gave, as a deed gives it. */
int tc_deed_result(long result);

#endif
