/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of sockets: fd.* of network events, and the words of socket(2). */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

#include "agent/enrich/fields.h"
#include "agent/enrich/services.h"
#include "agent/enrich/socket.h"

#define ADDRESS_TEXT (INET6_ADDRSTRLEN + sizeof(":65535"))
#define IPPROTO_MPTCP_ 262 /* include/uapi/linux/in.h */

/* Where TC_SOCKET stands in an event; 0: the kind has none. */
static const uint16_t socket_offset[TC_KIND_LIMIT] = {
	[TC_KIND_socket] = offsetof(struct tc_socket, family),
	[TC_KIND_connect] = offsetof(struct tc_connect, family),
	[TC_KIND_bind] = offsetof(struct tc_bind, family),
	[TC_KIND_listen] = offsetof(struct tc_listen, family),
	[TC_KIND_accept] = offsetof(struct tc_accept, family),
	[TC_KIND_send] = offsetof(struct tc_send, family),
	[TC_KIND_receive] = offsetof(struct tc_receive, family),
	[TC_KIND_dup] = offsetof(struct tc_dup, family),
};

static const uint16_t result_offset[TC_KIND_LIMIT] = {
	[TC_KIND_socket] = offsetof(struct tc_socket, result),
	[TC_KIND_connect] = offsetof(struct tc_connect, result),
	[TC_KIND_bind] = offsetof(struct tc_bind, result),
	[TC_KIND_listen] = offsetof(struct tc_listen, result),
	[TC_KIND_accept] = offsetof(struct tc_accept, result),
	[TC_KIND_send] = offsetof(struct tc_send, result),
	[TC_KIND_receive] = offsetof(struct tc_receive, result),
};

const struct tc_socket_part *tc_event_socket(const struct tc_event *event)
{
	uint16_t offset = socket_offset[event->record->kind];
	const struct tc_socket_part *socket = (const void *)((const char *)event->record + offset);

	/* What is duplicated need not be one. */
	return offset && socket->family != TC_ABSENT_U32 ? socket : NULL;
}

bool tc_event_result(const struct tc_event *event, int32_t *ret_result)
{
	uint16_t offset = result_offset[event->record->kind];
	int32_t result;

	if (!offset)
		return false;
	result = *(const int32_t *)(const void *)((const char *)event->record + offset);
	if (result == TC_ABSENT_S32)
		return false;
	*ret_result = result;
	return true;
}

/* --- what it is --- */

static bool is_ip(const struct tc_socket_part *socket)
{
	return socket->family == AF_INET || socket->family == AF_INET6;
}

static bool is_v4_mapped(const struct tc_event *event, const struct tc_slot *slot)
{
	struct in6_addr address;

	if (!(slot->flags & TC_SLOT_PRESENT) || slot->stored != sizeof(address))
		return false;
	memcpy(&address, (const char *)event->record + slot->offset, sizeof(address));
	return IN6_IS_ADDR_V4MAPPED(&address);
}

/* 4 or 6; 0 for other families. */
static unsigned ip_version(const struct tc_event *event, const struct tc_socket_part *socket)
{
	if (!is_ip(socket))
		return 0;
	if (socket->family == AF_INET || is_v4_mapped(event, &socket->remote) ||
	    is_v4_mapped(event, &socket->local))
		return 4;
	return 6;
}

const char *tc_socket_type(const struct tc_event *event, const struct tc_socket_part *socket)
{
	unsigned version = ip_version(event, socket);

	if (version)
		return version == 4 ? "ipv4" : "ipv6";
	return socket->family == AF_UNIX ? "unix" : NULL;
}

const char *tc_socket_typechar(const struct tc_event *event, const struct tc_socket_part *socket)
{
	unsigned version = ip_version(event, socket);

	if (version)
		return version == 4 ? "4" : "6";
	return socket->family == AF_UNIX ? "u" : NULL;
}

bool tc_get_fd_sockfamily(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_socket_part *socket = tc_event_socket(event);

	if (socket && is_ip(socket))
		return tc_give_string(ret_value, "ip");
	return socket && socket->family == AF_UNIX && tc_give_string(ret_value, "unix");
}

