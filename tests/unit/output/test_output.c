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
#include <sys/wait.h>
#include <time.h>

#include "fixture.h"
#include "json_check.h"
#include "output/output.h"

static const char rules_text[] = "- rule: Shell\n"
				 "  desc: test\n"
				 "  condition: evt.kind = exec\n"
				 "  output: \"program %proc.exepath\"\n"
				 "  priority: ERROR\n";

static struct tc_ruleset *rules;
static struct fixture fixture;

static int setup(void **state)
{
	rules = fixture_rules(rules_text);
	fixture_init(&fixture);
	setenv("TZ", "UTC", 1);
	return 0;
}

static int teardown(void **state)
{
	tc_ruleset_free(rules);
	fixture_done(&fixture);
	return 0;
}

/* Standard output and standard error lead elsewhere between redirect() and restore(). */
struct redirection {
	int out, err;
	FILE *told;
};

static struct redirection redirect(int fd)
{
	struct redirection saved = {.out = dup(1), .err = dup(2), .told = tmpfile()};

	fflush(NULL);
	dup2(fd, 1);
	dup2(fileno(saved.told), 2);
	return saved;
}

/* What was told on standard error; static memory. */
static const char *restore(struct redirection *saved)
{
	static char text[4096];

	fflush(NULL);
	dup2(saved->out, 1);
	dup2(saved->err, 2);
	close(saved->out);
	close(saved->err);
	ssize_t length = pread(fileno(saved->told), text, sizeof(text) - 1, 0);
	assert_true(length >= 0);
	text[length] = '\0';
	fclose(saved->told);
	return text;
}

static void write_alerts(struct tc_output *output, unsigned count)
{
	for (unsigned i = 1; i <= count; i++) {
		fixture_exec(&fixture);
		struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
		alert.seq = i;
		assert_int_equal(tc_output_write(output, &alert), 0);
	}
}

static const char *open_refused(const char *spec)
{
	struct tc_output *output = NULL;
	struct redirection saved = redirect(1);
	int error = tc_output_open(spec, &output);
	const char *told = restore(&saved);

	assert_int_equal(error, -EINVAL);
	assert_null(output);
	return told;
}

static void test_refuses_wrong_specifications(void **state)
{
	assert_string_equal(open_refused("stdot"),
			    "tocsin: error: output stdot: there is none of this name "
			    "(did you mean stdout?)\n");
	assert_string_equal(
		open_refused("carrier-pigeon"),
		"tocsin: error: output carrier-pigeon: there is none of this name; known are: "
		"stdout, null\n");
	assert_string_equal(open_refused("stdout:colour=red"),
			    "tocsin: error: output stdout: there is no setting colour\n");
	assert_string_equal(
		open_refused("stdout:format=xml"),
		"tocsin: error: output stdout: format=xml: it must be one of: json text\n");
	assert_string_equal(
		open_refused("stdout:format="),
		"tocsin: error: output stdout: format=: it must be one of: json text\n");
	assert_string_equal(open_refused("stdout:format"),
			    "tocsin: error: output stdout: `format` is not KEY=VALUE\n");
	assert_string_equal(open_refused("stdout:format=json,"),
			    "tocsin: error: output stdout: `` is not KEY=VALUE\n");
	assert_string_equal(open_refused("null:a=b"),
			    "tocsin: error: output null: there is no setting a\n");
	assert_string_equal(
		open_refused(""),
		"tocsin: error: output : there is none of this name; known are: stdout, null\n");
}

static void test_null_takes_everything(void **state)
{
	struct tc_output *output = NULL;

	assert_int_equal(tc_output_open("null", &output), 0);
	assert_string_equal(tc_output_spec(output), "null");
	write_alerts(output, 3);
	assert_int_equal(tc_output_flush(output), 0);
	tc_output_close(output);
	tc_output_close(NULL);
}

/* What a stdout output with this specification prints for two alerts and a notice; heap memory. */
static char *print(const char *spec)
{
	struct tc_output *output = NULL;
	FILE *file = tmpfile();
	char *text = calloc(1, 16384);
	struct redirection saved = redirect(fileno(file));

	assert_int_equal(tc_output_open(spec, &output), 0);
	write_alerts(output, 2);
	struct tc_loss *loss = fixture_record(&fixture, TC_KIND_loss);
	loss->count = 3;
	struct tc_alert notice = fixture_alert(&fixture, NULL);
	assert_int_equal(tc_output_write(output, &notice), 0);
	/* Nothing is told before the flush, behind the journal's commit. */
	assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
	assert_int_equal(tc_output_flush(output), 0);
	tc_output_close(output);
	assert_string_equal(restore(&saved), "");
	assert_true(pread(fileno(file), text, 16383, 0) > 0);
	fclose(file);
	return text;
}

