/* SPDX-License-Identifier: Apache-2.0 */
/* A story as one JSON object. Texts are escaped as in alerts. */
#include "agent/story/story.h"
#include "agent/timestamp.h"
#include "output/format/json_writer.h"

static void put_text(struct tc_json *json, const char *text)
{
	if (text)
		tc_json_text(json, text, strlen(text));
	else
		tc_json_null(json);
}

static void put_time(struct tc_json *json, uint64_t time_ns)
{
	char text[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(time_ns, text);
	if (time_ns)
		tc_json_string(json, text);
	else
		tc_json_null(json);
}

static void put_alert(struct tc_json *json, const struct tc_story_alert *alert)
{
	tc_json_object_begin(json);
	tc_json_key_literal(json, "uuid");
	put_text(json, alert->uuid);
	tc_json_key_literal(json, "seq");
	if (alert->seq)
		tc_json_uint(json, alert->seq);
	else
		tc_json_null(json);
	tc_json_key_literal(json, "time");
	put_time(json, alert->key.time_ns);
	tc_json_key_literal(json, "rule");
	put_text(json, alert->rule);
	tc_json_key_literal(json, "priority");
	tc_json_string(json, tc_priority_name(alert->priority));
	tc_json_key_literal(json, "verdict");
	put_text(json, alert->verdict);
	tc_json_key_literal(json, "hostname");
	put_text(json, alert->hostname);
	tc_json_key_literal(json, "output");
	put_text(json, alert->output);
	tc_json_object_end(json);
}

static void put_process(struct tc_json *json, const struct tc_story_process *process)
{
	tc_json_object_begin(json);
	tc_json_key_literal(json, "number");
	tc_json_uint(json, process->number);
	tc_json_key_literal(json, "parent");
	if (process->parent)
		tc_json_uint(json, process->parent->number);
	else
		tc_json_null(json);
	tc_json_key_literal(json, "pid");
	tc_json_uint(json, process->pid);
	tc_json_key_literal(json, "start_boottime");
	tc_json_uint(json, process->start_ns);
	for (int fact = 0; fact < TC_STORY_FACT_MAX; fact++) {
		tc_json_key(json, tc_story_facts[fact].key);
		put_text(json, process->facts[fact]);
	}
	tc_json_key_literal(json, "ended");
	put_time(json, process->ended_ns);
	tc_json_key_literal(json, "end");
	put_text(json, process->end);
	tc_json_key_literal(json, "is_relative");
	tc_json_bool(json, process->is_relative);
	tc_json_key_literal(json, "is_subject");
	tc_json_bool(json, process->is_subject);
	tc_json_key_literal(json, "events");
	tc_json_uint(json, process->events);
	tc_json_key_literal(json, "alerts");
	tc_json_uint(json, process->alerts);
	tc_json_object_end(json);
}

static void put_event(struct tc_json *json, const struct tc_story_event *event)
{
	tc_json_object_begin(json);
	tc_json_key_literal(json, "time");
	put_time(json, event->key.time_ns);
	tc_json_key_literal(json, "process");
	tc_json_uint(json, event->process->number);
	tc_json_key_literal(json, "name");
	put_text(json, event->name ?: event->process->facts[TC_STORY_NAME]);
	tc_json_key_literal(json, "kind");
	put_text(json, event->kind);
	tc_json_key_literal(json, "text");
	put_text(json, event->text);
	tc_json_key_literal(json, "verdict");
	put_text(json, event->verdict);
	tc_json_key_literal(json, "times");
	tc_json_uint(json, event->times);
	tc_json_key_literal(json, "alerts");
	tc_json_array_begin(json);
	for (const struct tc_story_alert *alert = event->alert; alert; alert = alert->next)
		put_alert(json, alert);
	tc_json_array_end(json);
	tc_json_object_end(json);
}

static void put_thing(struct tc_json *json, const struct tc_story_thing *thing)
{
	tc_json_object_begin(json);
	tc_json_key_literal(json, "class");
	tc_json_string(json, tc_story_class_title(thing->class));
	tc_json_key_literal(json, "text");
	put_text(json, thing->text);
	tc_json_key_literal(json, "times");
	tc_json_uint(json, thing->times);
	tc_json_key_literal(json, "first");
	put_time(json, thing->first_ns);
	tc_json_key_literal(json, "process");
	tc_json_uint(json, thing->process->number);
	tc_json_object_end(json);
}

static void put_login(struct tc_json *json, const struct tc_story_login *login)
{
	tc_json_object_begin(json);
	tc_json_key_literal(json, "loginuid");
	put_text(json, login->loginuid);
	tc_json_key_literal(json, "name");
	put_text(json, login->name);
	tc_json_key_literal(json, "audit_session");
	put_text(json, login->session);
	tc_json_key_literal(json, "tty");
	put_text(json, login->tty);
	tc_json_key_literal(json, "processes");
	tc_json_uint(json, login->processes);
	tc_json_object_end(json);
}

static void put_left(struct tc_json *json, const struct tc_story *story)
{
	tc_json_key_literal(json, "left_out");
	tc_json_object_begin(json);
	tc_json_key_literal(json, "earlier_events");
	tc_json_uint(json, story->left_before);
	tc_json_key_literal(json, "later_events");
	tc_json_uint(json, story->left_after);
	tc_json_key_literal(json, "alerts");
	tc_json_uint(json, story->left_alerts);
	tc_json_key_literal(json, "processes");
	tc_json_uint(json, story->left_processes);
	tc_json_key_literal(json, "touched");
	tc_json_uint(json, story->left_things);
	tc_json_key_literal(json, "lost_events");
	tc_json_uint(json, story->lost);
	tc_json_key_literal(json, "only_alerts");
	tc_json_bool(json, story->from_alerts);
	tc_json_object_end(json);
}

void tc_story_print_json(const struct tc_story *story, struct tc_buffer *text)
{
	_cleanup_json_ struct tc_json json = {.buffer = text};

	tc_json_object_begin(&json);
	tc_json_key_literal(&json, "alert");
	put_alert(&json, story->subject);
	tc_json_key_literal(&json, "processes");
	tc_json_array_begin(&json);
	for (struct tc_story_process *process = story->processes; process;
	     process = process->hh.next)
		put_process(&json, process);
	tc_json_array_end(&json);
	tc_json_key_literal(&json, "logins");
	tc_json_array_begin(&json);
	for (size_t i = 0; i < story->n_logins; i++)
		put_login(&json, &story->logins[i]);
	tc_json_array_end(&json);
	tc_json_key_literal(&json, "timeline");
	tc_json_array_begin(&json);
	for (size_t i = 0; i < story->n_events; i++)
		put_event(&json, &story->events[i]);
	tc_json_array_end(&json);
	tc_json_key_literal(&json, "touched");
	tc_json_array_begin(&json);
	for (struct tc_story_thing *thing = story->things; thing; thing = thing->hh.next)
		put_thing(&json, thing);
	tc_json_array_end(&json);
	put_left(&json, story);
	tc_json_object_end(&json);
	tc_buffer_add_char(text, '\n');
}
