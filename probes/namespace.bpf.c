/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family namespace: setns(2) and unshare(2) pass no LSM hook but capable(): programs before the
 * functions of the kernel see them. Only what clone(2) makes does. */

/* include/uapi/linux/magic.h */
#define NSFS_MAGIC 0x6e736673

/*
 * What the descriptor of setns(2) is: a namespace, or a process by a pidfd. types are those that
 * were asked for.
 */
static __always_inline void fill_setns(struct tc_setns *record, struct file *file, __u32 types)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct ns_common *ns;
	struct pid *pid;

	record->nstype = types;
	record->ns = TC_ABSENT_U32;
	record->target_tgid = TC_ABSENT_U32;
	if (BPF_CORE_READ(inode, i_sb, s_magic) == NSFS_MAGIC) {
		ns = BPF_CORE_READ(inode, i_private);
		record->nstype = compat_namespace_type(ns);
		record->ns = BPF_CORE_READ(ns, inum);
		return;
	}
	pid = pidfd_pid(file);
	if (pid)
		record->target_tgid = BPF_CORE_READ(pid, numbers[0].nr);
}

/* Threads in setns(2) whose file was not seen yet, with their arguments. */
struct setns_call {
	__s32 fd;
	__u32 types;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct setns_call);
} setns_calls SEC(".maps");

static __always_inline int setns_begin(__s32 fd, __u32 types)
{
	struct setns_call call = {.fd = fd, .types = types};
	__u64 id = bpf_get_current_pid_tgid();

	if (decide_early(TC_KIND_setns))
		bpf_map_update_elem(&setns_calls, &id, &call, BPF_ANY);
	return 0;
}

SEC("fentry/__x64_sys_setns")
int BPF_PROG(setns, const struct pt_regs *regs)
{
	return setns_begin(regs->di, regs->si);
}

SEC("fentry/__ia32_sys_setns")
int BPF_PROG(setns_ia32, const struct pt_regs *regs)
{
	return setns_begin(regs->bx, regs->cx);
}

/*
 * setns(2) asks this function, more than once, what the file is that it will use: no other thread
 * can put another one in the descriptor's place between the record and the act. The first question
 * tells. Others ask it, too.
 */
SEC("fentry/proc_ns_file")
int BPF_PROG(setns_file, struct file *file)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct setns_call *call = bpf_map_lookup_elem(&setns_calls, &id);
	struct setns_call asked;
	struct tc_setns *record;
	struct scratch *s;

	if (!call)
		return 0;
	asked = *call;
	bpf_map_delete_elem(&setns_calls, &id);
	s = record_begin(TC_KIND_setns, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_setns *)s->record;
	if (!syscall_is(&record->header, NR_SETNS, NR_32_SETNS)) { /* that one had no file */
		record_drop(s);
		return 0;
	}
	record->fd = asked.fd;
	fill_setns(record, file, asked.types);
	record_tell(s);
	return 0;
}

static __always_inline int unshare_event(__u32 flags)
{
	struct tc_unshare *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_unshare))
		return 0;
	s = record_begin(TC_KIND_unshare, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_unshare *)s->record;
	record->unshare_flags = flags;
	record_tell(s);
	return 0;
}

/* include/uapi/linux/sched.h: all CLONE_NEW* */
#define NEW_NAMESPACES 0x7e020080

/*
 * clone(2) and clone3(2) that give their child namespaces of its own. A LSM hook, but it is the
 * parent's doing, as unshare(2) is its own, and what can be done about either is the same.
 */
SEC("lsm/task_alloc")
int BPF_PROG(task_alloc, struct task_struct *task, unsigned long flags)
{
	return flags & NEW_NAMESPACES ? unshare_event(flags) : 0;
}

SEC("fentry/__x64_sys_unshare")
int BPF_PROG(unshare, const struct pt_regs *regs)
{
	return unshare_event(regs->di);
}

SEC("fentry/__ia32_sys_unshare")
int BPF_PROG(unshare_ia32, const struct pt_regs *regs)
{
	return unshare_event(regs->bx);
}
