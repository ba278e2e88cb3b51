/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family mount: LSM hooks for mount(2) and the new mount API; programs before the two calls that
 * pass no hook. */

#define MS_REMOUNT (1 << 5)
#define MS_BIND (1 << 12)
#define MS_MOVE (1 << 13)
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20)
#define OPEN_TREE_CLONE 1

/* In the order in which path_mount() (fs/namespace.c) looks at the flags. */
static __always_inline enum tc_mount_op mount_op(unsigned long flags)
{
	if (flags & MS_REMOUNT)
		return TC_MOUNT_REMOUNT;
	if (flags & MS_BIND)
		return TC_MOUNT_BIND;
	if (flags & MS_PROPAGATION)
		return TC_MOUNT_PROPAGATION;
	if (flags & MS_MOVE)
		return TC_MOUNT_MOVE;
	return TC_MOUNT_NEW;
}

SEC("lsm/sb_mount")
int BPF_PROG(sb_mount, const char *source, const struct path *path, const char *fstype,
	     unsigned long flags, void *data)
{
	struct tc_mount *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_mount))
		return 0;
	s = record_start(TC_KIND_mount, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_mount);
	record = (struct tc_mount *)s->record;
	record->mount_flags = flags;
	record->op = mount_op(flags);
	slot_path_text(s, &record->source, source);
	slot_path(s, &record->target, BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt));
	slot_text(s, &record->fstype, fstype);
	return record_decide(s);
}

static __always_inline const char *mount_fstype(struct vfsmount *mnt)
{
	return BPF_CORE_READ(mnt, mnt_sb, s_type, name);
}

/*
 * A mount that hangs nowhere is new, by fsmount(2), or a copy of another one, by open_tree(2): what
 * mount(2) calls a bind. A copy shows a part of its file system, or a file system that is mounted
 * elsewhere as well.
 */
static __always_inline enum tc_mount_op detached_op(struct vfsmount *mnt)
{
	struct super_block *sb = BPF_CORE_READ(mnt, mnt_sb);

	if (BPF_CORE_READ(mnt, mnt_root) != BPF_CORE_READ(sb, s_root) ||
	    compat_mounted_elsewhere(sb))
		return TC_MOUNT_BIND;
	return TC_MOUNT_NEW;
}

SEC("lsm/move_mount")
int BPF_PROG(move_mount, const struct path *from, const struct path *to)
{
	struct vfsmount *mnt = BPF_CORE_READ(from, mnt);
	struct mount *mount = mount_of(mnt);
	struct tc_move_mount *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_move_mount))
		return 0;
	s = record_start(TC_KIND_move_mount, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_move_mount);
	record = (struct tc_move_mount *)s->record;
	record->op = detached_op(mnt);
	if (BPF_CORE_READ(mount, mnt_parent) != mount) { /* it hangs somewhere already */
		record->op = TC_MOUNT_MOVE;
		slot_path(s, &record->source, BPF_CORE_READ(from, dentry), mnt);
	}
	slot_path(s, &record->target, BPF_CORE_READ(to, dentry), BPF_CORE_READ(to, mnt));
	slot_text(s, &record->fstype, mount_fstype(mnt));
	return record_decide(s);
}

/* mount(2) with MS_REMOUNT comes here as well; it was told by sb_mount, with its path. */
SEC("lsm/sb_remount")
int BPF_PROG(sb_remount, struct super_block *sb, void *options)
{
	struct tc_remount *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_remount))
		return 0;
	s = record_begin(TC_KIND_remount, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_remount);
	record = (struct tc_remount *)s->record;
	if (syscall_is(&record->header, NR_MOUNT, NR_32_MOUNT)) {
		record_drop(s);
		return 0;
	}
	record->dev = device_number(BPF_CORE_READ(sb, s_dev));
	slot_text(s, &record->fstype, BPF_CORE_READ(sb, s_type, name));
	return record_decide(s);
}

SEC("lsm/sb_umount")
int BPF_PROG(sb_umount, struct vfsmount *mnt, int flags)
{
	struct tc_umount *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_umount))
		return 0;
	s = record_start(TC_KIND_umount, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_umount);
	record = (struct tc_umount *)s->record;
	record->umount_flags = flags;
	slot_path(s, &record->target, BPF_CORE_READ(mnt, mnt_root), mnt);
	slot_text(s, &record->fstype, mount_fstype(mnt));
	return record_decide(s);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(sb_pivotroot, const struct path *put_old, const struct path *new_root)
{
	struct tc_pivot_root *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_pivot_root))
		return 0;
	s = record_start(TC_KIND_pivot_root, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_pivot_root);
	record = (struct tc_pivot_root *)s->record;
	slot_path(s, &record->new_root, BPF_CORE_READ(new_root, dentry),
		  BPF_CORE_READ(new_root, mnt));
	slot_path(s, &record->put_old, BPF_CORE_READ(put_old, dentry), BPF_CORE_READ(put_old, mnt));
	return record_decide(s);
}

/* mount_setattr(2) and open_tree(2) pass no LSM hook. struct mount_attr:
 * include/uapi/linux/mount.h. */
static __always_inline int mount_setattr_event(int dirfd, const char *path, const void *attr)
{
	struct tc_mount_setattr *record;
	struct scratch *s;
	__u64 words[2] = {};

	if (!decide_early(TC_KIND_mount_setattr))
		return 0;
	s = record_begin(TC_KIND_mount_setattr, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_mount_setattr *)s->record;
	record->header.flags |= TC_RECORD_CALLER;
	if (bpf_probe_read_user(words, sizeof(words), attr))
		record->header.flags |= TC_RECORD_UNREADABLE;
	record->attr_set = words[0];
	record->attr_clear = words[1];
	record->dirfd = dirfd;
	slot_user_text(s, &record->target, path);
	record_tell(s);
	return 0;
}

static __always_inline int open_tree_event(int dirfd, const char *path, __u32 flags)
{
	struct tc_open_tree *record;
	struct scratch *s;

	if (!(flags & OPEN_TREE_CLONE) || !decide_early(TC_KIND_open_tree))
		return 0;
	s = record_begin(TC_KIND_open_tree, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_open_tree *)s->record;
	record->header.flags |= TC_RECORD_CALLER;
	record->dirfd = dirfd;
	slot_user_text(s, &record->target, path);
	record_tell(s);
	return 0;
}

SEC("fentry/__x64_sys_mount_setattr")
int BPF_PROG(mount_setattr, const struct pt_regs *regs)
{
	return mount_setattr_event(regs->di, (void *)regs->si, (void *)regs->r10);
}

SEC("fentry/__ia32_sys_mount_setattr")
int BPF_PROG(mount_setattr_ia32, const struct pt_regs *regs)
{
	return mount_setattr_event(regs->bx, (void *)(__u64)(__u32)regs->cx,
				   (void *)(__u64)(__u32)regs->si);
}

SEC("fentry/__x64_sys_open_tree")
int BPF_PROG(open_tree, const struct pt_regs *regs)
{
	return open_tree_event(regs->di, (void *)regs->si, regs->dx);
}

SEC("fentry/__ia32_sys_open_tree")
int BPF_PROG(open_tree_ia32, const struct pt_regs *regs)
{
	return open_tree_event(regs->bx, (void *)(__u64)(__u32)regs->cx, regs->dx);
}
