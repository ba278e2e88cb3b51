/* SPDX-License-Identifier: Apache-2.0 */
/*
 * without bpf|btf COMMAND [ARGUMENT]...: runs a command as a kernel would that lacks something.
 *
 * bpf   bpf(2) is answered with ENOSYS, as without CONFIG_BPF_SYSCALL
 * btf   /sys/kernel/btf is empty, as without CONFIG_DEBUG_INFO_BTF
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int without_bpf(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

static int without_btf(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	if (mount("none", "/sys/kernel/btf", "tmpfs", 0, NULL) < 0)
		return -errno;
	mount("none", "/boot", "tmpfs", 0, NULL); /* libbpf looks there for a vmlinux with BTF */
	return 0;
}

int main(int argc, char **argv)
{
	int r;

	if (argc < 3) {
		fprintf(stderr, "usage: without bpf|btf COMMAND [ARGUMENT]...\n");
		return 2;
	}
	r = strcmp(argv[1], "bpf") == 0 ? without_bpf() : without_btf();
	if (r < 0) {
		fprintf(stderr, "without %s: %s\n", argv[1], strerror(-r));
		return 99;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 99;
}
