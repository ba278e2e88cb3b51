/* SPDX-License-Identifier: Apache-2.0 */
/* Attribution, loss, tampering, output: the monitor itself is the victim, or who reads it. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/events/calls.h"

#define ELSEWHERE EVASION_CGROUPS "/attacker/deep"

/* --- another cgroup --- */

static void prepare_cgroup(const struct deed *deed)
{
	must(mkdir(ELSEWHERE, 0755) == 0 || errno == EEXIST);
}

static void tell_elsewhere(struct deed *deed)
{
	struct stat st;

	must(stat(ELSEWHERE, &st) == 0);
	deed->truth->cgroup = st.st_ino;
}

static int act_migrate(struct deed *deed)
{
	int fd = open(ELSEWHERE "/cgroup.procs", O_WRONLY | O_CLOEXEC);

	must(fd >= 0 && write(fd, "0", 1) == 1);
	close(fd);
	tell_elsewhere(deed);
	return mark_by(deed->victim);
}

static int act_clone_into(struct deed *deed)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP};
	int directory = open(ELSEWHERE, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	pid_t child;

	must(directory >= 0);
	args.cgroup = (unsigned)directory;
	child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	must(child >= 0);
	if (child == 0) {
		deed->truth->pid = (pid_t)syscall(SYS_getpid);
		tell_elsewhere(deed);
		deed->truth->result = mark_by(deed->victim);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return deed->truth->result;
}

static int act_cgroup_namespace(struct deed *deed)
{
	must(unshare(CLONE_NEWCGROUP) == 0);
	return mark_by(deed->victim);
}

/* A grandchild whose parent is gone. */
static int act_orphan(struct deed *deed)
{
	pid_t parent = fork();
	int line[2];
	char byte;

	must(parent >= 0);
	if (parent > 0) {
		waitpid(parent, NULL, 0);
		while (!deed->truth->acted)
			usleep(1000);
		return deed->truth->result;
	}
	parent = getpid();
	must(pipe(line) == 0);
	if (fork() > 0)
		_exit(0);
	close(line[1]);
	/* Its end of the pipe goes with the parent. */
	must(read(line[0], &byte, 1) == 0);
	deed->truth->pid = getpid();
	deed->truth->result = mark_by(deed->victim);
	deed->truth->acted = true;
	_exit(0);
}

static void *mark_in_thread(void *arg)
{
	struct deed *deed = arg;

	deed->truth->result = mark_by(deed->victim);
	return NULL;
}

/* The process is the one that has the thread. */
static int act_thread(struct deed *deed)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, mark_in_thread, deed) == 0);
	pthread_join(thread, NULL);
	return deed->truth->result;
}

/* The process thinks that it is the first. */
static int act_pid_namespace(struct deed *deed)
{
	pid_t child;
	int line[2];
	char byte;

	must(unshare(CLONE_NEWPID) == 0 && pipe(line) == 0);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		must(read(line[0], &byte, 1) == 1);
		deed->truth->result = mark_by(deed->victim);
		_exit(0);
	}
	deed->truth->pid = child;
	must(write(line[1], "", 1) == 1);
	waitpid(child, NULL, 0);
	return deed->truth->result;
}

/* Root of a namespace of its own, and of this one. */
static int act_user_namespace(struct deed *deed)
{
	int fd;

	must(unshare(CLONE_NEWUSER) == 0);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, "0 0 1", 5) == 5);
	close(fd);
	return mark_by(deed->victim);
}

/* The cgroup's name is meant for who reads it. */
static int act_hostile_cgroup(struct deed *deed)
{
	static const char *const path = EVASION_CGROUPS "/attacker/\x1b[2J\xff\"},{\\%s";
	struct stat st;
	int directory, fd;

	must(mkdir(path, 0755) == 0 || errno == EEXIST);
	must(stat(path, &st) == 0);
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, "0", 1) == 1);
	close(fd);
	deed->truth->cgroup = st.st_ino;
	return mark_by(deed->victim);
}

/* --- a flood --- */

#define FLOOD 3000

static void prepare_noise(const struct deed *deed)
{
	char noise[EVASION_PATH + 8];

	snprintf(noise, sizeof(noise), "%s.noise", deed->victim);
	make_plain(noise);
}

/* Much that is told of, and then what matters. */
static int act_flood(struct deed *deed)
{
	char noise[EVASION_PATH + 8];

	snprintf(noise, sizeof(noise), "%s.noise", deed->victim);
	for (unsigned i = 0; i < FLOOD; i++) {
		int fd = open(noise, O_WRONLY | O_CLOEXEC);

		if (fd >= 0)
			close(fd);
	}
	return mark_by(deed->victim);
}

/* --- the monitor's process --- */

/* Its cgroup. */
static const char *monitor(void)
{
	const char *path = getenv("EVASION_MONITOR");

	return path ? path : EVASION_MONITOR;
}

/* Good until the next call. */
static const char *monitor_file(const char *name)
{
	static char path[EVASION_PATH];

	snprintf(path, sizeof(path), "%s/%s", monitor(), name);
	return path;
}

