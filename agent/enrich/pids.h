/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a process id to the entry that has it now. Every event asks: the answer must cost one or two
 * cache lines, not a walk along entries.
 */
#ifndef TOCSIN_AGENT_ENRICH_PIDS_H
#define TOCSIN_AGENT_ENRICH_PIDS_H

#include <stddef.h>
#include <stdint.h>

struct tc_process;
struct tc_pids_slot;

/* Zero-initialised is empty. */
struct tc_pids {
	struct tc_pids_slot *slots;
	size_t n_slots; /* a power of two, at least twice count; or 0 */
	size_t count;
};

/* The entry of a process id, NULL when there is none. */
struct tc_process *tc_pids_find(const struct tc_pids *pids, uint32_t pid);
/* Puts an entry in place of the one there was, if any. 0; -ENOMEM, never where one is replaced. */
int tc_pids_set(struct tc_pids *pids, uint32_t pid, struct tc_process *process);
/* Forgets the entry of a process id, if there is one. */
void tc_pids_remove(struct tc_pids *pids, uint32_t pid);
void tc_pids_done(struct tc_pids *pids);

#endif
