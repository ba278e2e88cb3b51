/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/author.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/buffer.h"
#include "agent/decode.h"
#include "agent/draft.h"
#include "agent/enrich/container.h"
#include "agent/syscalls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-01-01 00:00:00 UTC is when the processes of a story started. */
#define STORY_REAL_NS 1767225600000000000LL
/* Between two events of a story. */
#define STEP_NS 1000000ULL
#define PLAIN_CGROUP 1000
#define PLAIN_SLICE "system.slice"
#define PLAIN_UNIT "test.service"
#define PLAIN_USER 1000

/* Whom a statement is about: the actor, its n-th ancestor, or the other process of the event. */
enum person {
	ACTOR = 0,
	ELDEST = TC_ANCESTORS_MAX,
	TARGET,
	TARGET_PARENT,
	BY_INDEX, /* the ancestor with the number in brackets */
};

/* Fields that state for somebody else what `as` states for the actor. */
static const struct {
	const char *name;
	enum person person;
	const char *as;
} person_rows[] = {
	{"proc.ppid", 1, "proc.pid"},
	{"proc.pname", 1, "proc.name"},
	{"proc.pexe", 1, "proc.exe"},
	{"proc.pexepath", 1, "proc.exepath"},
	{"proc.pcmdline", 1, "proc.cmdline"},
	{"proc.pargs", 1, "proc.args"},
	{"proc.pvpid", 1, "proc.vpid"},
	{"proc.aname", BY_INDEX, "proc.name"},
	{"proc.apid", BY_INDEX, "proc.pid"},
	{"proc.aexe", BY_INDEX, "proc.exe"},
	{"proc.aexepath", BY_INDEX, "proc.exepath"},
	{"proc.acmdline", BY_INDEX, "proc.cmdline"},
	{"target.pid", TARGET, "proc.pid"},
	{"target.name", TARGET, "proc.name"},
	{"target.exe", TARGET, "proc.exe"},
	{"target.exepath", TARGET, "proc.exepath"},
	{"target.args", TARGET, "proc.args"},
	{"target.cmdline", TARGET, "proc.cmdline"},
	{"target.pname", TARGET_PARENT, "proc.name"},
};

/* Cgroup paths of containers, by runtime. id: TC_CONTAINER_HEX digits, else any name. */
static const struct container_row {
	const char *runtime;
	bool hex;
	const char *prefix, *suffix;
} container_rows[] = {
	{"docker", true, "/system.slice/docker-", ".scope"},
	{"containerd", true, "/system.slice/cri-containerd-", ".scope"},
	{"cri-o", true, "/system.slice/crio-", ".scope"},
	{"podman", true, "/system.slice/libpod-", ".scope"},
	{"kubernetes", true, "/kubepods/", ""},
	{"lxc", false, "/lxc.payload.", ""},
	{"systemd-nspawn", false, "/machine.slice/machine-", ".scope"},
};

/* A statement, as it is about a person. */
struct told {
	enum person person;
	const char *as;			/* name of the field that says it of an actor */
	const struct tc_member *member; /* of the event's record that holds it, or NULL */
};

struct tc_author {
	struct tc_world world;
	struct tc_event event;
	struct tc_draft draft; /* the event's record */
	struct tc_draft image; /* of somebody in it */
	struct tc_buffer text;
	uint64_t n_events, n_cgroups; /* of the story */

