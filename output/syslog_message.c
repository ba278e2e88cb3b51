/* SPDX-License-Identifier: Apache-2.0 */
#include "output/syslog_message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/value.h"
#include "output/format/text.h"
#include "agent/timestamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define BOM "\xef\xbb\xbf"
/* Of backslashes in a row so many belong together at most; no escape has more than four. */
#define BACKSLASHES_MAX 64
/* Room for the names of values that were cut: ` truncated="..."`. */
#define TRUNCATED_ROOM 96
/* Where all parts say how many there are, their numbers have at most so many digits. */
#define PART_ROOM (sizeof(" part=\"\" parts=\"\"") + 2 * 7)
#define CUT_ROOM (sizeof(" cut=\"\"") + 20)

/* RFC 5424, table 1. */
static const char *const facilities[] = {
	"kern",	  "user",   "mail",	"daemon", "auth",   "syslog", "lpr",	"news",
	"uucp",	  "cron",   "authpriv", "ftp",	  "ntp",    "audit",  "alert",	"clock",
	"local0", "local1", "local2",	"local3", "local4", "local5", "local6", "local7",
};

int tc_syslog_facility(const char *name)
{
	for (size_t i = 0; i < COUNT(facilities); i++)
		if (strcmp(facilities[i], name) == 0)
			return (int)i;
	return -EINVAL;
}

void tc_syslog_facility_list(struct tc_buffer *text)
{
	for (size_t i = 0; i < COUNT(facilities); i++)
		tc_buffer_printf(text, "%s%s", i ? " " : "", facilities[i]);
}

void tc_syslog_name(char *ret_name, size_t size, const char *name)
{
	size_t length = 0;

	for (; name[length] && length + 1 < size; length++)
		ret_name[length] = name[length] > 0x20 && name[length] < 0x7f ? name[length] : '_';
	if (!length)
		ret_name[length++] = '-';
	ret_name[length] = '\0';
}

/* --- escaped text --- */

static size_t escape_size(const char *text, size_t length)
{
	size_t size = 1;

	while (size < length && size < BACKSLASHES_MAX && text[size] == '\\')
		size++;
	if (size == length || size == BACKSLASHES_MAX)
		return size;
	if (text[size] == 'x')
		size += 3;
	else if (text[size] == 'u' && size + 1 < length && text[size + 1] == '{')
		size += 3 + strcspn(text + size + 2, "}");
	else if (text[size] == 'u')
		size += 5;
	else
		return size + tc_syslog_unit(text + size, length - size);
	return size < length ? size : length;
}

size_t tc_syslog_unit(const char *text, size_t length)
{
	unsigned char lead = (unsigned char)*text;
	size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;

	if (lead == '\\')
		return escape_size(text, length);
	return size < length ? size : length;
}

/* Bytes of the longest start of whole units that has at most room bytes; of a unit that is larger,
 * a part. */
static size_t fit(const char *text, size_t length, size_t room)
{
	size_t at = 0;

	if (length <= room)
		return length;
	while (at < length) {
		size_t size = tc_syslog_unit(text + at, length - at);

		if (at + size > room)
			break;
		at += size;
	}
	return at ? at : room;
}

/* --- structured data --- */

static bool is_special(char c)
{
	return c == '"' || c == '\\' || c == ']';
}

/* Section 6.3.3. */
static void add_param_value(struct tc_buffer *out, const char *text, size_t length)
{
	for (size_t start = 0, at = 0; at <= length; at++) {
		if (at < length && !is_special(text[at]))
			continue;
		tc_buffer_add(out, text + start, at - start);
		start = at;
		if (at < length)
			tc_buffer_add_char(out, '\\');
	}
}

/* As fit(), with the room that a value takes when it is escaped. */
static size_t fit_param_value(const char *text, size_t length, size_t room)
{
	size_t at = 0, taken = 0;

	while (at < length) {
		size_t size = tc_syslog_unit(text + at, length - at), cost = size;

		for (size_t i = 0; i < size; i++)
			cost += is_special(text[at + i]);
		if (taken + cost > room)
			break;
		taken += cost;
		at += size;
	}
	return at;
}

