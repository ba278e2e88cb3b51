/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seeds DIRECTORY: what fuzzing begins with, made from the tables, so that it is always true of
 * them. DIRECTORY/fuzz_rules.dict and so on are dictionaries, DIRECTORY/fuzz_decode has a record of
 * each kind, fuzz_row an alert of each, fuzz_condition bytes for conditions, fuzz_recording a
 * recording, fuzz_lines a line of each kind of record and fact.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/cmd/trace_json.h"
#include "agent/draft.h"
#include "output/alert.h"
#include "recording/facts.h"
#include "recording/frame.h"

#define CONDITIONS 64
#define CONDITION_BYTES 640

static const char *directory;

static FILE *create(const char *format, const char *name)
{
	char path[4096], file[256];
	FILE *stream;

	snprintf(file, sizeof(file), format, name);
	snprintf(path, sizeof(path), "%s/%s", directory, file);
	stream = fopen(path, "we");
	if (!stream) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
	return stream;
}

static void finish(FILE *stream)
{
	if (ferror(stream) || fclose(stream)) {
		fprintf(stderr, "cannot write in %s: %s\n", directory, strerror(errno));
		exit(EXIT_FAILURE);
	}
}

static void make_directory(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (mkdir(path, 0777) < 0 && errno != EEXIST) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EXIT_FAILURE);
	}
}

/* --- dictionaries --- */

static void put_fields(FILE *dictionary)
{
	for (unsigned id = 0; id < tc_field_count(); id++)
		fprintf(dictionary, "\"%s\"\n", tc_field_at(id)->name);
}

static const char *const language[] = {
#define TC_OPERATOR(name, word, operand, types, right, doc) word,
#include "rules/language/operators.def"
#undef TC_OPERATOR
#define TC_TRANSFORMER(name, takes, gives, doc) #name "(",
#include "rules/language/words.def"
#define TC_MODIFIER(name, node, doc) name " (",
#include "rules/language/words.def"
	" and ", " or ", "not ", "(", ")", "[1]", "%", "%%",
};

static const char *const keys[] = {
#define TC_WORD(key, word) word ": ",
#include "rules/language/items.def"
	"- ",	"&a ",	"*a",	 "|\\x0a", ">-\\x0a", "---\\x0a",
	"<<: ", "true", "false", "~",	   "null",    "\\x0a  ",
};

static const char *const test_keys[] = {
	"rules: ",  "tests:",	"name: ",	"before: ",  "event: ",
	"events: ", "expect: ", "expect_not: ", "exactly: ", "kind: ",
};

static const char *const line_keys[] = {
	"{\\\"recording\\\":[[", "\\\"record\\\":",	"\\\"header\\\":{",   "\\\"members\\\":{",
	"{\\\"entry\\\":",	 "\\\"bytes\\\":",	"\\\"value\\\":",     "\\\"size\\\":",
	"\\\"flags\\\":",	 "{\\\"process\\\":[[", "\\\"container\\\":", "\\\"label\\\",[[",
	"\\\"exec\\\",{",	 "\\\\\\\\xff",		"\\\\\\\\u{1f600}",   "]]",
};

static void put_words(FILE *dictionary, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(dictionary, "\"%s\"\n", words[i]);
}

#define PUT_WORDS(dictionary, words) put_words(dictionary, words, sizeof(words) / sizeof(words[0]))

static void put_kinds(FILE *dictionary)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (tc_kind_info(kind))
			fprintf(dictionary, "\"%s\"\n", tc_kind_info(kind)->name);
}

static void write_dictionaries(void)
{
	FILE *dictionary = create("%s", "fuzz_rules.dict");

	put_fields(dictionary);
	PUT_WORDS(dictionary, language);
	PUT_WORDS(dictionary, keys);
	finish(dictionary);
	dictionary = create("%s", "fuzz_template.dict");
	put_fields(dictionary);
	PUT_WORDS(dictionary, language);
	finish(dictionary);
	dictionary = create("%s", "fuzz_suite.dict");
	put_fields(dictionary);
	put_kinds(dictionary);
	PUT_WORDS(dictionary, keys);
	PUT_WORDS(dictionary, test_keys);
	finish(dictionary);
	dictionary = create("%s", "fuzz_lines.dict");
	put_kinds(dictionary);
	PUT_WORDS(dictionary, line_keys);
	finish(dictionary);
	dictionary = create("%s", "fuzz_row.dict");
	put_fields(dictionary);
	put_kinds(dictionary);
	finish(dictionary);
}

