/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/events/truth.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

uint64_t boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* --- who --- */

static uint32_t link_inum(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : (uint32_t)st.st_ino;
}

uint32_t ns_inum(pid_t pid, const char *ns)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, ns);
	else
		snprintf(path, sizeof(path), "/proc/thread-self/ns/%s", ns);
	return link_inum(path);
}

/* proc(5): the name stands in brackets and may hold anything. */
static bool parse_stat(char *text, struct who *ret_who)
{
	char *open = strchr(text, '('), *close = strrchr(text, ')');
	unsigned long long ticks;
	int ppid;

	if (!open || !close ||
	    sscanf(close + 1,
		   " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &ppid, &ticks) != 2)
		return false;
	*close = '\0';
	snprintf(ret_who->comm, sizeof(ret_who->comm), "%s", open + 1);
	ret_who->ppid = (uint32_t)ppid;
	ret_who->start_ticks = ticks;
	return true;
}

bool read_stat(const char *path, struct who *ret_who)
{
	char text[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return parse_stat(text, ret_who);
}

bool who_am_i(struct who *ret_who)
{
	struct who who = {
		.tgid = (uint32_t)getpid(),
		.tid = (uint32_t)syscall(SYS_gettid),
		.uid = getuid(),
		.euid = geteuid(),
		.egid = getegid(),
		.mnt_ns = ns_inum(0, "mnt"),
		.pid_ns = ns_inum(0, "pid"),
		.user_ns = ns_inum(0, "user"),
	};

	/* The start of the process, not of the thread. */
	if (!read_stat("/proc/self/stat", &who))
		return false;
	prctl(PR_GET_NAME, who.comm);
	*ret_who = who;
	return true;
}

void rename_self(struct run *run, const char *comm)
{
	must(run, prctl(PR_SET_NAME, comm) == 0);
}

/* --- files --- */

void note_file(struct run *run, unsigned index, const char *path)
{
	struct file *file = &run->notes->file[index];
	struct statfs fs;
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC); /* opens nothing: no event */

	must(run, fd >= 0);
	must(run, fstat(fd, &file->st) == 0);
	must(run, fstatfs(fd, &fs) == 0);
	file->magic = (uint32_t)fs.f_type;
	close(fd);
}

void note_fd(struct run *run, unsigned index, int fd)
{
	struct file *file = &run->notes->file[index];
	struct statfs fs;

	must(run, fstat(fd, &file->st) == 0);
	must(run, fstatfs(fd, &fs) == 0);
	file->magic = (uint32_t)fs.f_type;
}

void make_file(struct run *run, const char *path, mode_t mode, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	must(run, fd >= 0);
	must(run, fchmod(fd, mode) == 0);
	must(run, ftruncate(fd, (off_t)size) == 0);
	close(fd);
}

void copy_file(struct run *run, const char *from, const char *to, mode_t mode)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	struct stat st;

	must(run, in >= 0 && out >= 0);
	must(run, fstat(in, &st) == 0);
	must(run, sendfile(out, in, NULL, (size_t)st.st_size) == st.st_size);
	must(run, fchmod(out, mode) == 0);
	close(in);
	close(out);
}

const char *small_program(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	char *slash;

	if (n < 0)
		return "";
	path[n] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "tocsin-small");
	return path;
}

const char *at(const struct run *run, const char *name)
{
	static char paths[8][TC_PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, TC_PATH_MAX, "%s/%s", run->dir, name);
	return path;
}

void own_mounts(struct run *run)
{
	must(run, unshare(CLONE_NEWNS) == 0);
	must(run, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

void overlay_directories(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("lower", 0755) == 0 && mkdir("upper", 0755) == 0);
	must(run, mkdir("work", 0755) == 0 && mkdir("merged", 0755) == 0);
}

void overlay_mount(struct run *run)
{
	must(run, mount("overlay", "merged", "overlay", 0,
			"lowerdir=lower,upperdir=upper,workdir=work") == 0);
}

const char *lacks_overlay(void)
{
	FILE *file = fopen("/proc/filesystems", "re");
	char line[128];
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		found |= strstr(line, "\toverlay\n") != NULL;
	if (file)
		fclose(file);
	return found ? NULL : "no overlayfs";
}

/* --- children --- */

pid_t idle_child(struct run *run)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	must(run, pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	for (;;)
		pause();
}

void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int wait_child(struct run *run, pid_t pid)
{
	int status = 0;

	must(run, waitpid(pid, &status, __WALL) == pid);
	return status;
}
