/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What a record tells of a socket: the members of TC_SOCKET (schema/socket.def).
 *
 *	s->look.sk = (__u64)sk;
 *	s->look.given_to = LOOK_NEITHER;         or whose address is in s->look.given
 *	socket_fill(s->index, socket_at(record));
 *
 * What works on a struct scratch by its number is a global function, which the verifier checks
 *once.
 */
#ifndef TOCSIN_PROBES_SOCKET_H
#define TOCSIN_PROBES_SOCKET_H

#include "probes/lib/inode.h"
#include "probes/lib/path.h"

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262
/* include/net/tcp_states.h; datagram and unix sockets that are connected have it too. */
#define TCP_ESTABLISHED 1
/* include/net/sock.h: a port that was asked for by bind(2). */
#define SOCK_BINDPORT_LOCK 8
#define UNIX_PATH_MAX 108
/* include/linux/socket.h */
#define MSG_FASTOPEN 0x20000000

/* Addresses as calls give them: ip(7), ipv6(7), unix(7). */
struct address_ip4 {
	__u16 family;
	__be16 port;
	__be32 ip;
};

struct address_ip6 {
	__u16 family;
	__be16 port;
	__be32 flow;
	__u32 ip[4];
};

enum look_end { LOOK_NEITHER = 0, LOOK_REMOTE = 1, LOOK_LOCAL = 2 };

/* Where TC_SOCKET stands in a record. */
#define socket_at(record) __builtin_offsetof(__typeof__(*(record)), family)

static __always_inline __u16 port_number(__be16 port)
{
	return (__u16)(port << 8 | port >> 8);
}

static __always_inline void ip_from_v4(__u32 *ip, __be32 v4)
{
	ip[0] = 0;
	ip[1] = 0;
	ip[2] = 0xffff0000; /* bytes 0 0 ff ff */
	ip[3] = v4;
}

static __always_inline bool ip_is_v4(const __u32 *ip)
{
	return ip[0] == 0 && ip[1] == 0 && ip[2] == 0xffff0000;
}

/* What a call gave: of struct sockaddr_in or sockaddr_in6. False when it is another address. */
static __always_inline bool ip_port_from(struct ip_port *to, const struct address_ip6 *from,
					 int length)
{
	if (from->family == AF_INET && length >= (int)sizeof(struct address_ip4))
		ip_from_v4(to->ip, from->flow); /* the address has the place of the flow */
	else if (from->family == AF_INET6 && length >= (int)sizeof(*from))
		__builtin_memcpy(to->ip, from->ip, sizeof(to->ip));
	else
		return false;
	to->port = port_number(from->port);
	return true;
}

/* The same from a struct sockaddr in kernel memory. */
static __always_inline bool read_ip_port(struct ip_port *to, const void *address, int length)
{
	struct address_ip6 from = {};

	if (length < (int)sizeof(struct address_ip4))
		return false;
	/* All kernels keep such an address in a struct sockaddr_storage. */
	if (bpf_probe_read_kernel(&from, sizeof(from), address))
		return false;
	return ip_port_from(to, &from, length);
}

static __always_inline void slot_ip(struct scratch *s, struct tc_slot *slot, const __u32 *ip)
{
	__u64 offset = slot_offset(s, TC_IP_BYTES);

	if (!offset)
		return;
	__builtin_memcpy(s->record + offset, ip, TC_IP_BYTES);
	slot_close(s, slot, offset, TC_IP_BYTES, TC_IP_BYTES, 0);
}

/* TC_SOCKET in a record; at was checked not to lead out of it. */
static __always_inline struct tc_socket_part *socket_part(struct scratch *s, __u32 at)
{
	__u64 place = at;

	barrier_var(place); /* or clang checks one register and uses another */
	if (place > TC_FIXED_MAX - sizeof(struct tc_socket_part))
		return NULL;
	barrier_var(place);
	return (struct tc_socket_part *)(s->record + place);
}

/* Both ends as the socket has them. */
struct ends {
	__u32 local[4], remote[4];
	__u32 local_port, remote_port;
};

