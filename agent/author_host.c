/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent's tables would know of the host of an event that was written down. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/author_parts.h"
#include "agent/enrich/container.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define PLAIN_SLICE "system.slice"
#define PLAIN_UNIT "test.service"

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

/* --- cgroups --- */

/* container.id of the actor, or of the target. */
static const struct tc_statement *of_cgroup(const struct tc_author *author, bool target,
					    const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", target ? "target." : "", name);
	return tc_author_find(author, TC_PERSON_ACTOR, full);
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
		if (runtime && tc_author_is_word(runtime, container_rows[i].runtime))
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
	if ((id && !tc_author_is_word(id, "host")) ||
	    (!id && text_of(runtime) && !tc_author_is_word(text_of(runtime), "host"))) {
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
		*ret_id = plain ? TC_AUTHOR_CGROUP : TC_AUTHOR_CGROUP + ++author->n_cgroups;
	if (!known)
		return 0;
	if (tc_buffer_failed(&author->text))
		return -ENOMEM;
	return tc_cgroups_set(author->world.cgroups, *ret_id,
			      author->text.bytes ? author->text.bytes : "/", author->text.length,
			      false);
}

int tc_author_put_cgroups(struct tc_author *author)
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
	if (actor == TC_AUTHOR_CGROUP && known && known->cgroup_id)
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
static int draft_image(struct tc_author *author, enum tc_person person, const char *comm)
{
	struct tc_draft *image = &author->image;
	const struct tc_kind_info *exec = tc_kind_info(TC_KIND_exec);

	tc_draft_begin(image, exec);
	for (unsigned i = 0; i < exec->n_members; i++) {
		const struct tc_member *member = &exec->members[i];
		const struct tc_statement *statement = tc_author_find(author, person, member->name);
		int error = 0;

		if (statement && statement->value.type != TC_TYPE_NONE &&
		    strcmp(member->name, "proc.argv") != 0)
			error = tc_author_put(author, image, member, statement);
		if (error < 0)
			return error;
	}
	return tc_author_put_argv(author, image, person, comm);
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

static int add_person(struct tc_author *author, enum tc_person person, uint32_t tgid, uint32_t ppid,
		      uint64_t start_ns)
{
	const struct tc_record *header = &author->draft.header;
	const struct tc_value *vpid = tc_author_value(author, person, "proc.vpid");
	struct tc_process_facts facts = {
		.start_ns = start_ns,
		.time_ns = header->time_ns,
		.cgroup_id = person == TC_PERSON_ACTOR ? header->cgroup_id : 0,
		.tgid = tgid,
		.ppid = ppid,
		.vpid = vpid ? (uint32_t)vpid->uint : tgid,
		.uid = header->uid,
		.euid = header->euid,
		.egid = header->egid,
		.flags = TC_PROCESS_HAS_VPID | TC_PROCESS_HAS_CREDS,
	};
	int error;

	tc_author_put_comm(author, person, facts.comm, "");
	error = draft_image(author, person, facts.comm);
	if (error < 0)
		return error;
	/* An exec tells itself what the actor runs. */
	if (person != TC_PERSON_ACTOR || header->kind != TC_KIND_exec) {
		facts.exec = &author->image.exec;
		facts.absent = absent_numbers(&author->image);
	}
	return tc_processes_add(author->world.processes, &facts);
}

static uint32_t pid_of(const struct tc_author *author, enum tc_person person, uint32_t plain)
{
	const struct tc_value *pid = tc_author_value(author, person, "proc.pid");

	return pid ? (uint32_t)pid->uint : plain;
}

/* The eldest ancestor of whom anything was stated. */
static unsigned eldest(const struct tc_author *author)
{
	unsigned n = 0;

	for (size_t i = 0; i < author->n_statements; i++)
		if (author->told[i].person <= TC_PERSON_ELDEST && author->told[i].person > n)
			n = author->told[i].person;
	return n;
}

static bool is_told(const struct tc_author *author, enum tc_person person)
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
				   tc_author_start_of(author, tgid, TC_PLAIN_START_NS));
	}
	return error;
}

static int add_target(struct tc_author *author)
{
	/* All kinds with a target have its members in the same places. */
	const struct tc_trace *trace = &author->draft.trace;
	uint32_t parent = 2 * TC_PLAIN_PID + 1;
	bool has_parent = is_told(author, TC_PERSON_TARGET_PARENT);
	int error = 0;

	if (!tc_draft_member(&author->draft, "target_start_ns"))
		return 0;
	if (has_parent)
		error = add_person(author, TC_PERSON_TARGET_PARENT, parent, 0,
				   trace->target_start_ns);
	if (error == 0)
		error = add_person(author, TC_PERSON_TARGET, trace->target_tgid,
				   has_parent ? parent : 0, trace->target_start_ns);
	return error;
}

int tc_author_add_people(struct tc_author *author)
{
	const struct tc_record *header = &author->draft.header;
	int error = 0;

	if (author->draft.kind->traits & TC_TRAIT_AGENT)
		return 0;
	error = add_ancestors(author);
	if (error == 0)
		error = add_person(author, TC_PERSON_ACTOR, header->tgid, header->ppid,
				   header->start_ns);
	if (error == 0)
		error = add_target(author);
	if (error == 0)
		tc_processes_link_all(author->world.processes);
	return error;
}
