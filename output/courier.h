/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A courier carries committed rows of the journal to one output, from its cursor on, at least once
 * each. It works in steps; output/couriers.h runs each in a thread of its own.
 */
#ifndef TOCSIN_OUTPUT_COURIER_H
#define TOCSIN_OUTPUT_COURIER_H

#include "output/cursors.h"
#include "output/output.h"

struct tc_courier;

/* What couriers have in common. */
struct tc_courier_place {
	const char *journal_path;
	uint64_t last_seq;	    /* of the journal */
	struct tc_cursors *cursors; /* NULL: cursors are not kept */
	bool cursors_lost;	    /* a damaged database was set aside */
};

/*
 * Reads the SPEC and opens the output. -EINVAL when the SPEC is wrong, -ENOMEM, or the output's own
 * error; logged.
 */
int tc_courier_new(const struct tc_output *output, const char *spec,
		   struct tc_courier **ret_courier);
/* Whether tc_courier_new() would take the SPEC, without opening anything; the same errors. */
int tc_courier_check(const struct tc_output *output, const char *spec);
/*
 * Reads a SPEC with other terms (route and limits) for a courier that works, to be passed on by
 * orders. The same errors. Free them with tc_courier_free() if they are not.
 */
int tc_courier_terms_read(const struct tc_courier *courier, const char *spec,
			  struct tc_courier **ret_terms);
/* Closes the output. Takes NULL. */
void tc_courier_free(struct tc_courier *courier);

/* Opens the journal and finds where to begin. 0 or a negative errno, logged. */
int tc_courier_start(struct tc_courier *courier, const struct tc_courier_place *place);

/* Of its cursor: must differ from those of all others. */
const char *tc_courier_name(const struct tc_courier *courier);
/* The row up to which all is delivered or left out; from any thread. */
uint64_t tc_courier_cursor(const struct tc_courier *courier);

/* Whether it found the journal damaged since this was asked last; from any thread. */
bool tc_courier_saw_damage(struct tc_courier *courier);

/* What happened since the step before. */
struct tc_courier_orders {
	bool news;   /* rows were committed */
	bool reopen; /* files are to be opened anew */
	bool stop;   /* the last attempt, until stop_by_ns */
	uint64_t stop_by_ns;
	struct tc_courier *terms; /* the courier's from now on; NULL: they stay */
};

/* Asks for no step before there are orders. */
#define TC_COURIER_IDLE UINT64_MAX

/*
 * Does a part of what there is to do: takes no longer than an operation of the output may. Returns
 * when to call again (CLOCK_MONOTONIC in ns; a time that is over: at once), if no orders come
 * before.
 */
uint64_t tc_courier_step(struct tc_courier *courier, const struct tc_courier_orders *orders);

/* After orders to stop: true when the last attempt is made. */
bool tc_courier_is_done(const struct tc_courier *courier);

/* Stores the cursor, and tells what was left behind in the journal. */
void tc_courier_end(struct tc_courier *courier);

#endif
