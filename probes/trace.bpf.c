/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family trace: the one check that every door into another process passes, and PTRACE_TRACEME. */

#define PTRACE_MODE_ATTACH 0x02
#define PTRACE_MODE_FSCREDS 0x08
#define PTRACE_ATTACH 16
#define PTRACE_SEIZE 0x4206

/* True when a file is being opened, by whatever call. */
static __always_inline bool opens_file(const struct tc_record *header)
{
	return header->flags & TC_RECORD_IO_URING || syscall_is(header, NR_OPENAT, NR_32_OPENAT) ||
	       syscall_is(header, NR_OPEN, NR_32_OPEN) ||
	       syscall_is(header, NR_OPENAT2, NR_OPENAT2) ||
	       syscall_is(header, NR_CREAT, NR_32_CREAT);
}

/* process_vm_readv, process_vm_writev and pidfd_getfd have one mode: the system call number tells
 * them apart. */
static __always_inline void trace_door(struct tc_trace *record, __u64 first_argument)
{
	struct tc_record *header = &record->header;

	record->request = TC_ABSENT_U32;
	record->door = TC_DOOR_OTHER;
	if (syscall_is(header, NR_PTRACE, NR_32_PTRACE)) {
		record->request = first_argument;
		record->door = first_argument == PTRACE_SEIZE ? TC_DOOR_SEIZE : TC_DOOR_ATTACH;
	} else if (syscall_is(header, NR_PROCESS_VM_WRITEV, NR_32_PROCESS_VM_WRITEV)) {
		record->door = TC_DOOR_VM_WRITE;
	} else if (syscall_is(header, NR_PROCESS_VM_READV, NR_32_PROCESS_VM_READV)) {
		record->door = TC_DOOR_VM_READ;
	} else if (syscall_is(header, NR_PIDFD_GETFD, NR_PIDFD_GETFD)) {
		record->door = TC_DOOR_GETFD;
	} else if (record->access_mode & PTRACE_MODE_FSCREDS && opens_file(header)) {
		/* With file system creds attach /proc/PID/mem, when opened, and stack, syscall and
		 * the like, when read. */
		record->door = TC_DOOR_MEM;
	}
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(ptrace_access_check, struct task_struct *target, unsigned int mode)
{
	struct compat_syscall call = {};
	struct tc_trace *record;
	struct scratch *s;

	if (!(mode & PTRACE_MODE_ATTACH) || !decide_early(TC_KIND_trace))
		return 0;
	s = record_begin(TC_KIND_trace, sizeof(*record), NR_OPENAT);
	if (!s)
		return undecided(TC_KIND_trace);
	record = (struct tc_trace *)s->record;
	record->access_mode = mode;
	compat_current_syscall(compat_current(), &call);
	fill_target(record, target);
	trace_door(record, call.first);
	return record_decide(s);
}

/* The actor asks to be traced; the target is the process that becomes its tracer. */
SEC("lsm/ptrace_traceme")
int BPF_PROG(ptrace_traceme, struct task_struct *parent)
{
	struct tc_trace *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_trace))
		return 0;
	s = record_begin(TC_KIND_trace, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_trace);
	record = (struct tc_trace *)s->record;
	record->door = TC_DOOR_TRACEME;
	record->request = 0; /* PTRACE_TRACEME */
	fill_target(record, parent);
	return record_decide(s);
}
