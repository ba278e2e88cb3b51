/* SPDX-License-Identifier: Apache-2.0 */
/* Names of ports from a file like /etc/services. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/enrich/services.h"

static const char text[] = "# Network services\n"
			   "\n"
			   "domain\t\t53/tcp\t\t\t\t# Domain Name Server\n"
			   "domain\t\t53/udp\n"
			   "  indented 70/tcp\n"
			   "ssh\t\t22/tcp\n"
			   "late\t\t22/tcp\n"
			   "#ftp\t\t21/tcp\n"
			   "stream\t99/sctp\n"
			   "toolarge\t65536/tcp\n"
			   "noport\ttcp\n"
			   "last 65535/udp";

static struct tc_services *read_text(const char *bytes, size_t length)
{
	char path[] = "/tmp/test_services.XXXXXX";
	int fd = mkstemp(path);
	struct tc_services *services;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
	services = tc_services_read(path);
	unlink(path);
	return services;
}

static void ports_have_the_names_of_the_file(void **state)
{
	struct tc_services *services = read_text(text, sizeof(text) - 1);

	assert_non_null(services);
	assert_string_equal(tc_services_name(services, 53, false), "domain");
	assert_string_equal(tc_services_name(services, 53, true), "domain");
	assert_string_equal(tc_services_name(services, 22, false), "ssh"); /* the first one */
	assert_string_equal(tc_services_name(services, 70, false), "indented");
	assert_string_equal(tc_services_name(services, 65535, true), "last");
	assert_null(tc_services_name(services, 22, true));
	assert_null(tc_services_name(services, 21, false));
	assert_null(tc_services_name(services, 99, false));
	assert_null(tc_services_name(services, 0, false));
	assert_null(tc_services_name(services, 65536, false));
	tc_services_free(services);
}

static void without_a_file_no_port_has_a_name(void **state)
{
	struct tc_services *services = tc_services_read("/nonexistent/services");

	assert_null(services);
	assert_null(tc_services_name(services, 22, false));
	tc_services_free(services);
	services = read_text("", 0);
	assert_non_null(services);
	assert_null(tc_services_name(services, 22, false));
	tc_services_free(services);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_have_the_names_of_the_file),
		cmocka_unit_test(without_a_file_no_port_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
