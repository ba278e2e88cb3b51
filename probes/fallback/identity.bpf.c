/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Family identity of the fallback. The call is over, so the task's credentials are the new ones;
 * nobody has the old ones any more.
 */

static __noinline int tell_setuid(const struct call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct scratch *s = call_record(TC_KIND_setuid, sizeof(struct tc_setuid));
	struct tc_setuid *record;

	if (!s)
		return 0;
	record = (struct tc_setuid *)s->record;
	fill_uids(BPF_CORE_READ, record, BPF_CORE_READ(task, cred));
	record->old_uid = TC_ABSENT_U32;
	record->old_euid = TC_ABSENT_U32;
	record->old_suid = TC_ABSENT_U32;
	record->old_fsuid = TC_ABSENT_U32;
	call_send(s);
	return 0;
}

static __noinline int tell_setgid(const struct call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct scratch *s = call_record(TC_KIND_setgid, sizeof(struct tc_setgid));
	struct tc_setgid *record;

	if (!s)
		return 0;
	record = (struct tc_setgid *)s->record;
	fill_gids(BPF_CORE_READ, record, BPF_CORE_READ(task, cred));
	record->old_gid = TC_ABSENT_U32;
	record->old_egid = TC_ABSENT_U32;
	record->old_sgid = TC_ABSENT_U32;
	record->old_fsgid = TC_ABSENT_U32;
	call_send(s);
	return 0;
}

static __noinline int tell_capset(const struct call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct scratch *s = call_record(TC_KIND_capset, sizeof(struct tc_capset));
	struct compat_cred_caps caps = {};
	struct tc_capset *record;

	if (!s)
		return 0;
	record = (struct tc_capset *)s->record;
	compat_read_caps(BPF_CORE_READ(task, cred), &caps);
	record->cap_effective = caps.effective;
	record->cap_inheritable = caps.inheritable;
	record->cap_permitted = caps.permitted;
	call_send(s);
	return 0;
}
