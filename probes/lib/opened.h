/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the rules say of an opened file's path and of its inode's type and number, kept with the
 * inode: opening it again builds no path.
 *
 * Kept is what the looks at these left of all terms. It is believed only while nothing can have
 * given the file another path: by the same dentry of the same mount, and no rename and no mount
 * since (the kernel's own counts). A dentry's memory may come to another name of the same inode, so
 * only files with one link are kept, and only while their ctime stays: link(2) and unlink(2) set
 * it. It counts ticks, or what the file system can store, so it must have stood for longer than one
 * of those before the path was looked at.
 */
#ifndef TOCSIN_PROBES_OPENED_H
#define TOCSIN_PROBES_OPENED_H

#include "probes/lib/verdict.h"

/* Longer than a tick of the slowest kernels (HZ=100). */
#define CTIME_SETTLED_NS (100 * 1000 * 1000ULL)

/* What must be the same. */
struct opened {
	__u64 dentry, mount;
	__u32 renames, mounts;
	struct compat_timespec changed;
};

static __always_inline void opened_read(struct opened *opened, struct file *file)
{
	opened->dentry = (__u64)known_read(file, f_path.dentry);
	opened->mount = (__u64)known_read(file, f_path.mnt);
	opened->renames = lock_count(&rename_lock);
	opened->mounts = lock_count(&mount_lock);
	compat_known_ctime(known_read(file, f_inode), &opened->changed);
}

/* False while the locks' counts cannot be had, or somebody renames or mounts right now. */
static __always_inline bool opened_is_quiet(const struct opened *opened)
{
	return opened->renames && opened->mounts && !((opened->renames | opened->mounts) & 1);
}

/* The verifier takes no arithmetic on pointers but comparing. */
static __always_inline bool opened_is(const struct inode_terms *entry, const struct opened *opened)
{
	if (entry->dentry != opened->dentry || entry->mount != opened->mount)
		return false;
	return !((entry->renames ^ opened->renames) | (entry->mounts ^ opened->mounts) |
		 (entry->changed.tv_sec ^ opened->changed.tv_sec) |
		 (entry->changed.tv_nsec ^ opened->changed.tv_nsec));
}

/* What is kept of the file's path by these tables, or NULL. *ret_version must be the same when it
 * was read. */
static __always_inline const struct tc_terms *opened_left(struct file *file,
							  const struct tc_tables *t,
							  struct inode_terms **ret_entry,
							  __u32 *ret_version)
{
	struct inode *inode = known_read(file, f_inode);
	struct inode_terms *entry = compat_inode_value(inode_terms, inode, 0);
	struct opened opened;

	if (!entry)
		return NULL;
	*ret_entry = entry;
	*ret_version = *(volatile __u32 *)&entry->version;
	barrier(); /* nothing of the entry is read before that */
	if (*ret_version & 1 || entry->generation != t->generation ||
	    known_read(inode, i_nlink) != 1)
		return NULL;
	opened_read(&opened, file);
	if (!opened_is_quiet(&opened) || !opened_is(entry, &opened))
		return NULL;
	return &entry->left;
}

/* Like tables_left(), of an opened file. */
static __always_inline enum early opened_early(__u32 kind, struct file *file)
{
	const struct tc_tables *t = tables_in_place();
	const struct tc_kind_table *table;
	struct inode_terms *entry = NULL;
	const struct tc_terms *kept = NULL;
	enum early early = EARLY_NOTHING;
	struct early_left left;
	__u32 version = 0;

	if (!t)
		return EARLY_SOMETHING;
	table = &t->kinds[kind & (TC_KIND_LIMIT - 1)];
	if (table->always)
		return EARLY_SOMETHING;
	if (table->row == TC_ROW_NONE)
		return EARLY_NOTHING;
	early_begin(&left, t, table);
	if (table->kept.n)
		kept = opened_left(file, t, &entry, &version);
	if (kept)
		left.object = kept;
	if (!kept || early_any(&left))
		early = early_ask(t, table, &left);
	barrier();
	/* Somebody wrote meanwhile: what was read may be of two files. */
	if (kept && entry && *(volatile __u32 *)&entry->version != version)
		return EARLY_SOMETHING;
	return early;
}

/* False when no term is left for opening this file. */
static __always_inline bool opened_wanted(__u32 kind, struct file *file)
{
	enum early left = opened_early(kind, file);

	if (left == EARLY_JUDGE_TASK) {
		judge_task_early();
		left = opened_early(kind, file);
	}
	return left != EARLY_NOTHING;
}

/* Puts what is kept of the file's path into judging.path, if anything is. */
static __always_inline void opened_known(struct scratch *s, struct file *file)
{
	const struct tc_tables *t = tables_of(&s->judging);
	struct inode_terms *entry = NULL;
	const struct tc_terms *left = NULL;
	__u32 version = 0;

	if (t && kind_table(s, t)->kept.n)
		left = opened_left(file, t, &entry, &version);
	if (!left || !entry)
		return;
	tc_set(t->opened, &s->judging.path.left, left);
	barrier();
	s->judging.has_path = *(volatile __u32 *)&entry->version == version;
}

/* Looks at the path, of which nothing was kept: what that leaves of all terms is judging.path.
 * Whether a term is left of those that were before. */
__noinline int judge_path(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	struct tc_decision *d;
	struct tc_range words;

	if (!t)
		return 0;
	d = &s->judging.d;
	words = d->words;
	looked_end(s, &s->judging.object);
	looked_begin(s, t, t->opened);
	look_list(s, &kind_table(s, t)->kept, __builtin_offsetof(struct scratch, record));
	looked_end(s, &s->judging.path);
	d->words = words;
	tc_set(words, &d->left, &s->judging.object.left);
	tc_set(words, &d->doubtful, &s->judging.object.doubtful);
	keep_looked(d, &s->judging.path);
	return tc_is_any_left(t, d);
}

/* Until a ctime that did not change says that nothing set it: any later one is another. */
static __always_inline __u64 ctime_settled_ns(struct inode *inode)
{
	return CTIME_SETTLED_NS + known_read(inode, i_sb, s_time_gran);
}

#define PATH_IN_DOUBT (TC_SLOT_CUT | TC_SLOT_UNREADABLE | TC_SLOT_RACED)

/* Keeps judging.path, which was made of the path that the file had since `before` was read. */
static __always_inline void opened_keep(struct scratch *s, struct file *file,
					const struct opened *before)
{
	struct inode *inode = known_read(file, f_inode);
	__u64 now = bpf_ktime_get_boot_ns();
	struct inode_terms *entry;
	struct opened after;

	if (s->judging.is_stale || known_read(inode, i_nlink) != 1 || !opened_is_quiet(before) ||
	    ((const struct tc_open *)s->record)->path.flags & PATH_IN_DOUBT)
		return;
	opened_read(&after, file);
	if ((after.renames ^ before->renames) | (after.mounts ^ before->mounts) |
	    (after.changed.tv_sec ^ before->changed.tv_sec) |
	    (after.changed.tv_nsec ^ before->changed.tv_nsec))
		return;
	entry = compat_inode_value(inode_terms, inode, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!entry || !compat_take(&entry->busy))
		return;
	*(volatile __u32 *)&entry->version += 1;
	barrier();
	entry->generation = 0;
	if (entry->changed.tv_sec != after.changed.tv_sec ||
	    entry->changed.tv_nsec != after.changed.tv_nsec) {
		entry->changed = after.changed;
		entry->since_ns = now;
	} else if (now - entry->since_ns > ctime_settled_ns(inode)) {
		entry->dentry = after.dentry;
		entry->mount = after.mount;
		entry->renames = after.renames;
		entry->mounts = after.mounts;
		entry->left = s->judging.path.left;
		entry->generation = s->judging.generation;
	}
	barrier();
	*(volatile __u32 *)&entry->version += 1;
	barrier();
	*(volatile __u32 *)&entry->busy = 0;
}

#endif
