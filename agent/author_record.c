/* SPDX-License-Identifier: Apache-2.0 */
/* The record of an event that was written down. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/author_parts.h"
#include "agent/syscalls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Between two events of a story. */
#define STEP_NS 1000000ULL
/* A user or group that is not root. */
#define PLAIN_USER 1000

/* Writes a value, blaming a statement if that cannot be. */
int tc_author_put(struct tc_author *author, struct tc_draft *draft, const struct tc_member *member,
		  const struct tc_statement *statement)
{
	struct tc_draft_fault fault;

	if (tc_draft_put(draft, member, &statement->value, &fault) == 0)
		return 0;
	memcpy(author->fault->hint, fault.hint, sizeof(fault.hint));
	return tc_author_refuse(author, (size_t)(statement - author->statements), "%s: %s",
				statement->field->name, fault.message);
}

/* A member that goes by several names has one value. */
static int check_twin(struct tc_author *author, size_t i)
{
	const struct tc_statement *statements = author->statements;

	for (size_t before = 0; before < i; before++)
		if (author->told[before].member == author->told[i].member &&
		    !tc_author_same(&statements[before].value, &statements[i].value))
			return tc_author_refuse(
				author, i, "%s is another name for %s and has its value",
				statements[i].field->name, statements[before].field->name);
	return 0;
}

static int put_members(struct tc_author *author)
{
	for (size_t i = 0; i < author->n_statements; i++) {
		const struct tc_member *member = author->told[i].member;
		int error = member ? check_twin(author, i) : 0;

		if (error == 0 && member && author->statements[i].value.type != TC_TYPE_NONE)
			error = tc_author_put(author, &author->draft, member,
					      &author->statements[i]);
		if (error < 0)
			return error;
	}
	return 0;
}

/* The kernel calls a process by the last part of what was run. */
void tc_author_put_comm(const struct tc_author *author, enum tc_person person,
			char comm[TC_COMM_MAX], const char *plain)
{
	static const char *const names[] = {"proc.exec_filename", "proc.exepath"};
	const struct tc_value *name = tc_author_value(author, person, "proc.name");
	const char *bytes = plain;
	size_t length = strlen(plain);

	if (tc_author_find(author, person, "proc.name")) {
		bytes = name ? name->bytes : "";
		length = name ? name->length : 0;
	}
	for (size_t i = 0; i < COUNT(names) && bytes == plain; i++) {
		const struct tc_value *path = tc_author_value(author, person, names[i]);
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
	const struct tc_statement *statement = tc_author_find(author, TC_PERSON_ACTOR, "evt.type");
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
		return tc_author_refuse(author, (size_t)(statement - author->statements),
					"evt.type `%s` does not lead to events of kind %s", name,
					kind->name);
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
		word = tc_author_own(author, names[i]);
		field = tc_field_by_name(names[i], strlen(names[i]));
	}
	if (!member || !word || !field)
		return;
	tc_event_reset(&author->event, &author->draft.header, author->draft.kind);
	author->event.world = &author->world;
	for (size_t i = 0; i < COUNT(types); i++) {
		tc_draft_number(&author->draft, member, types[i]);
		if (field->get(&author->event, -1, &found) && tc_author_same(&found, word))
			return;
	}
	tc_draft_number(&author->draft, member, S_IFREG);
}

/* A user by name: one that is not root's stands for somebody else. */
static uint32_t id_of(const struct tc_value *name, uint32_t plain)
{
	if (!name)
		return plain;
	return tc_author_is_word(name, "root") ? 0 : PLAIN_USER;
}

/* known: the process as earlier events of the story left it, or NULL. */
static void put_users(struct tc_author *author, const struct tc_process *known)
{
	struct tc_record *header = &author->draft.header;

	if (!tc_author_own(author, "user.uid"))
		header->euid = id_of(tc_author_own(author, "user.name"), known ? known->euid : 0);
	if (!tc_author_own(author, "user.ruid"))
		header->uid = id_of(tc_author_own(author, "user.rname"),
				    known ? known->uid : header->euid);
	if (!tc_author_own(author, "group.gid"))
		header->egid = id_of(tc_author_own(author, "group.name"), known ? known->egid : 0);
}

