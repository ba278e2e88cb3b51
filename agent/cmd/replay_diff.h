/* SPDX-License-Identifier: Apache-2.0 */
/* What two sets of rules tell differently of the same records, and would stop while they enforce.
 */
#ifndef TOCSIN_CMD_REPLAY_DIFF_H
#define TOCSIN_CMD_REPLAY_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "output/alert.h"

struct replay_diff;

/* NULL when memory is out. */
struct replay_diff *replay_diff_new(void);
/* Takes NULL. */
void replay_diff_free(struct replay_diff *diff);

/* The context of one side for replay_diff_take(), a tc_alert_callback: 0 or -ENOMEM. */
enum replay_side { REPLAY_OLD, REPLAY_NEW, REPLAY_SIDES };
void *replay_diff_side(struct replay_diff *diff, enum replay_side side);
int replay_diff_take(void *side, const struct tc_alert *alert);

/* Both sides have judged the same record: compares what they told. 0 or -ENOMEM. */
int replay_diff_compare(struct replay_diff *diff);

/* Whether there was any difference. */
bool replay_diff_found(const struct replay_diff *diff);
/* For each rule with a difference how many alerts appear, vanish and change, and the first of them.
 * JSON is one object. 0 or -ENOMEM. */
int replay_diff_print(struct replay_diff *diff, bool json, bool colour, FILE *stream);

#endif
