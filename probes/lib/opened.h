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
	struct compat_timespec changed;
	__u32 renames, mounts; /* when the path was walked */
	__u64 since_ns;	       /* before that */
	bool is_kept;	       /* something is, of these tables */
};

static __always_inline void opened_read(struct opened *opened, struct file *file)
{
	opened->dentry = (__u64)known_read(file, f_path.dentry);
	opened->mount = (__u64)known_read(file, f_path.mnt);
	compat_known_ctime(known_read(file, f_inode), &opened->changed);
}

/* False while the locks' counts cannot be had, or somebody renames or mounts right now. */
static __always_inline bool counts_are_quiet(__u32 renames, __u32 mounts)
{
	return renames && mounts && !((renames | mounts) & 1);
}

/* The dearest is asked last. The verifier takes no arithmetic on pointers but comparing. */
static __always_inline bool opened_is(const struct inode_terms *entry, struct file *file)
{
	struct opened opened;
	__u32 renames, mounts;

	opened_read(&opened, file);
	if (entry->dentry != opened.dentry || entry->mount != opened.mount)
		return false;
	if ((entry->changed.tv_sec ^ opened.changed.tv_sec) |
	    (entry->changed.tv_nsec ^ opened.changed.tv_nsec))
		return false;
	renames = lock_count(&rename_lock);
	mounts = lock_count(&mount_lock);
	return counts_are_quiet(renames, mounts) &&
	       !((entry->renames ^ renames) | (entry->mounts ^ mounts));
}

/* What is kept of the file's path by these tables, or NULL. *ret_version must be the same when it
 * was read. */
static __always_inline struct inode_terms *opened_kept(struct file *file, const struct tc_tables *t,
						       __u32 *ret_version)
{
	struct inode *inode = known_read(file, f_inode);
	struct inode_terms *entry = compat_inode_value(inode_terms, inode, 0);

	if (!entry)
		return NULL;
	*ret_version = *(volatile __u32 *)&entry->version;
	barrier(); /* nothing of the entry is read before that */
	if (*ret_version & 1 || entry->generation != t->generation ||
	    known_read(inode, i_nlink) != 1)
		return NULL;
	return opened_is(entry, file) ? entry : NULL;
}

/* Like tables_left(), of an opened file. *ret_kept: something is kept of its path. */
static __always_inline enum early opened_early(__u32 kind, struct file *file, bool *ret_kept)
{
	const struct tc_tables *t = tables_in_place();
	enum early early = tables_left(kind);
	const struct tc_kind_table *table;
	struct inode_terms *entry;
	struct early_left left;
	__u32 version = 0;

	*ret_kept = false;
	if (early != EARLY_SOMETHING || !t)
		return early;
	table = &t->kinds[kind & (TC_KIND_LIMIT - 1)];
	if (table->always || !table->kept.n)
		return EARLY_SOMETHING;
	entry = opened_kept(file, t, &version);
	if (!entry)
		return EARLY_SOMETHING;
	*ret_kept = true;
	if (entry->vain & TC_KIND_BIT(kind)) {
		early = EARLY_NOTHING;
	} else {
		early_begin(&left, t, table);
		left.object = &entry->left;
		early = early_ask(t, table, &left);
	}
	barrier();
	/* Somebody wrote meanwhile: what was read may be of two files. */
	return *(volatile __u32 *)&entry->version == version ? early : EARLY_SOMETHING;
}

/* False when no term is left for opening this file. */
static __always_inline bool opened_wanted(__u32 kind, struct file *file, bool *ret_kept)
{
	enum early left = opened_early(kind, file, ret_kept);

	if (left == EARLY_JUDGE_TASK) {
		judge_task_early();
		left = opened_early(kind, file, ret_kept);
	}
	return left != EARLY_NOTHING;
}

/* Puts what is kept of the file's path into judging.path, if anything is. */
static __always_inline void opened_known(struct scratch *s, struct file *file)
{
	const struct tc_tables *t = tables_of(&s->judging);
	struct inode_terms *entry = NULL;
	__u32 version = 0;

	if (t && kind_table(s, t)->kept.n)
		entry = opened_kept(file, t, &version);
	if (!entry || !t)
		return;
	tc_set(t->opened, &s->judging.path.left, &entry->left);
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

/* Of which kinds of opens judging.path leaves nothing. */
__noinline int path_vain_kinds(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	const struct tc_kind_table *write, *read;
	int vain = 0;

	if (!t)
		return 0;
	write = &t->kinds[TC_KIND_open];
	read = &t->kinds[TC_KIND_open_read];
	if (!tc_meet_any(write->words, &s->judging.path.left, tc_row(t, write->wanted)))
		vain |= TC_KIND_BIT(TC_KIND_open);
	if (!tc_meet_any(read->words, &s->judging.path.left, tc_row(t, read->wanted)))
		vain |= TC_KIND_BIT(TC_KIND_open_read);
	return vain;
}

static __always_inline void opened_write(struct scratch *s, struct inode_terms *entry,
					 const struct opened *opened)
{
	entry->dentry = opened->dentry;
	entry->mount = opened->mount;
	entry->renames = opened->renames;
	entry->mounts = opened->mounts;
	entry->left = s->judging.path.left;
	entry->vain = path_vain_kinds(s->index);
	entry->generation = s->judging.generation;
}

/* Keeps judging.path. `opened` was read before the path was walked. */
static __always_inline void opened_keep(struct scratch *s, struct file *file,
					const struct opened *opened)
{
	struct inode *inode = known_read(file, f_inode);
	struct inode_terms *entry;

	if (s->judging.is_stale || known_read(inode, i_nlink) != 1 ||
	    !counts_are_quiet(opened->renames, opened->mounts) ||
	    ((const struct tc_open *)s->record)->path.flags & PATH_IN_DOUBT)
		return;
	entry = compat_inode_value(inode_terms, inode, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!entry || !compat_take(&entry->busy))
		return;
	*(volatile __u32 *)&entry->version += 1;
	barrier();
	entry->generation = 0;
	if (entry->changed.tv_sec != opened->changed.tv_sec ||
	    entry->changed.tv_nsec != opened->changed.tv_nsec) {
		entry->changed = opened->changed;
		entry->since_ns = opened->since_ns;
	} else if (opened->since_ns > entry->since_ns + ctime_settled_ns(inode)) {
		opened_write(s, entry, opened);
	}
	barrier();
	*(volatile __u32 *)&entry->version += 1;
	barrier();
	*(volatile __u32 *)&entry->busy = 0;
}

#endif
