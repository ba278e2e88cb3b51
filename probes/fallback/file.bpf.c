/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family file of the fallback. */

/* include/linux/fs.h */
#define FMODE_PATH 0x4000
/* include/uapi/asm-generic/fcntl.h */
#define O_WRONLY 01
#define O_CREAT 0100
#define O_EXCL 0200
#define O_NOCTTY 0400
#define O_TRUNC 01000
/* What the kernel takes out of f_flags once the file is open: do_dentry_open(). */
#define O_ONCE (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC)
#define AT_REMOVEDIR 0x200
#define S_IFREG 0100000
#define S_IFDIR 0040000

/* What open(2) and its sisters were asked for. */
struct open_asked {
	__u64 flags, mode; /* the first members of struct open_how: include/uapi/linux/openat2.h */
	__u32 unreadable;  /* TC_RECORD_UNREADABLE: both are unknown */
	__u32 pad;
	__u64 words; /* user address of the path */
};

static __always_inline void open_asked(const struct call *call, struct open_asked *asked)
{
	const struct call_row *row = call->row;

	asked->words = row->path ? call_argument(call, row->path) : 0;
	if (row->shape == SHAPE_OPENAT2) {
		const void *how = (const void *)call_argument(call, row->value);

		if (bpf_probe_read_user(asked, 2 * sizeof(__u64), how))
			asked->unreadable = TC_RECORD_UNREADABLE;
		return;
	}
	asked->flags = O_WRONLY | O_CREAT | O_TRUNC;
	if (row->shape != SHAPE_CREAT)
		asked->flags = call_argument(call, row->flags);
	asked->mode = call_argument(call, row->value);
}

static __noinline int tell_created(struct file *file, const struct open_asked *asked)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	struct scratch *s = call_record(TC_KIND_create, sizeof(struct tc_create));
	struct tc_create *record;

	if (!s)
		return 0;
	record = (struct tc_create *)s->record;
	fill_directory(record, BPF_CORE_READ(dentry, d_parent, d_inode));
	record->header.flags |= asked->unreadable;
	record->new_mode = asked->mode & S_IALLUGO;
	record->type = S_IFREG;
	place_file(s, file);
	append_place(s, record, path);
	call_send(s);
	return 0;
}

/*
 * The file system is the kernel's own in what the walk calls private: no event, as at the LSM hook.
 */
static __noinline int tell_opened(struct file *file, const struct open_asked *asked, __u32 kind)
{
	struct scratch *s = call_record(kind, sizeof(struct tc_open));
	struct tc_open *record; /* struct tc_open_read has the same members */

	if (!s)
		return 0;
	walk_path(s, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt));
	if (s->walk.private) {
		record_drop(s);
		return 0;
	}
	record = (struct tc_open *)s->record;
	fill_inode(record, BPF_CORE_READ(file, f_inode));
	record->header.flags |= asked->unreadable;
	record->open_flags = BPF_CORE_READ(file, f_flags) | (asked->flags & O_ONCE);
	record->is_new = !!(BPF_CORE_READ(file, f_mode) & FMODE_CREATED);
	slot_walked(s, &record->path);
	if (record->nlink == 0)
		record->path.flags |= TC_SLOT_DELETED;
	if (part_wanted(TC_WANT_RAW_PATH))
		slot_user_text(s, &record->raw_path, (const void *)asked->words);
	call_send(s);
	return 0;
}

static __always_inline void send_truncated(struct scratch *s)
{
	struct tc_truncate *record = (struct tc_truncate *)s->record;

	fill_place_inode(s, record);
	append_place(s, record, path);
	call_send(s);
}

static __noinline int tell_truncate(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_truncate, sizeof(struct tc_truncate));

	if (!s)
		return 0;
	place_find(s, call, call->row->from, call->row->path);
	send_truncated(s);
	return 0;
}

static __noinline int tell_emptied(struct file *file)
{
	struct scratch *s = call_record(TC_KIND_truncate, sizeof(struct tc_truncate));

	if (!s)
		return 0;
	place_file(s, file);
	send_truncated(s);
	return 0;
}

