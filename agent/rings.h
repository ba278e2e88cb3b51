/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of records, one for each CPU, with what is counted beside them. */
#ifndef TOCSIN_AGENT_RINGS_H
#define TOCSIN_AGENT_RINGS_H

#include "settings.h"

struct tc_rings {
	unsigned n_cpus;
	const int *fds;			       /* of each CPU's ring map */
	volatile struct tc_ring_state *states; /* of each CPU, shared with running programs */
};

#endif
