/* SPDX-License-Identifier: Apache-2.0 */
/* The way to a syslog server: a server that talks, which it should not. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "agent/enrich/clock.h"
#include "output/syslog_link.h"

/* Listens on loopback; ret_port gets its number as text. */
static int listen_somewhere(char ret_port[8])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	snprintf(ret_port, 8, "%u", ntohs(address.sin_port));
	return fd;
}

/* What it said is taken in parts, so that one that never stops holds nobody. */
static void a_look_takes_a_part_of_what_the_server_says(void **state)
{
	static const char words[65536];
	char port[8], host[] = "127.0.0.1";
	int listener = listen_somewhere(port), server, error = 0;
	const struct tc_syslog_place place = {
		.transport = TC_SYSLOG_TCP, .host = host, .port = port, .timeout_ns = 10000000000};
	struct tc_syslog_link *link = tc_syslog_link_new(&place);
	uint64_t deadline_ns = tc_clock_monotonic_ns() + place.timeout_ns;
	unsigned looks = 0;

	assert_non_null(link);
	assert_int_equal(tc_syslog_link_up(link, deadline_ns), 0);
	server = accept(listener, NULL, NULL);
	assert_int_equal(send(server, words, sizeof(words), 0), sizeof(words));
	close(server);
	for (; !error; looks++) {
		tc_syslog_link_wait(link, false, deadline_ns);
		error = tc_syslog_link_look(link);
	}
	assert_int_equal(error, -ECONNRESET);
	assert_true(looks > 2);
	tc_syslog_link_free(link);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_takes_a_part_of_what_the_server_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
