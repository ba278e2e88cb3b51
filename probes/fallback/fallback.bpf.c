/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The fallback: the same events on a kernel without BPF LSM, from one tracepoint that runs whenever
 * a system call ends.
 *
 * Told is what has succeeded, after it took effect. What cannot be seen this way is listed in
 * schema/fallback.def. The path of a call is: number, kinds that are wanted, agent, scope, and only
 * then its arguments.
 */
#include "probes/fallback/call.h"
#include "probes/fallback/place.h"

#include "probes/fallback/trace.bpf.c"
#include "probes/fallback/file.bpf.c"
#include "probes/fallback/mount.bpf.c"
#include "probes/fallback/network.bpf.c"
#include "probes/fallback/identity.bpf.c"
#include "probes/fallback/mmap.bpf.c"
#include "probes/fallback/dup.bpf.c"
#include "probes/fallback/signal.bpf.c"
#include "probes/fallback/namespace.bpf.c"
#include "probes/fallback/code.bpf.c"

static __always_inline int tell_file_call(const struct call *call)
{
	switch (call->row->shape) {
	case SHAPE_OPEN:
	case SHAPE_CREAT:
	case SHAPE_OPENAT2:
		return tell_open(call);
	case SHAPE_MKNOD:
		return tell_mknod(call);
	case SHAPE_MKDIR:
		return tell_mkdir(call);
	case SHAPE_TRUNCATE:
		return tell_truncate(call);
	case SHAPE_UNLINK:
	case SHAPE_RMDIR:
		return tell_unlink(call);
	case SHAPE_RENAME:
		return tell_rename(call);
	case SHAPE_LINK:
		return tell_link(call);
	case SHAPE_SYMLINK:
		return tell_symlink(call);
	case SHAPE_CHMOD:
		return tell_chmod(call);
	case SHAPE_CHOWN:
	case SHAPE_CHOWN16:
		return tell_chown(call);
	case SHAPE_SETXATTR:
	case SHAPE_SETXATTRAT:
	case SHAPE_REMOVEXATTR:
		return tell_setxattr(call);
	case SHAPE_MMAP:
		return tell_mmap(call);
	}
	return 0;
}

static __always_inline int tell_other_call(const struct call *call)
{
	switch (call->row->shape) {
	case SHAPE_MOUNT:
		return tell_mount(call);
	case SHAPE_UMOUNT:
		return tell_umount(call);
	case SHAPE_PIVOT_ROOT:
		return tell_pivot_root(call);
	case SHAPE_MOVE_MOUNT:
		return tell_move_mount(call);
	case SHAPE_MOUNT_SETATTR:
		return tell_mount_setattr(call);
	case SHAPE_OPEN_TREE:
		return tell_open_tree(call);
	case SHAPE_FSCONFIG:
		return tell_fsconfig(call);
	case SHAPE_PTRACE:
		return tell_ptrace(call);
	case SHAPE_VM_READ:
	case SHAPE_VM_WRITE:
		return tell_vm(call);
	case SHAPE_GETFD:
		return tell_getfd(call);
	case SHAPE_SETUID:
		return tell_setuid(call);
	case SHAPE_SETGID:
		return tell_setgid(call);
	case SHAPE_CAPSET:
		return tell_capset(call);
	case SHAPE_DUP:
		return tell_dup(call);
	case SHAPE_SIGNAL:
		return tell_signal(call);
	case SHAPE_SETNS:
		return tell_setns(call);
	case SHAPE_UNSHARE:
		return tell_unshare(call);
	case SHAPE_MODULE:
		return tell_module(call);
	case SHAPE_KEXEC:
		return tell_kexec(call);
	case SHAPE_BPF:
		return tell_bpf(call);
	case SHAPE_USERFAULTFD:
		return tell_userfaultfd(call);
	}
	return 0;
}

static __always_inline int tell_network_call(const struct call *call)
{
	switch (call->row->shape) {
	case SHAPE_SOCKET:
		return tell_socket(call, call->result);
	case SHAPE_SOCKETPAIR:
		return tell_socketpair(call);
	case SHAPE_BIND:
	case SHAPE_LISTEN:
		return tell_serving(call, call_argument(call, 1));
	case SHAPE_ACCEPT:
		return tell_serving(call, call->result);
	case SHAPE_RECVFROM:
	case SHAPE_RECVMSG:
		return tell_receive(call);
	case SHAPE_SENDTO:
	case SHAPE_SENDMSG:
		return tell_send(call);
	case SHAPE_CONNECT:
		return tell_connect(call);
	}
	return 0;
}

static __always_inline bool call_wanted(const struct call *call)
{
	__u32 zero = 0;
	struct tc_controls *c = bpf_map_lookup_elem(&controls, &zero);

	return c && c->kinds & call->row->kinds && !current_is_agent() && current_in_scope();
}

SEC("raw_tp/sys_exit")
int system_call_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct call call = {.regs = (struct pt_regs *)ctx->args[0], .result = ctx->args[1]};

	if (!call_find(&call))
		return 0;
	if (call.row->shape == SHAPE_SOCKETCALL && !socketcall_unpack(&call))
		return 0;
	if ((call.result < 0 && call.row->shape < SHAPE_SENDTO) || !call_wanted(&call))
		return 0;
	if (call.row->shape > SHAPE_SOCKETCALL)
		return tell_network_call(&call);
	if (call.row->shape < SHAPE_MOUNT)
		return tell_file_call(&call);
	return tell_other_call(&call);
}
