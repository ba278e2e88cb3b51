/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Cgroup v2 ids and the scope. */
#ifndef TOCSIN_PROBES_CGROUP_H
#define TOCSIN_PROBES_CGROUP_H

#include "probes/lib/maps.h"

/* Deeper nesting is out of scope. systemd and Kubernetes nest up to seven deep. */
#define CGROUP_DEPTH_MAX 32

static __always_inline struct cgroup *task_cgroup(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp);
}

static __always_inline __u64 cgroup_id(struct cgroup *cgroup)
{
	return BPF_CORE_READ(cgroup, kn, id);
}

/* bpf_get_current_ancestor_cgroup_id() is not there for these programs on 5.10: walk up by hand. */
static __always_inline bool cgroup_in_scope(struct cgroup *cgroup)
{
	struct cgroup_subsys_state *css;

	if (!settings.scope_cgroup_id)
		return true;
	for (int depth = 0; cgroup && depth < CGROUP_DEPTH_MAX; depth++) {
		if (cgroup_id(cgroup) == settings.scope_cgroup_id)
			return true;
		css = BPF_CORE_READ(cgroup, self.parent);
		if (!css)
			return false;
		cgroup = BPF_CORE_READ(css, cgroup);
	}
	return false;
}

#endif
