/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each operator and modifier of the language under its name: operator_WORD, modifier_WORD. What is
 * true of all operators (missing and cut values, lists) is in test_match.c.
 */
#include <sys/socket.h>

#include "fixture.h"
#include "rules/compile/net.h"

static void make_open(struct made *made, const char *path)
{
	made_begin(made, TC_KIND_open);
	made_text(made, &made->open.path, path);
	made_end(made);
}

static void make_exec(struct made *made, const char *argv, size_t length)
{
	made_begin(made, TC_KIND_exec);
	made_slot(made, &made->exec.argv, argv, length, length);
	made_end(made);
}

/* A client at local talks to a server at remote. */
static void make_connect(struct made *made, const char *local, const char *remote)
{
	made_begin(made, TC_KIND_connect);
	made->connect.family = strchr(remote, ':') ? AF_INET6 : AF_INET;
	made->connect.sock_type = SOCK_STREAM;
	made->connect.local_port = 40000;
	made->connect.remote_port = 443;
	made_ip(made, &made->connect.local, local);
	made_ip(made, &made->connect.remote, remote);
	made_end(made);
}

static void assert_each(struct made *made, bool wanted, const char *const *conditions)
{
	for (; *conditions; conditions++) {
		if (holds(made, *conditions) != wanted)
			fail_msg("%s: %s", *conditions, wanted ? "does not hold" : "holds");
	}
}

#define HOLDS(made, ...) assert_each(made, true, (const char *const[]){__VA_ARGS__, NULL})
#define FAILS(made, ...) assert_each(made, false, (const char *const[]){__VA_ARGS__, NULL})

static void operator_exists(void **state)
{
	struct made made;

	make_open(&made, "");
	HOLDS(&made, "fd.name exists", "proc.pid exists", "not mount.op exists");
	FAILS(&made, "mount.op exists", "fd.cip exists");
	made_done(&made);
}

static void operator_eq(void **state)
{
	struct made made;

	make_open(&made, "/a b");
	HOLDS(&made, "fd.name = '/a b'", "fd.name == '/a b'", "proc.pid=42", "proc.pid == 0x2A",
	      "evt.is_open_write = true");
	FAILS(&made, "fd.name = /a", "proc.pid = 41", "mount.op = x");
	made_done(&made);
}

static void operator_ne(void **state)
{
	struct made made;

	make_open(&made, "/a");
	HOLDS(&made, "fd.name != /b", "proc.pid != 41", "evt.is_open_write != false");
	FAILS(&made, "fd.name != /a", "proc.pid != 42", "mount.op != x");
	made_done(&made);
}

static void operator_iequals(void **state)
{
	struct made made;

	make_open(&made, "/Tmp/A");
	HOLDS(&made, "fd.name iequals /tmp/a", "fd.name iequals /TMP/A",
	      "fd.name iequals anyof (x, /tMp/a)", "fd.name iequals val(fd.name)");
	FAILS(&made, "fd.name iequals /tmp", "fd.name iequals /tmp/ab", "fd.name iequals ''");
	made_done(&made);
}

static void operator_istartswith(void **state)
{
	struct made made;

	make_open(&made, "/Tmp/A");
	HOLDS(&made, "fd.name istartswith /tMP/", "fd.name istartswith ''",
	      "fd.name istartswith anyof (x, y, z, /tmp)");
	FAILS(&made, "fd.name istartswith tmp", "fd.name istartswith /tmp/ab");
	made_done(&made);
}

static void operator_iendswith(void **state)
{
	struct made made;

	make_open(&made, "/Tmp/A");
	HOLDS(&made, "fd.name iendswith mp/a", "fd.name iendswith ''",
	      "fd.name iendswith anyof (x, y, z, /A)");
	FAILS(&made, "fd.name iendswith tmp", "fd.name iendswith x/tmp/a");
	made_done(&made);
}