	/* Of the event that is told. */
	const struct tc_statement *statements;
	struct told *told; /* by statement */
	size_t n_statements;
	struct tc_author_fault *fault;
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

static int refuse(struct tc_author *author, size_t statement, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(struct tc_author *author, size_t statement, const char *format, ...)
{
	va_list args;

	author->fault->statement = statement;
	va_start(args, format);
	vsnprintf(author->fault->message, sizeof(author->fault->message), format, args);
	va_end(args);
	return -EINVAL;
}

/* What was stated of a person, NULL for nothing. */
static const struct tc_statement *find(const struct tc_author *author, enum person person,
				       const char *as)
{
	for (size_t i = 0; i < author->n_statements; i++)
		if (author->told[i].person == person && strcmp(author->told[i].as, as) == 0)
			return &author->statements[i];
	return NULL;
}

/* The same, with a value. */
static const struct tc_value *value_of(const struct tc_author *author, enum person person,
				       const char *as)
{
	const struct tc_statement *statement = find(author, person, as);

	return statement && statement->value.type != TC_TYPE_NONE ? &statement->value : NULL;
}

/* What was stated of the event itself. */
static const struct tc_value *own(const struct tc_author *author, const char *name)
{
	return value_of(author, ACTOR, name);
}

static bool equals(const struct tc_value *value, const char *word)
{
	return value->type == TC_TYPE_STRING && value->length == strlen(word) &&
	       memcmp(value->bytes, word, value->length) == 0;
}

static bool same_value(const struct tc_value *a, const struct tc_value *b)
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
		struct told *told = &author->told[i];
		const char *name = statement->field->name;

		*told = (struct told){.person = ACTOR, .as = name};
		if (!(statement->field->kinds & TC_KIND_BIT(kind->kind)) &&
		    statement->value.type != TC_TYPE_NONE)
			return refuse(author, i, "events of kind %s have no %s", kind->name, name);
		if (statement->index < 0)
			told->member = statement->field->member[kind->kind];
		for (size_t row = 0; row < COUNT(person_rows); row++) {
			if (strcmp(person_rows[row].name, name) != 0)
				continue;
			told->as = person_rows[row].as;
			told->person = person_rows[row].person != BY_INDEX
					       ? person_rows[row].person
					       : (enum person)statement->index;
		}
		if (statement->index > TC_ANCESTORS_MAX)
			return refuse(author, i, "no more than %d ancestors are kept",
				      TC_ANCESTORS_MAX);
	}
	return 0;
}

/* --- the record --- */

/* Writes a value, blaming a statement if that cannot be. */
static int put(struct tc_author *author, struct tc_draft *draft, const struct tc_member *member,
	       const struct tc_statement *statement)
{
	struct tc_draft_fault fault;

	if (tc_draft_put(draft, member, &statement->value, &fault) == 0)
		return 0;
	memcpy(author->fault->hint, fault.hint, sizeof(fault.hint));
	return refuse(author, (size_t)(statement - author->statements), "%s: %s",
		      statement->field->name, fault.message);
}

/* A member that goes by several names has one value. */
static int check_twin(struct tc_author *author, size_t i)
{
	const struct tc_statement *statements = author->statements;

	for (size_t before = 0; before < i; before++)
		if (author->told[before].member == author->told[i].member &&
		    !same_value(&statements[before].value, &statements[i].value))
			return refuse(author, i, "%s is another name for %s and has its value",
				      statements[i].field->name, statements[before].field->name);
	return 0;
}

static int put_members(struct tc_author *author)
{
	for (size_t i = 0; i < author->n_statements; i++) {
		const struct tc_member *member = author->told[i].member;
		int error = member ? check_twin(author, i) : 0;

		if (error == 0 && member && author->statements[i].value.type != TC_TYPE_NONE)
			error = put(author, &author->draft, member, &author->statements[i]);
		if (error < 0)
			return error;
	}
	return 0;
}

/* The kernel calls a process by the last part of what was run. */
static void put_comm(const struct tc_author *author, enum person person, char comm[TC_COMM_MAX],
		     const char *plain)
{
	static const char *const names[] = {"proc.exec_filename", "proc.exepath"};
	const struct tc_value *name = value_of(author, person, "proc.name");
	const char *bytes = plain;
	size_t length = strlen(plain);

	if (find(author, person, "proc.name")) {
		bytes = name ? name->bytes : "";
		length = name ? name->length : 0;
	}
	for (size_t i = 0; i < COUNT(names) && bytes == plain; i++) {
		const struct tc_value *path = value_of(author, person, names[i]);
		const char *slash = path ? memrchr(path->bytes, '/', path->length) : NULL;

		if (!path)
			continue;
		bytes = slash ? slash + 1 : path->bytes;
		length = path->length - (size_t)(bytes - path->bytes);
	}
	memset(comm, 0, TC_COMM_MAX);
	memcpy(comm, bytes, length < TC_COMM_MAX ? length : TC_COMM_MAX - 1);
}

