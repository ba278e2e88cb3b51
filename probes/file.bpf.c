/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family file: LSM hooks, which see the resolved object whatever system call or ring asked for it.
 */

#define FMODE_READ 0x1
#define FMODE_WRITE 0x2
#define FMODE_CREATED 0x100000
#define FMODE_EXEC_FLAG 0x20 /* __FMODE_EXEC in f_flags: the open of an exec, told as exec */
#define RENAME_EXCHANGE 2
/* include/linux/fs.h: struct iattr */
#define ATTR_UID 2
#define ATTR_GID 4

/* What every hook of the family asks first. */
static __always_inline bool file_event_wanted(__u32 kind)
{
	return !current_is_agent() && decide_early(kind);
}

/*
 * Overlayfs opens the file of a layer behind the one the user opened. Up to v6.7 that file has the
 * user's path and another inode (open_with_fake_path()); from v6.8 on its path is in a private
 * mount (def3ae83da02). Not an event.
 */
static __always_inline bool file_is_fake(struct file *file)
{
	return known_read(file, f_path.dentry, d_inode) != known_read(file, f_inode);
}

/* From v6.9 on a pidfd is a file of pidfs, which pidfd_open(2) "opens" for writing (cb12fd8e0dab).
 */
static __always_inline bool file_is_pidfd(struct file *file)
{
	return known_read(file, f_inode, i_sb, s_magic) == PIDFS_MAGIC;
}

/* The caller's words, as the call's argument still points to them. */
__noinline int open_words(__u32 index)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	struct task_struct *task = compat_current();
	struct compat_syscall call = {};
	struct tc_open *record;
	__u64 words = 0;

	if (!s || known_read(task, flags) & (PF_IO_WORKER | PF_KTHREAD))
		return 0;
	record = (struct tc_open *)s->record;
	compat_current_syscall(task, &call);
	if (call.nr == (call.compat ? NR_32_OPENAT : NR_OPENAT) || call.nr == NR_OPENAT2)
		words = call.second;
	else if (call.nr == (call.compat ? NR_32_OPEN : NR_OPEN) ||
		 call.nr == (call.compat ? NR_32_CREAT : NR_CREAT))
		words = call.first;
	slot_user_text(s, &record->raw_path, (const void *)words);
	return 0;
}

static __always_inline bool is_walked(const struct scratch *s)
{
	return ((const struct tc_open *)s->record)->path.flags & TC_SLOT_PRESENT;
}

/* Puts the path into the record; false when it is in a private mount. */
static __always_inline bool open_path(struct scratch *s, struct file *file, struct opened *opened)
{
	struct tc_open *record = (struct tc_open *)s->record;

	if (is_walked(s))
		return true;
	opened_read(opened, file);
	opened->since_ns = bpf_ktime_get_boot_ns();
	walk_path(s, file->f_path.dentry, file->f_path.mnt);
	opened->renames = s->walk.renames;
	opened->mounts = s->walk.mounts;
	if (s->walk.private)
		return false;
	slot_walked(s, &record->path);
	if (record->nlink == 0)
		record->path.flags |= TC_SLOT_DELETED;
	return true;
}

/* One attempt to decide. The path is walked when all else leaves something, and looked at when
 * nothing is kept of it. opened: read ahead of the walk, which a second attempt does not repeat. */
static __always_inline __u32 open_judge(struct scratch *s, struct file *file, struct opened *opened,
					bool *ret_private)
{
	int begun = judge_begin(s->index);
	bool left;

	if (begun == BEGIN_NOTHING)
		return 0;
	judge_actor(s, begun, HOW_REFUSES);
	if (opened->is_kept)
		opened_known(s, file);
	if (!judge_object(s->index))
		return 0;
	*ret_private = !open_path(s, file, opened);
	if (*ret_private)
		return 0;
	if (!s->judging.has_path) {
		left = judge_path(s->index);
		opened_keep(s, file, opened);
		if (!left)
			return 0;
	}
	return judge_verdict(s->index, HOW_REFUSES);
}

