/* SPDX-License-Identifier: Apache-2.0 */
/* A hook played on the host: what the probes decide about an event by the tables of decide.h. */
#ifndef TOCSIN_TESTS_RULES_HOOK_H
#define TOCSIN_TESTS_RULES_HOOK_H

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/enrich/world.h"
#include "agent/event.h"
#include "probes/lib/classify.h"

/* What a hook decided. */
struct hook_verdict {
	bool sent;
	uint32_t term; /* TC_TERM_NONE: none holds */
	bool enforces, is_doubtful;
	struct tc_decision decision;
};

struct hook {
	const struct tc_tables *tables;
	struct tc_event *event;
	struct tc_task_facts facts;
	struct tc_value exe;
	struct tc_decision decision;
};

/* A string as it lies in a slot, or in a value that was made of one. */
struct hook_string {
	const char *bytes;
	uint32_t length;
	bool present, doubtful;
};

static inline bool hook_is_directory(const struct hook *hook)
{
	const struct tc_kind_info *kind = hook->event->kind;

	for (unsigned i = 0; i < kind->n_members; i++)
		if (strcmp(kind->members[i].member, "type") == 0)
			return S_ISDIR(*(const uint32_t *)((const char *)hook->event->record +
							   kind->members[i].offset));
	return false;
}

/* Cuts a path to its directory or its name, as decide.h says it. */
static inline void hook_view(const struct hook *hook, const struct tc_look *look,
			     struct hook_string *string)
{
	const char *slash = string->present && !string->doubtful && look->view != TC_VIEW_WHOLE
				    ? memrchr(string->bytes, '/', string->length)
				    : NULL;
	bool is_directory = hook_is_directory(hook);

	if (look->view == TC_VIEW_WHOLE || !string->present || string->doubtful)
		return;
	if (!slash || (is_directory && look->view == TC_VIEW_FILENAME)) {
		string->present = false;
	} else if (look->view == TC_VIEW_FILENAME) {
		string->length -= (uint32_t)(slash + 1 - string->bytes);
		string->bytes = slash + 1;
	} else if (!is_directory) {
		string->length = slash == string->bytes ? 1 : (uint32_t)(slash - string->bytes);
	}
}

static inline void hook_look_string(struct hook *hook, const struct tc_look *look,
				    struct hook_string string)
{
	const struct tc_tables *t = hook->tables;
	struct tc_decision *d = &hook->decision;
	uint32_t state = t->automata[look->automaton].start, found;

	hook_view(hook, look, &string);
	if (!string.present) {
		tc_look_absent(t, look, d);
		return;
	}
	if (string.doubtful) {
		tc_look_doubt(t, look, d);
		return;
	}
	tc_string_begin(d);
	for (uint32_t i = 0; i < string.length;) {
		i += tc_string_run(t, look->automaton, &state, (const __u8 *)string.bytes + i,
				   string.length - i, 64);
		found = tc_string_found(t, look->automaton, state);
		if (found)
			tc_find(t, look, found, d);
	}
	tc_find(t, look, tc_string_last(t, look->automaton, state), d);
	tc_string_end(t, look, d);
}

static inline struct hook_string hook_slot(const struct tc_event *event, const struct tc_slot *slot)
{
	return (struct hook_string){
		.bytes = (const char *)event->record + slot->offset,
		.length = slot->stored,
		.present = slot->flags & TC_SLOT_PRESENT,
		.doubtful = slot->flags & (TC_SLOT_CUT | TC_SLOT_UNREADABLE),
	};
}

static inline void hook_look_address(struct hook *hook, const struct tc_look *look,
				     const struct tc_slot *slot)
{
	const unsigned char *bytes = (const unsigned char *)hook->event->record + slot->offset;
	uint64_t high = 0, low = 0;

	if (!(slot->flags & TC_SLOT_PRESENT) || slot->stored != TC_IP_BYTES) {
		tc_look_absent(hook->tables, look, &hook->decision);
		return;
	}
	for (unsigned i = 0; i < 8; i++) {
		high = high << 8 | bytes[i];
		low = low << 8 | bytes[8 + i];
	}
	tc_look_span(hook->tables, look, high, low, &hook->decision);
}

static inline void hook_look_number(struct hook *hook, const struct tc_look *look,
				    const char *place)
{
	uint64_t number = 0;

	memcpy(&number, place, look->bytes);
	tc_look_number(hook->tables, look, number, &hook->decision);
}

