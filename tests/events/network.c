/* SPDX-License-Identifier: Apache-2.0 */
/* Events: sockets. The truth is what getsockname(2) and getpeername(2) say. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/events/network.h"
#include "tests/events/truth.h"

/* --- addresses --- */

socklen_t address_size(const union address *address)
{
	if (address->any.sa_family == AF_INET6)
		return sizeof(address->v6);
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->path);
}

void ip_address(union address *address, const char *ip, uint16_t port)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, ip, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons(port);
	} else {
		inet_pton(AF_INET6, ip, &address->v6.sin6_addr);
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons(port);
	}
}

void note_local(struct run *run, unsigned index, int fd)
{
	union address *address = noted(run, index);
	socklen_t size = sizeof(*address);

	must(run, getsockname(fd, &address->any, &size) == 0);
}

/* An address whose port nobody has, to be asked for. */
static void free_address(struct run *run, union address *address, const char *ip, int type)
{
	socklen_t size;
	int fd;

	ip_address(address, ip, 0);
	size = address_size(address);
	fd = socket(address->any.sa_family, type, 0);
	must(run, fd >= 0 && bind(fd, &address->any, size) == 0 &&
			  getsockname(fd, &address->any, &size) == 0);
	close(fd);
}

int listener(struct run *run, const char *ip, union address *ret_address)
{
	union address address;
	socklen_t size = sizeof(*ret_address);
	int fd;

	ip_address(&address, ip, 0);
	fd = socket(address.any.sa_family, SOCK_STREAM, 0);
	must(run, fd >= 0 && bind(fd, &address.any, address_size(&address)) == 0);
	must(run, listen(fd, 8) == 0);
	memset(ret_address, 0, sizeof(*ret_address));
	must(run, getsockname(fd, &ret_address->any, &size) == 0);
	return fd;
}

/* --- expectations --- */

/* The address and port of an end; any end may be unknown: NULL. */
static void expect_ip(struct run *run, const void *record, const struct tc_slot *slot,
		      const uint32_t *port, const union address *address)
{
	unsigned char bytes[TC_IP_BYTES] = {[10] = 0xff, [11] = 0xff};

	if (!address) {
		expect_absent(run, record, slot);
		expect(run, record, port, TC_ABSENT_U32);
		return;
	}
	if (address->any.sa_family == AF_INET)
		memcpy(bytes + 12, &address->v4.sin_addr, 4);
	else
		memcpy(bytes, &address->v6.sin6_addr, sizeof(bytes));
	expect_slot(run, record, slot, bytes, sizeof(bytes), sizeof(bytes), 0);
	expect(run, record, port, ntohs(address->v4.sin_port)); /* v6 has it at the same place */
}

const struct tc_connect *expect_socket(struct run *run, enum tc_kind kind, struct by by,
				       const struct socket_truth *truth)
{
	const struct tc_connect *record = take_kind(run, kind);

	if (!record)
		return NULL;
	expect_header(run, record, by.who ?: &run->notes->self, by.syscall, by.flags);
	expect(run, record, &record->family, (uint64_t)truth->family);
	expect(run, record, &record->sock_type, (uint64_t)truth->type);
	expect(run, record, &record->protocol, (uint64_t)truth->protocol);
	expect(run, record, &record->is_server, (uint64_t)truth->is_server);
	expect(run, record, &record->connected, truth->connected);
	expect_ip(run, record, &record->local, &record->local_port, truth->local);
	expect_ip(run, record, &record->remote, &record->remote_port, truth->remote);
	if (truth->path)
		expect_text(run, record, &record->unix_path, truth->path);
	else
		expect_absent(run, record, &record->unix_path);
	expect(run, record, &record->fd, (uint64_t)truth->fd);
	expect(run, record, &record->result, (uint64_t)truth->result);
	return record;
}

/* --- connect: internet --- */