/* An element that is being written. */
struct element {
	struct tc_buffer *out;
	size_t end_max; /* of out, without what TRUNCATED_ROOM is for */
	struct tc_buffer text;
	char truncated[TRUNCATED_ROOM]; /* names, separated by blanks */
};

static void add_truncated(struct element *element, const char *name)
{
	size_t length = strlen(element->truncated);

	snprintf(element->truncated + length, sizeof(element->truncated) - length, "%s%s",
		 length ? " " : "", name);
}

/* Adds the value that stands in element->text. */
static void add_param(struct element *element, const char *name)
{
	struct tc_buffer *out = element->out, *text = &element->text;
	size_t taken = out->length + strlen(name) + sizeof(" =\"\"") - 1;
	size_t room = taken < element->end_max ? element->end_max - taken : 0;
	size_t length = fit_param_value(text->bytes, text->length, room);

	if (tc_buffer_failed(text))
		out->failed = true;
	if (length < text->length)
		add_truncated(element, name);
	if (length || !text->length) {
		tc_buffer_printf(out, " %s=\"", name);
		add_param_value(out, text->bytes, length);
		tc_buffer_add_char(out, '"');
	}
	tc_buffer_reset(text);
}

static void add_number(struct element *element, const char *name, uint64_t number)
{
	tc_buffer_printf(&element->text, "%" PRIu64, number);
	add_param(element, name);
}

/* Bytes from outside; nothing for NULL. */
static void add_bytes(struct element *element, const char *name, const char *bytes)
{
	if (!bytes)
		return;
	tc_text_escape(&element->text, bytes, strlen(bytes));
	add_param(element, name);
}

/* Text that is escaped already, as it stands in JSON; nothing for NULL. */
static void add_text(struct element *element, const char *name, const char *text)
{
	if (!text)
		return;
	tc_text_sanitize(&element->text, text, strlen(text));
	add_param(element, name);
}

/*
 * Where a value stands in the row's JSON; NULL when there is none. key has its quotes and the colon
 * behind it: so it is found nowhere but as a key, since a quote within a string has a backslash
 * before it. Parsing all of it to find two values would take as long as all the rest.
 */
static const char *json_value(const struct tc_journal_row *row, const char *key)
{
	const char *at = row->json ? strstr(row->json, key) : NULL;

	return at ? at + strlen(key) : NULL;
}

/* Appends the JSON string that begins at its quote, as tc_json_text() wrote it: only quotes and
 * backslashes are escaped. Returns what is behind it. */
static const char *add_json_string(struct tc_buffer *text, const char *json)
{
	for (json++; *json && *json != '"'; json++) {
		size_t run = strcspn(json, "\\\"");

		if (run) {
			tc_buffer_add(text, json, run);
			json += run - 1;
		} else if (*++json) {
			tc_buffer_add_char(text, *json);
		} else {
			return json;
		}
	}
	return *json ? json + 1 : json;
}

static void add_user(struct element *element, const struct tc_journal_row *row)
{
	const char *name = json_value(row, "\"user.name\":");
	const char *uid = json_value(row, "\"user.uid\":");

	if (name && *name == '"')
		add_json_string(&element->text, name);
	else if (uid)
		tc_buffer_add(&element->text, uid, strspn(uid, "0123456789"));
	if (element->text.length)
		add_param(element, "user");
}

static void add_tags(struct element *element, const struct tc_journal_row *row)
{
	const char *tag = json_value(row, "\"tags\":[");

	while (tag && *tag == '"') {
		tag = add_json_string(&element->text, tag);
		if (*tag == ',')
			tc_buffer_add_char(&element->text, *tag++);
	}
	if (element->text.length)
		add_param(element, "tags");
}

