/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of processes: proc.*, thread.*, user.*, group.*, ns.*, and part of target.*. */
#include <stddef.h>
#include <stdio.h>

#include "agent/enrich/fields.h"
#include "agent/enrich/tty.h"
#include "agent/syscalls.h"

/* --- the image: members of the exec record --- */

/* The table when a process may be in doubt, else NULL: an exec tells of itself what is right,
 * whatever was lost before or after it. */
static const struct tc_processes *doubters(const struct tc_event *event,
					   const struct tc_process *process)
{
	bool is_own_exec = event->kind->kind == TC_KIND_exec && process == event->process;

	return event->world && !is_own_exec ? event->world->processes : NULL;
}

/* Whether the image may be another one since, because events were lost. */
static bool is_doubtful(const struct tc_event *event, const struct tc_process *process)
{
	const struct tc_processes *processes = doubters(event, process);

	return processes && tc_processes_doubt_image(processes, process);
}

/* The image, NULL when it is not known or in doubt. */
static const struct tc_image *image_of(const struct tc_event *event,
				       const struct tc_process *process)
{
	return process && !is_doubtful(event, process) ? process->image : NULL;
}

/* Whether a member of exec's record is known for a process. */
static bool knows(const struct tc_event *event, const struct tc_process *process,
		  enum tc_exec_member member)
{
	const struct tc_image *image = image_of(event, process);

	return image && !(image->absent & 1ULL << member);
}

/* Presents a member of the exec record by its row in the schema, as in the exec event itself. */
static bool image_member(struct tc_event *event, const struct tc_process *process,
			 enum tc_exec_member member, struct tc_value *ret_value)
{
	const struct tc_record *record = event->record;
	bool given;

	if (!knows(event, process, member))
		return false;
	event->record = &process->image->exec.header;
	given = tc_event_member(event, &tc_kind_info(TC_KIND_exec)->members[member], ret_value);
	event->record = record;
	return given;
}

/* --- readers: one part of any process --- */

typedef bool (*reader)(struct tc_event *event, const struct tc_process *process,
		       struct tc_value *ret_value);

static bool read_comm(struct tc_event *event, const struct tc_process *process,
		      struct tc_value *ret_value)
{
	const struct tc_processes *processes = doubters(event, process);

	if (!process->comm[0] || (processes && tc_processes_doubt_comm(processes, process)))
		return false;
	return tc_give_bytes(ret_value, process->comm,
			     strnlen(process->comm, sizeof(process->comm)));
}

static bool read_exepath(struct tc_event *event, const struct tc_process *process,
			 struct tc_value *ret_value)
{
	return image_member(event, process, TC_MEMBER_exec_exe, ret_value);
}

/*
 * Bytes of the arguments from skip on. size counts what there was: the arguments hold a NUL behind
 * each string, a line has a blank between two.
 */
static bool give_line(const struct tc_event *event, const struct tc_process *process, uint32_t skip,
		      struct tc_value *ret_value)
{
	const struct tc_image *image = process->image;
	const struct tc_slot *argv;

	if (!knows(event, process, TC_MEMBER_exec_argv))
		return false;
	argv = &image->exec.argv;
	ret_value->flags = (argv->flags & TC_SLOT_CUT ? TC_VALUE_CUT : 0) |
			   (argv->flags & TC_SLOT_UNREADABLE ? TC_VALUE_UNREADABLE : 0);
	if (!(argv->flags & TC_SLOT_PRESENT) || (argv->flags & TC_SLOT_UNREADABLE && !argv->stored))
		return false;
	ret_value->type = TC_TYPE_STRING;
	ret_value->bytes = image->line_length > skip ? image->line + skip : "";
	ret_value->length = image->line_length > skip ? image->line_length - skip : 0;
	ret_value->size = argv->size > skip ? argv->size - skip - 1 : 0;
	if (!(argv->flags & (TC_SLOT_CUT | TC_SLOT_UNREADABLE)))
		ret_value->size = ret_value->length;
	return true;
}

bool tc_read_exeline(struct tc_event *event, const struct tc_process *process,
		     struct tc_value *ret_value)
{
	return give_line(event, process, 0, ret_value);
}

