/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define INSN(op, dst, src, offset, value)                                                          \
	((struct bpf_insn){.code = (op),                                                           \
			   .dst_reg = (dst),                                                       \
			   .src_reg = (src),                                                       \
			   .off = (offset),                                                        \
			   .imm = (value)})
#define INSN_MOV(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define INSN_CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define INSN_EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* True when the kernel takes a program. btf_id is what an LSM program attaches to, else 0. */
static bool program_loads(enum bpf_prog_type type, int btf_id, const struct bpf_insn *insns,
			  size_t n_insns)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .attach_btf_id = (__u32)btf_id);

	if (type == BPF_PROG_TYPE_LSM)
		opts.expected_attach_type = BPF_LSM_MAC;
	int fd = bpf_prog_load(type, "tocsin_ask", "GPL", insns, n_insns, &opts);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int hook_btf_id(const struct tc_kernel *kernel, const char *hook)
{
	char name[128];

	snprintf(name, sizeof(name), "bpf_lsm_%s", hook);
	return btf__find_by_name_kind(kernel->btf, name, BTF_KIND_FUNC);
}

static int function_args(const struct tc_kernel *kernel, int id)
{
	const struct btf_type *function = btf__type_by_id(kernel->btf, (__u32)id);

	return btf_vlen(btf__type_by_id(kernel->btf, function->type));
}

int tc_kernel_hook_args(const struct tc_kernel *kernel, const char *hook)
{
	int id = hook_btf_id(kernel, hook);

	return id < 0 ? -ENOENT : function_args(kernel, id);
}

bool tc_kernel_hook_loads(const struct tc_kernel *kernel, const char *hook)
{
	const struct bpf_insn insns[] = {INSN_MOV(0, 0), INSN_EXIT};
	int id = hook_btf_id(kernel, hook);

	return id > 0 && program_loads(BPF_PROG_TYPE_LSM, id, insns, COUNT(insns));
}

int tc_kernel_function_args(const struct tc_kernel *kernel, const char *name)
{
	int id = btf__find_by_name_kind(kernel->btf, name, BTF_KIND_FUNC);

	return id < 0 ? -ENOENT : function_args(kernel, id);
}

bool tc_kernel_has_function(const struct tc_kernel *kernel, const char *name)
{
	return btf__find_by_name_kind(kernel->btf, name, BTF_KIND_FUNC) > 0;
}

/* r0 = cmpxchg(stack, 0, 1): refused before v5.12. */
static bool probe_atomics(void)
{
	const struct bpf_insn insns[] = {
		INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, 0),
		INSN_MOV(0, 0),
		INSN_MOV(1, 1),
		INSN(BPF_STX | BPF_ATOMIC | BPF_DW, 10, 1, -8, BPF_CMPXCHG),
		INSN_MOV(0, 0),
		INSN_EXIT,
	};

	return program_loads(BPF_PROG_TYPE_SOCKET_FILTER, 0, insns, COUNT(insns));
}

/* bpf_task_pt_regs(bpf_get_current_task_btf()) in the type of program that will call it. */
static bool probe_task_pt_regs(const struct tc_kernel *kernel)
{
	const struct bpf_insn insns[] = {
		INSN_CALL(BPF_FUNC_get_current_task_btf),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 1, 0, 0, 0),
		INSN_CALL(BPF_FUNC_task_pt_regs),
		INSN_MOV(0, 0),
		INSN_EXIT,
	};

	if (kernel->has_lsm && !program_loads(BPF_PROG_TYPE_LSM, hook_btf_id(kernel, "file_open"),
					      insns, COUNT(insns)))
		return false;
	return program_loads(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, insns, COUNT(insns));
}

/* The list of active security modules: "lockdown,capability,yama,bpf". */
static bool lsm_list_has_bpf(char *list, size_t size)
{
	FILE *file = fopen("/sys/kernel/security/lsm", "re");
	size_t length;

	if (!file)
		return false;
	length = fread(list, 1, size - 1, file);
	fclose(file);
	list[length] = '\0';
	for (char *rest = list, *name; (name = strsep(&rest, ",\n"));)
		if (strcmp(name, "bpf") == 0)
			return true;
	return false;
}

static void probe_lsm(struct tc_kernel *kernel)
{
	char list[512];

	if (!tc_kernel_hook_loads(kernel, "file_open"))
		snprintf(kernel->lsm_reason, sizeof(kernel->lsm_reason),
			 "the kernel refuses LSM programs (CONFIG_BPF_LSM)");
	else if (access("/sys/kernel/security/lsm", R_OK) < 0)
		snprintf(kernel->lsm_reason, sizeof(kernel->lsm_reason),
			 "/sys/kernel/security is not mounted: mount -t securityfs none "
			 "/sys/kernel/security");
	else if (!lsm_list_has_bpf(list, sizeof(list)))
		snprintf(kernel->lsm_reason, sizeof(kernel->lsm_reason),
			 "bpf is not among the active security modules: add it to lsm= on the "
			 "kernel command line");
	else
		kernel->has_lsm = true;
}

/* bpf(2) itself: ENOSYS without CONFIG_BPF_SYSCALL, EPERM without the right. */
static int probe_bpf(const char **ret_reason)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tocsin_ask", 4, 4, 1, &opts);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == ENOSYS)
		*ret_reason = "this kernel has no bpf(2): it was built without CONFIG_BPF_SYSCALL";
	else
		*ret_reason = "loading probes is not permitted: run as root, outside of "
			      "containers that drop CAP_BPF, CAP_PERFMON or CAP_SYS_ADMIN";
	return -errno;
}

int tc_kernel_probe(struct tc_kernel *ret_kernel, const char **ret_reason)
{
	struct tc_kernel kernel = {0};
	struct utsname name;
	int r = probe_bpf(ret_reason);

	if (r < 0)
		return r;
	kernel.btf = btf__load_vmlinux_btf();
	if (!kernel.btf) {
		*ret_reason = "this kernel does not describe its types (/sys/kernel/btf/vmlinux is "
			      "missing): it needs CONFIG_DEBUG_INFO_BTF";
		return -ENOENT;
	}
	probe_lsm(&kernel);
	kernel.has_atomics = probe_atomics();
	if (uname(&name) == 0) {
		snprintf(kernel.release, sizeof(kernel.release), "%s", name.release);
		/* "#1 SMP PREEMPT Debian ...", "PREEMPT_RT": see compat_take() in probes/compat. */
		kernel.unsafe_scratch = !kernel.has_atomics && strstr(name.version, " PREEMPT");
	}
	kernel.has_task_pt_regs = probe_task_pt_regs(&kernel);
	*ret_kernel = kernel;
	return 0;
}

void tc_kernel_forget_types(struct tc_kernel *kernel)
{
	btf__free(kernel->btf);
	kernel->btf = NULL;
}

void tc_kernel_done(struct tc_kernel *kernel)
{
	tc_kernel_forget_types(kernel);
	*kernel = (struct tc_kernel){0};
}
