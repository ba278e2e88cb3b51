/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What agents left pinned (agent/pins.h): for one that takes it over, and for commands that look at
 * it, or switch it off, when no agent does.
 */
#ifndef TOCSIN_AGENT_PINNED_H
#define TOCSIN_AGENT_PINNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/pins.h"
#include "agent/read.h"
#include "agent/rings.h"

/* What one agent left. */
struct tc_pinned {
	char *directory;
	uint64_t made_ns; /* since boot */
	struct tc_pins_about about;
	bool is_known;	/* another version's is not: nothing but its links, about, and where kinds
			   lie in controls are known */
	bool is_orphan; /* its journal is gone: no agent takes it over */
	size_t n_links;
	volatile struct tc_controls *controls; /* NULL: there are none */
	struct tc_rings rings;
	size_t controls_bytes, states_bytes;
	struct tc_reader *reader; /* NULL: not read */
	bool is_read;		  /* to its end */
};

/* What agents left, oldest first. */
struct tc_pinned_list {
	struct tc_pinned **items; /* n of them */
	size_t n;
};

/* Looks for what agents left that had one journal, which need not be there any more. 0 or a
 * negative errno; -EACCES or -EPERM when only root may look. */
int tc_pinned_find(const char *journal, struct tc_pinned_list *ret_list);
/* Looks for orphans, of other journals than this. */
int tc_pinned_find_orphans(const char *journal, struct tc_pinned_list *ret_list);
/* Leaves what is pinned. */
void tc_pinned_done(struct tc_pinned_list *list);

/* Whether rules block and kill by it; of another version's this is not known: they may. */
bool tc_pinned_enforces(const struct tc_pinned *pinned);
/* Of the records that nobody has settled yet (tc_reader_settle()) those that wait, and those that
 * were lost. */
void tc_pinned_waiting(const struct tc_pinned *pinned, uint64_t *ret_waiting, uint64_t *ret_lost);
/* The last of their generations; 0: there is none. */
uint32_t tc_pinned_generation(const struct tc_pinned_list *list);

/* Nothing is blocked or killed by it any more. Its programs tell on where somebody may read that:
 * else they are detached, and false is returned. */
bool tc_pinned_switch_off(const struct tc_pinned *pinned);

/* The three steps of who takes it over. First, when others do their job, its programs end. */
void tc_pinned_release(const struct tc_pinned_list *list);
/* Then, of one after the other, what lies in its rings is handed over, oldest first, with all that
 * was lost. 0 or the callback's error. */
int tc_pinned_drain(struct tc_pinned *pinned, tc_record_callback callback, void *context);
/* Then, when what was handed over is safe, it goes. What was not read to its end stays for who
 * comes next. */
void tc_pinned_settle(struct tc_pinned_list *list);

#endif
