/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A system call that has succeeded: which one it was, its arguments, its result.
 *
 * The arguments are taken when it ends. On x86 the registers that carried them are still in the
 * task's pt_regs then, so nothing has to be remembered from the entry; what they point to was just
 * read by the kernel, so it is in memory.
 */
#ifndef TOCSIN_PROBES_FALLBACK_CALL_H
#define TOCSIN_PROBES_FALLBACK_CALL_H

#include "probes/lib/path.h"

enum {
#define TC_SYSCALL(number, name) SYSCALL_64_##name = number,
#include "schema/syscalls_64.def"
#undef TC_SYSCALL
#define TC_SYSCALL(number, name) SYSCALL_32_##name = number,
#include "schema/syscalls_32.def"
#undef TC_SYSCALL
};

/*
 * Arguments that belong together and the way they are told: one function of fallback.bpf.c for
 * each.
 */
enum call_shape {
	SHAPE_NONE = 0,
	SHAPE_OPEN,
	SHAPE_CREAT,
	SHAPE_OPENAT2,
	SHAPE_MKNOD,
	SHAPE_MKDIR,
	SHAPE_TRUNCATE,
	SHAPE_UNLINK,
	SHAPE_RMDIR,
	SHAPE_RENAME,
	SHAPE_LINK,
	SHAPE_SYMLINK,
	SHAPE_CHMOD,
	SHAPE_CHOWN,
	SHAPE_CHOWN16,
	SHAPE_SETXATTR,
	SHAPE_SETXATTRAT,
	SHAPE_REMOVEXATTR,
	SHAPE_MMAP,
	SHAPE_MOUNT,
	SHAPE_UMOUNT,
	SHAPE_PIVOT_ROOT,
	SHAPE_MOVE_MOUNT,
	SHAPE_MOUNT_SETATTR,
	SHAPE_OPEN_TREE,
	SHAPE_FSCONFIG,
	SHAPE_PTRACE,
	SHAPE_VM_READ,
	SHAPE_VM_WRITE,
	SHAPE_GETFD,
	SHAPE_SETUID,
	SHAPE_SETGID,
	SHAPE_CAPSET,
	SHAPE_DUP,
	SHAPE_SIGNAL,
	SHAPE_SETNS,
	SHAPE_UNSHARE,
	SHAPE_MODULE,
	SHAPE_KEXEC,
	SHAPE_BPF,
	SHAPE_USERFAULTFD,
	SHAPE_SOCKETCALL,
	SHAPE_SOCKET,
	SHAPE_SOCKETPAIR,
	SHAPE_BIND,
	SHAPE_LISTEN,
	SHAPE_ACCEPT,
	SHAPE_RECVFROM,
	SHAPE_RECVMSG,
	/* From here on what failed may be told as well: a connection that could not be made is one
	   that was tried. */
	SHAPE_SENDTO,
	SHAPE_SENDMSG,
	SHAPE_CONNECT,
};

/* A row of calls.def. */
struct call_row {
	__u64 kinds;
	__u8 shape;
	__u8 from, path, from2, path2, value, flags;
	__u8 pad;
};

/* Numbers of the x32 ABI alone end at 547. */
#define CALLS_MAX 548

/* In a section of its own: the settings are the first thing in .rodata. */
static const struct call_row calls_64[CALLS_MAX] SEC(".rodata.calls") = {
#define TC_CALL_ROW(number, shape, kinds, ...) [number] = {kinds, SHAPE_##shape, __VA_ARGS__, 0},
#define TC_CALL(name, ...) TC_CALL_ROW(SYSCALL_64_##name, __VA_ARGS__)
#define TC_CALL_64(name, ...) TC_CALL_ROW(SYSCALL_64_##name, __VA_ARGS__)
#define TC_CALL_32(name, ...)
#define TC_CALL_X32(number, ...) TC_CALL_ROW(number, __VA_ARGS__)
#include "probes/fallback/calls.def"
#undef TC_CALL
#undef TC_CALL_64
#undef TC_CALL_32
#undef TC_CALL_X32
};

