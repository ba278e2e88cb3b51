/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of the event itself and of the file it is about: evt.*, fd.*, file.*. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "agent/enrich/fields.h"
#include "agent/enrich/socket.h"
#include "agent/syscalls.h"
#include "agent/value.h"

#define NS_PER_S 1000000000LL

/* --- what happened --- */

bool tc_get_evt_type(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_record *record = event->record;
	const char *name;

	if (record->flags & TC_RECORD_IO_URING)
		name = tc_syscall_io_uring_name(record->syscall);
	else
		name = tc_syscall_name(record->syscall, record->flags & TC_RECORD_COMPAT);
	return tc_give_string(ret_value, name ? name : event->kind->name);
}

bool tc_get_syscall_type(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_record *record = event->record;
	const char *name;

	if (record->flags & TC_RECORD_IO_URING || record->syscall < 0)
		return false;
	name = tc_syscall_name(record->syscall, record->flags & TC_RECORD_COMPAT);
	return name && tc_give_string(ret_value, name);
}

bool tc_get_evt_via(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_record *record = event->record;

	if (record->flags & TC_RECORD_IO_URING)
		return tc_give_string(ret_value, "io_uring");
	if (record->flags & TC_RECORD_KERNEL || record->syscall < 0)
		return tc_give_string(ret_value, "kernel");
	return tc_give_string(ret_value, "syscall");
}

bool tc_get_evt_num(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return event->world && tc_give_uint(ret_value, event->world->events);
}

bool tc_get_evt_dir(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_string(ret_value, "<");
}

bool tc_get_evt_category(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_string(ret_value, event->kind->family);
}

bool tc_get_evt_hostname(struct tc_event *event, int index, struct tc_value *ret_value)
{
	if (!event->world || !event->world->hostname[0])
		return false;
	return tc_give_string(ret_value, event->world->hostname);
}

bool tc_get_evt_boot_id(struct tc_event *event, int index, struct tc_value *ret_value)
{
	if (!event->world || !event->world->boot_id[0])
		return false;
	return tc_give_string(ret_value, event->world->boot_id);
}

/* --- when --- */

static bool give_time(struct tc_event *event, enum tc_clock_format format,
		      struct tc_value *ret_value)
{
	char *text = event->world ? tc_arena_alloc(&event->arena, TC_CLOCK_TEXT_MAX) : NULL;

	if (!text)
		return false;
	return tc_give_bytes(
		ret_value, text,
		tc_clock_format(format,
				tc_clock_real_ns(&event->world->clock, event->record->time_ns),
				text));
}

#define TIME_GETTER(getter, format)                                                                \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		return give_time(event, format, ret_value);                                        \
	}

TIME_GETTER(tc_get_evt_time, TC_CLOCK_TIME)
TIME_GETTER(tc_get_evt_time_s, TC_CLOCK_TIME_S)
TIME_GETTER(tc_get_evt_time_iso8601, TC_CLOCK_ISO8601)
TIME_GETTER(tc_get_evt_datetime, TC_CLOCK_DATETIME)
TIME_GETTER(tc_get_evt_datetime_s, TC_CLOCK_DATETIME_S)

static bool give_rawtime(struct tc_event *event, uint64_t divisor, uint64_t modulus,
			 struct tc_value *ret_value)
{
	uint64_t real_ns;

	if (!event->world)
		return false;
	real_ns = (uint64_t)tc_clock_real_ns(&event->world->clock, event->record->time_ns);
	return tc_give_uint(ret_value, modulus ? real_ns % modulus : real_ns / divisor);
}

bool tc_get_evt_rawtime(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_rawtime(event, 1, 0, ret_value);
}

bool tc_get_evt_rawtime_s(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_rawtime(event, NS_PER_S, 0, ret_value);
}

bool tc_get_evt_rawtime_ns(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_rawtime(event, 1, NS_PER_S, ret_value);
}

/* --- how it went --- */

static bool is_blocked(const struct tc_event *event)
{
	return event->record->verdict == TC_VERDICT_BLOCKED;
}

/* What the call gave back: known of events that are told at its end. Else the hook's own verdict
 * stands for it. */
static int32_t event_result(const struct tc_event *event)
{
	int32_t result;

	if (tc_event_result(event, &result))
		return result;
	if (event->record->error)
		return -(int32_t)event->record->error;
	return is_blocked(event) ? -EPERM : 0;
}

bool tc_get_evt_res(struct tc_event *event, int index, struct tc_value *ret_value)
{
	int32_t result = event_result(event);
	const char *name = result < 0 ? strerrorname_np(-result) : "SUCCESS";

	return name && tc_give_string(ret_value, name);
}

bool tc_get_evt_rawres(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_int(ret_value, event_result(event));
}

bool tc_get_evt_failed(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_bool(ret_value, event_result(event) < 0);
}

bool tc_get_fd_num(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_int(ret_value, is_blocked(event) ? -1 : 0);
}

/* --- what a call was given --- */

bool tc_get_evt_rawarg_sig(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_uint(ret_value, ((const struct tc_signal *)event->record)->number);
}

