/* SPDX-License-Identifier: Apache-2.0 */
/* A story when all was told: its tree, its logins, what it does not tell. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/story/story.h"

/* --- the tree --- */

/* By start; those whose start is not known are parents that only their children told of. */
static int by_start(const void *one, const void *other)
{
	const struct tc_story_process *a = *(struct tc_story_process *const *)one;
	const struct tc_story_process *b = *(struct tc_story_process *const *)other;

	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* A parent that was only known by its number may have become known since. */
static void settle_parent(struct tc_story *story, struct tc_story_process *process)
{
	struct tc_story_process *known;

	if (!process->parent || process->parent->start_ns)
		return;
	known = tc_story_process(story, process->parent->pid, 0, process->start_ns);
	if (known && known != process)
		process->parent = known;
}

/* A chain that comes back to itself, as only a forged journal has it, is cut. */
static bool is_above(const struct tc_story_process *process, const struct tc_story_process *other)
{
	for (unsigned depth = 0; other && depth < TC_STORY_PROCESSES_MAX; depth++) {
		if (other == process)
			return true;
		other = other->parent;
	}
	return false;
}

/* Whether anybody has to do with it: relatives, and ancestors of relatives. */
static void mark_used(struct tc_story_process *process, char *used)
{
	for (; process && !used[process->number]; process = process->parent)
		used[process->number] = true;
}

/* Joins them from the last to the first, so that each list is in order. */
static void join(struct tc_story *story, struct tc_story_process **sorted, size_t count,
		 const char *used)
{
	while (count--) {
		struct tc_story_process *process = sorted[count];
		struct tc_story_process **list =
			process->parent ? &process->parent->child : &story->roots;

		if (!used[process->number])
			continue;
		process->next = *list;
		*list = process;
	}
}

static int make_tree(struct tc_story *story)
{
	size_t count = HASH_COUNT(story->processes), n = 0;
	struct tc_story_process **sorted = calloc(count + 1, sizeof(struct tc_story_process *));
	char *used = calloc(count + 2, 1);
	struct tc_story_process *process;

	for (process = story->processes; sorted && used && process; process = process->hh.next) {
		settle_parent(story, process);
		sorted[n++] = process;
	}
	for (process = story->processes; n && process; process = process->hh.next)
		if (process->parent && is_above(process, process->parent))
			process->parent = NULL;
	for (process = story->processes; n && process; process = process->hh.next)
		if (process->is_relative)
			mark_used(process, used);
	if (n) {
		qsort(sorted, n, sizeof(struct tc_story_process *), by_start);
		join(story, sorted, n, used);
	}
	free(sorted);
	free(used);
	return n == count ? 0 : -ENOMEM;
}

/* Whether nothing is to be told of a process but that it ran: its sibling did the same. */
static bool is_like(const struct tc_story_process *one, const struct tc_story_process *other)
{
	const char *a = one->facts[TC_STORY_CMDLINE], *b = other->facts[TC_STORY_CMDLINE];

	return !one->child && !other->child && !one->alerts && !other->alerts && a && b &&
	       strcmp(a, b) == 0 && strcmp(one->end ?: "", other->end ?: "") == 0;
}

static const struct tc_story_process *behind(const struct tc_story_process *process,
					     unsigned *ret_repeated)
{
	const struct tc_story_process *next = process->next;

	for (*ret_repeated = 0; next && is_like(process, next); next = next->next)
		++*ret_repeated;
	return next;
}

bool tc_story_walk_above(struct tc_story_walk *walk)
{
	const struct tc_story_process *process =
		walk->process ? walk->process->child : walk->story->roots;

	if (!process || process->is_relative || process->next || !process->child)
		return false;
	walk->process = process;
	walk->above = true;
	return true;
}

bool tc_story_walk(struct tc_story_walk *walk)
{
	const struct tc_story_process *process = walk->process;
	unsigned repeated;

	if (!process) {
		walk->process = walk->story->roots;
	} else if (walk->above) {
		walk->process = process->child;
		walk->above = false;
	} else if (process->child) {
		walk->process = process->child;
		walk->depth++;
	} else {
		while (process && !behind(process, &repeated)) {
			process = process->parent;
			walk->depth--;
		}
		walk->process = process ? behind(process, &repeated) : NULL;
	}
	if (walk->process)
		behind(walk->process, &walk->repeated);
	return walk->process != NULL;
}

const struct tc_story_process *tc_story_subject(const struct tc_story *story)
{
	const struct tc_story_process *process = story->processes;

	while (process && !process->is_subject)
		process = process->hh.next;
	return process;
}

/* --- logins --- */

static bool is_same(const char *one, const char *other)
{
	return one == other || (one && other && strcmp(one, other) == 0);
}

static void add_login(struct tc_story *story, struct tc_story_process *process)
{
	const char *loginuid = process->facts[TC_STORY_LOGINUID];
	const char *session = process->facts[TC_STORY_SESSION];
	struct tc_story_login *login = story->logins, *end = login + story->n_logins;

	while (login < end &&
	       !(is_same(login->loginuid, loginuid) && is_same(login->session, session)))
		login++;
	if (login == end) {
		*login = (struct tc_story_login){
			.loginuid = loginuid, .session = session, .first = process};
		story->n_logins++;
	}
	if (!login->name)
		login->name = process->facts[TC_STORY_LOGIN];
	if (!login->tty)
		login->tty = process->facts[TC_STORY_TTY];
	login->processes++;
}

static int find_logins(struct tc_story *story)
{
	struct tc_story_process *process;

	story->logins = calloc(HASH_COUNT(story->processes) + 1, sizeof(*story->logins));
	if (!story->logins)
		return -ENOMEM;
	for (process = story->processes; process; process = process->hh.next)
		if (process->is_relative && process->facts[TC_STORY_LOGINUID])
			add_login(story, process);
	return 0;
}

/* --- the end --- */

static int by_time(const void *one, const void *other)
{
	const struct tc_story_event *a = one, *b = other;

	if (a->key.time_ns != b->key.time_ns)
		return a->key.time_ns < b->key.time_ns ? -1 : 1;
	if (a->key.cpu != b->key.cpu)
		return a->key.cpu < b->key.cpu ? -1 : 1;
	return a->key.seq < b->key.seq ? -1 : a->key.seq > b->key.seq;
}

int tc_story_end(struct tc_story *story)
{
	int error = story->failed ? -ENOMEM : 0;

	if (error == 0 && !story->passed)
		return -ENOENT;
	if (error == 0)
		error = make_tree(story);
	if (error == 0)
		error = find_logins(story);
	if (story->n_events)
		qsort(story->events, story->n_events, sizeof(*story->events), by_time);
	return error;
}

const struct tc_story_thing *tc_story_next_thing(const struct tc_story *story,
						 enum tc_story_class class,
						 const struct tc_story_thing *thing)
{
	thing = thing ? thing->hh.next : story->things;
	while (thing && thing->class != class)
		thing = thing->hh.next;
	return thing;
}

/* --- in words --- */

void tc_story_gaps(const struct tc_story *story, struct tc_buffer *text)
{
	const struct {
		uint64_t count;
		const char *what;
	} gaps[] = {
		{story->left_before, "earlier events are not shown (--limit shows more)"},
		{story->left_after, "later events are not shown (--limit shows more)"},
		{story->left_alerts,
		 "alerts further from this one, of any process, were not looked at"},
		{story->left_processes,
		 "times an event named a process for which there was no room"},
		{story->left_things, "times something was touched for which there was no room"},
		{story->left_facts,
		 "times there was no room for what a process had become: it is shown as it was"},
		{story->lost, "events were lost while this was recorded"},
	};

	if (story->from_alerts)
		tc_buffer_add_string(text, "Only what rules spoke of is known here: a recording "
					   "(--trace) shows all that was recorded.\n");
	for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		if (gaps[i].count)
			tc_buffer_printf(text, "%llu %s.\n", (unsigned long long)gaps[i].count,
					 gaps[i].what);
}

const char *tc_story_fact(const struct tc_story *story, enum tc_story_fact fact)
{
	static const char *const none[TC_STORY_FACT_MAX] = {
		[TC_STORY_LOGINUID] = "-1",
		[TC_STORY_SESSION] = "-1",
		[TC_STORY_CONTAINER] = "host",
		[TC_STORY_CONTAINER_NAME] = "host",
	};
	const char *text = story->facts[fact];

	return text && none[fact] && strcmp(text, none[fact]) == 0 ? NULL : text;
}

/* Whether it runs the program of another one: a copy of it may have given itself another name,
 * which is the first word here. */
static bool runs_the_same(const struct tc_story_process *one, const struct tc_story_process *other)
{
	const char *a = one->facts[TC_STORY_CMDLINE], *b = other->facts[TC_STORY_CMDLINE];
	const char *exe = one->facts[TC_STORY_EXE], *other_exe = other->facts[TC_STORY_EXE];

	if (!a || !b)
		return false;
	if (!exe || !other_exe || strcmp(exe, other_exe) != 0)
		return strcmp(a, b) == 0;
	return strcmp(strchrnul(a, ' '), strchrnul(b, ' ')) == 0;
}

const char *tc_story_command(const struct tc_story_process *process)
{
	const struct tc_story_process *parent = process->parent;
	const char *command = process->facts[TC_STORY_CMDLINE] ?: process->facts[TC_STORY_EXE];

	if (!process->is_relative || !command)
		return NULL;
	return parent && parent->is_relative && runs_the_same(process, parent) ? NULL : command;
}

void tc_story_login_words(const struct tc_story_login *login, struct tc_buffer *text)
{
	if (!login->loginuid || strcmp(login->loginuid, "-1") == 0)
		tc_buffer_add_string(text, "nobody (started by the system)");
	else if (login->name)
		tc_buffer_printf(text, "%s (%s)", login->name, login->loginuid);
	else
		tc_buffer_printf(text, "user %s", login->loginuid);
	if (login->session && strcmp(login->session, "-1") != 0)
		tc_buffer_printf(text, ", session %s", login->session);
	if (login->tty)
		tc_buffer_printf(text, ", terminal %s", login->tty);
	tc_buffer_printf(text, ": %u process%s, first ", login->processes,
			 login->processes == 1 ? "" : "es");
	tc_story_name(login->first, NULL, text);
}

void tc_story_thing_words(const struct tc_story_thing *thing, struct tc_buffer *text)
{
	if (thing->times > 1)
		tc_buffer_printf(text, "%u times, %sby ", thing->times,
				 thing->by_others ? "first " : "");
	tc_story_name(thing->process, NULL, text);
}

void tc_story_name(const struct tc_story_process *process, const char *name, struct tc_buffer *text)
{
	if (!name)
		name = process->facts[TC_STORY_NAME];
	tc_buffer_printf(text, "%s (%u)", name ? name : "?", process->pid);
}

void tc_story_offset(const struct tc_story *story, uint64_t time_ns, struct tc_buffer *text)
{
	uint64_t alert_ns = story->subject->key.time_ns;
	uint64_t ms = (time_ns < alert_ns ? alert_ns - time_ns : time_ns - alert_ns) / 1000000;
	char sign = time_ns < alert_ns ? '-' : '+';

	if (ms < 60000)
		tc_buffer_printf(text, "%c%llu.%03llu s", sign, (unsigned long long)ms / 1000,
				 (unsigned long long)ms % 1000);
	else if (ms < 6000000)
		tc_buffer_printf(text, "%c%llu:%02llu min", sign, (unsigned long long)ms / 60000,
				 (unsigned long long)ms / 1000 % 60);
	else
		tc_buffer_printf(text, "%c%llu:%02llu h", sign, (unsigned long long)ms / 3600000,
				 (unsigned long long)ms / 60000 % 60);
}
