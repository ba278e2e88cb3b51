/* SPDX-License-Identifier: Apache-2.0 */
/* Deeds with sockets, on the loopback interface. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/selftest/deed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct sockaddr_in here = {.sin_family = AF_INET,
					.sin_addr.s_addr = 0x0100007f /* 127.0.0.1 */};

static int make_socket(struct tc_deed_place *place)
{
	return tc_deed_result(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int open_socket(int *fd, int type)
{
	*fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	return *fd < 0 ? -errno : 0;
}

static int have_datagram(struct tc_deed_place *place)
{
	return open_socket(&place->fd, SOCK_DGRAM);
}

static int bind_it(struct tc_deed_place *place)
{
	return tc_deed_result(
		bind(place->fd, (const struct sockaddr *)&here, (socklen_t)sizeof(here)));
}

/* The port that discards what it gets (RFC 863): nothing is sent there. */
static int connect_it(struct tc_deed_place *place)
{
	struct sockaddr_in peer = here;

	peer.sin_port = htons(9);
	return tc_deed_result(
		connect(place->fd, (const struct sockaddr *)&peer, (socklen_t)sizeof(peer)));
}

static int have_stream(struct tc_deed_place *place)
{
	int r = open_socket(&place->fd, SOCK_STREAM);

	return r < 0 ? r : bind_it(place);
}

static int listen_it(struct tc_deed_place *place)
{
	return tc_deed_result(listen(place->fd, 1));
}

/* Connects place->other to place->fd. */
static int join(struct tc_deed_place *place)
{
	struct sockaddr_in name;
	socklen_t length = sizeof(name);

	if (getsockname(place->fd, (struct sockaddr *)&name, &length) < 0)
		return -errno;
	return tc_deed_result(
		connect(place->other, (const struct sockaddr *)&name, (socklen_t)sizeof(name)));
}

static int have_caller(struct tc_deed_place *place)
{
	int r = have_stream(place);

	if (r == 0)
		r = listen_it(place);
	if (r == 0)
		r = open_socket(&place->other, SOCK_STREAM);
	return r < 0 ? r : join(place);
}

static int accept_it(struct tc_deed_place *place)
{
	return tc_deed_result(accept4(place->fd, NULL, NULL, SOCK_CLOEXEC));
}

static int have_pair(struct tc_deed_place *place)
{
	int r = have_datagram(place);

	if (r == 0)
		r = bind_it(place);
	if (r == 0)
		r = open_socket(&place->other, SOCK_DGRAM);
	return r < 0 ? r : join(place);
}

static int send_it(struct tc_deed_place *place)
{
	return tc_deed_result(send(place->other, "x", 1, MSG_NOSIGNAL));
}

static int have_mail(struct tc_deed_place *place)
{
	int r = have_pair(place);

	return r < 0 ? r : send_it(place);
}

static int receive_it(struct tc_deed_place *place)
{
	struct sockaddr_in peer;
	socklen_t length = sizeof(peer);
	char byte;

	/* Who asks for no name is told of no peer, and so are the probes. */
	return tc_deed_result(recvfrom(place->fd, &byte, 1, 0, (struct sockaddr *)&peer, &length));
}

const struct tc_deed tc_deeds_network[] = {
	{TC_KIND_socket, "makes a socket", NULL, make_socket},
	{TC_KIND_bind, "binds it to 127.0.0.1", have_datagram, bind_it},
	{TC_KIND_connect, "connects it to 127.0.0.1", have_datagram, connect_it},
	{TC_KIND_listen, "listens on 127.0.0.1", have_stream, listen_it},
	{TC_KIND_accept, "accepts a connection from itself", have_caller, accept_it},
	{TC_KIND_send, "sends a byte to itself", have_pair, send_it},
	{TC_KIND_receive, "receives it", have_mail, receive_it},
};
const size_t tc_n_deeds_network = COUNT(tc_deeds_network);
