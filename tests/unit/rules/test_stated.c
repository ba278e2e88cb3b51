/* SPDX-License-Identifier: Apache-2.0 */
/* rules/test/stated.c and agent/author.c: from an event in YAML to the values that rules see. */
#include "tests/unit/rules/story.h"

#include "agent/value.h"

/* name: a field, or a field and [n]. shown: as outputs have it, <NA> for no value. */
static void assert_shows(struct story *story, const char *name, const char *shown)
{
	struct tc_buffer text = {0};
	size_t length = strcspn(name, "[");
	const struct tc_field *field = tc_field_by_name(name, length);
	struct tc_value value;

	assert_non_null(field);
	tc_event_get(story->event, field, name[length] ? atoi(name + length + 1) : -1, &value);
	tc_value_print(&text, &value, field->show);
	if (strcmp(text.bytes, shown) != 0)
		fail_msg("%s is %s, not %s", name, text.bytes, shown);
	tc_buffer_done(&text);
}

/* An event and what its fields show, ended by NULL. */
static void assert_event(const char *text, const char *const *fields)
{
	struct story story = {0};

	if (story_tell(&story, text) < 0) {
		tc_diagnostics_print(&story.diagnostics, stderr, false);
		fail_msg("refused: %s", text);
	}
	for (; *fields; fields += 2)
		assert_shows(&story, fields[0], fields[1]);
	story_done(&story);
}

#define FIELDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void assert_event_refused(const char *text, unsigned column, const char *message,
				 const char *hint)
{
	struct story story = {0};
	const struct tc_diagnostic *found;

	assert_int_equal(story_tell(&story, text), -EINVAL);
	assert_int_equal(story.diagnostics.count, 1);
	found = story.diagnostics.items;
	if (found->column != column || !strstr(found->message, message) ||
	    (hint && (!found->hint || !strstr(found->hint, hint))))
		fail_msg("%u: %s (%s)", found->column, found->message,
			 found->hint ? found->hint : "no hint");
	story_done(&story);
}

/* --- plain values --- */

static void test_header_is_plain(void **state)
{
	assert_event("{kind: mkdir}",
		     FIELDS("evt.kind", "mkdir", "evt.type", "mkdir", "proc.pid", "1000",
			    "thread.tid", "1000", "proc.ppid", "999", "proc.name", "test",
			    "user.uid", "0", "user.name", "root", "group.name", "root",
			    "ns.mnt_is_host", "true", "ns.user_is_host", "true", "ns.net_is_host",
			    "true", "cgroup.path", "/system.slice/test.service", "cgroup.unit",
			    "test.service", "container.id", "host", "proc.pname", "<NA>",
			    "proc.duration", "10000000000", "evt.time.iso8601",
			    "2026-01-01T00:00:10.000000000+0000", "evt.hostname", "test",
			    "file.path", "<NA>", "dir.ino", "<NA>"));
}

static void test_what_every_event_of_a_kind_has(void **state)
{
	assert_event("{kind: open, fd.name: /etc/shadow}",
		     FIELDS("fd.directory", "/etc", "fd.filename", "shadow", "file.path",
			    "/etc/shadow", "fd.typechar", "f", "evt.arg.flags", "O_WRONLY",
			    "evt.is_open_read", "false", "evt.is_open_write", "true", "fd.ino",
			    "<NA>", "file.mode", "<NA>"));
	assert_event("{kind: open_read}", FIELDS("evt.is_open_read", "true", "fd.name", "<NA>"));
	assert_event("{kind: exec, proc.exepath: /usr/bin/cat}",
		     FIELDS("proc.name", "cat", "proc.is_exe_from_memfd", "false",
			    "proc.is_exe_deleted", "false", "proc.exe_ino", "<NA>",
			    "thread.cap_effective", "<NA>", "proc.cmdnargs", "<NA>",
			    "proc.is_sid_leader", "<NA>", "proc.tty", "0", "user.loginuid", "-1"));
}

/* --- stated values --- */

