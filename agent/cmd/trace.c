/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin trace: parts of recordings, without what nobody else may read, as JSON Lines and back. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/time_option.h"
#include "agent/cmd/trace_input.h"
#include "agent/cmd/trace_json.h"
#include "agent/log.h"
#include "recording/anonymise.h"
#include "recording/cut.h"
#include "recording/recorder.h"

#define RANDOM_KEY_BYTES 32
/* Keys and files of words that stay are no larger. */
#define TEXT_MAX (16U << 20)

struct trace {
	const char *path, *output, *since, *until, *key;
	struct tc_strings keep;
	bool json, anonymise;
	uint64_t tree;
	struct tc_cut cut;

	struct trace_input input;
	struct tc_anonymiser *anonymiser; /* NULL: everything stays */
	struct tc_recorder *recorder;	  /* NULL: JSON Lines go to stream */
	FILE *stream;
	bool own_layout; /* of records that come */
	struct tc_buffer body, line;
	uint64_t records;
};

/* --- options --- */

static int usage_error(const char *what, const char *why)
{
	fprintf(stderr, "tocsin trace: %s: %s\n", what, why);
	return TC_EXIT_USAGE;
}

static int check(struct trace *trace)
{
	int code;

	if (!trace->output && !trace->json)
		return usage_error("--output", "the file to write must be named; --json alone goes "
					       "to standard output");
	if (!trace->anonymise && (trace->key || trace->keep.count))
		return usage_error(trace->key ? "--key" : "--keep", "only with --anonymise");
	if (trace->tree > UINT32_MAX)
		return usage_error("--tree", "not the number of a process");
	if (trace->cut.cgroup && trace->cut.cgroup[0] != '/')
		return usage_error(trace->cut.cgroup,
				   "not the path of a cgroup such as /system.slice/ssh.service");
	trace->cut.tgid = (uint32_t)trace->tree;
	trace->cut.until_ns = UINT64_MAX;
	code = tc_time_option("trace", "since", trace->since, &trace->cut.since_ns);
	if (code < 0)
		code = tc_time_option("trace", "until", trace->until, &trace->cut.until_ns);
	return code;
}

