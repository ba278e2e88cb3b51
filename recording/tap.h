/* SPDX-License-Identifier: Apache-2.0 */
/* A host whose answers are noted down: between the world and the host that it asks. */
#ifndef TOCSIN_RECORDING_TAP_H
#define TOCSIN_RECORDING_TAP_H

#include "recording/recorder.h"

/*
 * Owns host from now on, also on failure. The recording begins with the first question of all
 * (about). about and recorder must outlive it. NULL when memory is out.
 */
struct tc_host *tc_tap_new(struct tc_host *host, struct tc_recorder *recorder,
			   const struct tc_recorder_about *about);

#endif
