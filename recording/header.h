/* SPDX-License-Identifier: Apache-2.0 */
/* The header of a recording: docs/recording.md has its values. */
#ifndef TOCSIN_RECORDING_HEADER_H
#define TOCSIN_RECORDING_HEADER_H

#include "agent/buffer.h"
#include "recording/sink.h"

/* Appends it, as named values. */
void tc_header_put(struct tc_buffer *body, const struct tc_recorder_about *about,
		   const struct tc_host_about *host);

#endif
