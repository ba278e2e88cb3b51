/* SPDX-License-Identifier: Apache-2.0 */
/* Deeds with processes, identities, namespaces, cgroups and code. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/selftest/deed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int tc_deed_result(long result)
{
	return result < 0 ? -errno : 0;
}

/* --- processes --- */

static int make_child(struct tc_deed_place *place)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	if (child < 0)
		return -errno;
	waitpid(child, NULL, 0);
	return 0;
}

/* It says its version to nobody. */
static int no_output(struct tc_deed_place *place)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

static int run_program(struct tc_deed_place *place)
{
	char *const argv[] = {"tocsin", "--version", NULL}, *const environment[] = {NULL};

	return tc_deed_result(execve("/proc/self/exe", argv, environment));
}

/* A process beside this one that ends when this one is gone. By a pipe: PR_SET_PDEATHSIG is a
 * signal of this process, which the rule on signals refuses. */
static int make_helper(struct tc_deed_place *place)
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	place->helper = fork();
	if (place->helper == 0) {
		close(ends[1]);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(0);
	}
	close(ends[0]);
	return place->helper < 0 ? -errno : 0;
}

static int signal_helper(struct tc_deed_place *place)
{
	return tc_deed_result(kill(place->helper, SIGCONT));
}

static int trace_helper(struct tc_deed_place *place)
{
	return tc_deed_result(ptrace(PTRACE_SEIZE, place->helper, NULL, NULL));
}

/* --- identities --- */

#define NOBODY 65534

static int set_uid(struct tc_deed_place *place)
{
	return tc_deed_result(syscall(SYS_setresuid, NOBODY, -1, -1));
}

static int set_gid(struct tc_deed_place *place)
{
	return tc_deed_result(syscall(SYS_setresgid, NOBODY, -1, -1));
}

static int set_capabilities(struct tc_deed_place *place)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	data[0].inheritable = 0;
	return tc_deed_result(syscall(SYS_capset, &header, data));
}

/* --- namespaces and cgroups --- */

static int own_names(struct tc_deed_place *place)
{
	return tc_deed_result(unshare(CLONE_NEWUTS));
}

static int open_names(struct tc_deed_place *place)
{
	place->fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	return place->fd < 0 ? -errno : 0;
}

static int enter_names(struct tc_deed_place *place)
{
	return tc_deed_result(setns(place->fd, CLONE_NEWUTS));
}

static int cgroup_path(const struct tc_deed_place *place, char path[4096])
{
	return snprintf(path, 4096, "%s/below", place->cgroup) < 4096 ? 0 : -ENAMETOOLONG;
}

static int make_cgroup(struct tc_deed_place *place)
{
	char path[4096];

	if (cgroup_path(place, path) < 0)
		return -ENAMETOOLONG;
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int remove_cgroup(struct tc_deed_place *place)
{
	char path[4096];

	if (cgroup_path(place, path) < 0)
		return -ENAMETOOLONG;
	return tc_deed_result(rmdir(path));
}

/* --- code --- */

static int call_bpf(struct tc_deed_place *place)
{
	union bpf_attr attributes = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	return tc_deed_result(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)));
}

/* What is no module, and no kernel either. */
static int make_garbage(struct tc_deed_place *place)
{
	static const char garbage[4096] = "tocsin selftest";

	place->fd = open("garbage", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (place->fd < 0 || write(place->fd, garbage, sizeof(garbage)) < 0)
		return -errno;
	close(place->fd);
	place->fd = open("garbage", O_RDONLY | O_CLOEXEC);
	return place->fd < 0 ? -errno : 0;
}

static int load_module(struct tc_deed_place *place)
{
	return tc_deed_result(syscall(SYS_finit_module, place->fd, "", 0));
}

static int load_kernel(struct tc_deed_place *place)
{
	return tc_deed_result(syscall(SYS_kexec_file_load, place->fd, -1, 1UL, "",
				      4UL /* KEXEC_FILE_NO_INITRAMFS */));
}

static int handle_faults(struct tc_deed_place *place)
{
	return tc_deed_result(syscall(SYS_userfaultfd, O_CLOEXEC));
}

const struct tc_deed tc_deeds_process[] = {
	{TC_KIND_fork, "makes a child", NULL, make_child},
	{TC_KIND_exec, "runs tocsin --version", no_output, run_program},
	{TC_KIND_exit, "ends", NULL, make_child},
	{TC_KIND_signal, "sends SIGCONT to a process beside it", make_helper, signal_helper},
	{TC_KIND_trace, "attaches to it as a debugger does", make_helper, trace_helper},
	{TC_KIND_setuid, "becomes nobody", NULL, set_uid},
	{TC_KIND_setgid, "joins the group of nobody", NULL, set_gid},
	{TC_KIND_capset, "sets the capabilities that it has", NULL, set_capabilities},
	{TC_KIND_unshare, "asks for a host name of its own", NULL, own_names},
	{TC_KIND_setns, "asks for the host name that it has", open_names, enter_names},
	{TC_KIND_cgroup_mkdir, "makes a cgroup below its own", NULL, make_cgroup},
	{TC_KIND_cgroup_rmdir, "removes it", make_cgroup, remove_cgroup},
	{TC_KIND_bpf, "makes a map by bpf(2)", NULL, call_bpf},
	{TC_KIND_module_load, "asks to load a module that is none", make_garbage, load_module},
	{TC_KIND_kexec_load, "asks to load a kernel that is none", make_garbage, load_kernel},
	{TC_KIND_userfaultfd, "asks to handle its page faults", NULL, handle_faults},
};
const size_t tc_n_deeds_process = COUNT(tc_deeds_process);