static void operator_search(void **state)
{
	struct made made;

	make_open(&made, "/Tmp/a1 b");
	HOLDS(&made, "fd.name search '\\\\d\\\\s'", "fd.name search '(?i)^/tmp'",
	      "fd.name search '(?:x|b)$'", "fd.name search ''");
	FAILS(&made, "fd.name search '^/tmp'", "fd.name search 'a$'");
	made_done(&made);
	assert_condition_refused("fd.name search '('", "TC-R075", 16);
}

static void operator_lt_le_gt_ge(void **state)
{
	struct made made;

	make_open(&made, "/b");
	HOLDS(&made, "proc.pid < 43", "proc.pid <= 42", "proc.pid > 41", "proc.pid >= 42",
	      "fd.name < /c", "fd.name <= /b", "fd.name > /a", "fd.name >= /b");
	FAILS(&made, "proc.pid < 42", "proc.pid <= 41", "proc.pid > 42", "proc.pid >= 43",
	      "fd.name < /b", "fd.name > /b");
	assert_condition_refused("evt.is_open_write < true", "TC-R071", 19);
	made_done(&made);
}

static void operator_contains(void **state)
{
	struct made made;

	make_open(&made, "/etc/Passwd");
	HOLDS(&made, "fd.name contains Pass", "fd.name contains ''",
	      "fd.name contains /etc/Passwd");
	FAILS(&made, "fd.name contains pass", "fd.name contains /etc/Passwd2");
	assert_condition_refused("proc.pid contains 4", "TC-R071", 10);
	made_done(&made);
}

static void operator_icontains(void **state)
{
	struct made made;

	make_open(&made, "/etc/Passwd");
	HOLDS(&made, "fd.name icontains pASS", "fd.name icontains ''");
	FAILS(&made, "fd.name icontains passwords");
	made_done(&made);
}

static void operator_startswith(void **state)
{
	struct made made;

	make_open(&made, "/etc/x");
	HOLDS(&made, "fd.name startswith /etc/", "fd.name startswith ''");
	FAILS(&made, "fd.name startswith etc", "fd.name startswith /etc/x/");
	made_done(&made);
}

static void operator_endswith(void **state)
{
	struct made made;

	make_open(&made, "/etc/x");
	HOLDS(&made, "fd.name endswith /x", "fd.name endswith ''");
	FAILS(&made, "fd.name endswith etc", "fd.name endswith //etc/x");
	made_done(&made);
}

static void operator_glob(void **state)
{
	struct made made;

	make_open(&made, "/etc/ssh/id_rsa");
	HOLDS(&made, "fd.name glob '/etc/*rsa'", "fd.name glob /etc/ss?/id_[a-z]*");
	FAILS(&made, "fd.name glob /etc/*ssh", "fd.name glob /ETC/*");
	made_done(&made);
}

static void operator_iglob(void **state)
{
	struct made made;

	make_open(&made, "/etc/ssh/id_rsa");
	HOLDS(&made, "fd.name iglob '/ETC/*RSA'");
	FAILS(&made, "fd.name iglob /ETC/*SSH");
	made_done(&made);
}

static void operator_regex(void **state)
{
	struct made made;

	make_open(&made, "/home/me/.ssh/id_rsa");
	HOLDS(&made, "fd.name regex '/home/[^/]+/.ssh/id_(rsa|dsa)'", "fd.name regex '.*'",
	      "fd.name regex '/home.*[[:alpha:]]{3}'");
	/* The whole value, or nothing. */
	FAILS(&made, "fd.name regex '/home'", "fd.name regex 'id_rsa'", "fd.name regex '.*dsa'",
	      "fd.name regex ''", "mount.op regex '.*'");
	made_done(&made);
}

static void regex_sees_characters_and_bytes_that_are_none(void **state)
{
	struct made made;

	make_open(&made, "/\xc3\xa4/x");
	HOLDS(&made, "fd.name regex '/./x'", "fd.name regex '/\xc3\xa4/x'",
	      "fd.name regex '/[\xc3\xa4\xc3\xb6]/x'");
	FAILS(&made, "fd.name regex '/../x'");
	made_done(&made);
	make_open(&made, "/\xff\xfe/\xc3");
	HOLDS(&made, "fd.name regex '/../.'");
	FAILS(&made, "fd.name regex '/./.'", "fd.name regex '/[a-z0-9]*/.'");
	made_done(&made);
}

