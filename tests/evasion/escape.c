/* SPDX-License-Identifier: Apache-2.0 */
/* Out of a container. The twins act from the same container. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- settings of the kernel's --- */

static const char *const settings[] = {
	"/proc/sys/kernel/core_pattern",     "/proc/sys/kernel/modprobe",
	"/sys/kernel/uevent_helper",	     "/proc/sysrq-trigger",
	"/proc/sys/fs/binfmt_misc/register",
};
enum setting { CORE_PATTERN, MODPROBE, UEVENT_HELPER, SYSRQ, BINFMT };

/* Mounts it where it belongs. */
static const char *lacks_binfmt(void)
{
	if (access(settings[BINFMT], W_OK) == 0)
		return NULL;
	if (load_spare("binfmt_misc"))
		mount("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, NULL);
	return access(settings[BINFMT], W_OK) == 0 ? NULL : "no binfmt_misc";
}

static const char *lacks_uevent_helper(void)
{
	return access(settings[UEVENT_HELPER], W_OK) == 0 ? NULL : "built without uevent_helper";
}

/* Writes what is there already. The key that is pressed shows help. The twin's file is its own
 * name. */
static int act_setting(struct deed *deed)
{
	const char *path = deed->twin ? "/proc/self/comm" : settings[deed->of->with];
	char text[256] = "h";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 1 : read(fd, text, sizeof(text));
	int r;

	if (fd >= 0)
		close(fd);
	if (!deed->twin)
		tell_path(deed, path);
	fd = attempt(open(path, O_WRONLY | O_CLOEXEC));
	if (fd < 0)
		return fd;
	r = n > 0 ? attempt(write(fd, text, (size_t)n)) : 0;
	close(fd);
	return r;
}

/* --- cgroups of version 1 --- */

static const char *lacks_v1(void)
{
	if (access(EVASION_SPARE "/v1/release_agent", W_OK) == 0)
		return NULL;
	mkdir(EVASION_SPARE, 0755);
	mkdir(EVASION_SPARE "/v1", 0755);
	return mount("none", EVASION_SPARE "/v1", "cgroup", 0, "none,name=evasion") == 0
		       ? NULL
		       : "no cgroups of version 1";
}

static int act_release_agent(struct deed *deed)
{
	const char *path =
		deed->twin ? EVASION_SPARE "/v1/tasks" : EVASION_SPARE "/v1/release_agent";
	int fd = attempt(open(path, O_WRONLY | O_CLOEXEC)), r;

	tell_path(deed, path);
	if (fd < 0)
		return fd;
	r = attempt(write(fd, deed->twin ? "0" : "/bin/true", deed->twin ? 1 : 9));
	close(fd);
	return r;
}

/* --- mounts --- */

static void prepare_directory(const struct deed *deed)
{
	must(mkdir(deed->spare, 0755) == 0 || errno == EEXIST);
}

static int act_mount(struct deed *deed)
{
	static const char *const types[] = {"proc", "sysfs", "cgroup2"};

	tell_path(deed, deed->spare);
	return deed->twin ? attempt(mount(NULL, "/", NULL, MS_PRIVATE, NULL))
			  : attempt(mount("none", deed->spare, types[deed->of->with], 0, NULL));
}

/* By the new calls. The twin's hangs nowhere. */
static int act_fsmount(struct deed *deed)
{
	int context = (int)syscall(SYS_fsopen, "proc", 0), fd;

	must(context >= 0 &&
	     syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	fd = (int)syscall(SYS_fsmount, context, 0, 0);
	must(fd >= 0);
	tell_path(deed, deed->spare);
	return deed->twin ? 0
			  : attempt(syscall(SYS_move_mount, fd, "", AT_FDCWD, deed->spare,
					    MOVE_MOUNT_F_EMPTY_PATH));
}

/* The host's files, under a name of the container's. */
static int act_bind_root(struct deed *deed)
{
	tell_path(deed, deed->spare);
	return deed->twin ? attempt(mount(NULL, "/", NULL, MS_PRIVATE, NULL))
			  : attempt(mount("/", deed->spare, NULL, MS_BIND, NULL));
}

/* --- others --- */

/* The twin enters the namespace that it has. */
static int act_setns(struct deed *deed)
{
	int fd = open(deed->twin ? "/proc/self/ns/mnt" : "/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	return attempt(setns(fd, CLONE_NEWNS));
}

/* All that process 1 has. */
static int act_setns_process(struct deed *deed)
{
	int fd = (int)syscall(SYS_pidfd_open, deed->twin ? getpid() : 1, 0);

	must(fd >= 0);
	return attempt(setns(fd, CLONE_NEWNS));
}

static const char *lacks_setns_process(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0), r = attempt(setns(fd, CLONE_NEWUTS));

	close(fd);
	return r == 0 ? NULL : "setns takes no pidfd (5.8)";
}

/* A child is born in them. */
static int act_clone(struct deed *deed)
{
	struct clone_args args = {.exit_signal = SIGCHLD,
				  .flags = deed->twin ? CLONE_NEWUTS : CLONE_NEWNS};
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (child == 0)
		_exit(0);
	if (child < 0)
		return -errno;
	waitpid(child, NULL, 0);
	return 0;
}

static int act_unshare(struct deed *deed)
{
	return attempt(unshare(deed->twin ? CLONE_NEWUTS : CLONE_NEWNS));
}

static int act_module(struct deed *deed)
{
	if (deed->twin)
		return attempt(access(module_path(), R_OK));
	tell_path(deed, module_path());
	return load_module(module_path());
}

/* The twin makes a fifo. */
static int act_node(struct deed *deed)
{
	snprintf(deed->truth->path, sizeof(deed->truth->path), "%s", deed->spare);
	return attempt(mknod(deed->spare, deed->twin ? S_IFIFO | 0600 : S_IFBLK | 0600,
			     deed->twin ? 0 : makedev(7, 0)));
}

static const char *lacks_disk(void)
{
	return load_spare("loop") ? NULL : "no block device";
}

static void prepare_disk(const struct deed *deed)
{
	must(mknod(deed->spare, deed->twin ? S_IFIFO | 0600 : S_IFBLK | 0600,
		   deed->twin ? 0 : makedev(7, 0)) == 0);
}

static int act_disk(struct deed *deed)
{
	tell_path(deed, deed->spare);
	return attempt(open(deed->spare, O_RDWR | O_CLOEXEC));
}

/* By the root of a process outside. */
static int act_proc_root(struct deed *deed)
{
	char path[EVASION_PATH + 32];

	snprintf(path, sizeof(path), "/proc/1/root%s", deed->victim);
	return mark_by(path);
}

/* The socket of a daemon that has no file. The twin's has another name. */
static int act_shim(struct deed *deed)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	const char *name = deed->twin ? "/evasion/log.sock" : "/containerd-shim/evasion/shim.sock";
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	strcpy(to.sun_path + 1, name);
	must(bind(server, (struct sockaddr *)&to, size) == 0 && listen(server, 1) == 0);
	snprintf(deed->truth->path, sizeof(deed->truth->path), "@%s", name);
	return attempt(connect(client, (struct sockaddr *)&to, size));
}

static int act_privileged(struct deed *deed)
{
	static char *const argv[] = {"first", "--end", NULL};

	/* The twin has no more rights than a common container. */
	if (deed->twin)
		must(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	tell_path(deed, USUAL);
	return become(deed, USUAL, argv);
}

#define CONTAINED .contained = true, .happened = succeeded, .bare = true

const struct evasion escape_cases[] = {
	{"ESC-core_pattern", "the kernel's helper for crashes", .act = act_setting, CONTAINED,
	 .with = CORE_PATTERN},
	{"ESC-modprobe", "the kernel's helper for modules", .act = act_setting, CONTAINED,
	 .with = MODPROBE},
	{"ESC-uevent_helper", "the kernel's helper for devices", .lacks = lacks_uevent_helper,
	 .act = act_setting, CONTAINED, .with = UEVENT_HELPER},
	{"ESC-sysrq", "a key of the kernel's", .act = act_setting, CONTAINED, .with = SYSRQ},
	{"ESC-binfmt", "the kernel's helper for formats of programs", .lacks = lacks_binfmt,
	 .act = act_setting, CONTAINED, .with = BINFMT},
	{"ESC-release_agent", "the kernel's helper for cgroups", .lacks = lacks_v1,
	 .act = act_release_agent, CONTAINED},
	{"ESC-proc", "proc is mounted", .prepare = prepare_directory, .act = act_mount, CONTAINED,
	 .with = 0},
	{"ESC-sysfs", "sysfs is mounted", .prepare = prepare_directory, .act = act_mount, CONTAINED,
	 .with = 1},
	{"ESC-cgroup", "the tree of cgroups is mounted", .prepare = prepare_directory,
	 .act = act_mount, CONTAINED, .with = 2},
	{"ESC-fsmount", "proc is mounted by the new calls", .prepare = prepare_directory,
	 .act = act_fsmount, CONTAINED},
	{"ESC-bind", "the root is mounted elsewhere", .prepare = prepare_directory,
	 .act = act_bind_root, CONTAINED},
	{"ESC-docker", "the daemon of containers is asked", .act = ask_daemon, CONTAINED},
	{"ESC-setns", "the host's mounts are entered", .act = act_setns, CONTAINED},
	{"ESC-setns-process", "the host's mounts are entered by a pidfd",
	 .lacks = lacks_setns_process, .act = act_setns_process, CONTAINED},
	{"ESC-clone", "a child is made in namespaces of its own", .act = act_clone, CONTAINED},
	{"ESC-unshare", "namespaces are made", .act = act_unshare, CONTAINED},
	{"ESC-module", "a kernel module is loaded", .lacks = lacks_module, .act = act_module,
	 CONTAINED},
	{"ESC-device", "a disk's node is made", .act = act_node, CONTAINED},
	{"ESC-disk", "a disk is opened", .lacks = lacks_disk, .prepare = prepare_disk,
	 .act = act_disk, CONTAINED},
	{"ESC-shim", "the abstract socket of a container's daemon is asked", .act = act_shim,
	 CONTAINED},
	{"ESC-root", "a file of the host by /proc/1/root", .act = act_proc_root, .contained = true},
	{"ESC-privileged", "a program is run with all rights of the host's root",
	 .prepare = prepare_usual, .act = act_privileged, .contained = true,
	 .happened = program_ended, .bare = true},
	{0},
};
