/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/story/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/timestamp.h"
#include "output/format/mapping.h"
#include "output/format/text.h"

/* --- what an alert's JSON says --- */

/* Numbers and texts that alerts are related by. */
struct relations {
	uint64_t pid, start_ns, ppid, sid;
	char container[80];
};

static void add_value(struct json_object *value, struct tc_buffer *text)
{
	size_t length =
		json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;

	for (size_t i = 0; i < length; i++) {
		const char *item = json_object_get_string(json_object_array_get_idx(value, i));

		if (i)
			tc_buffer_add_char(text, ' ');
		if (item)
			tc_text_sanitize(text, item, strlen(item));
	}
	if (!json_object_is_type(value, json_type_array)) {
		const char *only = json_object_get_string(value);

		if (only)
			tc_text_sanitize(text, only, strlen(only));
	}
}

/* What the journal has was escaped when it was written; whoever changed it may have written
 * anything. */
static bool get_value(void *context, const char *name, struct tc_buffer *text)
{
	const struct tc_alert_document *alert = context;
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(alert->fields, name, &value) || !value)
		return false;
	add_value(value, text);
	return true;
}

static uint64_t get_number(const struct tc_alert_document *alert, const char *name)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(alert->fields, name, &value) &&
			       json_object_is_type(value, json_type_int)
		       ? json_object_get_uint64(value)
		       : 0;
}

static uint64_t time_of(const struct tc_alert_document *alert)
{
	const char *text = tc_alert_document_string(alert, "time");
	uint64_t time_ns = 0;

	return text && tc_timestamp_parse(text, &time_ns) == 0 ? time_ns : 0;
}

static struct tc_story_key key_of(const struct tc_alert_document *alert)
{
	return (struct tc_story_key){
		.time_ns = time_of(alert),
		.cpu = get_number(alert, "evt.cpu"),
		.seq = get_number(alert, "evt.seq"),
	};
}

static void get_short(const struct tc_alert_document *alert, const char *name, char *text,
		      size_t size)
{
	struct json_object *value = NULL;
	const char *string = json_object_object_get_ex(alert->fields, name, &value)
				     ? json_object_get_string(value)
				     : NULL;

	snprintf(text, size, "%s", string ? string : "");
}

static struct relations relations_of(const struct tc_alert_document *alert)
{
	struct relations relations = {
		.pid = get_number(alert, "proc.pid"),
		.start_ns = get_number(alert, "proc.start_boottime"),
		.ppid = get_number(alert, "proc.ppid"),
		.sid = get_number(alert, "proc.sid"),
	};

	get_short(alert, "container.id", relations.container, sizeof(relations.container));
	if (strcmp(relations.container, "host") == 0)
		relations.container[0] = '\0';
	return relations;
}

static bool is_relative(const struct relations *subject, const struct relations *other)
{
	return (other->pid == subject->pid && other->start_ns == subject->start_ns) ||
	       other->ppid == subject->pid || other->pid == subject->ppid ||
	       (subject->ppid > 2 && other->ppid == subject->ppid) ||
	       (subject->sid > 1 && other->sid == subject->sid) ||
	       (subject->container[0] && strcmp(subject->container, other->container) == 0);
}

/* --- alerts --- */

static const char *safe(struct tc_story *story, const char *text)
{
	_cleanup_buffer_ struct tc_buffer copy = {0};

	if (!text)
		return NULL;
	tc_text_sanitize(&copy, text, strlen(text));
	return tc_buffer_failed(&copy) ? NULL : tc_story_copy(story, copy.bytes ?: "");
}

static const char *tags_of(struct tc_story *story, const struct tc_alert_document *alert)
{
	_cleanup_buffer_ struct tc_buffer tags = {0};

	if (alert->tags)
		add_value(alert->tags, &tags);
	return tc_buffer_failed(&tags) || !tags.length ? NULL : tc_story_copy(story, tags.bytes);
}