/* By the system call's name; the first that leads to the kind when none was stated. */
static int put_syscall(struct tc_author *author)
{
	const struct tc_statement *statement = find(author, ACTOR, "evt.type");
	const struct tc_kind_info *kind = author->draft.kind;
	struct tc_record *header = &author->draft.header;
	char name[64];
	int length;

	if (statement && statement->value.type != TC_TYPE_NONE)
		length = snprintf(name, sizeof(name), "%.*s", (int)statement->value.length,
				  statement->value.bytes);
	else
		length = snprintf(name, sizeof(name), "%.*s", (int)strcspn(kind->syscalls, " "),
				  kind->syscalls);
	if (length >= (int)sizeof(name) ||
	    (statement && !(tc_kinds_of_syscall(name) & TC_KIND_BIT(kind->kind)))) {
		snprintf(author->fault->hint, sizeof(author->fault->hint), "it is one of: %s",
			 kind->syscalls[0] ? kind->syscalls : kind->name);
		return refuse(author, (size_t)(statement - author->statements),
			      "evt.type `%s` does not lead to events of kind %s", name, kind->name);
	}
	if (strncmp(name, "io_uring_", 9) == 0) {
		header->flags |= TC_RECORD_IO_URING;
		header->syscall = tc_syscall_number(name + 9, false);
	} else {
		header->syscall = tc_syscall_number(name, false);
	}
	return 0;
}

/* Falco's words for a type of file come from one number. */
static void put_type(struct tc_author *author)
{
	static const char *const names[] = {"file.type", "fd.typechar", "fd.type"};
	static const uint32_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFCHR,
					 S_IFBLK, S_IFIFO, S_IFSOCK};
	const struct tc_member *member = tc_draft_member(&author->draft, "type");
	const struct tc_value *word = NULL;
	const struct tc_field *field = NULL;
	struct tc_value found;

	for (size_t i = 0; i < COUNT(names) && !word; i++) {
		word = own(author, names[i]);
		field = tc_field_by_name(names[i], strlen(names[i]));
	}
	if (!member || !word || !field)
		return;
	tc_event_reset(&author->event, &author->draft.header, author->draft.kind);
	author->event.world = &author->world;
	for (size_t i = 0; i < COUNT(types); i++) {
		tc_draft_number(&author->draft, member, types[i]);
		if (field->get(&author->event, -1, &found) && same_value(&found, word))
			return;
	}
	tc_draft_number(&author->draft, member, S_IFREG);
}

/* A user by name: one that is not root's stands for somebody else. */
static uint32_t id_of(const struct tc_value *name, uint32_t plain)
{
	if (!name)
		return plain;
	return equals(name, "root") ? 0 : PLAIN_USER;
}

/* known: the process as earlier events of the story left it, or NULL. */
static void put_users(struct tc_author *author, const struct tc_process *known)
{
	struct tc_record *header = &author->draft.header;

	if (!own(author, "user.uid"))
		header->euid = id_of(own(author, "user.name"), known ? known->euid : 0);
	if (!own(author, "user.ruid"))
		header->uid = id_of(own(author, "user.rname"), known ? known->uid : header->euid);
	if (!own(author, "group.gid"))
		header->egid = id_of(own(author, "group.name"), known ? known->egid : 0);
}

/* When the process that has the pid in the story started. */
static uint64_t start_of(const struct tc_author *author, uint32_t tgid, uint64_t plain_ns)
{
	const struct tc_process *known = tc_processes_now(author->world.processes, tgid);

	return known ? known->start_ns : plain_ns;
}

