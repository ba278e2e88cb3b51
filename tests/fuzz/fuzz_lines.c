/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as JSON Lines that somebody else wrote, read as `tocsin trace` reads them. What a line says
 * is written again, and that line says the same; what it says is a record is decoded, as a replay
 * of the recording would.
 */
#include <errno.h>
#include <string.h>

#include "agent/cmd/trace_json.h"
#include "agent/decode.h"
#include "agent/event.h"
#include "fuzz.h"

/* Writes what was read as a line, reads it and compares. */
static void expect_same(uint16_t type, const struct tc_buffer *body)
{
	const struct tc_named_list list = {body->bytes, body->length};
	const struct tc_entry entry = {
		.type = type, .bytes = body->bytes ?: "", .size = body->length};
	struct tc_buffer line = {0}, again = {0};
	char reason[128];
	uint16_t found = 0;

	if (type == TRACE_HEADER)
		trace_json_header(&list, &line);
	else
		trace_json_entry(&entry, true, &line);
	fuzz_need(!tc_buffer_failed(&line));
	if (strchr(line.bytes, '\n') != line.bytes + line.length - 1)
		fuzz_fail("not one line: %s", line.bytes);
	if (trace_json_read(line.bytes, line.length, &found, &again, reason) < 0)
		fuzz_fail("refused (%s): %s", reason, line.bytes);
	if (found != type || again.length != body->length ||
	    (body->length && memcmp(again.bytes, body->bytes, body->length) != 0))
		fuzz_fail("entry %u is read as another one: %s", type, line.bytes);
	tc_buffer_done(&line);
	tc_buffer_done(&again);
}

static void decode(const struct tc_buffer *body)
{
	struct tc_decode_error error;
	struct tc_event event;
	struct tc_value value;

	fuzz_need(tc_event_init(&event) == 0);
	if (tc_decode(body->bytes, body->length, &event, &error) == 0)
		for (unsigned id = 0; id < tc_field_count(); id++)
			tc_event_get(&event, tc_field_at(id), -1, &value);
	tc_event_done(&event);
}

static void read_line(const char *line, size_t length)
{
	struct tc_buffer body = {0};
	char reason[128] = "";
	uint16_t type = 0;
	int error = trace_json_read(line, length, &type, &body, reason);

	if (error == 0) {
		expect_same(type, &body);
		if (type == TC_ENTRY_RECORD && body.length)
			decode(&body);
	} else if (error != -EINVAL || !reason[0] || !memchr(reason, '\0', sizeof(reason))) {
		fuzz_fail("error %d without a reason", error);
	}
	tc_buffer_done(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *at = (const char *)bytes, *end = at + size;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t length = (size_t)((newline ?: end) - at);
		char *line = malloc(length + 1);

		fuzz_need(line);
		memcpy(line, at, length);
		line[length] = '\0';
		read_line(line, length);
		free(line);
		at += length + 1;
	}
	return 0;
}