static __always_inline int open_decide(struct scratch *s, struct file *file, bool is_kept)
{
	struct opened opened = {.is_kept = is_kept};
	bool private = false;
	__u32 error = 0;

	for (int i = 0; i < 2; i++) {
		error = open_judge(s, file, &opened, &private);
		if (!s->judging.is_stale)
			break;
	}
	judge_end(s, HOW_REFUSES);
	if (private || (s->judging.is_told && !open_path(s, file, &opened))) {
		record_drop(s);
		return 0;
	}
	record_finish(s);
	return refusal(error);
}

SEC("lsm/file_open")
int BPF_PROG(file_open, struct file *file)
{
	__u32 kind = file->f_mode & FMODE_WRITE ? TC_KIND_open : TC_KIND_open_read;
	struct tc_open *record; /* struct tc_open_read has the same members */
	struct scratch *s;
	bool is_kept;

	if (!kind_wanted(kind) || current_is_agent() || !current_in_scope() ||
	    file->f_flags & FMODE_EXEC_FLAG || !opened_wanted(kind, file, &is_kept) ||
	    file_is_fake(file) || file_is_pidfd(file))
		return 0;
	s = record_start(kind, sizeof(*record), NR_OPENAT);
	if (!s)
		return undecided(kind);
	record = (struct tc_open *)s->record;
	fill_known_inode(record, file->f_inode);
	record->open_flags = file->f_flags;
	record->is_new = !!(file->f_mode & FMODE_CREATED);
	if (part_wanted(TC_WANT_RAW_PATH))
		open_words(s->index);
	return open_decide(s, file, is_kept);
}

/* An entry that is about to be made. */
SEC("lsm/path_mknod")
int BPF_PROG(path_mknod, const struct path *dir, struct dentry *dentry, umode_t mode,
	     unsigned int dev)
{
	struct tc_create *record;
	struct scratch *s;

	if (!file_event_wanted(TC_KIND_create))
		return 0;
	s = record_start(TC_KIND_create, sizeof(*record), NR_OPENAT);
	if (!s)
		return undecided(TC_KIND_create);
	record = (struct tc_create *)s->record;
	fill_directory(record, BPF_CORE_READ(dir, dentry, d_inode));
	record->new_mode = mode & S_IALLUGO;
	record->type = mode & S_IFMT ?: 0100000; /* mknod(2): no type is a regular file */
	record->rdev = dev;			 /* the hook is given the number as mknod(2) was */
	slot_path(s, &record->path, dentry, BPF_CORE_READ(dir, mnt));
	return record_decide(s);
}

SEC("lsm/path_mkdir")
int BPF_PROG(path_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	struct tc_mkdir *record;
	struct scratch *s;

	if (!file_event_wanted(TC_KIND_mkdir))
		return 0;
	s = record_start(TC_KIND_mkdir, sizeof(*record), NR_MKDIRAT);
	if (!s)
		return undecided(TC_KIND_mkdir);
	record = (struct tc_mkdir *)s->record;
	fill_directory(record, BPF_CORE_READ(dir, dentry, d_inode));
	record->new_mode = mode & S_IALLUGO;
	slot_path(s, &record->path, dentry, BPF_CORE_READ(dir, mnt));
	return record_decide(s);
}

SEC("lsm/path_symlink")
int BPF_PROG(path_symlink, const struct path *dir, struct dentry *dentry, const char *target)
{
	struct tc_symlink *record;
	struct scratch *s;

	if (!file_event_wanted(TC_KIND_symlink))
		return 0;
	s = record_start(TC_KIND_symlink, sizeof(*record), NR_SYMLINKAT);
	if (!s)
		return undecided(TC_KIND_symlink);
	record = (struct tc_symlink *)s->record;
	fill_directory(record, BPF_CORE_READ(dir, dentry, d_inode));
	slot_path_text(s, &record->target, target);
	slot_path(s, &record->path, dentry, BPF_CORE_READ(dir, mnt));
	return record_decide(s);
}

static __always_inline int unlink_event(__u32 kind, const struct path *dir, struct dentry *dentry)
{
	struct tc_unlink *record; /* struct tc_rmdir has the same members */
	struct scratch *s;

	if (!file_event_wanted(kind))
		return 0;
	s = record_start(kind, sizeof(*record), NR_UNLINKAT);
	if (!s)
		return undecided(kind);
	record = (struct tc_unlink *)s->record;
	fill_inode(record, BPF_CORE_READ(dentry, d_inode));
	slot_path(s, &record->path, dentry, BPF_CORE_READ(dir, mnt));
	return record_decide(s);
}

