/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/story/story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/story/template.h"
#include "output/format/text.h"

static const char *const class_titles[TC_STORY_CLASS_MAX] = {
#define TC_STORY_CLASS(class, title) [TC_STORY_##class] = title,
#include "agent/story/kinds.def"
};

const struct tc_story_fact_info tc_story_facts[TC_STORY_FACT_MAX] = {
#define TC_STORY_FACT(id, key, label, field, parent, ancestor)                                     \
	[TC_STORY_##id] = {key, label, field, parent, ancestor},
#include "agent/story/facts.def"
};

static const struct story_kind {
	const char *kind;
	enum tc_story_class class;
	const char *object, *text;
} kinds[] = {
#define TC_STORY(kind, class, object, text) {#kind, TC_STORY_##class, object, text},
#include "agent/story/kinds.def"
};

const char *tc_story_class_title(enum tc_story_class class)
{
	return class_titles[class];
}

static const struct story_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, name) == 0)
			return &kinds[i];
	return NULL;
}

struct tc_story *tc_story_new(size_t limit)
{
	struct tc_story *story = calloc(1, sizeof(*story));

	if (!story)
		return NULL;
	story->limit = limit < 2 ? 2 : limit;
	story->alerts_max = TC_STORY_ALERTS_MAX;
	return story;
}

static void event_done(const struct tc_story_event *event)
{
	free(event->text);
	free(event->name);
}

void tc_story_free(struct tc_story *story)
{
	if (!story)
		return;
	HASH_CLEAR(hh, story->alerts);
	HASH_CLEAR(hh, story->processes);
	HASH_CLEAR(hh, story->things);
	for (size_t i = 0; i < story->n_events; i++)
		event_done(&story->events[i]);
	free(story->events);
	free(story->logins);
	tc_arena_done(&story->arena);
	free(story);
}

static void *give(struct tc_story *story, size_t size)
{
	void *memory = tc_arena_alloc(&story->arena, size);

	if (memory)
		memset(memory, 0, size);
	else
		story->failed = true;
	return memory;
}

const char *tc_story_copy(struct tc_story *story, const char *text)
{
	const char *copy = text ? tc_arena_copy(&story->arena, text, strlen(text)) : NULL;

	story->failed |= text && !copy;
	return copy;
}

/* --- alerts --- */

struct tc_story_alert *tc_story_add_alert(struct tc_story *story,
					  const struct tc_story_alert *alert)
{
	struct tc_story_alert *copy = give(story, sizeof(*copy)), *first;

	if (!copy)
		return NULL;
	*copy = *alert;
	copy->next = NULL;
	copy->uuid = tc_story_copy(story, alert->uuid);
	copy->rule = tc_story_copy(story, alert->rule);
	copy->output = tc_story_copy(story, alert->output);
	copy->action = tc_story_copy(story, alert->action);
	copy->verdict = tc_story_copy(story, alert->verdict);
	copy->hostname = tc_story_copy(story, alert->hostname);
	copy->tags = tc_story_copy(story, alert->tags);
	if (copy->is_subject && !story->subject)
		story->subject = copy;
	HASH_FIND(hh, story->alerts, &copy->key, sizeof(copy->key), first);
	if (!first) {
		HASH_ADD(hh, story->alerts, key, sizeof(copy->key), copy);
		return copy;
	}
	copy->next = first->next;
	first->next = copy;
	return copy;
}

/* --- processes --- */

/* Whoever had the pid last, before a time. */
static struct tc_story_process *process_before(const struct tc_story *story, uint32_t pid,
					       uint64_t before_ns)
{
	struct tc_story_process *found = NULL;

	for (struct tc_story_process *process = story->processes; process;
	     process = process->hh.next)
		if (process->pid == pid && process->start_ns && process->start_ns <= before_ns &&
		    (!found || process->start_ns > found->start_ns))
			found = process;
	return found;
}

void tc_story_expect(struct tc_story *story, const struct tc_story_key *key)
{
	story->expected |= story->subject && memcmp(key, &story->subject->key, sizeof(*key)) == 0;
}

