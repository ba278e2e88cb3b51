/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/kernel/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/names.h"
#include "rules/compile/expression.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *tc_unjudged_text(enum tc_unjudged why)
{
	static const char *const texts[TC_UNJUDGED_MAX] = {
#define TC_UNJUDGED(name, text, hint) [TC_UNJUDGED_##name] = text,
#include "rules/kernel/unjudged.def"
	};

	return texts[why] ? texts[why] : "";
}

const char *tc_unjudged_hint(enum tc_unjudged why)
{
	static const char *const hints[TC_UNJUDGED_MAX] = {
#define TC_UNJUDGED(name, text, hint) [TC_UNJUDGED_##name] = hint,
#include "rules/kernel/unjudged.def"
	};

	return hints[why] ? hints[why] : "";
}

/* --- the task --- */

#define FACT(name, of, wire, show, absent, member)                                                 \
	{                                                                                          \
		name, TC_LOOK_##of, TC_W_##wire, TC_SHOW_##show, absent,                           \
			offsetof(struct tc_task_facts, member)                                     \
	}

/* Fields that are facts about the task, whatever the kind of event. */
static const struct fact {
	const char *name;
	enum tc_look_of of;
	enum tc_wire wire;
	enum tc_show show;
	bool has_absent;
	uint16_t offset;
} facts[] = {
	FACT("user.uid", NUMBER, u32, dec, true, euid),
	FACT("user.ruid", NUMBER, u32, dec, true, uid),
	FACT("group.gid", NUMBER, u32, dec, true, egid),
	FACT("ns.mnt", NUMBER, u32, dec, true, mnt_ns),
	FACT("ns.pid", NUMBER, u32, dec, true, pid_ns),
	FACT("ns.user", NUMBER, u32, dec, true, user_ns),
	FACT("proc.name", COMM, comm, text, false, comm),
	{"proc.exepath", TC_LOOK_EXE, TC_W_slot, TC_SHOW_path, false, 0},
};

static const struct fact *find_fact(const char *name)
{
	for (size_t i = 0; i < COUNT(facts); i++)
		if (strcmp(facts[i].name, name) == 0)
			return &facts[i];
	return NULL;
}

/* --- values made of one member --- */

/* A field whose value the agent makes of some bits of one member; member NULL: of none, while the
 * hook lets the call pass. Sockets have types and results of their own. */
struct tc_single {
	const char *field, *member;
	uint64_t mask;
	bool of_sockets; /* also in kinds with a socket */
};

static const struct tc_single singles[] = {
	{"fd.typechar", "type", S_IFMT, false},
	{"fd.type", "type", S_IFMT, false},
	{"file.type", "type", S_IFMT, false},
	{"evt.is_open_read", "open_flags", O_ACCMODE, false},
	{"fd.num", NULL, 0, false},
	{"evt.res", NULL, 0, false},
	{"evt.rawres", NULL, 0, false},
	{"evt.failed", NULL, 0, false},
	{"evt.dir", NULL, 0, true},
	{"evt.category", NULL, 0, true},
	{"evt.source", NULL, 0, true},
	{"evt.count", NULL, 0, true},
};

static const struct tc_member *find_member(const struct tc_kind_info *info, const char *name)
{
	for (unsigned i = 0; i < info->n_members; i++)
		if (strcmp(info->members[i].member, name) == 0)
			return &info->members[i];
	return NULL;
}

static const struct tc_single *find_single(const struct tc_field *field,
					   const struct tc_kind_info *info)
{
	bool has_socket = find_member(info, "sock_type");

	for (size_t i = 0; i < COUNT(singles); i++) {
		const struct tc_single *single = &singles[i];

		if (strcmp(single->field, field->name) == 0)
			return field->get_kinds & TC_KIND_BIT(info->kind) &&
					       (single->of_sockets || !has_socket)
				       ? single
				       : NULL;
	}
	return NULL;
}

/* --- parts of the path of an opened file --- */

static bool find_view(const char *name, enum tc_view *ret_view)
{
	bool is_name = strcmp(name, "fd.filename") == 0;

	*ret_view = is_name ? TC_VIEW_FILENAME : TC_VIEW_DIRECTORY;
	return is_name || strcmp(name, "fd.directory") == 0;
}