static void test_stated_values_reach_the_record(void **state)
{
	assert_event("{kind: chown, file.path: /a, chown.uid: -1, chown.gid: 7, file.mode: "
		     "'S_IRUSR|S_ISUID', user.uid: 33, evt.verdict: blocked, thread.tid: 5}",
		     FIELDS("chown.uid", "-1", "chown.gid", "7", "file.mode", "S_ISUID|S_IRUSR",
			    "user.uid", "33", "user.ruid", "33", "user.name", "<NA>", "evt.verdict",
			    "blocked", "evt.failed", "true", "thread.tid", "5", "fs.path.name",
			    "/a"));
}

static void test_stated_values_win_over_computed_ones(void **state)
{
	assert_event("{kind: open, fd.name: /etc/shadow, fd.directory: /x, proc.cmdline: a b, "
		     "proc.args: c, container.runtime: rkt, evt.num: 7}",
		     FIELDS("fd.name", "/etc/shadow", "fd.directory", "/x", "proc.cmdline", "a b",
			    "proc.args", "c", "container.runtime", "rkt", "evt.num", "7"));
	assert_event("{kind: exec, container.id: abc, container.image.repository: web, "
		     "container.privileged: true, 'container.label[a*]': x}",
		     FIELDS("container.image.repository", "web", "container.privileged", "true",
			    "container.labels", "<NA>"));
}

static void test_null_is_no_value(void **state)
{
	assert_event("{kind: open, fd.name: ~, proc.name: null, user.uid: , container.id: ~, "
		     "evt.is_open_read: ~}",
		     FIELDS("fd.name", "<NA>", "fd.directory", "<NA>", "proc.name", "<NA>",
			    "user.uid", "<NA>", "container.id", "<NA>", "cgroup.path", "<NA>",
			    "evt.is_open_read", "<NA>"));
}

static void test_escapes_are_raw_bytes(void **state)
{
	assert_event("{kind: open, fd.name: \"/\\xff\\xe9\\u00e9\xc3\xa9\\n\"}",
		     FIELDS("fd.name", "/\\xff\\xe9\xc3\xa9\xc3\xa9\\n"));
	assert_event("{kind: open, fd.name: '/\\xff'}", FIELDS("fd.name", "/\\\\xff"));
}

static void test_types_of_files(void **state)
{
	assert_event("{kind: open, fd.name: /etc, fd.typechar: d}",
		     FIELDS("fd.type", "directory", "fd.directory", "/etc", "fd.filename", "<NA>"));
	assert_event("{kind: create, file.type: block}",
		     FIELDS("file.type", "block", "fd.typechar", "f"));
}

/* --- processes --- */

