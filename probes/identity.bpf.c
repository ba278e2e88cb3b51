/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family identity: LSM hooks, when the kernel has granted the change and before it is made. */

/* read: known_read where the verifier knows the credentials, else BPF_CORE_READ. */
#define fill_old_uids(read, record, from)                                                          \
	({                                                                                         \
		const struct cred *cred_ = (from);                                                 \
		(record)->old_uid = read(cred_, uid.val);                                          \
		(record)->old_euid = read(cred_, euid.val);                                        \
		(record)->old_suid = read(cred_, suid.val);                                        \
		(record)->old_fsuid = read(cred_, fsuid.val);                                      \
	})

#define fill_uids(read, record, from)                                                              \
	({                                                                                         \
		const struct cred *cred_ = (from);                                                 \
		(record)->new_uid = read(cred_, uid.val);                                          \
		(record)->new_euid = read(cred_, euid.val);                                        \
		(record)->new_suid = read(cred_, suid.val);                                        \
		(record)->new_fsuid = read(cred_, fsuid.val);                                      \
	})

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
	fill_old_uids(known_read, record, old);
	fill_uids(known_read, record, new);
	return record_decide(s);
}

#define fill_old_gids(read, record, from)                                                          \
	({                                                                                         \
		const struct cred *cred_ = (from);                                                 \
		(record)->old_gid = read(cred_, gid.val);                                          \
		(record)->old_egid = read(cred_, egid.val);                                        \
		(record)->old_sgid = read(cred_, sgid.val);                                        \
		(record)->old_fsgid = read(cred_, fsgid.val);                                      \
	})

#define fill_gids(read, record, from)                                                              \
	({                                                                                         \
		const struct cred *cred_ = (from);                                                 \
		(record)->new_gid = read(cred_, gid.val);                                          \
		(record)->new_egid = read(cred_, egid.val);                                        \
		(record)->new_sgid = read(cred_, sgid.val);                                        \
		(record)->new_fsgid = read(cred_, fsgid.val);                                      \
	})

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
	fill_old_gids(known_read, record, old);
	fill_gids(known_read, record, new);
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