/* Both may be as long as somebody likes: neither takes all the room. */
static void add_paths(struct element *element, const struct tc_journal_row *row)
{
	size_t end_max = element->end_max, length = element->out->length;

	if (length < end_max)
		element->end_max = length + (end_max - length) / 2;
	add_bytes(element, "cgroup", row->cgroup_path);
	element->end_max = end_max;
	add_bytes(element, "exe", row->exe);
}

static void add_params(struct element *element, const struct tc_journal_row *row)
{
	add_text(element, "rule", row->rule);
	add_text(element, "kind", row->kind);
	if (row->has_cgroup_id)
		add_number(element, "cgroup_id", row->cgroup_id);
	if (row->has_pid)
		add_number(element, "pid", row->pid);
	add_bytes(element, "container", row->container_id);
	add_user(element, row);
	add_tags(element, row);
	add_paths(element, row);
	if (*element->truncated)
		tc_buffer_printf(element->out, " truncated=\"%s\"", element->truncated);
	tc_buffer_done(&element->text);
}

/* --- messages --- */

/* An alert that becomes messages. */
struct making {
	const struct tc_syslog_style *style;
	const struct tc_message *alert;
	struct tc_buffer header; /* with the blank behind it */
	struct tc_buffer id;	 /* [ID seq="" uuid="" */
	struct tc_buffer params; /* the other parameters */
	struct tc_buffer message;
	struct tc_buffer *frames;
};

static void making_done(struct making *making)
{
	tc_buffer_done(&making->header);
	tc_buffer_done(&making->id);
	tc_buffer_done(&making->params);
	tc_buffer_done(&making->message);
}