/* An open may have made the file, emptied it, and be a door into another process. */
static __noinline int tell_open(const struct call *call)
{
	struct file *file = descriptor_file(call->result);
	__u32 mode = BPF_CORE_READ(file, f_mode);
	__u32 kind = mode & FMODE_WRITE ? TC_KIND_open : TC_KIND_open_read;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct open_asked asked = {};

	if (!file || mode & FMODE_PATH)
		return 0;
	open_asked(call, &asked);
	if (mode & FMODE_CREATED && kind_wanted(TC_KIND_create))
		tell_created(file, &asked);
	if (kind_wanted(kind))
		tell_opened(file, &asked, kind);
	if (asked.flags & O_TRUNC && !(mode & FMODE_CREATED) && kind_wanted(TC_KIND_truncate) &&
	    (BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFREG)
		tell_emptied(file);
	if (kind_wanted(TC_KIND_trace))
		tell_proc_mem(file);
	return 0;
}

static __noinline int tell_mknod(const struct call *call)
{
	__u32 mode = call_argument(call, call->row->value);
	struct scratch *s = call_record(TC_KIND_create, sizeof(struct tc_create));
	struct tc_create *record;

	if (!s)
		return 0;
	record = (struct tc_create *)s->record;
	record->new_mode = mode & S_IALLUGO;
	record->type = mode & S_IFMT ?: S_IFREG;
	record->rdev = call_argument(call, call->row->value + 1);
	place_find(s, call, call->row->from, call->row->path);
	append_place(s, record, path);
	call_send(s);
	return 0;
}

static __noinline int tell_mkdir(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_mkdir, sizeof(struct tc_mkdir));
	struct tc_mkdir *record;

	if (!s)
		return 0;
	record = (struct tc_mkdir *)s->record;
	record->new_mode = call_argument(call, call->row->value) & S_IALLUGO;
	place_find(s, call, call->row->from, call->row->path);
	append_place(s, record, path);
	call_send(s);
	return 0;
}

static __noinline int tell_unlink(const struct call *call)
{
	bool directory = call->row->shape == SHAPE_RMDIR ||
			 call_argument(call, call->row->flags) & AT_REMOVEDIR;
	__u32 kind = directory ? TC_KIND_rmdir : TC_KIND_unlink;
	struct tc_unlink *record; /* struct tc_rmdir has the same members */
	struct scratch *s;

	if (!kind_wanted(kind))
		return 0;
	s = call_record(kind, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_unlink *)s->record;
	fill_unknown_inode(record);
	if (directory)
		record->type = S_IFDIR;
	place_find(s, call, call->row->from, call->row->path);
	append_place(s, record, path);
	call_send(s);
	return 0;
}

/* exchanged: the other direction of RENAME_EXCHANGE. */
static __noinline int tell_renamed(const struct call *call, bool exchanged)
{
	const struct call_row *row = call->row;
	struct scratch *s = call_record(TC_KIND_rename, sizeof(struct tc_rename));
	struct tc_rename *record;

	if (!s)
		return 0;
	record = (struct tc_rename *)s->record;
	fill_unknown_inode(record);
	record->rename_flags = call_argument(call, row->flags);
	record->replaced = !!(record->rename_flags & RENAME_EXCHANGE);
	place_find(s, call, exchanged ? row->from2 : row->from, exchanged ? row->path2 : row->path);
	append_place(s, record, oldpath);
	place_find(s, call, exchanged ? row->from : row->from2, exchanged ? row->path : row->path2);
	append_place(s, record, newpath);
	call_send(s);
	return 0;
}

static __noinline int tell_rename(const struct call *call)
{
	tell_renamed(call, false);
	if (call_argument(call, call->row->flags) & RENAME_EXCHANGE)
		tell_renamed(call, true);
	return 0;
}

static __noinline int tell_link(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_link, sizeof(struct tc_link));
	struct tc_link *record;

	if (!s)
		return 0;
	record = (struct tc_link *)s->record;
	place_find(s, call, call->row->from, call->row->path);
	fill_place_inode(s, record);
	append_place(s, record, oldpath);
	place_find(s, call, call->row->from2, call->row->path2);
	append_place(s, record, newpath);
	call_send(s);
	return 0;
}

static __noinline int tell_symlink(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_symlink, sizeof(struct tc_symlink));
	struct tc_symlink *record;

	if (!s)
		return 0;
	record = (struct tc_symlink *)s->record;
	slot_user_text(s, &record->target, (const void *)call_argument(call, call->row->value));
	place_find(s, call, call->row->from, call->row->path);
	append_place(s, record, path);
	call_send(s);
	return 0;
}