static bool read_args(struct tc_event *event, const struct tc_process *process,
		      struct tc_value *ret_value)
{
	return give_line(event, process, process->image ? process->image->exe_length + 1 : 0,
			 ret_value);
}

static bool read_exe(struct tc_event *event, const struct tc_process *process,
		     struct tc_value *ret_value)
{
	const struct tc_image *image = process->image;
	struct tc_value line = {0};

	if (!give_line(event, process, 0, &line)) {
		*ret_value = line;
		return false;
	}
	if (!image->exec.argv.stored)
		return false;
	tc_give_bytes(ret_value, line.bytes, image->exe_length);
	/* The first string is whole when something follows it. */
	if (image->exe_length == image->line_length) {
		ret_value->flags = line.flags;
		ret_value->size = line.size;
	}
	return true;
}

static bool read_cmdline(struct tc_event *event, const struct tc_process *process,
			 struct tc_value *ret_value)
{
	struct tc_value args = {0};
	size_t comm = strnlen(process->comm, sizeof(process->comm));
	char *line;

	/* A kernel thread has a name and no arguments. */
	if (!read_args(event, process, &args) &&
	    !(process->flags & TC_PROCESS_KERNEL && !args.flags && !is_doubtful(event, process))) {
		*ret_value = args;
		return false;
	}
	if (!args.length) {
		tc_give_bytes(ret_value, process->comm, comm);
		ret_value->flags = args.flags;
		return true;
	}
	line = tc_arena_alloc(&event->arena, comm + 1 + args.length);
	if (!line)
		return false;
	memcpy(line, process->comm, comm);
	line[comm] = ' ';
	memcpy(line + comm + 1, args.bytes, args.length);
	tc_give_bytes(ret_value, line, comm + 1 + args.length);
	ret_value->flags = args.flags;
	ret_value->size = (uint32_t)comm + 1 + args.size;
	return true;
}

/* The strings of the environment, joined by blanks. */
static bool read_env(struct tc_event *event, const struct tc_process *process,
		     struct tc_value *ret_value)
{
	struct tc_value list = {0};
	char *line, *nul;

	if (!image_member(event, process, TC_MEMBER_exec_env, &list) || !list.length) {
		*ret_value = (struct tc_value){.flags = list.flags};
		return false;
	}
	line = tc_arena_copy(&event->arena, list.bytes, list.length - 1);
	if (!line)
		return false;
	for (nul = line; (nul = memchr(nul, '\0', (size_t)(line + list.length - 1 - nul)));)
		*nul++ = ' ';
	tc_give_bytes(ret_value, line, list.length - 1);
	ret_value->flags = list.flags;
	ret_value->size = list.size - 1;
	return true;
}

static bool read_tgid(struct tc_event *event, const struct tc_process *process,
		      struct tc_value *ret_value)
{
	return tc_give_uint(ret_value, process->tgid);
}

static bool read_vpid(struct tc_event *event, const struct tc_process *process,
		      struct tc_value *ret_value)
{
	return process->flags & TC_PROCESS_HAS_VPID && tc_give_uint(ret_value, process->vpid);
}

static bool read_duration(struct tc_event *event, const struct tc_process *process,
			  struct tc_value *ret_value)
{
	uint64_t now_ns = event->record->time_ns;

	if (!process->start_ns)
		return false;
	return tc_give_uint(ret_value, now_ns > process->start_ns ? now_ns - process->start_ns : 0);
}

static bool read_start(struct tc_event *event, const struct tc_process *process,
		       struct tc_value *ret_value)
{
	if (!process->start_ns || !event->world)
		return false;
	return tc_give_uint(ret_value,
			    (uint64_t)tc_clock_real_ns(&event->world->clock, process->start_ns));
}

/* --- whose part --- */

static const struct tc_process *actor(const struct tc_event *event)
{
	return event->process;
}

static const struct tc_process *parent(const struct tc_event *event)
{
	return event->process ? event->process->parent : NULL;
}

static const struct tc_process *target(const struct tc_event *event)
{
	return event->target;
}

