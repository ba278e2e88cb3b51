/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The task that a number or a pidfd of the caller means.
 *
 * bpf_task_from_pid() is not there for raw tracepoints, so the pid namespace's number table is
 * walked by hand: a radix tree whose nodes are marked by the low bits of the pointer
 * (include/linux/xarray.h), the same on all kernels from v4.20 on. What is found is compared with
 * what was sought, so a table that changes meanwhile yields nothing, never another task.
 */
#ifndef TOCSIN_PROBES_FALLBACK_TARGET_H
#define TOCSIN_PROBES_FALLBACK_TARGET_H

#include "probes/fallback/place.h"

#define XA_NODE_SLOTS 64
#define XA_LEVELS 6
/* include/uapi/linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0
#define PID_FS_MAGIC 0x50494446

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
 * The process that a pidfd means. The pid is in the inode since v6.9, when pidfds got a file system
 * (cb12fd8e0dab), before it was in the file. The descriptor may have become another file meanwhile:
 * what is found must be a pid.
 */
static __noinline struct task_struct *pidfd_task(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pid *self = BPF_CORE_READ(task, thread_pid);
	__u32 level = BPF_CORE_READ(self, level);
	struct file *file = descriptor_file(fd);
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct upid upid = {};
	struct pid *pid;

	if (BPF_CORE_READ(inode, i_sb, s_magic) == PID_FS_MAGIC)
		pid = BPF_CORE_READ(inode, i_private);
	else
		pid = BPF_CORE_READ(file, private_data);
	bpf_core_read(&upid, sizeof(upid), &self->numbers[level & 31]);
	if (pid_find(pid_number(pid, upid.ns, level)) != pid)
		return NULL;
	return pid_task(pid);
}

/* The task whose /proc/PID/mem (or /proc/PID/task/TID/mem) a file is; NULL when it is none. */
static __noinline struct task_struct *proc_mem_task(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	struct proc_inode *proc;
	char text[4] = {};
	struct pid *pid;

	if (BPF_CORE_READ(inode, i_sb, s_magic) != PROC_SUPER_MAGIC)
		return NULL;
	bpf_probe_read_kernel(text, sizeof(text), name);
	if (text[0] != 'm' || text[1] != 'e' || text[2] != 'm' || text[3])
		return NULL;
	proc = (struct proc_inode *)((char *)inode -
				     bpf_core_field_offset(struct proc_inode, vfs_inode));
	pid = BPF_CORE_READ(proc, pid);
	return pid ? pid_task(pid) : NULL;
}

#endif
