/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/replay_pace.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/enrich/clock.h"

#define NS_PER_S 1000000000ULL
#define DRAW_NS 200000000ULL
#define BAR_WIDTH 40

int replay_pace_parse(const char *text, double *ret_speed)
{
	double speed = 1;
	char *end;

	if (strcmp(text, "real") != 0) {
		speed = strtod(text, &end);
		if (end == text || *end || !isfinite(speed) || speed <= 0)
			return -EINVAL;
	}
	*ret_speed = speed;
	return 0;
}

void replay_pace_restart(struct replay_pace *pace)
{
	pace->began_ns = 0;
}

void replay_pace_wait(struct replay_pace *pace, uint64_t past_ns)
{
	uint64_t now_ns, due_ns;
	struct timespec due;

	if (!pace->speed)
		return;
	now_ns = tc_clock_monotonic_ns();
	if (!pace->began_ns) {
		pace->began_ns = now_ns;
		pace->past_ns = past_ns;
	}
	if (past_ns <= pace->past_ns)
		return;
	due_ns = pace->began_ns + (uint64_t)((double)(past_ns - pace->past_ns) / pace->speed);
	if (due_ns <= now_ns)
		return;
	fflush(stdout);
	due = (struct timespec){(time_t)(due_ns / NS_PER_S), (long)(due_ns % NS_PER_S)};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		continue;
}

void replay_pace_show(struct replay_pace *pace, uint64_t done, uint64_t all)
{
	uint64_t now_ns;
	char bar[BAR_WIDTH + 1];
	unsigned filled;

	if (!pace->shows || !all)
		return;
	now_ns = tc_clock_monotonic_ns();
	if (now_ns - pace->shown_ns < DRAW_NS)
		return;
	pace->shown_ns = now_ns;
	filled = done < all ? (unsigned)(BAR_WIDTH * (double)done / (double)all) : BAR_WIDTH;
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '=', filled);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3u %%", bar,
		(unsigned)(done < all ? 100 * (double)done / (double)all : 100));
}

void replay_pace_hide(struct replay_pace *pace)
{
	if (pace->shows && pace->shown_ns)
		fprintf(stderr, "\r\033[K");
	pace->shown_ns = 0;
}
