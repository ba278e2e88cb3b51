/* SPDX-License-Identifier: Apache-2.0 */
/* Acts and expectations that the tests of sockets share. */
#ifndef TOCSIN_TESTS_EVENTS_NETWORK_H
#define TOCSIN_TESTS_EVENTS_NETWORK_H

#include <netinet/in.h>
#include <sys/un.h>

#include "tests/events/file.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un path;
};

socklen_t address_size(const union address *address);
/* An IPv4 or IPv6 address from its text. */
void ip_address(union address *address, const char *ip, uint16_t port);
/* Place for an address that the child notes: index is below 4. */
#define noted(run, index) ((union address *)(void *)(run)->notes->text[index])
/* Notes what getsockname(2) says. */
void note_local(struct run *run, unsigned index, int fd);
/* A TCP socket that listens, and its address. */
int listener(struct run *run, const char *ip, union address *ret_address);

/* What is true of a socket at the time of an event. */
struct socket_truth {
	int family, type, protocol;
	const union address *local, *remote; /* NULL: not known */
	const char *path;		     /* NULL: none */
	int is_server;			     /* -1: not known */
	bool connected;
	int fd, result; /* TC_ABSENT_S32: not known */
};

/* The next record of a kind of the network family, all of which begin as struct tc_connect does. */
const struct tc_connect *expect_socket(struct run *run, enum tc_kind kind, struct by by,
				       const struct socket_truth *truth);
/* By a system call on a descriptor. */
#define by_call(run, nr) ((struct by){.syscall = (nr), .flags = descriptor_flags(run)})

#endif
