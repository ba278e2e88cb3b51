/* SPDX-License-Identifier: Apache-2.0 */
/* A host whose answers are noted down: between the world and the host that it asks. */
#ifndef TOCSIN_RECORDING_TAP_H
#define TOCSIN_RECORDING_TAP_H

#include "recording/sink.h"

/*
 * Owns host from now on, also on failure. The recording begins with the first question of all
 * (about). about and sink must outlive it. NULL when memory is out.
 */
struct tc_host *tc_tap_new(struct tc_host *host, struct tc_sink *sink,
			   const struct tc_recorder_about *about);

#endif