/* --- the cgroup --- */

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

enum tc_cgroup_share tc_subject_cgroup(const struct tc_input *input)
{
	static const char *const of_path[] = {
		"cgroup.id",	     "cgroup.path",	  "cgroup.unit",
		"cgroup.slice",	     "thread.cgroups",	  "container.id",
		"container.full_id", "container.runtime", "container.type",
	};
	const char *name = input->field ? input->field->name : "";

	if (is_one_of(name, of_path, COUNT(of_path)))
		return TC_CGROUP_PATH;
	/* Counts from the container's start. */
	if (strcmp(name, "container.duration") == 0)
		return TC_CGROUP_NOTHING;
	if (strncmp(name, "container.", 10) == 0 || strncmp(name, "k8s.", 4) == 0)
		return TC_CGROUP_FACTS;
	return TC_CGROUP_NOTHING;
}

/* --- where it lies --- */

static bool is_header(const struct tc_member *member)
{
	return member->offset < sizeof(struct tc_record);
}

static uint64_t full_mask(enum tc_wire wire)
{
	switch (wire) {
	case TC_W_u16:
		return UINT16_MAX;
	case TC_W_u32:
		return UINT32_MAX;
	default:
		return UINT64_MAX;
	}
}

static enum tc_look_of look_of(const struct tc_member *member)
{
	if (member->wire == TC_W_comm)
		return TC_LOOK_COMM;
	if (member->wire == TC_W_slot)
		return member->show == TC_SHOW_ip ? TC_LOOK_ADDRESS : TC_LOOK_SLOT;
	return TC_LOOK_NUMBER;
}

/* What an opened file keeps, and its path: looked at once for all who open it. */
static bool is_kept(unsigned kind, const struct tc_member *member)
{
	static const char *const names[] = {"path", "type", "ino", "dev", "magic"};

	return (kind == TC_KIND_open || kind == TC_KIND_open_read) &&
	       is_one_of(member->member, names, COUNT(names));
}

static enum tc_unjudged find_in_member(const struct tc_member *member, unsigned kind,
				       struct tc_subject *subject, struct tc_place *ret_place)
{
	if (member->show == TC_SHOW_args)
		return TC_UNJUDGED_LIST;
	if (is_header(member))
		return TC_UNJUDGED_HEADER;
	subject->of = look_of(member);
	subject->wire = member->wire;
	subject->show = member->show;
	/* An id that is absent is the number -1. */
	subject->has_absent = !subject->single && member->show != TC_SHOW_id &&
			      (member->wire == TC_W_u32 || member->wire == TC_W_s32);
	subject->mask &= full_mask(member->wire);
	*ret_place =
		(struct tc_place){.list = is_kept(kind, member) ? TC_PLACE_KEPT : TC_PLACE_LOOKS,
				  .offset = member->offset};
	return TC_JUDGED;
}

static enum tc_unjudged find_fact_of(const struct fact *fact, struct tc_subject *subject,
				     struct tc_place *ret_place)
{
	subject->is_task = true;
	subject->of = fact->of;
	subject->wire = fact->wire;
	subject->show = fact->show;
	subject->has_absent = fact->has_absent;
	subject->mask &= full_mask(fact->wire);
	*ret_place = (struct tc_place){.list = TC_PLACE_TASK, .offset = fact->offset};
	return TC_JUDGED;
}

static bool is_argument(const char *name)
{
	static const char *const names[] = {
		"proc.args", "proc.cmdline",  "proc.exeline", "proc.cmdargs",
		"proc.exe",  "proc.cmdnargs", "proc.env",     "proc.cmdlenargs",
	};

	return is_one_of(name, names, COUNT(names));
}

/* Whether a name from one of the host's files is asked for. */
static bool is_host_name(const char *name)
{
	static const char *const names[] = {
		"user.name", "user.rname", "user.loginname", "group.name",  "fd.sproto",
		"fd.cproto", "fd.lproto",  "fd.rproto",	     "evt.arg.uid", "evt.arg.gid",
	};

	return is_one_of(name, names, COUNT(names));
}

