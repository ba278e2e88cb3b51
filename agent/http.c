/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/log.h"

struct tc_http {
	struct MHD_Daemon *daemon;
	const struct tc_http_page *pages;
	void *context;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* "": no UNIX socket */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

/* --- where it listens --- */

/* 0: no port. */
static uint16_t read_port(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && !*end && port <= UINT16_MAX ? (uint16_t)port : 0;
}

static bool is_loopback(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

#define WANTED                                                                                     \
	"neither an address of the loopback interface with a port, such as 127.0.0.1:9435 or "     \
	"[::1]:9435, nor the absolute path of a UNIX socket"

/* 127.0.0.1 or [::1]. */
static bool read_host(const char *text, size_t length, union address *address)
{
	char host[INET6_ADDRSTRLEN];
	bool is_v6 = length > 2 && text[0] == '[' && text[length - 1] == ']';
	void *binary = is_v6 ? (void *)&address->v6.sin6_addr : &address->v4.sin_addr;

	if (is_v6) {
		text++;
		length -= 2;
	}
	if (length >= sizeof(host))
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	address->any.sa_family = is_v6 ? AF_INET6 : AF_INET;
	return inet_pton(address->any.sa_family, host, binary) == 1 && is_loopback(address);
}

/* NULL, or why not. */
static const char *read_address(const char *text, union address *address, socklen_t *ret_length)
{
	const char *colon = strrchr(text, ':');
	uint16_t port = colon ? read_port(colon + 1) : 0;

	*address = (union address){0};
	if (*text == '/') {
		if (strlen(text) >= sizeof(address->local.sun_path))
			return "too long for the path of a UNIX socket (107 bytes)";
		address->local.sun_family = AF_UNIX;
		strcpy(address->local.sun_path, text);
		*ret_length = sizeof(address->local);
		return NULL;
	}
	if (!port || !read_host(text, (size_t)(colon - text), address))
		return WANTED;
	/* At the same place in both. */
	address->v4.sin_port = htons(port);
	*ret_length = address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
	return NULL;
}

const char *tc_http_address_fault(const char *text)
{
	union address address;
	socklen_t length;

	return read_address(text, &address, &length);
}

/* Of an agent that was killed: nobody answers there any more. */
static void remove_stale(const union address *address, socklen_t length)
{
	struct stat st;
	int fd;

	if (lstat(address->local.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, &address->any, length) < 0 && errno == ECONNREFUSED)
		unlink(address->local.sun_path);
	close(fd);
}

/* The descriptor or a negative errno. */
static int listen_at(const union address *address, socklen_t length)
{
	bool is_local = address->any.sa_family == AF_UNIX;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1, r;

	if (fd < 0)
		return -errno;
	if (is_local)
		remove_stale(address, length);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* Mode of the socket's file, before it can be found. */
	r = is_local ? fchmod(fd, 0600) : 0;
	if (r == 0)
		r = bind(fd, &address->any, length);
	if (r == 0)
		r = listen(fd, TC_HTTP_CONNECTIONS_MAX);
	if (r == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

/* --- answers --- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
			      struct tc_buffer *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(text->length, text->bytes, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_buffer_printf(&text, "%s\n", why);
	return answer(connection, status, "text/plain; charset=utf-8", &text);
}

/* An MHD_AccessHandlerCallback: first for the header, then for the rest, of which there is none. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
			      const char *method, const char *version, const char *body,
			      size_t *size, void **state)
{
	static int seen;
	const struct tc_http *http = context;
	_cleanup_buffer_ struct tc_buffer text = {0};
	unsigned status;

	(void)version;
	(void)body;
	if (!*state) {
		*state = &seen;
		return MHD_YES;
	}
	if (*size) {
		*size = 0;
		return MHD_YES;
	}
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
	for (const struct tc_http_page *page = http->pages; page->path; page++) {
		if (strcmp(page->path, path) != 0)
			continue;
		status = page->write(http->context, &text);
		if (tc_buffer_failed(&text))
			return refuse(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
		return answer(connection, status, page->type, &text);
	}
	return refuse(connection, MHD_HTTP_NOT_FOUND, "there is no such page");
}

int tc_http_open(const char *text, const struct tc_http_page *pages, void *context,
		 struct tc_http **ret_http)
{
	union address address;
	socklen_t length;
	const char *why = read_address(text, &address, &length);
	struct tc_http *http;
	int fd;

	if (why)
		return tc_error_return(-EINVAL, "%s: %s", text, why);
	fd = listen_at(&address, length);
	if (fd < 0)
		return tc_error_return(fd, "cannot listen at %s", text);
	http = calloc(1, sizeof(*http));
	if (http) {
		http->pages = pages;
		http->context = context;
		if (address.any.sa_family == AF_UNIX)
			strcpy(http->path, address.local.sun_path);
		http->daemon = MHD_start_daemon(
			MHD_USE_EPOLL, 0, NULL, NULL, handle, http, MHD_OPTION_LISTEN_SOCKET, fd,
			MHD_OPTION_CONNECTION_LIMIT, (unsigned)TC_HTTP_CONNECTIONS_MAX,
			MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TC_HTTP_TIMEOUT_S, MHD_OPTION_END);
	}
	if (!http || !http->daemon) {
		close(fd);
		free(http);
		return tc_error_return(-ENOMEM, "cannot serve HTTP at %s", text);
	}
	*ret_http = http;
	return 0;
}

void tc_http_serve(struct tc_http *http)
{
	if (http)
		MHD_run(http->daemon);
}

void tc_http_close(struct tc_http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon);
	if (*http->path)
		unlink(http->path);
	free(http);
}