static void test_arguments_in_any_form(void **state)
{
	const char *const forms[] = {
		"{kind: exec, proc.name: ls, proc.argv: [/bin/ls, -l, /]}",
		"{kind: open, proc.name: ls, proc.argv: [/bin/ls, -l, /]}",
		"{kind: open, proc.name: ls, proc.exe: /bin/ls, proc.args: -l /}",
		"{kind: exec, proc.exe: /bin/ls, proc.cmdline: ls -l /, proc.name: ls}",
		"{kind: exec, proc.name: ls, proc.exeline: /bin/ls -l /}",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_event(forms[i],
			     FIELDS("proc.cmdline", "ls -l /", "proc.args", "-l /", "proc.exe",
				    "/bin/ls", "proc.argv[1]", "-l", "proc.argc", "3",
				    "proc.cmdnargs", "2", "proc.exeline", "/bin/ls -l /"));
}

static void test_ancestors(void **state)
{
	assert_event("{kind: exec, proc.aname: [x, bash, ~, init], proc.pexepath: /usr/bin/bash, "
		     "proc.apid: [7, 8, 9, 1], proc.acmdline: [x 1, bash -i]}",
		     FIELDS("proc.name", "x", "proc.pname", "bash", "proc.pid", "7", "proc.ppid",
			    "8", "proc.pexepath", "/usr/bin/bash", "proc.aexepath[1]",
			    "/usr/bin/bash", "proc.aname[2]", "<NA>", "proc.aname[3]", "init",
			    "proc.aname", "bash init", "proc.apid[3]", "1", "proc.pcmdline",
			    "bash -i", "proc.cmdline", "x 1", "proc.pexe", "bash"));
	assert_event(
		"{kind: open, 'proc.aname[4]': sshd}",
		FIELDS("proc.aname[4]", "sshd", "proc.aname[1]", "<NA>", "proc.aname", "sshd"));
}

static void test_the_other_process(void **state)
{
	assert_event("{kind: trace, target.pid: 1, target.name: systemd, target.exepath: "
		     "/usr/lib/systemd/systemd, target.pname: x, target.container.id: abc}",
		     FIELDS("target.pid", "1", "target.name", "systemd", "target.exepath",
			    "/usr/lib/systemd/systemd", "target.pname", "x", "target.container.id",
			    "abc", "container.id", "host", "target.container.runtime", "docker"));
	assert_event(
		"{kind: signal, target.exepath: /a/b, evt.arg.sig: SIGKILL}",
		FIELDS("target.exepath", "/a/b", "evt.arg.sig", "SIGKILL", "target.pid", "2000"));
	assert_event("{kind: trace}", FIELDS("target.container.id", "host", "target.name", "<NA>",
					     "target.uid", "0", "target.user", "root"));
}

static void test_containers_have_cgroups(void **state)
{
	assert_event("{kind: open, container.id: 0123456789ab}",
		     FIELDS("container.id", "0123456789ab", "container.runtime", "docker",
			    "cgroup.slice", "system.slice", "container.full_id",
			    "0123456789ab0000000000000000000000000000000000000000000000000000"));
	assert_event("{kind: open, container.runtime: podman}",
		     FIELDS("container.runtime", "podman", "container.type", "podman",
			    "container.id", "c0ffee000000"));
	assert_event("{kind: open, container.id: web, container.runtime: lxc}",
		     FIELDS("container.id", "web", "cgroup.path", "/lxc.payload.web"));
	assert_event("{kind: cgroup_mkdir, target.cgroup.path: /a.slice/b.service}",
		     FIELDS("target.cgroup.unit", "b.service", "cgroup.unit", "test.service"));
}

static void test_system_calls(void **state)
{
	assert_event("{evt.type: execveat}", FIELDS("evt.kind", "exec", "evt.via", "syscall"));
	assert_event("{kind: open, evt.type: io_uring_openat}",
		     FIELDS("evt.type", "io_uring_openat", "evt.via", "io_uring"));
	assert_event("{kind: loss, loss.count: 3}", FIELDS("evt.type", "loss", "loss.count", "3"));
}

static void test_sockets(void **state)
{
	assert_event(
		"{kind: connect, fd.sip: 192.0.2.1, fd.sport: 443, fd.lip: 10.0.0.1, fd.lport: "
		"4000}",
		FIELDS("fd.rip", "192.0.2.1", "fd.rport", "443", "fd.cip", "10.0.0.1", "fd.cport",
		       "4000", "fd.type", "ipv4", "fd.l4proto", "tcp", "fd.sockfamily", "ip",
		       "fd.is_server", "false", "fd.name", "10.0.0.1:4000->192.0.2.1:443"));
	assert_event("{kind: accept, fd.cip: '2001:db8::1', fd.sport: 22}",
		     FIELDS("fd.rip", "2001:db8::1", "fd.lport", "22", "fd.type", "ipv6",
			    "fd.is_server", "true", "fd.connected", "true"));
	assert_event(
		"{kind: connect, socket.path: /run/docker.sock}",
		FIELDS("fd.type", "unix", "fd.sockfamily", "unix", "fd.name", "/run/docker.sock"));
	assert_event("{kind: send, fd.l4proto: udp, fd.rport: 53}",
		     FIELDS("fd.l4proto", "udp", "fd.sport", "53", "socket.type", "SOCK_DGRAM"));
	assert_event("{kind: connect, fd.name: 'a->b'}", FIELDS("fd.name", "a->b"));
}

static void test_a_story_goes_on(void **state)
{
	struct story story = {0};

	assert_int_equal(story_tell(&story, "{kind: exec, proc.pid: 10, proc.exepath: /a/server, "
					    "container.id: abc, user.uid: 33}"),
			 0);
	assert_int_equal(story_tell(&story, "{kind: fork, proc.pid: 10, child.pid: 11}"), 0);
	assert_shows(&story, "proc.exepath", "/a/server");
	assert_shows(&story, "user.uid", "33");
	assert_int_equal(story_tell(&story, "{kind: exec, proc.pid: 11, proc.exepath: /b/sh}"), 0);
	assert_shows(&story, "proc.pname", "server");
	assert_shows(&story, "proc.ppid", "10");
	assert_shows(&story, "proc.name", "sh");
	assert_shows(&story, "evt.num", "3");
	tc_author_settle(story.author);
	story.event = NULL;
	assert_int_equal(tc_author_begin(story.author), 0);
	assert_int_equal(story_tell(&story, "{kind: open, proc.pid: 11}"), 0);
	assert_shows(&story, "proc.pname", "<NA>");
	assert_shows(&story, "evt.num", "1");
	story_done(&story);
}

/* --- mistakes --- */

static void test_mistakes_are_told_where_they_are(void **state)
{
	assert_event_refused("{kind: opn}", 8, "unknown kind", "open");
	assert_event_refused("{evt.type: openat}", 12, "several kinds", "open, open_read");
	assert_event_refused("{evt.type: frob}", 12, "no event comes from", NULL);
	assert_event_refused("{proc.pid: 1}", 1, "kind", "kind: exec");
	assert_event_refused("{kind: open, fd.nam: a}", 14, "unknown field", "fd.name");
	assert_event_refused("{kind: exec, fd.name: a}", 14, "have no fd.name", NULL);
	assert_event_refused("{kind: exec, proc.pid: a}", 24, "unsigned number", NULL);
	assert_event_refused("{kind: exec, proc.pid: [1]}", 24, "unsigned number", NULL);
	assert_event_refused("{kind: exec, proc.pid: 4294967295}", 14, "does not fit", NULL);
	assert_event_refused("{kind: exec, proc.argv: ls}", 25, "list", "[a, b]");
	assert_event_refused("{kind: exec, proc.aname: ls}", 26, "list", "process itself");
	assert_event_refused("{kind: exec, 'proc.pid[1]': 1}", 14, "takes no index", NULL);
	assert_event_refused("{kind: open, evt.is_open_write: false}", 14, "always true", NULL);
	assert_event_refused("{kind: open, evt.type: execve}", 14, "does not lead", "openat");
	assert_event_refused("{kind: open, evt.arg.flags: O_CREATE}", 14, "`O_CREATE`", "O_CREAT");
	assert_event_refused("{kind: open, proc.name: sixteen-letters-}", 14, "15 bytes",
			     "sixteen-letters");
	assert_event_refused("{kind: open, fd.name: /a, file.path: /b}", 27, "another name", NULL);
	assert_event_refused("{kind: open, 'proc.argv[1]': -l}", 14, "alone", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_is_plain),
		cmocka_unit_test(test_what_every_event_of_a_kind_has),
		cmocka_unit_test(test_stated_values_reach_the_record),
		cmocka_unit_test(test_stated_values_win_over_computed_ones),
		cmocka_unit_test(test_null_is_no_value),
		cmocka_unit_test(test_escapes_are_raw_bytes),
		cmocka_unit_test(test_types_of_files),
		cmocka_unit_test(test_arguments_in_any_form),
		cmocka_unit_test(test_ancestors),
		cmocka_unit_test(test_the_other_process),
		cmocka_unit_test(test_containers_have_cgroups),
		cmocka_unit_test(test_system_calls),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_a_story_goes_on),
		cmocka_unit_test(test_mistakes_are_told_where_they_are),
	};

	setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