bool tc_get_setns_is_host(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_setns *setns = (const struct tc_setns *)event->record;
	const struct tc_namespaces *host = event->world ? &event->world->host : NULL;
	const struct {
		uint32_t type, ns;
	} rows[] = {
		{CLONE_NEWNS, host ? host->mnt : 0},	    {CLONE_NEWPID, host ? host->pid : 0},
		{CLONE_NEWUSER, host ? host->user : 0},	    {CLONE_NEWNET, host ? host->net : 0},
		{CLONE_NEWUTS, host ? host->uts : 0},	    {CLONE_NEWIPC, host ? host->ipc : 0},
		{CLONE_NEWCGROUP, host ? host->cgroup : 0},
	};

	if (setns->target_tgid != TC_ABSENT_U32)
		return tc_give_bool(ret_value, setns->target_tgid == 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == setns->nstype)
			return rows[i].ns && setns->ns != TC_ABSENT_U32 &&
			       tc_give_bool(ret_value, rows[i].ns == setns->ns);
	return false;
}

/* Arguments are the fields that are called so. Looked for by name: only outputs ask. */
bool tc_get_evt_args(struct tc_event *event, int index, struct tc_value *ret_value)
{
	static const char prefix[] = "evt.arg.";
	struct tc_buffer text = {0};
	char *copy;

	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);
		struct tc_value value;

		if (strncmp(field->name, prefix, sizeof(prefix) - 1) != 0 ||
		    !tc_event_get(event, field, -1, &value))
			continue;
		tc_buffer_printf(&text, "%s%s=", text.length ? " " : "",
				 field->name + sizeof(prefix) - 1);
		tc_value_print(&text, &value, field->show);
	}
	copy = text.length ? tc_arena_copy(&event->arena, text.bytes, text.length) : NULL;
	if (copy)
		tc_give_bytes(ret_value, copy, text.length);
	tc_buffer_done(&text);
	return copy;
}

bool tc_get_evt_source(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_string(ret_value, "syscall");
}

bool tc_get_evt_count(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_uint(ret_value, 1);
}

/* --- how it was seen --- */

bool tc_get_evt_truncated(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_bool(ret_value, event->record->flags & TC_RECORD_CUT);
}

bool tc_get_evt_unreadable(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_bool(ret_value, event->record->flags & TC_RECORD_UNREADABLE);
}

bool tc_get_evt_source_hook(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_string(ret_value,
			      event->record->flags & TC_RECORD_FALLBACK ? "tracepoint" : "lsm");
}

bool tc_get_evt_paths_are_raw(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return tc_give_bool(ret_value, event->record->flags & TC_RECORD_CALLER);
}

/* --- files --- */

/* Members that some kinds have, by kind; 0: the kind has none. */
static const uint16_t open_flags_offset[TC_KIND_LIMIT] = {
	[TC_KIND_open] = offsetof(struct tc_open, open_flags),
	[TC_KIND_open_read] = offsetof(struct tc_open_read, open_flags),
};
static const uint16_t open_path_offset[TC_KIND_LIMIT] = {
	[TC_KIND_open] = offsetof(struct tc_open, path),
	[TC_KIND_open_read] = offsetof(struct tc_open_read, path),
};

static bool read_u32(const struct tc_event *event, uint16_t offset, uint32_t *ret_number)
{
	if (!offset)
		return false;
	*ret_number = *(const uint32_t *)((const char *)event->record + offset);
	return true;
}

static bool read_type(const struct tc_event *event, uint32_t *ret_type)
{
	if (!event->world ||
	    !read_u32(event, event->world->type_offset[event->record->kind], ret_type))
		return false;
	*ret_type &= S_IFMT;
	return *ret_type != 0;
}

bool tc_get_evt_is_open_read(struct tc_event *event, int index, struct tc_value *ret_value)
{
	uint32_t flags;

	if (!read_u32(event, open_flags_offset[event->record->kind], &flags))
		return false;
	flags &= O_ACCMODE;
	return tc_give_bool(ret_value, flags == O_RDONLY || flags == O_RDWR);
}

bool tc_get_evt_is_open_exec(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_create *create = (const struct tc_create *)event->record;

	if (event->record->kind != TC_KIND_create)
		return tc_give_bool(ret_value, false);
	return tc_give_bool(ret_value,
			    (create->type & S_IFMT) == S_IFREG && create->new_mode & 0111);
}

/* mknod(2) and bind(2) make files as well. */
bool tc_get_evt_is_open_create(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_create *create = (const struct tc_create *)event->record;
	const struct tc_record *record = event->record;
	const char *call = tc_syscall_name(record->syscall, record->flags & TC_RECORD_COMPAT);
	bool made = record->kind == TC_KIND_create && (create->type & S_IFMT) == S_IFREG;

	return tc_give_bool(ret_value, made && call && strncmp(call, "mknod", 5) != 0);
}

/* Words for a type of file. Falco's letter and word are those of what open(2) gives: a device is a
 * file to it. */