static int put_header(struct tc_author *author)
{
	struct tc_record *header = &author->draft.header;
	const struct tc_value *pid = own(author, "proc.pid");
	const struct tc_value *ppid = value_of(author, 1, "proc.pid");
	const struct tc_process *known;

	if (pid)
		header->tgid = (uint32_t)pid->uint;
	known = tc_processes_now(author->world.processes, header->tgid);
	if (ppid)
		header->ppid = (uint32_t)ppid->uint;
	else if (known && known->ppid)
		header->ppid = known->ppid;
	if (!own(author, "proc.start_boottime"))
		header->start_ns = start_of(author, header->tgid, header->start_ns);
	if (!own(author, "thread.tid"))
		header->tid = header->tgid;
	if (!own(author, "evt.boottime"))
		header->time_ns += author->n_events * STEP_NS;
	if (!own(author, "evt.seq"))
		header->seq = author->n_events + 1;
	put_comm(author, ACTOR, header->comm.bytes, known ? known->comm : "test");
	put_users(author, known);
	put_type(author);
	return put_syscall(author);
}

/* --- arguments --- */

static void add_words(struct tc_buffer *list, const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		const char *blank = memchr(bytes, ' ', (size_t)(end - bytes));
		const char *stop = blank ? blank : end;

		tc_buffer_add(list, bytes, (size_t)(stop - bytes));
		tc_buffer_add_char(list, '\0');
		bytes = stop + 1;
	}
}

/* The arguments in whatever form they were stated; NULL when they were not. */
static const struct tc_statement *gather_argv(struct tc_author *author, enum person person,
					      const char *comm)
{
	static const char *const lines[] = {"proc.exeline", "proc.cmdline", "proc.args"};
	const struct tc_value *exe = value_of(author, person, "proc.exe");
	const struct tc_value *line = NULL;
	struct tc_buffer *list = &author->text;
	size_t form = 0;

	for (; form < COUNT(lines); form++)
		if ((line = value_of(author, person, lines[form])))
			break;
	if (!line && !exe)
		return NULL;

	const char *bytes = line ? line->bytes : "";
	size_t length = line ? line->length : 0;
	tc_buffer_reset(list);
	/* proc.cmdline begins with the name of the process, exeline with argv[0], args behind it.
	 */
	if (form == 1) {
		const char *blank = memchr(bytes, ' ', length);

		length -= blank ? (size_t)(blank + 1 - bytes) : length;
		bytes = blank ? blank + 1 : bytes;
	}
	if (form != 0) {
		tc_buffer_add(list, exe ? exe->bytes : comm, exe ? exe->length : strlen(comm));
		tc_buffer_add_char(list, '\0');
	}
	add_words(list, bytes, length);
	return line ? find(author, person, lines[form]) : find(author, person, "proc.exe");
}

/* Arguments and their number into an exec record. */
static int put_argv(struct tc_author *author, struct tc_draft *draft, enum person person,
		    const char *comm)
{
	const struct tc_member *member = tc_draft_member(draft, "argv"),
			       *count = tc_draft_member(draft, "argc");
	const struct tc_value *argv = value_of(author, person, "proc.argv");
	struct tc_statement list = {.index = -1};
	uint32_t argc = 0;

	if (!argv) {
		const struct tc_statement *from = gather_argv(author, person, comm);
		struct tc_draft_fault fault;

		if (!from || find(author, person, "proc.argv"))
			return 0;
		if (tc_buffer_failed(&author->text))
			return -ENOMEM;
		list.value = (struct tc_value){.type = TC_TYPE_LIST,
					       .bytes = author->text.bytes,
					       .length = (uint32_t)author->text.length};
		argv = &list.value;
		if (tc_draft_put(draft, member, argv, &fault) < 0)
			return refuse(author, (size_t)(from - author->statements), "%s: %s",
				      from->field->name, fault.message);
	} else if (draft == &author->image) {
		int error = put(author, draft, member, find(author, person, "proc.argv"));

		if (error < 0)
			return error;
	}
	for (uint32_t i = 0; i < argv->length; i++)
		argc += !argv->bytes[i];
	if (!tc_draft_knows(draft, count))
		tc_draft_number(draft, count, argc);
	return 0;
}

