/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The other task of an event, and the task that a number or a pidfd of the caller means.
 *
 * bpf_task_from_pid() is not there for raw tracepoints, so the pid namespace's number table is
 * walked by hand: a radix tree whose nodes are marked by the low bits of the pointer
 * (include/linux/xarray.h), the same on all kernels from v4.20 on. What is found is compared with
 * what was sought, so a table that changes meanwhile yields nothing, never another task.
 */
#ifndef TOCSIN_PROBES_TARGET_H
#define TOCSIN_PROBES_TARGET_H

#include "probes/lib/inode.h"
#include "probes/lib/record.h"

#define XA_NODE_SLOTS 64
#define XA_LEVELS 6
/* Fills the members of TC_TARGET (schema/events.def). */
#define fill_target(record, target)                                                                \
	({                                                                                         \
		struct task_struct *target_ = (target);                                            \
		(record)->target_start_ns = BPF_CORE_READ(target_, group_leader, start_boottime);  \
		(record)->target_cgroup_id = cgroup_id(task_cgroup(target_));                      \
		(record)->target_tgid = BPF_CORE_READ(target_, tgid);                              \
		(record)->target_tid = BPF_CORE_READ(target_, pid);                                \
		(record)->target_uid = BPF_CORE_READ(target_, cred, euid.val);                     \
		BPF_CORE_READ_INTO(&(record)->target_comm.bytes, target_, comm);                   \
	})

/* The same where the task is gone: there is the caller's number alone. */
#define fill_gone_target(record, number)                                                           \
	({                                                                                         \
		(record)->header.flags |= TC_RECORD_CALLER;                                        \
		(record)->target_tgid = (number);                                                  \
		(record)->target_tid = (number);                                                   \
		(record)->target_uid = TC_ABSENT_U32;                                              \
	})

/* A signal to itself, or a look into its own memory, is nobody else's business. */
static __always_inline bool is_current_process(struct task_struct *task)
{
	return (__u32)BPF_CORE_READ(task, tgid) == bpf_get_current_pid_tgid() >> 32;
}

/* The number of a pid in the namespace of that level, 0 when it is not in the namespace. */
static __always_inline __u32 pid_number(struct pid *pid, struct pid_namespace *ns, __u32 level)
{
	struct upid upid = {};

	if (BPF_CORE_READ(pid, level) < level)
		return 0;
	bpf_core_read(&upid, sizeof(upid), &pid->numbers[level & 31]);
	return upid.ns == ns ? upid.nr : 0;
}

static __always_inline struct pid *pid_find(__u32 nr)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *self = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(self, level);
	struct upid upid = {};
	__u64 entry;

	bpf_core_read(&upid, sizeof(upid), &self->numbers[level & 31]);
	entry = (__u64)BPF_CORE_READ(upid.ns, idr.idr_rt.xa_head);
#pragma clang loop unroll(disable)
	for (int i = 0; i < XA_LEVELS && (entry & 3) == 2; i++) {
		struct xa_node *node = (struct xa_node *)(entry - 2);
		__u32 index = nr >> (BPF_CORE_READ(node, shift) & 31) & (XA_NODE_SLOTS - 1);

		entry = 0;
		bpf_core_read(&entry, sizeof(entry), &node->slots[index]);
	}
	if (!entry || entry & 3 || !nr || pid_number((struct pid *)entry, upid.ns, level) != nr)
		return NULL;
	return (struct pid *)entry;
}

/* The thread that has this pid, or NULL when it is gone. */
static __always_inline struct task_struct *pid_task(struct pid *pid)
{
	struct hlist_node *first = BPF_CORE_READ(pid, tasks[PIDTYPE_PID].first);

	if (!first)
		return NULL;
	return (struct task_struct *)((char *)first -
				      bpf_core_field_offset(struct task_struct, pid_links));
}

/* The thread with this number in the current task's pid namespace, or NULL. */
static __noinline struct task_struct *task_find(__u32 nr)
{
	struct pid *pid = pid_find(nr);

	return pid ? pid_task(pid) : NULL;
}

/*
 * The pid that a pidfd means, NULL when the file is none: what is found in it must be a pid of the
 * caller's namespace. It is in the inode since v6.9, when pidfds got a file system (cb12fd8e0dab),
 * before it was in the file.
 */
static __noinline struct pid *pidfd_pid(struct file *file)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *self = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(self, level);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct upid upid = {};
	struct pid *pid;

	if (BPF_CORE_READ(inode, i_sb, s_magic) == PIDFS_MAGIC)
		pid = BPF_CORE_READ(inode, i_private);
	else
		pid = BPF_CORE_READ(file, private_data);
	bpf_core_read(&upid, sizeof(upid), &self->numbers[level & 31]);
	return pid_find(pid_number(pid, upid.ns, level)) == pid ? pid : NULL;
}

/* The process that a pidfd means, or NULL. */
static __always_inline struct task_struct *pidfd_task(struct file *file)
{
	struct pid *pid = pidfd_pid(file);

	return pid ? pid_task(pid) : NULL;
}

#endif
