/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family process: scheduler tracepoints, on every kernel, with or without BPF LSM. */

/* Ids of a pid that known_read() takes, as the host and as its own namespace see it. The barrier
 * keeps clang from making one load of this and of one from the stack, which the verifier refuses.
 */
static __always_inline __u32 pid_host_nr(struct pid *pid)
{
	__u32 nr = known_read(pid, numbers[0].nr);

	barrier_var(nr);
	return nr;
}

static __always_inline void pid_own(struct pid *pid, __u32 level, struct upid *upid)
{
	bpf_core_read(upid, sizeof(*upid), &pid->numbers[level & 31]);
}

static __always_inline __u32 pid_own_nr(struct pid *pid)
{
	__u32 level = known_read(pid, level);
	struct upid upid = {};

	if (!level)
		return pid_host_nr(pid);
	pid_own(pid, level, &upid);
	return upid.nr;
}

/* Number of a pid in the namespace that another one is in; 0 when it has none there. */
static __always_inline __u32 pid_nr_beside(struct pid *pid, struct pid *other)
{
	__u32 level = known_read(other, level);
	struct upid upid = {};

	if (!level)
		return pid_host_nr(pid);
	pid_own(other, level, &upid);
	return pid_number(pid, upid.ns, level);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = known_read(child, tgid);
	struct tc_fork *record;
	struct scratch *s;

	if (tgid != (__u32)known_read(child, pid) || !decide_early(TC_KIND_fork))
		return 0;
	s = record_begin(TC_KIND_fork, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_fork *)s->record;
	record->child_start_ns = known_read(child, start_boottime);
	/* The child is in its parent's cgroups, except with CLONE_INTO_CGROUP. */
	record->child_cgroup_id = record->header.cgroup_id;
	if (known_read(child, cgroups) != known_read(compat_current(), cgroups))
		record->child_cgroup_id = cgroup_id(task_cgroup(child));
	record->child_tgid = tgid;
	record->child_vpid = pid_own_nr(known_read(child, thread_pid));
	record_tell(s);
	return 0;
}

static __always_inline void exec_identity(struct tc_exec *record, struct task_struct *task,
					  const struct cred *cred)
{
	struct signal_struct *signal = known_read(task, signal);
	struct compat_cred_caps caps = {};

	compat_read_caps(cred, &caps);
	record->cap_permitted = caps.permitted;
	record->cap_effective = caps.effective;
	record->cap_inheritable = caps.inheritable;
	record->loginuid = known_read(task, loginuid.val);
	record->sessionid = known_read(task, sessionid);
	record->sid = pid_host_nr(known_read(signal, pids[PIDTYPE_SID]));
	record->pgid = pid_host_nr(known_read(signal, pids[PIDTYPE_PGID]));
	record->vpid = pid_own_nr(known_read(task, thread_pid));
	record->vpgid =
		pid_nr_beside(known_read(signal, pids[PIDTYPE_PGID]), known_read(task, thread_pid));
}

/* When the first process of a pid's own namespace started. */
static __always_inline __u64 pid_ns_start(struct pid *pid)
{
	__u32 level = known_read(pid, level);
	struct upid upid = {};

	if (!level)
		return known_read(pid, numbers[0].ns, child_reaper, start_boottime);
	pid_own(pid, level, &upid);
	return BPF_CORE_READ(upid.ns, child_reaper, start_boottime);
}

static __always_inline void exec_namespaces(struct tc_exec *record, struct task_struct *task)
{
	struct nsproxy *ns = known_read(task, nsproxy);

	record->net_ns = known_read(ns, net_ns, ns.inum);
	record->uts_ns = known_read(ns, uts_ns, ns.inum);
	record->ipc_ns = known_read(ns, ipc_ns, ns.inum);
	record->cgroup_ns = known_read(ns, cgroup_ns, ns.inum);
	record->pid_ns_start_ns = pid_ns_start(known_read(task, thread_pid));
}