/* --- cgroups --- */

/* container.id of the actor, or of the target. */
static const struct tc_statement *of_cgroup(const struct tc_author *author, bool target,
					    const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", target ? "target." : "", name);
	return find(author, ACTOR, full);
}

static const struct tc_value *text_of(const struct tc_statement *statement)
{
	return statement && statement->value.type == TC_TYPE_STRING ? &statement->value : NULL;
}

static bool is_hex(const struct tc_value *id)
{
	for (uint32_t i = 0; i < id->length; i++)
		if (!strchr("0123456789abcdef", id->bytes[i]))
			return false;
	return id->length && id->length <= TC_CONTAINER_HEX;
}

static void add_container(struct tc_buffer *path, const struct tc_value *id,
			  const struct tc_value *runtime)
{
	static const struct tc_value some = {
		.type = TC_TYPE_STRING, .bytes = "c0ffee", .length = 6};
	bool hex = is_hex(id ? id : &some);
	const struct container_row *row = NULL;

	if (!id)
		id = &some;
	for (size_t i = 0; i < COUNT(container_rows); i++)
		if (runtime && equals(runtime, container_rows[i].runtime))
			row = &container_rows[i];
	/* The first of those that have such ids. */
	for (size_t i = 0; i < COUNT(container_rows) && (!row || (row->hex && !hex)); i++)
		if (container_rows[i].hex == hex)
			row = &container_rows[i];
	tc_buffer_add_string(path, row->prefix);
	tc_buffer_add(path, id->bytes, id->length);
	for (size_t i = id->length; row->hex && i < TC_CONTAINER_HEX; i++)
		tc_buffer_add_char(path, '0');
	tc_buffer_add_string(path, row->suffix);
}

/* Writes the path to author->text. False when the cgroup is not to be known. */
static bool compose_path(struct tc_author *author, bool target, bool *ret_plain)
{
	const struct tc_statement *path = of_cgroup(author, target, "cgroup.path"),
				  *full = of_cgroup(author, target, "container.full_id"),
				  *any = full ? full : of_cgroup(author, target, "container.id"),
				  *run = of_cgroup(author, target, "container.runtime"),
				  *runtime =
					  run ? run : of_cgroup(author, target, "container.type");
	const struct tc_value *id = text_of(any), *unit, *slice;

	tc_buffer_reset(&author->text);
	*ret_plain = false;
	if (path || (any && !id)) {
		if (text_of(path))
			tc_buffer_add(&author->text, path->value.bytes, path->value.length);
		return text_of(path) != NULL;
	}
	if ((id && !equals(id, "host")) ||
	    (!id && text_of(runtime) && !equals(text_of(runtime), "host"))) {
		add_container(&author->text, id, text_of(runtime));
		return true;
	}
	unit = text_of(of_cgroup(author, target, "cgroup.unit"));
	slice = text_of(of_cgroup(author, target, "cgroup.slice"));
	tc_buffer_printf(&author->text, "/%.*s/%.*s",
			 slice ? (int)slice->length : (int)strlen(PLAIN_SLICE),
			 slice ? slice->bytes : PLAIN_SLICE,
			 unit ? (int)unit->length : (int)strlen(PLAIN_UNIT),
			 unit ? unit->bytes : PLAIN_UNIT);
	*ret_plain = !unit && !slice;
	return true;
}

/* Makes the cgroup known under the id that was stated, or one of its own. */
static int make_cgroup(struct tc_author *author, bool target, uint64_t *ret_id)
{
	const struct tc_statement *stated = of_cgroup(author, target, "cgroup.id");
	bool plain, known = compose_path(author, target, &plain);

	if (stated && stated->value.type == TC_TYPE_UINT)
		*ret_id = stated->value.uint;
	else
		*ret_id = plain ? PLAIN_CGROUP : PLAIN_CGROUP + ++author->n_cgroups;
	if (!known)
		return 0;
	if (tc_buffer_failed(&author->text))
		return -ENOMEM;
	return tc_cgroups_set(author->world.cgroups, *ret_id,
			      author->text.bytes ? author->text.bytes : "/", author->text.length,
			      false);
}