SEC("lsm/path_unlink")
int BPF_PROG(path_unlink, const struct path *dir, struct dentry *dentry)
{
	return unlink_event(TC_KIND_unlink, dir, dentry);
}

SEC("lsm/path_rmdir")
int BPF_PROG(path_rmdir, const struct path *dir, struct dentry *dentry)
{
	return unlink_event(TC_KIND_rmdir, dir, dentry);
}

static __always_inline int truncate_event(struct dentry *dentry, struct vfsmount *mnt)
{
	struct tc_truncate *record;
	struct scratch *s;

	if (!file_event_wanted(TC_KIND_truncate))
		return 0;
	s = record_start(TC_KIND_truncate, sizeof(*record), NR_FTRUNCATE);
	if (!s)
		return undecided(TC_KIND_truncate);
	record = (struct tc_truncate *)s->record;
	fill_inode(record, BPF_CORE_READ(dentry, d_inode));
	slot_path(s, &record->path, dentry, mnt);
	return record_decide(s);
}

SEC("lsm/path_truncate")
int BPF_PROG(path_truncate, const struct path *path)
{
	return truncate_event(BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt));
}

/* From v6.2 on ftruncate(2) and O_TRUNC come here (3350607dc563). */
SEC("lsm/file_truncate")
int BPF_PROG(file_truncate, struct file *file)
{
	return truncate_event(BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt));
}

static __always_inline int rename_event(struct vfsmount *old_mnt, struct dentry *old_dentry,
					struct vfsmount *new_mnt, struct dentry *new_dentry,
					__u32 flags)
{
	struct tc_rename *record;
	struct scratch *s = record_start(TC_KIND_rename, sizeof(*record), NR_RENAMEAT);

	if (!s)
		return undecided(TC_KIND_rename);
	record = (struct tc_rename *)s->record;
	fill_inode(record, BPF_CORE_READ(old_dentry, d_inode));
	record->rename_flags = flags;
	record->replaced = BPF_CORE_READ(new_dentry, d_inode) != NULL;
	slot_path(s, &record->oldpath, old_dentry, old_mnt);
	slot_path(s, &record->newpath, new_dentry, new_mnt);
	return record_decide(s);
}

/*
 * From v5.19 on the hook is given the flags and called once (100f59d96405): with RENAME_EXCHANGE
 * both directions are told here. Before, it is called once for each direction and without flags.
 */
SEC("lsm/path_rename")
int BPF_PROG(path_rename, const struct path *old_dir, struct dentry *old_dentry,
	     const struct path *new_dir, struct dentry *new_dentry, unsigned int flags)
{
	struct vfsmount *old_mnt = BPF_CORE_READ(old_dir, mnt);
	struct vfsmount *new_mnt = BPF_CORE_READ(new_dir, mnt);
	int refused;

	if (!file_event_wanted(TC_KIND_rename))
		return 0;
	refused = rename_event(old_mnt, old_dentry, new_mnt, new_dentry, flags);
	if (flags & RENAME_EXCHANGE && !refused)
		refused = rename_event(new_mnt, new_dentry, old_mnt, old_dentry, flags);
	return refused;
}

SEC("lsm/path_rename")
int BPF_PROG(path_rename_v5_10, const struct path *old_dir, struct dentry *old_dentry,
	     const struct path *new_dir, struct dentry *new_dentry)
{
	if (!file_event_wanted(TC_KIND_rename))
		return 0;
	return rename_event(BPF_CORE_READ(old_dir, mnt), old_dentry, BPF_CORE_READ(new_dir, mnt),
			    new_dentry, TC_ABSENT_U32);
}

/* Both names of a hard link are on one mount, that of the new one. */
SEC("lsm/path_link")
int BPF_PROG(path_link, struct dentry *old_dentry, const struct path *new_dir,
	     struct dentry *new_dentry)
{
	struct vfsmount *mnt = BPF_CORE_READ(new_dir, mnt);
	struct tc_link *record;
	struct scratch *s;

