/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The only place that knows kernel versions. One comment with the upstream change for each
 * difference, one accessor; callers never see a version.
 */
#ifndef TOCSIN_PROBES_COMPAT_H
#define TOCSIN_PROBES_COMPAT_H

#include "probes/vmlinux/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "settings.h"

extern const volatile struct tc_settings settings;

/*
 * Atomic operations that give a value back: v5.12, "bpf: Add atomic_fetch_(and|or|xor) and cmpxchg"
 * (5ffa25502b5a). Before it a plain read and write stands in. That is enough there: LSM programs
 * of 5.10 run with migration disabled on kernels that do not preempt; the agent refuses a
 * preemptible 5.10.
 */
#ifdef TC_LINUX_5_10
#define COMPAT_SCRATCH_CPUS 1 /* never another CPU's */

static __always_inline bool compat_take(__u32 *busy)
{
	if (*(volatile __u32 *)busy)
		return false;
	*(volatile __u32 *)busy = 1;
	return true;
}

static __always_inline __u64 compat_next(__u64 *counter)
{
	__u64 value = *(volatile __u64 *)counter;

	*(volatile __u64 *)counter = value + 1;
	return value;
}
#else
#define COMPAT_SCRATCH_CPUS 8

static __always_inline bool compat_take(__u32 *busy)
{
	return __sync_val_compare_and_swap(busy, 0, 1) == 0;
}

static __always_inline __u64 compat_next(__u64 *counter)
{
	return __sync_fetch_and_add(counter, 1);
}
#endif

/*
 * The current task, and known_read() for members of objects whose type the verifier knows: those of
 * the current task and of an LSM program's arguments, and what they point to. It then takes plain
 * loads, one instruction each instead of about a hundred for bpf_probe_read_kernel(); a load that
 * faults gives 0. bpf_get_current_task_btf() came with v5.11 (3ca1032ab7ab).
 */
#ifdef TC_LINUX_5_10
#define compat_current() ((struct task_struct *)bpf_get_current_task())
#define known_read(source, ...) BPF_CORE_READ(source, __VA_ARGS__)
#define known_bits(source, field) BPF_CORE_READ_BITFIELD_PROBED(source, field)
#else
#define compat_current() ((struct task_struct *)bpf_get_current_task_btf())
#define known_read(source, ...) ___arrow(source, __VA_ARGS__)
#define known_bits(source, field) BPF_CORE_READ_BITFIELD(source, field)
#endif

/* The current task's name, TC_COMM_MAX bytes; what is behind its NUL means nothing. */
static __always_inline void compat_read_comm(struct task_struct *task, char *comm)
{
#ifdef TC_LINUX_5_10
	bpf_get_current_comm(comm, TC_COMM_MAX);
#else
	__builtin_memcpy(comm, task->comm, TC_COMM_MAX);
#endif
}

/*
 * Whether a hash may take memory when an entry is made: for tracing programs since v6.1 (its bpf
 * memory allocator; 34dd3bad1a6f), and 5.10 warns. There the map is as large as it may get.
 */
#ifdef TC_LINUX_5_10
#define COMPAT_HASH_FLAGS 0
#define COMPAT_CGROUPS_MAX 16384
#else
#define COMPAT_HASH_FLAGS BPF_F_NO_PREALLOC
#define COMPAT_CGROUPS_MAX 65536
#endif

/*
 * A map with a value for each task, zero at first, and the current task's: NULL when there is no
 * memory for it, or another program on this CPU is just at it. Task storage came with v5.11
 * (4cf1bc1f1045); before it the least recently used are forgotten.
 */
#ifdef TC_LINUX_5_10
struct compat_task_key {
	__u64 start_ns;
	__u64 tid;
};

#define COMPAT_TASK_MAP(name, value_type)                                                          \
	static const value_type name##_new SEC(".rodata.task") = {};                               \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_LRU_HASH);                                               \
		__uint(max_entries, 16384);                                                        \
		__type(key, struct compat_task_key);                                               \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

