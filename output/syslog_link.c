/* SPDX-License-Identifier: Apache-2.0 */
#include "output/syslog_link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "output/syslog_message.h"

#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL
/* A connection that is idle is asked after so long whether it is still there. */
#define KEEPALIVE_S 60
/* A socket's buffer, so that datagrams of the largest size go through the local socket. */
#define SEND_BUFFER_BYTES (1 << 20)
/* Most reads of what a server says, which nobody wants, at a time. */
#define LOOKS_MAX 64

/* Steps on the way up, in order. */
enum stage { STAGE_DOWN, STAGE_LOOKUP, STAGE_CONNECT, STAGE_HANDSHAKE, STAGE_UP };

/* A look-up of a name. It may outlive the link: the resolver takes as long as it likes. */
struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char *host, *port;
};

struct tc_syslog_link {
	const struct tc_syslog_place *place;
	enum stage stage;
	struct lookup *lookup;
	struct addrinfo *addresses, *address; /* all, and the one that is tried */
	unsigned n_addresses;
	uint64_t started_ns; /* this stage, or this address */
	int fd;
	short events; /* what the present stage waits for */
	bool stream;  /* a local socket that is one */
	struct tc_syslog_tls *tls;
	uint64_t sent;
	size_t frame_sent; /* of the first frame that waits, on a local stream */
	struct tc_syslog_why why;
	char name[320];
};

static __attribute__((format(printf, 3, 4))) int fail(struct tc_syslog_link *link, int error,
						      const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(link->why.text, sizeof(link->why.text), format, arguments);
	va_end(arguments);
	return error;
}

static int fail_errno(struct tc_syslog_link *link, int number)
{
	return fail(link, -number, "%s", strerror(number));
}

/* --- looking up --- */

static void lookup_free(struct lookup *lookup)
{
	if (lookup->request.ar_result)
		freeaddrinfo(lookup->request.ar_result);
	free(lookup->host);
	free(lookup->port);
	free(lookup);
}

/*
 * One that cannot be stopped keeps its memory: glibc's thread writes to it when it is done. Behind
 * its result, which it writes last, it may still call the request running.
 */
static void lookup_drop(struct tc_syslog_link *link)
{
	struct lookup *lookup = link->lookup;

	link->lookup = NULL;
	if (!lookup)
		return;
	if (gai_error(&lookup->request) != EAI_INPROGRESS ||
	    gai_cancel(&lookup->request) != EAI_NOTCANCELED)
		lookup_free(lookup);
}

/* An address needs no look-up. */
static bool take_numeric(struct tc_syslog_link *link, const struct addrinfo *hints)
{
	struct addrinfo numeric = *hints;

	numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
	return getaddrinfo(link->place->host, link->place->port, &numeric, &link->addresses) == 0;
}

static int take_addresses(struct tc_syslog_link *link)
{
	link->address = link->addresses;
	link->n_addresses = 0;
	for (struct addrinfo *next = link->addresses; next; next = next->ai_next)
		link->n_addresses++;
	link->stage = STAGE_CONNECT;
	return 0;
}

static int step_down(struct tc_syslog_link *link)
{
	const struct addrinfo hints = {
		.ai_socktype = link->place->transport == TC_SYSLOG_UDP ? SOCK_DGRAM : SOCK_STREAM,
	};
	struct gaicb *list[1];

	link->started_ns = tc_clock_monotonic_ns();
	if (link->place->transport == TC_SYSLOG_LOCAL) {
		link->stage = STAGE_CONNECT;
		return 0;
	}
	if (take_numeric(link, &hints))
		return take_addresses(link);
	link->lookup = calloc(1, sizeof(*link->lookup));
	if (!link->lookup)
		return fail_errno(link, ENOMEM);
	*link->lookup = (struct lookup){.hints = hints,
					.host = strdup(link->place->host),
					.port = strdup(link->place->port)};
	link->lookup->request.ar_name = link->lookup->host;
	link->lookup->request.ar_service = link->lookup->port;
	link->lookup->request.ar_request = &link->lookup->hints;
	list[0] = &link->lookup->request;
	link->stage = STAGE_LOOKUP;
	if (!link->lookup->host || !link->lookup->port ||
	    getaddrinfo_a(GAI_NOWAIT, list, 1, NULL)) {
		lookup_free(link->lookup);
		link->lookup = NULL;
		return fail_errno(link, ENOMEM);
	}
	return 0;
}

