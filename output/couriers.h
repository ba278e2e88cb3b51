/* SPDX-License-Identifier: Apache-2.0 */
/* All outputs of an agent, each served by a courier in a thread of its own. */
#ifndef TOCSIN_OUTPUT_COURIERS_H
#define TOCSIN_OUTPUT_COURIERS_H

#include <stdbool.h>
#include <stdint.h>

#include "output/output.h"

/* How long all of them together may take for their last attempt, but for one operation that is
 * under way. */
#define TC_COURIERS_STOP_MS 2000

struct tc_couriers;

/* 0 or -ENOMEM. */
int tc_couriers_new(struct tc_couriers **ret_couriers);

/* Adds the output of a SPEC. -EINVAL when that is wrong, or the output's own error; logged. */
int tc_couriers_add(struct tc_couriers *couriers, const char *spec);
/* Adds an output that need not be in the table. */
int tc_couriers_add_output(struct tc_couriers *couriers, const struct tc_output *output,
			   const char *spec);

/* Opens the journal (the caller holds its lock; last_seq is its last number) and the cursors, and
 * starts the threads. 0 or a negative errno, logged. */
int tc_couriers_start(struct tc_couriers *couriers, const char *journal_path, uint64_t last_seq);

/* Rows were committed. Blocks nobody. */
void tc_couriers_wake(struct tc_couriers *couriers);
/* Files are to be opened anew (SIGHUP). */
void tc_couriers_reopen(struct tc_couriers *couriers);
/* Gives the output of a name the route and the limits of another SPEC. -ENOENT when there is none
 * of that name; -EINVAL when the SPEC is wrong, logged; -ENOMEM. */
int tc_couriers_change(struct tc_couriers *couriers, const char *name, const char *spec);
/* The row up to which every output has delivered; UINT64_MAX when there is none. */
uint64_t tc_couriers_floor(const struct tc_couriers *couriers);

/* Whether one of them found the journal damaged since this was asked last. */
bool tc_couriers_saw_damage(struct tc_couriers *couriers);

/* Lets each try once more to deliver what is committed, and ends the threads. Takes NULL. */
void tc_couriers_stop(struct tc_couriers *couriers);
/* Closes the outputs. Takes NULL. */
void tc_couriers_free(struct tc_couriers *couriers);

#endif