static int parse(struct trace *trace, int argc, char **argv)
{
	struct tc_strings files = {0};
	const struct tc_option rows[] = {
		{"output", 'o', TC_OPTION_STRING, "FILE", &trace->output,
		 "file to write, which must not exist yet"},
		{"json", 0, TC_OPTION_FLAG, NULL, &trace->json,
		 "write JSON Lines: the header, then each record and each fact"},
		{"since", 0, TC_OPTION_STRING, "TIME", &trace->since,
		 "cut: events since then: 2024-05-01T10:00:00Z, or 2h ago"},
		{"until", 0, TC_OPTION_STRING, "TIME", &trace->until, "cut: events up to then"},
		{"cgroup", 0, TC_OPTION_STRING, "PATH", &trace->cut.cgroup,
		 "cut: events in this cgroup and those below it"},
		{"tree", 0, TC_OPTION_NUMBER, "PID", &trace->tree,
		 "cut: events of this process and those that it made"},
		{"anonymise", 0, TC_OPTION_FLAG, NULL, &trace->anonymise,
		 "replace names of users and hosts, addresses, parts of paths, words of arguments, "
		 "each by the same in all places"},
		{"key", 0, TC_OPTION_STRING, "FILE", &trace->key,
		 "with the bytes of this file as key, so that two recordings have the same words "
		 "replaced alike (a key of its own)"},
		{"keep", 0, TC_OPTION_STRINGS, "FILE", &trace->keep,
		 "leave words that are in this file, such as rules, which then match what they "
		 "matched; may be given more than once"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "trace",
		.synopsis = "FILE|DIRECTORY [OPTION]...",
		.doc = "Makes of a recording, an audit log or JSON Lines (- for standard input) "
		       "another recording, or JSON Lines: all of it, or the part that --since, "
		       "--until, --cgroup and --tree ask for with what is needed to replay it. "
		       "Between a recording and its JSON Lines nothing is lost. Exit code 1 means "
		       "that the recording is damaged, or that nothing was left.",
		.options = rows,
		.positional_min = 1,
		.positional_max = 1,
	};
	int code = tc_options_parse(&usage, argc, argv, &files);

	if (code < 0)
		trace->path = files.items[0];
	free(files.items);
	return code < 0 ? check(trace) : code;
}

/* --- the anonymiser --- */

static int read_text(const char *path, struct tc_buffer *text)
{
	char piece[65536];
	FILE *file = fopen(path, "re");
	size_t got;
	int error;

	if (!file)
		return tc_error_return(-errno, "cannot read %s", path);
	while ((got = fread(piece, 1, sizeof(piece), file)) > 0 && text->length < TEXT_MAX)
		tc_buffer_add(text, piece, got);
	error = ferror(file) ? -EIO : text->length >= TEXT_MAX ? -EFBIG : 0;
	fclose(file);
	if (error == 0 && tc_buffer_failed(text))
		error = -ENOMEM;
	return error < 0 ? tc_error_return(error, "cannot read %s", path) : 0;
}

static int read_key(const struct trace *trace, struct tc_buffer *key)
{
	char random[RANDOM_KEY_BYTES];

	if (trace->key)
		return read_text(trace->key, key);
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return tc_error_return(-errno, "cannot make a key");
	tc_buffer_add(key, random, sizeof(random));
	return tc_buffer_failed(key) ? -ENOMEM : 0;
}

static int open_anonymiser(struct trace *trace)
{
	_cleanup_buffer_ struct tc_buffer key = {0};
	int error;

	if (!trace->anonymise)
		return 0;
	error = read_key(trace, &key);
	if (error == 0)
		error = tc_anonymiser_new(key.bytes ?: "", key.length, &trace->anonymiser);
	for (size_t i = 0; i < trace->keep.count && error == 0; i++) {
		_cleanup_buffer_ struct tc_buffer text = {0};

		error = read_text(trace->keep.items[i], &text);
		if (error == 0)
			error = tc_anonymiser_keep_text(trace->anonymiser, text.bytes ?: "",
							text.length);
	}
	return error;
}

/* --- what comes out --- */

/* A file that is there already may be what is read; nobody else may read what a host did. */
static int open_output(struct trace *trace)
{
	int fd;

	if (!trace->json)
		return tc_recorder_open(trace->output, &trace->recorder);
	if (!trace->output) {
		trace->stream = stdout;
		return 0;
	}
	fd = open(trace->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		return tc_error_return(-EEXIST,
				       "cannot write %s, no file is written over: name another",
				       trace->output);
	trace->stream = fd < 0 ? NULL : fdopen(fd, "w");
	return trace->stream ? 0 : tc_error_return(-errno, "cannot write %s", trace->output);
}

static int put_line(struct trace *trace)
{
	if (tc_buffer_failed(&trace->line))
		return -ENOMEM;
	errno = 0;
	if (fwrite(trace->line.bytes, 1, trace->line.length, trace->stream) != trace->line.length)
		return tc_error_return(errno ? -errno : -EIO, "cannot write %s",
				       trace->output ?: "to standard output");
	tc_buffer_reset(&trace->line);
	return 0;
}

static int put_header(struct trace *trace, const struct tc_buffer *header)
{
	const struct tc_named_list list = {header->bytes, header->length};

	if (trace->recorder) {
		tc_recorder_begin_as(trace->recorder, header);
		return tc_recorder_error(trace->recorder);
	}
	trace_json_header(&list, &trace->line);
	return put_line(trace);
}

static int begin(void *context, const struct tc_buffer *header)
{
	const struct tc_named_list list = {header->bytes, header->length};
	_cleanup_buffer_ struct tc_buffer other = {0};
	struct trace *trace = context;
	int error;

	if (!trace->anonymiser)
		return put_header(trace, header);
	error = tc_anonymise_header(trace->anonymiser, &list, &other);
	return error < 0 ? error : put_header(trace, &other);
}

static int put_entry(struct trace *trace, const struct tc_entry *entry)
{
	trace->records += entry->type == TC_ENTRY_RECORD;
	if (trace->recorder) {
		if (entry->type == TC_ENTRY_RECORD)
			tc_recorder_take(trace->recorder, entry->bytes, entry->size);
		else
			tc_recorder_add(trace->recorder, entry->type, entry->bytes, entry->size);
		return tc_recorder_error(trace->recorder);
	}
	trace_json_entry(entry, trace->own_layout, &trace->line);
	return put_line(trace);
}

/* Bytes are aligned to 8 where they are a record. */
static int add(void *context, uint16_t type, const void *bytes, size_t size)
{
	struct tc_entry entry = {.type = type, .bytes = bytes, .size = size};
	struct trace *trace = context;
	int error;

	if (!trace->anonymiser)
		return put_entry(trace, &entry);
	tc_buffer_reset(&trace->body);
	error = tc_anonymise_entry(trace->anonymiser, type, bytes, size, &trace->body);
	entry.bytes = trace->body.bytes;
	entry.size = trace->body.length;
	/* What cannot be read is left out. */
	if (error < 0 || (type == TC_ENTRY_RECORD && !entry.size))
		return error;
	return put_entry(trace, &entry);
}

/* --- what goes in --- */

/* 0; -EBADMSG, told, when it is damaged; or another negative errno. */
static int tell_fault(const struct trace *trace, const struct tc_recording_fault *fault)
{
	tc_error("%s: damaged at byte %" PRIu64 ", behind %" PRIu64 " whole blocks: %s",
		 trace->path, fault->offset, fault->block, fault->reason);
	return -EBADMSG;
}

static int copy(struct trace *trace, struct tc_recording *recording)
{
	const struct tc_named_list *list = tc_recording_header(recording);
	_cleanup_buffer_ struct tc_buffer header = {0};
	struct tc_recording_fault fault;
	struct tc_entry entry;
	int r;

	tc_buffer_add(&header, list->bytes, list->length);
	r = tc_buffer_failed(&header) ? -ENOMEM : begin(trace, &header);
	while (r >= 0 && (r = tc_recording_next(recording, &entry, &fault)) > 0)
		r = add(trace, entry.type, entry.bytes, entry.size);
	return r == -EBADMSG ? tell_fault(trace, &fault) : r;
}

static int cut(struct trace *trace)
{
	const struct tc_cut_target target = {.begin = begin, .add = add, .context = trace};
	struct tc_recording_fault fault = {0};
	char gap[PATH_MAX] = "";
	int error = tc_cut(trace->input.path, &trace->cut, &target, gap, &fault);

	trace->own_layout = true;
	if (gap[0])
		tc_warning("%s does not go on where the segment before ended: the trace ends there",
			   gap);
	if (error == -ENODATA)
		tc_error("%s has no such event", trace->path);
	else if (error == -EBADMSG || (error == 0 && fault.reason[0]))
		error = tell_fault(trace, &fault);
	else if (error < 0)
		tc_error("cannot cut %s: %s", trace->path, strerror(-error));
	return error;
}

static bool is_directory(const char *path)
{
	struct stat stat_;

	return stat(path, &stat_) == 0 && S_ISDIR(stat_.st_mode);
}

static int convert(struct trace *trace)
{
	const bool is_part = trace->since || trace->until || trace->cut.cgroup || trace->cut.tgid;
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	int error;

	if (is_part || is_directory(trace->input.path)) {
		trace->own_layout = true;
		return cut(trace);
	}
	error = tc_recording_open_file(trace->input.path, &recording, &fault);
	if (error == -EBADMSG)
		return tell_fault(trace, &fault);
	if (error < 0)
		return tc_error_return(error, "cannot read %s", trace->path);
	trace->own_layout = tc_layout_is_own(tc_recording_layout(recording));
	if (trace->anonymiser && !trace->own_layout) {
		trace->own_layout = true;
		error = cut(trace);
	} else {
		error = copy(trace, recording);
	}
	tc_recording_close(recording);
	return error;
}

/* --- all of it --- */

static int close_output(struct trace *trace)
{
	struct tc_recorder *recorder = trace->recorder;
	FILE *stream = trace->stream;

	trace->recorder = NULL;
	trace->stream = NULL;
	if (recorder)
		return tc_recorder_close(recorder, NULL);
	if (!stream)
		return 0;
	errno = 0;
	if (stream == stdout ? fflush(stream) : fclose(stream))
		return tc_error_return(errno ? -errno : -EIO, "cannot write %s",
				       trace->output ?: "to standard output");
	return 0;
}

static int trace_all(struct trace *trace)
{
	int error = trace_input_open(&trace->input, trace->path), closed;

	if (error == 0)
		error = open_anonymiser(trace);
	if (error == 0)
		error = open_output(trace);
	if (error == 0)
		error = convert(trace);
	closed = close_output(trace);
	if (error == 0)
		error = closed;
	if (error == -EBADMSG || error == -ENODATA)
		return TC_EXIT_NO;
	return error < 0 ? TC_EXIT_ENVIRONMENT : TC_EXIT_GOOD;
}

int tc_cmd_trace(int argc, char **argv)
{
	struct trace trace = {0};
	int code = parse(&trace, argc, argv);

	if (code < 0)
		code = trace_all(&trace);
	trace_input_close(&trace.input);
	tc_anonymiser_free(trace.anonymiser);
	tc_buffer_done(&trace.body);
	tc_buffer_done(&trace.line);
	free(trace.keep.items);
	return code;
}