static void regex_of_a_cut_value_is_not_known(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_slot(&made, &made.open.path, "/a/b", 4, 9);
	made_end(&made);
	FAILS(&made, "fd.name regex '/a/b'", "fd.name regex '.*'");
	made_done(&made);
}

static void regex_that_is_none_is_told(void **state)
{
	assert_condition_refused("fd.name regex '(a'", "TC-R075", 15);
	assert_condition_refused("fd.name regex '[z-a]'", "TC-R075", 15);
	/* Neither looking around nor back: both would cost more than the value's length. */
	assert_condition_refused("fd.name regex '(?=a)b'", "TC-R075", 15);
	assert_condition_refused("fd.name regex '(a)\\\\1'", "TC-R075", 15);
	/* Too much memory. */
	assert_condition_refused("fd.name regex '((((a{1,99}){1,99}){1,99}){1,99})'", "TC-R075",
				 15);
}

/* Time must not grow faster than the value: the classic (a*)*b. */
static void backspace_in_a_regex_is_told(void **state)
{
	char *text = rule_text("fd.name regex 'a\\bb' or fd.name search \"\\bc\"");

	assert_int_equal(warnings(text, "TC-R087"), 2);
	assert_true(hints(text, "\\\\b"));
	free(text);
	text = rule_text("fd.name search '\\\\bc' or fd.name contains 'a\\bb'");
	assert_int_equal(warnings(text, "TC-R087"), 0);
	free(text);
}

static void regex_cannot_blow_up(void **state)
{
	char path[4001];
	struct made made;

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	make_open(&made, path);
	FAILS(&made, "fd.name regex '(a*)*b'", "fd.name regex '(a|aa)+b'",
	      "fd.name regex '(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)x'");
	made_done(&made);
}

static void operator_bcontains(void **state)
{
	struct made made;

	make_open(&made, "/\xca\xfe\xba\xbe");
	HOLDS(&made, "fd.name bcontains cafe", "fd.name bcontains FEBA");
	FAILS(&made, "fd.name bcontains cafebabf");
	assert_condition_refused("fd.name bcontains cafeb", "TC-R072", 19);
	assert_condition_refused("fd.name bcontains xy", "TC-R072", 19);
	made_done(&made);
}

static void operator_bstartswith(void **state)
{
	struct made made;

	make_open(&made, "/\xca\xfe");
	HOLDS(&made, "fd.name bstartswith 2fca");
	FAILS(&made, "fd.name bstartswith cafe");
	made_done(&made);
}

static void operator_in(void **state)
{
	static const char argv[] = "a\0b";
	struct made made;

	make_exec(&made, argv, sizeof(argv));
	HOLDS(&made, "proc.pid in (1, 42)", "proc.argv in (a, b, c)", "evt.kind in (exec)");
	FAILS(&made, "proc.pid in (1, 2)", "proc.argv in (a, c)", "proc.pid in ()",
	      "mount.op in (x)");
	made_done(&made);
}

static void operator_intersects(void **state)
{
	static const char argv[] = "a\0b";
	struct made made;

	make_exec(&made, argv, sizeof(argv));
	HOLDS(&made, "proc.argv intersects (b, c)", "proc.pid intersects (1, 42)");
	FAILS(&made, "proc.argv intersects (c, d)", "proc.argv intersects ()",
	      "proc.pid intersects (1)");
	made_done(&made);
}

static void operator_pmatch(void **state)
{
	struct made made;

	make_open(&made, "/var/run/docker.sock");
	HOLDS(&made, "fd.name pmatch (/tmp, /var/run)", "fd.name pmatch (/var/r*)");
	FAILS(&made, "fd.name pmatch (/var/ru, /run)", "fd.name pmatch ()");
	assert_condition_refused("proc.pid pmatch (/a)", "TC-R071", 10);
	made_done(&made);
}