static int step_lookup(struct tc_syslog_link *link)
{
	int result = gai_error(&link->lookup->request);

	if (result == EAI_INPROGRESS)
		return -EAGAIN;
	if (result)
		return fail(link, -EHOSTUNREACH, "cannot look up %s: %s", link->place->host,
			    gai_strerror(result));
	link->addresses = link->lookup->request.ar_result;
	link->lookup->request.ar_result = NULL;
	lookup_drop(link);
	link->started_ns = tc_clock_monotonic_ns();
	return take_addresses(link);
}

/* --- connecting --- */

static void close_socket(struct tc_syslog_link *link)
{
	tc_syslog_tls_free(link->tls);
	link->tls = NULL;
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

static void set_option(int fd, int level, int option, int value)
{
	/* One that a kernel does not have is missed, not needed. */
	setsockopt(fd, level, option, &value, sizeof(value));
}

/* So that a connection whose other side has vanished is noticed. */
static void set_patience(const struct tc_syslog_link *link)
{
	set_option(link->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(link->fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
	set_option(link->fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_S / 4);
	set_option(link->fd, IPPROTO_TCP, TCP_KEEPCNT, 4);
	set_option(link->fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
		   (int)(link->place->timeout_ns / NS_PER_MS));
}

static int open_socket(struct tc_syslog_link *link, int family, int type)
{
	link->fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (link->fd < 0)
		return -errno;
	return 0;
}

static int try_local(struct tc_syslog_link *link, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int error = open_socket(link, AF_UNIX, type);

	if (error)
		return error;
	strncpy(address.sun_path, link->place->path, sizeof(address.sun_path) - 1);
	set_option(link->fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
	if (connect(link->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	error = -errno;
	close_socket(link);
	return error;
}

/* syslog(3) does the same: datagrams, and a stream where the socket is one. */
static int connect_local(struct tc_syslog_link *link)
{
	int error = try_local(link, SOCK_DGRAM);

	link->stream = error == -EPROTOTYPE;
	if (link->stream)
		error = try_local(link, SOCK_STREAM);
	if (error)
		return fail_errno(link, -error);
	link->stage = STAGE_UP;
	return 0;
}

static int next_address(struct tc_syslog_link *link, int number)
{
	close_socket(link);
	link->address = link->address->ai_next;
	link->started_ns = tc_clock_monotonic_ns();
	return link->address ? 0 : fail_errno(link, number);
}

/* Connected, as far as the kernel is concerned. */
static int connected(struct tc_syslog_link *link)
{
	if (link->place->transport != TC_SYSLOG_TLS) {
		link->stage = STAGE_UP;
		return 0;
	}
	link->stage = STAGE_HANDSHAKE;
	return tc_syslog_tls_start(&link->place->tls, link->fd, &link->tls, &link->why);
}

static int begin_connect(struct tc_syslog_link *link)
{
	const struct addrinfo *address = link->address;
	int error = open_socket(link, address->ai_family, address->ai_socktype);

	if (error)
		return next_address(link, -error);
	if (address->ai_socktype == SOCK_STREAM)
		set_patience(link);
	if (connect(link->fd, address->ai_addr, address->ai_addrlen) == 0)
		return connected(link);
	return errno == EINPROGRESS ? 0 : next_address(link, errno);
}

static int step_connect(struct tc_syslog_link *link)
{
	struct pollfd ready = {.fd = link->fd, .events = POLLOUT};
	int number = 0;
	socklen_t length = sizeof(number);

	link->events = POLLOUT;
	if (link->place->transport == TC_SYSLOG_LOCAL)
		return connect_local(link);
	if (link->fd < 0)
		return begin_connect(link);
	if (poll(&ready, 1, 0) > 0) {
		getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &number, &length);
		return number ? next_address(link, number) : connected(link);
	}
	/* Each address has its share of the time. */
	if (tc_clock_monotonic_ns() - link->started_ns >
	    link->place->timeout_ns / link->n_addresses)
		return next_address(link, ETIMEDOUT);
	return -EAGAIN;
}

static int step_handshake(struct tc_syslog_link *link)
{
	int error = tc_syslog_tls_handshake(link->tls, &link->events, &link->why);

	if (error == -EAGAIN &&
	    tc_clock_monotonic_ns() - link->started_ns > link->place->timeout_ns)
		return fail(link, -ETIMEDOUT, "the server does not answer in TLS");
	if (!error)
		link->stage = STAGE_UP;
	return error;
}

static int remaining_ms(uint64_t deadline_ns)
{
	uint64_t now_ns = tc_clock_monotonic_ns();

	return now_ns < deadline_ns ? (int)((deadline_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS) : 0;
}

static void wait_for_events(const struct tc_syslog_link *link, short events, uint64_t deadline_ns)
{
	struct pollfd ready = {.fd = link->fd, .events = events};

	poll(&ready, 1, remaining_ms(deadline_ns));
}

static void wait_for_lookup(const struct tc_syslog_link *link, uint64_t deadline_ns)
{
	const struct gaicb *const list[] = {&link->lookup->request};
	int ms = remaining_ms(deadline_ns);
	const struct timespec span = {.tv_sec = ms / 1000,
				      .tv_nsec = (long)(ms % 1000) * (long)NS_PER_MS};

	gai_suspend(list, 1, &span);
}

int tc_syslog_link_up(struct tc_syslog_link *link, uint64_t deadline_ns)
{
	static int (*const steps[])(struct tc_syslog_link *) = {
		[STAGE_DOWN] = step_down,
		[STAGE_LOOKUP] = step_lookup,
		[STAGE_CONNECT] = step_connect,
		[STAGE_HANDSHAKE] = step_handshake,
	};

	while (link->stage != STAGE_UP) {
		int error = steps[link->stage](link);

		if (error && error != -EAGAIN) {
			tc_syslog_link_down(link);
			return error;
		}
		if (!error)
			continue;
		if (!remaining_ms(deadline_ns))
			return -EAGAIN;
		if (link->stage == STAGE_LOOKUP)
			wait_for_lookup(link, deadline_ns);
		else
			wait_for_events(link, link->events, deadline_ns);
	}
	link->events = POLLOUT;
	return 0;
}

bool tc_syslog_link_is_up(const struct tc_syslog_link *link)
{
	return link->stage == STAGE_UP;
}

/* --- sending --- */

static int sent(struct tc_syslog_link *link, ssize_t count)
{
	if (count > 0)
		return 0;
	/* ENOBUFS: the queue of the network device is full. */
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return -EAGAIN;
	return fail_errno(link, errno);
}

static int send_datagram(struct tc_syslog_link *link, struct tc_outbox *outbox)
{
	struct tc_syslog_frame frame =
		tc_syslog_frame_read(outbox->bytes.bytes + outbox->written, tc_outbox_rest(outbox));
	ssize_t count = send(link->fd, frame.bytes, frame.length, MSG_NOSIGNAL);

	if (count < 0 && errno == EMSGSIZE)
		return fail(link, -EMSGSIZE,
			    "a message of %zu bytes is too large for the socket; give a smaller "
			    "max_size",
			    frame.length);
	if (count >= 0) {
		link->sent += frame.size;
		tc_outbox_take(outbox, frame.size);
	}
	return sent(link, count);
}

/* Messages end with a NUL, as those of syslog(3) on a stream. */
static int send_local_stream(struct tc_syslog_link *link, struct tc_outbox *outbox)
{
	struct tc_syslog_frame frame =
		tc_syslog_frame_read(outbox->bytes.bytes + outbox->written, tc_outbox_rest(outbox));
	struct iovec parts[] = {
		{(char *)frame.bytes + link->frame_sent, frame.length - link->frame_sent},
		{"", 1},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t count = sendmsg(link->fd, &message, MSG_NOSIGNAL);

	if (count > 0) {
		link->sent += (uint64_t)count;
		link->frame_sent += (size_t)count;
	}
	if (link->frame_sent == frame.length + 1) {
		link->frame_sent = 0;
		tc_outbox_take(outbox, frame.size);
	}
	return sent(link, count);
}

static int send_stream(struct tc_syslog_link *link, struct tc_outbox *outbox)
{
	ssize_t count = send(link->fd, outbox->bytes.bytes + outbox->written,
			     tc_outbox_rest(outbox), MSG_NOSIGNAL);

	if (count > 0) {
		link->sent += (uint64_t)count;
		tc_outbox_take(outbox, (size_t)count);
	}
	return sent(link, count);
}

static int send_tls(struct tc_syslog_link *link, struct tc_outbox *outbox)
{
	ssize_t count = tc_syslog_tls_send(link->tls, outbox->bytes.bytes + outbox->written,
					   tc_outbox_rest(outbox), &link->events, &link->why);

	if (count < 0)
		return (int)count;
	link->events = POLLOUT;
	link->sent = tc_syslog_tls_written(link->tls);
	tc_outbox_take(outbox, (size_t)count);
	return 0;
}

int tc_syslog_link_send(struct tc_syslog_link *link, struct tc_outbox *outbox)
{
	switch (link->place->transport) {
	case TC_SYSLOG_LOCAL:
		return link->stream ? send_local_stream(link, outbox) : send_datagram(link, outbox);
	case TC_SYSLOG_UDP:
		return send_datagram(link, outbox);
	case TC_SYSLOG_TCP:
		return send_stream(link, outbox);
	default:
		return send_tls(link, outbox);
	}
}

/* A syslog server says nothing; but it may go, or be gone. */
int tc_syslog_link_look(struct tc_syslog_link *link)
{
	bool connection = link->stream || link->place->transport >= TC_SYSLOG_TCP;
	char said[256];
	ssize_t count = 0;
	int error;

	if (link->tls) {
		error = tc_syslog_tls_look(link->tls, &link->why);
		return error == -EAGAIN ? 0 : error;
	}
	/* Some of it at a time: a server that talks on and on must not hold the output. */
	for (unsigned i = 0; i < LOOKS_MAX && (!i || count > 0); i++)
		count = recv(link->fd, said, sizeof(said), MSG_DONTWAIT);
	if (count > 0)
		return 0;
	if (count == 0)
		return connection ? fail(link, -ECONNRESET, "the server closed the connection") : 0;
	return errno == EAGAIN || errno == EINTR ? 0 : fail_errno(link, errno);
}

void tc_syslog_link_wait(const struct tc_syslog_link *link, bool to_send, uint64_t deadline_ns)
{
	wait_for_events(link, to_send ? link->events | POLLIN : POLLIN, deadline_ns);
}

uint64_t tc_syslog_link_sent(const struct tc_syslog_link *link)
{
	return link->sent;
}

uint64_t tc_syslog_link_arrived(const struct tc_syslog_link *link)
{
	int outstanding = 0;

	if (link->place->transport == TC_SYSLOG_UDP ||
	    (link->place->transport == TC_SYSLOG_LOCAL && !link->stream))
		return link->sent;
	if (ioctl(link->fd, SIOCOUTQ, &outstanding) || (uint64_t)outstanding > link->sent)
		return 0;
	return link->sent - (uint64_t)outstanding;
}

void tc_syslog_link_down(struct tc_syslog_link *link)
{
	lookup_drop(link);
	close_socket(link);
	if (link->addresses)
		freeaddrinfo(link->addresses);
	link->addresses = link->address = NULL;
	link->sent = link->frame_sent = 0;
	link->stage = STAGE_DOWN;
}

void tc_syslog_link_stalled(struct tc_syslog_link *link)
{
	fail(link, -ETIMEDOUT, "the server takes nothing for %.3g s",
	     (double)link->place->timeout_ns / 1e9);
}

const char *tc_syslog_link_why(const struct tc_syslog_link *link)
{
	return link->why.text;
}

const char *tc_syslog_link_name(const struct tc_syslog_link *link)
{
	return link->name;
}

struct tc_syslog_link *tc_syslog_link_new(const struct tc_syslog_place *place)
{
	static const char *const words[] = {"local", "udp", "tcp", "tls"};
	struct tc_syslog_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->place = place;
	link->fd = -1;
	if (place->transport == TC_SYSLOG_LOCAL)
		snprintf(link->name, sizeof(link->name), "%s", place->path);
	else
		snprintf(link->name, sizeof(link->name),
			 strchr(place->host, ':') ? "%s [%s]:%s" : "%s %s:%s",
			 words[place->transport], place->host, place->port);
	return link;
}

void tc_syslog_link_free(struct tc_syslog_link *link)
{
	if (!link)
		return;
	tc_syslog_link_down(link);
	free(link);
}