static struct tc_story_alert *add_alert(struct tc_story *story,
					const struct tc_alert_document *alert, uint64_t seq,
					bool is_subject)
{
	const char *priority = tc_alert_document_string(alert, "priority");
	const char *verdict = tc_alert_document_string(alert, "verdict");
	struct tc_story_alert one = {
		.key = key_of(alert),
		.seq = seq,
		.uuid = safe(story, tc_alert_document_string(alert, "uuid")),
		.rule = safe(story, tc_alert_document_string(alert, "rule")),
		.output = safe(story, tc_alert_document_string(alert, "output")),
		.action = safe(story, tc_alert_document_string(alert, "action")),
		.verdict = verdict && strcmp(verdict, "none") ? safe(story, verdict) : NULL,
		.hostname = safe(story, tc_alert_document_string(alert, "hostname")),
		.tags = tags_of(story, alert),
		.priority = TC_PRIORITY_DEBUG,
		.is_subject = is_subject,
	};

	if (priority)
		tc_priority_parse(priority, &one.priority);
	return tc_story_add_alert(story, &one);
}

/* --- the subject --- */

static int parse(const struct tc_journal_row *row, struct tc_alert_document *alert)
{
	int error = tc_alert_document_parse(row, alert);

	if (error == 0 && (!alert->fields || !tc_alert_document_string(alert, "rule") ||
			   !time_of(alert) || !get_number(alert, "proc.pid")))
		error = -EINVAL;
	return error;
}

int tc_story_set_subject(struct tc_story *story, const struct tc_journal_row *row)
{
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	struct tc_story_alert *subject;
	int error = parse(row, &alert);

	if (error < 0)
		return error;
	subject = add_alert(story, &alert, row->seq, true);
	story->subject_json = tc_story_copy(story, row->json);
	story->boot_id = row->boot_id ? tc_story_copy(story, row->boot_id) : NULL;
	return subject && !story->failed ? 0 : -ENOMEM;
}

/* --- telling --- */

static struct tc_story_process *meet(struct tc_story *story, struct tc_alert_document *alert)
{
	struct relations who = relations_of(alert);
	struct tc_story_process *process =
		tc_story_process(story, (uint32_t)who.pid, who.start_ns, who.start_ns);
	struct tc_story_process *parent =
		process && who.ppid && !process->parent
			? tc_story_process(story, (uint32_t)who.ppid, 0, who.start_ns)
			: NULL;

	if (!process)
		return NULL;
	process->is_relative = true;
	for (int fact = 0; fact < TC_STORY_FACT_MAX; fact++) {
		const struct tc_story_fact_info *info = &tc_story_facts[fact];

		tc_story_learn(story, process, (enum tc_story_fact)fact, info->field, get_value,
			       alert);
		if (parent && *info->parent && !parent->facts[fact])
			tc_story_learn(story, parent, (enum tc_story_fact)fact, info->parent,
				       get_value, alert);
	}
	if (parent && parent != process)
		process->parent = parent;
	return process;
}

static void tell(struct tc_story *story, struct tc_alert_document *alert)
{
	const char *kind = tc_alert_document_string(alert, "kind");
	struct tc_story_telling telling = {
		.key = key_of(alert),
		.kind = kind ? kind : "event",
		.get = get_value,
		.context = alert,
	};

	tc_story_expect(story, &telling.key);
	telling.process = meet(story, alert);
	if (telling.process)
		tc_story_tell(story, &telling);
}

int tc_story_tell_subject(struct tc_story *story)
{
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	int error = parse(&(struct tc_journal_row){.json = story->subject_json}, &alert);

	if (error == 0)
		tell(story, &alert);
	story->from_alerts = true;
	return error;
}

/* --- rows --- */

struct reading {
	struct tc_story *story;
	struct relations subject;
	struct tc_story_key last; /* an event is told once, however many rules spoke of it */
	bool tell;
	tc_journal_row_callback take; /* what is done with alerts behind the subject, */
	uint64_t left;		      /* with so many more */
};

static bool is_same_boot(const struct reading *reading, const struct tc_journal_row *row)
{
	const char *boot_id = reading->story->boot_id;

	return !boot_id || !row->boot_id || strcmp(boot_id, row->boot_id) == 0;
}