/* The file is that of the mm, which the verifier knows; bprm->file is the same one. */
static __always_inline void exec_file(struct tc_exec *record, struct file *file)
{
	struct inode *inode = known_read(file, f_inode);

	record->exe_ino = known_read(inode, i_ino);
	record->exe_dev = device_number(known_read(inode, i_sb, s_dev));
	record->exe_mode = known_read(inode, i_mode) & S_IALLUGO;
	record->exe_uid = known_read(inode, i_uid.val);
	record->exe_gid = known_read(inode, i_gid.val);
	record->exe_ctime_ns = compat_inode_ctime(inode);
	record->exe_mtime_ns = compat_inode_mtime(inode);
	record->exe_memfd = file_is_memfd(file);
	record->exe_deleted = known_read(inode, i_nlink) == 0;
	record->exe_upper = inode_in_upper_layer(inode);
	record->exe_lower = !record->exe_upper && inode_is_overlaid(inode);
}

static __always_inline void exec_program(struct scratch *s, struct file *file)
{
	struct tc_exec *record = (struct tc_exec *)s->record;

	if (file) {
		exec_file(record, file);
		slot_path(s, &record->exe, known_read(file, f_path.dentry),
			  known_read(file, f_path.mnt));
	}
	if (record->exe_deleted)
		record->exe.flags |= TC_SLOT_DELETED;
}

static __always_inline void exec_place(struct scratch *s, struct task_struct *task)
{
	struct tc_exec *record = (struct tc_exec *)s->record;
	struct tty_struct *tty = known_read(task, signal, tty);

	slot_path(s, &record->cwd, known_read(task, fs, pwd.dentry), known_read(task, fs, pwd.mnt));
	if (known_read(task, fs, pwd.dentry, d_inode, i_nlink) == 0)
		record->cwd.flags |= TC_SLOT_DELETED;
	if (tty)
		slot_text(s, &record->tty,
			  (char *)tty + bpf_core_field_offset(struct tty_struct, name));
}

static __always_inline void exec_slots(struct scratch *s, struct task_struct *task,
				       struct linux_binprm *bprm)
{
	struct tc_exec *record = (struct tc_exec *)s->record;
	struct mm_struct *mm = known_read(task, mm);

	exec_program(s, known_read(mm, exe_file));
	slot_text(s, &record->filename, known_read(bprm, filename));
	slot_arguments(s, &record->argv, known_read(mm, arg_start), known_read(mm, arg_end));
	exec_place(s, task);
	if (part_wanted(TC_WANT_ENVIRONMENT))
		slot_user_strings(s, &record->env, known_read(mm, env_start),
				  known_read(mm, env_end), TC_ENV_MAX);
}

static __always_inline void exec_begin(struct tc_exec *record, struct linux_binprm *bprm)
{
	/*
	 * Behind the point of no return the kernel has made the call look like an execve() of the
	 * new program's ABI, whatever it was (__set_personality_64bit() and _ia32()).
	 */
	record->header.flags &= ~TC_RECORD_COMPAT;
	record->header.syscall = known_read(bprm, fdpath) ? NR_EXECVEAT : NR_EXECVE;
	record->argc = known_read(bprm, argc);
	record->envc = known_read(bprm, envc);
	record->secure = known_bits(bprm, secureexec);
}

/* Behind the point of no return: creds, comm and the argument area are those of the new program. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct tc_exec *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_exec))
		return 0;
	s = record_begin(TC_KIND_exec, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_exec *)s->record;
	exec_begin(record, bprm);
	exec_identity(record, task, known_read(task, cred));
	exec_namespaces(record, task);
	exec_slots(s, task, bprm);
	record_tell(s);
	return 0;
}

/* The name that the new program will have: the last one of the path that was asked for, which was
 * just put behind the record. */
static __always_inline void exec_comm(struct tc_comm *comm, const struct scratch *s,
				      const struct tc_slot *path)
{
	__u64 at = __builtin_offsetof(struct scratch, record) + path->offset;
	__u64 behind = last_slash(s->index, at, at + path->stored);

	if (!behind)
		behind = at;
	barrier_var(behind);
	if (behind > sizeof(*s) - TC_TEXT_MAX)
		return;
	bpf_probe_read_kernel_str(comm->bytes, sizeof(comm->bytes), (const char *)s + behind);
}

