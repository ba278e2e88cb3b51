/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that no hook can refuse: who does it dies, and does not come back from the call. What the
 * call did to that process is gone with it; what it did to others is done.
 */
#include "tests/enforce/enforce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "tests/events/truth.h"

SLOT_OF(dup, path)

/* number[9]: what the attempt got. */
static int got(struct run *run, long descriptor)
{
	run->notes->number[9] = (uint64_t)descriptor;
	return attempt_of(descriptor);
}

static bool has_got(struct run *run)
{
	return (int)run->notes->number[9] >= 0;
}

/* --- namespaces --- */

/* number[8]: the namespace that the child is in before. */
static void prepare_namespace(struct run *run)
{
	run->notes->number[8] = ns_inum(getpid(), "uts");
}

static int attempt_unshare(struct run *run)
{
	return attempt_of(unshare(CLONE_NEWUTS));
}

static bool is_elsewhere(struct run *run)
{
	return ns_inum(getpid(), "uts") != run->notes->number[8];
}

/* number[8]: the namespace that is entered; number[9]: its descriptor. */
static void prepare_other_namespace(struct run *run)
{
	int before = open("/proc/self/ns/uts", O_RDONLY);

	must(run, before >= 0 && unshare(CLONE_NEWUTS) == 0);
	run->notes->number[8] = ns_inum(getpid(), "uts");
	run->notes->number[9] = (uint64_t)open("/proc/self/ns/uts", O_RDONLY);
	must(run, setns(before, CLONE_NEWUTS) == 0);
}

static int attempt_setns(struct run *run)
{
	return attempt_of(setns((int)run->notes->number[9], CLONE_NEWUTS));
}

static bool is_there(struct run *run)
{
	return ns_inum(getpid(), "uts") == run->notes->number[8];
}

/* --- mounts --- */

static const char *lacks_mount_setattr(void)
{
	return syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0) < 0 && errno == ENOSYS
		       ? "no mount_setattr"
		       : NULL;
}

static void prepare_mount(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("there", 0755) == 0 && mount("none", "there", "tmpfs", 0, NULL) == 0);
}

static int attempt_mount_setattr(struct run *run)
{
	static const struct {
		uint64_t set, clear, propagation, user_ns;
	} attributes = {.set = 1 /* read-only */};

	return attempt_of(
		syscall(SYS_mount_setattr, AT_FDCWD, "there", 0, &attributes, sizeof(attributes)));
}

static bool is_read_only(struct run *run)
{
	struct statvfs fs = {0};

	statvfs("there", &fs);
	return fs.f_flag & ST_RDONLY;
}

static int attempt_open_tree(struct run *run)
{
	return got(run, syscall(SYS_open_tree, AT_FDCWD, "there", 1 /* clone */));
}

/* --- descriptors --- */

static const char *lacks_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, -1) < 0 && errno == ENOSYS ? "no userfaultfd(2)" : NULL;
}

static int attempt_userfaultfd(struct run *run)
{
	return got(run, syscall(SYS_userfaultfd, O_CLOEXEC));
}

static void prepare_descriptor(struct run *run)
{
	make_file(run, "file", 0600, 10);
	run->notes->number[9] = (uint64_t)open("file", O_RDONLY);
}

static int attempt_dup(struct run *run)
{
	return attempt_of(dup2((int)run->notes->number[9], 0));
}

static bool is_input(struct run *run)
{
	struct stat file, input;

	return stat("file", &file) == 0 && fstat(0, &input) == 0 && file.st_ino == input.st_ino;
}

/* --- sockets --- */

static socklen_t loopback(struct sockaddr_in *name, uint16_t port)
{
	*name = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	return sizeof(*name);
}

/* number[8]: its port; number[10]: its descriptor. */
static int serve(struct run *run, int type)
{
	int fd = socket(AF_INET, type, 0);
	struct sockaddr_in name;
	socklen_t size = loopback(&name, 0);

	must(run, fd >= 0 && bind(fd, (struct sockaddr *)&name, size) == 0);
	must(run, getsockname(fd, (struct sockaddr *)&name, &size) == 0);
	run->notes->number[8] = ntohs(name.sin_port);
	run->notes->number[10] = (uint64_t)fd;
	return fd;
}

static void prepare_caller(struct run *run)
{
	int server = serve(run, SOCK_STREAM), client = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in name;
	socklen_t size = loopback(&name, (uint16_t)run->notes->number[8]);

	must(run, listen(server, 1) == 0 && client >= 0);
	must(run, connect(client, (struct sockaddr *)&name, size) == 0);
}

static int attempt_accept(struct run *run)
{
	return got(run, accept((int)run->notes->number[10], NULL, NULL));
}

static void prepare_receiver(struct run *run)
{
	serve(run, SOCK_DGRAM);
}

static int attempt_send(struct run *run)
{
	struct sockaddr_in name;
	socklen_t size = loopback(&name, (uint16_t)run->notes->number[8]);

	return attempt_of(
		sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (struct sockaddr *)&name, size));
}

static bool is_received(struct run *run)
{
	struct pollfd receiver = {.fd = (int)run->notes->number[10], .events = POLLIN};

	return poll(&receiver, 1, 1000) == 1;
}

static void prepare_received(struct run *run)
{
	prepare_receiver(run);
	must(run, attempt_send(run) == 1);
}

static int attempt_receive(struct run *run)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);
	char byte;

	return got(run, recvfrom((int)run->notes->number[10], &byte, 1, 0, (struct sockaddr *)&name,
				 &size));
}

#define KILLS .in_child = true, .only_kills = true

const struct row kill_rows[] = {
	ROW("unshare", unshare, "evt.arg.flags contains CLONE_NEWUTS", NULL, prepare_namespace,
	    attempt_unshare, is_elsewhere, KILLS),
	ROW("setns", setns, "setns.ns = $N", NULL, prepare_other_namespace, attempt_setns, is_there,
	    KILLS),
	ROW("mount_setattr", mount_setattr, "evt.arg.dirfd = -100", lacks_mount_setattr,
	    prepare_mount, attempt_mount_setattr, is_read_only, KILLS),
	ROW("open_tree", open_tree, "evt.arg.dirfd = -100", NULL, prepare_mount, attempt_open_tree,
	    has_got, KILLS),
	ROW("userfaultfd", userfaultfd, "evt.arg.flags contains O_CLOEXEC", lacks_userfaultfd, NULL,
	    attempt_userfaultfd, has_got, KILLS),
	ROW("dup", dup, "fd.num = 0 and file.path = $D/file", NULL, prepare_descriptor, attempt_dup,
	    is_input, KILLS, .path = dup_path, .path_is = "file"),
	ROW("accept", accept, "fd.lport = $N", NULL, prepare_caller, attempt_accept, has_got,
	    KILLS),
	ROW("send_udp", send, "fd.rport = $N", NULL, prepare_receiver, attempt_send, is_received,
	    KILLS),
	ROW("receive_udp", receive, "fd.lport = $N", NULL, prepare_received, attempt_receive,
	    has_got, KILLS),
	{0},
};