static const struct tc_process *target_parent(const struct tc_event *event)
{
	return event->target ? event->target->parent : NULL;
}

/*
 * The leader of a session or group, whose id is a member of exec at offset, or the eldest ancestor
 * in a row that is in it.
 */
static const struct tc_process *leader_of(const struct tc_event *event, enum tc_exec_member member,
					  size_t offset)
{
	const struct tc_process *process = event->process, *eldest = process;
	uint32_t id = 0;

	for (unsigned n = 0; n < TC_ANCESTORS_MAX && knows(event, process, member); n++) {
		uint32_t own = *(const uint32_t *)((const char *)&process->image->exec + offset);

		id = n ? id : own;
		if (own != id)
			break;
		if (process->tgid == id)
			return process;
		eldest = process;
		process = process->parent;
	}
	if (!id || !event->world)
		return NULL;
	process = tc_processes_now(event->world->processes, id);
	/* A leader started before those that it leads; a later process only has its number. */
	if (process && process->start_ns <= eldest->start_ns)
		return process;
	return eldest;
}

static const struct tc_process *leader(const struct tc_event *event)
{
	return leader_of(event, TC_MEMBER_exec_sid, offsetof(struct tc_exec, sid));
}

static const struct tc_process *group_leader(const struct tc_event *event)
{
	return leader_of(event, TC_MEMBER_exec_pgid, offsetof(struct tc_exec, pgid));
}

#define READ_GETTER(getter, whose, read)                                                           \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		const struct tc_process *process = whose(event);                                   \
                                                                                                   \
		return process && read(event, process, ret_value);                                 \
	}

READ_GETTER(tc_get_proc_exe, actor, read_exe)
READ_GETTER(tc_get_proc_exepath, actor, read_exepath)
READ_GETTER(tc_get_proc_args, actor, read_args)
READ_GETTER(tc_get_proc_cmdline, actor, read_cmdline)
READ_GETTER(tc_get_proc_exeline, actor, tc_read_exeline)
READ_GETTER(tc_get_proc_duration, actor, read_duration)
READ_GETTER(tc_get_proc_pid_ts, actor, read_start)
READ_GETTER(tc_get_proc_vpid, actor, read_vpid)
READ_GETTER(tc_get_proc_pname, parent, read_comm)
READ_GETTER(tc_get_proc_pexe, parent, read_exe)
READ_GETTER(tc_get_proc_pexepath, parent, read_exepath)
READ_GETTER(tc_get_proc_pcmdline, parent, read_cmdline)
READ_GETTER(tc_get_proc_pexeline, parent, tc_read_exeline)
READ_GETTER(tc_get_proc_pargs, parent, read_args)
READ_GETTER(tc_get_proc_pvpid, parent, read_vpid)
READ_GETTER(tc_get_proc_ppid_duration, parent, read_duration)
READ_GETTER(tc_get_proc_ppid_ts, parent, read_start)
READ_GETTER(tc_get_proc_sname, leader, read_comm)
READ_GETTER(tc_get_proc_sid_exe, leader, read_exe)
READ_GETTER(tc_get_proc_sid_exepath, leader, read_exepath)
READ_GETTER(tc_get_proc_pgid_name, group_leader, read_comm)
READ_GETTER(tc_get_proc_pgid_exe, group_leader, read_exe)
READ_GETTER(tc_get_proc_pgid_exepath, group_leader, read_exepath)
READ_GETTER(tc_get_proc_env, actor, read_env)
READ_GETTER(tc_get_target_exe, target, read_exe)
READ_GETTER(tc_get_target_exepath, target, read_exepath)
READ_GETTER(tc_get_target_args, target, read_args)
READ_GETTER(tc_get_target_cmdline, target, read_cmdline)
READ_GETTER(tc_get_target_pname, target_parent, read_comm)

/* --- ancestors --- */