static __always_inline void read_ends(struct sock *sk, __u32 family, struct ends *ends)
{
	ends->local_port = port_number(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	ends->remote_port = port_number(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET) {
		ip_from_v4(ends->local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		ip_from_v4(ends->remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	} else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		bpf_core_read(ends->local, sizeof(ends->local), &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_core_read(ends->remote, sizeof(ends->remote), &sk->__sk_common.skc_v6_daddr);
	}
}

static __always_inline bool ip_is_any(const __u32 *ip)
{
	return (ip[0] | ip[1] | ip[3]) == 0 && (ip[2] == 0 || ip[2] == 0xffff0000);
}

/* A raw socket has its protocol where others have their port. */
static __always_inline void fill_ends(struct scratch *s, struct tc_socket_part *part,
				      const struct ends *ends)
{
	bool raw = part->sock_type == SOCK_RAW;

	if (s->look.given_to == LOOK_LOCAL) {
		slot_ip(s, &part->local, s->look.given.ip);
		part->local_port = raw ? TC_ABSENT_U32 : s->look.given.port;
	} else if ((ends->local_port && !raw) || !ip_is_any(ends->local)) {
		slot_ip(s, &part->local, ends->local);
		part->local_port = raw ? TC_ABSENT_U32 : ends->local_port;
	}
	if (s->look.given_to == LOOK_REMOTE) {
		slot_ip(s, &part->remote, s->look.given.ip);
		part->remote_port = raw ? TC_ABSENT_U32 : s->look.given.port;
	} else if ((ends->remote_port && !raw) || !ip_is_any(ends->remote)) {
		slot_ip(s, &part->remote, ends->remote);
		part->remote_port = raw ? TC_ABSENT_U32 : ends->remote_port;
	}
}

/* Fills TC_SOCKET but for is_server, which the event knows, and unix_path. */
__noinline int socket_fill(__u32 index, __u32 at)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	struct tc_socket_part *part;
	struct ends ends = {};
	struct sock *sk;

	part = s ? socket_part(s, at) : NULL;
	if (!part)
		return 0;
	sk = (struct sock *)s->look.sk;
	part->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	part->sock_type = BPF_CORE_READ(sk, sk_type);
	part->protocol = BPF_CORE_READ(sk, sk_protocol);
	part->connected = BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_ESTABLISHED;
	part->is_server = TC_ABSENT_U32;
	part->local_port = TC_ABSENT_U32;
	part->remote_port = TC_ABSENT_U32;
	if (part->family == AF_UNIX) /* datagram sockets have no such state before v5.13 */
		part->connected = BPF_CORE_READ((struct unix_sock *)sk, peer) != NULL;
	if (part->family != AF_INET && part->family != AF_INET6)
		return 0;
	read_ends(sk, part->family, &ends);
	fill_ends(s, part, &ends);
	return 0;
}

/* --- what else is asked of a socket --- */

/* The socket of a file, NULL when it is none: a socket's name that was opened with O_PATH is not.
 */
static __always_inline struct sock *file_sock(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct socket *sock;

	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFSOCK ||
	    BPF_CORE_READ(inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	sock = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(sock, sk);
}

static __always_inline bool socket_connected(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_ESTABLISHED;
}

static __always_inline bool socket_asked_for_port(struct sock *sk)
{
	return BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & SOCK_BINDPORT_LOCK;
}

/* The peer of a connected socket. */
static __always_inline void socket_peer(struct ip_port *to, struct sock *sk)
{
	to->port = port_number(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET)
		ip_from_v4(to->ip, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr))
		bpf_core_read(to->ip, sizeof(to->ip), &sk->__sk_common.skc_v6_daddr);
}

/* The number of the socket's inode: unlike its address it is not soon used again. */
static __always_inline __u64 socket_inode(struct sock *sk)
{
	struct socket *sock = BPF_CORE_READ(sk, sk_socket);
	struct socket_alloc *alloc;

	if (!sock)
		return 0;
	alloc = (struct socket_alloc *)((char *)sock -
					bpf_core_field_offset(struct socket_alloc, socket));
	return BPF_CORE_READ(alloc, vfs_inode.i_ino);
}

/* Whom a socket has sent to or received from; the least recently used are forgotten, and told anew.
 */
struct peer_key {
	__u64 sk, inode;
	__u64 peer[2]; /* an address; of a unix socket its address in memory and inode */
	__u32 port, kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct peer_key);
	__type(value, __u8);
} peers SEC(".maps");

/* True the first time: peer, port and kind are set. */
static __always_inline bool first_use(struct peer_key *key, struct sock *sk)
{
	__u8 known = 1;

	key->sk = (__u64)sk;
	key->inode = socket_inode(sk);
	if (bpf_map_lookup_elem(&peers, key))
		return false;
	bpf_map_update_elem(&peers, key, &known, BPF_ANY);
	return true;
}

/* --- unix sockets --- */

/* Appends a name as it is in a struct sockaddr_un in kernel memory, without the family. */
static __always_inline void slot_unix_name(struct scratch *s, struct tc_slot *slot,
					   const char *name, __u32 length)
{
	__u64 offset = slot_offset(s, 128);

	if (!offset || length == 0 || length > UNIX_PATH_MAX)
		return;
	barrier_var(length); /* or clang drops the mask, and 5.10 does not see the bound */
	if (bpf_probe_read_kernel(s->record + offset, length & 127, name)) {
		slot_close(s, slot, offset, 0, 0, TC_SLOT_UNREADABLE);
		return;
	}
	if (s->record[offset] == 0)
		s->record[offset] = '@';
	slot_close(s, slot, offset, length, length, 0);
}

/* Fills unix_path by the name of the unix socket s->look.sk: its path, walked, or its abstract
 * name. */
__noinline int socket_fill_path(__u32 index, __u32 at)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	struct tc_socket_part *part;
	struct unix_address *address;
	struct unix_sock *unix_sk;
	struct dentry *dentry;

	part = s ? socket_part(s, at) : NULL;
	if (!part)
		return 0;
	unix_sk = (struct unix_sock *)s->look.sk;
	dentry = BPF_CORE_READ(unix_sk, path.dentry);
	if (dentry) {
		slot_path(s, &part->unix_path, dentry, BPF_CORE_READ(unix_sk, path.mnt));
		return 0;
	}
	address = BPF_CORE_READ(unix_sk, addr);
	if (address)
		slot_unix_name(s, &part->unix_path,
			       (char *)address + bpf_core_field_offset(struct unix_address, name) +
				       2,
			       BPF_CORE_READ(address, len) - 2);
	return 0;
}