/* Alerts first, all of them: events are told with every rule that spoke of them. */
static int take_alert(const struct tc_journal_row *row, void *context)
{
	struct reading *reading = context;
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	struct relations who;
	int error = row->rule && is_same_boot(reading, row) ? parse(row, &alert) : -EINVAL;

	if (error < 0)
		return error == -EINVAL ? 0 : error;
	who = relations_of(&alert);
	if (reading->tell && !is_relative(&reading->subject, &who))
		return 0;
	if (row->seq == reading->story->subject->seq)
		return 0;
	return add_alert(reading->story, &alert, row->seq, false) ? 0 : -ENOMEM;
}

static int take_event(const struct tc_journal_row *row, void *context)
{
	struct reading *reading = context;
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	struct tc_story_key key = {0};
	struct relations who;
	int error = row->rule && is_same_boot(reading, row) ? parse(row, &alert) : -EINVAL;

	if (error < 0)
		return error == -EINVAL ? 0 : error;
	who = relations_of(&alert);
	key = key_of(&alert);
	if (is_relative(&reading->subject, &who) &&
	    memcmp(&key, &reading->last, sizeof(key)) != 0) {
		tell(reading->story, &alert);
		reading->last = key;
	}
	return reading->story->failed ? -ENOMEM : 0;
}

static int take_some(const struct tc_journal_row *row, void *context)
{
	struct reading *reading = context;

	return reading->left-- ? reading->take(row, context) : 1;
}

/* Of alerts on both sides of the subject, those next to it. before ends with the subject, after
 * begins behind it. */
struct sides {
	struct tc_journal_filter before, after;
};

static struct sides sides_of(const struct tc_story *story, uint64_t around_ns)
{
	static const char *const alerts[] = {"*"}; /* notices have no rule */
	const uint64_t at_ns = story->subject->key.time_ns;
	struct tc_journal_filter all = TC_JOURNAL_FILTER_ALL;
	struct sides sides;

	all.rules = alerts;
	all.n_rules = 1;
	all.no_output = true;
	sides = (struct sides){all, all};
	sides.before.since_ns = at_ns > around_ns ? at_ns - around_ns : 0;
	sides.before.until_ns = at_ns;
	sides.before.limit = story->alerts_max / 2;
	sides.after.since_ns = at_ns + 1;
	sides.after.until_ns = around_ns < INT64_MAX - at_ns ? at_ns + around_ns : 0;
	return sides;
}

static int read_sides(struct reading *reading, struct tc_journal_reader *reader,
		      const struct sides *sides, tc_journal_row_callback take)
{
	int error = tc_journal_reader_query(reader, &sides->before, take, reading);

	reading->take = take;
	reading->left = reading->story->alerts_max / 2;
	if (error == 0)
		error = tc_journal_reader_query(reader, &sides->after, take_some, reading);
	return error > 0 ? 0 : error;
}

static int count_left(struct tc_story *story, struct tc_journal_reader *reader,
		      const struct tc_journal_filter *side)
{
	uint64_t count = 0;
	int error = tc_journal_reader_count(reader, side, &count);

	if (count > story->alerts_max / 2)
		story->left_alerts += count - story->alerts_max / 2;
	return error;
}

int tc_story_read_rows(struct tc_story *story, struct tc_journal_reader *reader, uint64_t around_ns,
		       bool tell_events)
{
	const struct sides sides = sides_of(story, around_ns);
	struct reading reading = {.story = story, .tell = tell_events};
	_cleanup_alert_document_ struct tc_alert_document alert = {0};
	int error = parse(&(struct tc_journal_row){.json = story->subject_json}, &alert);

	if (error < 0)
		return error;
	reading.subject = relations_of(&alert);
	error = read_sides(&reading, reader, &sides, take_alert);
	if (error == 0 && tell_events)
		error = read_sides(&reading, reader, &sides, take_event);
	if (error == 0)
		error = count_left(story, reader, &sides.before);
	if (error == 0)
		error = count_left(story, reader, &sides.after);
	story->from_alerts |= tell_events;
	return error;
}
