/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family trace of the fallback. */

#define PTRACE_TRACEME 0
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
	__u32 self = bpf_get_current_pid_tgid() >> 32;
	struct tc_trace *record;
	struct scratch *s;

	if (target && (__u32)BPF_CORE_READ(target, tgid) == self)
		return 0;
	s = call_record(TC_KIND_trace, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_trace *)s->record;
	record->door = asked->door;
	record->request = asked->request;
	record->access_mode = asked->mode;
	if (target) {
		trace_target(record, target);
	} else {
		record->header.flags |= TC_RECORD_CALLER;
		record->target_tgid = asked->number;
		record->target_tid = asked->number;
		record->target_uid = TC_ABSENT_U32;
	}
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

	return tell_traced(&asked, pidfd_task(call_argument(call, call->row->from)));
}

/* The open of another process's memory, when the file is one. */
static __noinline int tell_proc_mem(struct file *file)
{
	struct trace_asked asked = {
		.mode = MODE_ATTACH_FSCREDS, .request = TC_ABSENT_U32, .door = TC_DOOR_MEM};
	struct task_struct *target = proc_mem_task(file);

	return target ? tell_traced(&asked, target) : 0;
}