enum tc_unjudged tc_subject_find(const struct tc_input *input, unsigned kind, uint64_t mask,
				 struct tc_subject *ret_subject, struct tc_place *ret_place)
{
	const struct tc_kind_info *info = tc_kind_info(kind);
	const struct tc_field *field = input->field;
	struct tc_subject subject = {.field = field, .mask = mask};
	const struct tc_member *member;
	const struct fact *fact;
	enum tc_unjudged why;

	if (!field)
		return TC_UNJUDGED_TRANSFORMER;
	if (input->index >= 0)
		return TC_UNJUDGED_INDEX;
	if (input->type == TC_TYPE_LIST)
		return TC_UNJUDGED_LIST;
	fact = find_fact(field->name);
	member = field->member[kind];
	if (!(field->kinds & TC_KIND_BIT(kind)))
		return TC_UNJUDGED_TABLES;
	if (fact) {
		why = find_fact_of(fact, &subject, ret_place);
	} else if (member) {
		why = find_in_member(member, kind, &subject, ret_place);
	} else if ((subject.single = find_single(field, info))) {
		subject.is_constant = !subject.single->member;
		member = subject.is_constant ? NULL : find_member(info, subject.single->member);
		subject.mask &= subject.single->mask;
		why = member ? find_in_member(member, kind, &subject, ret_place) : TC_JUDGED;
	} else if (find_view(field->name, &subject.view)) {
		why = find_in_member(find_member(info, "path"), kind, &subject, ret_place);
	} else {
		why = is_argument(field->name)	  ? TC_UNJUDGED_ARGUMENTS
		      : is_host_name(field->name) ? TC_UNJUDGED_NAMES
						  : TC_UNJUDGED_TABLES;
	}
	if (why == TC_JUDGED)
		*ret_subject = subject;
	return why;
}

bool tc_subject_equal(const struct tc_subject *a, const struct tc_subject *b)
{
	return a->field == b->field && a->single == b->single && a->mask == b->mask &&
	       a->of == b->of && a->view == b->view && a->wire == b->wire && a->show == b->show;
}

bool tc_subject_place(const struct tc_subject *subject, unsigned kind,
		      struct tc_subject *ret_subject, struct tc_place *ret_place)
{
	const struct tc_input input = {.field = subject->field, .index = -1};

	return !subject->is_constant &&
	       tc_subject_find(&input, kind, subject->mask, ret_subject, ret_place) == TC_JUDGED &&
	       tc_subject_equal(subject, ret_subject);
}

/* --- as rules see it --- */

int tc_presenter_init(struct tc_presenter *presenter)
{
	int r = tc_world_init(&presenter->world);

	if (!r)
		r = tc_event_init(&presenter->event);
	presenter->record = calloc(1, TC_FIXED_MAX);
	return presenter->record ? r : -ENOMEM;
}

void tc_presenter_done(struct tc_presenter *presenter)
{
	tc_event_done(&presenter->event);
	tc_world_done(&presenter->world);
	free(presenter->record);
}

static void put_number(char *place, enum tc_wire wire, uint64_t number)
{
	switch (wire) {
	case TC_W_u16:
		*(uint16_t *)place = (uint16_t)number;
		break;
	case TC_W_u32:
	case TC_W_s32:
		*(uint32_t *)place = (uint32_t)number;
		break;
	default:
		*(uint64_t *)place = number;
		break;
	}
}

void tc_presenter_value(struct tc_presenter *presenter, const struct tc_subject *subject,
			unsigned kind, uint64_t number, struct tc_value *ret_value)
{
	const struct tc_kind_info *info = tc_kind_info(kind);
	struct tc_record *record = (struct tc_record *)presenter->record;
	const char *name = subject->single ? subject->single->member : NULL;
	const struct tc_member *member = subject->single ? (name ? find_member(info, name) : NULL)
							 : subject->field->member[kind];

	memset(presenter->record, 0, TC_FIXED_MAX);
	*record = (struct tc_record){.kind = (uint16_t)kind, .syscall = -1};
	if (member)
		put_number(presenter->record + member->offset, subject->wire, number);
	tc_event_reset(&presenter->event, record, info);
	presenter->event.world = &presenter->world;
	tc_event_get(&presenter->event, subject->field, -1, ret_value);
}
