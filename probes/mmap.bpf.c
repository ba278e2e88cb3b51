/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Event mmap: a file's bytes become code, or memory becomes a file's bytes. Both without a further
 * call that a hook would see, so it is told and refused where the mapping is made or changed.
 *
 * All mappings of a host pass here: what can be neither is left at once, before anything is read.
 */

/* include/uapi/asm-generic/mman-common.h, include/uapi/linux/mman.h */
#define PROT_WRITE 0x2
#define PROT_EXEC 0x4
#define MAP_TYPE 0x0f
#define MAP_SHARED 0x01
#define MAP_SHARED_VALIDATE 0x03
/* include/linux/mm.h: VM_READ, VM_WRITE and VM_EXEC are PROT_* */
#define VM_SHARED 0x8

static __always_inline bool map_is_shared(__u64 flags)
{
	return (flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
}

static __always_inline bool map_is_told(__u64 prot, bool is_shared)
{
	return prot & PROT_EXEC || (prot & PROT_WRITE && is_shared);
}

/*
 * What a user knows as the file's path: of an overlay's file, in whose place the file of a layer is
 * mapped, the one in the overlay.
 */
static __always_inline struct dentry *walk_mapped(struct scratch *s, struct file *file)
{
	struct path path = {};

	BPF_CORE_READ_INTO(&path, file, f_path);
	walk_path(s, path.dentry, path.mnt);
	if (s->walk.private && compat_backing_path(file, &path))
		walk_path(s, path.dentry, path.mnt);
	return path.dentry;
}

/* What an exec maps is no doing of the call: rules on execve are not about it. */
static __always_inline void note_exec(struct scratch *s)
{
	struct tc_record *header = (struct tc_record *)s->record;
	struct compat_syscall call = {};

	compat_current_syscall(compat_current(), &call);
	if (call.compat ? call.nr != NR_32_EXECVE && call.nr != NR_32_EXECVEAT
			: call.nr != NR_EXECVE && call.nr != NR_EXECVEAT)
		return;
	record_fill(s->index);
	header->syscall = -1;
	((struct tc_mmap *)s->record)->is_exec = true;
}

static __always_inline struct scratch *mmap_record(struct file *file, __u64 prot, __u32 flags,
						   bool is_shared)
{
	struct tc_mmap *record;
	struct scratch *s = record_start(TC_KIND_mmap, sizeof(*record), -1);

	if (!s)
		return NULL;
	record = (struct tc_mmap *)s->record;
	record->prot = prot;
	record->map_flags = flags;
	record->is_shared = is_shared;
	note_exec(s);
	fill_inode(record, BPF_CORE_READ(walk_mapped(s, file), d_inode));
	slot_walked(s, &record->path);
	if (record->nlink == 0)
		record->path.flags |= TC_SLOT_DELETED;
	return s;
}

/*
 * Memory that is no file's has none here, which verifiers before "__nullable" (seen on v7.3) do not
 * know: they leave out a test for it, and let a load through that does not survive it. So the file
 * is looked at by probe reads alone, which fail.
 */
SEC("lsm/mmap_file")
int BPF_PROG(mmap_file, struct file *file, unsigned long asked, unsigned long prot,
	     unsigned long flags)
{
	bool is_shared = map_is_shared(flags);
	struct scratch *s;

	if (!map_is_told(prot, is_shared))
		return 0;
	if (!file || !BPF_CORE_READ(file, f_inode) || !file_event_wanted(TC_KIND_mmap))
		return 0;
	s = mmap_record(file, prot, flags, is_shared);
	return s ? record_decide(s) : undecided(TC_KIND_mmap);
}

/* What a mapping allows already was told before. */
SEC("lsm/file_mprotect")
int BPF_PROG(file_mprotect, struct vm_area_struct *vma, unsigned long asked, unsigned long prot)
{
	__u64 has = known_read(vma, vm_flags);
	bool is_shared = has & VM_SHARED;
	struct scratch *s;
	struct file *file;

	if (!map_is_told(prot & ~has, is_shared))
		return 0;
	file = BPF_CORE_READ(vma, vm_file);
	if (!file || !file_event_wanted(TC_KIND_mmap))
		return 0;
	s = mmap_record(file, prot, TC_ABSENT_U32, is_shared);
	return s ? record_decide(s) : undecided(TC_KIND_mmap);
}
