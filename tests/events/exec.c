/* SPDX-License-Identifier: Apache-2.0 */
/* Events: exec. The truth comes from the witness, who looks at the running program in /proc. */
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "tests/events/process.h"
#include "tests/events/truth.h"
#include "tests/events/witness.h"

#define TICK_NS 10000000ULL /* USER_HZ is 100 on x86-64 */

static char *const environment[] = {"A=1", "LONGER=two", "EMPTY=", NULL};
static char *const plain_argv[] = {"small", "one", "", "three three", NULL};

/* What the witness does not know of an exec. */
struct expected {
	const char *exe; /* path of the executable; NULL: the text of /proc/PID/exe */
	uint32_t exe_flags;
	const char *filename;
	const char *tty;
	const char *cwd; /* NULL: the text of /proc/PID/cwd */
	uint32_t cwd_flags;
	bool memfd, deleted, upper, lower;
	int syscall; /* 0: execve */
};

/* Strings of which at most max bytes are kept. */
static void expect_strings(struct run *run, const struct tc_exec *record,
			   const struct tc_slot *slot, const char *text, uint32_t length,
			   uint32_t max)
{
	static char bytes[TC_ARGS_MAX];

	if (length == 0) {
		expect_absent(run, record, slot);
		return;
	}
	if (length <= max) {
		expect_slot(run, record, slot, text, length, length, 0);
		return;
	}
	/* The first bytes were kept, and end like a string. */
	memcpy(bytes, text, max - 1);
	bytes[max - 1] = '\0';
	expect_slot(run, record, slot, bytes, max, length, TC_SLOT_CUT);
}

/* Of arguments that are too long both ends were kept. */
static void expect_arguments(struct run *run, const struct tc_exec *record, const char *text,
			     uint32_t length)
{
	static const uint32_t first = TC_ARGS_MAX - TC_ARGS_LAST - sizeof(TC_ARGS_GAP);
	static char bytes[TC_ARGS_MAX];

	if (length <= TC_ARGS_MAX) {
		expect_strings(run, record, &record->argv, text, length, TC_ARGS_MAX);
		return;
	}
	memcpy(bytes, text, first - 1);
	bytes[first - 1] = '\0';
	memcpy(bytes + first, TC_ARGS_GAP, sizeof(TC_ARGS_GAP));
	memcpy(bytes + TC_ARGS_MAX - TC_ARGS_LAST, text + length - TC_ARGS_LAST, TC_ARGS_LAST);
	expect_slot(run, record, &record->argv, bytes, TC_ARGS_MAX, length, TC_SLOT_CUT);
}

/* When the first process of the pid namespace started, in clock ticks: process 1, or the one of the
 * test, which is the first in its own. */
static uint64_t pid_ns_start_ticks(const struct exec_notes *truth)
{
	struct who first = {0};

	if (truth->who.pid_ns != ns_inum(0, "pid"))
		return truth->who.start_ticks;
	return read_stat("/proc/1/stat", &first) ? first.start_ticks : UINT64_MAX;
}

static void expect_exec_identity(struct run *run, const struct tc_exec *record,
				 const struct exec_notes *truth)
{
	expect(run, record, &record->cap_permitted, truth->cap_permitted);
	expect(run, record, &record->cap_effective, truth->cap_effective);
	expect(run, record, &record->cap_inheritable, truth->cap_inheritable);
	expect(run, record, &record->loginuid, truth->loginuid);
	expect(run, record, &record->sessionid, truth->sessionid);
	expect(run, record, &record->sid, truth->sid);
	expect(run, record, &record->pgid, truth->pgid);
	expect(run, record, &record->vpid, truth->vpid);
	expect(run, record, &record->vpgid, truth->vpgid);
	expect(run, record, &record->pid_ns_start_ns, record->pid_ns_start_ns);
	expect_fact(run, "exec.pid_ns_start_ns in ticks", record->pid_ns_start_ns / TICK_NS,
		    pid_ns_start_ticks(truth));
	expect(run, record, &record->net_ns, truth->net_ns);
	expect(run, record, &record->uts_ns, truth->uts_ns);
	expect(run, record, &record->ipc_ns, truth->ipc_ns);
	expect(run, record, &record->cgroup_ns, truth->cgroup_ns);
}

static uint64_t stat_ns(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000ULL + (uint64_t)time->tv_nsec;
}