/* Section 6.2.3: no more than six digits of a second. */
static void add_timestamp(struct tc_buffer *out, uint64_t time_ns)
{
	char time[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(time_ns, time);
	tc_buffer_printf(out, "%.*sZ", (int)(strlen(time) - strlen("000Z")), time);
}

static void make_header(struct making *making)
{
	const struct tc_syslog_style *style = making->style;
	const struct tc_journal_row *row = making->alert->row;
	time_t seconds = (time_t)(row->time_ns / 1000000000);
	struct tm tm;
	char date[32];

	tc_buffer_printf(&making->header, "<%u>", style->facility * 8 + (unsigned)row->priority);
	if (style->bsd) {
		/* Names of months are English, whatever the locale: setlocale(3) is not called. */
		strftime(date, sizeof(date), "%b %e %H:%M:%S", localtime_r(&seconds, &tm));
		tc_buffer_printf(&making->header, "%s %s[%d]: ", date, style->app, (int)style->pid);
		return;
	}
	tc_buffer_add_string(&making->header, "1 ");
	add_timestamp(&making->header, row->time_ns);
	tc_buffer_printf(&making->header, " %s %s %d %.32s ", style->hostname, style->app,
			 (int)style->pid, row->kind);
}

/* The element takes at most half of the message, so that the document has the other one. */
static void make_structured_data(struct making *making)
{
	const struct tc_syslog_style *style = making->style;
	const struct tc_journal_row *row = making->alert->row;
	struct element element = {.out = &making->params};

	if (style->bsd || !style->structured)
		return;
	tc_buffer_printf(&making->id, "[%s seq=\"%" PRIu64 "\" uuid=\"%s\"", style->sd_id, row->seq,
			 row->uuid ? row->uuid : "");
	/* TC_SYSLOG_SIZE_MIN is above what these have at most: 384, 128 and 96 bytes. */
	element.end_max =
		(style->size_max - making->header.length) / 2 - making->id.length - TRUNCATED_ROOM;
	add_params(&element, row);
}

/* What stands before the document. extra: parameters of this part; first: with those of the alert.
 */
static void begin(struct making *making, bool first, const char *extra)
{
	const struct tc_syslog_style *style = making->style;
	struct tc_buffer *out = &making->message;

	tc_buffer_reset(out);
	tc_buffer_add(out, making->header.bytes, making->header.length);
	if (style->bsd) {
		/* There is no other place for it. */
		if (*extra)
			tc_buffer_printf(out, "[%s%s] ", making->alert->row->uuid, extra);
		return;
	}
	if (making->id.length) {
		tc_buffer_add(out, making->id.bytes, making->id.length);
		if (first && making->params.length)
			tc_buffer_add(out, making->params.bytes, making->params.length);
		tc_buffer_printf(out, "%s] ", extra);
	} else if (*extra) {
		/* Told also where structured data is not wanted. */
		tc_buffer_printf(out, "[%s uuid=\"%s\"%s] ", style->sd_id, making->alert->row->uuid,
				 extra);
	} else {
		tc_buffer_add_string(out, "- ");
	}
	if (style->bom)
		tc_buffer_add_string(out, BOM);
}

static void finish(struct making *making, const char *text, size_t length)
{
	struct tc_buffer *message = &making->message;

	tc_buffer_add(message, text, length);
	tc_buffer_printf(making->frames, "%zu ", message->length);
	tc_buffer_add(making->frames, message->bytes, message->length);
	if (tc_buffer_failed(message))
		making->frames->failed = true;
}

/* Room for the document behind what begin() wrote, when there are further parameters. */
static size_t room_behind(const struct making *making, size_t extra)
{
	size_t taken = making->message.length + extra;

	return taken < making->style->size_max ? making->style->size_max - taken : 1;
}

static void make_cut(struct making *making, struct tc_syslog_made *made)
{
	const struct tc_message *alert = making->alert;
	char extra[CUT_ROOM];

	begin(making, true, " cut=\"\"");
	size_t length = fit(alert->bytes, alert->length, room_behind(making, 20));

	made->cut_bytes = alert->length - length;
	snprintf(extra, sizeof(extra), " cut=\"%zu\"", made->cut_bytes);
	begin(making, true, extra);
	finish(making, alert->bytes, length);
}

/* Returns how many parts there are; makes them when that is known, and parts is not 0. */
static unsigned make_parts(struct making *making, unsigned parts)
{
	const struct tc_message *alert = making->alert;
	char extra[PART_ROOM];
	unsigned part = 0;

	for (size_t at = 0; at < alert->length; part++) {
		begin(making, part == 0, " part=\"\" parts=\"\"");
		size_t length = fit(alert->bytes + at, alert->length - at, room_behind(making, 14));

		snprintf(extra, sizeof(extra), " part=\"%u\" parts=\"%u\"", part + 1, parts);
		begin(making, part == 0, extra);
		if (parts)
			finish(making, alert->bytes + at, length);
		at += length;
	}
	return part;
}

static void make(struct making *making, struct tc_syslog_made *made)
{
	const struct tc_message *alert = making->alert;

	make_header(making);
	make_structured_data(making);
	begin(making, true, "");
	made->parts = 1;
	made->bytes = making->message.length + alert->length;
	if (made->bytes <= making->style->size_max) {
		finish(making, alert->bytes, alert->length);
	} else if (making->style->split) {
		made->parts = make_parts(making, 0);
		make_parts(making, made->parts);
	} else {
		make_cut(making, made);
	}
}

int tc_syslog_message_add(const struct tc_syslog_style *style, const struct tc_message *message,
			  struct tc_buffer *frames, struct tc_syslog_made *ret_made)
{
	struct making making = {.style = style, .alert = message, .frames = frames};
	struct tc_syslog_made made = {0};

	make(&making, &made);
	if (tc_buffer_failed(&making.header) || tc_buffer_failed(&making.id) ||
	    tc_buffer_failed(&making.params))
		frames->failed = true;
	making_done(&making);
	if (tc_buffer_failed(frames))
		return -ENOMEM;
	*ret_made = made;
	return 0;
}

struct tc_syslog_frame tc_syslog_frame_read(const char *frames, size_t length)
{
	struct tc_syslog_frame frame = {0};
	size_t digits = 0;

	for (; digits < length && frames[digits] != ' '; digits++)
		frame.length = frame.length * 10 + (size_t)(frames[digits] - '0');
	frame.bytes = frames + digits + 1;
	frame.size = digits + 1 + frame.length;
	return frame;
}
