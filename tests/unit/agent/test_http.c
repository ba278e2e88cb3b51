/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/http.h"

static char directory[] = "/tmp/tocsin-test-XXXXXX", path[64];

static unsigned write_good(void *context, struct tc_buffer *text)
{
	tc_buffer_add_string(text, context);
	return 200;
}

static unsigned write_ill(void *context, struct tc_buffer *text)
{
	(void)context;
	tc_buffer_add_string(text, "ill\n");
	return 503;
}

static const struct tc_http_page pages[] = {
	{"/good", "text/plain", write_good}, {"/ill", "text/x-ill", write_ill}, {0}};

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static int connected(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* What is answered, in memory that the next call uses again. */
static const char *ask(struct tc_http *http, const char *request)
{
	static char answer[4096];
	size_t length = 0;
	int fd = connected();

	assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	for (unsigned turn = 0; turn < 1000; turn++) {
		ssize_t n;

		tc_http_serve(http);
		n = recv(fd, answer + length, sizeof(answer) - 1 - length, MSG_DONTWAIT);
		if (n == 0)
			break;
		if (n < 0)
			usleep(1000);
		else
			length += (size_t)n;
	}
	close(fd);
	answer[length] = '\0';
	return answer;
}

#define CLOSE " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n"

static void test_addresses_are_of_this_host(void **state)
{
	static const char *const good[] = {"127.0.0.1:9435", "127.8.0.9:1", "[::1]:65535", "/a/b"};
	static const char *const bad[] = {
		"",
		"9435",
		"localhost:9435",
		"0.0.0.0:9435",
		"192.0.2.1:80",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:0",
		"127.0.0.1:65536",
		"127.0.0.1:x",
		"127.0.0.1:+80",
		"[::]:80",
		"[2001:db8::1]:80",
		"::1:80",
		"[127.0.0.1]:80",
		"a/b",
	};
	char longest[200];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_null(tc_http_address_fault(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!tc_http_address_fault(bad[i]))
			fail_msg("%s was taken", bad[i]);
	memset(longest, '/', sizeof(longest));
	longest[108] = '\0';
	assert_non_null(tc_http_address_fault(longest));
	longest[107] = '\0';
	assert_null(tc_http_address_fault(longest));
}

static void test_pages_are_served(void **state)
{
	char words[] = "all is well\n";
	struct tc_http *http;
	const char *answer;

	(void)state;
	assert_int_equal(tc_http_open(path, pages, words, &http), 0);
	answer = ask(http, "GET /good" CLOSE "\r\n");
	assert_ptr_equal(strstr(answer, "HTTP/1.1 200 "), answer);
	assert_non_null(strstr(answer, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\nall is well\n"));
	answer = ask(http, "HEAD /good" CLOSE "\r\n");
	assert_ptr_equal(strstr(answer, "HTTP/1.1 200 "), answer);
	assert_null(strstr(answer, "all is well"));
	answer = ask(http, "GET /ill?x=1" CLOSE "\r\n");
	assert_ptr_equal(strstr(answer, "HTTP/1.1 503 "), answer);
	assert_non_null(strstr(answer, "Content-Type: text/x-ill\r\n"));
	tc_http_close(http);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_what_is_no_page_is_refused(void **state)
{
	char words[] = "";
	struct tc_http *http;
	const char *answer;

	(void)state;
	assert_int_equal(tc_http_open(path, pages, words, &http), 0);
	answer = ask(http, "GET /goo" CLOSE "\r\n");
	assert_ptr_equal(strstr(answer, "HTTP/1.1 404 "), answer);
	answer = ask(http, "POST /good" CLOSE "Content-Length: 3\r\n\r\nabc");
	assert_ptr_equal(strstr(answer, "HTTP/1.1 405 "), answer);
	answer = ask(http, "nonsense\r\n\r\n");
	assert_null(strstr(answer, " 200 "));
	tc_http_close(http);
}

static void test_a_socket_is_for_its_owner(void **state)
{
	char words[] = "";
	struct tc_http *http, *other;
	struct stat st;

	(void)state;
	assert_int_equal(tc_http_open(path, pages, words, &http), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Somebody listens there. */
	assert_int_equal(tc_http_open(path, pages, words, &other), -EADDRINUSE);
	assert_non_null(strstr(ask(http, "GET /good" CLOSE "\r\n"), " 200 "));
	tc_http_close(http);
}

static void test_the_socket_of_the_dead_is_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char words[] = "";
	struct tc_http *http;
	FILE *file;

	(void)state;
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(tc_http_open(path, pages, words, &http), 0);
	tc_http_close(http);

	/* What is no socket is somebody's. */
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	assert_int_equal(tc_http_open(path, pages, words, &http), -EADDRINUSE);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_of_this_host),
		cmocka_unit_test(test_pages_are_served),
		cmocka_unit_test(test_what_is_no_page_is_refused),
		cmocka_unit_test(test_a_socket_is_for_its_owner),
		cmocka_unit_test(test_the_socket_of_the_dead_is_replaced),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
