/* SPDX-License-Identifier: Apache-2.0 */
/* Probes that are loaded for the tests alone, and the cgroups that they are confined to. */
#ifndef TOCSIN_TESTS_EVENTS_WATCH_H
#define TOCSIN_TESTS_EVENTS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/kernel.h"
#include "agent/load.h"
#include "agent/read.h"

struct watch {
	struct tc_kernel kernel;
	struct tc_probes *probes;
	struct tc_reader *reader;
	char cgroup[192]; /* directory of the scope */
	uint64_t cgroup_id;
};

/* Loads the probes for a cgroup of its own and asks for all events. 0 or a negative errno, which
 * was told. */
int watch_open(struct watch *watch, bool fallback, uint32_t ring_bytes);
/* Detaches the probes and removes the cgroup. */
void watch_close(struct watch *watch);

/* Where the cgroup v2 hierarchy is mounted, and which part of it. False when it is not. */
bool cgroup_mount(char *ret_directory, char *ret_root, unsigned size);
/* Makes a cgroup and gives its inode number; 0 when that fails, which was told. */
uint64_t cgroup_make(const char *directory);
/* Kills what is in it and removes it with all below it. */
void cgroup_remove(const char *directory);
/* Opens its cgroup.procs for writing. A negative errno on failure. */
int cgroup_open_procs(const char *directory);

#endif
