/* SPDX-License-Identifier: Apache-2.0 */
/* When a replay tells what it tells: as fast as it can, or as fast as it was, or so many times
 * faster; and how far it is, for whoever waits at a terminal. */
#ifndef TOCSIN_CMD_REPLAY_PACE_H
#define TOCSIN_CMD_REPLAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Zero-initialised is as fast as it can, and tells nobody. */
struct replay_pace {
	double speed;		    /* seconds of the past in a second; 0: as many as can be */
	uint64_t past_ns, began_ns; /* the first step: its time, and CLOCK_MONOTONIC then */
	bool shows;		    /* a bar on standard error */
	uint64_t shown_ns;	    /* when it was last drawn */
};

/* `real`, or a number above 0. 0 or -EINVAL. */
int replay_pace_parse(const char *text, double *ret_speed);
/* Waits until it is time for a step of the past (since boot); before that what was printed is
 * flushed. */
void replay_pace_wait(struct replay_pace *pace, uint64_t past_ns);
/* A world begins: the next step is at once. */
void replay_pace_restart(struct replay_pace *pace);
/* So many bytes of all were read; now and then a bar is drawn. */
void replay_pace_show(struct replay_pace *pace, uint64_t done, uint64_t all);
/* Takes the bar away. */
void replay_pace_hide(struct replay_pace *pace);

#endif
