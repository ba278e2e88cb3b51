/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing; what follows a removed slot moves up, so that there are no
 * tombstones. */
#include "agent/enrich/pids.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_MIN 256

struct tc_pids_slot {
	struct tc_process *process; /* NULL: free */
	uint32_t pid;
};

/* Process ids are given out in a row: neighbours shall not become neighbours. */
static size_t home(const struct tc_pids *pids, uint32_t pid)
{
	return (pid * 0x9e3779b97f4a7c15ULL >> 32) & (pids->n_slots - 1);
}

/* The slot of a process id, or the free one where it would be. */
static struct tc_pids_slot *slot_of(const struct tc_pids *pids, uint32_t pid)
{
	size_t i = home(pids, pid);

	while (pids->slots[i].process && pids->slots[i].pid != pid)
		i = (i + 1) & (pids->n_slots - 1);
	return &pids->slots[i];
}

static int grow(struct tc_pids *pids)
{
	struct tc_pids larger = {.n_slots = pids->n_slots ? 2 * pids->n_slots : SLOTS_MIN,
				 .count = pids->count};

	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < pids->n_slots; i++)
		if (pids->slots[i].process)
			*slot_of(&larger, pids->slots[i].pid) = pids->slots[i];
	free(pids->slots);
	*pids = larger;
	return 0;
}

struct tc_process *tc_pids_find(const struct tc_pids *pids, uint32_t pid)
{
	return pids->n_slots ? slot_of(pids, pid)->process : NULL;
}

int tc_pids_set(struct tc_pids *pids, uint32_t pid, struct tc_process *process)
{
	struct tc_pids_slot *slot = pids->n_slots ? slot_of(pids, pid) : NULL;

	if (slot && slot->process) {
		slot->process = process;
		return 0;
	}
	if (2 * (pids->count + 1) > pids->n_slots) {
		int error = grow(pids);

		if (error < 0)
			return error;
	}
	*slot_of(pids, pid) = (struct tc_pids_slot){.process = process, .pid = pid};
	pids->count++;
	return 0;
}

void tc_pids_remove(struct tc_pids *pids, uint32_t pid)
{
	struct tc_pids_slot *slots = pids->slots;
	size_t last = pids->n_slots - 1, hole;

	if (!tc_pids_find(pids, pid))
		return;
	hole = (size_t)(slot_of(pids, pid) - slots);
	for (size_t i = (hole + 1) & last; slots[i].process; i = (i + 1) & last) {
		/* Moves up unless its home lies behind the hole. */
		if (((i - home(pids, slots[i].pid)) & last) < ((i - hole) & last))
			continue;
		slots[hole] = slots[i];
		hole = i;
	}
	slots[hole].process = NULL;
	pids->count--;
}

void tc_pids_done(struct tc_pids *pids)
{
	free(pids->slots);
	*pids = (struct tc_pids){0};
}
