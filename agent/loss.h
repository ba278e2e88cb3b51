/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accounts of one ring: every number that a probe gave out belongs to a record that was
 * received, or is told as lost, with the reason.
 */
#ifndef TOCSIN_AGENT_LOSS_H
#define TOCSIN_AGENT_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

/* Zero-initialised is a ring at its start. */
struct tc_loss_account {
	uint64_t received;		 /* records read; counted by the caller */
	uint64_t told[TC_LOSS_RING_MAX]; /* losses told so far */
	uint64_t deficit;		 /* numbers missing without a counter ... */
	uint64_t deficit_since_ns;	 /* ... since then */
};

/* Numbers that are missing for so long, with no counter to say why, are a loss (TC_LOSS_GAP). */
#define TC_LOSS_GAP_NS (2 * 1000 * 1000 * 1000ULL)

/* One look at a ring. */
struct tc_loss_look {
	struct tc_ring_state state; /* copied before the ring was read: first lost, then made */
	uint64_t ahead; /* records received so far that have a number of state.made or higher */
	bool read_out;	/* nothing was left in the ring */
	bool final;	/* there will be no further look */
	uint64_t now_ns, last_ns; /* this look and the one before, since boot */
};

struct tc_losses {
	uint64_t count[TC_LOSS_RING_MAX];
	uint64_t since_ns[TC_LOSS_RING_MAX]; /* start of the interval in which they were lost */
};

/*
 * Finds what was lost since the last look, and counts it as told. Returns true when there is any.
 *
 * Of the numbers below state.made, those without a record and without a counter are missing. One
 * may be in the hands of a program that was preempted before it could send: only when it stays away
 * for TC_LOSS_GAP_NS, or at the final look, is it a loss.
 */
bool tc_loss_find(struct tc_loss_account *account, const struct tc_loss_look *look,
		  struct tc_losses *ret_losses);

/* Whether these were events that nobody saw: not alerts, nor what was judged. */
static inline bool tc_loss_was_unseen(uint32_t reason)
{
	return reason < TC_LOSS_RING_MAX || reason == TC_LOSS_REFUSED || reason == TC_LOSS_SKIPPED;
}

#endif