static inline void hook_look(struct hook *hook, const struct tc_look *look, const void *base)
{
	const char *place = (const char *)base + look->offset;

	switch (look->of) {
	case TC_LOOK_NUMBER:
		hook_look_number(hook, look, place);
		break;
	case TC_LOOK_ADDRESS:
		hook_look_address(hook, look, (const struct tc_slot *)(const void *)place);
		break;
	case TC_LOOK_SLOT:
		hook_look_string(
			hook, look,
			hook_slot(hook->event, (const struct tc_slot *)(const void *)place));
		break;
	case TC_LOOK_COMM:
		hook_look_string(hook, look,
				 (struct hook_string){place, (uint32_t)strnlen(place, TC_COMM_MAX),
						      true, false});
		break;
	default:
		hook_look_string(hook, look,
				 (struct hook_string){
					 hook->exe.bytes, hook->exe.length,
					 hook->exe.type != TC_TYPE_NONE,
					 hook->exe.flags & (TC_VALUE_CUT | TC_VALUE_UNREADABLE)});
		break;
	}
}

static inline void hook_list(struct hook *hook, const struct tc_look_list *list, const void *base)
{
	for (unsigned i = 0; i < list->n; i++)
		hook_look(hook, &hook->tables->looks[list->first + i], base);
}

/* The same of all terms in these words, as it is kept with the task or the inode. */
static inline struct tc_decision hook_kept(struct hook *hook, struct tc_range words,
					   const struct tc_look_list *list, const void *base)
{
	const struct tc_decision before = hook->decision;
	struct tc_decision kept;

	hook->decision = (struct tc_decision){.words = words};
	memset(&hook->decision.left, 0xff, sizeof(hook->decision.left));
	hook_list(hook, list, base);
	kept = hook->decision;
	hook->decision = before;
	return kept;
}

static inline void hook_keep(struct tc_decision *d, const struct tc_decision *kept)
{
	tc_keep(d->words, &d->left, &kept->left);
	tc_add(d->words, &d->doubtful, &kept->doubtful);
}

/*
 * Decides about an event by tables. The task is what the record's header says; its executable is
 * the event's proc.exepath. cgroup is what the agent said of its cgroup, NULL: nothing yet.
 */
/* What is not read is 0. */
static inline void hook_read_facts(struct hook *hook, const struct tc_record *record)
{
	const uint16_t asked = hook->tables->facts;

	if (asked & TC_FACTS_IDS) {
		hook->facts.euid = record->euid;
		hook->facts.uid = record->uid;
		hook->facts.egid = record->egid;
	}
	if (asked & TC_FACTS_NAMESPACES) {
		hook->facts.mnt_ns = record->mnt_ns;
		hook->facts.pid_ns = record->pid_ns;
	}
	if (asked & TC_FACTS_USER_NS)
		hook->facts.user_ns = record->user_ns;
	if (asked & TC_FACTS_COMM)
		hook->facts.comm = record->comm;
	if (asked & TC_FACTS_EXE)
		tc_event_get(hook->event, tc_field_by_name("proc.exepath", 12), -1, &hook->exe);
}

/* Whether task and cgroup alone leave nothing. */
static inline bool hook_is_vain(const struct tc_tables *tables, const struct tc_kind_table *kind,
				const struct tc_terms *task, const struct tc_terms *cgroup)
{
	struct tc_terms left = *tc_row(tables, kind->wanted);

	if (!kind->all_ask)
		return false;
	tc_keep(kind->words, &left, task);
	tc_keep(kind->words, &left, cgroup ? cgroup : tc_row(tables, tables->cgroup_unknown));
	return !tc_meet_any(kind->words, &left, &left);
}

static inline struct hook_verdict hook_decide(const struct tc_tables *tables,
					      struct tc_event *event, const struct tc_terms *cgroup)
{
	const struct tc_record *record = event->record;
	const struct tc_kind_table *kind = &tables->kinds[record->kind];
	struct hook hook = {.tables = tables, .event = event};
	struct tc_decision *d = &hook.decision, task, path;
	struct hook_verdict verdict = {0};
	uint32_t asks;

	hook_read_facts(&hook, record);
	task = hook_kept(&hook, tables->words, &tables->task, &hook.facts);
	path = hook_kept(&hook, tables->opened, &kind->kept, record);
	d->words = kind->words;
	if (!kind->always && hook_is_vain(tables, kind, &task.left, cgroup))
		return verdict;
	tc_set(d->words, &d->left, tc_row(tables, kind->row));
	if (cgroup)
		tc_keep(d->words, &d->left, cgroup);
	else
		tc_look_unknown_cgroup(tables, d);
	hook_keep(d, &task);
	if (kind->kept.n)
		hook_keep(d, &path);
	hook_list(&hook, &kind->looks, record);
	verdict.term = tc_decide_term(tables, d, &asks);
	verdict.enforces = asks >= TC_ACTION_BLOCK;
	verdict.sent = kind->always || verdict.term != TC_TERM_NONE;
	for (unsigned i = 0; i < TC_TERM_WORDS; i++)
		verdict.is_doubtful |= d->doubtful.words[i] != 0;
	verdict.decision = *d;
	return verdict;
}

#endif