/* --- records --- */

static struct tc_draft draft;

static void write_record(FILE *stream)
{
	fputc(draft.header.size & 0xff, stream);
	fputc(draft.header.size >> 8, stream);
	fwrite(draft.bytes, 1, draft.header.size, stream);
}

static void write_alert(FILE *stream, const struct tc_kind_info *kind)
{
	struct tc_buffer json = {0};
	struct tc_event event;
	struct tc_alert alert = {.uuid = "018f3389-2ebb-7000-8000-000000000001",
				 .hostname = "host",
				 .event = &event};

	if (tc_event_init(&event) < 0)
		exit(EXIT_FAILURE);
	tc_event_reset(&event, &draft.header, kind);
	tc_format_json(&alert, &json);
	/* What fuzz_row takes first. */
	fwrite("\1\1\1\2\2\2\2", 1, 7, stream);
	fwrite(json.bytes, 1, json.length, stream);
	tc_buffer_done(&json);
	tc_event_done(&event);
}

/* A record of each kind for itself; those that change the agent's tables one after the other, too.
 */
static void write_records(void)
{
	FILE *story = create("fuzz_decode/%s", "story"), *stream;

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info)
			continue;
		tc_draft_begin(&draft, info);
		tc_draft_fill(&draft, "/srv/a");
		if (info->traits & TC_TRAIT_STATE)
			write_record(story);
		stream = create("fuzz_decode/%s", info->name);
		write_record(stream);
		finish(stream);
		stream = create("fuzz_row/%s", info->name);
		write_alert(stream, info);
		finish(stream);
	}
	finish(story);
}

/* --- a recording, which is not packed so that what is in it can be changed --- */

static void put_frame(struct tc_buffer *file, enum tc_frame_type type, const struct tc_buffer *body)
{
	struct tc_frame frame = {.magic = TC_FRAME_MAGIC,
				 .type = (uint16_t)type,
				 .stored = (uint32_t)body->length,
				 .size = (uint32_t)body->length};

	tc_frame_seal(&frame, body->bytes);
	tc_buffer_add(file, &frame, sizeof(frame));
	tc_buffer_add(file, body->bytes, body->length);
}

static void put_entry(struct tc_buffer *block, enum tc_entry_type type, const void *bytes,
		      size_t size)
{
	const struct tc_entry_head head = {.size = (uint32_t)size, .type = (uint16_t)type};
	static const char zeros[TC_ENTRY_ALIGN];

	tc_buffer_add(block, &head, sizeof(head));
	tc_buffer_add(block, bytes, size);
	tc_buffer_add(block, zeros, tc_entry_padded(size) - size);
}

static const enum tc_entry_type answers[] = {
	TC_ENTRY_USERS, TC_ENTRY_SERVICES,  TC_ENTRY_CGROUP, TC_ENTRY_PROCESS,
	TC_ENTRY_START, TC_ENTRY_CONTAINER, TC_ENTRY_TIME};

/* Values of all names. */
static void put_values(struct tc_buffer *body)
{
	static const char *const texts[] = {"passwd", "group",	 "services", "path",  "comm",
					    "of",     "runtime", "name",     "image", "absent"};
	static const char *const numbers[] = {"listed", "id", "tgid", "ppid", "start_ns", "now_ns"};

	for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++)
		tc_named_put_number(body, numbers[n], 1);
	for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++)
		tc_named_put_text(body, texts[n], "/a:x:1:1:b:c:/d 22/tcp");
	tc_draft_begin(&draft, tc_kind_info(TC_KIND_exec));
	tc_named_put_bytes(body, "exec", draft.bytes, draft.header.size);
}

/* Values of all names for each type of answer. */
static void put_answers(struct tc_buffer *block)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct tc_buffer body = {0};

		put_values(&body);
		put_entry(block, answers[i], body.bytes, body.length);
		tc_buffer_done(&body);
	}
}

