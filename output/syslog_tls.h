/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for syslog (RFC 5425): version 1.2 or later, the server's certificate and name are verified
 * unless that is switched off. Sockets are non-blocking.
 */
#ifndef TOCSIN_OUTPUT_SYSLOG_TLS_H
#define TOCSIN_OUTPUT_SYSLOG_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Strings are heap memory of the owner; NULL where nothing was given. */
struct tc_syslog_tls_settings {
	char *server;	   /* name or address that the certificate must be for, and SNI */
	char *ca;	   /* file of certificates; NULL: those that the system trusts */
	char *certificate; /* of the agent, with its chain */
	char *key;	   /* of that certificate; NULL: in the same file */
	bool verify;
};

struct tc_syslog_tls;

/* Words of what failed go here. */
struct tc_syslog_why {
	char text[512];
};

/*
 * Begins with TLS on a connected socket. Files are read each time: renewed certificates are used
 * from the next connection on. fd -1: only looks whether the settings are good. 0; -EINVAL with
 * why.
 */
int tc_syslog_tls_start(const struct tc_syslog_tls_settings *settings, int fd,
			struct tc_syslog_tls **ret_tls, struct tc_syslog_why *why);
/* 0: the connection is up; -EAGAIN: wait for *ret_events (poll(2)); -EPROTO with why. */
int tc_syslog_tls_handshake(struct tc_syslog_tls *tls, short *ret_events,
			    struct tc_syslog_why *why);
/* Bytes that were taken; -EAGAIN: wait for *ret_events; another errno with why. */
ssize_t tc_syslog_tls_send(struct tc_syslog_tls *tls, const char *bytes, size_t length,
			   short *ret_events, struct tc_syslog_why *why);
/* Reads what the server says: nothing (-EAGAIN), that it ends the connection or will not have it
 * (-ECONNRESET or -EPROTO, with why). */
int tc_syslog_tls_look(struct tc_syslog_tls *tls, struct tc_syslog_why *why);
/* Bytes that were written to the socket. */
uint64_t tc_syslog_tls_written(const struct tc_syslog_tls *tls);
/* "TLSv1.3". */
const char *tc_syslog_tls_version(const struct tc_syslog_tls *tls);
/* Tells the server that this is the end, if it goes without waiting. Takes NULL. The socket stays
 * open. */
void tc_syslog_tls_free(struct tc_syslog_tls *tls);

#endif