static const char *lacks_monitor(void)
{
	return access(monitor_file("cgroup.procs"), R_OK) == 0 ? NULL : "the monitor has no cgroup";
}

static pid_t monitor_pid(void)
{
	FILE *file = fopen(monitor_file("cgroup.procs"), "re");
	int pid = 0;

	must(file && fscanf(file, "%d", &pid) == 1);
	fclose(file);
	return pid;
}

static int write_to(const char *path, const char *text)
{
	int fd = attempt(open(path, O_WRONLY | O_CLOEXEC)), r;

	if (fd < 0)
		return fd;
	r = attempt(write(fd, text, strlen(text)));
	close(fd);
	return r;
}

/* Frozen for a moment. The twin changes a limit of its own. */
static int act_freeze(struct deed *deed)
{
	const char *path = monitor_file("cgroup.freeze");
	int r;

	if (deed->twin)
		return write_to(EVASION_CGROUPS "/innocent/cgroup.max.depth", "max");
	tell_path(deed, path);
	r = write_to(path, "1");
	if (r < 0)
		return r;
	usleep(200000);
	return write_to(path, "0");
}

/* Files that end or starve it are opened alone. The twin's are those of its own cgroup. */
static int act_reach(struct deed *deed)
{
	static const char *const names[] = {"cgroup.kill", "cgroup.procs"};
	char path[EVASION_PATH];

	snprintf(path, sizeof(path), "%s/%s", deed->twin ? EVASION_CGROUPS "/innocent" : monitor(),
		 deed->twin ? "cgroup.max.depth" : names[deed->of->with]);
	if (!deed->twin)
		tell_path(deed, path);
	return attempt(open(path, O_WRONLY | O_CLOEXEC));
}

static const char *lacks_kill(void)
{
	const char *lacks = lacks_monitor();

	return lacks || access(monitor_file("cgroup.kill"), F_OK) == 0 ? lacks
								       : "no cgroup.kill (5.14)";
}

/* It is let go when this process ends. The twin asks for something of what it does not trace. */
static int act_seize(struct deed *deed)
{
	int r;

	deed->truth->target = monitor_pid();
	r = attempt(
		ptrace(deed->twin ? PTRACE_CONT : PTRACE_SEIZE, deed->truth->target, NULL, NULL));
	return deed->twin && r == -ESRCH ? 0 : r;
}

/* What it has already, but asked for by somebody else. */
static int act_limit(struct deed *deed)
{
	pid_t pid = deed->twin ? getpid() : monitor_pid();
	struct rlimit limit;

	deed->truth->target = pid;
	must(prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0);
	return attempt(prlimit(pid, RLIMIT_NOFILE, &limit, NULL));
}

static int act_idle(struct deed *deed)
{
	pid_t pid = deed->twin ? getpid() : monitor_pid();
	struct sched_param none = {0};
	int r;

	deed->truth->target = pid;
	r = attempt(sched_setscheduler(pid, SCHED_IDLE, &none));
	sched_setscheduler(pid, SCHED_OTHER, &none);
	return r;
}

static int act_stop(struct deed *deed)
{
	pid_t pid = deed->twin ? getpid() : monitor_pid();
	int r;

	deed->truth->target = pid;
	/* The twin goes on at once. */
	if (deed->twin)
		return attempt(kill(pid, SIGCONT));
	r = attempt(kill(pid, SIGSTOP));
	usleep(200000);
	kill(pid, SIGCONT);
	return r;
}

static int bpf(int command, union bpf_attr *attr)
{
	return attempt(syscall(SYS_bpf, command, attr, sizeof(*attr)));
}

/* By its number; the twin only learns that. */
static int act_link(struct deed *deed)
{
	union bpf_attr attr = {0};

	must(bpf(BPF_LINK_GET_NEXT_ID, &attr) == 0);
	if (deed->twin)
		return 0;
	attr.link_id = attr.next_id;
	attr.next_id = 0;
	return bpf(BPF_LINK_GET_FD_BY_ID, &attr);
}

/* By its number; the twin makes one of its own. */
static int act_map(struct deed *deed)
{
	union bpf_attr attr = {0};

	if (deed->twin) {
		/* Before 5.11 maps count as locked memory, of which the monitor's have taken a lot.
		 */
		must(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}) ==
		     0);
		attr.map_type = BPF_MAP_TYPE_ARRAY;
		attr.key_size = attr.value_size = 4;
		attr.max_entries = 1;
		return bpf(BPF_MAP_CREATE, &attr);
	}
	must(bpf(BPF_MAP_GET_NEXT_ID, &attr) == 0);
	attr.map_id = attr.next_id;
	attr.next_id = 0;
	return bpf(BPF_MAP_GET_FD_BY_ID, &attr);
}

/* --- its rules, its journal --- */

static void prepare_spare(const struct deed *deed)
{
	make_plain(deed->spare);
}

static int act_rename(struct deed *deed)
{
	return attempt(rename(deed->spare, deed->victim));
}

static int act_remove(struct deed *deed)
{
	return attempt(unlink(deed->victim));
}

