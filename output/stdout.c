/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output: one line for each alert, as JSON or as text for people.
 *
 * A reader that is slow makes lines wait, up to a bound; a reader that is gone ends the output.
 * Lines that are never written are counted and told on standard error.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "output/format/colour.h"
#include "output/format/text.h"
#include "output/format/timestamp.h"
#include "output/output.h"

#define WAITING_MAX (64UL << 20) /* bytes */
/* How long one flush may take in all: while running, and at the end. */
#define FLUSH_MS 50
#define LAST_FLUSH_MS 1000

struct standard_output {
	struct tc_buffer waiting; /* whole lines, but for the part of the first that is written */
	size_t written;		  /* bytes at the start of waiting */
	size_t committed; /* bytes at the start of waiting that a flush came for: those alone may be
			     told */
	uint64_t dropped; /* alerts */
	bool text, colour;
	bool gone; /* nobody reads any more */
};

static const struct tc_output_key keys[] = {
	{"format", "json text", "JSON for programs or text for people"},
	{0},
};

static int stdout_open(const struct tc_output_settings *settings, void **ret_state)
{
	struct standard_output *output = calloc(1, sizeof(*output));

	if (!output)
		return tc_error_return(-ENOMEM, "output stdout");
	output->text = strcmp(tc_output_setting(settings, "format"), "text") == 0;
	output->colour = output->text && tc_colour_wanted(STDOUT_FILENO);
	/* A reader that goes away is an error of write(2), not the end of the agent. */
	signal(SIGPIPE, SIG_IGN);
	*ret_state = output;
	return 0;
}

/* One line for people. */
static void text_line(const struct standard_output *output, const struct tc_alert *alert,
		      struct tc_buffer *line)
{
	enum tc_priority priority = tc_alert_priority(alert);
	const char *rule = alert->rule ? alert->rule->name : NULL, *details;
	_cleanup_buffer_ struct tc_buffer text = {0};
	char time[TC_TIMESTAMP_BYTES];

	tc_timestamp_local(alert->time_ns, time);
	tc_buffer_printf(line, "%s %s%s%s ", time, output->colour ? tc_colour_of(priority) : "",
			 tc_priority_name(priority), output->colour ? TC_COLOUR_END : "");
	tc_alert_text(alert, &text);
	details = text.bytes ? tc_alert_details(text.bytes, rule) : "";
	if (rule) {
		tc_text_sanitize(line, rule, strlen(rule));
		tc_buffer_add_string(line, details == text.bytes ? ": " : " ");
	}
	tc_buffer_add_string(line, details);
	line->failed |= tc_buffer_failed(&text);
}

static void drop(struct standard_output *output, const char *why)
{
	if (output->dropped++ == 0)
		tc_error("output stdout: alerts are not printed: %s", why);
}

/* What fills the buffer: lines that the reader does not take, or lines that wait for the journal.
 */
static const char *why_full(const struct standard_output *output)
{
	if (output->committed > output->waiting.length / 2)
		return "the reader is too slow; the journal has them";
	return "too many wait already until the journal can be written";
}

static int stdout_write(void *state, const struct tc_alert *alert)
{
	struct standard_output *output = state;
	size_t length = output->waiting.length;

	if (output->gone) {
		drop(output, "nobody reads them; the journal has them");
		return 0;
	}
	if (length > WAITING_MAX) {
		drop(output, why_full(output));
		return 0;
	}
	if (output->text)
		text_line(output, alert, &output->waiting);
	else if (alert->json)
		tc_buffer_add(&output->waiting, alert->json, alert->json_length);
	else
		tc_format_json(alert, &output->waiting);
	tc_buffer_add_char(&output->waiting, '\n');
	if (!tc_buffer_failed(&output->waiting))
		return 0;
	/* The lines before this one are whole. */
	output->waiting.length = length;
	output->waiting.failed = false;
	drop(output, "out of memory");
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Waits until something can be written. 0; -EAGAIN when the time is over, or a signal came: whoever
 * sent it does not want to wait; or another negative errno.
 */
static int wait_for_reader(int64_t deadline_ms)
{
	struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
	int64_t rest_ms = deadline_ms - now_ms();
	int count = rest_ms > 0 ? poll(&fd, 1, (int)rest_ms) : 0;

	if (count < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	return count ? 0 : -EAGAIN;
}

/*
 * A pipe that poll(2) calls writable takes PIPE_BUF bytes without blocking (pipe(7)): so a slow
 * reader does not stop the agent, and the descriptor, which others share, need not be made
 * non-blocking.
 */
static int write_committed(struct standard_output *output, int patience_ms)
{
	int64_t deadline_ms = now_ms() + patience_ms;

	while (output->written < output->committed) {
		size_t rest = output->committed - output->written;
		int error = wait_for_reader(deadline_ms);

		if (error)
			return error;
		ssize_t size = write(STDOUT_FILENO, output->waiting.bytes + output->written,
				     rest < PIPE_BUF ? rest : PIPE_BUF);
		if (size >= 0)
			output->written += (size_t)size;
		else if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
	return 0;
}

/* Takes away what was written, so that a slow reader does not make the buffer grow. */
static void forget_written(struct standard_output *output)
{
	size_t rest = output->waiting.length - output->written;

	if (rest)
		memmove(output->waiting.bytes, output->waiting.bytes + output->written, rest);
	output->waiting.length = rest;
	output->committed -= output->written;
	output->written = 0;
}

static uint64_t count_lines(const struct tc_buffer *buffer)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < buffer->length; i++)
		lines += buffer->bytes[i] == '\n';
	return lines;
}

static void tell_dropped(struct standard_output *output)
{
	if (output->dropped)
		tc_error("output stdout: %llu alerts were not printed",
			 (unsigned long long)output->dropped);
	output->dropped = 0;
}

static int flush_committed(struct standard_output *output, int patience_ms)
{
	if (!output->committed)
		return 0;

	int error = write_committed(output, patience_ms);
	forget_written(output);
	if (error && error != -EAGAIN) {
		output->gone = true;
		tc_error("output stdout: %s; alerts are not printed from here on, the journal has "
			 "them",
			 strerror(-error));
		output->dropped += count_lines(&output->waiting);
		output->committed = 0;
		tc_buffer_reset(&output->waiting);
	}
	return error;
}

static int stdout_flush(void *state)
{
	struct standard_output *output = state;
	int error;

	output->committed = output->waiting.length;
	error = flush_committed(output, FLUSH_MS);
	if (!error && !output->gone)
		tell_dropped(output);
	return error;
}

static void stdout_close(void *state)
{
	struct standard_output *output = state;

	flush_committed(output, LAST_FLUSH_MS);
	output->dropped += count_lines(&output->waiting);
	tell_dropped(output);
	tc_buffer_done(&output->waiting);
	free(output);
}

const struct tc_output_ops tc_stdout_ops = {
	.keys = keys,
	.open = stdout_open,
	.write = stdout_write,
	.flush = stdout_flush,
	.close = stdout_close,
};
