/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What a system call's descriptor and path stand for, after the fact.
 *
 * A descriptor leads to the file itself: path and inode are the kernel's. A path is the caller's
 * words, put behind the directory that they start from: the task's root, its working directory, or
 * the descriptor's directory, which are walked as everywhere. Words are neither resolved (symbolic
 * links, "..") nor safe from another thread that overwrites them, so such records carry
 * TC_RECORD_CALLER, and their inode is not known.
 */
#ifndef TOCSIN_PROBES_FALLBACK_PLACE_H
#define TOCSIN_PROBES_FALLBACK_PLACE_H

#include "probes/fallback/call.h"
#include "probes/lib/inode.h"

#define AT_FDCWD -100

static __always_inline void place_descriptor(struct scratch *s, __s32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file;

	if (fd == AT_FDCWD) {
		s->place.dentry = (__u64)BPF_CORE_READ(task, fs, pwd.dentry);
		s->place.mount = (__u64)BPF_CORE_READ(task, fs, pwd.mnt);
		return;
	}
	file = descriptor_file(fd);
	s->place.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	s->place.mount = (__u64)BPF_CORE_READ(file, f_path.mnt);
}

/* Sets the place to a file. */
static __always_inline void place_file(struct scratch *s, struct file *file)
{
	s->place.dentry = (__u64)BPF_CORE_READ(file, f_path.dentry);
	s->place.mount = (__u64)BPF_CORE_READ(file, f_path.mnt);
	s->place.words = 0;
}

/*
 * Sets the place to what the arguments from and path (numbers, see calls.def) stand for. An empty
 * path, or none, is the descriptor itself: the call has succeeded, so that was allowed
 * (AT_EMPTY_PATH and its like).
 */
static __noinline int place_find(struct scratch *s, const struct call *call, __u32 from, __u32 path)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u64 words = call_argument(call, path);
	char first = 0;

	s->place.words = 0;
	s->place.relative = 1;
	if (words && (bpf_probe_read_user(&first, 1, (const void *)words) || first))
		s->place.words = words;
	if (first == '/') {
		s->place.relative = 0;
		s->place.dentry = (__u64)BPF_CORE_READ(task, fs, root.dentry);
		s->place.mount = (__u64)BPF_CORE_READ(task, fs, root.mnt);
		return 0;
	}
	place_descriptor(s, from ? (__s32)call_argument(call, from) : AT_FDCWD);
	return 0;
}

/* Appends the words behind the path that they start from, at most TC_PATH_MAX bytes of both. */
static __always_inline void slot_words(struct scratch *s, struct tc_slot *slot)
{
	__u64 offset = slot_offset(s, 2 * TC_PATH_MAX + 1);
	__u64 base = 0, size;
	__u32 flags = TC_SLOT_DETACHED;
	long length;

	((struct tc_record *)s->record)->flags |= TC_RECORD_CALLER;
	if (!offset)
		return;
	if (s->place.dentry) {
		walk_path(s, (struct dentry *)s->place.dentry, (struct vfsmount *)s->place.mount);
		base = TC_PATH_MAX - s->walk.offset;
		flags = s->walk.flags & ~TC_SLOT_TAIL;
		barrier_var(base);
		if (base > TC_PATH_MAX)
			return;
		bpf_probe_read_kernel(s->record + offset, base,
				      &s->walk.bytes[s->walk.offset & (TC_PATH_MAX - 1)]);
		if (s->place.relative)
			s->record[offset + base++] = '/';
	}
	length = bpf_probe_read_user_str(s->record + offset + base, TC_PATH_MAX,
					 (const void *)s->place.words);
	if (length <= 0 || length > TC_PATH_MAX) {
		slot_close(s, slot, offset, 0, 0, TC_SLOT_UNREADABLE);
		return;
	}
	size = base + length - 1;
	slot_close(s, slot, offset, size > TC_PATH_MAX ? TC_PATH_MAX : size, size, flags);
}

/*
 * Appends the path of the place and lets the slot at slot_at (from the start of the record) point
 * to it.
 */
__noinline int place_append(__u32 index, __u32 slot_at)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	struct tc_slot *slot;
	struct dentry *dentry;
	__u64 at = slot_at;

	barrier_var(at); /* or clang checks one register and uses another */
	if (!s || at > TC_FIXED_MAX - sizeof(*slot))
		return 0;
	barrier_var(at);
	slot = (struct tc_slot *)(s->record + at);
	dentry = (struct dentry *)s->place.dentry;
	if (s->place.words) {
		slot_words(s, slot);
	} else if (dentry) {
		slot_path(s, slot, dentry, (struct vfsmount *)s->place.mount);
		if (BPF_CORE_READ(dentry, d_inode, i_nlink) == 0)
			slot->flags |= TC_SLOT_DELETED;
	} else { /* the descriptor is gone */
		slot_close(s, slot, ((struct tc_record *)s->record)->size, 0, 0,
			   TC_SLOT_UNREADABLE);
	}
	return 0;
}

/* Appends the path of the place as the record's member. */
#define append_place(s, record, member)                                                            \
	place_append((s)->index, __builtin_offsetof(__typeof__(*(record)), member))

/*
 * Fills the members of TC_INODE with what stands for "not known": no inode and no device has number
 * 0.
 */
#define fill_unknown_inode(record)                                                                 \
	({                                                                                         \
		(record)->mode = TC_ABSENT_U32;                                                    \
		(record)->owner = TC_ABSENT_U32;                                                   \
		(record)->nlink = TC_ABSENT_U32;                                                   \
	})

/*
 * Fills the members of TC_INODE of the place: what the call has left, so a mode or an owner is the
 * new one.
 */
#define fill_place_inode(s, record)                                                                \
	({                                                                                         \
		struct dentry *dentry_ = (struct dentry *)(s)->place.dentry;                       \
		if ((s)->place.words || !dentry_)                                                  \
			fill_unknown_inode(record);                                                \
		else                                                                               \
			fill_inode(record, BPF_CORE_READ(dentry_, d_inode));                       \
	})

#endif