/* When the process that has the pid in the story started. */
uint64_t tc_author_start_of(const struct tc_author *author, uint32_t tgid, uint64_t plain_ns)
{
	const struct tc_process *known = tc_processes_now(author->world.processes, tgid);

	return known ? known->start_ns : plain_ns;
}

static int put_header(struct tc_author *author)
{
	struct tc_record *header = &author->draft.header;
	const struct tc_value *pid = tc_author_own(author, "proc.pid");
	const struct tc_value *ppid = tc_author_value(author, 1, "proc.pid");
	const struct tc_process *known;

	if (pid)
		header->tgid = (uint32_t)pid->uint;
	known = tc_processes_now(author->world.processes, header->tgid);
	if (ppid)
		header->ppid = (uint32_t)ppid->uint;
	else if (known && known->ppid)
		header->ppid = known->ppid;
	if (!tc_author_own(author, "proc.start_boottime"))
		header->start_ns = tc_author_start_of(author, header->tgid, header->start_ns);
	if (!tc_author_own(author, "thread.tid"))
		header->tid = header->tgid;
	if (!tc_author_own(author, "evt.boottime"))
		header->time_ns += author->n_events * STEP_NS;
	if (!tc_author_own(author, "evt.seq"))
		header->seq = author->n_events + 1;
	tc_author_put_comm(author, TC_PERSON_ACTOR, header->comm.bytes,
			   known ? known->comm : "test");
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
static const struct tc_statement *gather_argv(struct tc_author *author, enum tc_person person,
					      const char *comm)
{
	static const char *const lines[] = {"proc.exeline", "proc.cmdline", "proc.args"};
	const struct tc_value *exe = tc_author_value(author, person, "proc.exe");
	const struct tc_value *line = NULL;
	struct tc_buffer *list = &author->text;
	size_t form = 0;

	for (; form < COUNT(lines); form++)
		if ((line = tc_author_value(author, person, lines[form])))
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
	return line ? tc_author_find(author, person, lines[form])
		    : tc_author_find(author, person, "proc.exe");
}

/* Arguments and their number into an exec record. */
int tc_author_put_argv(struct tc_author *author, struct tc_draft *draft, enum tc_person person,
		       const char *comm)
{
	const struct tc_member *member = tc_draft_member(draft, "argv"),
			       *count = tc_draft_member(draft, "argc");
	const struct tc_value *argv = tc_author_value(author, person, "proc.argv");
	struct tc_statement list = {.index = -1};
	uint32_t argc = 0;

	if (!argv) {
		const struct tc_statement *from = gather_argv(author, person, comm);
		struct tc_draft_fault fault;

		if (!from || tc_author_find(author, person, "proc.argv"))
			return 0;
		if (tc_buffer_failed(&author->text))
			return -ENOMEM;
		list.value = (struct tc_value){.type = TC_TYPE_LIST,
					       .bytes = author->text.bytes,
					       .length = (uint32_t)author->text.length};
		argv = &list.value;
		if (tc_draft_put(draft, member, argv, &fault) < 0)
			return tc_author_refuse(author, (size_t)(from - author->statements),
						"%s: %s", from->field->name, fault.message);
	} else if (draft == &author->image) {
		int error = tc_author_put(author, draft, member,
					  tc_author_find(author, person, "proc.argv"));

		if (error < 0)
			return error;
	}
	for (uint32_t i = 0; i < argv->length; i++)
		argc += !argv->bytes[i];
	if (!tc_draft_knows(draft, count))
		tc_draft_number(draft, count, argc);
	return 0;
}

/* An exec's own words: those of its record that are not members by their names. */
static int finish_exec(struct tc_author *author)
{
	const struct tc_member *vpid = tc_draft_member(&author->draft, "vpid");

	if (author->draft.kind->kind != TC_KIND_exec)
		return 0;
	if (!tc_author_own(author, "proc.vpid"))
		tc_draft_number(&author->draft, vpid, author->draft.header.tgid);
	return tc_author_put_argv(author, &author->draft, TC_PERSON_ACTOR,
				  author->draft.header.comm.bytes);
}

int tc_author_write_record(struct tc_author *author)
{
	int error = put_members(author);

	if (error == 0)
		error = put_header(author);
	if (error == 0)
		error = tc_author_put_socket(author);
	if (error == 0)
		error = tc_author_put_cgroups(author);
	if (error == 0)
		error = finish_exec(author);
	return error;
}
