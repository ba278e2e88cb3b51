/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/service.h"

/* The service manager's end. */
static int manager = -1;
static char received[1024];

static void listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);

	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

/* The next message; "" when there is none. */
static const char *next(void)
{
	ssize_t length = recv(manager, received, sizeof(received) - 1, 0);

	received[length > 0 ? length : 0] = '\0';
	return received;
}

static int tear_down(void **state)
{
	close(manager);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

static void test_each_state_is_told(void **state)
{
	char name[64];
	unsigned long long usec;

	snprintf(name, sizeof(name), "@tocsin-test-%d", getpid());
	listen_at(name);
	tc_service_ready("%d rules", 7);
	assert_string_equal(next(), "READY=1\nSTATUS=7 rules");
	tc_service_reloading();
	assert_int_equal(sscanf(next(), "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=", &usec), 1);
	assert_true(usec * 1000 <= tc_clock_monotonic_ns());
	assert_true(usec * 1000 + 60000000000 > tc_clock_monotonic_ns());
	tc_service_stopping();
	assert_non_null(strstr(next(), "STOPPING=1\n"));
	assert_string_equal(next(), "");
}

static void test_a_socket_with_a_path(void **state)
{
	char directory[] = "/tmp/tocsin-service-XXXXXX", name[64];

	assert_non_null(mkdtemp(directory));
	snprintf(name, sizeof(name), "%s/notify", directory);
	listen_at(name);
	tc_service_ready("x");
	assert_string_equal(next(), "READY=1\nSTATUS=x");
	unlink(name);
	rmdir(directory);
}

static void test_signs_of_life_come_three_times_as_often_as_they_must(void **state)
{
	struct tc_service service;
	char name[64];

	snprintf(name, sizeof(name), "@tocsin-test-%d", getpid());
	listen_at(name);
	setenv("WATCHDOG_USEC", "30000000", 1);
	tc_service_init(&service);
	assert_true(service.ping_ns == 10000000000);
	tc_service_alive(&service);
	assert_string_equal(next(), "WATCHDOG=1");
	tc_service_alive(&service);
	assert_string_equal(next(), "");
	service.pinged_ns -= 10000000000;
	tc_service_alive(&service);
	assert_string_equal(next(), "WATCHDOG=1");
}

static void test_a_slow_start_asks_for_time(void **state)
{
	struct tc_service service = {0};
	char name[64];

	snprintf(name, sizeof(name), "@tocsin-test-%d", getpid());
	listen_at(name);
	tc_service_step("loading");
	assert_string_equal(next(), "EXTEND_TIMEOUT_USEC=300000000\nSTATUS=loading");
	tc_service_progress(&service);
	assert_string_equal(next(), "EXTEND_TIMEOUT_USEC=30000000");
	tc_service_progress(&service);
	assert_string_equal(next(), "");
	service.progress_ns -= 1000000000;
	tc_service_progress(&service);
	assert_string_equal(next(), "EXTEND_TIMEOUT_USEC=30000000");
}

static void test_a_watchdog_of_another_process_is_none(void **state)
{
	struct tc_service service;

	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	tc_service_init(&service);
	assert_true(service.ping_ns == 0);
}

static void test_without_a_manager(void **state)
{
	struct tc_service service;

	tc_service_init(&service);
	assert_true(service.ping_ns == 0);
	tc_service_ready("x");
	tc_service_alive(&service);
	setenv("NOTIFY_SOCKET", "@tocsin-test-nobody", 1);
	tc_service_ready("x");
	setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
	tc_service_ready("x");
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_state_is_told),
		TEST(test_a_socket_with_a_path),
		TEST(test_signs_of_life_come_three_times_as_often_as_they_must),
		TEST(test_a_slow_start_asks_for_time),
		TEST(test_a_watchdog_of_another_process_is_none),
		TEST(test_without_a_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
