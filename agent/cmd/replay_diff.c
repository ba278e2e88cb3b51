/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts are compared record by record: those of one rule (by its name) on one record are the same
 * alert. Memory grows with the number of rules that differ, not with that of alerts.
 */
#define HASH_NONFATAL_OOM 1
#include "agent/cmd/replay_diff.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "agent/timestamp.h"
#include "output/format/json_writer.h"
#include "output/format/text.h"
#include "rules/kernel/refuse.h"

/* Of each kind of difference, for each rule. */
#define EXAMPLES 3

/* Of alerts; and of events that went on when they were recorded, which rules that enforce would
 * stop by the new rules alone, or by the old ones alone. */
enum change { APPEARS, VANISHES, CHANGES, WOULD_BLOCK, WOULD_PASS, N_CHANGES };

static const struct {
	const char *word, *plural; /* for people */
	const char *key;	   /* in JSON */
	const char *old, *new;	   /* before the examples of each side */
} changes[N_CHANGES] = {
	[APPEARS] = {"appears", "appear", "appear", "", "+ "},
	[VANISHES] = {"vanishes", "vanish", "vanish", "- ", ""},
	[CHANGES] = {"changes", "change", "change", "~-", "~+"},
	[WOULD_BLOCK] = {"would be stopped", "would be stopped", "would_block", "", "! "},
	[WOULD_PASS] = {"would no longer be", "would no longer be", "would_pass", "? ", ""},
};

/* What one side told of the present record. */
struct told {
	char *rule;
	uint64_t time_ns;
	enum tc_priority priority;
	bool stops; /* what went on, while rules enforce */
	struct tc_buffer
		json; /* without identifier and number, which are no part of what is told */
	struct tc_buffer text;
};

struct side {
	struct told *told;
	size_t count, room; /* of room all have buffers */
};

struct example {
	char time[TC_TIMESTAMP_BYTES];
	char *old, *new; /* lines; NULL: that side tells nothing */
};

struct group {
	char *rule;
	uint64_t counts[N_CHANGES], same;
	struct example examples[N_CHANGES][EXAMPLES];
	UT_hash_handle hh;
};

struct replay_diff {
	struct side sides[REPLAY_SIDES];
	struct group *groups;
	uint64_t found;
};

struct replay_diff *replay_diff_new(void)
{
	return calloc(1, sizeof(struct replay_diff));
}

static void group_free(struct group *group)
{
	for (unsigned change = 0; change < N_CHANGES; change++)
		for (unsigned i = 0; i < EXAMPLES; i++) {
			free(group->examples[change][i].old);
			free(group->examples[change][i].new);
		}
	free(group->rule);
	free(group);
}

void replay_diff_free(struct replay_diff *diff)
{
	struct group *group, *next;

	if (!diff)
		return;
	HASH_ITER (hh, diff->groups, group, next) {
		HASH_DELETE(hh, diff->groups, group);
		group_free(group);
	}
	for (unsigned side = 0; side < REPLAY_SIDES; side++) {
		for (size_t i = 0; i < diff->sides[side].room; i++) {
			free(diff->sides[side].told[i].rule);
			tc_buffer_done(&diff->sides[side].told[i].json);
			tc_buffer_done(&diff->sides[side].told[i].text);
		}
		free(diff->sides[side].told);
	}
	free(diff);
}

/* --- one record --- */

void *replay_diff_side(struct replay_diff *diff, enum replay_side side)
{
	return &diff->sides[side];
}

static int make_room(struct side *side)
{
	struct told *told;

	if (side->count < side->room)
		return 0;
	told = realloc(side->told, (side->room + 1) * sizeof(*told));
	if (!told)
		return -ENOMEM;
	side->told = told;
	side->told[side->room++] = (struct told){0};
	return 0;
}

/* The rule stops what this event tells of, which nobody did then. */
static bool would_stop(const struct tc_alert *alert)
{
	return alert->rule->action != TC_ACTION_ALERT &&
	       alert->event->record->verdict < TC_VERDICT_BLOCKED &&
	       tc_refuse_can(alert->event->kind->kind, alert->rule->action);
}