struct connecting {
	const char *ip; /* of the peer */
	int family, type, protocol;
	bool closed;  /* nobody listens there */
	bool refused; /* before a packet is sent */
	int flags;    /* of the socket */
	int result;
};

static void map_to_v6(union address *address)
{
	char ip[INET_ADDRSTRLEN], mapped[64];

	inet_ntop(AF_INET, &address->v4.sin_addr, ip, sizeof(ip));
	snprintf(mapped, sizeof(mapped), "::ffff:%s", ip);
	ip_address(address, mapped, ntohs(address->v4.sin_port));
}

/* Where a row connects to. */
static void find_peer(struct run *run, const struct connecting *with, union address *ret_peer)
{
	ip_address(ret_peer, with->ip, 9);
	if (with->type == SOCK_STREAM && !with->refused) {
		int server = listener(run, with->ip, ret_peer);

		if (with->closed)
			close(server);
	}
	if (with->family == AF_INET6 && ret_peer->any.sa_family == AF_INET)
		map_to_v6(ret_peer);
}

/* number[0]: the descriptor, [1]: the result. Address 0: the local end, 1: the remote end. */
static void act_connect(struct run *run)
{
	const struct connecting *with = run->test->with;
	union address *peer = noted(run, 1), own;
	int fd = socket(with->family, with->type | with->flags, 0);

	must(run, fd >= 0);
	find_peer(run, with, peer);
	if (with->closed) { /* the port stays, and can be asked for afterwards */
		ip_address(&own, with->ip, 0);
		must(run, bind(fd, &own.any, address_size(&own)) == 0);
	}
	enter(run);
	run->notes->number[0] = (uint64_t)fd;
	run->notes->number[1] =
		syscall(SYS_connect, fd, peer, address_size(peer)) < 0 ? (uint64_t)-errno : 0;
	note_local(run, 0, fd);
}

static void check_connect(struct run *run)
{
	const struct connecting *with = run->test->with;
	bool told_after = run->fallback || with->refused;
	struct by by = by_call(run, SYS_connect);
	struct socket_truth truth = {
		.family = with->family,
		.type = with->type,
		.protocol = with->protocol,
		.local = noted(run, 0),
		.remote = noted(run, 1),
		.fd = (int)run->notes->number[0],
		.result = told_after ? with->result : TC_ABSENT_S32,
		.connected =
			run->fallback && !with->closed && !with->refused, /* nobody is slow here */
	};

	expect_fact(run, "the result", run->notes->number[1], (uint64_t)(int64_t)with->result);
	/* A datagram socket gets an address by what the hook lets pass. */
	if (with->refused || (with->type == SOCK_DGRAM && !run->fallback))
		truth.local = NULL;
	/* The kernel forgets the peer of a connection that failed. */
	if (run->fallback && (with->refused || with->closed))
		by.flags |= TC_RECORD_CALLER;
	expect_socket(run, TC_KIND_connect, by, &truth);
}

/* A send that connects: TCP fast open. Without a cookie the data waits, but the first packet goes.
 */
static void act_fastopen(struct run *run)
{
	union address *peer = noted(run, 1);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(run, fd >= 0);
	listener(run, "127.0.0.1", peer);
	enter(run);
	run->notes->number[0] = (uint64_t)fd;
	must(run, sendto(fd, "x", 1, MSG_FASTOPEN, &peer->any, address_size(peer)) == 1);
	note_local(run, 0, fd);
}

static void check_fastopen(struct run *run)
{
	struct socket_truth truth = {
		.family = AF_INET,
		.type = SOCK_STREAM,
		.protocol = IPPROTO_TCP,
		.local = noted(run, 0),
		.remote = noted(run, 1),
		.fd = (int)run->notes->number[0],
		.result = run->fallback ? 1 : TC_ABSENT_S32,
		.connected = run->fallback,
	};

	expect_socket(run, TC_KIND_connect, by_call(run, SYS_sendto), &truth);
}

/* On i386 connect has number 362, and is the third of socketcall's. */
#define NR_32_SOCKETCALL 102L
#define NR_32_CONNECT 362

