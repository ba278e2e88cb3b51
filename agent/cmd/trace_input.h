/* SPDX-License-Identifier: Apache-2.0 */
/* What `tocsin trace` reads: a recording, an audit log, or JSON Lines, of which it makes a
 * recording. */
#ifndef TOCSIN_CMD_TRACE_INPUT_H
#define TOCSIN_CMD_TRACE_INPUT_H

#include <stdbool.h>

/* Zero-initialised before. */
struct trace_input {
	const char *path;	   /* of a recording or a directory of segments */
	char directory[64];	   /* for the files below, or "" */
	char copied[80], made[80]; /* of standard input; of JSON Lines; "" when there is none */
};

/* `-` is standard input. 0; -EBADMSG when JSON Lines are wrong; or another negative errno; logged.
 */
int trace_input_open(struct trace_input *input, const char *path);
/* Removes what was made. */
void trace_input_close(struct trace_input *input);

#endif
