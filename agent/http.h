/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages for monitoring, over HTTP/1.1 (RFC 9112, by GNU libmicrohttpd): on a socket of this host
 * alone, without a thread. What they say is asked for when somebody asks for them.
 */
#ifndef TOCSIN_AGENT_HTTP_H
#define TOCSIN_AGENT_HTTP_H

#include "agent/buffer.h"

struct tc_http;

/* Appends the page. The HTTP status: 200, 503 ... */
typedef unsigned (*tc_http_page_writer)(void *context, struct tc_buffer *text);

struct tc_http_page {
	const char *path; /* "/metrics" */
	const char *type; /* of its content: a media type (RFC 9110, section 8.3.1) */
	tc_http_page_writer write;
};

/* So many may be connected at a time, each for so long without a word. */
#define TC_HTTP_CONNECTIONS_MAX 16
#define TC_HTTP_TIMEOUT_S 5

/*
 * Reads an address: ADDRESS:PORT where the address is of the loopback interface ("127.0.0.1:9435",
 * "[::1]:9435"; no names), or the absolute path of a UNIX socket. NULL when it is good; else why
 * it is not.
 */
const char *tc_http_address_fault(const char *address);

/*
 * Listens there. A UNIX socket is for its owner alone; one that nobody listens at any more is
 * replaced. pages, ended by a path of NULL, and context must outlive it. 0 or a negative errno,
 * logged.
 */
int tc_http_open(const char *address, const struct tc_http_page *pages, void *context,
		 struct tc_http **ret_http);
/* Answers who has asked; waits for nobody. To be called a few times a second. Takes NULL. */
void tc_http_serve(struct tc_http *http);
/* Takes NULL. */
void tc_http_close(struct tc_http *http);

#endif