/* Memory that 32 bits can address. */
static void *low_memory(struct run *run)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	must(run, memory != MAP_FAILED);
	return memory;
}

static void act_connect_32(struct run *run)
{
	const bool *packed = run->test->with;
	union address *peer = noted(run, 1), *low = low_memory(run);
	uint32_t *arguments = (uint32_t *)(low + 1);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(run, fd >= 0);
	listener(run, "127.0.0.1", peer);
	*low = *peer;
	arguments[0] = (uint32_t)fd;
	arguments[1] = (uint32_t)(uintptr_t)low;
	arguments[2] = address_size(low);
	enter(run);
	run->notes->number[0] = (uint64_t)fd;
	if (*packed)
		must(run, call_32(NR_32_SOCKETCALL, 3, (long)arguments, 0) == 0);
	else
		must(run, call_32(NR_32_CONNECT, fd, (long)low, address_size(low)) == 0);
	note_local(run, 0, fd);
}

static void check_connect_32(struct run *run)
{
	const bool *packed = run->test->with;
	struct by by = by_call(run, NR_32_CONNECT);
	struct socket_truth truth = {
		.family = AF_INET,
		.type = SOCK_STREAM,
		.protocol = IPPROTO_TCP,
		.local = noted(run, 0),
		.remote = noted(run, 1),
		.fd = *packed && !run->fallback ? TC_ABSENT_S32 : (int)run->notes->number[0],
		.result = run->fallback ? 0 : TC_ABSENT_S32,
		.connected = run->fallback,
	};

	by.flags |= TC_RECORD_COMPAT;
	expect_socket(run, TC_KIND_connect, by, &truth);
}

/* --- unix --- */

struct naming {
	const char *name; /* @ for the leading NUL of an abstract one */
	int type;
	bool by_link;
};

static socklen_t unix_address(union address *address, const char *name)
{
	size_t length = strlen(name);

	memset(address, 0, sizeof(*address));
	address->path.sun_family = AF_UNIX;
	memcpy(address->path.sun_path, name, length);
	if (name[0] == '@')
		address->path.sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static int unix_server(struct run *run, const struct naming *with)
{
	union address address;
	socklen_t size = unix_address(&address, with->name);
	int fd = socket(AF_UNIX, with->type, 0);

	must(run, fd >= 0 && bind(fd, &address.any, size) == 0);
	must(run, with->type != SOCK_STREAM || listen(fd, 8) == 0);
	return fd;
}

static const char *unix_path(struct run *run, const struct naming *with)
{
	return with->name[0] == '@' ? with->name : at(run, with->name);
}

static void act_unix_connect(struct run *run)
{
	const struct naming *with = run->test->with;
	union address address;
	socklen_t size;
	int fd = socket(AF_UNIX, with->type, 0);

	must(run, fd >= 0);
	unix_server(run, with);
	size = unix_address(&address, with->by_link ? "link" : with->name);
	must(run, !with->by_link || symlink(with->name, "link") == 0);
	enter(run);
	run->notes->number[0] = (uint64_t)fd;
	must(run, syscall(SYS_connect, fd, &address, size) == 0);
}

static void check_unix_connect(struct run *run)
{
	const struct naming *with = run->test->with;
	struct socket_truth truth = {
		.family = AF_UNIX,
		.type = with->type,
		.path = unix_path(run, with),
		.fd = (int)run->notes->number[0],
		.result = run->fallback ? 0 : TC_ABSENT_S32,
		.connected = run->fallback,
	};

	expect_socket(run, TC_KIND_connect, by_call(run, SYS_connect), &truth);
}

/* --- socket, bind, listen, accept --- */

static void act_socket(struct run *run)
{
	enter(run);
	run->notes->number[0] =
		(uint64_t)syscall(SYS_socket, AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 768);
	run->notes->number[1] = (uint64_t)syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0);
	must(run, (int)run->notes->number[0] >= 0 && (int)run->notes->number[1] >= 0);
}

