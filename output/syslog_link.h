/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a syslog server: looks its name up, connects, sends, and knows how much has arrived.
 * Nothing blocks longer than it is told to.
 *
 * Arrived means: the server's kernel has acknowledged it (TCP), its process has read it (a local
 * stream), or it was sent (datagrams). More cannot be known: syslog has no acknowledgements.
 */
#ifndef TOCSIN_OUTPUT_SYSLOG_LINK_H
#define TOCSIN_OUTPUT_SYSLOG_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "output/outbox.h"
#include "output/syslog_tls.h"

enum tc_syslog_transport {
	TC_SYSLOG_LOCAL, /* a datagram or stream socket of this host, as syslog(3) */
	TC_SYSLOG_UDP,	 /* RFC 5426 */
	TC_SYSLOG_TCP,	 /* RFC 6587, octet counting */
	TC_SYSLOG_TLS,	 /* RFC 5425 */
};

/* Strings are heap memory of the owner. */
struct tc_syslog_place {
	enum tc_syslog_transport transport;
	char *path;	     /* of a local socket */
	char *host, *port;   /* of a server */
	uint64_t timeout_ns; /* to connect, with all its addresses; for the kernel to give up */
	struct tc_syslog_tls_settings tls;
};

struct tc_syslog_link;

/* place must outlive the link. NULL when memory is out. */
struct tc_syslog_link *tc_syslog_link_new(const struct tc_syslog_place *place);
/* Takes NULL. */
void tc_syslog_link_free(struct tc_syslog_link *link);

/*
 * Goes on with connecting, at most until deadline_ns (CLOCK_MONOTONIC). 0: it is up; -EAGAIN: not
 * yet; another errno: failed, see tc_syslog_link_why(); the next call begins anew.
 */
int tc_syslog_link_up(struct tc_syslog_link *link, uint64_t deadline_ns);
bool tc_syslog_link_is_up(const struct tc_syslog_link *link);
/*
 * Sends frames that wait in the outbox, as many as go at once. 0: something was sent; -EAGAIN:
 * wait; another errno: failed.
 */
int tc_syslog_link_send(struct tc_syslog_link *link, struct tc_outbox *outbox);
/* Whether the other side is still there: 0 or a negative errno. */
int tc_syslog_link_look(struct tc_syslog_link *link);
/* Waits until something can be sent (if wanted), or the other side says something. */
void tc_syslog_link_wait(const struct tc_syslog_link *link, bool to_send, uint64_t deadline_ns);
/* Bytes on this connection, and how many of them have arrived. */
uint64_t tc_syslog_link_sent(const struct tc_syslog_link *link);
uint64_t tc_syslog_link_arrived(const struct tc_syslog_link *link);
/* Closes the connection. */
void tc_syslog_link_down(struct tc_syslog_link *link);

/* Has nothing arrived for too long? Then that is what failed. */
void tc_syslog_link_stalled(struct tc_syslog_link *link);
/* What failed last, in words. */
const char *tc_syslog_link_why(const struct tc_syslog_link *link);
/* "udp 192.0.2.1:514", "tls log.example.org:6514": for people. */
const char *tc_syslog_link_name(const struct tc_syslog_link *link);

#endif
