/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Event dup of the fallback. */

/* include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h */
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030

static __always_inline bool call_dups(const struct call *call)
{
	__u32 command;

	if (!call->row->value)
		return true;
	command = call_argument(call, call->row->value);
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

static __noinline int tell_dup(const struct call *call)
{
	struct file *file;
	struct tc_dup *record;
	struct scratch *s;
	umode_t mode;

	if (!call_dups(call))
		return 0;
	file = descriptor_file(call->result);
	mode = file ? BPF_CORE_READ(file, f_inode, i_mode) : 0;
	if (!file || !dup_is_told(mode, call->result))
		return 0;
	s = call_record(TC_KIND_dup, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_dup *)s->record;
	record->new_fd = call->result;
	record->old_fd = call_argument(call, call->row->from);
	record->type = mode & S_IFMT;
	fill_dup(s, file);
	call_send(s);
	return 0;
}