static void check_socket(struct run *run)
{
	const struct socket_truth asked[] = {
		{.family = AF_PACKET, .type = SOCK_RAW, .protocol = 768},
		{.family = AF_INET6, .type = SOCK_DGRAM},
	};

	for (unsigned i = 0; i < 2; i++) {
		const struct tc_socket *record = take(run, socket);

		if (!record)
			return;
		expect_header(run, record, &run->notes->self, SYS_socket, descriptor_flags(run));
		expect(run, record, &record->family, (uint64_t)asked[i].family);
		expect(run, record, &record->sock_type, (uint64_t)asked[i].type);
		expect(run, record, &record->protocol, (uint64_t)asked[i].protocol);
		expect(run, record, &record->is_server, TC_ABSENT_U32);
		expect(run, record, &record->connected, 0);
		expect_ip(run, record, &record->local, &record->local_port, NULL);
		expect_ip(run, record, &record->remote, &record->remote_port, NULL);
		expect_absent(run, record, &record->unix_path);
		expect(run, record, &record->fd,
		       run->fallback ? run->notes->number[i] : (uint64_t)TC_ABSENT_S32);
		expect(run, record, &record->result,
		       run->fallback ? run->notes->number[i] : (uint64_t)TC_ABSENT_S32);
	}
}

struct serving {
	const char *ip;
	int family;
};

/* number[0]: the socket that listens, [1]: the accepted one. Address 0: of the first, 1: of the
 * client. */
static void act_serve(struct run *run)
{
	const struct serving *with = run->test->with;
	int server = socket(with->family, SOCK_STREAM, 0),
	    client = socket(with->family, SOCK_STREAM, 0);
	union address address;

	free_address(run, &address, with->ip, SOCK_STREAM);
	must(run, server >= 0 && client >= 0);
	enter(run);
	run->notes->number[0] = (uint64_t)server;
	must(run, syscall(SYS_bind, server, &address, address_size(&address)) == 0);
	must(run, syscall(SYS_listen, server, 5) == 0);
	note_local(run, 0, server);
	must(run, syscall(SYS_connect, client, &address, address_size(&address)) == 0);
	note_local(run, 1, client);
	run->notes->number[1] = (uint64_t)syscall(SYS_accept4, server, NULL, NULL, SOCK_CLOEXEC);
	must(run, (int)run->notes->number[1] >= 0);
}

static void check_serve(struct run *run)
{
	const struct serving *with = run->test->with;
	struct socket_truth truth = {
		.family = with->family,
		.type = SOCK_STREAM,
		.protocol = IPPROTO_TCP,
		.local = noted(run, 0),
		.is_server = true,
		.fd = (int)run->notes->number[0],
		.result = run->fallback ? 0 : TC_ABSENT_S32,
	};
	const struct tc_listen *listening;

	expect_socket(run, TC_KIND_bind, by_call(run, SYS_bind), &truth);
	listening =
		(const void *)expect_socket(run, TC_KIND_listen, by_call(run, SYS_listen), &truth);
	if (listening)
		expect(run, listening, &listening->backlog, 5);
	truth.remote = noted(run, 1);
	truth.connected = true;
	truth.fd = truth.result = run->fallback ? (int)run->notes->number[1] : TC_ABSENT_S32;
	expect_socket(run, TC_KIND_accept, by_call(run, SYS_accept4), &truth);
	expect_fact(run, "connects", pass_over(run, TC_KIND_connect), 1);
}

static void act_unix_serve(struct run *run)
{
	const struct naming *with = run->test->with;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	union address address;
	socklen_t size = unix_address(&address, with->name);

	must(run, server >= 0 && client >= 0);
	enter(run);
	run->notes->number[0] = (uint64_t)server;
	must(run, syscall(SYS_bind, server, &address, size) == 0);
	must(run, syscall(SYS_listen, server, 5) == 0);
	must(run, syscall(SYS_connect, client, &address, size) == 0);
	run->notes->number[1] = (uint64_t)syscall(SYS_accept, server, NULL, NULL);
	must(run, (int)run->notes->number[1] >= 0);
}

