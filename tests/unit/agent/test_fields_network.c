/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of sockets: each by its name, as a rule would ask for it. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "agent/enrich/services.h"
#include "agent/value.h"
#include "tests/unit/agent/world_fixture.h"

struct expectation {
	const char *field, *value; /* as text; <NA>: there is none */
};

static void expect_all(struct fixture *fixture, const struct expectation *rows, size_t n)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	feed(fixture);
	for (size_t i = 0; i < n; i++) {
		const struct tc_field *field =
			tc_field_by_name(rows[i].field, strlen(rows[i].field));
		struct tc_value value;

		if (!field)
			fail_msg("no field %s", rows[i].field);
		tc_event_get(&fixture->event, field, -1, &value);
		tc_buffer_reset(&text);
		tc_value_print(&text, &value, field->show);
		tc_buffer_add(&text, "", 1);
		if (strcmp(text.bytes, rows[i].value) != 0)
			fail_msg("%s is %s, not %s", rows[i].field, text.bytes, rows[i].value);
	}
	settle(fixture);
}

#define EXPECT(fixture, ...)                                                                       \
	do {                                                                                       \
		const struct expectation rows_[] = {__VA_ARGS__};                                  \
		expect_all(fixture, rows_, sizeof(rows_) / sizeof(rows_[0]));                      \
	} while (0)

static void make_address(struct fixture *fixture, struct tc_slot *slot, const char *text)
{
	char bytes[TC_IP_BYTES] = {[10] = (char)0xff, [11] = (char)0xff};

	if (strchr(text, ':'))
		assert_int_equal(inet_pton(AF_INET6, text, bytes), 1);
	else
		assert_int_equal(inet_pton(AF_INET, text, bytes + 12), 1);
	make_slot(&fixture->made, slot, bytes, sizeof(bytes));
}

/* A socket without ends; the members behind it are absent. */
static struct tc_socket_part *make_socket(struct fixture *fixture, enum tc_kind kind,
					  uint32_t family, uint32_t type, uint32_t protocol)
{
	struct tc_connect *record = &fixture->made.connect;
	struct tc_socket_part *socket = (void *)&record->family;

	make_record(&fixture->made, kind, tc_kind_info(kind)->fixed_size, 300, 3000, "curl");
	record->fd = TC_ABSENT_S32;
	record->result = TC_ABSENT_S32;
	socket->family = family;
	socket->sock_type = type;
	socket->protocol = protocol;
	socket->local_port = socket->remote_port = TC_ABSENT_U32;
	socket->is_server = TC_ABSENT_U32;
	return socket;
}

static struct tc_socket_part *make_tcp(struct fixture *fixture, enum tc_kind kind)
{
	struct tc_socket_part *socket =
		make_socket(fixture, kind, AF_INET, SOCK_STREAM, IPPROTO_TCP);

	make_address(fixture, &socket->local, "192.0.2.1");
	make_address(fixture, &socket->remote, "198.51.100.7");
	socket->local_port = 40000;
	socket->remote_port = 22;
	socket->is_server = 0;
	return socket;
}

static void a_client_is_the_local_end(void **state)
{
	struct fixture *fixture = *state;

	make_tcp(fixture, TC_KIND_connect);
	EXPECT(fixture, {"fd.name", "192.0.2.1:40000->198.51.100.7:22"}, {"fd.type", "ipv4"},
	       {"fd.typechar", "4"}, {"fd.sockfamily", "ip"}, {"fd.l4proto", "tcp"},
	       {"fd.cip", "192.0.2.1"}, {"fd.sip", "198.51.100.7"}, {"fd.lip", "192.0.2.1"},
	       {"fd.rip", "198.51.100.7"}, {"fd.cnet", "192.0.2.1"}, {"fd.snet", "198.51.100.7"},
	       {"fd.lnet", "192.0.2.1"}, {"fd.rnet", "198.51.100.7"}, {"fd.cport", "40000"},
	       {"fd.sport", "22"}, {"fd.lport", "40000"}, {"fd.rport", "22"},
	       {"fd.is_server", "false"}, {"fd.connected", "false"}, {"fd.name_changed", "true"},
	       {"socket.family", "AF_INET"}, {"socket.type", "SOCK_STREAM"},
	       {"socket.protocol", "6"}, {"evt.category", "network"}, {"fd.directory", "<NA>"});
}