static void write_recording(void)
{
	struct tc_buffer header = {0}, layout = {0}, block = {0}, file = {0};
	FILE *stream = create("fuzz_recording/%s", "all");

	tc_layout_write(&layout);
	tc_named_put_number(&header, "format", TC_RECORDING_FORMAT);
	tc_named_put_text(&header, "hostname", "host");
	tc_named_put_bytes(&header, "layout", layout.bytes, layout.length);
	put_answers(&block);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		if (!tc_kind_info(kind))
			continue;
		tc_draft_begin(&draft, tc_kind_info(kind));
		put_entry(&block, TC_ENTRY_RECORD, draft.bytes, draft.header.size);
	}
	put_answers(&block);
	tc_buffer_add_char(&file, '\0');
	put_frame(&file, TC_FRAME_HEADER, &header);
	put_frame(&file, TC_FRAME_BLOCK, &block);
	fwrite(file.bytes, 1, file.length, stream);
	finish(stream);
	tc_buffer_done(&header);
	tc_buffer_done(&layout);
	tc_buffer_done(&block);
	tc_buffer_done(&file);
}

/* --- JSON Lines --- */

static void put_line(FILE *lines, uint16_t type, const void *bytes, size_t size)
{
	const struct tc_entry entry = {.type = type, .bytes = bytes, .size = size};
	struct tc_buffer line = {0};

	trace_json_entry(&entry, true, &line);
	fwrite(line.bytes, 1, line.length, lines);
	tc_buffer_done(&line);
}

/* A label, which is a list in a list. */
static void put_label(struct tc_buffer *body)
{
	struct tc_buffer label = {0};

	tc_named_put_text(&label, "name", "a");
	tc_named_put_text(&label, "value", "b");
	tc_named_put_bytes(body, "label", label.bytes, label.length);
	tc_buffer_done(&label);
}

static void write_header(FILE *lines)
{
	struct tc_buffer header = {0}, line = {0};

	tc_named_put_number(&header, "format", TC_RECORDING_FORMAT);
	tc_named_put_text(&header, "hostname", "host");
	trace_json_header(&(struct tc_named_list){header.bytes, header.length}, &line);
	fwrite(line.bytes, 1, line.length, lines);
	tc_buffer_done(&header);
	tc_buffer_done(&line);
}

/* What is small for itself; all of it in one. */
static void write_lines(void)
{
	FILE *story = create("fuzz_lines/%s", "story"), *stream;
	struct tc_buffer body = {0};

	write_header(story);
	put_values(&body);
	put_label(&body);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		put_line(story, (uint16_t)answers[i], body.bytes, body.length);
	put_line(story, TC_ENTRY_KNOWN, "", 0);
	put_line(story, UINT16_MAX, "\xff\n", 2);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info)
			continue;
		tc_draft_begin(&draft, info);
		tc_draft_fill(&draft, "/srv/a");
		stream = create("fuzz_lines/%s", info->name);
		put_line(stream, TC_ENTRY_RECORD, draft.bytes, draft.header.size);
		finish(stream);
	}
	tc_draft_begin(&draft, tc_kind_info(TC_KIND_exec));
	tc_draft_fill(&draft, "/srv/a");
	draft.exec.exe.flags |= TC_SLOT_CUT;
	put_line(story, TC_ENTRY_RECORD, draft.bytes, draft.header.size);
	finish(story);
	tc_buffer_done(&body);
}

/* --- conditions --- */

/* Numbers that are the same everywhere. */
static unsigned next_byte(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(*state >> 56);
}

/* Any bytes make a condition. */
static void write_conditions(void)
{
	uint64_t state = 1;

	for (unsigned i = 0; i < CONDITIONS; i++) {
		char name[16];
		FILE *stream;

		snprintf(name, sizeof(name), "%u", i);
		stream = create("fuzz_condition/%s", name);
		for (unsigned n = 0; n < CONDITION_BYTES; n++)
			fputc((int)next_byte(&state), stream);
		finish(stream);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "Usage: %s DIRECTORY\n", argv[0]);
		return EXIT_FAILURE;
	}
	directory = argv[1];
	make_directory("");
	make_directory("fuzz_decode");
	make_directory("fuzz_row");
	make_directory("fuzz_condition");
	make_directory("fuzz_recording");
	make_directory("fuzz_lines");
	write_dictionaries();
	write_records();
	write_recording();
	write_lines();
	write_conditions();
	return EXIT_SUCCESS;
}
