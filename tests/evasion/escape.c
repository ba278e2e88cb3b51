/* SPDX-License-Identifier: Apache-2.0 */
/* Out of a container. The twins act from the same container. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- settings of the kernel's --- */

static const char *const settings[] = {
	"/proc/sys/kernel/core_pattern",     "/proc/sys/kernel/modprobe",
	"/sys/kernel/uevent_helper",	     "/proc/sysrq-trigger",
	"/proc/sys/fs/binfmt_misc/register",
};
enum setting { CORE_PATTERN, MODPROBE, UEVENT_HELPER, SYSRQ, BINFMT };

/* Mounts it where it belongs, for which the kernel may load its module. */
static const char *lacks_binfmt(void)
{
	if (access(settings[BINFMT], W_OK) < 0)
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
	mkdir(EVASION_SPARE, 0755);
	mkdir(EVASION_SPARE "/v1", 0755);
	umount2(EVASION_SPARE "/v1", MNT_DETACH);
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
	{"ESC-bind", "the root is mounted elsewhere", .prepare = prepare_directory,
	 .act = act_bind_root, CONTAINED},
	{"ESC-docker", "the daemon of containers is asked", .act = ask_daemon, CONTAINED},
	{"ESC-setns", "the host's mounts are entered", .act = act_setns, CONTAINED},
	{"ESC-unshare", "namespaces are made", .act = act_unshare, CONTAINED},
	{"ESC-module", "a kernel module is loaded", .lacks = lacks_module, .act = act_module,
	 CONTAINED},
	{"ESC-device", "a disk's node is made", .act = act_node, CONTAINED},
	{"ESC-privileged", "a program is run with all rights of the host's root",
	 .prepare = prepare_usual, .act = act_privileged, .contained = true,
	 .happened = program_ended, .bare = true},
	{0},
};