/* The part of all ancestors that have it, as a list. The process itself is not its own ancestor. */
static bool give_list(struct tc_event *event, reader read, struct tc_value *ret_value)
{
	const struct tc_process *process = event->process;
	struct tc_value values[TC_ANCESTORS_MAX];
	uint32_t flags = 0, size = 0;
	unsigned count = 0;
	char *list;

	for (unsigned n = 0; n < TC_ANCESTORS_MAX && (process = process->parent); n++) {
		values[count] = (struct tc_value){0};
		if (!read(event, process, &values[count]))
			continue;
		flags |= values[count].flags;
		size += values[count++].length + 1;
	}
	list = count ? tc_arena_alloc(&event->arena, size) : NULL;
	if (!list)
		return false;
	*ret_value = (struct tc_value){
		.type = TC_TYPE_LIST, .flags = flags, .bytes = list, .length = size, .size = size};
	for (unsigned i = 0; i < count; i++) {
		memcpy(list, values[i].bytes, values[i].length);
		list[values[i].length] = '\0';
		list += values[i].length + 1;
	}
	return true;
}

static bool give_ancestor(struct tc_event *event, int index, reader read,
			  struct tc_value *ret_value)
{
	const struct tc_process *process;

	if (!event->process)
		return false;
	if (index < 0)
		return give_list(event, read, ret_value);
	process = tc_process_ancestor(event->process, (unsigned)index);
	return process && read(event, process, ret_value);
}

#define ANCESTOR_GETTER(getter, read)                                                              \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		return give_ancestor(event, index, read, ret_value);                               \
	}

ANCESTOR_GETTER(tc_get_proc_aname, read_comm)
ANCESTOR_GETTER(tc_get_proc_aexe, read_exe)
ANCESTOR_GETTER(tc_get_proc_aexepath, read_exepath)
ANCESTOR_GETTER(tc_get_proc_acmdline, read_cmdline)
ANCESTOR_GETTER(tc_get_proc_aenv, read_env)

/* Numbers make no list: without an index there is no value. */
bool tc_get_proc_apid(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return index >= 0 && give_ancestor(event, index, read_tgid, ret_value);
}

bool tc_get_proc_is_doubtful(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return event->process && tc_give_bool(ret_value, is_doubtful(event, event->process));
}

bool tc_get_proc_is_lineage_cut(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_process *process = event->process;

	if (!process)
		return false;
	for (unsigned n = 0; n < TC_ANCESTORS_MAX && process->parent; n++)
		process = process->parent;
	return tc_give_bool(ret_value, process->parent || process->flags & TC_PROCESS_CUT);
}

bool tc_get_target_is_child(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_process *process = event->target;

	if (!process || !event->process)
		return false;
	for (unsigned n = 0; n < TC_ANCESTORS_MAX && process->parent; n++) {
		process = process->parent;
		if (process == event->process)
			return tc_give_bool(ret_value, true);
	}
	/* Without its parents it cannot be said. */
	return process->tgid <= 2 && tc_give_bool(ret_value, false);
}

/* --- members of the image --- */

#define IMAGE_GETTER(getter, member)                                                               \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		return image_member(event, event->process, TC_MEMBER_exec_##member, ret_value);    \
	}