static void expect_exec_file(struct run *run, const struct tc_exec *record,
			     const struct exec_notes *truth, const struct expected *expected)
{
	const char *exe = expected->exe ?: truth->exe_path;
	uint32_t length = (uint32_t)strlen(exe);

	expect(run, record, &record->exe_ino, truth->exe.st_ino);
	expect(run, record, &record->exe_dev, truth->exe.st_dev);
	expect(run, record, &record->exe_mode, truth->exe.st_mode & 07777);
	expect(run, record, &record->exe_uid, truth->exe.st_uid);
	expect(run, record, &record->exe_memfd, expected->memfd);
	expect(run, record, &record->exe_deleted, expected->deleted);
	expect(run, record, &record->exe_upper, expected->upper);
	expect(run, record, &record->exe_lower, expected->lower);
	expect(run, record, &record->exe_gid, truth->exe.st_gid);
	expect(run, record, &record->exe_ctime_ns, stat_ns(&truth->exe.st_ctim));
	expect(run, record, &record->exe_mtime_ns, stat_ns(&truth->exe.st_mtim));
	expect_slot(run, record, &record->exe, exe, length, length, expected->exe_flags);
}

/* The one exec of the test, and the end of the program. */
static void expect_exec(struct run *run, const struct expected *expected)
{
	const struct exec_notes *truth = &run->notes->exec;
	const struct tc_exec *record = take(run, exec);
	bool cut = truth->args_length > TC_ARGS_MAX || truth->env_length > TC_ENV_MAX;
	const char *cwd = expected->cwd ?: truth->cwd;

	if (!record)
		return;
	expect_header(run, record, &truth->who, expected->syscall ?: SYS_execve,
		      cut ? TC_RECORD_CUT : 0);
	expect_exec_identity(run, record, truth);
	expect_exec_file(run, record, truth, expected);
	expect(run, record, &record->argc, truth->argc);
	expect(run, record, &record->envc, truth->envc);
	expect(run, record, &record->secure, truth->secure);
	expect_text(run, record, &record->filename, expected->filename);
	expect_arguments(run, record, truth->args, truth->args_length);
	expect_strings(run, record, &record->env, truth->env, truth->env_length, TC_ENV_MAX);
	expect_slot(run, record, &record->cwd, cwd, (uint32_t)strlen(cwd), (uint32_t)strlen(cwd),
		    expected->cwd_flags);
	if (expected->tty)
		expect_text(run, record, &record->tty, expected->tty);
	else
		expect_absent(run, record, &record->tty);
	run->notes->self = truth->who; /* who ends */
}

static void run_small(struct run *run, const char *path, char *const argv[])
{
	enter(run);
	execve(path, argv, environment);
	must(run, !"execve");
}

/* --- plain --- */

static void act_exec(struct run *run)
{
	run_small(run, small_program(), plain_argv);
}

static void check_exec(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
	expect_fact(run, "exit status", (uint64_t)run->status, SMALL_STATUS << 8);
	expect_fact(run, "argc", run->notes->exec.argc, 4);
	expect_fact(run, "envc", run->notes->exec.envc, 3);
}

/* The kernel maps the program's code: no doing of execve(2). */
static void check_exec_mapping(struct run *run)
{
	const struct tc_mmap *record = take(run, mmap);
	const struct stat *exe = &run->notes->exec.exe;

	expect_exec(run, &(struct expected){.filename = small_program()});
	if (!record)
		return;
	expect_header(run, record, &run->notes->exec.who, -1, 0);
	expect_inode(run, record, &((struct file){*exe, record->magic}));
	expect(run, record, &record->prot, PROT_READ | PROT_EXEC);
	expect(run, record, &record->map_flags, record->map_flags | MAP_PRIVATE);
	expect(run, record, &record->is_exec, true);
	expect(run, record, &record->is_shared, false);
	expect_text(run, record, &record->path, run->notes->exec.exe_path);
}

/* A name that is relative, in a directory that is, by a symbolic link: the executable is where it
 * leads to. */
static void act_exec_symlink(struct run *run)
{
	must(run, symlink(small_program(), "link") == 0);
	run_small(run, "./link", plain_argv);
}

static void check_exec_symlink(struct run *run)
{
	expect_exec(run, &(struct expected){.exe = small_program(), .filename = "./link"});
	expect_fact(run, "comm is the link's", (uint64_t)strcmp(run->notes->self.comm, "link"), 0);
}