static const struct {
	uint32_t protocol;
	const char *word, *l4proto; /* l4proto: Falco's word, where it has one */
} protocols[] = {
	{IPPROTO_IP, "IPPROTO_IP", NULL},	{IPPROTO_ICMP, "IPPROTO_ICMP", "icmp"},
	{IPPROTO_IGMP, "IPPROTO_IGMP", NULL},	{IPPROTO_IPIP, "IPPROTO_IPIP", NULL},
	{IPPROTO_TCP, "IPPROTO_TCP", "tcp"},	{IPPROTO_UDP, "IPPROTO_UDP", "udp"},
	{IPPROTO_DCCP, "IPPROTO_DCCP", "dccp"}, {IPPROTO_IPV6, "IPPROTO_IPV6", NULL},
	{IPPROTO_GRE, "IPPROTO_GRE", NULL},	{IPPROTO_ESP, "IPPROTO_ESP", NULL},
	{IPPROTO_AH, "IPPROTO_AH", NULL},	{IPPROTO_ICMPV6, "IPPROTO_ICMPV6", "icmp"},
	{IPPROTO_SCTP, "IPPROTO_SCTP", "sctp"}, {IPPROTO_UDPLITE, "IPPROTO_UDPLITE", "udplite"},
	{IPPROTO_RAW, "IPPROTO_RAW", NULL},	{IPPROTO_MPTCP_, "IPPROTO_MPTCP", "tcp"},
};

#define N_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

/* The protocol that socket(2) takes for 0. */
static uint32_t socket_protocol(const struct tc_socket_part *socket)
{
	if (socket->protocol)
		return socket->protocol;
	if (socket->sock_type == SOCK_STREAM)
		return IPPROTO_TCP;
	return socket->sock_type == SOCK_DGRAM ? IPPROTO_UDP : 0;
}

static const char *socket_l4proto(const struct tc_socket_part *socket)
{
	uint32_t protocol;

	if (!is_ip(socket))
		return NULL;
	if (socket->sock_type == SOCK_RAW)
		return "raw";
	protocol = socket_protocol(socket);
	for (size_t i = 0; i < N_PROTOCOLS; i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].l4proto;
	return NULL;
}

bool tc_get_fd_l4proto(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_socket_part *socket = tc_event_socket(event);
	const char *word = socket ? socket_l4proto(socket) : NULL;

	return word && tc_give_string(ret_value, word);
}

/* --- ends --- */

/* One end of a socket: 16 bytes of address, or NULL; port, or TC_ABSENT_U32. */
struct end {
	const char *address;
	uint32_t port;
};

enum side { SIDE_LOCAL, SIDE_REMOTE, SIDE_CLIENT, SIDE_SERVER };

static struct end socket_end(const struct tc_event *event, enum side side)
{
	const struct tc_socket_part *socket = tc_event_socket(event);
	const struct tc_slot *slot;
	struct end end = {.port = TC_ABSENT_U32};
	bool local;

	if (!socket)
		return end;
	if (side == SIDE_CLIENT || side == SIDE_SERVER) {
		if (socket->is_server == TC_ABSENT_U32)
			return end;
		local = (side == SIDE_SERVER) == (socket->is_server != 0);
	} else {
		local = side == SIDE_LOCAL;
	}
	slot = local ? &socket->local : &socket->remote;
	if (slot->flags & TC_SLOT_PRESENT && slot->stored == TC_IP_BYTES)
		end.address = (const char *)event->record + slot->offset;
	end.port = local ? socket->local_port : socket->remote_port;
	return end;
}

static bool give_address(struct tc_event *event, enum side side, struct tc_value *ret_value)
{
	struct end end = socket_end(event, side);

	if (!end.address)
		return false;
	*ret_value = (struct tc_value){.type = TC_TYPE_IP,
				       .bytes = end.address,
				       .length = TC_IP_BYTES,
				       .size = TC_IP_BYTES};
	return true;
}

static bool give_port(struct tc_event *event, enum side side, struct tc_value *ret_value)
{
	struct end end = socket_end(event, side);

	return end.port != TC_ABSENT_U32 && tc_give_uint(ret_value, end.port);
}

/* The name of the port's service; the number where it has none, as Falco has it. */
static bool give_service(struct tc_event *event, enum side side, struct tc_value *ret_value)
{
	struct end end = socket_end(event, side);
	const char *l4proto, *name;
	char text[12];
	char *copy;
	int length;

	if (end.port == TC_ABSENT_U32)
		return false;
	l4proto = socket_l4proto(tc_event_socket(event));
	name = tc_services_name(event->world ? event->world->services : NULL, end.port,
				l4proto && strcmp(l4proto, "udp") == 0);
	if (name)
		return tc_give_string(ret_value, name);
	length = snprintf(text, sizeof(text), "%u", end.port);
	copy = tc_arena_copy(&event->arena, text, (size_t)length);
	return copy && tc_give_bytes(ret_value, copy, (size_t)length);
}

#define END_GETTER(getter, give, side)                                                             \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		return give(event, side, ret_value);                                               \
	}