static void test_prints_one_line_of_json_each(void **state)
{
	static const char *const specs[] = {"stdout", "stdout:format=json"};

	for (size_t i = 0; i < 2; i++) {
		char *text = print(specs[i]), *rest = text;

		for (unsigned line = 1; line <= 3; line++) {
			char *next = strsep(&rest, "\n");
			char *seq = json_member(next, "seq");

			assert_true(json_valid(next));
			assert_int_equal(atoi(seq), line == 3 ? 0 : line);
			free(seq);
		}
		assert_string_equal(rest, "");
		free(text);
	}
}

static void test_prints_text(void **state)
{
	char *text = print("stdout:format=text");

	assert_string_equal(
		text, "2024-05-01 10:00:00.123 Error Shell: program /bin/sh\n"
		      "2024-05-01 10:00:00.123 Error Shell: program /bin/sh\n"
		      "2024-05-01 10:00:00.123 Warning loss: loss.count=3 loss.since_boottime=0 "
		      "loss.until_boottime=0 loss.cpu=0 loss.reason=ring_full\n");
	free(text);
}

static void test_reader_that_is_gone_is_told(void **state)
{
	struct tc_output *output = NULL;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	struct redirection saved = redirect(fds[1]);
	assert_int_equal(tc_output_open("stdout", &output), 0);
	write_alerts(output, 3);
	int first = tc_output_flush(output);
	write_alerts(output, 2);
	int second = tc_output_flush(output);
	tc_output_close(output);
	const char *told = restore(&saved);
	close(fds[1]);

	assert_int_equal(first, -EPIPE);
	assert_int_equal(second, 0);
	assert_non_null(strstr(told, "Broken pipe"));
	assert_non_null(strstr(told, "output stdout: 5 alerts were not printed\n"));
}

static unsigned read_lines(int fd)
{
	static char bytes[1 << 16];
	unsigned lines = 0;
	ssize_t size;

	while ((size = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < size; i++)
			lines += bytes[i] == '\n';
	return lines;
}

/* The reader takes nothing at first: the agent goes on, and every line arrives in the end. */
static void slow_reader(int flags)
{
	enum { N = 500 };
	struct tc_output *output = NULL;
	unsigned lines = 0;
	int fds[2], error;

	assert_int_equal(pipe2(fds, flags), 0);
	assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	struct redirection saved = redirect(fds[1]);
	assert_int_equal(tc_output_open("stdout", &output), 0);
	write_alerts(output, N);
	error = tc_output_flush(output);
	for (unsigned round = 0; round < 1000 && tc_output_flush(output) == -EAGAIN; round++)
		lines += read_lines(fds[0]);
	tc_output_close(output);
	const char *told = restore(&saved);
	close(fds[1]);
	lines += read_lines(fds[0]);
	close(fds[0]);

	assert_int_equal(error, -EAGAIN);
	assert_int_equal(lines, N);
	assert_string_equal(told, "");
}

static void test_slow_reader_delays_and_loses_nothing(void **state)
{
	slow_reader(0);
	slow_reader(O_NONBLOCK);
}

static void test_lines_left_at_the_end_are_counted(void **state)
{
	struct tc_output *output = NULL;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	struct redirection saved = redirect(fds[1]);
	assert_int_equal(tc_output_open("stdout", &output), 0);
	write_alerts(output, 500);
	tc_output_flush(output);
	tc_output_close(output);
	const char *told = restore(&saved);
	close(fds[1]);
	unsigned lines = read_lines(fds[0]), lost = 0;
	close(fds[0]);

	assert_int_equal(
		sscanf(told, "tocsin: error: output stdout: %u alerts were not printed\n", &lost),
		1);
	assert_true(lines > 0 && lost > 0);
	assert_int_equal(lines + lost, 500);
}

/* No flush came for it: it was never committed. */
static void test_close_tells_nothing_new(void **state)
{
	struct tc_output *output = NULL;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	struct redirection saved = redirect(fds[1]);
	assert_int_equal(tc_output_open("stdout", &output), 0);
	write_alerts(output, 3);
	tc_output_flush(output);
	write_alerts(output, 2);
	tc_output_close(output);
	const char *told = restore(&saved);
	close(fds[1]);
	unsigned lines = read_lines(fds[0]);
	close(fds[0]);

	assert_int_equal(lines, 3);
	assert_string_equal(told, "tocsin: error: output stdout: 2 alerts were not printed\n");
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
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
	struct tc_output *output = NULL;
	double flushed, closed;
	int fds[2], error;

	assert_int_equal(pipe(fds), 0);
	pid_t reader = trickle(fds);
	struct redirection saved = redirect(fds[1]);
	assert_int_equal(tc_output_open("stdout", &output), 0);
	write_alerts(output, 5000);
	flushed = now();
	error = tc_output_flush(output);
	flushed = now() - flushed;
	closed = now();
	tc_output_close(output);
	closed = now() - closed;
	restore(&saved);
	close(fds[0]);
	close(fds[1]);
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);

	assert_int_equal(error, -EAGAIN);
	assert_true(flushed < 0.3);
	assert_true(closed > 0.9 && closed < 1.5);
}