static void modifier_anyof(void **state)
{
	struct made made;

	make_open(&made, "/etc/passwd");
	HOLDS(&made, "fd.name startswith anyof (/usr, /etc)", "fd.name = anyof (/x, /etc/passwd)",
	      "fd.name != anyof (/etc/passwd, /x)", "proc.pid > anyof (50, 41)",
	      "fd.name regex anyof ('/x', '/etc/.*')");
	FAILS(&made, "fd.name startswith anyof (/usr, /var)", "fd.name = anyof ()",
	      "fd.name != anyof (/etc/passwd)", "mount.op != anyof (a, b)");
	made_done(&made);
}

static void modifier_allof(void **state)
{
	struct made made;

	make_open(&made, "/etc/passwd");
	HOLDS(&made, "fd.name contains allof (etc, pass, wd)", "fd.name != allof (/x, /y)",
	      "fd.name contains allof ()");
	FAILS(&made, "fd.name contains allof (etc, shadow)", "fd.name != allof (/x, /etc/passwd)",
	      "mount.op != allof (a, b)", "mount.op contains allof ()");
	made_done(&made);
}

static void modifier_oneof(void **state)
{
	struct made made;

	make_open(&made, "/etc/passwd");
	HOLDS(&made, "fd.name contains oneof (passwd, shadow)", "proc.pid = oneof (1, 42)",
	      "fd.name startswith oneof (/etc)");
	FAILS(&made, "fd.name contains oneof (etc, passwd)", "fd.name contains oneof (x, y)",
	      "fd.name contains oneof ()", "mount.op != oneof (a, b)");
	HOLDS(&made, "not fd.name contains oneof (etc, passwd)");
	made_done(&made);
}

static void modifiers_take_lists_by_name(void **state)
{
	static const char text[] = "- list: inner\n  items: [/var/log]\n"
				   "- list: dirs\n  items: [/etc/, inner]\n"
				   "- rule: r\n  desc: d\n  priority: INFO\n  output: o\n"
				   "  condition: fd.name startswith anyof dirs and fd.name "
				   "contains allof (inner, x)\n";
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = rules_from(text, &diagnostics);
	struct made made;

	assert_non_null(set);
	assert_int_equal(diagnostics.count, 0);
	make_open(&made, "/var/log/x");
	assert_int_equal(tc_ruleset_judge(set, &made.event, NULL, 0), 1);
	made_done(&made);
	make_open(&made, "/etc/x");
	assert_int_equal(tc_ruleset_judge(set, &made.event, NULL, 0), 0);
	made_done(&made);
	tc_ruleset_free(set);
	tc_diagnostics_done(&diagnostics);
}

static void modifiers_are_for_operators_of_one_value(void **state)
{
	assert_condition_refused("fd.name in anyof (a)", "TC-R060", 18);
	assert_condition_refused("fd.name exists anyof (a)", "TC-R060", 16);
}

static void addresses_and_networks_compare(void **state)
{
	struct made made;

	make_connect(&made, "10.0.0.7", "192.0.2.1");
	HOLDS(&made, "fd.sip = 192.0.2.1", "fd.sip = ::ffff:192.0.2.1", "fd.sip != 192.0.2.2",
	      "fd.snet = 192.0.2.0/24", "fd.snet = 192.0.2.99/24",
	      "fd.sip in (10.0.0.0/8, 192.0.2.1)", "fd.sip intersects (192.0.0.0/16)",
	      "fd.snet = 0.0.0.0/0", "fd.sip exists", "fd.snet = ::ffff:192.0.2.0/120",
	      "fd.snet != 192.0.2.0/32");
	FAILS(&made, "fd.sip = 192.0.2.2", "fd.sip != 192.0.2.1", "fd.snet != 192.0.2.0/24",
	      "fd.sip in (10.0.0.0/8, 192.0.2.2)", "fd.snet = ::/0", "fd.sip in ()");
	made_done(&made);
	make_connect(&made, "2001:db8::1", "2001:db8::2");
	HOLDS(&made, "fd.sip = 2001:DB8:0::2", "fd.snet = 2001:db8::/32", "fd.snet = ::/0",
	      "fd.sip in (2001:db8::2, 10.0.0.0/8)");
	FAILS(&made, "fd.snet = 0.0.0.0/0", "fd.snet = 2001:db9::/32");
	made_done(&made);
}

