/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Paths, walked by hand from a dentry to the root of its mount namespace.
 *
 * bpf_d_path() is refused in many of the hooks and stops at a chroot, behind which a process could
 * hide. The state of a walk lies in scratch memory and the step is a global function, which the
 * verifier checks once: inlined, the loop is too much for it on every kernel.
 */
#ifndef TOCSIN_PROBES_PATH_H
#define TOCSIN_PROBES_PATH_H

#include "probes/lib/slot.h"

/* A path of TC_PATH_MAX bytes has at most half as many names: so many times so many steps. */
#define WALK_LEGS 32
#define WALK_LEG_STEPS (TC_PATH_MAX / 2 / WALK_LEGS)
#define NAME_BYTES 255

/* fs/dcache.c, fs/namespace.c: their sequence counts tell whether a rename or mount ran meanwhile.
 */
extern const void rename_lock __ksym __weak;
extern const void mount_lock __ksym __weak;

enum walk_step { WALK_ON = 0, WALK_END = 1 };

/* Writes one name in front of what is there. The walk goes on when it does not fit, to tell the
 * true size. */
static __always_inline void walk_name(struct walk *w, const struct compat_dentry *part, bool slash)
{
	__u32 length = part->length & NAME_BYTES;
	__u32 whole = length + slash;
	__u32 offset = w->offset;

	w->size += whole;
	w->names++;
	if (w->flags & TC_SLOT_CUT || offset > TC_PATH_MAX || offset < whole) {
		w->flags |= TC_SLOT_CUT | TC_SLOT_TAIL;
		return;
	}
	offset -= length;
	if (bpf_probe_read_kernel(&w->bytes[offset & (TC_PATH_MAX - 1)], length, part->name))
		w->flags |= TC_SLOT_UNREADABLE;
	if (slash) {
		offset--;
		w->bytes[offset & (TC_PATH_MAX - 1)] = '/';
	}
	w->offset = offset;
}

/*
 * The topmost mount. The kernel's own mounts, such as those through which overlayfs opens the files
 * of its layers, have an error pointer for a namespace (MNT_NS_INTERNAL). One that was unmounted
 * while in use has none, one that is not attached yet has an anonymous one: their paths lead
 * nowhere, but the files are in users' hands.
 */
static __always_inline void walk_top(struct walk *w, struct mount *mount)
{
	struct mnt_namespace *ns = BPF_CORE_READ(mount, mnt_ns);

	if ((__u64)ns >= (__u64)-4095)
		w->private = 1;
	else if (!ns || compat_mount_ns_is_anonymous(ns))
		w->flags |= TC_SLOT_DETACHED;
}

static __always_inline void walk_enter(struct walk *w, struct mount *mount)
{
	struct compat_mount part = {};

	if (mount)
		compat_read_mount(mount, &part);
	w->mount = (__u64)mount;
	w->root = (__u64)part.root;
	w->above = (__u64)part.parent;
	w->mountpoint = (__u64)part.mountpoint;
}

/* One step up: a name, or over the edge of a mount. A global function with a scalar argument loads
 * on 5.10. */
__noinline int walk_step(__u32 index)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	struct compat_dentry part = {};
	struct dentry *dentry;
	struct mount *mount;

	if (!s)
		return WALK_END;
	dentry = (struct dentry *)s->walk.dentry;
	mount = (struct mount *)s->walk.mount;
	if (mount && s->walk.dentry == s->walk.root) {
		if (s->walk.above == s->walk.mount || !s->walk.above) {
			walk_top(&s->walk, mount);
			return WALK_END;
		}
		s->walk.dentry = s->walk.mountpoint;
		walk_enter(&s->walk, (struct mount *)s->walk.above);
		return WALK_ON;
	}
	compat_read_dentry(dentry, &part);
	if (part.parent == dentry && !mount) { /* the root of the file system: see slot_fs_path() */
		s->walk.flags |= TC_SLOT_DETACHED;
		return WALK_END;
	}
	if (part.parent == dentry || !part.parent) {
		/* At once: a memfd or a pipe. After names: what lies beside its mount, as
		 * overlayfs' work files do. */
		if (s->walk.names > 0)
			walk_top(&s->walk, mount);
		walk_name(&s->walk, &part, s->walk.names > 0);
		s->walk.flags |= TC_SLOT_DETACHED;
		return WALK_END;
	}
	walk_name(&s->walk, &part, true);
	s->walk.dentry = (__u64)part.parent;
	return WALK_ON;
}

