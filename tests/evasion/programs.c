/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are not what they seem: run from where there is no name, by others, or in others.
 */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL "/usr/bin/sh"
#define LOADER "/lib64/ld-linux-x86-64.so.2"
/* One that may attach to others. */
#define DEBUGGER "/usr/bin/strace"

/* --- without a name --- */

/* The twin makes the file without a name as well, and runs the program on disk. */
static int run_nameless(struct deed *deed, int fd, const char *name)
{
	static char *const argv[] = {"ghost", "--end", NULL};
	int usual = open(USUAL, O_RDONLY | O_CLOEXEC);

	must(fd >= 0 && usual >= 0);
	if (deed->twin)
		tell_path(deed, USUAL);
	else
		tell_fd(deed, fd, name);
	tell_args(deed, argv);
	return attempt(fexecve(deed->twin ? usual : fd, argv, environ));
}

static int act_memfd(struct deed *deed)
{
	int fd = memfd_create("ghost", MFD_CLOEXEC);

	copy_self_to(fd);
	return run_nameless(deed, fd, "memfd:ghost");
}

static int act_deleted(struct deed *deed)
{
	int fd;

	make_program(deed->spare);
	fd = open(deed->spare, O_RDONLY | O_CLOEXEC);
	must(unlink(deed->spare) == 0);
	return run_nameless(deed, fd, deed->spare);
}

/* A file that never had a name cannot be run while it is open for writing: by its link in /proc it
 * is opened again. */