IMAGE_GETTER(tc_get_proc_argc, argc)
IMAGE_GETTER(tc_get_proc_envc, envc)
IMAGE_GETTER(tc_get_proc_exec_filename, filename)
IMAGE_GETTER(tc_get_proc_cwd, cwd)
IMAGE_GETTER(tc_get_proc_sid, sid)
IMAGE_GETTER(tc_get_proc_pgid, pgid)
IMAGE_GETTER(tc_get_proc_tty_name, tty)
IMAGE_GETTER(tc_get_proc_audit_session, sessionid)
IMAGE_GETTER(tc_get_proc_exe_ino, exe_ino)
IMAGE_GETTER(tc_get_proc_exe_dev, exe_dev)
IMAGE_GETTER(tc_get_proc_exe_mode, exe_mode)
IMAGE_GETTER(tc_get_proc_exe_uid, exe_uid)
IMAGE_GETTER(tc_get_proc_is_exe_from_memfd, exe_memfd)
IMAGE_GETTER(tc_get_proc_is_exe_deleted, exe_deleted)
IMAGE_GETTER(tc_get_proc_is_exe_upper_layer, exe_upper)
IMAGE_GETTER(tc_get_proc_is_exe_lower_layer, exe_lower)
IMAGE_GETTER(tc_get_proc_exe_gid, exe_gid)
IMAGE_GETTER(tc_get_proc_exe_ctime, exe_ctime_ns)
IMAGE_GETTER(tc_get_proc_exe_mtime, exe_mtime_ns)
IMAGE_GETTER(tc_get_proc_vpgid, vpgid)
IMAGE_GETTER(tc_get_proc_is_secureexec, secure)
IMAGE_GETTER(tc_get_cap_permitted, cap_permitted)
IMAGE_GETTER(tc_get_cap_effective, cap_effective)
IMAGE_GETTER(tc_get_cap_inheritable, cap_inheritable)
IMAGE_GETTER(tc_get_user_loginuid, loginuid)
IMAGE_GETTER(tc_get_ns_net, net_ns)
IMAGE_GETTER(tc_get_ns_uts, uts_ns)
IMAGE_GETTER(tc_get_ns_ipc, ipc_ns)
IMAGE_GETTER(tc_get_ns_cgroup, cgroup_ns)

/* --- times of the executable --- */

/* Nanoseconds from one moment to a later one. */
static bool give_span(uint64_t from_ns, uint64_t to_ns, struct tc_value *ret_value)
{
	return to_ns >= from_ns && tc_give_uint(ret_value, to_ns - from_ns);
}

static bool pid_ns_start(const struct tc_event *event, uint64_t *ret_real_ns)
{
	uint64_t start_ns;

	if (!event->world || !knows(event, event->process, TC_MEMBER_exec_pid_ns_start_ns))
		return false;
	start_ns = event->process->image->exec.pid_ns_start_ns;
	*ret_real_ns = (uint64_t)tc_clock_real_ns(&event->world->clock, start_ns);
	return true;
}

bool tc_get_proc_pid_ns_start(struct tc_event *event, int index, struct tc_value *ret_value)
{
	uint64_t real_ns;

	return pid_ns_start(event, &real_ns) && tc_give_uint(ret_value, real_ns);
}

bool tc_get_proc_exe_ctime_to_start(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_process *process = event->process;

	if (!event->world || !knows(event, process, TC_MEMBER_exec_exe_ctime_ns) ||
	    !process->start_ns)
		return false;
	return give_span(process->image->exec.exe_ctime_ns,
			 (uint64_t)tc_clock_real_ns(&event->world->clock, process->start_ns),
			 ret_value);
}

bool tc_get_proc_exe_ctime_to_pid_ns(struct tc_event *event, int index, struct tc_value *ret_value)
{
	uint64_t real_ns;

	return knows(event, event->process, TC_MEMBER_exec_exe_ctime_ns) &&
	       pid_ns_start(event, &real_ns) &&
	       give_span(real_ns, event->process->image->exec.exe_ctime_ns, ret_value);
}

#define CAP_DAC_OVERRIDE_BIT (1ULL << 1)

bool tc_get_proc_is_exe_writable(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_process *process = event->process;
	const struct tc_exec *exec;

	if (!knows(event, process, TC_MEMBER_exec_exe_mode) ||
	    !knows(event, process, TC_MEMBER_exec_exe_uid) ||
	    !knows(event, process, TC_MEMBER_exec_exe_gid) ||
	    !knows(event, process, TC_MEMBER_exec_cap_effective))
		return false;
	exec = &process->image->exec;
	if (exec->cap_effective & CAP_DAC_OVERRIDE_BIT)
		return tc_give_bool(ret_value, true);
	if (exec->exe_uid == event->record->euid)
		return tc_give_bool(ret_value, exec->exe_mode & 0200);
	if (exec->exe_gid == event->record->egid)
		return tc_give_bool(ret_value, exec->exe_mode & 0020);
	return tc_give_bool(ret_value, exec->exe_mode & 0002);
}

/* --- the thread --- */

bool tc_get_thread_ismain(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_bool(ret_value, event->record->tid == event->record->tgid);
}