static void check_unix_serve(struct run *run)
{
	const struct naming *with = run->test->with;
	struct by by = by_call(run, SYS_bind);
	struct socket_truth truth = {
		.family = AF_UNIX,
		.type = SOCK_STREAM,
		.path = unix_path(run, with),
		.is_server = true,
		.fd = (int)run->notes->number[0],
		.result = run->fallback ? 0 : TC_ABSENT_S32,
	};
	const struct tc_listen *listening;

	/* Before it is there a path is the caller's word. */
	if (!run->fallback && with->name[0] != '@')
		by.flags |= TC_RECORD_CALLER;
	expect_socket(run, TC_KIND_bind, by, &truth);
	listening =
		(const void *)expect_socket(run, TC_KIND_listen, by_call(run, SYS_listen), &truth);
	if (listening)
		expect(run, listening, &listening->backlog, 5);
	truth.connected = true;
	truth.fd = truth.result = run->fallback ? (int)run->notes->number[1] : TC_ABSENT_S32;
	expect_socket(run, TC_KIND_accept, by_call(run, SYS_accept), &truth);
	expect_fact(run, "connects", pass_over(run, TC_KIND_connect), 1);
	pass_over(run, TC_KIND_create);
}

/* --- send, receive --- */

struct exchanging {
	const char *ip;
	int family, type, protocol;
};

/*
 * Two datagrams to one peer, one to another: two events. The second peer receives with the sender's
 * address, twice: one event. number[0]: the sender, [1]: the receiver. Address 0: the sender, 1, 2:
 * the peers.
 */
static void act_exchange(struct run *run)
{
	const struct exchanging *with = run->test->with;
	int fds[3];
	char byte[128];

	for (unsigned i = 0; i < 3; i++) {
		union address address;

		ip_address(&address, with->ip, 0);
		fds[i] = socket(with->family, with->type,
				with->type == SOCK_RAW ? with->protocol : 0);
		must(run, fds[i] >= 0);
		if (i > 0)
			must(run, bind(fds[i], &address.any, address_size(&address)) == 0);
		note_local(run, i, fds[i]);
	}
	enter(run);
	run->notes->number[0] = (uint64_t)fds[0];
	run->notes->number[1] = (uint64_t)fds[2];
	for (unsigned i = 0; i < 4; i++) {
		const union address *peer = noted(run, i < 2 ? 1 : 2);

		must(run, syscall(SYS_sendto, fds[0], "x", 1, 0, peer, address_size(peer)) == 1);
	}
	note_local(run, 0, fds[0]);
	for (unsigned i = 0; i < 2; i++) {
		union address from;
		socklen_t size = sizeof(from);

		must(run, syscall(SYS_recvfrom, fds[2], byte, sizeof(byte), 0, &from, &size) > 0);
	}
}

static void check_exchange(struct run *run)
{
	const struct exchanging *with = run->test->with;
	union address own = *noted(run, 0);
	struct socket_truth truth = {
		.family = with->family,
		.type = with->type,
		.protocol = with->protocol,
		.local = &own,
		.fd = (int)run->notes->number[0],
		.result = run->fallback ? 1 : TC_ABSENT_S32,
	};

	for (unsigned i = 1; i < 3; i++) {
		truth.remote = noted(run, i);
		expect_socket(run, TC_KIND_send, by_call(run, SYS_sendto), &truth);
	}
	/* Bound to an address, but to no port that it asked for: not taken for a server. */
	truth.local = noted(run, 2);
	ip_address(&own, with->ip, ntohs(noted(run, 0)->v4.sin_port));
	truth.remote = &own;
	truth.fd = (int)run->notes->number[1];
	expect_socket(run, TC_KIND_receive, by_call(run, SYS_recvfrom), &truth);
}