#define compat_task_value(map, task)                                                               \
	({                                                                                         \
		struct compat_task_key key_ = {                                                    \
			.start_ns = BPF_CORE_READ(task, start_boottime),                           \
			.tid = (__u32)bpf_get_current_pid_tgid(),                                  \
		};                                                                                 \
		void *value_ = bpf_map_lookup_elem(&map, &key_);                                   \
		if (!value_) {                                                                     \
			bpf_map_update_elem(&map, &key_, &map##_new, BPF_NOEXIST);                 \
			value_ = bpf_map_lookup_elem(&map, &key_);                                 \
		}                                                                                  \
		value_;                                                                            \
	})
#else
#define COMPAT_TASK_MAP(name, value_type)                                                          \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE);                                           \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, int);                                                                  \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

#define compat_task_value(map, task)                                                               \
	bpf_task_storage_get(&map, (void *)(task), NULL, BPF_LOCAL_STORAGE_GET_F_CREATE)
#endif

/*
 * The registers of the system call that the current task is in. bpf_task_pt_regs() came to tracing
 * programs with v5.15 (dd6e10fbd9fb) and is there for LSM programs with bpf_get_current_task_btf().
 * Without it they lie at the top of the kernel stack, 16 KiB on x86-64; from v6.18 on FRED leaves a
 * gap there, but those kernels have the helper.
 */
#define compat_stack_regs(task)                                                                    \
	((struct pt_regs *)((char *)BPF_CORE_READ(task, stack) + 16384 - 168))

/*
 * kernel_cap_t was struct { u32 cap[2] } and is struct { u64 val } since v6.3 (f122a08b197d): eight
 * bytes with the same bits either way.
 */
struct compat_caps {
	__u64 bits;
};

struct cred___caps {
	struct compat_caps cap_inheritable, cap_permitted, cap_effective;
} __attribute__((preserve_access_index));

/* The three sets lie in a row, in this order: one read. */
struct compat_cred_caps {
	__u64 inheritable, permitted, effective;
};

static __always_inline void compat_read_caps(const struct cred *cred, struct compat_cred_caps *caps)
{
	bpf_probe_read_kernel(caps, sizeof(*caps),
			      (char *)cred +
				      bpf_core_field_offset(struct cred___caps, cap_inheritable));
}

/*
 * A mount namespace that holds one detached tree (fsmount(2), open_tree(2)) has no inode number,
 * or, where namespaces got fixed numbers in v6.18, MNT_NS_ANON_INO (include/uapi/linux/nsfs.h).
 */
static __always_inline bool compat_mount_ns_is_anonymous(struct mnt_namespace *ns)
{
	__u32 inum = BPF_CORE_READ(ns, ns.inum);

	return inum == 0 || inum == 0xeffffff7;
}

/* A dentry's parent and name lie side by side in all kernels so far: one read instead of three. */
struct compat_dentry {
	struct dentry *parent;
	__u32 hash;
	__u32 length;
	const unsigned char *name;
};

static __always_inline void compat_read_dentry(struct dentry *dentry, struct compat_dentry *part)
{
	__u32 start = bpf_core_field_offset(struct dentry, d_parent);

	if (bpf_core_field_offset(struct dentry, d_name) == start + 8 &&
	    bpf_core_field_offset(struct qstr, len) == 4 &&
	    bpf_core_field_offset(struct qstr, name) == 8) {
		bpf_probe_read_kernel(part, sizeof(*part), (char *)dentry + start);
		return;
	}
	part->parent = BPF_CORE_READ(dentry, d_parent);
	part->length = BPF_CORE_READ(dentry, d_name.len);
	part->name = BPF_CORE_READ(dentry, d_name.name);
}

/* So do a mount's parent, the place where it is mounted, and its root. */
struct compat_mount {
	struct mount *parent;
	struct dentry *mountpoint, *root;
};

static __always_inline void compat_read_mount(struct mount *mount, struct compat_mount *part)
{
	__u32 start = bpf_core_field_offset(struct mount, mnt_parent);

	if (bpf_core_field_offset(struct mount, mnt_mountpoint) == start + 8 &&
	    bpf_core_field_offset(struct mount, mnt) == start + 16 &&
	    bpf_core_field_offset(struct vfsmount, mnt_root) == 0) {
		bpf_probe_read_kernel(part, sizeof(*part), (char *)mount + start);
		return;
	}
	part->parent = BPF_CORE_READ(mount, mnt_parent);
	part->mountpoint = BPF_CORE_READ(mount, mnt_mountpoint);
	part->root = BPF_CORE_READ(mount, mnt.mnt_root);
}

/*
 * The mounts of a super block hang on a list in super_block.s_mounts, on newer kernels (seen on
 * v6.18) on a chain of mount.mnt_next_for_sb. True when there is another one than this.
 */
struct compat_list {
	struct compat_list *next, *prev;
};

struct super_block___list {
	struct compat_list s_mounts;
} __attribute__((preserve_access_index));

struct super_block___chain {
	struct mount *s_mounts;
} __attribute__((preserve_access_index));

struct mount___chain {
	struct mount *mnt_next_for_sb;
} __attribute__((preserve_access_index));

static __always_inline bool compat_mounted_elsewhere(struct super_block *sb)
{
	struct mount *first;

	if (!bpf_core_field_exists(struct mount___chain, mnt_next_for_sb)) {
		struct super_block___list *listed = (void *)sb;

		return BPF_CORE_READ(listed, s_mounts.next) != BPF_CORE_READ(listed, s_mounts.prev);
	}
	first = BPF_CORE_READ((struct super_block___chain *)sb, s_mounts);
	return first && BPF_CORE_READ((struct mount___chain *)first, mnt_next_for_sb);
}

/*
 * Arguments of the system call that the current task is in: a 32-bit one (int 0x80, sysenter)
 * passes them in other registers and has its own numbers. TS_COMPAT is in thread_info.status,
 * arch/x86/include/asm/thread_info.h.
 */
#define TS_COMPAT 0x0002

struct compat_syscall {
	__s32 nr;
	bool compat;
	__u64 first, second; /* arguments */
};

#define compat_read_syscall(call, regs, read)                                                      \
	({                                                                                         \
		(call)->nr = (__s32)read(regs, orig_ax);                                           \
		(call)->first = (call)->compat ? read(regs, bx) : read(regs, di);                  \
		(call)->second = (call)->compat ? read(regs, cx) : read(regs, si);                 \
	})

/* task is compat_current(). */
static __always_inline void compat_current_syscall(struct task_struct *task,
						   struct compat_syscall *call)
{
	struct pt_regs *regs;

	call->compat = known_read(task, thread_info.status) & TS_COMPAT;
#ifndef TC_LINUX_5_10
	if (settings.has_task_pt_regs) {
		regs = (struct pt_regs *)bpf_task_pt_regs(task);
		compat_read_syscall(call, regs, known_read);
		return;
	}
#endif
	regs = compat_stack_regs(task);
	compat_read_syscall(call, regs, BPF_CORE_READ);
}

/*
 * Times of an inode: struct timespec64 i_mtime and i_ctime; __i_ctime since v6.6 (13bc24457850) and
 * __i_mtime since v6.7 (12cd44023651); seconds and nanoseconds apart since v6.11 (3aa63a569c64).
 * Since v6.13 the highest bit of the nanoseconds of ctime tells that somebody asked for it
 * (4e40eff0b573).
 */
struct compat_timespec {
	__s64 tv_sec;
	__s64 tv_nsec;
};

struct inode___plain {
	struct compat_timespec i_mtime, i_ctime;
} __attribute__((preserve_access_index));

struct inode___hidden {
	struct compat_timespec __i_mtime, __i_ctime;
} __attribute__((preserve_access_index));

struct inode___split {
	__s64 i_mtime_sec, i_ctime_sec;
	__u32 i_mtime_nsec, i_ctime_nsec;
} __attribute__((preserve_access_index));

#define COMPAT_NSEC_MASK 0x3fffffff
#define COMPAT_NS_PER_S 1000000000ULL

/* compat_known_NAME(): as it lies there, for comparing. compat_inode_NAME(): nanoseconds. Of an
 * inode that known_read() takes. */
#define COMPAT_INODE_TIME(name)                                                                    \
	static __always_inline void compat_known_##name(struct inode *inode,                       \
							struct compat_timespec *time)              \
	{                                                                                          \
		struct inode___split *split = (void *)inode;                                       \
		struct inode___hidden *hidden = (void *)inode;                                     \
		struct inode___plain *plain = (void *)inode;                                       \
                                                                                                   \
		if (bpf_core_field_exists(split->i_##name##_sec)) {                                \
			time->tv_sec = known_read(split, i_##name##_sec);                          \
			time->tv_nsec = known_read(split, i_##name##_nsec) & COMPAT_NSEC_MASK;     \
		} else if (bpf_core_field_exists(hidden->__i_##name)) {                            \
			time->tv_sec = known_read(hidden, __i_##name.tv_sec);                      \
			time->tv_nsec = known_read(hidden, __i_##name.tv_nsec);                    \
		} else {                                                                           \
			time->tv_sec = known_read(plain, i_##name.tv_sec);                         \
			time->tv_nsec = known_read(plain, i_##name.tv_nsec);                       \
		}                                                                                  \
	}                                                                                          \
                                                                                                   \
	static __always_inline __u64 compat_inode_##name(struct inode *inode)                      \
	{                                                                                          \
		struct compat_timespec time;                                                       \
                                                                                                   \
		compat_known_##name(inode, &time);                                                 \
		return time.tv_sec * COMPAT_NS_PER_S + time.tv_nsec;                               \
	}
COMPAT_INODE_TIME(ctime)
COMPAT_INODE_TIME(mtime)

/*
 * A program that was asked for by its descriptor alone is named like its file since v6.14
 * (543841d18060), before it was by the descriptor's number.
 */
struct linux_binprm___dentry {
	unsigned int comm_from_dentry : 1;
} __attribute__((preserve_access_index));

static __always_inline bool compat_comm_from_dentry(struct linux_binprm *bprm)
{
	struct linux_binprm___dentry *newer = (void *)bprm;

	return bpf_core_field_exists(newer->comm_from_dentry) &&
	       BPF_CORE_READ_BITFIELD_PROBED(newer, comm_from_dentry);
}

/*
 * The file that overlayfs maps in the place of the one that was opened, with a path in a private
 * mount of its own since v6.8 (def3ae83da02): then the user's path lies behind it. False when there
 * is no such path: what is read where one would be is none.
 */
struct backing_file___user {
	struct file file;
	struct path user_path;
} __attribute__((preserve_access_index));

static __always_inline bool compat_backing_path(struct file *file, struct path *path)
{
	struct backing_file___user *backing = (void *)file;
	struct super_block *sb;

	if (!bpf_core_field_exists(backing->user_path))
		return false;
	BPF_CORE_READ_INTO(path, backing, user_path);
	sb = BPF_CORE_READ(path, dentry, d_sb);
	return sb && sb == BPF_CORE_READ(path, mnt, mnt_sb);
}

/*
 * A map with a value for each inode, zero at first. Inode storage came with v5.10 (8ea636848aca),
 * but takes no inode there that a pointer leads to which a program followed by hand: no value.
 */
#ifdef TC_LINUX_5_10
#define COMPAT_INODE_MAP(name, value_type) _Static_assert(sizeof(value_type) > 0, #name)
#define compat_inode_value(map, inode, flags) ((void *)0)
#else
#define COMPAT_INODE_MAP(name, value_type)                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_INODE_STORAGE);                                          \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, int);                                                                  \
		__type(value, value_type);                                                         \
	} name SEC(".maps")
#define compat_inode_value(map, inode, flags) bpf_inode_storage_get(&map, inode, NULL, flags)
#endif

/* The second argument of the system call that task, which is compat_current(), is in. */
static __always_inline __u64 compat_second_argument(struct task_struct *task, bool compat)
{
	struct pt_regs *regs;

#ifndef TC_LINUX_5_10
	if (settings.has_task_pt_regs) {
		regs = (struct pt_regs *)bpf_task_pt_regs(task);
		return compat ? known_read(regs, cx) : known_read(regs, si);
	}
#endif
	regs = compat_stack_regs(task);
	return compat ? BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, si);
}

/*
 * The CLONE_* flag of a namespace was a member of its operations and is one of its own since v6.18
 * (seen on v6.18).
 */
struct ns_common___typed {
	__u32 ns_type;
} __attribute__((preserve_access_index));

static __always_inline __u32 compat_namespace_type(struct ns_common *ns)
{
	if (bpf_core_field_exists(struct ns_common___typed, ns_type))
		return BPF_CORE_READ((struct ns_common___typed *)ns, ns_type);
	return BPF_CORE_READ(ns, ops, type);
}

/*
 * The result of a protocol's recvmsg(), behind its arguments at its end: v5.19 put nonblock into
 * the flags (ec095263a965), and v7 (seen on v7.3) addr_len into struct msghdr. The verifier knows
 * the setting and sees one of the loads. By hand: clang would join them to one of a computed place
 * in the context, which is refused.
 */
#define compat_load_argument(ctx, offset)                                                          \
	({                                                                                         \
		__u64 value_;                                                                      \
		asm volatile("%0 = *(u64 *)(%1 + " #offset ")" : "=r"(value_) : "r"(ctx));         \
		value_;                                                                            \
	})

static __always_inline int compat_receive_result(const void *ctx)
{
	if (settings.receive_args == 4)
		return compat_load_argument(ctx, 32);
	if (settings.receive_args == 5)
		return compat_load_argument(ctx, 40);
	return compat_load_argument(ctx, 48);
}

/*
 * Whether nobody has said yet that this process ends. Each is remembered in the place of its number
 * until another one that ends comes there; without atomic operations that give a value back (see
 * compat_take()), by a hash whose insertion tells.
 */
#define COMPAT_ENDED_MAX 4096

#ifdef TC_LINUX_5_10
struct compat_ended {
	__u64 start_ns;
	__u64 tgid;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, COMPAT_ENDED_MAX);
	__type(key, struct compat_ended);
	__type(value, __u32);
} ended_processes SEC(".maps");

static __always_inline bool compat_ends_first(__u32 tgid, __u64 start_ns)
{
	struct compat_ended ended = {.start_ns = start_ns, .tgid = tgid};
	__u32 yes = 1;

	return bpf_map_update_elem(&ended_processes, &ended, &yes, BPF_NOEXIST) == 0;
}
#else
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COMPAT_ENDED_MAX);
	__type(key, __u32);
	__type(value, __u64); /* start, in nanoseconds */
} ended_processes SEC(".maps");

static __always_inline bool compat_ends_first(__u32 tgid, __u64 start_ns)
{
	__u32 place = tgid % COMPAT_ENDED_MAX;
	__u64 *ended = bpf_map_lookup_elem(&ended_processes, &place);

	return ended && __sync_lock_test_and_set(ended, start_ns) != start_ns;
}
#endif

/*
 * Numbers of the system calls that a probe must tell apart or that are twins of io_uring
 * operations, x86-64, and with NR_32 those of i386.
 */
enum {
	NR_OPEN = 2,
	NR_DUP2 = 33,
	NR_SOCKET = 41,
	NR_CONNECT = 42,
	NR_ACCEPT = 43,
	NR_SENDTO = 44,
	NR_RECVFROM = 45,
	NR_SENDMSG = 46,
	NR_RECVMSG = 47,
	NR_BIND = 49,
	NR_LISTEN = 50,
	NR_EXECVE = 59,
	NR_EXIT = 60,
	NR_FTRUNCATE = 77,
	NR_CREAT = 85,
	NR_PTRACE = 101,
	NR_MOUNT = 165,
	NR_SETXATTR = 188,
	NR_EXIT_GROUP = 231,
	NR_OPENAT = 257,
	NR_MKDIRAT = 258,
	NR_UNLINKAT = 263,
	NR_RENAMEAT = 264,
	NR_LINKAT = 265,
	NR_SYMLINKAT = 266,
	NR_DUP3 = 292,
	NR_SETNS = 308,
	NR_PROCESS_VM_READV = 310,
	NR_PROCESS_VM_WRITEV = 311,
	NR_EXECVEAT = 322,
	NR_USERFAULTFD = 323,
	NR_IO_URING_ENTER = 426,
	NR_OPENAT2 = 437,
	NR_PIDFD_GETFD = 438,
	NR_32_EXIT = 1,
	NR_32_OPEN = 5,
	NR_32_CREAT = 8,
	NR_32_EXECVE = 11,
	NR_32_MOUNT = 21,
	NR_32_PTRACE = 26,
	NR_32_DUP2 = 63,
	NR_32_SOCKETCALL = 102,
	NR_32_EXIT_GROUP = 252,
	NR_32_OPENAT = 295,
	NR_32_DUP3 = 330,
	NR_32_SETNS = 346,
	NR_32_PROCESS_VM_READV = 347,
	NR_32_PROCESS_VM_WRITEV = 348,
	NR_32_EXECVEAT = 358,
	NR_32_CONNECT = 362,
	NR_32_USERFAULTFD = 374,
};

#endif