static void act_exec_script(struct run *run)
{
	int fd = open("script", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	must(run, dprintf(fd, "#!%s -option with blanks\n", small_program()) > 0);
	close(fd);
	run_small(run, at(run, "script"), plain_argv);
}

static void check_exec_script(struct run *run)
{
	expect_exec(run, &(struct expected){.exe = small_program(), .filename = at(run, "script")});
	expect_fact(run, "argc", run->notes->exec.argc,
		    6); /* interpreter, option, script, three more */
}

/* --- arguments --- */

static void act_exec_300(struct run *run)
{
	static char words[300][16];
	char *argv[301] = {NULL};

	for (unsigned i = 0; i < 300; i++) {
		snprintf(words[i], sizeof(words[i]), "argument-%u", i);
		argv[i] = words[i];
	}
	run_small(run, small_program(), argv);
}

static void check_exec_300(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
	expect_fact(run, "argc", run->notes->exec.argc, 300);
}

/* Sizes around what is kept: a byte less, exactly, a byte more. */
static void act_exec_size(struct run *run, size_t size)
{
	static char word[TC_ARGS_MAX + 16];
	char *argv[] = {"small", word, NULL};

	memset(word, 'w', size - sizeof("small") - 1);
	run_small(run, small_program(), argv);
}

static void act_exec_below(struct run *run)
{
	act_exec_size(run, TC_ARGS_MAX - 1);
}

static void act_exec_full(struct run *run)
{
	act_exec_size(run, TC_ARGS_MAX);
}

static void act_exec_above(struct run *run)
{
	act_exec_size(run, TC_ARGS_MAX + 1);
}

static void check_exec_size(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
}

/* 1,500 arguments of 20 bytes. */
static void act_exec_beyond(struct run *run)
{
	static char words[1500][20];
	char *argv[1501] = {NULL};

	for (unsigned i = 0; i < 1500; i++) {
		snprintf(words[i], sizeof(words[i]), "%019u", i);
		argv[i] = words[i];
	}
	run_small(run, small_program(), argv);
}

static void check_exec_beyond(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
	expect_fact(run, "argc", run->notes->exec.argc, 1500);
	expect_fact(run, "size", run->notes->exec.args_length, 30000);
}

/* From v5.18 on an empty list gets one empty argument (dcd46d897adb); before, there is none. */
static void act_exec_argc_0(struct run *run)
{
	char *argv[] = {NULL};

	run_small(run, small_program(), argv);
}

static void check_exec_argc_0(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
	if (run->notes->exec.argc > 1 || run->notes->exec.args_length > 1)
		fail(run, "an argument out of nowhere");
}

static char *const wild_argv[] = {
	"small",     "line\nfeed", "\xff\xfe not UTF-8 \x80", "\x1b[31mred",
	"tab\there", "\r\n",	   "\"quotes\" \\ '",	      NULL,
};

static void act_exec_bytes(struct run *run)
{
	run_small(run, small_program(), wild_argv);
}

static void check_exec_bytes(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
	expect_fact(run, "argc", run->notes->exec.argc, 7);
}

/* --- files without a name --- */

static void act_exec_memfd(struct run *run)
{
	int fd = memfd_create("tocsin test", 0);

	must(run, fd >= 0);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	copy_file(run, small_program(), path, 0755);
	must(run, dup2(fd, 99) == 99); /* stays open over the exec */
	enter(run);
	syscall(SYS_execveat, 99, "", plain_argv, environment, AT_EMPTY_PATH);
	must(run, !"execveat");
}

static void check_exec_memfd(struct run *run)
{
	expect_exec(run, &(struct expected){.exe = "memfd:tocsin test",
					    .exe_flags = TC_SLOT_DETACHED | TC_SLOT_DELETED,
					    .filename = "/dev/fd/99",
					    .memfd = true,
					    .deleted = true,
					    .syscall = SYS_execveat});
}

static void act_exec_deleted(struct run *run)
{
	copy_file(run, small_program(), "gone", 0750);
	int fd = open("gone", O_PATH);

	must(run, dup2(fd, 99) == 99);
	must(run, unlink("gone") == 0);
	enter(run);
	syscall(SYS_execveat, 99, "", plain_argv, environment, AT_EMPTY_PATH);
	must(run, !"execveat");
}

static void check_exec_deleted(struct run *run)
{
	expect_exec(run, &(struct expected){.exe = at(run, "gone"),
					    .exe_flags = TC_SLOT_DELETED,
					    .filename = "/dev/fd/99",
					    .deleted = true,
					    .syscall = SYS_execveat});
}

static void act_exec_deleted_cwd(struct run *run)
{
	must(run, mkdir("gone", 0755) == 0 && chdir("gone") == 0 && rmdir("../gone") == 0);
	run_small(run, small_program(), plain_argv);
}

static void check_exec_deleted_cwd(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program(),
					    .cwd = at(run, "gone"),
					    .cwd_flags = TC_SLOT_DELETED});
}