struct tc_story_process *tc_story_process(struct tc_story *story, uint32_t pid, uint64_t start_ns,
					  uint64_t before_ns)
{
	struct tc_story_process *process = NULL, key = {.key = {start_ns, pid}};

	if (!start_ns)
		process = process_before(story, pid, before_ns);
	if (!process)
		HASH_FIND(hh, story->processes, &key.key, sizeof(key.key), process);
	if (process)
		return process;
	if (HASH_COUNT(story->processes) >=
	    TC_STORY_PROCESSES_MAX - (story->expected ? 0 : TC_STORY_RESERVED)) {
		story->left_processes++;
		return NULL;
	}
	process = give(story, sizeof(*process));
	if (!process)
		return NULL;
	process->key = key.key;
	process->pid = pid;
	process->start_ns = start_ns;
	process->number = HASH_COUNT(story->processes) + 1;
	HASH_ADD(hh, story->processes, key, sizeof(process->key), process);
	return process;
}

void tc_story_learn(struct tc_story *story, struct tc_story_process *process,
		    enum tc_story_fact fact, const char *field, tc_story_getter get, void *context)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	if (!get(context, field, &text) || !text.length)
		return;
	story->failed |= tc_buffer_failed(&text);
	/* Most often it is what it was. */
	if (tc_buffer_failed(&text) ||
	    (process->facts[fact] && strcmp(process->facts[fact], text.bytes) == 0))
		return;
	if (story->facts_bytes + text.length >= TC_STORY_FACTS_BYTES_MAX) {
		story->left_facts++;
		return;
	}
	story->facts_bytes += text.length + 1;
	process->facts[fact] = tc_story_copy(story, text.bytes);
}

/* --- events --- */

/* Lets go of the earliest events, so that half of the limit is left before the alert. Those that a
 * rule spoke of go like all others: what is near the alert tells more. */
static void let_go(struct tc_story *story, size_t keep)
{
	size_t gone = story->n_events > keep ? story->n_events - keep : 0;

	if (!gone)
		return;
	for (size_t i = 0; i < gone; i++) {
		story->left_before += story->events[i].times;
		event_done(&story->events[i]);
	}
	memmove(story->events, story->events + gone,
		(story->n_events - gone) * sizeof(*story->events));
	story->n_events -= gone;
}

static void keep_event(struct tc_story *story, const struct tc_story_event *event)
{
	if (!story->passed && story->n_events == story->limit)
		let_go(story, story->limit / 2);
	if (!story->events)
		story->events = calloc(story->limit, sizeof(*story->events));
	if (!story->events || !event->text) {
		event_done(event);
		story->failed = true;
		return;
	}
	story->events[story->n_events++] = *event;
}

static bool repeats(const struct tc_story *story, const struct tc_story_process *process,
		    const char *text)
{
	const struct tc_story_event *last;

	if (!story->n_events)
		return false;
	last = &story->events[story->n_events - 1];
	return !last->alert && last->process == process && strcmp(last->text, text) == 0;
}

static const char *verdict_of(struct tc_story *story, const struct tc_story_telling *telling)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	if (!telling->get(telling->context, "evt.verdict", &text) || tc_buffer_failed(&text) ||
	    !text.length || !strcmp(text.bytes, "none") || !strcmp(text.bytes, "alerted"))
		return NULL;
	return tc_story_copy(story, text.bytes);
}

/* The acting thread's; on the heap, or NULL. */
static char *name_of(const struct tc_story_telling *telling)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	if (!telling->get(telling->context, "proc.name", &text) || tc_buffer_failed(&text) ||
	    !text.length)
		return NULL;
	return strdup(text.bytes);
}

