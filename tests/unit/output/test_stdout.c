/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "output/format/format.h"
#include "output/output.h"
#include "told.h"

static const char long_json[] = "{\"a line\":\"that has about fifty bytes in all\"}";

static struct tc_journal_row row_of(uint64_t seq)
{
	return (struct tc_journal_row){
		.seq = seq,
		.time_ns = 1714557600123456789,
		.rule = "Shell",
		.priority = TC_PRIORITY_ERROR,
		.kind = "exec",
		.output = "program /bin/sh",
		.json = long_json,
	};
}

/* The output as a courier would open it. */
static void *open_stdout(const char *spec)
{
	const struct tc_output *output = tc_output_find("stdout");
	struct tc_output_settings *settings = NULL;
	void *state = NULL;

	assert_int_equal(tc_output_settings_read(output, spec, &settings), 0);
	assert_int_equal(tc_stdout_ops.open(settings, &state), 0);
	tc_output_settings_free(settings);
	return state;
}

static int write_row(void *state, uint64_t seq)
{
	struct tc_journal_row row = row_of(seq);
	const struct tc_message message = {
		.row = &row, .bytes = long_json, .length = strlen(long_json)};

	return tc_stdout_ops.write(state, &message);
}

/* Writes until it is full or max is reached; returns the number of the last one taken. */
static uint64_t fill(void *state, uint64_t from, uint64_t max)
{
	uint64_t seq = from;
	int error = 0;

	while (seq <= max && !(error = write_row(state, seq)))
		seq++;
	assert_true(error == 0 || error == -EAGAIN);
	return seq - 1;
}

static int flush_for(void *state, unsigned timeout_ms, uint64_t *ret_seq)
{
	return tc_stdout_ops.flush(state, timeout_ms, ret_seq);
}

static size_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t part;

	while (length < size - 1 && (part = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)part;
	text[length] = '\0';
	return length;
}

static unsigned read_lines(int fd)
{
	static char bytes[1 << 20];
	size_t length = read_all(fd, bytes, sizeof(bytes));
	unsigned lines = 0;

	for (size_t i = 0; i < length; i++)
		lines += bytes[i] == '\n';
	return lines;
}

static void test_writes_a_line_for_each(void **state)
{
	char expected[256], text[256];
	uint64_t seq = 0;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	struct redirection saved = redirect(fds[1]);
	void *output = open_stdout("stdout");
	assert_int_equal(fill(output, 1, 2), 2);
	int error = flush_for(output, 100, &seq);
	tc_stdout_ops.close(output);
	assert_string_equal(restore(&saved), "");
	close(fds[1]);
	read_all(fds[0], text, sizeof(text));
	close(fds[0]);

	assert_int_equal(error, 0);
	assert_int_equal(seq, 2);
	snprintf(expected, sizeof(expected), "%s\n%s\n", long_json, long_json);
	assert_string_equal(text, expected);
}

static void test_lines_for_people(void **state)
{
	struct tc_journal_row row = row_of(1);
	struct tc_buffer text = {0};

	setenv("TZ", "UTC", 1);
	assert_int_equal(tc_format_find("text")(&row, &text), 0);
	assert_string_equal(text.bytes, "2024-05-01 10:00:00.123 Error Shell: program /bin/sh");
	/* The rule's name stands once, and what was written by others is made safe. */
	tc_buffer_reset(&text);
	row.output = "Shell started\n\033[31m by root";
	assert_int_equal(tc_format_find("text")(&row, &text), 0);
	assert_string_equal(text.bytes, "2024-05-01 10:00:00.123 Error Shell "
					"started\\n\\x1b[31m by root");
	tc_buffer_reset(&text);
	row.rule = NULL;
	row.output = "loss: loss.count=3";
	assert_int_equal(tc_format_row_line(&row, true, &text), 0);
	assert_string_equal(text.bytes,
			    "2024-05-01 10:00:00.123 \033[31mError\033[0m loss: loss.count=3");
	row.output = NULL;
	assert_int_equal(tc_format_find("text")(&row, &text), -EINVAL);
	assert_null(tc_format_find("xml"));
	tc_buffer_done(&text);
}

