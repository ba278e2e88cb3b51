/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/evasion/deed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn void broken(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: %s: %s\n", file, line, condition, strerror(errno));
	_exit(1);
}

const char *beside(const struct deed *deed, const char *suffix)
{
	static char paths[4][EVASION_PATH];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, EVASION_PATH, "%.4096s%.500s", deed->spare, suffix);
	return path;
}

const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void clear_name(const char *path)
{
	while (umount2(path, MNT_DETACH) == 0)
		;
	unlink(path);
	rmdir(path);
}

void make_plain(const char *path)
{
	static const char line[] = "# nothing\n";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, line, sizeof(line) - 1) == sizeof(line) - 1);
	close(fd);
}

int leave_mark(int fd)
{
	if (fd < 0)
		return fd;
	lseek(fd, 0, SEEK_END);

	int r = attempt(write(fd, MARK, sizeof(MARK) - 1));

	close(fd);
	return r < 0 ? r : 0;
}

int mark_by(const char *path)
{
	return leave_mark(attempt(open(path, O_WRONLY | O_APPEND | O_CLOEXEC)));
}

bool has_mark(const char *path)
{
	char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(text, (size_t)n, MARK, sizeof(MARK) - 1);
}

void prepare_marked(const struct deed *deed)
{
	make_plain(deed->spare);
	must(mark_by(deed->spare) == 0);
}

void prepare_gone(const struct deed *deed)
{
	unlink(deed->victim);
}

static void tell(struct deed *deed, const struct stat *st, const char *path)
{
	snprintf(deed->truth->path, sizeof(deed->truth->path), "%s", path);
	deed->truth->dev = st->st_dev;
	deed->truth->ino = st->st_ino;
}

void tell_path(struct deed *deed, const char *path)
{
	struct stat st = {0};

	stat(path, &st);
	tell(deed, &st, path);
}

void tell_fd(struct deed *deed, int fd, const char *path)
{
	struct stat st;

	must(fstat(fd, &st) == 0);
	tell(deed, &st, path);
}

bool succeeded(const struct deed *deed, int status)
{
	return deed->truth->result >= 0;
}

/* --- connections --- */

static struct sockaddr_in address(const char *ip, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

	must(inet_pton(AF_INET, ip, &to.sin_addr) == 1);
	return to;
}

const char *lacks_metadata(void)
{
	struct sockaddr_in to = address(METADATA, METADATA_PORT);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	must(fd >= 0);
	r = attempt(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	close(fd);
	return r == -ENETUNREACH ? "no way to " METADATA : NULL;
}

struct sockaddr_in tell_address(struct deed *deed)
{
	const char *ip = deed->twin ? "127.0.0.1" : METADATA;

	snprintf(deed->truth->path, sizeof(deed->truth->path), "%s", ip);
	deed->truth->port = METADATA_PORT;
	return address(ip, METADATA_PORT);
}

int ask_daemon(struct deed *deed)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	must(mkdir(deed->spare, 0700) == 0 || errno == EEXIST);
	snprintf(to.sun_path, sizeof(to.sun_path), "%.80s/%s", deed->spare,
		 deed->twin ? "log.sock" : "docker.sock");
	unlink(to.sun_path);
	must(bind(server, (struct sockaddr *)&to, sizeof(to)) == 0 && listen(server, 1) == 0);
	tell_path(deed, to.sun_path);
	return attempt(connect(client, (struct sockaddr *)&to, sizeof(to)));
}

/* --- programs --- */

static int attach(pid_t pid)
{
	int status, r = attempt(ptrace(PTRACE_ATTACH, pid, NULL, NULL));

	if (r < 0)
		return r;
	waitpid(pid, &status, __WALL);
	return attempt(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

int load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r;

	must(fd >= 0);
	r = attempt(syscall(SYS_finit_module, fd, "", 0));
	if (r == 0)
		must(syscall(SYS_delete_module, "dummy", 0) == 0);
	close(fd);
	return r;
}

int act_as_program(int argc, char **argv)
{
	int r = 0;

	if (argc == 3 && strcmp(argv[1], "--mark") == 0)
		r = mark_by(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "--attach") == 0)
		r = attach(atoi(argv[2]));
	else if (argc == 3 && strcmp(argv[1], "--module") == 0)
		r = load_module(argv[2]);
	/* What the refused call said is the end's status. */
	return r < 0 ? -r : ENDED;
}

bool program_ended(const struct deed *deed, int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == ENDED;
}

void copy_to(int from, int to)
{
	struct stat st;
	off_t at = 0;

	must(from >= 0 && to >= 0 && fstat(from, &st) == 0);
	while (at < st.st_size)
		must(sendfile(to, from, &at, (size_t)(st.st_size - at)) > 0);
	close(from);
}

void copy_self_to(int fd)
{
	copy_to(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), fd);
}

void make_program(const char *path)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	must(fd >= 0);
	copy_self_to(fd);
	close(fd);
}

void prepare_usual(const struct deed *deed)
{
	make_program(USUAL);
}

void prepare_victim_program(const struct deed *deed)
{
	make_program(deed->victim);
}

void tell_args(struct deed *deed, char *const argv[])
{
	char *args = deed->truth->args;
	size_t length = 0;

	for (argv++; *argv && length < EVASION_LINE; argv++)
		length += (size_t)snprintf(args + length, EVASION_LINE - length, "%s%s",
					   length ? " " : "", *argv);
}

int become(struct deed *deed, const char *path, char *const argv[])
{
	tell_args(deed, argv);
	return attempt(execve(path, argv, environ));
}

pid_t idle_child(void)
{
	pid_t parent = getpid(), pid = fork();

	must(pid >= 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

/* Good until the next call. */
static const char *path_of_module(const char *module)
{
	static char path[EVASION_PATH];
	struct utsname name;

	uname(&name);
	snprintf(path, sizeof(path), "/usr/lib/modules/%s/%s.ko", name.release, module);
	return path;
}

bool load_spare(const char *name)
{
	char loaded[EVASION_LINE];
	int fd, r;

	snprintf(loaded, sizeof(loaded), "/sys/module/%s", name);
	if (access(loaded, F_OK) == 0)
		return true;
	fd = open(path_of_module(name), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	r = attempt(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
	return r == 0;
}

const char *module_path(void)
{
	return path_of_module("dummy");
}

const char *lacks_module(void)
{
	return access(module_path(), R_OK) == 0 ? NULL : "no module dummy";
}
