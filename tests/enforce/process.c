/* SPDX-License-Identifier: Apache-2.0 */
/* Rows about programs, identity, other processes: asserted on the processes. */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <linux/kexec.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/enforce/things.h"
#include "tests/events/truth.h"

SLOT_OF(exec, exe)
SLOT_OF(kexec_load, path)
SLOT_OF(module_load, path)

/* --- exec: the program leaves its status --- */

static int attempt_exec(struct run *run)
{
	char *const arguments[] = {(char *)"program", NULL}, *const environment[] = {NULL};

	execve("program", arguments, environment);
	return -errno;
}

static void prepare_script(struct run *run)
{
	int fd;

	prepare_program(run);
	fd = open("script", O_WRONLY | O_CREAT, 0755);
	must(run, fd >= 0 && dprintf(fd, "#!%s/program\n", run->dir) > 0 && close(fd) == 0);
}

static int attempt_script(struct run *run)
{
	char *const arguments[] = {(char *)"script", NULL}, *const environment[] = {NULL};

	execve("script", arguments, environment);
	return -errno;
}

/* --- identity --- */

static int attempt_setuid(struct run *run)
{
	return attempt_of(syscall(SYS_setresuid, 1000, 1000, 1000));
}

static bool is_other_user(struct run *run)
{
	return geteuid() == 1000;
}

static int attempt_setgid(struct run *run)
{
	return attempt_of(syscall(SYS_setresgid, 1000, 1000, 1000));
}

static bool is_other_group(struct run *run)
{
	return getegid() == 1000;
}

struct cap_header {
	uint32_t version;
	int pid;
};

struct cap_data {
	uint32_t effective, permitted, inheritable;
};

static int attempt_capset(struct run *run)
{
	struct cap_header header = {.version = 0x20080522};
	struct cap_data data[2] = {0};

	return attempt_of(syscall(SYS_capset, &header, data));
}

static bool has_no_caps(struct run *run)
{
	struct cap_header header = {.version = 0x20080522};
	struct cap_data data[2] = {0};

	syscall(SYS_capget, &header, data);
	return data[0].effective == 0;
}

/* --- another process --- */

static int attempt_signal(struct run *run)
{
	int result = attempt_of(kill(other(run), SIGTERM));

	run->notes->number[9] = result == 0;
	return result;
}

static int attempt_ptrace(struct run *run)
{
	return attempt_of(ptrace(PTRACE_SEIZE, other(run), 0, 0));
}

static pid_t tracer_of(pid_t pid)
{
	char path[64], line[256];
	pid_t tracer = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	if (file)
		fclose(file);
	return tracer;
}

static bool is_traced(struct run *run)
{
	return tracer_of(other(run)) == getpid();
}

static int attempt_traceme(struct run *run)
{
	return attempt_of(ptrace(PTRACE_TRACEME, 0, 0, 0));
}

static bool traces_me(struct run *run)
{
	return tracer_of(getpid()) == getppid();
}

/* fork() left the same addresses there. */
static volatile int victim = 1;

static int attempt_vm_write(struct run *run)
{
	int two = 2;
	struct iovec local = {&two, sizeof(two)}, remote = {(void *)&victim, sizeof(two)};

	return attempt_of(process_vm_writev(other(run), &local, 1, &remote, 1, 0));
}

static bool is_written(struct run *run)
{
	int value = 0;
	struct iovec local = {&value, sizeof(value)}, remote = {(void *)&victim, sizeof(value)};

	/* Reading is forbidden by the same rule; /proc/PID/mem is opened before. */
	if (process_vm_readv(other(run), &local, 1, &remote, 1, 0) != sizeof(value))
		return false;
	return value == 2;
}

static int attempt_vm_read(struct run *run)
{
	int value = 0;
	struct iovec local = {&value, sizeof(value)}, remote = {(void *)&victim, sizeof(value)};
	int r = attempt_of(process_vm_readv(other(run), &local, 1, &remote, 1, 0));

	run->notes->number[9] = (uint64_t)value;
	return r;
}

static bool was_seen(struct run *run)
{
	return run->notes->number[9] == 1;
}

static int attempt_mem(struct run *run)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", other(run));
	run->notes->number[9] = (uint64_t)open(path, O_RDWR);
	return attempt_of((int)run->notes->number[9]);
}

static bool has_descriptor(struct run *run)
{
	return (int)run->notes->number[9] >= 0;
}

/* number[10]: a pidfd of the other one. */
static void prepare_pidfd(struct run *run)
{
	prepare_other(run);
	run->notes->number[10] = (uint64_t)syscall(SYS_pidfd_open, other(run), 0);
	must(run, (int)run->notes->number[10] >= 0);
}

static int attempt_getfd(struct run *run)
{
	run->notes->number[9] = (uint64_t)syscall(SYS_pidfd_getfd, run->notes->number[10], 2, 0);
	return attempt_of((int)run->notes->number[9]);
}

/* --- code --- */

/* A module that is none: what forbids it is asked before it is looked at. */
static int attempt_module(struct run *run)
{
	static const char none[256] = "none";
	int r = attempt_of(syscall(SYS_init_module, none, sizeof(none), ""));

	run->notes->number[9] = r == -ENOEXEC;
	return r == -ENOEXEC ? 0 : r;
}

