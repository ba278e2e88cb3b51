/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crowd HOOK: attaches programs that do nothing to an LSM hook until the kernel takes no more, says
 * how many, and keeps them there until SIGTERM. For guests.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int load(int btf_id)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .attach_btf_id = (__u32)btf_id,
		    .expected_attach_type = BPF_LSM_MAC);

	return bpf_prog_load(BPF_PROG_TYPE_LSM, "crowd", "GPL", insns, 2, &opts);
}

int main(int argc, char **argv)
{
	struct btf *btf = btf__load_vmlinux_btf();
	char function[128];
	int id, n = 0;

	if (argc != 2 || !btf)
		return 2;
	snprintf(function, sizeof(function), "bpf_lsm_%s", argv[1]);
	id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	if (id < 0) {
		fprintf(stderr, "no hook %s\n", argv[1]);
		return 2;
	}
	while (bpf_raw_tracepoint_open(NULL, load(id)) >= 0)
		n++;
	printf("%d programs at %s, then: %s\n", n, argv[1], strerror(errno));
	fflush(stdout);
	pause();
	return 0;
}