__noinline int walk_leg(__u32 index)
{
	for (int i = 0; i < WALK_LEG_STEPS; i++)
		if (walk_step(index) == WALK_END)
			return WALK_END;
	return WALK_ON;
}

/*
 * The whole walk. The start is in the scratch; see walk_path(). The verifier goes through every
 * turn of a loop, in each program anew: two short loops in two functions, which it checks one by
 * one, are thirty times less work than a long one.
 */
__noinline int walk_all(__u32 index)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);

	if (!s)
		return 1;
	walk_enter(&s->walk, (struct mount *)s->walk.mount);
	for (int i = 0; i < WALK_LEGS; i++)
		if (walk_leg(index) == WALK_END)
			return 0;
	return 1;
}

/* struct vfsmount is the public part of a struct mount. */
static __always_inline struct mount *mount_of(struct vfsmount *vfsmount)
{
	return (struct mount *)((char *)vfsmount - bpf_core_field_offset(struct mount, mnt));
}

static __always_inline __u32 lock_count(const void *lock)
{
	__u32 count = 0;

	if (lock)
		bpf_probe_read_kernel(&count, sizeof(count), lock);
	return count;
}

static __always_inline void walk_start(struct scratch *s, struct dentry *dentry,
				       struct mount *mount)
{
	s->walk.dentry = (__u64)dentry;
	s->walk.mount = (__u64)mount;
	s->walk.offset = TC_PATH_MAX;
	s->walk.size = 0;
	s->walk.flags = 0;
	s->walk.names = 0;
	s->walk.private = 0;
}

static __always_inline void walk_once(struct scratch *s, struct dentry *dentry,
				      struct vfsmount *vfsmount)
{
	walk_start(s, dentry, mount_of(vfsmount));
	walk_all(s->index);
}

static __always_inline bool walk_is_still(const struct walk *w)
{
	return w->renames == lock_count(&rename_lock) && w->mounts == lock_count(&mount_lock);
}

static __always_inline void walk_counted(struct scratch *s, struct dentry *dentry,
					 struct vfsmount *vfsmount)
{
	s->walk.renames = lock_count(&rename_lock);
	s->walk.mounts = lock_count(&mount_lock);
	walk_once(s, dentry, vfsmount);
}

/* Walks; once more when a rename or a mount came between. The result stays in s->walk. */
static __always_inline void walk_path(struct scratch *s, struct dentry *dentry,
				      struct vfsmount *vfsmount)
{
	walk_counted(s, dentry, vfsmount);
	if (walk_is_still(&s->walk))
		return;
	walk_counted(s, dentry, vfsmount);
	if (!walk_is_still(&s->walk))
		s->walk.flags |= TC_SLOT_RACED;
}

/* Appends the path that was walked. */
static __always_inline void slot_walked(struct scratch *s, struct tc_slot *slot)
{
	__u64 offset = slot_offset(s, TC_PATH_MAX);
	__u32 from = s->walk.offset;
	__u32 stored;

	if (!offset || from > TC_PATH_MAX)
		return;
	stored = TC_PATH_MAX - from;
	if (stored == 0 &&
	    s->walk.names == 0) { /* the root itself; a pipe has a name, an empty one */
		s->record[offset] = '/';
		slot_close(s, slot, offset, 1, 1, s->walk.flags);
		return;
	}
	bpf_probe_read_kernel(s->record + offset, stored & (2 * TC_PATH_MAX - 1),
			      &s->walk.bytes[from & (TC_PATH_MAX - 1)]);
	slot_close(s, slot, offset, stored, s->walk.size, s->walk.flags);
}

/*
 * Appends the path from the root of the file system, for hooks that are told no mount. Nothing is
 * where a mount would be: the walk ends at the dentry that is its own parent.
 */
static __always_inline void slot_fs_path(struct scratch *s, struct tc_slot *slot,
					 struct dentry *dentry)
{
	walk_start(s, dentry, NULL);
	walk_all(s->index);
	slot_walked(s, slot);
}

static __always_inline void slot_path(struct scratch *s, struct tc_slot *slot,
				      struct dentry *dentry, struct vfsmount *vfsmount)
{
	walk_path(s, dentry, vfsmount);
	slot_walked(s, slot);
}

#endif