bool tc_get_thread_vtid(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_record *record = event->record;

	if (record->tid == record->tgid)
		return event->process && read_vpid(event, event->process, ret_value);
	return event->world && event->world->host.pid == record->pid_ns &&
	       tc_give_uint(ret_value, record->tid);
}

bool tc_get_thread_nametid(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_record *record = event->record;
	char text[TC_COMM_MAX + 16], *copy;
	int length = snprintf(text, sizeof(text), "%.*s%u", TC_COMM_MAX, record->comm.bytes,
			      record->tid);

	copy = tc_arena_copy(&event->arena, text, (size_t)length);
	return copy && tc_give_bytes(ret_value, copy, (size_t)length);
}

/* Falco's guess at the shell that somebody logged in to: the eldest whose name ends in sh. */
bool tc_get_proc_loginshellid(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_process *process = event->process;
	uint32_t tgid = 0;

	for (unsigned n = 0; n <= TC_ANCESTORS_MAX && process; n++, process = process->parent) {
		size_t length = strnlen(process->comm, sizeof(process->comm));

		if (length >= 2 && memcmp(process->comm + length - 2, "sh", 2) == 0)
			tgid = process->tgid;
	}
	return tgid && tc_give_uint(ret_value, tgid);
}

/* The list, or one of its strings. */
bool tc_get_proc_argv(struct tc_event *event, int index, struct tc_value *ret_value)
{
	struct tc_value list = {0};
	const char *bytes, *end;

	if (!image_member(event, event->process, TC_MEMBER_exec_argv, &list)) {
		ret_value->flags = list.flags;
		return false;
	}
	if (index < 0) {
		*ret_value = list;
		return true;
	}
	bytes = list.bytes;
	end = list.bytes + list.length;
	while (bytes < end && index--)
		bytes += strnlen(bytes, (size_t)(end - bytes)) + 1;
	if (bytes >= end)
		return false;
	tc_give_bytes(ret_value, bytes, strnlen(bytes, (size_t)(end - bytes)));
	if (bytes + ret_value->length + 1 >= end)
		ret_value->flags = list.flags;
	return true;
}

bool tc_get_proc_cmdnargs(struct tc_event *event, int index, struct tc_value *ret_value)
{
	uint32_t argc;

	if (!knows(event, event->process, TC_MEMBER_exec_argc))
		return false;
	argc = event->process->image->exec.argc;
	return tc_give_uint(ret_value, argc ? argc - 1 : 0);
}

/* All bytes, less argv[0] and a NUL for each string. */
bool tc_get_proc_cmdlenargs(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_image *image;
	uint64_t rest;

	if (!knows(event, event->process, TC_MEMBER_exec_argv) ||
	    !knows(event, event->process, TC_MEMBER_exec_argc))
		return false;
	image = event->process->image;
	if (!(image->exec.argv.flags & TC_SLOT_PRESENT))
		return false;
	rest = (uint64_t)image->exe_length + image->exec.argc;
	return tc_give_uint(ret_value,
			    image->exec.argv.size > rest ? image->exec.argv.size - rest : 0);
}

bool tc_get_proc_is_sid_leader(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return knows(event, event->process, TC_MEMBER_exec_sid) &&
	       tc_give_bool(ret_value, event->process->image->exec.sid == event->process->tgid);
}

bool tc_get_proc_is_vpgid_leader(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return knows(event, event->process, TC_MEMBER_exec_pgid) &&
	       tc_give_bool(ret_value, event->process->image->exec.pgid == event->process->tgid);
}

bool tc_get_proc_tty(struct tc_event *event, int index, struct tc_value *ret_value)
{
	struct tc_value name = {0};

	if (!image_of(event, event->process))
		return false;
	/* A scan that does not know the name knows that there is a terminal. */
	if (!knows(event, event->process, TC_MEMBER_exec_tty))
		return tc_give_uint(ret_value, TC_TTY_OTHER);
	if (!image_member(event, event->process, TC_MEMBER_exec_tty, &name) || !name.length)
		return tc_give_uint(ret_value, 0);
	return tc_give_uint(ret_value, tc_tty_number(name.bytes, name.length));
}