static bool is_gone(const struct deed *deed, int status)
{
	return access(deed->victim, F_OK) < 0;
}

static int act_cover(struct deed *deed)
{
	return deed->twin ? attempt(mount(NULL, "/", NULL, MS_PRIVATE, NULL))
			  : attempt(mount(deed->spare, deed->victim, NULL, MS_BIND, NULL));
}

/* --- clocks, and who reads --- */

/* An hour back, and forth again. */
static int act_clock(struct deed *deed)
{
	struct timespec now, then;
	int r;

	must(clock_gettime(CLOCK_REALTIME, &now) == 0);
	then = now;
	then.tv_sec -= 3600;
	must(clock_settime(CLOCK_REALTIME, &then) == 0);
	r = mark_by(deed->victim);
	must(clock_gettime(CLOCK_REALTIME, &then) == 0);
	then.tv_sec += 3600;
	must(clock_settime(CLOCK_REALTIME, &then) == 0);
	return r;
}

#define HOSTILE "a\n{\"rule\":\"forged\"}\r\x1b[2J\xff\xe2\x80\xae%s|=\\\"';\t\x7f\xf0\x9f\x98"

static int act_mark(struct deed *deed)
{
	return mark_by(deed->victim);
}

static int act_comm(struct deed *deed)
{
	must(prctl(PR_SET_NAME, "\n{\"rule\":1}\x1b\xff") == 0);
	return mark_by(deed->victim);
}

static int act_argv(struct deed *deed)
{
	static char *const argv[] = {HOSTILE, "--end", HOSTILE, NULL};

	return become(deed, deed->victim, argv);
}

const struct evasion tamper_cases[] = {
	{"E39-migrate", "from another cgroup, that it moved to", .prepare = prepare_cgroup,
	 .act = act_migrate},
	{"E39-clone", "by a child that was born in another cgroup", .prepare = prepare_cgroup,
	 .act = act_clone_into},
	{"E39-namespace", "from a cgroup namespace", .act = act_cgroup_namespace},
	{"E39-orphan", "by a process whose parent is gone", .act = act_orphan},
	{"E39-thread", "by a thread", .act = act_thread},
	{"E39-pid-namespace", "by the first process of a pid namespace", .act = act_pid_namespace},
	{"E39-user-namespace", "from a user namespace", .act = act_user_namespace},
	{"E39-name", "from a cgroup whose name is escapes, quotes, broken UTF-8",
	 .act = act_hostile_cgroup},
	{"E40-flood", "behind 3,000 others", .prepare = prepare_noise, .act = act_flood},
	{"E42-freeze", "the monitor's cgroup is frozen", .lacks = lacks_monitor, .act = act_freeze,
	 .happened = succeeded, .bare = true},
	{"E42-kill", "the file that kills the monitor's cgroup is opened", .lacks = lacks_kill,
	 .act = act_reach, .happened = succeeded, .bare = true, .with = 0},
	{"E42-procs", "the file that moves others to its cgroup is opened", .lacks = lacks_monitor,
	 .act = act_reach, .happened = succeeded, .bare = true, .with = 1},
	{"E42-seize", "the monitor is traced", .lacks = lacks_monitor, .act = act_seize,
	 .happened = succeeded, .bare = true},
	{"E42-limit", "a limit of the monitor's process is set", .lacks = lacks_monitor,
	 .act = act_limit, .happened = succeeded, .bare = true},
	{"E42-idle", "the monitor runs when nobody else wants to", .lacks = lacks_monitor,
	 .act = act_idle, .happened = succeeded, .bare = true},
	{"E42-stop", "the monitor is stopped by a signal", .lacks = lacks_monitor, .act = act_stop,
	 .happened = succeeded, .bare = true},
	{"E43-map", "a map of the monitor's is opened by its number", .act = act_map,
	 .happened = succeeded, .bare = true},
	{"E43-link", "a link is opened by its number", .act = act_link, .happened = succeeded,
	 .bare = true},
	{"E45-rules", "the monitor's rules are written", .where = "/etc/tocsin", .act = act_mark},
	{"E45-journal", "a file beside the monitor's journal is written",
	 .where = "/var/lib/tocsin", .act = act_mark},
	{"E45-rename", "another file is renamed over the monitor's rules", .where = "/etc/tocsin",
	 .prepare = prepare_marked, .act = act_rename},
	{"E45-remove", "a file beside its journal is removed", .where = "/var/lib/tocsin",
	 .act = act_remove, .happened = is_gone},
	{"E45-mount", "something is mounted over a file of the monitor's", .where = "/etc/tocsin",
	 .prepare = prepare_spare, .act = act_cover, .happened = succeeded},
	{"E46-clock", "while the clock is set back", .act = act_clock},
	{"E47-path", "a path of newlines, escapes, quotes, broken UTF-8", .file = HOSTILE,
	 .act = act_mark},
	{"E47-comm", "a process that is called so", .act = act_comm},
	{"E47-argv", "a program with such arguments", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_argv, .happened = program_ended},
	{0},
};