/* A server: its port was asked for. */
static void act_answer(struct run *run)
{
	int server = socket(AF_INET, SOCK_DGRAM, 0), client = socket(AF_INET, SOCK_DGRAM, 0);
	union address address;
	socklen_t size = sizeof(address);
	char byte;

	free_address(run, &address, "127.0.0.1", SOCK_DGRAM);
	must(run, server >= 0 && client >= 0);
	must(run, bind(server, &address.any, address_size(&address)) == 0);
	note_local(run, 0, server);
	must(run, connect(client, &address.any, address_size(&address)) == 0);
	note_local(run, 1, client);
	must(run, write(client, "x", 1) == 1);
	enter(run);
	run->notes->number[0] = (uint64_t)server;
	must(run, syscall(SYS_recvfrom, server, &byte, 1, 0, &address, &size) == 1);
	must(run, syscall(SYS_sendto, server, &byte, 1, 0, &address, size) == 1);
}

static void check_answer(struct run *run)
{
	struct socket_truth truth = {
		.family = AF_INET,
		.type = SOCK_DGRAM,
		.protocol = IPPROTO_UDP,
		.local = noted(run, 0),
		.remote = noted(run, 1),
		.is_server = true,
		.fd = (int)run->notes->number[0],
		.result = run->fallback ? 1 : TC_ABSENT_S32,
	};

	expect_socket(run, TC_KIND_receive, by_call(run, SYS_recvfrom), &truth);
	expect_socket(run, TC_KIND_send, by_call(run, SYS_sendto), &truth);
}

/* A stream's sends and receipts are not told. */
static void act_stream(struct run *run)
{
	union address address;
	int server = listener(run, "127.0.0.1", &address), client = socket(AF_INET, SOCK_STREAM, 0),
	    peer;
	char byte;

	must(run, client >= 0 && connect(client, &address.any, address_size(&address)) == 0);
	peer = accept(server, NULL, NULL);
	must(run, peer >= 0);
	enter(run);
	must(run, syscall(SYS_sendto, client, "x", 1, 0, NULL, 0) == 1);
	must(run, syscall(SYS_recvfrom, peer, &byte, 1, 0, NULL, NULL) == 1);
}

static void check_stream(struct run *run)
{
	(void)run; /* expect_all() refuses all but the child's end */
}

static void act_unix_send(struct run *run)
{
	const struct naming *with = run->test->with;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	union address address;
	socklen_t size;

	must(run, fd >= 0);
	unix_server(run, with);
	size = unix_address(&address, with->name);
	enter(run);
	run->notes->number[0] = (uint64_t)fd;
	must(run, syscall(SYS_sendto, fd, "x", 1, 0, &address, size) == 1);
	must(run, syscall(SYS_sendto, fd, "x", 1, 0, &address, size) == 1);
}

static void check_unix_send(struct run *run)
{
	const struct naming *with = run->test->with;
	struct by by = by_call(run, SYS_sendto);
	struct socket_truth truth = {
		.family = AF_UNIX,
		.type = SOCK_DGRAM,
		.path = unix_path(run, with),
		.fd = (int)run->notes->number[0],
		.result = run->fallback ? 1 : TC_ABSENT_S32,
	};

	if (run->fallback && with->name[0] != '@')
		by.flags |= TC_RECORD_CALLER;
	expect_socket(run, TC_KIND_send, by, &truth);
}

#define NAMING(name_, ...) (&(const struct naming){.name = name_, .type = __VA_ARGS__})
#define CONNECTING(...) (&(const struct connecting){__VA_ARGS__})