	if (!file_event_wanted(TC_KIND_link))
		return 0;
	s = record_start(TC_KIND_link, sizeof(*record), NR_LINKAT);
	if (!s)
		return undecided(TC_KIND_link);
	record = (struct tc_link *)s->record;
	fill_inode(record, BPF_CORE_READ(old_dentry, d_inode));
	slot_path(s, &record->oldpath, old_dentry, mnt);
	if (record->nlink == 0) /* O_TMPFILE: this is its first name */
		record->oldpath.flags |= TC_SLOT_DELETED;
	slot_path(s, &record->newpath, new_dentry, mnt);
	return record_decide(s);
}

SEC("lsm/path_chmod")
int BPF_PROG(path_chmod, const struct path *path, umode_t mode)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct tc_chmod *record;
	struct scratch *s;

	if (!file_event_wanted(TC_KIND_chmod))
		return 0;
	s = record_start(TC_KIND_chmod, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_chmod);
	record = (struct tc_chmod *)s->record;
	fill_inode(record, BPF_CORE_READ(dentry, d_inode));
	record->new_mode = mode & S_IALLUGO;
	slot_path(s, &record->path, dentry, BPF_CORE_READ(path, mnt));
	return record_decide(s);
}

/* mnt: NULL where it is not known. */
static __always_inline int chown_event(struct dentry *dentry, struct vfsmount *mnt, __u32 uid,
				       __u32 gid)
{
	struct tc_chown *record;
	struct scratch *s = record_start(TC_KIND_chown, sizeof(*record), -1);

	if (!s)
		return undecided(TC_KIND_chown);
	record = (struct tc_chown *)s->record;
	fill_inode(record, BPF_CORE_READ(dentry, d_inode));
	record->new_uid = uid;
	record->new_gid = gid;
	if (mnt) {
		slot_path(s, &record->path, dentry, mnt);
	} else {
		slot_fs_path(s, &record->path, dentry);
		record->path.flags |= TC_SLOT_RACED;
	}
	return record_decide(s);
}

SEC("lsm/path_chown")
int BPF_PROG(path_chown, const struct path *path, __u64 uid, __u64 gid)
{
	if (!file_event_wanted(TC_KIND_chown))
		return 0;
	return chown_event(BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt), uid, gid);
}

/*
 * Older kernels (seen on v5.10, not on v6.1) refuse LSM programs on hooks with struct arguments
 * ("arg1 type STRUCT is unsupported"). The hook behind that one, which the same call passes next,
 * takes one but is told no mount: that is noted by the function that calls both. Where more threads
 * than there is room for are at it, the note is lost, and what a rule on the path says is in doubt.
 */
struct chown_place {
	__u64 dentry, mount; /* kernel addresses */
};

/* By thread. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct chown_place);
} chown_places SEC(".maps");

SEC("fentry/chown_common")
int BPF_PROG(chown_common, const struct path *path)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct chown_place place = {};

	if (!file_event_wanted(TC_KIND_chown))
		return 0;
	place.dentry = (__u64)BPF_CORE_READ(path, dentry);
	place.mount = (__u64)BPF_CORE_READ(path, mnt);
	bpf_map_update_elem(&chown_places, &thread, &place, BPF_ANY);
	return 0;
}

/* Overlayfs passes the hook once more with the file of a layer and other credentials, and the
 * kernel's own threads pass it for themselves: nobody asked for that. */
static __always_inline bool task_acts(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return !(BPF_CORE_READ(task, flags) & PF_KTHREAD) &&
	       BPF_CORE_READ(task, cred) == BPF_CORE_READ(task, real_cred);
}

static __always_inline int setattr_event(struct dentry *dentry, struct iattr *attributes)
{
	__u32 valid = BPF_CORE_READ(attributes, ia_valid);
	__u64 thread = bpf_get_current_pid_tgid();
	struct chown_place *place;
	struct vfsmount *mnt = NULL;

	if (!(valid & (ATTR_UID | ATTR_GID)) || !file_event_wanted(TC_KIND_chown))
		return 0;
	place = bpf_map_lookup_elem(&chown_places, &thread);
	if (place && place->dentry == (__u64)dentry) {
		mnt = (struct vfsmount *)place->mount;
		bpf_map_delete_elem(&chown_places, &thread);
	} else if (!task_acts()) {
		return 0;
	}
	return chown_event(dentry, mnt,
			   valid & ATTR_UID ? BPF_CORE_READ(attributes, ia_uid.val) : TC_ABSENT_U32,
			   valid & ATTR_GID ? BPF_CORE_READ(attributes, ia_gid.val)
					    : TC_ABSENT_U32);
}

