/* SPDX-License-Identifier: Apache-2.0 */
/* Internet addresses and networks as ranges, so that a set of any size is searched by halves. */
#ifndef TOCSIN_RULES_COMPILE_NET_H
#define TOCSIN_RULES_COMPILE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Addresses first to last, both included, as TC_TYPE_IP has them: IPv4 as ::ffff:a.b.c.d. */
struct tc_net {
	unsigned char first[TC_IP_BYTES], last[TC_IP_BYTES];
};

/* Most ranges that one word makes. */
#define TC_NET_PARTS 2

/*
 * Reads an address (192.0.2.1, 2001:db8::1) or a network (192.0.2.0/24, 2001:db8::/32; bits behind
 * the prefix are ignored). A network of IPv6 that lies around the mapped addresses of IPv4 (::/0)
 * does not hold them, which takes two ranges. Returns the number of ranges, or -EINVAL.
 */
int tc_net_parse(const char *text, struct tc_net ret_nets[TC_NET_PARTS]);

/* Puts ranges in order and joins those that overlap or touch. Returns how many are left. */
size_t tc_nets_arrange(struct tc_net *nets, size_t n);

/* Whether an address of TC_IP_BYTES is in one of arranged ranges. */
bool tc_nets_have(const struct tc_net *nets, size_t n, const char *address);

#endif
