/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the rules say of an opened file's path, kept with its inode: opening it again builds no
 * path.
 *
 * Kept is what the looks at the path left of all terms. It is believed only while nothing can have
 * given the file another path: by the same dentry of the same mount, and no rename and no mount
 * since (the kernel's own counts). A dentry's memory may come to another name of the same inode, so
 * only files with one link are kept, and only while their ctime stays: link(2) and unlink(2) set
 * it. It counts ticks, so it must have stood for a while before the path was looked at.
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

	if (!entry || entry->generation != t->generation || known_read(inode, i_nlink) != 1)
		return NULL;
	*ret_entry = entry;
	*ret_version = *(volatile __u32 *)&entry->version;
	barrier();
	opened_read(&opened, file);
	if (*ret_version & 1 || !opened_is_quiet(&opened) || !opened_is(entry, &opened))
		return NULL;
	return &entry->left;
}

/* Like tables_left(), of an opened file. */
static __always_inline enum early opened_early(__u32 kind, struct file *file)
{
	const struct tc_tables *t = tables_in_place();
	const struct tc_terms *row, *wanted, *cgroup, *task, *path;
	const struct tc_kind_table *table;
	struct inode_terms *entry = NULL;
	__u32 version = 0;
	bool any;

	if (!t)
		return EARLY_SOMETHING;
	table = &t->kinds[kind & (TC_KIND_LIMIT - 1)];
	if (table->always)
		return EARLY_SOMETHING;
	if (table->row == TC_ROW_NONE)
		return EARLY_NOTHING;
	row = tc_row(t, table->row);
	wanted = tc_row(t, t->wanted);
	cgroup = table->asks_cgroup ? cgroup_left(t) : row;
	if (!any_in(row, cgroup, wanted, wanted, wanted))
		return EARLY_NOTHING;
	task = table->asks_task ? task_left(t) : row;
	if (!task)
		return EARLY_JUDGE_TASK;
	if (table->asks_task && !any_in(row, cgroup, wanted, task, task))
		return EARLY_NOTHING;
	path = table->paths.n ? opened_left(file, t, &entry, &version) : NULL;
	if (!path || !entry)
		return EARLY_SOMETHING;
	any = any_in(row, cgroup, wanted, task, path);
	barrier();
	return any || *(volatile __u32 *)&entry->version != version ? EARLY_SOMETHING
								    : EARLY_NOTHING;
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

/* Keeps judging.path, which was made of the path that the file had since `before` was read. */
static __always_inline void opened_keep(struct scratch *s, struct file *file,
					const struct opened *before)
{
	struct inode *inode = known_read(file, f_inode);
	__u64 now = bpf_ktime_get_boot_ns();
	struct inode_terms *entry;
	struct opened after;

	if (!s->judging.has_path || s->judging.is_stale || known_read(inode, i_nlink) != 1 ||
	    !opened_is_quiet(before))
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
	} else if (now - entry->since_ns > CTIME_SETTLED_NS) {
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
