/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/author.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/author_parts.h"
#include "agent/decode.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-01-01 00:00:00 UTC is when the processes of a story started. */
#define STORY_REAL_NS 1767225600000000000LL

/* Fields that state for somebody else what `as` states for the actor. */
static const struct {
	const char *name;
	enum tc_person person;
	const char *as;
} person_rows[] = {
	{"proc.ppid", 1, "proc.pid"},
	{"proc.pname", 1, "proc.name"},
	{"proc.pexe", 1, "proc.exe"},
	{"proc.pexepath", 1, "proc.exepath"},
	{"proc.pcmdline", 1, "proc.cmdline"},
	{"proc.pexeline", 1, "proc.exeline"},
	{"proc.pargs", 1, "proc.args"},
	{"proc.pvpid", 1, "proc.vpid"},
	{"proc.aname", TC_PERSON_BY_INDEX, "proc.name"},
	{"proc.apid", TC_PERSON_BY_INDEX, "proc.pid"},
	{"proc.aexe", TC_PERSON_BY_INDEX, "proc.exe"},
	{"proc.aexepath", TC_PERSON_BY_INDEX, "proc.exepath"},
	{"proc.acmdline", TC_PERSON_BY_INDEX, "proc.cmdline"},
	{"target.pid", TC_PERSON_TARGET, "proc.pid"},
	{"target.name", TC_PERSON_TARGET, "proc.name"},
	{"target.exe", TC_PERSON_TARGET, "proc.exe"},
	{"target.exepath", TC_PERSON_TARGET, "proc.exepath"},
	{"target.args", TC_PERSON_TARGET, "proc.args"},
	{"target.cmdline", TC_PERSON_TARGET, "proc.cmdline"},
	{"target.pname", TC_PERSON_TARGET_PARENT, "proc.name"},
};

int tc_author_new(struct tc_author **ret_author)
{
	struct tc_author *author = calloc(1, sizeof(*author));

	if (!author)
		return -ENOMEM;
	if (tc_event_init(&author->event) < 0 || tc_author_begin(author) < 0) {
		tc_author_free(author);
		return -ENOMEM;
	}
	*ret_author = author;
	return 0;
}

void tc_author_free(struct tc_author *author)
{
	if (!author)
		return;
	tc_event_done(&author->event);
	tc_world_done(&author->world);
	tc_buffer_done(&author->text);
	free(author->told);
	free(author);
}

int tc_author_begin(struct tc_author *author)
{
	struct tc_world *world = &author->world;
	int error;

	if (world->processes)
		tc_world_done(world);
	error = tc_world_init(world);
	if (error < 0)
		return error;
	world->clock.real_minus_boot_ns = STORY_REAL_NS - (int64_t)TC_PLAIN_START_NS;
	world->host.mnt = TC_PLAIN_MNT_NS;
	world->host.net = TC_PLAIN_NET_NS;
	snprintf(world->hostname, sizeof(world->hostname), "test");
	author->n_events = 0;
	author->n_cgroups = 0;
	return tc_users_read(world->users, "root:x:0:\n", "root:x:0:\n");
}

/* --- what was stated --- */

int tc_author_refuse(struct tc_author *author, size_t statement, const char *format, ...)
{
	va_list args;

	author->fault->statement = statement;
	va_start(args, format);
	vsnprintf(author->fault->message, sizeof(author->fault->message), format, args);
	va_end(args);
	return -EINVAL;
}

/* What was stated of a person, NULL for nothing. */
const struct tc_statement *tc_author_find(const struct tc_author *author, enum tc_person person,
					  const char *as)
{
	for (size_t i = 0; i < author->n_statements; i++)
		if (author->told[i].person == person && strcmp(author->told[i].as, as) == 0)
			return &author->statements[i];
	return NULL;
}

/* The same, with a value. */
const struct tc_value *tc_author_value(const struct tc_author *author, enum tc_person person,
				       const char *as)
{
	const struct tc_statement *statement = tc_author_find(author, person, as);

	return statement && statement->value.type != TC_TYPE_NONE ? &statement->value : NULL;
}

/* What was stated of the event itself. */
const struct tc_value *tc_author_own(const struct tc_author *author, const char *name)
{
	return tc_author_value(author, TC_PERSON_ACTOR, name);
}

bool tc_author_is_word(const struct tc_value *value, const char *word)
{
	return value->type == TC_TYPE_STRING && value->length == strlen(word) &&
	       memcmp(value->bytes, word, value->length) == 0;
}

bool tc_author_same(const struct tc_value *a, const struct tc_value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case TC_TYPE_NONE:
		return true;
	case TC_TYPE_UINT:
	case TC_TYPE_INT:
		return a->uint == b->uint;
	case TC_TYPE_BOOL:
		return a->yes == b->yes;
	default:
		return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
	}
}