SEC("lsm/inode_setattr")
int BPF_PROG(inode_setattr, void *user_ns, struct dentry *dentry, struct iattr *attributes)
{
	return setattr_event(dentry, attributes);
}

SEC("lsm/inode_setattr")
int BPF_PROG(inode_setattr_v5_10, struct dentry *dentry, struct iattr *attributes)
{
	return setattr_event(dentry, attributes);
}

/*
 * Overlayfs copies attributes up and keeps its books in others, on the files of its layers, with
 * the credentials of who mounted it in place of the task's (ovl_override_creds()): not an act of
 * the task. io_uring and the kernel's own servers act with other credentials as well, on behalf of
 * somebody.
 */
static __always_inline bool overlayfs_acts(const struct tc_record *header)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	return !(header->flags & (TC_RECORD_IO_URING | TC_RECORD_KERNEL)) &&
	       BPF_CORE_READ(task, cred) != BPF_CORE_READ(task, real_cred);
}

static __always_inline int setxattr_event(struct dentry *dentry, const char *name, __u64 size,
					  __u32 flags, bool removed)
{
	struct tc_setxattr *record;
	struct scratch *s;

	if (!file_event_wanted(TC_KIND_setxattr))
		return 0;
	s = record_begin(TC_KIND_setxattr, sizeof(*record), NR_SETXATTR);
	if (!s)
		return undecided(TC_KIND_setxattr);
	record = (struct tc_setxattr *)s->record;
	if (overlayfs_acts(&record->header)) {
		record_drop(s);
		return 0;
	}
	fill_inode(record, BPF_CORE_READ(dentry, d_inode));
	record->removed = removed;
	record->xattr_flags = removed ? TC_ABSENT_U32 : flags;
	record->value_size = size;
	slot_text(s, &record->name, name);
	slot_fs_path(s, &record->path, dentry);
	return record_decide(s);
}

/* A leading user namespace came with v5.12 (71bc356f93a1), an idmap with v6.3 (39f60c1ccee7). */
SEC("lsm/inode_setxattr")
int BPF_PROG(inode_setxattr, void *idmap, struct dentry *dentry, const char *name,
	     const void *value, unsigned long size, int flags)
{
	return setxattr_event(dentry, name, size, flags, false);
}

SEC("lsm/inode_setxattr")
int BPF_PROG(inode_setxattr_v5_10, struct dentry *dentry, const char *name, const void *value,
	     unsigned long size, int flags)
{
	return setxattr_event(dentry, name, size, flags, false);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(inode_removexattr, void *idmap, struct dentry *dentry, const char *name)
{
	return setxattr_event(dentry, name, 0, 0, true);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(inode_removexattr_v5_10, struct dentry *dentry, const char *name)
{
	return setxattr_event(dentry, name, 0, 0, true);
}

/*
 * POSIX ACLs, which are attributes for callers, pass hooks of their own since v6.2. There may be no
 * list: who sets none removes what there is. Verifiers take its pointer to be there, so that it is
 * looked at by a probe read alone.
 */
#define ACL_HEADER_BYTES 4 /* include/uapi/linux/posix_acl_xattr.h */
#define ACL_ENTRY_BYTES 8

SEC("lsm/inode_set_acl")
int BPF_PROG(inode_set_acl, void *idmap, struct dentry *dentry, const char *name,
	     struct posix_acl *acl)
{
	__u32 entries = BPF_CORE_READ(acl, a_count);
	__u64 size = entries ? ACL_HEADER_BYTES + (__u64)entries * ACL_ENTRY_BYTES : 0;

	return setxattr_event(dentry, name, size, TC_ABSENT_U32, false);
}

SEC("lsm/inode_remove_acl")
int BPF_PROG(inode_remove_acl, void *idmap, struct dentry *dentry, const char *name)
{
	return setxattr_event(dentry, name, 0, 0, true);
}