static void a_server_is_the_local_end(void **state)
{
	struct fixture *fixture = *state;
	struct tc_socket_part *socket = make_tcp(fixture, TC_KIND_accept);

	socket->is_server = 1;
	socket->connected = 1;
	EXPECT(fixture, {"fd.name", "198.51.100.7:22->192.0.2.1:40000"}, {"fd.cip", "198.51.100.7"},
	       {"fd.sip", "192.0.2.1"}, {"fd.cport", "22"}, {"fd.sport", "40000"},
	       {"fd.is_server", "true"}, {"fd.connected", "true"}, {"fd.name_changed", "true"});
}

static void ports_have_the_names_of_services(void **state)
{
	struct fixture *fixture = *state;

	fixture->world.services = tc_services_read("/etc/services");
	assert_non_null(fixture->world.services);
	make_tcp(fixture, TC_KIND_connect);
	EXPECT(fixture, {"fd.sproto", "ssh"}, {"fd.rproto", "ssh"}, {"fd.cproto", "40000"},
	       {"fd.lproto", "40000"});
}

static void an_end_that_is_not_known_is_missing(void **state)
{
	struct fixture *fixture = *state;
	struct tc_socket_part *socket =
		make_socket(fixture, TC_KIND_connect, AF_INET6, SOCK_DGRAM, IPPROTO_UDP);

	socket->is_server = 0;
	EXPECT(fixture, {"fd.name", "<NA>"}, {"fd.lip", "<NA>"}, {"fd.cport", "<NA>"},
	       {"fd.sproto", "<NA>"});
	make_address(fixture, &socket->remote, "2001:db8::1");
	socket->remote_port = 53;
	EXPECT(fixture, {"fd.name", ":::0->2001:db8::1:53"}, {"fd.cip", "<NA>"},
	       {"fd.sip", "2001:db8::1"}, {"fd.cport", "<NA>"}, {"fd.sport", "53"},
	       {"fd.type", "ipv6"}, {"fd.typechar", "6"}, {"fd.l4proto", "udp"});
}

static void without_a_peer_the_name_is_the_own_address(void **state)
{
	struct fixture *fixture = *state;
	struct tc_socket_part *socket =
		make_socket(fixture, TC_KIND_listen, AF_INET, SOCK_STREAM, IPPROTO_TCP);

	make_address(fixture, &socket->local, "0.0.0.0");
	socket->local_port = 22;
	socket->is_server = 1;
	fixture->made.listen.backlog = 5;
	EXPECT(fixture, {"fd.name", "0.0.0.0:22"}, {"fd.sip", "0.0.0.0"}, {"fd.sport", "22"},
	       {"fd.cip", "<NA>"}, {"fd.cport", "<NA>"}, {"evt.arg.backlog", "5"},
	       {"fd.name_changed", "false"});
}

static void an_ipv6_socket_that_talks_ipv4_is_ipv4(void **state)
{
	struct fixture *fixture = *state;
	struct tc_socket_part *socket =
		make_socket(fixture, TC_KIND_connect, AF_INET6, SOCK_STREAM, IPPROTO_TCP);

	make_address(fixture, &socket->remote, "192.0.2.9");
	socket->remote_port = 80;
	socket->is_server = 0;
	EXPECT(fixture, {"fd.type", "ipv4"}, {"fd.typechar", "4"}, {"fd.sip", "192.0.2.9"},
	       {"fd.name", "0.0.0.0:0->192.0.2.9:80"}, {"socket.family", "AF_INET6"});
}

static void a_unix_socket_has_a_path(void **state)
{
	struct fixture *fixture = *state;
	struct tc_socket_part *socket =
		make_socket(fixture, TC_KIND_connect, AF_UNIX, SOCK_STREAM, 0);

	EXPECT(fixture, {"fd.name", "<NA>"}, {"fd.typechar", "u"});
	MAKE_STRING(&fixture->made, &socket->unix_path, "/run/docker.sock");
	EXPECT(fixture, {"fd.name", "/run/docker.sock"}, {"socket.path", "/run/docker.sock"},
	       {"fd.type", "unix"}, {"fd.sockfamily", "unix"}, {"fd.l4proto", "<NA>"},
	       {"fd.sip", "<NA>"}, {"fd.sport", "<NA>"});
	socket->unix_path.flags |= TC_SLOT_UNREADABLE;
	EXPECT(fixture, {"fd.name", "<unreadable>"});
}