/* Notes the path of a struct sockaddr_un for socket_fill_words(); read: bpf_probe_read_kernel or
 * _user. */
#define look_words(s, read, address, length)                                                       \
	({                                                                                         \
		(s)->look.words_length = (length)-2;                                               \
		read((s)->look.words, UNIX_PATH_MAX, (const char *)(address) + 2);                 \
	})

/*
 * Fills unix_path by what a call gave: the caller's words, behind the working directory when they
 * do not begin with a slash.
 */
__noinline int socket_fill_words(__u32 index, __u32 at)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	struct tc_socket_part *part;
	__u64 offset, base = 0;
	long length;

	part = s ? socket_part(s, at) : NULL;
	if (!part || (__s32)s->look.words_length <= 0)
		return 0;
	if (!s->look.words[0]) {
		slot_unix_name(s, &part->unix_path, s->look.words, s->look.words_length);
		return 0;
	}
	offset = slot_offset(s, 2 * TC_PATH_MAX);
	if (!offset)
		return 0;
	((struct tc_record *)s->record)->flags |= TC_RECORD_CALLER;
	if (s->look.words[0] != '/') {
		walk_path(s, BPF_CORE_READ(task, fs, pwd.dentry), BPF_CORE_READ(task, fs, pwd.mnt));
		base = TC_PATH_MAX - s->walk.offset;
		barrier_var(base);
		if (base > TC_PATH_MAX)
			return 0;
		bpf_probe_read_kernel(s->record + offset, base,
				      &s->walk.bytes[s->walk.offset & (TC_PATH_MAX - 1)]);
		s->record[offset + base++] = '/';
	}
	/* It need not end in NUL: the kernel puts one behind it (unix_mkname()). */
	s->look.words[s->look.words_length > UNIX_PATH_MAX ? UNIX_PATH_MAX
							   : s->look.words_length & 127] = 0;
	length = bpf_probe_read_kernel_str(s->record + offset + base, UNIX_PATH_MAX + 1,
					   s->look.words);
	if (length <= 0 || length > UNIX_PATH_MAX + 1)
		slot_close(s, &part->unix_path, offset, 0, 0, TC_SLOT_UNREADABLE);
	else
		slot_close(s, &part->unix_path, offset, base + length - 1, base + length - 1, 0);
	return 0;
}

#endif