/* --- overlay --- */

static void act_exec_lower(struct run *run)
{
	overlay_directories(run);
	copy_file(run, small_program(), "lower/below", 0755);
	overlay_mount(run);
	run_small(run, "merged/below", plain_argv);
}

static void check_exec_lower(struct run *run)
{
	expect_exec(run, &(struct expected){.exe = at(run, "merged/below"),
					    .filename = "merged/below",
					    .lower = true});
}

static void act_exec_upper(struct run *run)
{
	overlay_directories(run);
	copy_file(run, small_program(), "upper/above", 0755);
	overlay_mount(run);
	run_small(run, "merged/above", plain_argv);
}

static void check_exec_upper(struct run *run)
{
	expect_exec(run, &(struct expected){.exe = at(run, "merged/above"),
					    .filename = "merged/above",
					    .upper = true});
}

/* --- identity --- */

static void act_exec_setuid(struct run *run)
{
	/* /tmp may be mounted nosuid. */
	own_mounts(run);
	must(run,
	     mkdir("mount", 0755) == 0 && mount("tmpfs", "mount", "tmpfs", 0, "mode=755") == 0);
	must(run, chdir("mount") == 0);
	copy_file(run, small_program(), "setuid", 0755);
	must(run, chmod("setuid", 04755) == 0);
	must(run, setgroups(0, NULL) == 0 && setresgid(1000, 1000, 1000) == 0 &&
			  setresuid(1000, 1000, 1000) == 0);
	run_small(run, "./setuid", plain_argv);
}

static void check_exec_setuid(struct run *run)
{
	expect_exec(run,
		    &(struct expected){.exe = at(run, "mount/setuid"), .filename = "./setuid"});
	expect_fact(run, "uid", run->notes->exec.who.uid, 1000);
	expect_fact(run, "euid", run->notes->exec.who.euid, 0);
	expect_fact(run, "secure", run->notes->exec.secure, 1);
}

/* Nobody in a user namespace of its own; ids and capabilities are told as the host sees them. */
static void act_exec_user_namespace(struct run *run)
{
	must(run, setgroups(0, NULL) == 0 && setresgid(1000, 1000, 1000) == 0 &&
			  setresuid(1001, 1001, 1001) == 0);
	must(run, unshare(CLONE_NEWUSER) == 0);
	run_small(run, small_program(), plain_argv);
}

static void check_exec_user_namespace(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
	expect_fact(run, "uid", run->notes->exec.who.uid, 1001);
	expect_fact(run, "it has a user namespace of its own",
		    run->notes->exec.who.user_ns == ns_inum(0, "user"), 0);
}

static void act_exec_login(struct run *run)
{
	int fd = open("/proc/self/loginuid", O_WRONLY | O_CLOEXEC);

	must(run, fd >= 0 && write(fd, "1234", 4) == 4);
	close(fd);
	run_small(run, small_program(), plain_argv);
}

static const char *lacks_loginuid(void)
{
	return access("/proc/self/loginuid", W_OK) < 0 ? "no /proc/self/loginuid (CONFIG_AUDIT)"
						       : NULL;
}

static void check_exec_login(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
	expect_fact(run, "loginuid", run->notes->exec.loginuid, 1234);
}