static void socket_has_the_words_of_its_arguments(void **state)
{
	struct fixture *fixture = *state;

	make_socket(fixture, TC_KIND_socket, AF_PACKET, SOCK_RAW, 768);
	EXPECT(fixture, {"evt.arg.domain", "AF_PACKET"}, {"evt.arg.type", "SOCK_RAW"},
	       {"evt.arg.proto", "768"}, {"fd.typechar", "<NA>"}, {"fd.type", "<NA>"},
	       {"fd.l4proto", "<NA>"}, {"fd.sockfamily", "<NA>"});
	make_socket(fixture, TC_KIND_socket, AF_INET, SOCK_STREAM, 0);
	EXPECT(fixture, {"evt.arg.domain", "AF_INET"}, {"evt.arg.proto", "IPPROTO_IP"},
	       {"fd.l4proto", "tcp"}, {"fd.typechar", "4"}, {"fd.is_server", "<NA>"});
	make_socket(fixture, TC_KIND_socket, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	EXPECT(fixture, {"evt.arg.proto", "IPPROTO_ICMPV6"}, {"fd.l4proto", "raw"});
	make_socket(fixture, TC_KIND_socket, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	EXPECT(fixture, {"fd.l4proto", "icmp"});
	make_socket(fixture, TC_KIND_socket, 99, SOCK_STREAM, 0);
	EXPECT(fixture, {"evt.arg.domain", "0x63"}, {"evt.arg.proto", "0"});
}

static void results_are_those_of_the_call_where_it_is_known(void **state)
{
	struct fixture *fixture = *state;

	make_tcp(fixture, TC_KIND_connect);
	EXPECT(fixture, {"evt.rawres", "0"}, {"evt.res", "SUCCESS"}, {"evt.failed", "false"},
	       {"socket.result", "<NA>"}, {"fd.num", "<NA>"}, {"evt.arg.fd", "<NA>"});
	fixture->made.connect.result = -ECONNREFUSED;
	fixture->made.connect.fd = 7;
	EXPECT(fixture, {"evt.rawres", "-111"}, {"evt.res", "ECONNREFUSED"}, {"evt.failed", "true"},
	       {"socket.result", "-111"}, {"fd.num", "7"}, {"evt.arg.fd", "7"});
	fixture->made.connect.result = -EINPROGRESS;
	EXPECT(fixture, {"evt.res", "EINPROGRESS"});
	fixture->made.connect.result = TC_ABSENT_S32;
	fixture->made.header.verdict = TC_VERDICT_BLOCKED;
	EXPECT(fixture, {"evt.res", "EPERM"}, {"evt.failed", "true"});
}

static void a_send_changes_the_name_unless_it_is_connected(void **state)
{
	struct fixture *fixture = *state;
	struct tc_socket_part *socket = make_tcp(fixture, TC_KIND_send);

	socket->protocol = IPPROTO_UDP;
	EXPECT(fixture, {"fd.name_changed", "true"});
	socket->connected = 1;
	EXPECT(fixture, {"fd.name_changed", "false"});
	make_socket(fixture, TC_KIND_bind, AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	EXPECT(fixture, {"fd.name_changed", "false"});
}

/* Whoever adds TC_SOCKET to an event also gives it the fields. */
static void every_kind_with_a_socket_has_its_fields(void **state)
{
	const struct tc_field *wire = tc_field_by_name("socket.family", 13);
	const struct tc_field *derived = tc_field_by_name("fd.sip", 6);

	assert_non_null(wire);
	assert_non_null(derived);
	assert_true(wire->kinds == derived->kinds);
}

static int set_up(void **state)
{
	*state = fixture_new();
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_is_the_local_end),
		TEST(a_server_is_the_local_end),
		TEST(ports_have_the_names_of_services),
		TEST(an_end_that_is_not_known_is_missing),
		TEST(without_a_peer_the_name_is_the_own_address),
		TEST(an_ipv6_socket_that_talks_ipv4_is_ipv4),
		TEST(a_unix_socket_has_a_path),
		TEST(socket_has_the_words_of_its_arguments),
		TEST(results_are_those_of_the_call_where_it_is_known),
		TEST(a_send_changes_the_name_unless_it_is_connected),
		TEST(every_kind_with_a_socket_has_its_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
