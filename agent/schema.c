/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expands the schema rows into tables, and joins rows of one field name into one field.
 */
#include "agent/schema.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "agent/event.h"
#include "agent/nearest.h"
#include "agent/words.h"

#define TC_KINDS_ALL (~0ULL)

/* --- members: one flat table; each kind owns a run of it --- */

static const struct tc_member header_members[] = {
#define TC_HEADER(wire, member, show, name, doc)                                                   \
	{#member, name, doc, TC_W_##wire, TC_SHOW_##show, offsetof(struct tc_record, member)},
#include "schema/header.def"
#undef TC_HEADER
};

#define TC_EVENT(name, number, family, traits, syscalls, doc)                                      \
	static const struct tc_member name##_members[] = {
#define TC_FIELD(event, wire, member, show, name, doc)                                             \
	{#member, name, doc, TC_W_##wire, TC_SHOW_##show, offsetof(struct tc_##event, member)},
#define TC_END(event)                                                                              \
	}                                                                                          \
	;                                                                                          \
	static_assert(sizeof(struct tc_##event) <= TC_FIXED_MAX, #event " is too large");
#include "schema/events.def"

/* --- kinds --- */

/* Kinds that have an actor: a task that did it. The agent's own have none. */
enum {
	KINDS_ACTOR = TC_KINDS_ALL & ~(0ULL
#define TC_EVENT(name, number, family, traits, syscalls, doc)                                      \
	| ((traits)&TC_TRAIT_AGENT ? TC_KIND_BIT(number) : 0ULL)
#include "schema/events.def"
				       ),
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct tc_kind_info kind_infos[TC_KIND_LIMIT] = {
#define TC_EVENT(name_, number, family_, traits_, syscalls_, doc_)                                 \
	[number] = {.kind = TC_KIND_##name_,                                                       \
		    .name = #name_,                                                                \
		    .family = #family_,                                                            \
		    .syscalls = syscalls_,                                                         \
		    .doc = doc_,                                                                   \
		    .traits = traits_,                                                             \
		    .fixed_size = sizeof(struct tc_##name_),                                       \
		    .n_members = COUNT(name_##_members),                                           \
		    .members = name_##_members},
#include "schema/events.def"
};

const struct tc_kind_info *tc_kind_info(uint32_t kind)
{
	if (kind >= TC_KIND_LIMIT || !kind_infos[kind].name)
		return NULL;
	return &kind_infos[kind];
}

const struct tc_kind_info *tc_kind_by_name(const char *name)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kind_infos[kind].name && strcmp(kind_infos[kind].name, name) == 0)
			return &kind_infos[kind];
	return NULL;
}

uint64_t tc_kinds_all(void)
{
	static const uint64_t kinds = 0
#define TC_EVENT(name, number, family, traits, syscalls, doc) | TC_KIND_BIT(number)
#include "schema/events.def"
		;

	return kinds;
}

uint64_t tc_kinds_with(uint32_t traits)
{
	uint64_t kinds = 0;

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kind_infos[kind].traits & traits)
			kinds |= TC_KIND_BIT(kind);
	return kinds;
}

uint64_t tc_kinds_of_syscall(const char *syscall)
{
	size_t length = strlen(syscall);
	uint64_t kinds = 0;

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = &kind_infos[kind];

		/* evt.type is the kind's own name where no system call led to the event. */
		if (info->name && (tc_words_have(info->syscalls, syscall, length) ||
				   strcmp(info->name, syscall) == 0))
			kinds |= TC_KIND_BIT(kind);
	}
	return kinds ? kinds : tc_kinds_all();
}

const struct tc_member *tc_header_members(unsigned *ret_count)
{
	*ret_count = COUNT(header_members);
	return header_members;
}

/* --- shows and types --- */

static const struct {
	enum tc_type type;
	const char *doc;
} show_rows[TC_SHOW_MAX] = {
#define TC_SHOW(show, type, doc) [TC_SHOW_##show] = {TC_TYPE_##type, doc},
#include "schema/shows.def"
#undef TC_SHOW
};

enum tc_type tc_show_type(enum tc_show show)
{
	return show_rows[show].type;
}

const char *tc_show_doc(enum tc_show show)
{
	return show_rows[show].doc;
}

const char *tc_type_name(enum tc_type type)
{
	static const char *const names[TC_TYPE_MAX] = {
		[TC_TYPE_NONE] = "nothing",	   [TC_TYPE_UINT] = "unsigned number",
		[TC_TYPE_INT] = "number",	   [TC_TYPE_BOOL] = "boolean",
		[TC_TYPE_STRING] = "string",	   [TC_TYPE_LIST] = "list of strings",
		[TC_TYPE_IP] = "internet address",
	};

	return type < TC_TYPE_MAX ? names[type] : "?";
}

/* --- fields --- */

/* One source of a field: a member, an alias, a constant, or a getter. */
enum source_how { SOURCE_MEMBER, SOURCE_CONST, SOURCE_GETTER, SOURCE_NEVER };

struct source {
	const char *name;
	const char *doc;
	const char *member;
	uint64_t kinds;
	enum source_how how;
	enum tc_show show;
	uint32_t flags;
	bool value;
	tc_field_getter get;
};

#define TC_DERIVED(name, show, flags, kinds, getter, doc)                                          \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value);
#include "schema/derived.def"
#undef TC_DERIVED

static const struct source sources[] = {
#define TC_HEADER(wire, member_, show_, name_, doc_)                                               \
	{.name = name_,                                                                            \
	 .doc = doc_,                                                                              \
	 .member = #member_,                                                                       \
	 .kinds = TC_KINDS_ALL,                                                                    \
	 .how = SOURCE_MEMBER,                                                                     \
	 .show = TC_SHOW_##show_},
#include "schema/header.def"
#undef TC_HEADER
#define TC_FIELD(event, wire, member_, show_, name_, doc_)                                         \
	{.name = name_,                                                                            \
	 .doc = doc_,                                                                              \
	 .member = #member_,                                                                       \
	 .kinds = TC_KIND_BIT(TC_KIND_##event),                                                    \
	 .how = SOURCE_MEMBER,                                                                     \
	 .show = TC_SHOW_##show_},
#define TC_ALIAS(event, member_, name_)                                                            \
	{.name = name_,                                                                            \
	 .member = #member_,                                                                       \
	 .kinds = TC_KIND_BIT(TC_KIND_##event),                                                    \
	 .how = SOURCE_MEMBER,                                                                     \
	 .show = TC_SHOW_MAX},
#define TC_CONST(event, name_, value_)                                                             \
	{.name = name_,                                                                            \
	 .doc = "The same for all events of a kind.",                                              \
	 .kinds = TC_KIND_BIT(TC_KIND_##event),                                                    \
	 .how = SOURCE_CONST,                                                                      \
	 .show = TC_SHOW_yes,                                                                      \
	 .value = value_},
#include "schema/events.def"
#define TC_DERIVED(name_, show_, flags_, kinds_, getter_, doc_)                                    \
	{.name = #name_,                                                                           \
	 .doc = doc_,                                                                              \
	 .kinds = kinds_,                                                                          \
	 .how = SOURCE_GETTER,                                                                     \
	 .show = TC_SHOW_##show_,                                                                  \
	 .flags = flags_,                                                                          \
	 .get = getter_},
#include "schema/derived.def"
#undef TC_DERIVED
#define TC_NEVER(name_, show_, why_)                                                               \
	{.name = name_, .doc = why_, .how = SOURCE_NEVER, .show = TC_SHOW_##show_},
#include "schema/never.def"
#undef TC_NEVER
};

static struct tc_field fields[COUNT(sources)];
static unsigned n_fields;
static struct tc_field *fields_by_name[COUNT(sources)];
static pthread_once_t fields_once = PTHREAD_ONCE_INIT;

static struct tc_field *field_find(const char *name)
{
	for (unsigned id = 0; id < n_fields; id++)
		if (strcmp(fields[id].name, name) == 0)
			return &fields[id];
	return NULL;
}

static const struct tc_member *member_find(const struct tc_member *members, unsigned count,
					   const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(members[i].member, name) == 0)
			return &members[i];
	return NULL;
}

static void field_add_members(struct tc_field *field, const struct source *source, uint64_t kinds)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = &kind_infos[kind];
		const struct tc_member *member;

		if (!info->name || !(kinds & TC_KIND_BIT(kind)))
			continue;
		member = member_find(info->members, info->n_members, source->member);
		if (!member)
			member = member_find(header_members, COUNT(header_members), source->member);
		assert(member && !field->member[kind]);
		field->member[kind] = member;
		field->show = member->show;
	}
}

static void field_add(const struct source *source)
{
	struct tc_field *field = field_find(source->name);
	uint64_t kinds = source->kinds & tc_kinds_all();

	if (!field) {
		field = &fields[n_fields];
		*field = (struct tc_field){
			.name = source->name, .show = source->show, .id = (uint16_t)n_fields};
		fields_by_name[n_fields++] = field;
	}
	if (!field->doc)
		field->doc = source->doc;
	field->flags |= source->flags;
	field->kinds |= kinds;

	switch (source->how) {
	case SOURCE_MEMBER:
		field_add_members(field, source, kinds);
		break;
	case SOURCE_CONST:
		field->const_kinds |= kinds;
		field->const_values |= source->value ? kinds : 0;
		break;
	case SOURCE_GETTER:
		field->get = source->get;
		field->get_kinds = kinds;
		field->show = source->show;
		break;
	case SOURCE_NEVER:
		break;
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct tc_field *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* For a name that only aliases give. */
static const char *first_member_doc(const struct tc_field *field)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (field->member[kind])
			return field->member[kind]->doc;
	return "";
}

static void fields_build(void)
{
	for (size_t i = 0; i < COUNT(sources); i++)
		if (sources[i].name[0])
			field_add(&sources[i]);

	for (unsigned id = 0; id < n_fields; id++) {
		struct tc_field *field = &fields[id];

		field->type = tc_show_type(field->show);
		if (!field->doc)
			field->doc = first_member_doc(field);
		if (field->const_kinds && field->const_kinds == field->kinds)
			field->flags |= TC_FIELD_CONSTANT;
	}
	qsort(fields_by_name, n_fields, sizeof(fields_by_name[0]), compare_names);
}

unsigned tc_field_count(void)
{
	pthread_once(&fields_once, fields_build);
	return n_fields;
}

const struct tc_field *tc_field_at(unsigned id)
{
	return id < tc_field_count() ? &fields[id] : NULL;
}

const struct tc_field *tc_field_by_name(const char *name, size_t length)
{
	size_t low = 0, high = tc_field_count();

	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *candidate = fields_by_name[middle]->name;
		int order = strncmp(name, candidate, length);

		if (order == 0 && candidate[length])
			order = -1;
		if (order == 0)
			return fields_by_name[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool tc_field_is_family(const struct tc_field *field)
{
	return field->name[strlen(field->name) - 1] == '.';
}

const struct tc_field *tc_field_family(const char *name, size_t length)
{
	while (length && name[length - 1] != '.')
		length--;
	/* A family of families: evt.arg.x.y belongs to evt.arg. too. */
	for (; length; length--) {
		const struct tc_field *field =
			name[length - 1] == '.' ? tc_field_by_name(name, length) : NULL;

		if (field)
			return field;
	}
	return NULL;
}

const struct tc_either *tc_either_by_name(const char *name)
{
	static const struct tc_either rows[] = {
#define TC_EITHER(name_, one_, other_, doc_) {name_, one_, other_, doc_},
#include "schema/either.def"
#undef TC_EITHER
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

const char *tc_field_nearest(const char *name, size_t length)
{
	struct tc_nearest nearest = {.word = name, .length = length};

	for (unsigned id = 0; id < tc_field_count(); id++)
		if (!tc_field_is_family(&fields[id]))
			tc_nearest_offer(&nearest, fields[id].name);
	return nearest.best;
}