static void addresses_that_are_none_are_told(void **state)
{
	assert_condition_refused("fd.sip = 192.0.2", "TC-R072", 10);
	assert_condition_refused("fd.sip = 192.0.2.1/33", "TC-R072", 10);
	assert_condition_refused("fd.sip in (1.2.3.4, example.org)", "TC-R072", 21);
	assert_condition_refused("fd.sip = 2001:db8::/-1", "TC-R072", 10);
	assert_condition_refused("fd.sip = 192.0.2.1/", "TC-R072", 10);
	assert_condition_refused("fd.sip startswith 10.", "TC-R071", 8);
	assert_condition_refused("fd.sip < 10.0.0.1", "TC-R071", 8);
}

static void long_sets_of_networks_are_searched_by_halves(void **state)
{
	static struct tc_net nets[65536 * TC_NET_PARTS];
	char text[64], address[TC_IP_BYTES] = {[10] = (char)0xff, [11] = (char)0xff};
	size_t n = 0;

	for (unsigned i = 0; i < 65536; i++) {
		snprintf(text, sizeof(text), "10.%u.%u.0/25", i * 7919 % 65536 / 256,
			 i * 7919 % 256);
		n += (size_t)tc_net_parse(text, &nets[n]);
	}
	n = tc_nets_arrange(nets, n);
	assert_int_equal(n, 65536);
	for (unsigned i = 0; i < 65536; i++) {
		address[12] = 10;
		address[13] = (char)(i / 256);
		address[14] = (char)i;
		address[15] = 127;
		assert_true(tc_nets_have(nets, n, address));
		address[15] = (char)128;
		assert_false(tc_nets_have(nets, n, address));
	}
	/* Those that touch become one. */
	tc_net_parse("10.0.0.0/8", &nets[n++]);
	assert_int_equal(tc_nets_arrange(nets, n), 1);
}

static void either_end_is_enough_but_for_unequal(void **state)
{
	struct made made;

	make_connect(&made, "10.0.0.7", "192.0.2.1");
	HOLDS(&made, "fd.ip = 10.0.0.7", "fd.ip = 192.0.2.1", "fd.ip in (192.0.2.1, 1.1.1.1)",
	      "fd.net = 10.0.0.0/8", "fd.ip != 10.0.0.8", "fd.port = 443", "fd.port = 40000",
	      "fd.port in (80, 443)", "fd.port < 1024", "fd.ip exists", "fd.net != 172.16.0.0/12",
	      "fd.ip = allof (10.0.0.7, 192.0.2.1)");
	FAILS(&made, "fd.ip = 10.0.0.8", "fd.ip != 10.0.0.7", "fd.ip != 192.0.2.1",
	      "fd.net != 10.0.0.0/8", "fd.port = 80", "fd.port != 443",
	      "fd.ip = allof (10.0.0.7, 1.1.1.1)");
	made_done(&made);
	make_open(&made, "/a");
	FAILS(&made, "fd.ip = 1.1.1.1", "fd.ip != 1.1.1.1", "fd.ip exists");
	made_done(&made);
}

static void right_side_may_be_a_field(void **state)
{
	static const char argv[] = "cat\0sh";
	struct made made;

	make_open(&made, "cat");
	HOLDS(&made, "fd.name = val(proc.name)", "proc.name in val(fd.name)",
	      "fd.name startswith val(proc.name)", "proc.pid >= val(proc.pid)",
	      "fd.name = tolower(proc.name)", "fd.name icontains toupper(proc.name)",
	      "toupper(fd.name) = toupper(proc.name)", "fd.name glob val(proc.name)");
	FAILS(&made, "fd.name != val(proc.name)", "fd.name = val(mount.op)",
	      "fd.name = val(proc.pname)", "fd.name != val(mount.op)", "proc.pid < val(proc.pid)");
	made_done(&made);
	make_exec(&made, argv, sizeof(argv));
	HOLDS(&made, "proc.argv in val(proc.argv)", "proc.argv intersects tolower(proc.argv)");
	FAILS(&made, "proc.argv in toupper(proc.argv)", "proc.argv intersects toupper(proc.argv)");
	made_done(&made);
	make_connect(&made, "10.0.0.7", "10.0.0.7");
	HOLDS(&made, "fd.sip = val(fd.cip)", "fd.sip in val(fd.lip)");
	FAILS(&made, "fd.sip != val(fd.cip)");
	made_done(&made);
}