END_GETTER(tc_get_fd_cip, give_address, SIDE_CLIENT)
END_GETTER(tc_get_fd_sip, give_address, SIDE_SERVER)
END_GETTER(tc_get_fd_lnet, give_address, SIDE_LOCAL)
END_GETTER(tc_get_fd_rnet, give_address, SIDE_REMOTE)
END_GETTER(tc_get_fd_cport, give_port, SIDE_CLIENT)
END_GETTER(tc_get_fd_sport, give_port, SIDE_SERVER)
END_GETTER(tc_get_fd_cproto, give_service, SIDE_CLIENT)
END_GETTER(tc_get_fd_sproto, give_service, SIDE_SERVER)
END_GETTER(tc_get_fd_lproto, give_service, SIDE_LOCAL)
END_GETTER(tc_get_fd_rproto, give_service, SIDE_REMOTE)

/* --- words --- */

/* A word for protocols of the internet families, the number for the others: each family has numbers
 * of its own. */
bool tc_get_evt_arg_proto(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_socket_part *socket = tc_event_socket(event);
	char text[12];
	char *copy;
	int length;

	if (!socket)
		return false;
	for (size_t i = 0; is_ip(socket) && i < N_PROTOCOLS; i++)
		if (protocols[i].protocol == socket->protocol)
			return tc_give_string(ret_value, protocols[i].word);
	length = snprintf(text, sizeof(text), "%u", socket->protocol);
	copy = tc_arena_copy(&event->arena, text, (size_t)length);
	return copy && tc_give_bytes(ret_value, copy, (size_t)length);
}

/*
 * True of the events that give the socket a peer it did not have: with a socket of its own for each
 * peer connect and accept, else the first datagram to or from a peer.
 */
bool tc_get_fd_name_changed(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_socket_part *socket = tc_event_socket(event);

	if (!socket)
		return false;
	switch (event->record->kind) {
	case TC_KIND_connect:
	case TC_KIND_accept:
		return tc_give_bool(ret_value, true);
	case TC_KIND_send:
	case TC_KIND_receive:
		return tc_give_bool(ret_value, socket->connected != 1);
	}
	return tc_give_bool(ret_value, false);
}

/* --- its name --- */

/* Writes ADDRESS:PORT; an end that is not known is 0.0.0.0:0 or :::0. Returns the length. */
static size_t print_end(char *text, struct end end, bool v4)
{
	char address[INET6_ADDRSTRLEN] = "";
	struct in6_addr bytes = IN6ADDR_ANY_INIT;

	if (end.address)
		memcpy(&bytes, end.address, sizeof(bytes));
	if (v4)
		inet_ntop(AF_INET, &bytes.s6_addr[12], address, sizeof(address));
	else
		inet_ntop(AF_INET6, &bytes, address, sizeof(address));
	return (size_t)snprintf(text, ADDRESS_TEXT, "%s:%u", address,
				end.port == TC_ABSENT_U32 ? 0 : end.port);
}

static bool give_tuple(struct tc_event *event, bool v4, struct tc_value *ret_value)
{
	struct end local = socket_end(event, SIDE_LOCAL), remote = socket_end(event, SIDE_REMOTE);
	bool local_first = tc_event_socket(event)->is_server != 1; /* the client */
	char text[2 * ADDRESS_TEXT + 2];
	size_t length;
	char *copy;

	if (!local.address && !remote.address)
		return false;
	if (remote.address) {
		length = print_end(text, local_first ? local : remote, v4);
		length += (size_t)snprintf(text + length, sizeof(text) - length, "->");
		length += print_end(text + length, local_first ? remote : local, v4);
	} else {
		length = print_end(text, local, v4);
	}
	copy = tc_arena_copy(&event->arena, text, length);
	return copy && tc_give_bytes(ret_value, copy, length);
}

bool tc_get_fd_name(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_socket_part *socket = tc_event_socket(event);
	const struct tc_slot *path;

	if (socket && is_ip(socket))
		return give_tuple(event, ip_version(event, socket) == 4, ret_value);
	if (!socket && event->record->kind != TC_KIND_dup)
		return false;
	path = socket ? &socket->unix_path : &((const struct tc_dup *)event->record)->path;
	if (path->flags & TC_SLOT_UNREADABLE)
		ret_value->flags = TC_VALUE_UNREADABLE;
	if (!(path->flags & TC_SLOT_PRESENT) || path->flags & TC_SLOT_UNREADABLE)
		return false;
	tc_give_bytes(ret_value, (const char *)event->record + path->offset, path->stored);
	ret_value->size = path->size;
	ret_value->flags = (path->flags & TC_SLOT_CUT ? TC_VALUE_CUT : 0) |
			   (path->flags & TC_SLOT_TAIL ? TC_VALUE_TAIL : 0);
	return true;
}