static int act_tmpfile(struct deed *deed)
{
	char path[64], name[64];
	int fd = open(EVASION_SPARE, O_TMPFILE | O_RDWR | O_CLOEXEC, 0700), again;
	struct stat st;

	must(fd >= 0 && fstat(fd, &st) == 0);
	copy_self_to(fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	snprintf(name, sizeof(name), EVASION_SPARE "/#%llu", (unsigned long long)st.st_ino);
	return run_nameless(deed, again, name);
}

enum nameless { EMPTY_PATH, PROC_LINK };

/* A program on disk, by its descriptor alone. */
static int act_descriptor(struct deed *deed)
{
	static char *const argv[] = {"nameless", "--end", NULL};
	int fd = open(deed->victim, O_PATH | O_CLOEXEC);
	char path[64] = "";

	must(fd >= 0);
	tell_args(deed, argv);
	if (deed->of->with == PROC_LINK)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return attempt(syscall(SYS_execveat, fd, path, argv, environ, path[0] ? 0 : AT_EMPTY_PATH));
}

/* --- by another program --- */

static const char *lacks_loader(void)
{
	return access(LOADER, X_OK) == 0 ? NULL : "no " LOADER;
}

static int act_loader(struct deed *deed)
{
	static char *const argv[] = {LOADER, SHELL, "-c", "exit 42", NULL};
	const char *program = deed->twin ? SHELL : LOADER;
	char path[EVASION_PATH];

	must(realpath(program, path));
	tell_path(deed, path);
	return become(deed, program, deed->twin ? argv + 1 : argv);
}

static void prepare_script(const struct deed *deed)
{
	static const char script[] = "#!" SHELL "\nexit 42\n";
	int fd = open(deed->victim, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	must(fd >= 0 && write(fd, script, sizeof(script) - 1) == sizeof(script) - 1);
	must(fchmod(fd, 0700) == 0);
	close(fd);
}

static int act_script(struct deed *deed)
{
	char *const argv[] = {deed->victim, NULL}, *const shown[] = {SHELL, deed->victim, NULL};

	tell_path(deed, SHELL);
	tell_args(deed, shown);
	return attempt(execve(deed->victim, argv, environ));
}

static int act_interpreter(struct deed *deed)
{
	char *const argv[] = {SHELL, deed->victim, NULL};

	return become(deed, SHELL, argv);
}

/* No program at all: the shell does it itself. */
static int act_builtin(struct deed *deed)
{
	char script[2 * EVASION_PATH];
	char *const argv[] = {SHELL, "-c", script, NULL};

	snprintf(script, sizeof(script), "echo '# evaded' >>%s", deed->victim);
	return become(deed, SHELL, argv);
}

#define PAGE 4096

static int map_code(int fd, int prot)
{
	must(fd >= 0);
	return mmap(NULL, PAGE, prot, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -errno : 0;
}

/* What dlopen(3) comes to. */
static int act_library(struct deed *deed)
{
	return map_code(open(deed->victim, O_RDONLY | O_CLOEXEC), PROT_READ | PROT_EXEC);
}

/* It becomes code when it is mapped already. */
static int act_library_later(struct deed *deed)
{
	int fd = open(deed->victim, O_RDONLY | O_CLOEXEC);
	void *bytes = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	must(bytes != MAP_FAILED);
	return attempt(mprotect(bytes, PAGE, PROT_READ | PROT_EXEC));
}

/* The twin only reads it. */
static int act_library_memfd(struct deed *deed)
{
	int fd = memfd_create("ghost", MFD_CLOEXEC);

	copy_self_to(fd);
	tell_fd(deed, fd, "memfd:ghost");
	return map_code(fd, deed->twin ? PROT_READ : PROT_READ | PROT_EXEC);
}

/* One that every program with shared libraries can load. */
#define LIBRARY "/lib/x86_64-linux-gnu/libz.so.1"

static const char *lacks_library(void)
{
	return access(LIBRARY, R_OK) == 0 ? NULL : "no " LIBRARY;
}

static void prepare_library(const struct deed *deed)
{
	int from = open(LIBRARY, O_RDONLY | O_CLOEXEC);

	unlink(deed->victim);
	copy_to(from, open(deed->victim, O_WRONLY | O_CREAT | O_EXCL, 0755));
}

/* The shell ends well when it finds the library in itself. */
static int act_preload(struct deed *deed)
{
	char script[EVASION_PATH + 256], preload[EVASION_PATH + 16];
	char *const argv[] = {"sh", "-c", script, NULL}, *const env[] = {preload, NULL};

	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", deed->victim);
	snprintf(script, sizeof(script),
		 "while read -r line; do case $line in *%s) exit %d;; esac; done </proc/$$/maps; "
		 "exit 1",
		 deed->victim, ENDED);
	return attempt(execve(SHELL, argv, env));
}

/* --- in another process; the twin's is its own --- */

static pid_t target(struct deed *deed)
{
	pid_t pid = deed->twin ? getpid() : idle_child();

	deed->truth->target = pid;
	return pid;
}

static char there[16] = "before";

static int act_mem(struct deed *deed)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", target(deed));
	fd = attempt(open(path, O_RDWR | O_CLOEXEC));
	return fd < 0 ? fd : attempt(pwrite(fd, "after", 6, (off_t)(uintptr_t)there));
}

static int act_vm_write(struct deed *deed)
{
	static char here[] = "after";
	struct iovec local = {here, sizeof(here)}, remote = {there, sizeof(here)};

	return attempt(process_vm_writev(target(deed), &local, 1, &remote, 1, 0));
}

/* By one of its threads. */
static int act_thread_mem(struct deed *deed)
{
	char path[64];
	int pid = target(deed), fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/mem", pid, pid);
	fd = attempt(open(path, O_RDWR | O_CLOEXEC));
	return fd < 0 ? fd : attempt(pwrite(fd, "after", 6, (off_t)(uintptr_t)there));
}

/* The twin asks for something of a process that is nobody's tracee. */
static int ptrace_or_nothing(struct deed *deed, int request, pid_t pid)
{
	int r = attempt(ptrace(deed->twin ? PTRACE_CONT : request, pid, NULL, NULL));

	return deed->twin && r == -ESRCH ? 0 : r;
}

static int act_seize(struct deed *deed)
{
	deed->truth->target = idle_child();
	return ptrace_or_nothing(deed, PTRACE_SEIZE, deed->truth->target);
}

/* The one that asks is the child. */
static int act_traceme(struct deed *deed)
{
	return ptrace_or_nothing(deed, PTRACE_TRACEME, 0);
}

static void prepare_debugger(const struct deed *deed)
{
	make_program(USUAL);
	make_program(DEBUGGER);
}

/* The twin is done by a debugger. */
static int act_attach(struct deed *deed)
{
	char pid[16];
	char *const argv[] = {"attacher", "--attach", pid, NULL};
	pid_t child = idle_child();

	deed->truth->target = child;
	snprintf(pid, sizeof(pid), "%d", child);
	return become(deed, deed->twin ? DEBUGGER : USUAL, argv);
}

static const char *lacks_getfd(void)
{
	return syscall(SYS_pidfd_getfd, -1, 0, 0) < 0 && errno == ENOSYS ? "no pidfd_getfd" : NULL;
}

static int act_getfd(struct deed *deed)
{
	int fd = (int)syscall(SYS_pidfd_open, target(deed), 0);

	must(fd >= 0);
	return attempt(syscall(SYS_pidfd_getfd, fd, 0, 0));
}

/* --- arguments --- */

#define LONG_ARGS 200
#define LONG_BYTES 300

enum place { BEHIND = LONG_ARGS, BETWEEN = LONG_ARGS / 2 };

/* What matters stands among 60 kB that do not. */
static int act_long(struct deed *deed)
{
	static char padding[LONG_BYTES + 1], *argv[LONG_ARGS + 4];

	memset(padding, 'x', LONG_BYTES);
	argv[0] = "long";
	argv[1] = "--end";
	for (unsigned i = 0; i <= LONG_ARGS; i++)
		argv[2 + i] = padding;
	argv[2 + deed->of->with] = deed->twin ? "http://example.org" : "stratum+tcp://example.org";
	tell_path(deed, USUAL);
	return attempt(execve(USUAL, argv, environ));
}

static int act_argv0(struct deed *deed)
{
	static char *const argv[] = {"ls", "--end", NULL};

	return become(deed, deed->victim, argv);
}

const struct evasion program_cases[] = {
	{"E22-memfd", "a program in memory, without a file", .prepare = prepare_usual,
	 .act = act_memfd, .happened = program_ended, .bare = true},
	{"E22-deleted", "a program whose file was removed", .prepare = prepare_usual,
	 .act = act_deleted, .happened = program_ended, .bare = true},
	{"E22-tmpfile", "a program whose file never had a name", .prepare = prepare_usual,
	 .act = act_tmpfile, .happened = program_ended, .bare = true},
	{"E22-empty", "execveat(2) with AT_EMPTY_PATH", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_descriptor, .happened = program_ended,
	 .with = EMPTY_PATH},
	{"E22-link", "execveat(2) of /proc/self/fd/N", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_descriptor, .happened = program_ended,
	 .with = PROC_LINK},
	{"E23-loader", "the dynamic loader runs it", .lacks = lacks_loader, .act = act_loader,
	 .happened = program_ended, .bare = true},
	{"E23-script", "a script", .where = EVASION_PROGRAMS, .prepare = prepare_script,
	 .act = act_script, .happened = program_ended},
	{"E23-interpreter", "a shell is given the script", .where = EVASION_PROGRAMS,
	 .prepare = prepare_script, .act = act_interpreter, .happened = program_ended},
	{"E24-builtin", "a shell writes by itself", .act = act_builtin},
	{"E24-library", "a library is mapped as code", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_library, .happened = succeeded},
	{"E24-mprotect", "a mapped library becomes code later", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_library_later, .happened = succeeded},
	{"E24-memfd", "a library in memory is mapped as code", .act = act_library_memfd,
	 .happened = succeeded, .bare = true},
	{"E24-preload", "LD_PRELOAD names a library", .where = EVASION_PROGRAMS,
	 .lacks = lacks_library, .prepare = prepare_library, .act = act_preload,
	 .happened = program_ended},
	{"E25-mem", "/proc/PID/mem", .act = act_mem, .happened = succeeded, .bare = true},
	{"E25-thread", "/proc/PID/task/TID/mem", .act = act_thread_mem, .happened = succeeded,
	 .bare = true},
	{"E25-vm_write", "process_vm_writev(2)", .act = act_vm_write, .happened = succeeded,
	 .bare = true},
	{"E25-attach", "PTRACE_ATTACH", .prepare = prepare_debugger, .act = act_attach,
	 .happened = program_ended, .bare = true},
	{"E25-seize", "PTRACE_SEIZE", .act = act_seize, .happened = succeeded, .bare = true},
	{"E25-traceme", "PTRACE_TRACEME", .act = act_traceme, .happened = succeeded, .bare = true},
	{"E25-getfd", "pidfd_getfd(2)", .lacks = lacks_getfd, .act = act_getfd,
	 .happened = succeeded, .bare = true},
	{"E34-long", "the argument that matters stands behind 60 kB", .prepare = prepare_usual,
	 .act = act_long, .happened = program_ended, .bare = true, .with = BEHIND},
	{"E34-middle", "the argument that matters stands between 30 kB and 30 kB",
	 .prepare = prepare_usual, .act = act_long, .happened = program_ended, .bare = true,
	 .with = BETWEEN},
	{"E34-argv0", "the program calls itself ls", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_argv0, .happened = program_ended},
	{0},
};