static const struct type_row {
	uint32_t type;
	const char *letter, *word, *full;
} type_rows[] = {
	{S_IFREG, "f", "file", "regular"}, {S_IFDIR, "d", "directory", "directory"},
	{S_IFLNK, "f", "file", "symlink"}, {S_IFCHR, "f", "file", "character"},
	{S_IFBLK, "f", "file", "block"},   {S_IFIFO, "p", "pipe", "fifo"},
	{S_IFSOCK, "u", "unix", "socket"},
};

static bool give_type(struct tc_event *event, size_t word, struct tc_value *ret_value)
{
	uint32_t type;

	if (!read_type(event, &type))
		return false;
	for (size_t i = 0; i < sizeof(type_rows) / sizeof(type_rows[0]); i++)
		if (type_rows[i].type == type)
			return tc_give_string(
				ret_value,
				*(const char *const *)((const char *)&type_rows[i] + word));
	return false;
}

bool tc_get_fd_typechar(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_socket_part *socket = tc_event_socket(event);
	const char *word = socket ? tc_socket_typechar(event, socket) : NULL;

	if (socket)
		return word && tc_give_string(ret_value, word);
	return give_type(event, offsetof(struct type_row, letter), ret_value);
}

bool tc_get_fd_type(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_socket_part *socket = tc_event_socket(event);
	const char *word = socket ? tc_socket_type(event, socket) : NULL;

	if (socket)
		return word && tc_give_string(ret_value, word);
	return give_type(event, offsetof(struct type_row, word), ret_value);
}

bool tc_get_file_type(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_type(event, offsetof(struct type_row, full), ret_value);
}

/*
 * The path of the opened file and the place of its last slash. Of a path that was cut, neither
 * directory nor name is known: the value says so.
 */
static bool split_path(struct tc_event *event, struct tc_value *ret_value, const char **ret_path,
		       size_t *ret_length, const char **ret_slash)
{
	uint16_t offset = open_path_offset[event->record->kind];
	const struct tc_slot *slot = (const struct tc_slot *)((const char *)event->record + offset);

	if (!offset || !(slot->flags & TC_SLOT_PRESENT))
		return false;
	if (slot->flags & (TC_SLOT_CUT | TC_SLOT_UNREADABLE)) {
		ret_value->flags = slot->flags & TC_SLOT_CUT ? TC_VALUE_CUT : TC_VALUE_UNREADABLE;
		return false;
	}
	*ret_path = (const char *)event->record + slot->offset;
	*ret_length = slot->stored;
	*ret_slash = memrchr(*ret_path, '/', slot->stored);
	return *ret_slash != NULL;
}

bool tc_get_fd_directory(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const char *path, *slash;
	size_t length;
	uint32_t type;

	if (!split_path(event, ret_value, &path, &length, &slash))
		return false;
	if (read_type(event, &type) && type == S_IFDIR)
		return tc_give_bytes(ret_value, path, length);
	return tc_give_bytes(ret_value, path, slash == path ? 1 : (size_t)(slash - path));
}

bool tc_get_fd_filename(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const char *path, *slash;
	size_t length;
	uint32_t type;

	if (!split_path(event, ret_value, &path, &length, &slash))
		return false;
	if (read_type(event, &type) && type == S_IFDIR)
		return false;
	return tc_give_bytes(ret_value, slash + 1, (size_t)(path + length - slash) - 1);
}

/* --- fields made of other fields --- */

static bool get_named(struct tc_event *event, const char *name, struct tc_value *ret_value)
{
	const struct tc_field *field = tc_field_by_name(name, strlen(name));

	return field && tc_event_get(event, field, -1, ret_value);
}

bool tc_get_fd_is_connected(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return get_named(event, "fd.connected", ret_value);
}

bool tc_get_fd_dev_major(struct tc_event *event, int index, struct tc_value *ret_value)
{
	struct tc_value dev;

	return get_named(event, "fd.dev", &dev) && tc_give_uint(ret_value, major(dev.uint));
}

bool tc_get_fd_dev_minor(struct tc_event *event, int index, struct tc_value *ret_value)
{
	struct tc_value dev;

	return get_named(event, "fd.dev", &dev) && tc_give_uint(ret_value, minor(dev.uint));
}

static bool give_contained(struct tc_event *event, const char *name, struct tc_value *ret_value)
{
	struct tc_value id, value;
	char *text;

	if (!get_named(event, "container.id", &id) || !get_named(event, name, &value))
		return false;
	text = tc_arena_alloc(&event->arena, id.length + 1 + value.length);
	if (!text)
		return false;
	memcpy(text, id.bytes, id.length);
	text[id.length] = ':';
	memcpy(text + id.length + 1, value.bytes, value.length);
	tc_give_bytes(ret_value, text, id.length + 1 + value.length);
	ret_value->flags = value.flags;
	ret_value->size = id.length + 1 + value.size;
	return true;
}

bool tc_get_fd_containername(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_contained(event, "fd.name", ret_value);
}

bool tc_get_fd_containerdirectory(struct tc_event *event, int index, struct tc_value *ret_value)
{
	return give_contained(event, "fd.directory", ret_value);
}
