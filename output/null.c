/* SPDX-License-Identifier: Apache-2.0 */
/* The output that tells nobody: for tests, and for a journal alone. */
#include "output/output.h"

static int null_open(const struct tc_output_settings *settings, void **ret_state)
{
	*ret_state = NULL;
	return 0;
}

static int null_write(void *state, const struct tc_alert *alert)
{
	return 0;
}

static int null_flush(void *state)
{
	return 0;
}

static void null_close(void *state)
{
}

const struct tc_output_ops tc_null_ops = {
	.open = null_open,
	.write = null_write,
	.flush = null_flush,
	.close = null_close,
};
