/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Family network. Each event is told where both ends are known:
 *
 *	connect   TCP: behind tcp_v4_connect() and tcp_v6_connect(), when the local end was chosen
 *and the first packet sent, whether the call waits or not; unix: where the kernel has found the
 *socket that listens; the others: at the LSM hook accept    sock_graft, the LSM hook at which the
 *new socket is given its file: socket_accept comes before there is a peer send, receive   behind
 *the protocols' own functions, so that TCP's way is left alone; attached while wanted
 *
 * All kinds of the family have the members of struct tc_connect in front.
 */

/* What every program of the family asks first. The agent's own outputs would make events of events.
 */
static __always_inline bool network_event_wanted(__u32 kind)
{
	return !current_is_agent() && decide_early(kind);
}

static __always_inline struct scratch *network_start(__u32 kind, __u32 size, __s32 io_uring_twin,
						     struct sock *sk)
{
	struct scratch *s = record_start(kind, size, io_uring_twin);

	if (s) {
		s->look.sk = (__u64)sk;
		s->look.given_to = LOOK_NEITHER;
	}
	return s;
}

/* i386 has one call for all of sockets, socketcall(2); its first argument says which. Numbers of
 * the same by themselves; accept() and send() have none, their sisters stand for them. */
static const __u16 socketcalls[32] SEC(".rodata.calls") = {
	[1] = 359,  [2] = 361,	[3] = 362,  [4] = 363,	[5] = 364,
	[8] = 360,  [9] = 369,	[10] = 371, [11] = 369, [12] = 371,
	[16] = 370, [17] = 372, [18] = 364, [19] = 337, [20] = 345,
};

/* The descriptor: the first argument of system calls about sockets. And what socketcall(2) stands
 * for. */
static __always_inline __s32 network_call(struct tc_record *header)
{
	struct compat_syscall call = {};

	if (header->flags & (TC_RECORD_IO_URING | TC_RECORD_KERNEL))
		return TC_ABSENT_S32;
	compat_current_syscall(compat_current(), &call);
	if (!call.compat || call.nr != NR_32_SOCKETCALL)
		return call.first;
	if (socketcalls[call.first & 31])
		header->syscall = socketcalls[call.first & 31];
	return TC_ABSENT_S32;
}

/* The descriptor, no result. */
__noinline int network_fill_call(__u32 index)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	struct tc_connect *record;

	if (!s)
		return 0;
	record_fill(index);
	record = (struct tc_connect *)s->record;
	record->fd = network_call(&record->header);
	record->result = TC_ABSENT_S32;
	return 0;
}

/* The socket, the descriptor, no result. */
__noinline int network_fill(__u32 index)
{
	network_fill_call(index);
	return socket_fill(index, socket_at((struct tc_connect *)NULL));
}

/* --- connect --- */

static __always_inline int tcp_connected(struct sock *sk, const void *address, int length,
					 int result)
{
	struct tc_connect *record;
	struct ip_port peer;
	struct scratch *s;

	if (!settings.tells_tcp || !network_event_wanted(TC_KIND_connect) ||
	    !read_ip_port(&peer, address, length))
		return 0;
	s = network_start(TC_KIND_connect, sizeof(*record), NR_CONNECT, sk);
	if (!s)
		return 0;
	s->look.given = peer;
	s->look.given_to = LOOK_REMOTE;
	record = (struct tc_connect *)s->record;
	socket_fill(s->index, socket_at(record));
	record->is_server = false;
	if (record_is_vain(s, 0, __builtin_offsetof(struct tc_connect, fd))) {
		record_drop(s);
		return 0;
	}
	network_fill_call(s->index);
	if (result < 0)
		record->result = result;
	record_tell(s);
	return 0;
}

SEC("fexit/tcp_v4_connect")
int BPF_PROG(tcp_v4_connect, struct sock *sk, void *address, int length, int result)
{
	return tcp_connected(sk, address, length, result);
}

/* A v4-mapped address goes on to tcp_v4_connect(). */
SEC("fexit/tcp_v6_connect")
int BPF_PROG(tcp_v6_connect, struct sock *sk, void *address, int length, int result)
{
	struct address_ip6 v6 = {};

	bpf_probe_read_kernel(&v6, sizeof(v6), address);
	if (v6.family == AF_INET6 && ip_is_v4(v6.ip))
		return 0;
	return tcp_connected(sk, address, length, result);
}

