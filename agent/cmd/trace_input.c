/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/trace_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/trace_json.h"
#include "agent/log.h"
#include "recording/recorder.h"

/* --- JSON Lines --- */

/* A longer one would be an entry that no recording has room for: each of its bytes is five at most.
 */
#define LINE_BYTES_MAX (5UL * TC_FRAME_BYTES_MAX + 4096)

/* The next line, without its newline. 1; 0 at the end; -EFBIG; -ENOMEM. */
static int read_line(FILE *file, struct tc_buffer *line)
{
	int byte;

	tc_buffer_reset(line);
	while ((byte = getc_unlocked(file)) != EOF && byte != '\n') {
		if (line->length == LINE_BYTES_MAX)
			return -EFBIG;
		tc_buffer_add_char(line, (char)byte);
	}
	tc_buffer_add_char(line, '\0');
	if (tc_buffer_failed(line))
		return -ENOMEM;
	line->length--;
	return byte == '\n' || line->length;
}

/* A line, number from 1. */
static int take_line(struct tc_recorder *recorder, const char *path, unsigned long number,
		     const char *line, size_t length, struct tc_buffer *body)
{
	char reason[128];
	uint16_t type;
	int error = trace_json_read(line, length, &type, body, reason);

	if (error == 0 && (type == TRACE_HEADER) != (number == 1)) {
		snprintf(reason, sizeof(reason),
			 number == 1 ? "the first line must be that of the recording"
				     : "the line of the recording must be the first");
		error = -EINVAL;
	}
	if (error == -EINVAL) {
		tc_error("%s:%lu: %s", path, number, reason);
		return -EBADMSG;
	}
	if (error < 0)
		return error;
	if (body->length > TC_ENTRY_BYTES_MAX) {
		tc_error("%s:%lu: larger than an entry of a recording can be (16 MiB)", path,
			 number);
		return -EBADMSG;
	}
	if (type == TRACE_HEADER)
		tc_recorder_begin_as(recorder, body);
	else if (type == TC_ENTRY_RECORD)
		tc_recorder_take(recorder, body->bytes ?: "", body->length);
	else
		tc_recorder_add(recorder, type, body->bytes ?: "", body->length);
	return tc_recorder_error(recorder);
}

static int take_lines(struct tc_recorder *recorder, const char *path, FILE *file)
{
	_cleanup_buffer_ struct tc_buffer body = {0}, line = {0};
	unsigned long number = 0;
	int error = 0, r = 0;

	while (error == 0 && (r = read_line(file, &line)) > 0)
		error = take_line(recorder, path, ++number, line.bytes, line.length, &body);
	if (r == -EFBIG) {
		tc_error("%s:%lu: the line is longer than any entry of a recording can be", path,
			 number + 1);
		return -EBADMSG;
	}
	if (error == 0 && r < 0)
		return tc_error_return(r, "cannot read %s", path);
	if (error == 0 && ferror(file))
		error = tc_error_return(-EIO, "cannot read %s", path);
	return error;
}

static int make_recording(struct trace_input *input, const char *name, FILE *file)
{
	struct tc_recorder *recorder;
	int error, closed;

	snprintf(input->made, sizeof(input->made), "%s/made", input->directory);
	error = tc_recorder_open(input->made, &recorder);
	if (error < 0)
		return error;
	error = take_lines(recorder, name, file);
	closed = tc_recorder_close(recorder, NULL);
	input->path = input->made;
	return error < 0 ? error : closed;
}

/* --- files --- */

static int make_directory(struct trace_input *input)
{
	const char *place = getenv("TMPDIR") ?: "/tmp";

	if (input->directory[0])
		return 0;
	if (strlen(place) > 32)
		place = "/tmp";
	snprintf(input->directory, sizeof(input->directory), "%s/tocsin-trace-XXXXXX", place);
	if (mkdtemp(input->directory))
		return 0;
	input->directory[0] = '\0';
	return tc_error_return(-errno, "cannot make a directory in %s", place);
}

/* It is read twice. */
static int copy_stdin(struct trace_input *input)
{
	char piece[65536];
	FILE *file;
	size_t got;
	bool bad = false;

	snprintf(input->copied, sizeof(input->copied), "%s/copied", input->directory);
	file = fopen(input->copied, "wxe");
	if (!file)
		return tc_error_return(-errno, "cannot write %s", input->copied);
	while (!bad && (got = fread(piece, 1, sizeof(piece), stdin)) > 0)
		bad = fwrite(piece, 1, got, file) != got;
	bad |= ferror(stdin) || fclose(file) != 0;
	input->path = input->copied;
	return bad ? tc_error_return(-EIO, "cannot copy standard input to %s", input->copied) : 0;
}

int trace_input_open(struct trace_input *input, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int error = 0, first;
	FILE *file;

	input->path = path;
	if (is_stdin)
		error = make_directory(input);
	if (error == 0 && is_stdin)
		error = copy_stdin(input);
	if (error < 0)
		return error;
	file = fopen(input->path, "re");
	if (!file)
		return tc_error_return(-errno, "cannot read %s", path);
	/* No recording begins so; of a directory nothing is read. */
	first = getc(file);
	if (first == '{') {
		ungetc(first, file);
		error = make_directory(input);
		if (error == 0)
			error = make_recording(input, path, file);
	}
	fclose(file);
	return error;
}

void trace_input_close(struct trace_input *input)
{
	if (input->copied[0])
		unlink(input->copied);
	if (input->made[0])
		unlink(input->made);
	if (input->directory[0])
		rmdir(input->directory);
	*input = (struct trace_input){0};
}