static int understand(struct tc_author *author, const struct tc_kind_info *kind)
{
	free(author->told);
	author->told = calloc(author->n_statements + 1, sizeof(*author->told));
	if (!author->told)
		return -ENOMEM;
	for (size_t i = 0; i < author->n_statements; i++) {
		const struct tc_statement *statement = &author->statements[i];
		struct tc_told *told = &author->told[i];
		const char *name = statement->field->name;

		*told = (struct tc_told){.person = TC_PERSON_ACTOR, .as = name};
		if (!(statement->field->kinds & TC_KIND_BIT(kind->kind)) &&
		    statement->value.type != TC_TYPE_NONE)
			return tc_author_refuse(author, i, "events of kind %s have no %s",
						kind->name, name);
		if (statement->index < 0)
			told->member = statement->field->member[kind->kind];
		for (size_t row = 0; row < COUNT(person_rows); row++) {
			if (strcmp(person_rows[row].name, name) != 0)
				continue;
			told->as = person_rows[row].as;
			told->person = person_rows[row].person != TC_PERSON_BY_INDEX
					       ? person_rows[row].person
					       : (enum tc_person)statement->index;
		}
		if (statement->index > TC_ANCESTORS_MAX &&
		    !(statement->field->flags & TC_FIELD_NAMED))
			return tc_author_refuse(author, i, "no more than %d ancestors are kept",
						TC_ANCESTORS_MAX);
	}
	return 0;
}

/* --- the event --- */

/* What records and tables lead to must be what was stated; where it is not, the statement wins. */
static int insist(struct tc_author *author, size_t i)
{
	const struct tc_statement *statement = &author->statements[i];
	const struct tc_field *field = statement->field;
	struct tc_event *event = &author->event;
	uint64_t kind = TC_KIND_BIT(event->kind->kind);
	struct tc_value found;

	if (author->told[i].member && statement->value.type != TC_TYPE_NONE)
		return 0;
	tc_event_get(event, field, statement->index, &found);
	if (tc_author_same(&found, &statement->value))
		return 0;
	if (field->const_kinds & kind)
		return tc_author_refuse(author, i, "%s is always %s in events of kind %s",
					field->name, field->const_values & kind ? "true" : "false",
					event->kind->name);
	if (statement->index >= 0 && !(field->flags & TC_FIELD_NAMED))
		return tc_author_refuse(author, i, "%s[%d] cannot be stated alone", field->name,
					statement->index);
	return tc_event_set(event, field, statement->index, &statement->value);
}

/* Numbers on the wire that nobody stated and that cannot say so themselves. */
static void forget_unknown(struct tc_author *author)
{
	const struct tc_draft *draft = &author->draft;
	const struct tc_value none = {0};

	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);
		const struct tc_member *member = field->member[draft->kind->kind];

		if (member && tc_draft_lacks(draft, member))
			tc_event_set(&author->event, field, -1, &none);
	}
}

int tc_author_tell(struct tc_author *author, const struct tc_kind_info *kind,
		   const struct tc_statement *statements, size_t n_statements,
		   struct tc_event **ret_event, struct tc_author_fault *ret_fault)
{
	struct tc_decode_error error;
	int r;

	*ret_fault = (struct tc_author_fault){0};
	author->fault = ret_fault;
	author->statements = statements;
	author->n_statements = n_statements;
	tc_draft_begin(&author->draft, kind);
	r = understand(author, kind);
	if (r == 0)
		r = tc_author_write_record(author);
	if (r == 0)
		r = tc_author_add_people(author);
	if (r < 0)
		return r;
	r = tc_decode(author->draft.bytes, author->draft.header.size, &author->event, &error);
	if (r < 0)
		return tc_author_refuse(author, 0, "the record cannot be: %s", error.reason);
	r = tc_world_enrich(&author->world, &author->event);
	if (r < 0)
		return r;
	author->n_events++;
	forget_unknown(author);
	for (size_t i = 0; i < n_statements && r == 0; i++)
		r = insist(author, i);
	*ret_event = &author->event;
	return r;
}

static bool is_stated(const struct tc_author *author, const struct tc_field *field)
{
	for (size_t i = 0; i < author->n_statements; i++)
		if (author->statements[i].field == field)
			return true;
	return false;
}

void tc_author_forget_unstated(struct tc_author *author)
{
	uint64_t kind = TC_KIND_BIT(author->event.kind->kind);
	const struct tc_value none = {0};

	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);
		bool by_kind = field->const_kinds & kind || !strcmp(field->name, "evt.kind");

		if (!by_kind && !is_stated(author, field))
			tc_event_set(&author->event, field, -1, &none);
	}
}

void tc_author_settle(struct tc_author *author)
{
	tc_world_settle(&author->world, &author->event);
}