/* --- names of users and groups --- */

static bool give_user(const struct tc_event *event, uint32_t uid, struct tc_value *ret_value)
{
	uint32_t length;
	const char *name = event->world ? tc_users_name(event->world->users, uid, &length) : NULL;

	return name && tc_give_bytes(ret_value, name, length);
}

bool tc_get_user_name(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_user(event, event->record->euid, ret_value);
}

bool tc_get_user_rname(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_user(event, event->record->uid, ret_value);
}

bool tc_get_user_homedir(struct tc_event *event, int index, struct tc_value *ret_value)
{
	uint32_t length;
	const char *home =
		event->world ? tc_users_home(event->world->users, event->record->euid, &length)
			     : NULL;

	return home && tc_give_bytes(ret_value, home, length);
}

bool tc_get_user_shell(struct tc_event *event, int index, struct tc_value *ret_value)
{
	uint32_t length;
	const char *shell =
		event->world ? tc_users_shell(event->world->users, event->record->euid, &length)
			     : NULL;

	return shell && tc_give_bytes(ret_value, shell, length);
}

bool tc_get_user_loginname(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return knows(event, event->process, TC_MEMBER_exec_loginuid) &&
	       event->process->image->exec.loginuid != TC_ABSENT_U32 &&
	       give_user(event, event->process->image->exec.loginuid, ret_value);
}

/* All events with a target have TC_TARGET's members at the same place. */
bool tc_get_target_user(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_user(event, ((const struct tc_trace *)event->record)->target_uid, ret_value);
}

static bool is_call(const struct tc_event *event, const char *name)
{
	const struct tc_record *record = event->record;
	const char *call = tc_syscall_name(record->syscall, record->flags & TC_RECORD_COMPAT);

	return call && strcmp(call, name) == 0;
}

/* setfsuid(2) changes nothing but the id for file access. */
bool tc_get_evt_arg_uid(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_setuid *setuid = (const struct tc_setuid *)event->record;
	bool for_files = is_call(event, "setfsuid");

	return give_user(event, for_files ? setuid->new_fsuid : setuid->new_euid, ret_value);
}

static bool give_group(const struct tc_event *event, uint32_t gid, struct tc_value *ret_value)
{
	uint32_t length;
	const char *name = event->world ? tc_users_group(event->world->users, gid, &length) : NULL;

	return name && tc_give_bytes(ret_value, name, length);
}

bool tc_get_evt_arg_gid(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_setgid *setgid = (const struct tc_setgid *)event->record;
	bool for_files = is_call(event, "setfsgid");

	return give_group(event, for_files ? setgid->new_fsgid : setgid->new_egid, ret_value);
}

bool tc_get_group_name(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_group(event, event->record->egid, ret_value);
}

/* --- namespaces --- */

static bool give_same(uint32_t own, uint32_t host, struct tc_value *ret_value)
{
	return own && host && tc_give_bool(ret_value, own == host);
}

#define HEADER_NS_GETTER(getter, member, name)                                                     \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		return event->world &&                                                             \
		       give_same(event->record->member, event->world->host.name, ret_value);       \
	}
#define IMAGE_NS_GETTER(getter, member, name)                                                      \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		return event->world && knows(event, event->process, TC_MEMBER_exec_##member) &&    \
		       give_same(event->process->image->exec.member, event->world->host.name,      \
				 ret_value);                                                       \
	}

HEADER_NS_GETTER(tc_get_ns_mnt_is_host, mnt_ns, mnt)
HEADER_NS_GETTER(tc_get_ns_pid_is_host, pid_ns, pid)
HEADER_NS_GETTER(tc_get_ns_user_is_host, user_ns, user)
IMAGE_NS_GETTER(tc_get_ns_net_is_host, net_ns, net)
IMAGE_NS_GETTER(tc_get_ns_uts_is_host, uts_ns, uts)
IMAGE_NS_GETTER(tc_get_ns_ipc_is_host, ipc_ns, ipc)
IMAGE_NS_GETTER(tc_get_ns_cgroup_is_host, cgroup_ns, cgroup)
