/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family identity: LSM hooks, when the kernel has granted the change and before it is made. */

static __always_inline void fill_old_uids(struct tc_setuid *record, const struct cred *old)
{
	record->old_uid = BPF_CORE_READ(old, uid.val);
	record->old_euid = BPF_CORE_READ(old, euid.val);
	record->old_suid = BPF_CORE_READ(old, suid.val);
	record->old_fsuid = BPF_CORE_READ(old, fsuid.val);
}

static __always_inline void fill_uids(struct tc_setuid *record, const struct cred *new)
{
	record->new_uid = BPF_CORE_READ(new, uid.val);
	record->new_euid = BPF_CORE_READ(new, euid.val);
	record->new_suid = BPF_CORE_READ(new, suid.val);
	record->new_fsuid = BPF_CORE_READ(new, fsuid.val);
}

SEC("lsm/task_fix_setuid")
int BPF_PROG(task_fix_setuid, struct cred *new, const struct cred *old, int flags)
{
	struct tc_setuid *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_setuid))
		return 0;
	s = record_start(TC_KIND_setuid, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_setuid);
	record = (struct tc_setuid *)s->record;
	fill_old_uids(record, old);
	fill_uids(record, new);
	return record_decide(s);
}

static __always_inline void fill_old_gids(struct tc_setgid *record, const struct cred *old)
{
	record->old_gid = BPF_CORE_READ(old, gid.val);
	record->old_egid = BPF_CORE_READ(old, egid.val);
	record->old_sgid = BPF_CORE_READ(old, sgid.val);
	record->old_fsgid = BPF_CORE_READ(old, fsgid.val);
}

static __always_inline void fill_gids(struct tc_setgid *record, const struct cred *new)
{
	record->new_gid = BPF_CORE_READ(new, gid.val);
	record->new_egid = BPF_CORE_READ(new, egid.val);
	record->new_sgid = BPF_CORE_READ(new, sgid.val);
	record->new_fsgid = BPF_CORE_READ(new, fsgid.val);
}

SEC("lsm/task_fix_setgid")
int BPF_PROG(task_fix_setgid, struct cred *new, const struct cred *old, int flags)
{
	struct tc_setgid *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_setgid))
		return 0;
	s = record_start(TC_KIND_setgid, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_setgid);
	record = (struct tc_setgid *)s->record;
	fill_old_gids(record, old);
	fill_gids(record, new);
	return record_decide(s);
}

/* A set of capabilities is 64 bits in all kernels, see compat_caps. */
static __always_inline __u64 caps_at(const void *caps)
{
	__u64 bits = 0;

	bpf_probe_read_kernel(&bits, sizeof(bits), caps);
	return bits;
}

/* The sets are pointers to a struct of changing type: void here. */
SEC("lsm/capset")
int BPF_PROG(capset, struct cred *new, const struct cred *old, const void *effective,
	     const void *inheritable, const void *permitted)
{
	struct tc_capset *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_capset))
		return 0;
	s = record_start(TC_KIND_capset, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_capset);
	record = (struct tc_capset *)s->record;
	record->cap_effective = caps_at(effective);
	record->cap_inheritable = caps_at(inheritable);
	record->cap_permitted = caps_at(permitted);
	return record_decide(s);
}
