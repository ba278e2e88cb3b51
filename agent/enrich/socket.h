/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of an event, if it has one: what fields of sockets and fields of descriptors in
 * general share. */
#ifndef TOCSIN_AGENT_ENRICH_SOCKET_H
#define TOCSIN_AGENT_ENRICH_SOCKET_H

#include "agent/event.h"

/* The event's socket members, or NULL. */
const struct tc_socket_part *tc_event_socket(const struct tc_event *event);

/* Falco's word (ipv4, ipv6, unix) and letter (4, 6, u) for a socket; NULL when it has none. An IPv6
 * socket that talks IPv4 is ipv4. */
const char *tc_socket_type(const struct tc_event *event, const struct tc_socket_part *socket);
const char *tc_socket_typechar(const struct tc_event *event, const struct tc_socket_part *socket);

/* The result of the call, where the event knows it. */
bool tc_event_result(const struct tc_event *event, int32_t *ret_result);

#endif