static const struct call_row calls_32[CALLS_MAX] SEC(".rodata.calls") = {
#define TC_CALL(name, ...) TC_CALL_ROW(SYSCALL_32_##name, __VA_ARGS__)
#define TC_CALL_64(name, ...)
#define TC_CALL_32(name, ...) TC_CALL_ROW(SYSCALL_32_##name, __VA_ARGS__)
#define TC_CALL_X32(number, ...)
#include "probes/fallback/calls.def"
#undef TC_CALL
#undef TC_CALL_64
#undef TC_CALL_32
#undef TC_CALL_X32
#undef TC_CALL_ROW
};

struct call {
	struct pt_regs *regs;
	const struct call_row *row;
	__s64 result;
	bool compat;
	bool unpacked; /* the arguments are here: those of socketcall(2) are in memory */
	__u32 arguments[6];
};

/* Set in the number of a call by the x32 ABI; the lower bits are those of x86-64. */
#define X32_BIT 0x40000000

/*
 * Finds the row; false for a call that is not told. The ABI of the task is asked only where either
 * has a row.
 */
static __always_inline bool call_find(struct call *call)
{
	struct pt_regs *regs = call->regs;
	struct task_struct *task;
	__u64 nr = (__u32)BPF_CORE_READ(regs, orig_ax) & ~X32_BIT;

	barrier_var(nr);
	if (nr >= CALLS_MAX)
		return false;
	if (!calls_64[nr].shape && !calls_32[nr].shape)
		return false;
	task = (struct task_struct *)bpf_get_current_task();
	call->compat = BPF_CORE_READ(task, thread_info.status) & TS_COMPAT;
	call->row = call->compat ? &calls_32[nr] : &calls_64[nr];
	return call->row->shape;
}

static __always_inline __u64 unpacked_argument(const struct call *call, __u32 number)
{
	switch (number) {
	case 1:
		return call->arguments[0];
	case 2:
		return call->arguments[1];
	case 3:
		return call->arguments[2];
	case 4:
		return call->arguments[3];
	case 5:
		return call->arguments[4];
	case 6:
		return call->arguments[5];
	}
	return 0;
}

/* Argument number (from 1); 0 without one. */
static __noinline __u64 call_argument(const struct call *call, __u32 number)
{
	struct pt_regs *regs = call->regs;
	__u64 value;

	if (call->unpacked)
		return unpacked_argument(call, number);
	switch (number) {
	case 1:
		value = call->compat ? BPF_CORE_READ(regs, bx) : BPF_CORE_READ(regs, di);
		break;
	case 2:
		value = call->compat ? BPF_CORE_READ(regs, cx) : BPF_CORE_READ(regs, si);
		break;
	case 3:
		value = BPF_CORE_READ(regs, dx);
		break;
	case 4:
		value = call->compat ? BPF_CORE_READ(regs, si) : BPF_CORE_READ(regs, r10);
		break;
	case 5:
		value = call->compat ? BPF_CORE_READ(regs, di) : BPF_CORE_READ(regs, r8);
		break;
	case 6:
		value = call->compat ? BPF_CORE_READ(regs, bp) : BPF_CORE_READ(regs, r9);
		break;
	default:
		return 0;
	}
	return call->compat ? (__u32)value : value;
}

/*
 * Records are begun by a global function, which the verifier checks once and not for every call of
 * every function that tells something. Its arguments are numbers, since 5.10 allows no pointers
 * there.
 */

/* Index of a scratch with a record in it, or -1. */
__noinline int call_begin(__u32 kind, __u32 fixed_size)
{
	struct scratch *s = record_begin(kind, TC_FIXED_MAX, -1);
	struct tc_record *header;

	if (!s)
		return -1;
	header = (struct tc_record *)s->record;
	header->size = fixed_size;
	header->flags |= TC_RECORD_FALLBACK;
	return s->index;
}

static __always_inline struct scratch *call_record(__u32 kind, __u32 fixed_size)
{
	int begun = call_begin(kind, fixed_size);
	__u32 index = begun;

	return begun < 0 ? NULL : bpf_map_lookup_elem(&scratches, &index);
}

/* Not one of them: calls may be nested eight deep, and a decision needs four. */
static __always_inline void call_send(struct scratch *s)
{
	record_tell(s);
}

#endif
