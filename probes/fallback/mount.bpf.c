/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family mount of the fallback. */

/* Old programs put this into the upper half of mount(2)'s flags: include/uapi/linux/mount.h. */
#define MS_MGC_VAL 0xc0ed0000
#define MS_MGC_MASK 0xffff0000
#define MOVE_MOUNT_SET_GROUP 0x100
/* include/linux/fs.h: the descriptor owns a mount that hung nowhere when it was made. */
#define FMODE_NEED_UNMOUNT 0x10000000
#define FSCONFIG_CMD_RECONFIGURE 7

static __noinline int tell_mount(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_mount, sizeof(struct tc_mount));
	struct tc_mount *record;
	__u64 flags;

	if (!s)
		return 0;
	record = (struct tc_mount *)s->record;
	flags = call_argument(call, call->row->flags);
	if ((flags & MS_MGC_MASK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MASK;
	record->mount_flags = flags;
	record->op = mount_op(flags);
	slot_user_text(s, &record->source, (const void *)call_argument(call, call->row->value));
	place_find(s, call, call->row->from, call->row->path);
	append_place(s, record, target);
	slot_user_text(s, &record->fstype, (const void *)call_argument(call, 3));
	call_send(s);
	return 0;
}

static __noinline int tell_umount(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_umount, sizeof(struct tc_umount));
	struct tc_umount *record;

	if (!s)
		return 0;
	record = (struct tc_umount *)s->record;
	record->umount_flags = call_argument(call, call->row->flags);
	place_find(s, call, call->row->from, call->row->path);
	append_place(s, record, target);
	call_send(s);
	return 0;
}

/* The call has moved the root, and often the working directory: the words are told alone. */
static __noinline int tell_pivot_root(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_pivot_root, sizeof(struct tc_pivot_root));
	struct tc_pivot_root *record;

	if (!s)
		return 0;
	record = (struct tc_pivot_root *)s->record;
	record->header.flags |= TC_RECORD_CALLER;
	slot_user_text(s, &record->new_root, (const void *)call_argument(call, call->row->path));
	slot_user_text(s, &record->put_old, (const void *)call_argument(call, call->row->path2));
	call_send(s);
	return 0;
}

/*
 * A new mount is given by its descriptor, with an empty path: that descriptor leads to where the
 * mount hangs now, so the target is the kernel's word. Else both are the caller's.
 */
static __noinline int tell_move_mount(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_move_mount, sizeof(struct tc_move_mount));
	struct tc_move_mount *record;
	const struct call_row *row = call->row;
	bool detached = false;
	struct file *file;

	if (!s)
		return 0;
	record = (struct tc_move_mount *)s->record;
	record->op = TC_MOUNT_MOVE;
	place_find(s, call, row->from, row->path);
	if (!s->place.words) {
		file = descriptor_file(call_argument(call, row->from));
		detached = BPF_CORE_READ(file, f_mode) & FMODE_NEED_UNMOUNT;
		slot_text(s, &record->fstype, mount_fstype((struct vfsmount *)s->place.mount));
	} else {
		append_place(s, record, source);
	}
	if (detached)
		record->op = detached_op((struct vfsmount *)s->place.mount);
	if (!detached || call_argument(call, row->flags) & MOVE_MOUNT_SET_GROUP)
		place_find(s, call, row->from2, row->path2);
	append_place(s, record, target);
	call_send(s);
	return 0;
}

static __noinline int tell_mount_setattr(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_mount_setattr, sizeof(struct tc_mount_setattr));
	struct tc_mount_setattr *record;
	__u64 words[2] = {};

	if (!s)
		return 0;
	record = (struct tc_mount_setattr *)s->record;
	record->header.flags |= TC_RECORD_CALLER;
	if (bpf_probe_read_user(words, sizeof(words),
				(const void *)call_argument(call, call->row->value)))
		record->header.flags |= TC_RECORD_UNREADABLE;
	record->attr_set = words[0];
	record->attr_clear = words[1];
	record->dirfd = call_argument(call, call->row->from);
	slot_user_text(s, &record->target, (const void *)call_argument(call, call->row->path));
	call_send(s);
	return 0;
}

/* open_tree_attr(2) sets attributes as well, with or without making a copy. */
static __noinline int tell_open_tree(const struct call *call)
{
	struct tc_open_tree *record;
	struct scratch *s;

	if (call->row->value && call_argument(call, call->row->value) &&
	    kind_wanted(TC_KIND_mount_setattr))
		tell_mount_setattr(call);
	if (!(call_argument(call, call->row->flags) & OPEN_TREE_CLONE) ||
	    !kind_wanted(TC_KIND_open_tree))
		return 0;
	s = call_record(TC_KIND_open_tree, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_open_tree *)s->record;
	record->header.flags |= TC_RECORD_CALLER;
	record->dirfd = call_argument(call, call->row->from);
	slot_user_text(s, &record->target, (const void *)call_argument(call, call->row->path));
	call_send(s);
	return 0;
}

/*
 * fsconfig(2) works on a struct fs_context, the file's private data; fspick(2) filled in the root
 * of the file system.
 */
static __noinline int tell_fsconfig(const struct call *call)
{
	struct tc_remount *record;
	struct fs_context *context;
	struct super_block *sb;
	struct file *file;
	struct scratch *s;

	if (call_argument(call, call->row->value) != FSCONFIG_CMD_RECONFIGURE)
		return 0;
	s = call_record(TC_KIND_remount, sizeof(*record));
	if (!s)
		return 0;
	file = descriptor_file(call_argument(call, call->row->from));
	context = BPF_CORE_READ(file, private_data);
	sb = BPF_CORE_READ(context, root, d_sb);
	record = (struct tc_remount *)s->record;
	record->dev = device_number(BPF_CORE_READ(sb, s_dev));
	slot_text(s, &record->fstype, BPF_CORE_READ(sb, s_type, name));
	call_send(s);
	return 0;
}
