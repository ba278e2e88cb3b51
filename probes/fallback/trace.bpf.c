/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family trace of the fallback. */

#define PTRACE_TRACEME 0
/* include/uapi/linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0
/*
 * The modes with which the kernel checks: include/linux/ptrace.h, PTRACE_MODE_ATTACH_REALCREDS and
 * _FSCREDS.
 */
#define MODE_ATTACH_REALCREDS 0x12
#define MODE_ATTACH_FSCREDS 0x0a

struct trace_asked {
	__u32 door, request, mode;
	__u32 number; /* the target's, in the caller's pid namespace; 0: it gave none */
};

/*
 * target is NULL when the task is gone: then there is the caller's number alone. A process needs no
 * leave to enter itself, and the LSM hooks tell nothing of it either.
 */
static __noinline int tell_traced(const struct trace_asked *asked, struct task_struct *target)
{
	struct tc_trace *record;
	struct scratch *s;

	if (target && is_current_process(target))
		return 0;
	s = call_record(TC_KIND_trace, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_trace *)s->record;
	record->door = asked->door;
	record->request = asked->request;
	record->access_mode = asked->mode;
	if (target)
		fill_target(record, target);
	else
		fill_gone_target(record, asked->number);
	call_send(s);
	return 0;
}

static __noinline int tell_ptrace(const struct call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct trace_asked asked = {.mode = MODE_ATTACH_REALCREDS};

	asked.request = call_argument(call, call->row->value);
	asked.number = call_argument(call, call->row->value + 1);
	switch (asked.request) {
	case PTRACE_TRACEME:
		asked.door = TC_DOOR_TRACEME;
		asked.mode = 0;
		return tell_traced(&asked, BPF_CORE_READ(task, real_parent));
	case PTRACE_ATTACH:
		asked.door = TC_DOOR_ATTACH;
		break;
	case PTRACE_SEIZE:
		asked.door = TC_DOOR_SEIZE;
		break;
	default:
		return 0;
	}
	return tell_traced(&asked, task_find(asked.number));
}

static __noinline int tell_vm(const struct call *call)
{
	struct trace_asked asked = {.mode = MODE_ATTACH_REALCREDS, .request = TC_ABSENT_U32};

	asked.door = call->row->shape == SHAPE_VM_READ ? TC_DOOR_VM_READ : TC_DOOR_VM_WRITE;
	asked.number = call_argument(call, call->row->value);
	return tell_traced(&asked, task_find(asked.number));
}

static __noinline int tell_getfd(const struct call *call)
{
	struct trace_asked asked = {
		.mode = MODE_ATTACH_REALCREDS, .request = TC_ABSENT_U32, .door = TC_DOOR_GETFD};

	return tell_traced(&asked,
			   pidfd_task(descriptor_file(call_argument(call, call->row->from))));
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

/* The open of another process's memory, when the file is one. */
static __noinline int tell_proc_mem(struct file *file)
{
	struct trace_asked asked = {
		.mode = MODE_ATTACH_FSCREDS, .request = TC_ABSENT_U32, .door = TC_DOOR_MEM};
	struct task_struct *target = proc_mem_task(file);

	return target ? tell_traced(&asked, target) : 0;
}