static __noinline int tell_chmod(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_chmod, sizeof(struct tc_chmod));
	struct tc_chmod *record;

	if (!s)
		return 0;
	record = (struct tc_chmod *)s->record;
	place_find(s, call, call->row->from, call->row->path);
	fill_place_inode(s, record);
	record->new_mode = call_argument(call, call->row->value) & S_IALLUGO;
	append_place(s, record, path);
	call_send(s);
	return 0;
}

/* kernel/user_namespace.c: UID_GID_MAP_MAX_EXTENTS, and how many of them are in the map itself. */
#define ID_EXTENTS_MAX 340
#define ID_EXTENTS_INLINE 5

/*
 * An id of the caller's user namespace in the host's: the right-hand sides of the map are the
 * host's ids. A global function, so that the verifier walks the loop once.
 */
__noinline __u32 host_id(__u32 id, __u32 is_group)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct user_namespace *ns = BPF_CORE_READ(task, cred, user_ns);
	struct uid_gid_map *map = is_group ? &ns->gid_map : &ns->uid_map;
	__u32 count = BPF_CORE_READ(map, nr_extents);
	struct uid_gid_extent *extents = map->extent;
	struct uid_gid_extent extent = {};

	if (count > ID_EXTENTS_INLINE)
		extents = BPF_CORE_READ(map, forward);
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < ID_EXTENTS_MAX && i < count && id != TC_ABSENT_U32; i++) {
		bpf_probe_read_kernel(&extent, sizeof(extent), extents + i);
		if (id - extent.first < extent.count)
			return extent.lower_first + (id - extent.first);
	}
	return TC_ABSENT_U32;
}

/* An owner or group argument as it was given: low2highuid(), include/linux/highuid.h. */
static __always_inline __u32 id_argument(const struct call *call, __u32 number)
{
	__u32 id = call_argument(call, number);

	if (call->row->shape == SHAPE_CHOWN16)
		return (id & 0xffff) == 0xffff ? TC_ABSENT_U32 : id & 0xffff;
	return id;
}

static __noinline int tell_chown(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_chown, sizeof(struct tc_chown));
	struct tc_chown *record;

	if (!s)
		return 0;
	record = (struct tc_chown *)s->record;
	place_find(s, call, call->row->from, call->row->path);
	fill_place_inode(s, record);
	record->new_uid = host_id(id_argument(call, call->row->value), false);
	record->new_gid = host_id(id_argument(call, call->row->value + 1), true);
	append_place(s, record, path);
	call_send(s);
	return 0;
}

/* What setxattrat(2) is given: struct xattr_args, include/uapi/linux/xattr.h. */
struct xattr_asked {
	__u64 value;
	__u32 size, flags;
};

static __always_inline void fill_xattr(struct tc_setxattr *record, const struct call *call)
{
	__u32 value = call->row->value;
	struct xattr_asked asked = {};

	record->removed = call->row->shape == SHAPE_REMOVEXATTR;
	if (record->removed) {
		record->xattr_flags = TC_ABSENT_U32;
		return;
	}
	if (call->row->shape == SHAPE_SETXATTRAT) {
		if (bpf_probe_read_user(&asked, sizeof(asked),
					(const void *)call_argument(call, value + 1)))
			record->header.flags |= TC_RECORD_UNREADABLE;
	} else {
		asked.size = call_argument(call, value + 2);
		asked.flags = call_argument(call, call->row->flags);
	}
	record->value_size = asked.size;
	record->xattr_flags = asked.flags;
}

/* The path starts at the root of the mount namespace here, not at that of the file system. */
static __noinline int tell_setxattr(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_setxattr, sizeof(struct tc_setxattr));
	struct tc_setxattr *record;

	if (!s)
		return 0;
	record = (struct tc_setxattr *)s->record;
	place_find(s, call, call->row->from, call->row->path);
	fill_place_inode(s, record);
	fill_xattr(record, call);
	slot_user_text(s, &record->name, (const void *)call_argument(call, call->row->value));
	append_place(s, record, path);
	call_send(s);
	return 0;
}
