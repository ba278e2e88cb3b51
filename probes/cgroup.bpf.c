/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family cgroup: tracepoints of the cgroup core, which carry the path. */

/* Hosts that mix v1 and v2 tell of v1 hierarchies as well; the default (v2) hierarchy has id 0, as
 * in /proc/cgroups. */
static __always_inline bool cgroup_is_v2(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, root, hierarchy_id) == 0;
}

/* struct tc_cgroup_mkdir, _rmdir and _rename have the same members. */
static __always_inline int cgroup_event(__u32 kind, __s32 twin, struct cgroup *cgroup,
					const char *path)
{
	struct tc_cgroup_mkdir *record;
	struct scratch *s;

	if (!kind_wanted(kind) || !cgroup_is_v2(cgroup) ||
	    (!cgroup_in_scope(cgroup) && !current_in_scope()) || !tables_want(kind))
		return 0;
	s = record_begin(kind, sizeof(*record), twin);
	if (!s)
		return 0;
	record = (struct tc_cgroup_mkdir *)s->record;
	record->target_id = cgroup_id(cgroup);
	slot_text(s, &record->path, path);
	record_tell(s);
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int cgroup_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_event(TC_KIND_cgroup_mkdir, NR_MKDIRAT, (struct cgroup *)ctx->args[0],
			    (const char *)ctx->args[1]);
}

SEC("raw_tp/cgroup_rmdir")
int cgroup_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_event(TC_KIND_cgroup_rmdir, NR_UNLINKAT, (struct cgroup *)ctx->args[0],
			    (const char *)ctx->args[1]);
}

SEC("raw_tp/cgroup_rename")
int cgroup_rename(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_event(TC_KIND_cgroup_rename, NR_RENAMEAT, (struct cgroup *)ctx->args[0],
			    (const char *)ctx->args[1]);
}