static void right_side_that_is_not_whole_says_nothing(void **state)
{
	struct made made;

	made_begin(&made, TC_KIND_open);
	made_slot(&made, &made.open.path, "cat", 3, 9);
	made_end(&made);
	FAILS(&made, "proc.name = val(fd.name)", "proc.name != val(fd.name)",
	      "proc.name startswith val(fd.name)");
	made_done(&made);
}

static void right_side_must_fit(void **state)
{
	assert_condition_refused("fd.name = val(proc.pid)", "TC-R070", 11);
	assert_condition_refused("proc.argv in val(proc.name)", "TC-R070", 14);
	assert_condition_refused("fd.name in val(proc.argv)", "TC-R070", 12);
	assert_condition_refused("fd.name regex val(proc.name)", "TC-R070", 9);
	assert_condition_refused("fd.name pmatch val(proc.name)", "TC-R070", 9);
	assert_condition_refused("fd.name bcontains val(proc.name)", "TC-R070", 9);
	assert_condition_refused("proc.aname[2] = val(proc.name)", "TC-R070", 1);
	assert_condition_refused("proc.name = val(proc.aname[2])", "TC-R070", 13);
	assert_condition_refused("fd.cip = val(fd.snet)", "TC-R070", 10);
	assert_condition_refused("fd.ip = val(fd.sip)", "TC-R070", 1);
	assert_condition_refused("fd.name = val(tolower(proc.name))", "TC-R074", 11);
	assert_condition_refused("val(fd.name) = x", "TC-R074", 1);
	assert_condition_refused("fd.name = val(proc.nane)", "TC-R066", 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operator_exists),
		cmocka_unit_test(operator_eq),
		cmocka_unit_test(operator_ne),
		cmocka_unit_test(operator_iequals),
		cmocka_unit_test(operator_istartswith),
		cmocka_unit_test(operator_iendswith),
		cmocka_unit_test(operator_search),
		cmocka_unit_test(operator_lt_le_gt_ge),
		cmocka_unit_test(operator_contains),
		cmocka_unit_test(operator_icontains),
		cmocka_unit_test(operator_startswith),
		cmocka_unit_test(operator_endswith),
		cmocka_unit_test(operator_glob),
		cmocka_unit_test(operator_iglob),
		cmocka_unit_test(operator_regex),
		cmocka_unit_test(regex_sees_characters_and_bytes_that_are_none),
		cmocka_unit_test(regex_of_a_cut_value_is_not_known),
		cmocka_unit_test(regex_that_is_none_is_told),
		cmocka_unit_test(backspace_in_a_regex_is_told),
		cmocka_unit_test(regex_cannot_blow_up),
		cmocka_unit_test(operator_bcontains),
		cmocka_unit_test(operator_bstartswith),
		cmocka_unit_test(operator_in),
		cmocka_unit_test(operator_intersects),
		cmocka_unit_test(operator_pmatch),
		cmocka_unit_test(modifier_anyof),
		cmocka_unit_test(modifier_allof),
		cmocka_unit_test(modifier_oneof),
		cmocka_unit_test(modifiers_take_lists_by_name),
		cmocka_unit_test(modifiers_are_for_operators_of_one_value),
		cmocka_unit_test(addresses_and_networks_compare),
		cmocka_unit_test(addresses_that_are_none_are_told),
		cmocka_unit_test(long_sets_of_networks_are_searched_by_halves),
		cmocka_unit_test(either_end_is_enough_but_for_unequal),
		cmocka_unit_test(right_side_may_be_a_field),
		cmocka_unit_test(right_side_that_is_not_whole_says_nothing),
		cmocka_unit_test(right_side_must_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