/* The facts of the task as the new program will find them. */
static __always_inline void exec_facts(struct scratch *s, struct linux_binprm *bprm)
{
	const struct cred *cred = known_read(bprm, cred);
	struct tc_exec *record = (struct tc_exec *)s->record;
	struct tc_task_facts *facts = &s->judging.facts;

	read_facts(facts, compat_current(), TC_FACTS_ALL);
	facts->euid = known_read(cred, euid.val);
	facts->uid = known_read(cred, uid.val);
	facts->egid = known_read(cred, egid.val);
	__builtin_memset(&facts->comm, 0, sizeof(facts->comm));
	if (compat_comm_from_dentry(bprm))
		bpf_probe_read_kernel_str(facts->comm.bytes, sizeof(facts->comm.bytes),
					  known_read(bprm, file, f_path.dentry, d_name.name));
	else
		exec_comm(&facts->comm, s, &record->filename);
	record->header.euid = facts->euid;
	record->header.uid = facts->uid;
	record->header.egid = facts->egid;
	record->header.comm = facts->comm;
}

/*
 * The last hook at which exec can be refused: once, for the program that would run (of a script its
 * interpreter), with its final creds (56305aa9b6fa). Its arguments cannot be read yet. What is not
 * refused is told behind the point of no return.
 */
SEC("lsm/bprm_creds_from_file")
int BPF_PROG(exec_refused, struct linux_binprm *bprm)
{
	struct task_struct *task = compat_current();
	const struct cred *cred = known_read(bprm, cred);
	struct file *file = known_read(bprm, file);
	struct tc_exec *record;
	struct scratch *s;

	if (!enforcing() || !kind_wanted(TC_KIND_exec) || !current_in_scope() ||
	    !tables_enforce(TC_KIND_exec))
		return 0;
	s = record_begin(TC_KIND_exec, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_exec);
	record = (struct tc_exec *)s->record;
	exec_begin(record, bprm);
	exec_identity(record, task, cred);
	exec_namespaces(record, task);
	exec_program(s, file);
	slot_text(s, &record->filename, known_read(bprm, filename));
	exec_facts(s, bprm);
	exec_place(s, task);
	note_exe(s, file);
	walk_exe(s->index);
	return record_refuse(s, HOW_GIVEN_TASK);
}

#define SIGNAL_GROUP_EXIT 0x4

/* What wait(2) will say: the status of exit_group(2) or of the fatal signal, else that of the first
 * thread. */
static __always_inline __u32 process_exit_code(struct task_struct *task)
{
	struct signal_struct *signal = known_read(task, signal);

	if (known_read(signal, flags) & SIGNAL_GROUP_EXIT)
		return known_read(signal, group_exit_code);
	return known_read(task, group_leader, exit_code);
}

/* Threads leave the count of the living before they come to the tracepoint, so several may find it
 * at zero. */
static __always_inline bool process_ends_now(struct task_struct *task)
{
	return known_read(task, signal, live.counter) == 0 &&
	       compat_ends_first(known_read(task, tgid),
				 known_read(task, group_leader, start_boottime));
}

/* A fatal signal comes in any system call, which has no part in it; an io_uring worker may be the
 * last thread to go. */
static __always_inline void exit_syscall(struct tc_record *header)
{
	header->flags &= ~TC_RECORD_IO_URING;
	if (!syscall_is(header, NR_EXIT, NR_32_EXIT) &&
	    !syscall_is(header, NR_EXIT_GROUP, NR_32_EXIT_GROUP))
		header->syscall = -1;
}

/* Runs for every thread; the process is gone when no thread is left. */
SEC("raw_tp/sched_process_exit")
int process_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = compat_current();
	struct tc_exit *record;
	struct scratch *s;
	__u32 code;

	if (!decide_early(TC_KIND_exit) || !process_ends_now(task))
		return 0;
	s = record_begin(TC_KIND_exit, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_exit *)s->record;
	exit_syscall(&record->header);
	code = process_exit_code(task);
	record->status = code >> 8 & 0xff;
	record->signal = code & 0x7f;
	record_tell(s);
	return 0;
}
