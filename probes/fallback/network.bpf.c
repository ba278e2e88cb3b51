/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Family network of the fallback: the socket is that of the descriptor, when the call has ended.
 * Both ends and the result are known then.
 */

#define SOCK_TYPE_MASK 0xf
#define MSG_FASTOPEN 0x20000000
#define EISCONN 106
#define EALREADY 114

/* The socket of a descriptor, or NULL. */
static __noinline struct sock *descriptor_sock(__u32 fd)
{
	return file_sock(descriptor_file(fd));
}

/* Puts the call that socketcall(2) stands for in its place. */
static __always_inline bool socketcall_unpack(struct call *call)
{
	__u32 which = call_argument(call, 1);
	const void *arguments = (const void *)call_argument(call, 2);
	__u64 nr = socketcalls[which & 31];

	if (which > 31 || bpf_probe_read_user(call->arguments, sizeof(call->arguments), arguments))
		return false;
	barrier_var(nr);
	if (nr == 0 || nr >= CALLS_MAX)
		return false;
	call->row = &calls_32[nr];
	call->unpacked = true;
	return call->row->shape;
}

/* A record of a socket; what the call gave back is its result. */
static __always_inline struct scratch *socket_record(const struct call *call, __u32 kind,
						     __u32 size, struct sock *sk)
{
	struct scratch *s = call_record(kind, size);

	if (s) {
		s->look.sk = (__u64)sk;
		s->look.given_to = LOOK_NEITHER;
	}
	return s;
}

static __always_inline void socket_send(struct scratch *s, const struct call *call, __u32 fd)
{
	struct tc_connect *record = (struct tc_connect *)s->record;

	record->fd = fd;
	record->result = call->result;
	call_send(s);
}

/* What socket(2) was asked for. */
static __noinline int tell_socket(const struct call *call, __u32 fd)
{
	struct tc_socket *record;
	struct scratch *s = call_record(TC_KIND_socket, sizeof(*record));

	if (!s)
		return 0;
	record = (struct tc_socket *)s->record;
	network_call(&record->header);
	record->family = call_argument(call, 1);
	record->sock_type = call_argument(call, 2) & SOCK_TYPE_MASK;
	record->protocol = call_argument(call, 3);
	record->local_port = TC_ABSENT_U32;
	record->remote_port = TC_ABSENT_U32;
	record->is_server = TC_ABSENT_U32;
	socket_send(s, call, fd);
	return 0;
}

static __noinline int tell_socketpair(const struct call *call)
{
	__u32 fds[2] = {TC_ABSENT_S32, TC_ABSENT_S32};

	bpf_probe_read_user(fds, sizeof(fds), (const void *)call_argument(call, 4));
	tell_socket(call, fds[0]);
	tell_socket(call, fds[1]);
	return 0;
}

/* bind, listen, accept. */
static __noinline int tell_serving(const struct call *call, __u32 fd)
{
	struct sock *sk = descriptor_sock(fd);
	struct tc_listen *record; /* the largest of the three */
	__u32 kind = TC_KIND_accept, size = sizeof(struct tc_accept);
	struct scratch *s;

	if (call->row->shape == SHAPE_BIND) {
		kind = TC_KIND_bind;
		size = sizeof(struct tc_bind);
	} else if (call->row->shape == SHAPE_LISTEN) {
		kind = TC_KIND_listen;
		size = sizeof(*record);
	}
	s = sk ? socket_record(call, kind, size, sk) : NULL;
	if (!s)
		return 0;
	network_fill(s->index);
	record = (struct tc_listen *)s->record;
	record->is_server = true;
	if (kind == TC_KIND_listen)
		record->backlog = call_argument(call, call->row->value);
	if (kind == TC_KIND_accept)
		record->connected = true;
	if (record->family == AF_UNIX)
		socket_fill_path(s->index, socket_at(record));
	socket_send(s, call, fd);
	return 0;
}

/* --- with a peer --- */

/* The address that a call was given. */
struct given {
	const void *address; /* in user memory; NULL: none */
	__u32 length;
};

/* Its own arguments, or those in a struct msghdr. */
static __always_inline void find_given(const struct call *call, struct given *given)
{
	__u64 value = call_argument(call, call->row->value);
	__u32 short_header[2] = {};
	__u64 header[2] = {};

	switch (call->row->shape) {
	case SHAPE_CONNECT:
		given->address = (const void *)value;
		given->length = call_argument(call, call->row->value + 1);
		return;
	case SHAPE_SENDTO:
	case SHAPE_RECVFROM: /* that has the address of the length */
		given->address = (const void *)value;
		given->length = call->row->shape == SHAPE_SENDTO ? call_argument(call, 6)
								 : sizeof(struct address_ip6);
		return;
	}
	if (call->compat) {
		bpf_probe_read_user(short_header, sizeof(short_header), (const void *)value);
		given->address = (const void *)(__u64)short_header[0];
		given->length = short_header[1];
	} else {
		bpf_probe_read_user(header, sizeof(header), (const void *)value);
		given->address = (const void *)header[0];
		given->length = header[1];
	}
}

/* The internet address of what was given. */
static __noinline bool read_given(struct ip_port *to, const struct given *given)
{
	struct address_ip6 from = {};

	if (!given->address ||
	    bpf_probe_read_user(&from, sizeof(struct address_ip4), given->address))
		return false;
	if (from.family == AF_INET6)
		bpf_probe_read_user(&from, sizeof(from), given->address);
	return ip_port_from(to, &from, given->length);
}

