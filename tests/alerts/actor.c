/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actor DEED: does one thing that the default rules tell of. For guests.
 *
 * Prints what it did as one line "deed key=value ...": the truth that the alert is compared with.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static pid_t idle_child(void)
{
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child == 0) {
		pause();
		_exit(0);
	}
	return child;
}

static void end_child(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* The inode that runs, as an alert should name it. */
static void deed_idle(void)
{
	struct stat st;

	if (stat("/proc/self/exe", &st) < 0)
		fail("stat");
	printf("idle ino=%llu dev=%u pid=%d\n", (unsigned long long)st.st_ino, (unsigned)st.st_dev,
	       getpid());
}

static void deed_ptrace(void)
{
	pid_t child = idle_child();

	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) < 0)
		fail("PTRACE_ATTACH");
	waitpid(child, NULL, 0);
	ptrace(PTRACE_DETACH, child, NULL, NULL);
	end_child(child);
	printf("ptrace target=%d pid=%d\n", child, getpid());
}

static void deed_vm_write(void)
{
	static char there[16] = "before", here[16] = "after";
	pid_t child = idle_child();
	struct iovec local = {here, sizeof(here)}, remote = {there, sizeof(there)};

	if (process_vm_writev(child, &local, 1, &remote, 1, 0) != sizeof(here))
		fail("process_vm_writev");
	end_child(child);
	printf("vm_write target=%d pid=%d\n", child, getpid());
}

static void deed_mount(void)
{
	if (mkdir("/tmp/mounted", 0700) < 0)
		fail("mkdir");
	if (mount("spook", "/tmp/mounted", "tmpfs", 0, NULL) < 0)
		fail("mount");
	if (umount("/tmp/mounted") < 0)
		fail("umount");
	printf("mount pid=%d\n", getpid());
}

/* What a reverse shell does before it is one: the connection becomes standard input. */
static void deed_connection(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t length = sizeof(to);
	int there = socket(AF_INET, SOCK_STREAM, 0), here = socket(AF_INET, SOCK_STREAM, 0);

	if (there < 0 || here < 0)
		fail("socket");
	if (bind(there, (struct sockaddr *)&to, length) < 0 || listen(there, 1) < 0 ||
	    getsockname(there, (struct sockaddr *)&to, &length) < 0)
		fail("listen");
	if (connect(here, (struct sockaddr *)&to, length) < 0)
		fail("connect");
	if (dup2(here, STDIN_FILENO) < 0)
		fail("dup2");
	printf("connection port=%d pid=%d\n", ntohs(to.sin_port), getpid());
}

static void deed_userns(void)
{
	if (setresuid(1000, 1000, 1000) < 0)
		fail("setresuid");
	/* It is the question that is told: the kernel may refuse. */
	if (unshare(CLONE_NEWUSER) < 0)
		perror("unshare");
	printf("userns pid=%d\n", getpid());
}

/* Runs the actor itself from memory. */
static void deed_memfd(void)
{
	static char *const argv[] = {"ghost", "idle", NULL};
	static char bytes[65536];
	int fd = memfd_create("ghost", MFD_CLOEXEC);
	FILE *self = fopen("/proc/self/exe", "r");
	size_t length;

	if (fd < 0 || !self)
		fail("memfd");
	while ((length = fread(bytes, 1, sizeof(bytes), self)) > 0)
		if (write(fd, bytes, length) != (ssize_t)length)
			fail("write");
	printf("memfd pid=%d\n", getpid());
	fflush(stdout);
	fexecve(fd, argv, environ);
	fail("fexecve");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*deed)(void);
	} deeds[] = {
		{"idle", deed_idle},	 {"ptrace", deed_ptrace}, {"vm_write", deed_vm_write},
		{"mount", deed_mount},	 {"memfd", deed_memfd},	  {"connection", deed_connection},
		{"userns", deed_userns},
	};

	for (size_t i = 0; argc == 2 && i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (strcmp(argv[1], deeds[i].name) == 0) {
			deeds[i].deed();
			return 0;
		}
	}
	fprintf(stderr, "usage: actor DEED\n");
	return 2;
}
