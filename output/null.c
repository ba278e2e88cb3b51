/* SPDX-License-Identifier: Apache-2.0 */
/* The output that tells nobody: for tests, and for a journal alone. The least that an output is. */
#include <errno.h>
#include <stdlib.h>

#include "output/output.h"

/* What it was given; all of it counts as delivered. */
struct null_output {
	uint64_t last_seq;
};

static int null_open(const struct tc_output_settings *settings, void **ret_state)
{
	*ret_state = calloc(1, sizeof(struct null_output));
	return *ret_state ? 0 : -ENOMEM;
}

static int null_write(void *state, const struct tc_message *message)
{
	struct null_output *output = state;

	output->last_seq = message->row->seq;
	return 0;
}

static int null_flush(void *state, unsigned timeout_ms, uint64_t *ret_seq)
{
	struct null_output *output = state;

	*ret_seq = output->last_seq;
	return 0;
}

static void null_reset(void *state)
{
}

const struct tc_output_ops tc_null_ops = {
	.open = null_open,
	.write = null_write,
	.flush = null_flush,
	.reset = null_reset,
	.close = free,
};
