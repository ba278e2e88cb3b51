/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The addresses that stand for IPv4 (RFC 4291, 2.5.5.2). */
static const unsigned char mapped_first[TC_IP_BYTES] = {[10] = 0xff, [11] = 0xff};
static const unsigned char mapped_last[TC_IP_BYTES] = {
	[10] = 0xff, [11] = 0xff, [12] = 0xff, [13] = 0xff, [14] = 0xff, [15] = 0xff};
#define MAPPED_PREFIX 96

static int compare(const unsigned char *left, const unsigned char *right)
{
	return memcmp(left, right, TC_IP_BYTES);
}

/* Adds or takes away one; false when there is no such address. */
static bool next(unsigned char *address)
{
	for (int i = TC_IP_BYTES - 1; i >= 0; i--) {
		if (++address[i])
			return true;
	}
	return false;
}

static void previous(unsigned char *address)
{
	for (int i = TC_IP_BYTES - 1; i >= 0; i--) {
		if (address[i]--)
			return;
	}
}

/* The length of a prefix: digits only. */
static int parse_prefix(const char *text, unsigned limit, unsigned *ret_prefix)
{
	unsigned prefix = 0;

	if (!*text || strlen(text) > 3)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		prefix = prefix * 10 + (unsigned)(*text - '0');
	}
	if (prefix > limit)
		return -EINVAL;
	*ret_prefix = prefix;
	return 0;
}

/* Reads an address; *ret_bits is how many bits of it a prefix may count. */
static int parse_address(const char *text, size_t length, unsigned char *ret_address,
			 unsigned *ret_bits)
{
	char copy[INET6_ADDRSTRLEN];

	if (length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	memcpy(ret_address, mapped_first, TC_IP_BYTES);
	*ret_bits = 32;
	if (inet_pton(AF_INET, copy, ret_address + 12) == 1)
		return 0;
	*ret_bits = 128;
	return inet_pton(AF_INET6, copy, ret_address) == 1 ? 0 : -EINVAL;
}

int tc_net_parse(const char *text, struct tc_net ret_nets[TC_NET_PARTS])
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	struct tc_net net = {0};
	unsigned bits, prefix;

	if (parse_address(text, length, net.first, &bits))
		return -EINVAL;
	prefix = bits;
	if (slash && parse_prefix(slash + 1, bits, &prefix))
		return -EINVAL;
	if (bits == 32)
		prefix += MAPPED_PREFIX;
	for (unsigned bit = 0; bit < TC_IP_BYTES * 8; bit++) {
		unsigned char mask = (unsigned char)(0x80 >> bit % 8);

		if (bit % 8 == 0)
			net.last[bit / 8] = net.first[bit / 8];
		if (bit < prefix)
			continue;
		net.first[bit / 8] &= (unsigned char)~mask;
		net.last[bit / 8] |= mask;
	}
	ret_nets[0] = net;
	if (prefix >= MAPPED_PREFIX || compare(net.first, mapped_first) > 0 ||
	    compare(net.last, mapped_last) < 0)
		return 1;
	ret_nets[1] = net;
	memcpy(ret_nets[0].last, mapped_first, TC_IP_BYTES);
	previous(ret_nets[0].last);
	memcpy(ret_nets[1].first, mapped_last, TC_IP_BYTES);
	next(ret_nets[1].first);
	return 2;
}

static int compare_nets(const void *left, const void *right)
{
	const struct tc_net *a = left, *b = right;

	return compare(a->first, b->first) ?: compare(a->last, b->last);
}

/* Whether b, which does not begin before a, overlaps it or begins right behind it. */
static bool is_joined(const struct tc_net *a, const struct tc_net *b)
{
	unsigned char behind[TC_IP_BYTES];

	memcpy(behind, a->last, TC_IP_BYTES);
	return !next(behind) || compare(b->first, behind) <= 0;
}

size_t tc_nets_arrange(struct tc_net *nets, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(nets, n, sizeof(*nets), compare_nets);
	for (size_t i = 0; i < n; i++) {
		struct tc_net *before = kept ? &nets[kept - 1] : NULL;

		if (!before || !is_joined(before, &nets[i]))
			nets[kept++] = nets[i];
		else if (compare(nets[i].last, before->last) > 0)
			memcpy(before->last, nets[i].last, TC_IP_BYTES);
	}
	return kept;
}

bool tc_nets_have(const struct tc_net *nets, size_t n, const char *address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(address, nets[middle].first, TC_IP_BYTES) < 0)
			high = middle;
		else if (memcmp(address, nets[middle].last, TC_IP_BYTES) > 0)
			low = middle + 1;
		else
			return true;
	}
	return false;
}