static int put_cgroups(struct tc_author *author)
{
	struct tc_draft *draft = &author->draft;
	const struct tc_member *id = tc_draft_member(draft, "target_cgroup_id"),
			       *path = tc_draft_member(draft, "path");
	struct tc_draft_fault fault;
	const struct tc_process *known =
		tc_processes_now(author->world.processes, draft->header.tgid);
	uint64_t actor, target;
	int error = make_cgroup(author, false, &actor);

	if (error < 0)
		return error;
	if (actor == PLAIN_CGROUP && known && known->cgroup_id)
		actor = known->cgroup_id;
	draft->header.cgroup_id = actor;
	/* Events on cgroups call theirs target_id, and tell its path themselves. */
	if (id)
		path = NULL;
	else
		id = tc_draft_member(draft, "target_id");
	if (!id)
		return 0;
	error = make_cgroup(author, true, &target);
	if (error < 0)
		return error;
	tc_draft_number(draft, id, target);
	if (path && !tc_draft_knows(draft, path) && author->text.length) {
		const struct tc_value text = {.type = TC_TYPE_STRING,
					      .bytes = author->text.bytes,
					      .length = (uint32_t)author->text.length};

		tc_draft_put(draft, path, &text, &fault);
	}
	return 0;
}

/* --- processes --- */

/* The exec record that a person's program would have left. */
static int draft_image(struct tc_author *author, enum person person, const char *comm)
{
	struct tc_draft *image = &author->image;
	const struct tc_kind_info *exec = tc_kind_info(TC_KIND_exec);

	tc_draft_begin(image, exec);
	for (unsigned i = 0; i < exec->n_members; i++) {
		const struct tc_member *member = &exec->members[i];
		const struct tc_statement *statement = find(author, person, member->name);
		int error = 0;

		if (statement && statement->value.type != TC_TYPE_NONE &&
		    strcmp(member->name, "proc.argv") != 0)
			error = put(author, image, member, statement);
		if (error < 0)
			return error;
	}
	return put_argv(author, image, person, comm);
}

/* Members of a slot say themselves that they are not there. */
static uint64_t absent_numbers(const struct tc_draft *image)
{
	uint64_t absent = 0;

	for (unsigned i = 0; i < image->kind->n_members; i++)
		if (image->kind->members[i].wire != TC_W_slot &&
		    !tc_draft_knows(image, &image->kind->members[i]))
			absent |= 1ULL << i;
	return absent;
}

static int add_person(struct tc_author *author, enum person person, uint32_t tgid, uint32_t ppid,
		      uint64_t start_ns)
{
	const struct tc_record *header = &author->draft.header;
	const struct tc_value *vpid = value_of(author, person, "proc.vpid");
	struct tc_process_facts facts = {
		.start_ns = start_ns,
		.time_ns = header->time_ns,
		.cgroup_id = person == ACTOR ? header->cgroup_id : 0,
		.tgid = tgid,
		.ppid = ppid,
		.vpid = vpid ? (uint32_t)vpid->uint : tgid,
		.uid = header->uid,
		.euid = header->euid,
		.egid = header->egid,
		.flags = TC_PROCESS_HAS_VPID | TC_PROCESS_HAS_CREDS,
	};
	int error;

	put_comm(author, person, facts.comm, "");
	error = draft_image(author, person, facts.comm);
	if (error < 0)
		return error;
	/* An exec tells itself what the actor runs. */
	if (person != ACTOR || header->kind != TC_KIND_exec) {
		facts.exec = &author->image.exec;
		facts.absent = absent_numbers(&author->image);
	}
	return tc_processes_add(author->world.processes, &facts);
}