/* A session and a terminal of its own. */
static void act_exec_tty(struct run *run)
{
	/* Both stay open over the exec: the last descriptor of the master hangs the terminal up. */
	int master = posix_openpt(O_RDWR | O_NOCTTY), terminal;

	must(run, master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	must(run, setsid() == getpid());
	terminal = open(ptsname(master), O_RDWR);
	must(run, terminal >= 0 && ioctl(terminal, TIOCSCTTY, 0) == 0);
	/* /dev/pts/3 is called pts3 in the kernel: the driver's name and the number. */
	snprintf(run->notes->text[0], NOTES_TEXT, "pts%s", strrchr(ptsname(master), '/') + 1);
	run_small(run, small_program(), plain_argv);
}

static void check_exec_tty(struct run *run)
{
	expect_exec(run,
		    &(struct expected){.filename = small_program(), .tty = run->notes->text[0]});
	expect_fact(run, "sid", run->notes->exec.sid, (uint64_t)run->child);
}

/* The process that executes is the first of new namespaces of every kind; its own child, since pid
 * namespaces begin so. */
static void act_exec_namespaces(struct run *run)
{
	int line[2];
	char byte;

	must(run, pipe(line) == 0);
	must(run, unshare(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC |
			  CLONE_NEWCGROUP | CLONE_NEWNS) == 0);
	enter(run);
	pid_t pid = fork();

	must(run, pid >= 0);
	if (pid == 0) {
		must(run, read(line[0], &byte, 1) == 1);
		execve(small_program(), plain_argv, environment);
		must(run, !"execve");
	}
	run->notes->exec_pid = pid;
	witness(run, 0, pid);
	must(run, write(line[1], "", 1) == 1);
	must(run, wait_child(run, pid) == SMALL_STATUS << 8);
}

static void check_exec_namespaces(struct run *run)
{
	struct who parent = run->notes->self;

	expect_fork(run, SYS_clone, &run->notes->who[0], 1);
	expect_exec(run, &(struct expected){.filename = small_program()});
	expect_end(run, &run->notes->exec.who, SMALL_STATUS);
	expect_fact(run, "vpid", run->notes->exec.vpid, 1);
	run->notes->self = parent;
}

/* --- a thread executes: it becomes the process, and its siblings end without a word --- */

static void *execute(void *context)
{
	execve(small_program(), plain_argv, environment);
	return context;
}

static void act_exec_thread(struct run *run)
{
	pthread_t thread;

	enter(run);
	must(run, pthread_create(&thread, NULL, execute, NULL) == 0);
	pthread_join(thread, NULL);
	must(run, !"execve");
}

static void check_exec_thread(struct run *run)
{
	expect_exec(run, &(struct expected){.filename = small_program()});
}

const struct test exec_tests[] = {
	TEST(exec, ANY, NULL, act_exec, check_exec),
	TEST(exec_mapping, LSM, NULL, act_exec, check_exec_mapping),
	TEST(exec_symlink, ANY, NULL, act_exec_symlink, check_exec_symlink),
	TEST(exec_script, ANY, NULL, act_exec_script, check_exec_script),
	TEST(exec_300_arguments, ANY, NULL, act_exec_300, check_exec_300),
	TEST(exec_arguments_below, ANY, NULL, act_exec_below, check_exec_size),
	TEST(exec_arguments_full, ANY, NULL, act_exec_full, check_exec_size),
	TEST(exec_arguments_above, ANY, NULL, act_exec_above, check_exec_size),
	TEST(exec_arguments_beyond, ANY, NULL, act_exec_beyond, check_exec_beyond),
	TEST(exec_argc_0, ANY, NULL, act_exec_argc_0, check_exec_argc_0),
	TEST(exec_argument_bytes, ANY, NULL, act_exec_bytes, check_exec_bytes),
	TEST(exec_memfd, ANY, NULL, act_exec_memfd, check_exec_memfd),
	TEST(exec_deleted, ANY, NULL, act_exec_deleted, check_exec_deleted),
	TEST(exec_deleted_cwd, ANY, NULL, act_exec_deleted_cwd, check_exec_deleted_cwd),
	TEST(exec_overlay_lower, ANY, lacks_overlay, act_exec_lower, check_exec_lower),
	TEST(exec_overlay_upper, ANY, lacks_overlay, act_exec_upper, check_exec_upper),
	TEST(exec_setuid, ANY, NULL, act_exec_setuid, check_exec_setuid),
	TEST(exec_user_namespace, ANY, NULL, act_exec_user_namespace, check_exec_user_namespace),
	TEST(exec_loginuid, ANY, lacks_loginuid, act_exec_login, check_exec_login),
	TEST(exec_tty, ANY, NULL, act_exec_tty, check_exec_tty),
	TEST(exec_namespaces, ANY, NULL, act_exec_namespaces, check_exec_namespaces),
	TEST(exec_thread, ANY, NULL, act_exec_thread, check_exec_thread),
	{0},
};
