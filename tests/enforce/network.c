/* SPDX-License-Identifier: Apache-2.0 */
/* Rows about sockets and mounts: asserted on the one at the other end, and on the mount table. */
#include "tests/enforce/enforce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/events/truth.h"

SLOT_OF(mount, target)
SLOT_OF(umount, target)
SLOT_OF(connect, unix_path)

/* --- sockets --- */

/* number[8]: its port; number[9]: its descriptor. */
static void listen_on_loopback(struct run *run)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(run, fd >= 0 && bind(fd, (struct sockaddr *)&name, size) == 0 && listen(fd, 1) == 0);
	must(run, getsockname(fd, (struct sockaddr *)&name, &size) == 0);
	run->notes->number[8] = ntohs(name.sin_port);
	run->notes->number[9] = (uint64_t)fd;
}

static int attempt_connect(struct run *run)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)run->notes->number[8]),
				   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return attempt_of(connect(fd, (struct sockaddr *)&name, sizeof(name)));
}

/* Somebody knocked at the listener. */
static bool is_connected(struct run *run)
{
	struct pollfd listener = {.fd = (int)run->notes->number[9], .events = POLLIN};

	return poll(&listener, 1, 200) == 1;
}

static int attempt_connect_datagram(struct run *run)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_port = htons(4711),
				   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	run->notes->number[9] = (uint64_t)fd;
	return attempt_of(connect(fd, (struct sockaddr *)&name, sizeof(name)));
}

static bool has_peer(struct run *run)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);

	return getpeername((int)run->notes->number[9], (struct sockaddr *)&name, &size) == 0;
}

static int attempt_bind(struct run *run)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_port = htons(4712),
				   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	run->notes->number[9] = (uint64_t)fd;
	return attempt_of(bind(fd, (struct sockaddr *)&name, sizeof(name)));
}

static bool is_bound(struct run *run)
{
	struct sockaddr_in name = {0};
	socklen_t size = sizeof(name);

	getsockname((int)run->notes->number[9], (struct sockaddr *)&name, &size);
	return name.sin_port == htons(4712);
}

static void prepare_bound(struct run *run)
{
	must(run, attempt_bind(run) == 0);
}

static int attempt_listen(struct run *run)
{
	return attempt_of(listen((int)run->notes->number[9], 1));
}

static bool is_listening(struct run *run)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	getsockopt((int)run->notes->number[9], SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
	return listens;
}

static int attempt_socket(struct run *run)
{
	run->notes->number[9] = (uint64_t)socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	return attempt_of((int)run->notes->number[9]);
}

static bool has_socket(struct run *run)
{
	return (int)run->notes->number[9] >= 0;
}

static void unix_name(struct sockaddr_un *name)
{
	*name = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(name->sun_path, "socket");
}

static void listen_on_unix(struct run *run)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name;

	unix_name(&name);
	must(run, fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	must(run, listen(fd, 1) == 0);
	run->notes->number[9] = (uint64_t)fd;
}

static int attempt_connect_unix(struct run *run)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name;

	unix_name(&name);
	return attempt_of(connect(fd, (struct sockaddr *)&name, sizeof(name)));
}

/* --- mounts --- */

/* Whether something is mounted there: it is on another device, or a mark is gone. */
static bool is_mounted(struct run *run)
{
	return access("there/mark", F_OK) < 0;
}

static void prepare_mount(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("there", 0755) == 0 && mkdir("source", 0755) == 0);
	make_file(run, "there/mark", 0600, 0);
}

static int attempt_mount(struct run *run)
{
	return attempt_of(mount("none", "there", "tmpfs", 0, NULL));
}

static int attempt_bind_mount(struct run *run)
{
	return attempt_of(mount("source", "there", NULL, MS_BIND, NULL));
}

static void prepare_mounted(struct run *run)
{
	prepare_mount(run);
	must(run, attempt_mount(run) == 0);
}

static int attempt_umount(struct run *run)
{
	return attempt_of(umount2("there", 0));
}

static bool is_unmounted(struct run *run)
{
	return !is_mounted(run);
}

static int attempt_move_mount(struct run *run)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), mnt;

	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* create */, NULL, NULL, 0) < 0)
		return -errno;
	mnt = (int)syscall(SYS_fsmount, fs, 0, 0);
	if (mnt < 0)
		return -errno;
	return attempt_of(syscall(SYS_move_mount, mnt, "", AT_FDCWD, "there", 4 /* empty path */));
}

/* --- what no hook can refuse: who does it dies, not before it is done --- */

static int attempt_unshare(struct run *run)
{
	return attempt_of(unshare(CLONE_NEWUTS));
}

static bool done(struct run *run)
{
	return true;
}

#define IN_CHILD .in_child = true

const struct row network_rows[] = {
	ROW("connect_tcp", connect, "fd.rport = $N and fd.rip = 127.0.0.1", NULL,
	    listen_on_loopback, attempt_connect, is_connected, IN_CHILD),
	ROW("connect_net", connect, "fd.rip in (127.0.0.0/8) and socket.type = SOCK_STREAM", NULL,
	    listen_on_loopback, attempt_connect, is_connected, IN_CHILD),
	ROW("connect_udp", connect, "fd.rport = 4711", NULL, NULL, attempt_connect_datagram,
	    has_peer, IN_CHILD),
	ROW("connect_unix", connect, "socket.path = $D/socket", NULL, listen_on_unix,
	    attempt_connect_unix, is_connected, IN_CHILD, .path = connect_unix_path,
	    .path_is = "socket"),
	ROW("bind", bind, "fd.lport = 4712", NULL, NULL, attempt_bind, is_bound, IN_CHILD),
	ROW("listen", listen, "fd.lport = 4712", NULL, prepare_bound, attempt_listen, is_listening,
	    IN_CHILD),
	ROW("socket_raw", socket, "socket.type = SOCK_RAW", NULL, NULL, attempt_socket, has_socket,
	    IN_CHILD),
	ROW("mount", mount, "mount.target = $D/there and mount.fstype = tmpfs", NULL, prepare_mount,
	    attempt_mount, is_mounted, IN_CHILD, .path = mount_target, .path_is = "there"),
	ROW("mount_bind", mount, "mount.op = bind", NULL, prepare_mount, attempt_bind_mount,
	    is_mounted, IN_CHILD, .path = mount_target, .path_is = "there"),
	ROW("move_mount", move_mount, "mount.target = $D/there", NULL, prepare_mount,
	    attempt_move_mount, is_mounted, IN_CHILD),
	ROW("umount", umount, "mount.target = $D/there", NULL, prepare_mounted, attempt_umount,
	    is_unmounted, IN_CHILD, .path = umount_target, .path_is = "there"),
	ROW("unshare", unshare, "evt.arg.flags contains CLONE_NEWUTS", NULL, NULL, attempt_unshare,
	    done, IN_CHILD, .only_kills = true),
	{0},
};