int replay_diff_take(void *context, const struct tc_alert *alert)
{
	struct side *side = context;
	struct tc_alert bare = *alert;
	struct told *told;

	/* What the agent said of itself is the same on both sides. */
	if (!alert->rule)
		return 0;
	if (make_room(side) < 0)
		return -ENOMEM;
	told = &side->told[side->count++];
	free(told->rule);
	told->rule = strdup(alert->rule->name);
	told->time_ns = alert->time_ns;
	told->priority = alert->rule->priority;
	told->stops = would_stop(alert);
	bare.seq = 0;
	bare.uuid[0] = '\0';
	tc_buffer_reset(&told->json);
	tc_buffer_reset(&told->text);
	tc_format_json(&bare, &told->json);
	tc_alert_text(&bare, &told->text);
	return !told->rule || tc_buffer_failed(&told->json) || tc_buffer_failed(&told->text)
		       ? -ENOMEM
		       : 0;
}

static struct group *group_of(struct replay_diff *diff, const char *rule)
{
	struct group *group;

	HASH_FIND_STR(diff->groups, rule, group);
	if (group)
		return group;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->rule = strdup(rule);
	if (group->rule)
		HASH_ADD_KEYPTR(hh, diff->groups, group->rule, strlen(group->rule), group);
	if (!group->rule || !group->hh.tbl) {
		group_free(group);
		return NULL;
	}
	return group;
}

/* The line for people; where old and new read alike, what else differs is in the JSON. */
static char *line_of(const struct told *told, const struct told *other)
{
	_cleanup_buffer_ struct tc_buffer line = {0};
	bool alike = other && told->priority == other->priority &&
		     strcmp(told->text.bytes ?: "", other->text.bytes ?: "") == 0;

	tc_buffer_printf(&line, "%s: ", tc_priority_name(told->priority));
	tc_buffer_add(&line, alike ? told->json.bytes : told->text.bytes,
		      alike ? told->json.length : told->text.length);
	return tc_buffer_failed(&line) ? NULL : strdup(line.bytes);
}

static int note(struct replay_diff *diff, enum change change, const struct told *old,
		const struct told *new)
{
	const struct told *either = old ?: new;
	struct group *group = group_of(diff, either->rule);
	struct example *example;
	uint64_t number;

	if (!group)
		return -ENOMEM;
	/* What rules would stop differs only where they tell something else. */
	diff->found += change <= CHANGES;
	number = group->counts[change]++;
	if (number >= EXAMPLES)
		return 0;
	example = &group->examples[change][number];
	tc_timestamp_utc(either->time_ns, example->time);
	example->old = old ? line_of(old, new) : NULL;
	example->new = new ? line_of(new, old) : NULL;
	return (old && !example->old) || (new && !example->new) ? -ENOMEM : 0;
}

static int note_same(struct replay_diff *diff, const struct told *told)
{
	struct group *group = group_of(diff, told->rule);

	if (!group)
		return -ENOMEM;
	group->same++;
	return 0;
}

static const struct told *find(const struct side *side, const char *rule)
{
	for (size_t i = 0; i < side->count; i++)
		if (strcmp(side->told[i].rule, rule) == 0)
			return &side->told[i];
	return NULL;
}

static int compare_both(struct replay_diff *diff, const struct told *old, const struct told *new)
{
	if (old->json.length == new->json.length &&
	    memcmp(old->json.bytes, new->json.bytes, old->json.length) == 0)
		return note_same(diff, old);
	return note(diff, CHANGES, old, new);
}

static bool stops(const struct side *side)
{
	for (size_t i = 0; i < side->count; i++)
		if (side->told[i].stops)
			return true;
	return false;
}

/* Each rule of one side that would stop what no rule of the other would. */
static int compare_stops(struct replay_diff *diff)
{
	const struct side *old_side = &diff->sides[REPLAY_OLD];
	const struct side *new_side = &diff->sides[REPLAY_NEW];
	bool before = stops(old_side), after = stops(new_side);
	int error = 0;

	for (size_t i = 0; after && !before && i < new_side->count && error == 0; i++)
		if (new_side->told[i].stops)
			error = note(diff, WOULD_BLOCK, NULL, &new_side->told[i]);
	for (size_t i = 0; before && !after && i < old_side->count && error == 0; i++)
		if (old_side->told[i].stops)
			error = note(diff, WOULD_PASS, &old_side->told[i], NULL);
	return error;
}

