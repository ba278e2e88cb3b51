/* SPDX-License-Identifier: Apache-2.0 */
/* Attribution, loss, tampering, output: the monitor itself is the victim, or who reads it. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
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

static const char *lacks_monitor(void)
{
	return access(EVASION_MONITOR "/cgroup.procs", R_OK) == 0
		       ? NULL
		       : "the monitor has no cgroup " EVASION_MONITOR;
}

static pid_t monitor_pid(void)
{
	FILE *file = fopen(EVASION_MONITOR "/cgroup.procs", "re");
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
	static const char *const path = EVASION_MONITOR "/cgroup.freeze";
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

/* By its number; the twin makes one of its own. */
static int act_map(struct deed *deed)
{
	union bpf_attr attr = {0};

	if (deed->twin) {
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

/* --- rights that files have --- */

static bool is_setuid(const struct deed *deed, int status)
{
	struct stat st;

	return stat(deed->victim, &st) == 0 && (deed->twin || st.st_mode & S_ISUID);
}

static mode_t mode_of(const struct deed *deed)
{
	return deed->twin ? 0755 : 04755;
}

static int act_chmod(struct deed *deed)
{
	return attempt(chmod(deed->victim, mode_of(deed)));
}

static const char *lacks_fchmodat2(void)
{
	return syscall(NR_FCHMODAT2, -1, "", 0, 0) < 0 && errno == ENOSYS ? "no fchmodat2 (6.6)"
									  : NULL;
}

static int act_fchmodat2(struct deed *deed)
{
	return attempt(syscall(NR_FCHMODAT2, AT_FDCWD, deed->victim, mode_of(deed), 0));
}

static int act_capability(struct deed *deed)
{
	struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE};

	data.data[0].permitted = 1U << CAP_SETUID;
	return attempt(setxattr(deed->victim,
				deed->twin ? "trusted.evasion" : "security.capability", &data,
				XATTR_CAPS_SZ_2, 0));
}

/* --- modules --- */

static int act_init_module(struct deed *deed)
{
	int fd = open(module_path(), O_RDONLY | O_CLOEXEC), r;
	struct stat st;
	void *bytes;

	must(fd >= 0 && fstat(fd, &st) == 0);
	bytes = malloc((size_t)st.st_size);
	must(bytes && read(fd, bytes, (size_t)st.st_size) == st.st_size);
	close(fd);
	/* The twin only looks at it. */
	if (deed->twin)
		return 0;
	r = attempt(syscall(SYS_init_module, bytes, st.st_size, ""));
	if (r == 0)
		must(syscall(SYS_delete_module, "dummy", 0) == 0);
	return r;
}

#define MODULE_LOADER "/usr/lib/systemd/systemd-modules-load"

static void prepare_loader(const struct deed *deed)
{
	mkdir("/usr/lib/systemd", 0755);
	make_program(MODULE_LOADER);
	make_program(USUAL);
}

/* The twin is done by a program that is made for it. */
static int act_finit_module(struct deed *deed)
{
	char *const argv[] = {"loader", "--module", (char *)module_path(), NULL};

	tell_path(deed, module_path());
	return become(deed, deed->twin ? MODULE_LOADER : USUAL, argv);
}

const struct evasion tamper_cases[] = {
	{"E39-migrate", "from another cgroup, that it moved to", .prepare = prepare_cgroup,
	 .act = act_migrate},
	{"E39-clone", "by a child that was born in another cgroup", .prepare = prepare_cgroup,
	 .act = act_clone_into},
	{"E39-namespace", "from a cgroup namespace", .act = act_cgroup_namespace},
	{"E40-flood", "behind 3,000 others", .prepare = prepare_noise, .act = act_flood},
	{"E42-freeze", "the monitor's cgroup is frozen", .lacks = lacks_monitor, .act = act_freeze,
	 .happened = succeeded, .bare = true},
	{"E42-stop", "the monitor is stopped by a signal", .lacks = lacks_monitor, .act = act_stop,
	 .happened = succeeded, .bare = true},
	{"E43-map", "a map of the monitor's is opened by its number", .act = act_map,
	 .happened = succeeded, .bare = true},
	{"E45-rules", "the monitor's rules are written", .where = "/etc/tocsin", .act = act_mark},
	{"E45-journal", "a file beside the monitor's journal is written",
	 .where = "/var/lib/tocsin", .act = act_mark},
	{"E45-mount", "something is mounted over a file of the monitor's", .where = "/etc/tocsin",
	 .prepare = prepare_spare, .act = act_cover, .happened = succeeded},
	{"E46-clock", "while the clock is set back", .act = act_clock},
	{"E47-path", "a path of newlines, escapes, quotes, broken UTF-8", .file = HOSTILE,
	 .act = act_mark},
	{"E47-comm", "a process that is called so", .act = act_comm},
	{"E47-argv", "a program with such arguments", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_argv, .happened = program_ended},
	{"E49-chmod", "setuid by chmod(2)", .act = act_chmod, .happened = is_setuid},
	{"E49-fchmodat2", "setuid by fchmodat2(2)", .lacks = lacks_fchmodat2, .act = act_fchmodat2,
	 .happened = is_setuid},
	{"E49-capability", "a capability is given to a file", .act = act_capability,
	 .happened = succeeded},
	{"E50-init_module", "init_module(2)", .lacks = lacks_module, .act = act_init_module,
	 .happened = succeeded, .bare = true},
	{"E50-finit_module", "finit_module(2)", .lacks = lacks_module, .prepare = prepare_loader,
	 .act = act_finit_module, .happened = program_ended, .bare = true},
	{0},
};