static __always_inline bool is_ip_family(__u32 family)
{
	return family == AF_INET || family == AF_INET6;
}

/* Of a socket that has no peer, as of a connection that could not be made, the peer is the caller's
 * word. */
static __noinline int tell_connected(const struct call *call, struct sock *sk,
				     const struct given *given)
{
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct unix_sock *unix_sk = (struct unix_sock *)sk;
	struct tc_connect *record;
	struct ip_port peer = {};
	struct scratch *s;

	if (is_ip_family(family) && !BPF_CORE_READ(sk, __sk_common.skc_dport) &&
	    !read_given(&peer, given))
		return 0;
	s = socket_record(call, TC_KIND_connect, sizeof(*record), sk);
	if (!s)
		return 0;
	record = (struct tc_connect *)s->record;
	if (is_ip_family(family) && !BPF_CORE_READ(sk, __sk_common.skc_dport)) {
		record->header.flags |= TC_RECORD_CALLER;
		s->look.given = peer;
		s->look.given_to = LOOK_REMOTE;
	}
	network_fill(s->index);
	record->is_server = false;
	if (family == AF_UNIX) {
		s->look.sk = (__u64)BPF_CORE_READ(unix_sk, peer);
		socket_fill_path(s->index, socket_at(record));
	}
	socket_send(s, call, call_argument(call, call->row->from));
	return 0;
}

/* A second call on a socket that connects, or is connected, is no second connection. */
static __noinline int tell_connect(const struct call *call)
{
	struct sock *sk = descriptor_sock(call_argument(call, call->row->from));
	__u16 family = AF_UNSPEC; /* dissolves a connection */
	struct given given;

	if (!sk || call->result == -EALREADY || call->result == -EISCONN)
		return 0;
	find_given(call, &given);
	bpf_probe_read_user(&family, sizeof(family), given.address);
	if (family == AF_UNSPEC || (call->result < 0 && !is_ip_family(family)))
		return 0;
	return tell_connected(call, sk, &given);
}

static __noinline int tell_exchange(const struct call *call, __u32 kind, struct sock *sk,
				    const struct ip_port *peer)
{
	struct peer_key key = {.kind = kind};
	struct tc_send *record; /* struct tc_receive has the same members */
	struct scratch *s;

	__builtin_memcpy(key.peer, peer->ip, sizeof(key.peer));
	key.port = peer->port;
	if (!first_use(&key, sk))
		return 0;
	s = socket_record(call, kind, sizeof(*record), sk);
	if (!s)
		return 0;
	s->look.given = *peer;
	s->look.given_to = LOOK_REMOTE;
	network_fill(s->index);
	record = (struct tc_send *)s->record;
	record->is_server = !record->connected && socket_asked_for_port(sk);
	socket_send(s, call, call_argument(call, call->row->from));
	return 0;
}

/* To another unix socket: the one it is connected to, or the caller's words, once for each socket.
 */
static __noinline int tell_unix_send(const struct call *call, struct sock *sk,
				     const struct given *given)
{
	struct sock *other = BPF_CORE_READ((struct unix_sock *)sk, peer);
	struct peer_key key = {.kind = TC_KIND_send};
	struct tc_send *record;
	struct scratch *s;

	key.peer[0] = (__u64)other;
	if (!first_use(&key, sk))
		return 0;
	s = socket_record(call, TC_KIND_send, sizeof(*record), sk);
	if (!s)
		return 0;
	network_fill(s->index);
	record = (struct tc_send *)s->record;
	record->is_server = false;
	if (given->address) {
		look_words(s, bpf_probe_read_user, given->address, given->length);
		socket_fill_words(s->index, socket_at(record));
	} else {
		s->look.sk = (__u64)other;
		socket_fill_path(s->index, socket_at(record));
	}
	socket_send(s, call, call_argument(call, call->row->from));
	return 0;
}

static __noinline int tell_send(const struct call *call)
{
	struct sock *sk = descriptor_sock(call_argument(call, call->row->from));
	__u32 type = BPF_CORE_READ(sk, sk_type), family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct given given = {};
	struct ip_port peer;

	if (!sk)
		return 0;
	if (type == SOCK_STREAM) {
		if (!(call_argument(call, call->row->flags) & MSG_FASTOPEN) ||
		    !kind_wanted(TC_KIND_connect))
			return 0;
		find_given(call, &given);
		return tell_connected(call, sk, &given);
	}
	if (call->result < 0 || !kind_wanted(TC_KIND_send) ||
	    (type != SOCK_DGRAM && type != SOCK_RAW))
		return 0;
	find_given(call, &given);
	if (family == AF_UNIX)
		return tell_unix_send(call, sk, &given);
	if (!is_ip_family(family))
		return 0;
	if (!given.address)
		socket_peer(&peer, sk);
	else if (!read_given(&peer, &given))
		return 0;
	return tell_exchange(call, TC_KIND_send, sk, &peer);
}

static __noinline int tell_receive(const struct call *call)
{
	struct sock *sk = descriptor_sock(call_argument(call, call->row->from));
	__u32 type = BPF_CORE_READ(sk, sk_type), family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct given given = {};
	struct ip_port peer;

	if (!sk || !is_ip_family(family) || socket_connected(sk) ||
	    (type != SOCK_DGRAM && type != SOCK_RAW))
		return 0;
	find_given(call, &given);
	if (!read_given(&peer, &given))
		return 0;
	return tell_exchange(call, TC_KIND_receive, sk, &peer);
}
