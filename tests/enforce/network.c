/* SPDX-License-Identifier: Apache-2.0 */
/* Rows about sockets: asserted on the one at the other end. */
#include "tests/enforce/enforce.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/enforce/things.h"
#include "tests/events/ring.h"
#include "tests/events/truth.h"

SLOT_OF(connect, unix_path)
SLOT_OF(send, unix_path)

/* --- sockets --- */

static int attempt_connect(struct run *run)
{
	struct sockaddr_in name = listener_name(run);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return attempt_of(connect(fd, (struct sockaddr *)&name, sizeof(name)));
}

/* The first packet carries what is sent: no call of connect(2). */
static int attempt_fast_open(struct run *run)
{
	struct sockaddr_in name = listener_name(run);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return attempt_of(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&name, sizeof(name)));
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

static int bind_datagram(struct run *run)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un name;

	unix_name(&name);
	must(run, fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	return fd;
}

static void prepare_datagram(struct run *run)
{
	bind_datagram(run);
}

static int attempt_connect_unix_datagram(struct run *run)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un name;

	run->notes->number[9] = (uint64_t)fd;
	unix_name(&name);
	return attempt_of(connect(fd, (struct sockaddr *)&name, sizeof(name)));
}

/* Nothing but the hook of connect(2) tells this from a send. */
static int connect_unix_datagram_by_ring(struct run *run, uint8_t flags)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un name;
	struct ring ring;

	run->notes->number[9] = (uint64_t)fd;
	unix_name(&name);
	ring_make(run, &ring, false);
	return ring_do(run, &ring,
		       &(struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
					      .flags = flags,
					      .fd = fd,
					      .addr = (uintptr_t)&name,
					      .off = sizeof(name)});
}

static int attempt_ring_unix_datagram(struct run *run)
{
	return connect_unix_datagram_by_ring(run, 0);
}

static int attempt_ring_unix_datagram_async(struct run *run)
{
	return connect_unix_datagram_by_ring(run, IOSQE_ASYNC);
}

static const char *lacks_ring_connect(void)
{
	return ring_has(IORING_OP_CONNECT) ? NULL : "io_uring has no IORING_OP_CONNECT";
}

/* --- datagrams: a rule kills who sends one, and the hook refuses that one as well --- */

/* Another process receives one, and outlives the child for a while: number[10] is set when it did.
 */
static void prepare_unix_receiver(struct run *run)
{
	int fd = bind_datagram(run);
	char byte;
	pid_t pid = fork();

	must(run, pid >= 0);
	if (pid == 0) {
		alarm(10);
		run->notes->number[10] = recv(fd, &byte, 1, 0) == 1;
		_exit(0);
	}
	close(fd);
}

static int attempt_send_unix(struct run *run)
{
	struct sockaddr_un name;

	unix_name(&name);
	return attempt_of(sendto(socket(AF_UNIX, SOCK_DGRAM, 0), "x", 1, 0,
				 (struct sockaddr *)&name, sizeof(name)));
}

static bool is_received(struct run *run)
{
	volatile uint64_t *received = &run->notes->number[10];

	for (int i = 0; i < 200 && !*received; i++)
		usleep(5000);
	return *received;
}

#define IN_CHILD .in_child = true

const struct row network_rows[] = {
	ROW("connect_tcp", connect, "fd.rport = $N and fd.rip = 127.0.0.1", NULL, prepare_listener,
	    attempt_connect, is_connected, IN_CHILD),
	ROW("connect_fast_open", connect, "fd.rport = $N and fd.rip = 127.0.0.1", NULL,
	    prepare_listener, attempt_fast_open, is_connected, IN_CHILD),
	ROW("connect_net", connect, "fd.rip in (127.0.0.0/8) and socket.type = SOCK_STREAM", NULL,
	    prepare_listener, attempt_connect, is_connected, IN_CHILD),
	ROW("connect_udp", connect, "fd.rport = 4711", NULL, NULL, attempt_connect_datagram,
	    has_peer, IN_CHILD),
	ROW("connect_unix", connect, "socket.path = $D/socket", NULL, listen_on_unix,
	    attempt_connect_unix, is_connected, IN_CHILD, .path = connect_unix_path,
	    .path_is = "socket"),
	ROW("connect_unix_datagram", connect, "socket.path = $D/socket", NULL, prepare_datagram,
	    attempt_connect_unix_datagram, has_peer, IN_CHILD, .path = connect_unix_path,
	    .path_is = "socket"),
	ROW("ring_connect_unix_datagram", connect, "socket.path = $D/socket", lacks_ring_connect,
	    prepare_datagram, attempt_ring_unix_datagram, has_peer, IN_CHILD,
	    .path = connect_unix_path, .path_is = "socket"),
	ROW("ring_connect_unix_datagram_async", connect, "socket.path = $D/socket",
	    lacks_ring_connect, prepare_datagram, attempt_ring_unix_datagram_async, has_peer,
	    IN_CHILD, .path = connect_unix_path, .path_is = "socket"),
	ROW("send_unix", send, "socket.path = $D/socket", NULL, prepare_unix_receiver,
	    attempt_send_unix, is_received, .only_kills = true, .path = send_unix_path,
	    .path_is = "socket"),
	ROW("bind", bind, "fd.lport = 4712", NULL, NULL, attempt_bind, is_bound, IN_CHILD),
	ROW("listen", listen, "fd.lport = 4712", NULL, prepare_bound, attempt_listen, is_listening,
	    IN_CHILD),
	ROW("socket_raw", socket, "socket.type = SOCK_RAW", NULL, NULL, attempt_socket, has_socket,
	    IN_CHILD),
	{0},
};
