/* SPDX-License-Identifier: Apache-2.0 */
/* Events: connect. The truth is what getsockname(2) and getpeername(2) say. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
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
	expect(run, record, &record->is_server, truth->is_server);
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
	{0},
};