static void test_reader_that_is_gone_is_told_once(void **state)
{
	uint64_t seq = 0;
	int fds[2], error = 0;

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	struct redirection saved = redirect(fds[1]);
	void *output = open_stdout("stdout");
	for (unsigned i = 0; i < 3; i++) {
		fill(output, 1, 3);
		error = flush_for(output, 100, &seq);
		tc_stdout_ops.reset(output);
	}
	tc_stdout_ops.close(output);
	const char *told = restore(&saved);
	close(fds[1]);

	assert_int_equal(error, -EPIPE);
	assert_int_equal(seq, 0);
	assert_string_equal(told, "tocsin: error: output stdout: cannot write: Broken pipe; the "
				  "journal has the alerts\n");
}

/* The reader takes nothing at first: what waits is bounded, and every line arrives in the end. */
static void slow_reader(int flags)
{
	enum { N = 20000 };
	uint64_t last = 0, seq = 0;
	unsigned lines = 0, rounds = 0;
	int fds[2];

	assert_int_equal(pipe2(fds, flags), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	struct redirection saved = redirect(fds[1]);
	void *output = open_stdout("stdout");
	for (; seq < N && rounds < 1000; rounds++) {
		last = fill(output, last + 1, N);
		flush_for(output, 1, &seq);
		if (rounds == 0)
			assert_true(last < N && seq < last);
		lines += read_lines(fds[0]);
	}
	tc_stdout_ops.close(output);
	assert_string_equal(restore(&saved), "");
	close(fds[1]);
	close(fds[0]);

	assert_int_equal(seq, N);
	assert_int_equal(lines, N);
}

static void test_slow_reader_delays_and_loses_nothing(void **state)
{
	slow_reader(0);
	slow_reader(O_NONBLOCK);
}

/* Takes a little every 20 ms, so that no single wait is long, until nobody writes any more. */
static pid_t trickle(int fds[2])
{
	static char bytes[8192];
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	close(fds[1]);
	while (read(fds[0], bytes, sizeof(bytes)) > 0)
		poll(NULL, 0, 20);
	_exit(0);
}

static void test_slow_reader_holds_a_flush_for_a_bounded_time(void **state)
{
	uint64_t flushed_ns, seq = 0, last;
	int fds[2], error;

	assert_int_equal(pipe(fds), 0);
	pid_t reader = trickle(fds);
	struct redirection saved = redirect(fds[1]);
	void *output = open_stdout("stdout");
	last = fill(output, 1, 100000);
	flushed_ns = tc_clock_monotonic_ns();
	error = flush_for(output, 100, &seq);
	flushed_ns = tc_clock_monotonic_ns() - flushed_ns;
	tc_stdout_ops.close(output);
	restore(&saved);
	close(fds[0]);
	close(fds[1]);
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);

	/* It ended before all was taken. */
	assert_int_equal(error, -EAGAIN);
	assert_true(seq > 0 && seq < last);
	assert_true(flushed_ns >= 90000000);
}

/* A line that was begun is ended before the next one. */
static void test_torn_line_spoils_no_other(void **state)
{
	static char text[1 << 20], line[256];
	uint64_t seq = 0, torn;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	struct redirection saved = redirect(fds[1]);
	void *output = open_stdout("stdout");
	fill(output, 1, 100000);
	assert_int_equal(flush_for(output, 0, &seq), -EAGAIN);
	tc_stdout_ops.reset(output);
	torn = seq + 1;
	size_t length = 0;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	length = read_all(fds[0], text, sizeof(text));
	fill(output, torn, torn);
	assert_int_equal(flush_for(output, 100, &seq), 0);
	length += read_all(fds[0], text + length, sizeof(text) - length);
	tc_stdout_ops.close(output);
	restore(&saved);
	close(fds[0]);
	close(fds[1]);

	assert_int_equal(seq, torn);
	snprintf(line, sizeof(line), "\n%s\n", long_json);
	assert_string_equal(text + length - strlen(line), line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_a_line_for_each),
		cmocka_unit_test(test_lines_for_people),
		cmocka_unit_test(test_reader_that_is_gone_is_told_once),
		cmocka_unit_test(test_slow_reader_delays_and_loses_nothing),
		cmocka_unit_test(test_slow_reader_holds_a_flush_for_a_bounded_time),
		cmocka_unit_test(test_torn_line_spoils_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