int replay_diff_compare(struct replay_diff *diff)
{
	struct side *old_side = &diff->sides[REPLAY_OLD], *new_side = &diff->sides[REPLAY_NEW];
	int error = 0;

	for (size_t i = 0; i < old_side->count && error == 0; i++) {
		const struct told *old = &old_side->told[i], *new = find(new_side, old->rule);

		error = new ? compare_both(diff, old, new) : note(diff, VANISHES, old, NULL);
	}
	for (size_t i = 0; i < new_side->count && error == 0; i++)
		if (!find(old_side, new_side->told[i].rule))
			error = note(diff, APPEARS, NULL, &new_side->told[i]);
	if (error == 0)
		error = compare_stops(diff);
	old_side->count = new_side->count = 0;
	return error;
}

bool replay_diff_found(const struct replay_diff *diff)
{
	return diff->found > 0;
}

/* --- printing --- */

static int by_name(struct group *a, struct group *b)
{
	return strcmp(a->rule, b->rule);
}

static bool differs(const struct group *group)
{
	return group->counts[APPEARS] || group->counts[VANISHES] || group->counts[CHANGES];
}

static void put_example(struct tc_buffer *text, enum change change, const struct example *example)
{
	if (example->old)
		tc_buffer_printf(text, "  %s %s %s\n", changes[change].old, example->time,
				 example->old);
	if (example->new)
		tc_buffer_printf(text, "  %s %s %s\n", changes[change].new, example->time,
				 example->new);
}

static void put_group(struct tc_buffer *text, const struct group *group, bool colour)
{
	tc_buffer_add_string(text, colour ? "\033[1m" : "");
	tc_text_sanitize(text, group->rule, strlen(group->rule));
	tc_buffer_add_string(text, colour ? "\033[0m:" : ":");
	for (unsigned change = 0; change < N_CHANGES; change++) {
		uint64_t count = group->counts[change];

		if (count)
			tc_buffer_printf(text, " %" PRIu64 " %s,", count,
					 count == 1 ? changes[change].word
						    : changes[change].plural);
	}
	tc_buffer_printf(text, " %" PRIu64 " the same\n", group->same);
	for (unsigned change = 0; change < N_CHANGES; change++)
		for (unsigned i = 0; i < EXAMPLES && i < group->counts[change]; i++)
			put_example(text, change, &group->examples[change][i]);
}

static void put_json_group(struct tc_json *json, const struct group *group)
{
	tc_json_object_begin(json);
	tc_json_key(json, "rule");
	tc_json_string(json, group->rule);
	tc_json_key(json, "same");
	tc_json_uint(json, group->same);
	for (unsigned change = 0; change < N_CHANGES; change++) {
		tc_json_key(json, changes[change].key);
		tc_json_uint(json, group->counts[change]);
	}
	tc_json_key(json, "examples");
	tc_json_array_begin(json);
	for (unsigned change = 0; change < N_CHANGES; change++)
		for (unsigned i = 0; i < EXAMPLES && i < group->counts[change]; i++) {
			const struct example *example = &group->examples[change][i];

			tc_json_object_begin(json);
			tc_json_key(json, "change");
			tc_json_string(json, changes[change].key);
			tc_json_key(json, "time");
			tc_json_string(json, example->time);
			tc_json_key(json, "old");
			tc_json_string(json, example->old);
			tc_json_key(json, "new");
			tc_json_string(json, example->new);
			tc_json_object_end(json);
		}
	tc_json_array_end(json);
	tc_json_object_end(json);
}

static void put_json(struct replay_diff *diff, struct tc_buffer *text)
{
	_cleanup_json_ struct tc_json json = {.buffer = text};
	struct group *group, *next;

	tc_json_object_begin(&json);
	tc_json_key(&json, "differences");
	tc_json_uint(&json, diff->found);
	tc_json_key(&json, "rules");
	tc_json_array_begin(&json);
	HASH_ITER (hh, diff->groups, group, next)
		if (differs(group))
			put_json_group(&json, group);
	tc_json_array_end(&json);
	tc_json_object_end(&json);
	tc_buffer_add_char(text, '\n');
}

int replay_diff_print(struct replay_diff *diff, bool json, bool colour, FILE *stream)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct group *group, *next;

	HASH_SORT(diff->groups, by_name);
	if (json) {
		put_json(diff, &text);
	} else {
		HASH_ITER (hh, diff->groups, group, next)
			if (differs(group))
				put_group(&text, group, colour);
		if (!diff->found)
			tc_buffer_add_string(&text, "no difference\n");
	}
	if (tc_buffer_failed(&text))
		return -ENOMEM;
	fwrite(text.bytes, 1, text.length, stream);
	return 0;
}