static bool was_looked_at(struct run *run)
{
	return run->notes->number[9];
}

static int attempt_finit_module(struct run *run)
{
	int fd = open("file", O_RDONLY), r = attempt_of(syscall(SYS_finit_module, fd, "", 0));

	run->notes->number[9] = r == -ENOEXEC;
	return r == -ENOEXEC ? 0 : r;
}

/* Where the kernel has memory and no code. */
#define SEGMENT_AT 0x1000000

static int attempt_kexec(struct run *run)
{
	static char bytes[4096];
	struct kexec_segment segment = {
		.buf = bytes, .bufsz = sizeof(bytes), .mem = (void *)SEGMENT_AT, .memsz = 4096};

	return attempt_of(syscall(SYS_kexec_load, SEGMENT_AT, 1, &segment, KEXEC_ARCH_DEFAULT));
}

/* Drops it again. */
static bool is_another_kernel_loaded(struct run *run)
{
	char loaded = '?';
	int fd = open("/sys/kernel/kexec_loaded", O_RDONLY);

	must(run, fd >= 0 && read(fd, &loaded, 1) == 1);
	close(fd);
	must(run, syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0);
	return loaded == '1';
}

/* No kernel: as with modules. */
static int attempt_kexec_file(struct run *run)
{
	int fd = open("file", O_RDONLY);
	int r = attempt_of(
		syscall(SYS_kexec_file_load, fd, -1, 0, NULL, 4 /* without an initramfs */));

	run->notes->number[9] = r == -ENOEXEC;
	return r == -ENOEXEC ? 0 : r;
}

struct map_create {
	uint32_t type, key, value, entries;
	char rest[48];
};

static int attempt_bpf(struct run *run)
{
	struct map_create attr = {.type = 2, .key = 4, .value = 4, .entries = 1};

	run->notes->number[9] = (uint64_t)syscall(SYS_bpf, 0, &attr, sizeof(attr));
	return attempt_of((int)run->notes->number[9]);
}

#define IN_CHILD .in_child = true

const struct row process_rows[] = {
	ROW("exec", exec, "proc.exepath = $D/program", NULL, prepare_program, attempt_exec, has_run,
	    .path = exec_exe, .path_is = "program"),
	ROW("exec_name", exec, "proc.name = program and user.uid = 0", NULL, prepare_program,
	    attempt_exec, has_run, .path = exec_exe, .path_is = "program"),
	ROW("exec_script", exec, "proc.exepath = $D/program and proc.name = script", NULL,
	    prepare_script, attempt_script, has_run, .path = exec_exe, .path_is = "program"),
	ROW("setuid", setuid, "setuid.euid = 1000", NULL, NULL, attempt_setuid, is_other_user,
	    IN_CHILD),
	ROW("setgid", setgid, "setgid.egid = 1000", NULL, NULL, attempt_setgid, is_other_group,
	    IN_CHILD),
	ROW("capset", capset, "proc.name startswith tocsin", NULL, NULL, attempt_capset,
	    has_no_caps, IN_CHILD),
	ROW("signal", signal, "target.pid = $N and evt.arg.sig = SIGTERM", NULL, prepare_other,
	    attempt_signal, other_ended, IN_CHILD),
	ROW("ptrace", trace, "target.pid = $N", NULL, prepare_other, attempt_ptrace, is_traced,
	    IN_CHILD),
	ROW("vm_write", trace, "target.pid = $N and trace.door = vm_write", NULL, prepare_other,
	    attempt_vm_write, is_written, IN_CHILD, .error = EPERM),
	ROW("vm_read", trace, "target.pid = $N and trace.door = vm_read", NULL, prepare_other,
	    attempt_vm_read, was_seen, IN_CHILD, .error = EPERM),
	ROW("mem", trace, "target.pid = $N", NULL, prepare_other, attempt_mem, has_descriptor,
	    IN_CHILD, .error = EACCES),
	ROW("getfd", trace, "target.pid = $N and trace.door = getfd", NULL, prepare_pidfd,
	    attempt_getfd, has_descriptor, IN_CHILD, .error = EPERM),
	ROW("traceme", trace, "trace.door = traceme", NULL, NULL, attempt_traceme, traces_me,
	    IN_CHILD),
	ROW("init_module", module_load, "proc.name startswith tocsin", NULL, NULL, attempt_module,
	    was_looked_at, IN_CHILD),
	ROW("finit_module", module_load, "module.path = $D/file", NULL, prepare_file,
	    attempt_finit_module, was_looked_at, IN_CHILD, .path = module_load_path,
	    .path_is = "file"),
	ROW("kexec_load", kexec_load, "proc.name startswith tocsin", NULL, NULL, attempt_kexec,
	    is_another_kernel_loaded, IN_CHILD),
	ROW("kexec_file_load", kexec_load, "kexec.path = $D/file", NULL, prepare_file,
	    attempt_kexec_file, was_looked_at, IN_CHILD, .path = kexec_load_path,
	    .path_is = "file"),
	ROW("bpf", bpf, "proc.name startswith tocsin", NULL, NULL, attempt_bpf, has_descriptor,
	    IN_CHILD),
	{0},
};