static void catch_signal(int number)
{
}

/* Who interrupts the agent does not want to wait for a reader. */
static void test_signal_ends_the_wait(void **state)
{
	struct sigaction action = {.sa_handler = catch_signal}, before;
	struct tc_output *output = NULL;
	double time;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	sigaction(SIGALRM, &action, &before);
	struct redirection saved = redirect(fds[1]);
	assert_int_equal(tc_output_open("stdout", &output), 0);
	write_alerts(output, 500);
	tc_output_flush(output);
	ualarm(200000, 0);
	time = now();
	tc_output_close(output);
	time = now() - time;
	restore(&saved);
	sigaction(SIGALRM, &before, NULL);
	close(fds[0]);
	close(fds[1]);

	assert_true(time < 0.7);
}

/* What fills the memory: in one case the reader, in the other the journal, for which no flush
 * comes. */
static const char *overflow(bool flushes)
{
	static char line[1 << 20];
	struct tc_output *output = NULL;
	const char *told;
	int fds[2];

	memset(line, 'x', sizeof(line));
	assert_int_equal(pipe(fds), 0);
	struct redirection saved = redirect(fds[1]);
	assert_int_equal(tc_output_open("stdout", &output), 0);
	for (unsigned i = 0; i < 70; i++) {
		fixture_exec(&fixture);
		struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
		alert.json = line;
		alert.json_length = sizeof(line);
		tc_output_write(output, &alert);
		if (flushes && i % 20 == 0)
			tc_output_flush(output);
	}
	close(fds[0]);
	tc_output_close(output);
	told = restore(&saved);
	close(fds[1]);
	return told;
}

static void test_reason_of_an_overflow_is_told(void **state)
{
	const char *told = overflow(true);

	assert_non_null(strstr(told, "the reader is too slow"));
	told = overflow(false);
	assert_null(strstr(told, "reader"));
	assert_non_null(strstr(told, "until the journal can be written"));
	assert_non_null(strstr(told, "output stdout: 70 alerts were not printed\n"));
}

/* The bytes that the journal stored are those that are printed. */
static void test_prints_the_json_that_there_is(void **state)
{
	struct tc_output *output = NULL;
	char text[64] = "";
	FILE *file = tmpfile();
	struct redirection saved = redirect(fileno(file));

	assert_int_equal(tc_output_open("stdout", &output), 0);
	fixture_exec(&fixture);
	struct tc_alert alert = fixture_alert(&fixture, tc_ruleset_at(rules, 0));
	alert.json = "{\"stored\":1}, and what lies behind it";
	alert.json_length = strlen("{\"stored\":1}");
	assert_int_equal(tc_output_write(output, &alert), 0);
	assert_int_equal(tc_output_flush(output), 0);
	tc_output_close(output);
	restore(&saved);
	assert_true(pread(fileno(file), text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "{\"stored\":1}\n");
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refuses_wrong_specifications),
		cmocka_unit_test(test_null_takes_everything),
		cmocka_unit_test(test_prints_one_line_of_json_each),
		cmocka_unit_test(test_prints_text),
		cmocka_unit_test(test_reader_that_is_gone_is_told),
		cmocka_unit_test(test_slow_reader_delays_and_loses_nothing),
		cmocka_unit_test(test_lines_left_at_the_end_are_counted),
		cmocka_unit_test(test_close_tells_nothing_new),
		cmocka_unit_test(test_slow_reader_holds_a_flush_for_a_bounded_time),
		cmocka_unit_test(test_signal_ends_the_wait),
		cmocka_unit_test(test_reason_of_an_overflow_is_told),
		cmocka_unit_test(test_prints_the_json_that_there_is),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
