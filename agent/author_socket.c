/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket of an event that was written down. Falco's fields tell of client and server, records
 * of the local and the remote end: which is which depends on the process being the server or not.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/author_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fields of an end, and the members that hold it when the process is the server or the client. */
static const struct {
	const char *name, *as_server, *as_client;
} end_rows[] = {
	{"fd.sip", "local", "remote"},
	{"fd.cip", "remote", "local"},
	{"fd.sport", "local_port", "remote_port"},
	{"fd.cport", "remote_port", "local_port"},
};

/* Falco's words, and the numbers that lead to them. */
static const struct {
	const char *name, *word, *member;
	uint32_t number;
} word_rows[] = {
	{"fd.sockfamily", "unix", "family", AF_UNIX},
	{"fd.type", "unix", "family", AF_UNIX},
	{"fd.type", "ipv4", "family", AF_INET},
	{"fd.type", "ipv6", "family", AF_INET6},
	{"fd.typechar", "u", "family", AF_UNIX},
	{"fd.typechar", "4", "family", AF_INET},
	{"fd.typechar", "6", "family", AF_INET6},
	{"fd.l4proto", "tcp", "protocol", IPPROTO_TCP},
	{"fd.l4proto", "udp", "sock_type", SOCK_DGRAM},
	{"fd.l4proto", "udp", "protocol", IPPROTO_UDP},
	{"fd.l4proto", "icmp", "sock_type", SOCK_DGRAM},
	{"fd.l4proto", "icmp", "protocol", IPPROTO_ICMP},
	{"fd.l4proto", "raw", "sock_type", SOCK_RAW},
};

static void put_plain(struct tc_author *author, const char *name, uint64_t number)
{
	const struct tc_member *member = tc_draft_member(&author->draft, name);

	if (!tc_draft_knows(&author->draft, member))
		tc_draft_number(&author->draft, member, number);
}

static int put_ends(struct tc_author *author, bool server)
{
	struct tc_draft *draft = &author->draft;

	for (size_t i = 0; i < COUNT(end_rows); i++) {
		const struct tc_member *member = tc_draft_member(
			draft, server ? end_rows[i].as_server : end_rows[i].as_client);
		int error;

		if (!tc_author_own(author, end_rows[i].name) || tc_draft_knows(draft, member))
			continue;
		error = tc_author_put(author, draft, member,
				      tc_author_find(author, TC_PERSON_ACTOR, end_rows[i].name));
		if (error < 0)
			return error;
	}
	return 0;
}

static bool is_ipv6(const struct tc_draft *draft, const char *name)
{
	const struct tc_slot *slot =
		(const void *)(draft->bytes + tc_draft_member(draft, name)->offset);
	struct in6_addr address; /* slots are not aligned */

	if (slot->stored != TC_IP_BYTES)
		return false;
	memcpy(&address, draft->bytes + slot->offset, sizeof(address));
	return !IN6_IS_ADDR_V4MAPPED(&address);
}

static uint32_t plain_family(const struct tc_draft *draft)
{
	if (tc_draft_knows(draft, tc_draft_member(draft, "unix_path")))
		return AF_UNIX;
	return is_ipv6(draft, "local") || is_ipv6(draft, "remote") ? AF_INET6 : AF_INET;
}

int tc_author_put_socket(struct tc_author *author)
{
	struct tc_draft *draft = &author->draft;
	const struct tc_value *server = tc_author_own(author, "fd.is_server");
	enum tc_kind kind = draft->kind->kind;
	bool serves =
		server ? server->yes
		       : kind == TC_KIND_accept || kind == TC_KIND_listen || kind == TC_KIND_bind;
	int error;

	if (!tc_draft_member(draft, "sock_type"))
		return 0;
	tc_draft_number(draft, tc_draft_member(draft, "is_server"), serves);
	if (!tc_author_own(author, "fd.connected"))
		tc_draft_number(draft, tc_draft_member(draft, "connected"), kind == TC_KIND_accept);
	error = put_ends(author, serves);
	for (size_t i = 0; i < COUNT(word_rows) && error == 0; i++) {
		const struct tc_value *word = tc_author_own(author, word_rows[i].name);

		if (word && tc_author_is_word(word, word_rows[i].word))
			put_plain(author, word_rows[i].member, word_rows[i].number);
	}
	put_plain(author, "family", plain_family(draft));
	put_plain(author, "sock_type", SOCK_STREAM);
	put_plain(author, "protocol", 0);
	return error;
}