/* True when the hooks of unix sockets tell of this one's connects, and refuse them. */
static __always_inline bool is_unix(struct sock *sk)
{
	return known_read(sk, __sk_common.skc_family) == AF_UNIX;
}

static __always_inline bool is_tcp(struct sock *sk)
{
	__u16 family = known_read(sk, __sk_common.skc_family);
	__u16 protocol = known_read(sk, sk_protocol);

	return (family == AF_INET || family == AF_INET6) &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

/* TCP is told when its local end is known, by the programs behind, but refused here, while only the
 * remote one is. */
static __always_inline int connect_event(struct sock *sk, const void *address, int length,
					 __s32 io_uring_twin)
{
	bool behind = settings.tells_tcp && is_tcp(sk);
	struct tc_connect *record;
	struct scratch *s;
	__u16 family = AF_UNSPEC; /* dissolves a connection */

	if ((behind && !(enforcing() && tables_enforce(TC_KIND_connect))) ||
	    !network_event_wanted(TC_KIND_connect))
		return 0;
	bpf_probe_read_kernel(&family, sizeof(family), address);
	if (family == AF_UNSPEC)
		return 0;
	s = network_start(TC_KIND_connect, sizeof(*record), io_uring_twin, sk);
	if (!s)
		return undecided(TC_KIND_connect);
	if (read_ip_port(&s->look.given, address, length))
		s->look.given_to = LOOK_REMOTE;
	network_fill(s->index);
	record = (struct tc_connect *)s->record;
	record->is_server = false;
	return behind ? record_refuse(s, HOW_TELLS) : record_decide(s);
}

/* The kernel acts for io_uring: here or in a thread of its own. */
static __always_inline bool in_ring(void)
{
	struct task_struct *task = compat_current();
	struct compat_syscall call = {};

	if (known_read(task, flags) & (PF_IO_WORKER | PF_KTHREAD))
		return true;
	compat_current_syscall(task, &call);
	return call.nr == NR_IO_URING_ENTER;
}

/* A datagram socket is about to ask unix_may_send(), which by a ring looks like a send. */
static __always_inline void note_connecting(struct sock *sk)
{
	struct task_terms *entry;

	if (known_read(sk, sk_type) != SOCK_DGRAM || !kind_wanted(TC_KIND_connect) || !in_ring())
		return;
	entry = compat_task_value(task_terms, compat_current());
	if (entry)
		entry->connecting = (__u64)sk;
}

SEC("lsm/socket_connect")
int BPF_PROG(socket_connect, struct socket *sock, void *address, int length)
{
	struct sock *sk = known_read(sock, sk);

	if (!sk)
		return 0;
	if (!is_unix(sk))
		return connect_event(sk, address, length, NR_CONNECT);
	note_connecting(sk);
	return 0;
}

/* TCP fast open: what is sent connects, without a call of connect(2). */
SEC("lsm/socket_sendmsg")
int BPF_PROG(socket_sendmsg, struct socket *sock, struct msghdr *msg, int size)
{
	struct sock *sk;

	if (!(known_read(msg, msg_flags) & MSG_FASTOPEN))
		return 0;
	sk = known_read(sock, sk);
	if (!sk || !is_tcp(sk))
		return 0;
	return connect_event(sk, known_read(msg, msg_name), known_read(msg, msg_namelen),
			     NR_SENDMSG);
}

/* --- unix sockets: the path is that of the other one --- */

static __always_inline int unix_event(__u32 kind, struct sock *sk, struct sock *other)
{
	struct tc_connect *record;
	struct scratch *s = network_start(kind, sizeof(*record),
					  kind == TC_KIND_connect ? NR_CONNECT : NR_SENDMSG, sk);

	if (!s)
		return undecided(kind);
	network_fill(s->index);
	record = (struct tc_connect *)s->record;
	record->is_server = false;
	s->look.sk = (__u64)other;
	socket_fill_path(s->index, socket_at(record));
	return record_decide(s);
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(unix_stream_connect, struct sock *sk, struct sock *other, struct sock *made)
{
	return network_event_wanted(TC_KIND_connect) ? unix_event(TC_KIND_connect, sk, other) : 0;
}

/* True in connect(2), by which name ever. */
static __always_inline bool in_connect(void)
{
	struct compat_syscall call = {};

	compat_current_syscall(compat_current(), &call);
	if (!call.compat)
		return call.nr == NR_CONNECT;
	return call.nr == NR_32_CONNECT ||
	       (call.nr == NR_32_SOCKETCALL && socketcalls[call.first & 31] == NR_32_CONNECT);
}

/* True when the ring that the kernel acts for connects this socket, and when that cannot be told.
 * What failed before it came here leaves a note for the next send. */
static __always_inline bool ring_connects(struct sock *sk)
{
	struct task_terms *entry = compat_task_value(task_terms, compat_current());

	if (!entry)
		return true;
	if (entry->connecting != (__u64)sk)
		return false;
	entry->connecting = 0;
	return true;
}

/* A datagram socket may send to another one: asked by connect(2), and for every datagram. */
SEC("lsm/unix_may_send")
int BPF_PROG(unix_may_send, struct socket *sock, struct socket *other)
{
	struct sock *sk = known_read(sock, sk), *other_sk = known_read(other, sk);
	struct peer_key key = {.kind = TC_KIND_send};

	if (!sk || !other_sk || (!kind_wanted(TC_KIND_connect) && !kind_wanted(TC_KIND_send)))
		return 0;
	if (in_ring() ? ring_connects(sk) : in_connect())
		return network_event_wanted(TC_KIND_connect)
			       ? unix_event(TC_KIND_connect, sk, other_sk)
			       : 0;
	key.peer[0] = (__u64)other_sk;
	key.peer[1] = socket_inode(other_sk);
	if (!network_event_wanted(TC_KIND_send) || !first_use(&key, sk))
		return 0;
	return unix_event(TC_KIND_send, sk, other_sk);
}

/* --- socket, bind, listen, accept --- */

/* kern: the kernel makes one for itself. */
SEC("lsm/socket_create")
int BPF_PROG(socket_create, int family, int type, int protocol, int kern)
{
	struct tc_socket *record;
	struct scratch *s;

	if (kern || !network_event_wanted(TC_KIND_socket))
		return 0;
	s = network_start(TC_KIND_socket, sizeof(*record), NR_SOCKET, NULL);
	if (!s)
		return undecided(TC_KIND_socket);
	record = (struct tc_socket *)s->record;
	record_fill(s->index);
	network_call(&record->header);
	record->family = family;
	record->sock_type = type;
	record->protocol = protocol;
	record->local_port = TC_ABSENT_U32;
	record->remote_port = TC_ABSENT_U32;
	record->is_server = TC_ABSENT_U32;
	record->fd = TC_ABSENT_S32;
	record->result = TC_ABSENT_S32;
	return record_decide(s);
}

SEC("lsm/socket_bind")
int BPF_PROG(socket_bind, struct socket *sock, void *address, int length)
{
	struct sock *sk = known_read(sock, sk);
	struct tc_bind *record;
	struct scratch *s;

	if (!sk || !network_event_wanted(TC_KIND_bind))
		return 0;
	s = network_start(TC_KIND_bind, sizeof(*record), NR_BIND, sk);
	if (!s)
		return undecided(TC_KIND_bind);
	if (read_ip_port(&s->look.given, address, length))
		s->look.given_to = LOOK_LOCAL;
	network_fill(s->index);
	record = (struct tc_bind *)s->record;
	record->is_server = true;
	if (record->family == AF_UNIX) {
		look_words(s, bpf_probe_read_kernel, address, length);
		socket_fill_words(s->index, socket_at(record));
	}
	return record_decide(s);
}

/* Completes an event about a socket that waits for others: a unix socket has its own path. */
static __always_inline void fill_serving(struct scratch *s)
{
	struct tc_accept *record = (struct tc_accept *)s->record;

	record->is_server = true;
	if (record->family == AF_UNIX)
		socket_fill_path(s->index, socket_at(record));
}

SEC("lsm/socket_listen")
int BPF_PROG(socket_listen, struct socket *sock, int backlog)
{
	struct sock *sk = known_read(sock, sk);
	struct tc_listen *record;
	struct scratch *s;

	if (!sk || !network_event_wanted(TC_KIND_listen))
		return 0;
	s = network_start(TC_KIND_listen, sizeof(*record), NR_LISTEN, sk);
	if (!s)
		return undecided(TC_KIND_listen);
	network_fill(s->index);
	record = (struct tc_listen *)s->record;
	record->backlog = backlog;
	fill_serving(s);
	return record_decide(s);
}

/* The peer may have hung up already, which is not what fd.connected is about. */
SEC("lsm/sock_graft")
int BPF_PROG(sock_graft, struct sock *sk, struct socket *parent)
{
	struct tc_accept *record;
	struct scratch *s;

	if (!network_event_wanted(TC_KIND_accept))
		return 0;
	s = network_start(TC_KIND_accept, sizeof(*record), NR_ACCEPT, sk);
	if (!s)
		return 0;
	network_fill(s->index);
	record = (struct tc_accept *)s->record;
	record->fd = TC_ABSENT_S32; /* the new one has no number yet */
	record->connected = true;
	fill_serving(s);
	record_tell(s);
	return 0;
}

/* --- send, receive --- */

/* A socket with a port that it asked for, and without a peer of its own, serves. */
static __always_inline void exchange_event(__u32 kind, struct sock *sk, const struct ip_port *peer)
{
	struct tc_send *record; /* struct tc_receive has the same members */
	struct scratch *s = network_start(kind, sizeof(*record),
					  kind == TC_KIND_send ? NR_SENDMSG : NR_RECVMSG, sk);

	if (!s)
		return;
	s->look.given = *peer;
	s->look.given_to = LOOK_REMOTE;
	network_fill(s->index);
	record = (struct tc_send *)s->record;
	record->is_server = !record->connected && socket_asked_for_port(sk);
	record_tell(s);
}

static __always_inline int datagram_sent(struct sock *sk, struct msghdr *msg)
{
	struct peer_key key = {.kind = TC_KIND_send};
	struct ip_port peer;
	const void *name;

	if (!network_event_wanted(TC_KIND_send))
		return 0;
	name = known_read(msg, msg_name);
	if (!name)
		socket_peer(&peer, sk);
	else if (!read_ip_port(&peer, name, known_read(msg, msg_namelen)))
		return 0;
	__builtin_memcpy(key.peer, peer.ip, sizeof(key.peer));
	key.port = peer.port;
	if (first_use(&key, sk))
		exchange_event(TC_KIND_send, sk, &peer);
	return 0;
}

/* The name is filled in when the caller asks who sent: a server that answers does. */
static __always_inline int datagram_received(struct sock *sk, struct msghdr *msg, int result)
{
	struct peer_key key = {.kind = TC_KIND_receive};
	struct ip_port peer;
	const void *name;

	if (result < 0 || !network_event_wanted(TC_KIND_receive))
		return 0;
	name = known_read(msg, msg_name);
	if (!name || socket_connected(sk) || !read_ip_port(&peer, name, sizeof(struct address_ip6)))
		return 0;
	__builtin_memcpy(key.peer, peer.ip, sizeof(key.peer));
	key.port = peer.port;
	if (first_use(&key, sk))
		exchange_event(TC_KIND_receive, sk, &peer);
	return 0;
}

/* An IPv6 socket that sends to IPv4 passes two of these: the second time is not the first use. */
#define SENDS(function)                                                                            \
	SEC("fentry/" #function)                                                                   \
	int BPF_PROG(function, struct sock *sk, struct msghdr *msg)                                \
	{                                                                                          \
		return datagram_sent(sk, msg);                                                     \
	}

#define RECEIVES(function)                                                                         \
	SEC("fexit/" #function)                                                                    \
	int BPF_PROG(function, struct sock *sk, struct msghdr *msg)                                \
	{                                                                                          \
		return datagram_received(sk, msg, compat_receive_result(ctx));                     \
	}

SENDS(udp_sendmsg)
SENDS(udpv6_sendmsg)
SENDS(raw_sendmsg)
SENDS(rawv6_sendmsg)
SENDS(ping_v4_sendmsg)
SENDS(ping_v6_sendmsg)
RECEIVES(udp_recvmsg)
RECEIVES(udpv6_recvmsg)
RECEIVES(raw_recvmsg)
RECEIVES(rawv6_recvmsg)
RECEIVES(ping_recvmsg)
