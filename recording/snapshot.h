/* SPDX-License-Identifier: Apache-2.0 */
/* What a world knows, as what a host would tell a world that begins now. */
#ifndef TOCSIN_RECORDING_SNAPSHOT_H
#define TOCSIN_RECORDING_SNAPSHOT_H

#include "agent/enrich/world.h"
#include "recording/sink.h"

/* Whether a process is to be told of. */
typedef bool (*tc_snapshot_choice)(void *context, const struct tc_process *process);

/*
 * Adds users, services, cgroups, containers and the processes that run, and TC_ENTRY_KNOWN behind
 * them. Of processes that ended nothing is told: children of theirs have no ancestors then.
 */
void tc_snapshot_add(const struct tc_world *world, struct tc_sink *sink);
/* The same with some of the processes. */
void tc_snapshot_add_some(const struct tc_world *world, struct tc_sink *sink,
			  tc_snapshot_choice choose, void *context);

#endif