static uint32_t pid_of(const struct tc_author *author, enum person person, uint32_t plain)
{
	const struct tc_value *pid = value_of(author, person, "proc.pid");

	return pid ? (uint32_t)pid->uint : plain;
}

/* The eldest ancestor of whom anything was stated. */
static unsigned eldest(const struct tc_author *author)
{
	unsigned n = 0;

	for (size_t i = 0; i < author->n_statements; i++)
		if (author->told[i].person <= ELDEST && author->told[i].person > n)
			n = author->told[i].person;
	return n;
}

static bool is_told(const struct tc_author *author, enum person person)
{
	for (size_t i = 0; i < author->n_statements; i++)
		if (author->told[i].person == person)
			return true;
	return false;
}

static int add_ancestors(struct tc_author *author)
{
	const struct tc_record *header = &author->draft.header;
	int error = 0;

	for (unsigned n = eldest(author); n && error == 0; n--) {
		uint32_t tgid = n == 1 ? header->ppid : pid_of(author, n, TC_PLAIN_PID - n);
		uint32_t above =
			n < eldest(author) ? pid_of(author, n + 1, TC_PLAIN_PID - n - 1) : 0;

		error = add_person(author, n, tgid, above,
				   start_of(author, tgid, TC_PLAIN_START_NS));
	}
	return error;
}

static int add_target(struct tc_author *author)
{
	const struct tc_trace *trace = &author->draft.trace;
	uint32_t parent = 2 * TC_PLAIN_PID + 1;
	bool has_parent = is_told(author, TARGET_PARENT);
	int error = 0;

	if (author->draft.kind->kind != TC_KIND_trace)
		return 0;
	if (has_parent)
		error = add_person(author, TARGET_PARENT, parent, 0, trace->target_start_ns);
	if (error == 0)
		error = add_person(author, TARGET, trace->target_tgid, has_parent ? parent : 0,
				   trace->target_start_ns);
	return error;
}

static int add_people(struct tc_author *author)
{
	const struct tc_record *header = &author->draft.header;
	int error = 0;

	if (author->draft.kind->traits & TC_TRAIT_AGENT)
		return 0;
	error = add_ancestors(author);
	if (error == 0)
		error = add_person(author, ACTOR, header->tgid, header->ppid, header->start_ns);
	if (error == 0)
		error = add_target(author);
	if (error == 0)
		tc_processes_link_all(author->world.processes);
	return error;
}

/* An exec's own words: those of its record that are not members by their names. */
static int finish_exec(struct tc_author *author)
{
	const struct tc_member *vpid = tc_draft_member(&author->draft, "vpid");

	if (author->draft.kind->kind != TC_KIND_exec)
		return 0;
	if (!own(author, "proc.vpid"))
		tc_draft_number(&author->draft, vpid, author->draft.header.tgid);
	return put_argv(author, &author->draft, ACTOR, author->draft.header.comm.bytes);
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
	if (same_value(&found, &statement->value))
		return 0;
	if (field->const_kinds & kind)
		return refuse(author, i, "%s is always %s in events of kind %s", field->name,
			      field->const_values & kind ? "true" : "false", event->kind->name);
	if (statement->index >= 0)
		return refuse(author, i, "%s[%d] cannot be stated alone", field->name,
			      statement->index);
	tc_event_set(event, field, &statement->value);
	return 0;
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
			tc_event_set(&author->event, field, &none);
	}
}

static int write_record(struct tc_author *author)
{
	int error = put_members(author);

	if (error == 0)
		error = put_header(author);
	if (error == 0)
		error = put_cgroups(author);
	if (error == 0)
		error = finish_exec(author);
	return error;
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
		r = write_record(author);
	if (r == 0)
		r = add_people(author);
	if (r < 0)
		return r;
	r = tc_decode(author->draft.bytes, author->draft.header.size, &author->event, &error);
	if (r < 0)
		return refuse(author, 0, "the record cannot be: %s", error.reason);
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

void tc_author_settle(struct tc_author *author)
{
	tc_world_settle(&author->world, &author->event);
}
