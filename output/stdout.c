/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output: one line for each alert, as JSON or as text for people. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"
#include "output/format/colour.h"
#include "output/format/format.h"
#include "output/outbox.h"
#include "output/output.h"

struct standard_output {
	struct tc_outbox lines;
	bool colour;
	bool torn;    /* what was written last ends within a line */
	bool failing; /* told already */
};

static int stdout_open(const struct tc_output_settings *settings, void **ret_state)
{
	struct standard_output *output = calloc(1, sizeof(*output));

	if (!output)
		return tc_error_return(-ENOMEM, "output stdout");
	output->colour = strcmp(tc_output_setting(settings, "format"), "text") == 0 &&
			 tc_colour_wanted(STDOUT_FILENO);
	/* A reader that goes away is an error of write(2), not the end of the agent. */
	signal(SIGPIPE, SIG_IGN);
	*ret_state = output;
	return 0;
}

static int stdout_write(void *state, const struct tc_message *message)
{
	struct standard_output *output = state;
	struct tc_buffer *bytes = &output->lines.bytes;

	if (tc_outbox_is_full(&output->lines))
		return -EAGAIN;
	if (output->torn)
		tc_buffer_add_char(bytes, '\n');
	if (output->colour)
		tc_format_row_line(message->row, true, bytes);
	else
		tc_buffer_add(bytes, message->bytes, message->length);
	tc_buffer_add_char(bytes, '\n');
	int error = tc_outbox_mark(&output->lines, message->row->seq);
	if (!error)
		output->torn = false;
	return error;
}

static void tell(struct standard_output *output, int error)
{
	if (error && !output->failing)
		tc_error("output stdout: cannot write: %s; the journal has the alerts",
			 strerror(-error));
	if (!error && output->failing)
		tc_info("output stdout: writing again");
	output->failing = error;
}

static int stdout_flush(void *state, unsigned timeout_ms, uint64_t *ret_seq)
{
	struct standard_output *output = state;
	int error = tc_outbox_write(&output->lines, STDOUT_FILENO, timeout_ms);

	*ret_seq = output->lines.delivered_seq;
	if (error != -EAGAIN)
		tell(output, error);
	return error;
}

static void stdout_reset(void *state)
{
	struct standard_output *output = state;

	output->torn |= tc_outbox_reset(&output->lines);
}

static void stdout_close(void *state)
{
	struct standard_output *output = state;

	tc_outbox_done(&output->lines);
	free(output);
}

const struct tc_output_ops tc_stdout_ops = {
	.open = stdout_open,
	.write = stdout_write,
	.flush = stdout_flush,
	.reset = stdout_reset,
	.close = stdout_close,
};