const struct test network_tests[] = {
	TEST(connect_tcp, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "127.0.0.1", .family = AF_INET, .type = SOCK_STREAM,
				.protocol = IPPROTO_TCP)),
	TEST(connect_tcp6, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "::1", .family = AF_INET6, .type = SOCK_STREAM,
				.protocol = IPPROTO_TCP)),
	TEST(connect_tcp_mapped, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "127.0.0.1", .family = AF_INET6, .type = SOCK_STREAM,
				.protocol = IPPROTO_TCP)),
	TEST(connect_tcp_nonblocking, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "127.0.0.1", .family = AF_INET, .type = SOCK_STREAM,
				.protocol = IPPROTO_TCP, .flags = SOCK_NONBLOCK,
				.result = -EINPROGRESS)),
	TEST(connect_tcp_closed, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "127.0.0.1", .family = AF_INET, .type = SOCK_STREAM,
				.protocol = IPPROTO_TCP, .closed = true, .result = -ECONNREFUSED)),
	TEST(connect_tcp_unreachable, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "255.255.255.255", .family = AF_INET, .type = SOCK_STREAM,
				.protocol = IPPROTO_TCP, .refused = true, .result = -ENETUNREACH)),
	TEST(connect_udp, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "127.0.0.1", .family = AF_INET, .type = SOCK_DGRAM,
				.protocol = IPPROTO_UDP)),
	TEST(connect_udp6, ANY, NULL, act_connect, check_connect,
	     .with = CONNECTING(.ip = "::1", .family = AF_INET6, .type = SOCK_DGRAM,
				.protocol = IPPROTO_UDP)),
	TEST(connect_tcp_fastopen, ANY, NULL, act_fastopen, check_fastopen),
	TEST(connect_tcp_32, ANY, NULL, act_connect_32, check_connect_32,
	     .with = &(const bool){false}),
	TEST(connect_tcp_socketcall, ANY, NULL, act_connect_32, check_connect_32,
	     .with = &(const bool){true}),
	TEST(connect_unix, ANY, NULL, act_unix_connect, check_unix_connect,
	     .with = NAMING("socket", SOCK_STREAM)),
	TEST(connect_unix_by_link, ANY, NULL, act_unix_connect, check_unix_connect,
	     .with = NAMING("socket", SOCK_STREAM, .by_link = true)),
	TEST(connect_unix_abstract, ANY, NULL, act_unix_connect, check_unix_connect,
	     .with = NAMING("@tocsin-events", SOCK_STREAM)),
	TEST(connect_unix_datagram, ANY, NULL, act_unix_connect, check_unix_connect,
	     .with = NAMING("socket", SOCK_DGRAM)),
	TEST(socket, ANY, NULL, act_socket, check_socket),
	TEST(accept_tcp, ANY, NULL, act_serve, check_serve,
	     .with = &(const struct serving){"127.0.0.1", AF_INET}),
	TEST(accept_tcp6, ANY, NULL, act_serve, check_serve,
	     .with = &(const struct serving){"::1", AF_INET6}),
	TEST(accept_unix, ANY, NULL, act_unix_serve, check_unix_serve,
	     .with = NAMING("socket", SOCK_STREAM)),
	TEST(accept_unix_abstract, ANY, NULL, act_unix_serve, check_unix_serve,
	     .with = NAMING("@tocsin-events", SOCK_STREAM)),
	TEST(send_udp, ANY, NULL, act_exchange, check_exchange,
	     .with = &(const struct exchanging){"127.0.0.1", AF_INET, SOCK_DGRAM, IPPROTO_UDP}),
	TEST(send_udp6, ANY, NULL, act_exchange, check_exchange,
	     .with = &(const struct exchanging){"::1", AF_INET6, SOCK_DGRAM, IPPROTO_UDP}),
	TEST(receive_udp, ANY, NULL, act_answer, check_answer),
	TEST(send_stream, ANY, NULL, act_stream, check_stream),
	TEST(send_unix, ANY, NULL, act_unix_send, check_unix_send,
	     .with = NAMING("socket", SOCK_DGRAM)),
	TEST(send_unix_abstract, ANY, NULL, act_unix_send, check_unix_send,
	     .with = NAMING("@tocsin-events", SOCK_DGRAM)),
	{0},
};
