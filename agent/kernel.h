/* SPDX-License-Identifier: Apache-2.0 */
/* What the running kernel can do for the probes. Asked by trying, never by version number. */
#ifndef TOCSIN_AGENT_KERNEL_H
#define TOCSIN_AGENT_KERNEL_H

#include <stdbool.h>

struct btf;

struct tc_kernel {
	struct btf *btf;     /* of the running kernel; NULL: forgotten */
	char release[65];    /* uname -r */
	bool has_atomics;    /* atomic operations that give a value back (v5.12) */
	bool unsafe_scratch; /* preempts probes, and has no atomics to claim a scratch slot with */
	bool has_task_pt_regs; /* bpf_task_pt_regs() in LSM programs */
	bool has_lsm;	       /* LSM programs load and the bpf LSM is switched on */
	char lsm_reason[160];  /* why not, when it has none */
};

/*
 * Looks at the running kernel. A negative errno when no probe can work at all; *ret_reason is then
 * a sentence for the user: -EPERM (not root), -ENOENT (no BTF), -ENOSYS (no BPF).
 */
int tc_kernel_probe(struct tc_kernel *ret_kernel, const char **ret_reason);
void tc_kernel_done(struct tc_kernel *kernel);
/* Frees the kernel's types, 6 MB, when nothing below will be asked any more. */
void tc_kernel_forget_types(struct tc_kernel *kernel);

/* Number of arguments of an LSM hook in the running kernel; -ENOENT when there is no such hook. */
int tc_kernel_hook_args(const struct tc_kernel *kernel, const char *hook);
/* True when an LSM program can be loaded for the hook. */
bool tc_kernel_hook_loads(const struct tc_kernel *kernel, const char *hook);
/* The same of a kernel function. */
int tc_kernel_function_args(const struct tc_kernel *kernel, const char *name);
/* True when a kernel function with that name is in BTF: a program can be put before or behind it.
 */
bool tc_kernel_has_function(const struct tc_kernel *kernel, const char *name);

#endif