/* A line of the timeline. */
static void tell_event(struct tc_story *story, const struct tc_story_telling *telling,
		       const struct story_kind *kind, const struct tc_story_alert *alert,
		       const char *end)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_story_event event = {.key = telling->key,
				       .process = telling->process,
				       .alert = alert,
				       .times = 1,
				       .last_ns = telling->key.time_ns};

	if (kind)
		tc_story_fill(kind->text, telling->get, telling->context, &text);
	else
		tc_text_sanitize(&text, telling->kind, strlen(telling->kind));
	if (end)
		tc_buffer_printf(&text, ": %s", end);
	if (tc_buffer_failed(&text) || !text.length) {
		story->failed |= tc_buffer_failed(&text);
		return;
	}
	event.kind = kind ? kind->kind : tc_story_copy(story, text.bytes);
	event.verdict = verdict_of(story, telling);
	if (!alert && !event.verdict && repeats(story, telling->process, text.bytes)) {
		story->events[story->n_events - 1].times++;
		story->events[story->n_events - 1].last_ns = telling->key.time_ns;
		return;
	}
	if (story->passed && story->n_events == story->limit) {
		story->left_after++;
		return;
	}
	event.text = strdup(text.bytes);
	event.name = name_of(telling);
	keep_event(story, &event);
}

/* What was touched. The key of a thing is its class and its text. */
static void touch(struct tc_story *story, const struct tc_story_telling *telling,
		  const struct story_kind *kind)
{
	_cleanup_buffer_ struct tc_buffer key = {0};
	struct tc_story_thing *thing;

	tc_buffer_add_char(&key, (char)('A' + (char)kind->class));
	tc_story_fill(kind->object, telling->get, telling->context, &key);
	if (tc_buffer_failed(&key) || key.length < 2) {
		story->failed |= tc_buffer_failed(&key);
		return;
	}
	HASH_FIND_STR(story->things, key.bytes, thing);
	if (!thing && HASH_COUNT(story->things) >= TC_STORY_THINGS_MAX) {
		story->left_things++;
		return;
	}
	if (!thing) {
		thing = give(story, sizeof(*thing));
		if (thing)
			thing->key = tc_arena_copy(&story->arena, key.bytes, key.length);
		if (!thing || !thing->key) {
			story->failed = true;
			return;
		}
		thing->class = kind->class;
		thing->text = thing->key + 1;
		thing->first_ns = telling->key.time_ns;
		thing->process = telling->process;
		HASH_ADD_KEYPTR(hh, story->things, thing->key, key.length, thing);
	}
	thing->times++;
	thing->by_others |= thing->process != telling->process;
}

/* How a process ended: NULL for a good end. */
static const char *end_of(struct tc_story *story, const struct tc_story_telling *telling)
{
	_cleanup_buffer_ struct tc_buffer status = {0}, signal = {0};
	char text[64];

	telling->get(telling->context, "exit.status", &status);
	telling->get(telling->context, "exit.signal", &signal);
	if (tc_buffer_failed(&status) || tc_buffer_failed(&signal))
		return NULL;
	if (signal.length && strcmp(signal.bytes, "0") != 0)
		snprintf(text, sizeof(text), "by signal %s", signal.bytes);
	else if (status.length && strcmp(status.bytes, "0") != 0)
		snprintf(text, sizeof(text), "status %s", status.bytes);
	else
		return NULL;
	return tc_story_copy(story, text);
}

void tc_story_tell(struct tc_story *story, const struct tc_story_telling *telling)
{
	const struct story_kind *kind = kind_of(telling->kind);
	struct tc_story_process *process = telling->process;
	const struct tc_story_alert *alert;
	bool is_subject = false;
	const char *end = NULL;

	HASH_FIND(hh, story->alerts, &telling->key, sizeof(telling->key), alert);
	process->events++;
	for (const struct tc_story_alert *one = alert; one; one = one->next) {
		process->alerts++;
		is_subject |= one == story->subject;
	}
	process->is_subject |= is_subject;
	if (kind && strcmp(kind->kind, "exit") == 0) {
		process->ended_ns = telling->key.time_ns;
		end = process->end = end_of(story, telling);
	}
	if (!story->passed && is_subject) {
		memcpy(story->facts, process->facts, sizeof(story->facts));
		let_go(story, story->limit / 2);
		story->passed = true;
	}
	if (alert || end || !kind || kind->class != TC_STORY_HIDDEN)
		tell_event(story, telling, kind, alert, end);
	if (kind && *kind->object)
		touch(story, telling, kind);
}
