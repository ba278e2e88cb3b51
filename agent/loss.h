/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts of one ring: every number that a probe gave out belongs to a record that was received, or is told as
 * lost, with the reason.
 */
#ifndef TOCSIN_AGENT_LOSS_H
#define TOCSIN_AGENT_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

/* Zero-initialised is a ring at its start. */
struct tc_loss_account {
	uint64_t received; /* records read; counted by the caller */
	uint64_t told[TC_LOSS_MAX]; /* losses told so far */
	uint64_t deficit; /* numbers missing without a counter ... */
	uint64_t deficit_since_ns; /* ... since then */
};

/* Numbers that are missing for so long, with no counter to say why, are a loss (TC_LOSS_GAP). */
#define TC_LOSS_GAP_NS (2 * 1000 * 1000 * 1000ULL)

/*
 * Finds what was lost since the last call, and counts it as told. state is a copy of the ring's counters; made_before
 * is the value of its `made` before the ring was read; read_out is false when records were left in the ring.
 *
 * A number that is missing although the ring was read out may be in the hands of a program that was preempted before it
 * could send: only when it stays away for TC_LOSS_GAP_NS is it a loss. Returns true when there is any.
 */
bool tc_loss_find(struct tc_loss_account *account, const struct tc_ring_state *state, uint64_t made_before,
		  bool read_out, uint64_t now_ns, uint64_t ret_lost[TC_LOSS_MAX]);

#endif
