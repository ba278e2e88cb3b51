/* SPDX-License-Identifier: Apache-2.0 */
/* Fields that the agent derives: each by its name, as a rule would ask for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "agent/enrich/image.h"
#include "tests/unit/agent/expect_fields.h"
#include "tests/unit/agent/world_fixture.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define CONTAINER 42
#define SERVICE 43
#define UNKNOWN 44

/* init (1) -> sshd (100) -> bash (200) -> curl (300) */
static void make_family(struct fixture *fixture)
{
	make_exec(&fixture->made, 1, 10, "systemd", "/usr/lib/systemd/systemd");
	MAKE_ARGV(&fixture->made, "/sbin/init");
	fixture->made.exec.sid = 1;
	feed_and_settle(fixture);

	make_fork(&fixture->made, 1, 10, "systemd", 100, 1000);
	feed_and_settle(fixture);
	make_exec(&fixture->made, 100, 1000, "sshd", "/usr/sbin/sshd");
	MAKE_ARGV(&fixture->made, "sshd: admin\0-D");
	feed_and_settle(fixture);

	make_fork(&fixture->made, 100, 1000, "sshd", 200, 2000);
	feed_and_settle(fixture);
	make_exec(&fixture->made, 200, 2000, "bash", "/usr/bin/bash");
	MAKE_ARGV(&fixture->made, "-bash");
	MAKE_STRING(&fixture->made, &fixture->made.exec.tty, "pts3");
	fixture->made.exec.loginuid = 1000;
	feed_and_settle(fixture);

	make_fork(&fixture->made, 200, 2000, "bash", 300, 3000);
	fixture->made.fork.child_vpid = 7;
	feed_and_settle(fixture);
	make_exec(&fixture->made, 300, 3000, "curl", "/usr/bin/curl");
	MAKE_ARGV(&fixture->made, "curl\0-o\0x y\0\0https://a/");
	MAKE_STRING(&fixture->made, &fixture->made.exec.cwd, "/root");
	MAKE_STRING(&fixture->made, &fixture->made.exec.tty, "pts3");
	fixture->made.exec.argc = 5;
	fixture->made.exec.sid = 200;
	fixture->made.exec.pgid = 300;
	fixture->made.exec.vpid = 7;
	fixture->made.exec.loginuid = 1000;
	fixture->made.exec.exe_ino = 4711;
	fixture->made.exec.exe_upper = 1;
	fixture->made.exec.net_ns = 0xF0000001U;
	fixture->made.exec.uts_ns = 0xEFFFFFFEU;
	fixture->made.exec.cap_effective = 1;
	feed_and_settle(fixture);
}

static void make_cgroups(struct fixture *fixture)
{
	static const char container[] = "/system.slice/docker-" ID ".scope";

	assert_int_equal(tc_cgroups_set(fixture->world.cgroups, CONTAINER, container,
					sizeof(container) - 1, false),
			 0);
	assert_int_equal(tc_cgroups_set(fixture->world.cgroups, SERVICE,
					"/system.slice/ssh.service", 25, false),
			 0);
	assert_int_equal(tc_cgroups_set(fixture->world.cgroups, 1, "/", 1, false), 0);
}

static int set_up(void **state)
{
	struct fixture *fixture = fixture_new();

	setenv("TZ", "UTC", 1);
	make_cgroups(fixture);
	make_family(fixture);
	*state = fixture;
	return 0;
}

/* curl opens a file. */
static void make_open(struct fixture *fixture)
{
	MAKE(&fixture->made, open, 300, 3000, "curl");
	fixture->made.header.cgroup_id = SERVICE;
	fixture->made.header.syscall = 257;
	fixture->made.header.time_ns = 3000 + 5 * SECOND;
	fixture->made.open.type = S_IFREG;
	fixture->made.open.open_flags = O_WRONLY;
	MAKE_STRING(&fixture->made, &fixture->made.open.path, "/etc/cron.d/job");
}

#define EXPECT(fixture, ...) EXPECT_FIELDS(&(fixture)->event, __VA_ARGS__)

static void fields_are_made_of_others(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	fixture->made.open.dev = (uint32_t)makedev(8, 17);
	feed(fixture);
	EXPECT(fixture, {"fd.dev.major", "8"}, {"fd.dev.minor", "17"}, {"syscall.type", "openat"},
	       {"evt.abspath", "/etc/cron.d/job"}, {"fd.containername", "host:/etc/cron.d/job"},
	       {"fd.containerdirectory", "host:/etc/cron.d"},
	       {"thread.cgroups", "/system.slice/ssh.service"}, {"container.name", "host"});
	make_open(fixture);
	fixture->made.header.syscall = -1;
	feed(fixture);
	EXPECT(fixture, {"syscall.type", "-"}, {"evt.type", "open"});
}

static void the_actor_is_what_exec_made_it(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"proc.name", "curl"}, {"proc.exe", "curl"},
	       {"proc.exepath", "/usr/bin/curl"}, {"proc.cmdline", "curl -o x y  https://a/"},
	       {"proc.args", "-o x y  https://a/"}, {"proc.exeline", "curl -o x y  https://a/"},
	       {"proc.argv", "curl,-o,x y,,https://a/"}, {"proc.argv[0]", "curl"},
	       {"proc.argv[2]", "x y"}, {"proc.argv[3]", ""}, {"proc.argv[4]", "https://a/"},
	       {"proc.argv[5]", "-"}, {"proc.argc", "5"}, {"proc.cmdnargs", "4"},
	       {"proc.cmdlenargs", "15"}, {"proc.cwd", "/root"}, {"proc.vpid", "7"},
	       {"proc.sid", "200"}, {"proc.pgid", "300"}, {"proc.is_vpgid_leader", "true"},
	       {"proc.is_sid_leader", "false"}, {"proc.tty", "34819"}, {"proc.tty_name", "pts3"},
	       {"proc.exe_ino", "4711"}, {"proc.is_exe_upper_layer", "true"},
	       {"proc.is_exe_from_memfd", "false"}, {"proc.duration", "5000000000"},
	       {"proc.pid.ts", "3000"}, {"user.loginuid", "1000"},
	       {"thread.cap_effective", "CAP_CHOWN"}, {"ns.net", "4026531841"},
	       {"ns.net_is_host", "-"}, {"ns.uts_is_host", "true"}, {"ns.ipc_is_host", "-"},
	       {"proc.exec_filename", "-"}, {"proc.is_lineage_cut", "false"});
	settle(fixture);
}

static void ancestors_are_numbered_from_the_process_itself(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"proc.pname", "bash"}, {"proc.pexe", "-bash"},
	       {"proc.pexepath", "/usr/bin/bash"}, {"proc.pcmdline", "bash"}, {"proc.pargs", ""},
	       {"proc.pvpid", "200"}, {"proc.aname[0]", "curl"}, {"proc.aname[1]", "bash"},
	       {"proc.aname[2]", "sshd"}, {"proc.aname[3]", "systemd"}, {"proc.aname[4]", "-"},
	       {"proc.aname[65]", "-"}, {"proc.aname[2147483647]", "-"},
	       {"proc.aname", "bash,sshd,systemd"}, {"proc.aexe", "-bash,sshd: admin,/sbin/init"},
	       {"proc.aexe[2]", "sshd: admin"}, {"proc.aexepath[3]", "/usr/lib/systemd/systemd"},
	       {"proc.acmdline", "bash,sshd -D,systemd"}, {"proc.acmdline[2]", "sshd -D"},
	       {"proc.apid[0]", "300"}, {"proc.apid[2]", "100"}, {"proc.apid[4]", "-"},
	       {"proc.apid", "-"}, {"proc.sname", "bash"}, {"proc.sid.exe", "-bash"},
	       {"proc.sid.exepath", "/usr/bin/bash"}, {"proc.ppid.ts", "2000"},
	       {"proc.ppid.duration", "5000001000"});
	settle(fixture);
}

static void a_session_leader_that_ended_is_still_named(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, exit, 200, 2000, "bash");
	feed_and_settle(fixture);
	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"proc.sname", "bash"}, {"proc.pname", "bash"}, {"proc.aname[2]", "sshd"});
	settle(fixture);
}

static void an_unknown_process_has_no_values_but_its_header(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, open, 999, 9000, "stranger");
	fixture->made.header.cgroup_id = UNKNOWN;
	feed(fixture);
	EXPECT(fixture, {"proc.name", "stranger"}, {"proc.pid", "999"}, {"proc.exe", "-"},
	       {"proc.exepath", "-"}, {"proc.cmdline", "-"}, {"proc.args", "-"}, {"proc.argv", "-"},
	       {"proc.argv[0]", "-"}, {"proc.argc", "-"}, {"proc.cwd", "-"}, {"proc.tty", "-"},
	       {"proc.vpid", "-"}, {"proc.sid", "-"}, {"proc.pname", "-"}, {"proc.aname", "-"},
	       {"proc.aname[1]", "-"}, {"proc.aname[0]", "stranger"}, {"proc.sname", "-"},
	       {"proc.is_sid_leader", "-"}, {"proc.cmdnargs", "-"},
	       {"proc.is_exe_upper_layer", "-"}, {"thread.cap_effective", "-"},
	       {"user.loginuid", "-"}, {"user.loginname", "-"}, {"cgroup.path", "-"},
	       {"cgroup.unit", "-"}, {"container.id", "-"}, {"container.runtime", "-"},
	       {"container.full_id", "-"}, {"ns.net_is_host", "-"});
	settle(fixture);
}

static void lose(struct fixture *fixture, uint64_t until_ns)
{
	MAKE(&fixture->made, loss, 0, 0, "");
	fixture->made.loss.since_ns = until_ns - SECOND;
	fixture->made.loss.until_ns = until_ns;
	feed_and_settle(fixture);
}

/* An exec may be among the lost: no value, so that no exception takes the former program for it. */
static void after_a_loss_the_former_program_is_not_shown(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"proc.is_doubtful", "false"});
	settle(fixture);
	lose(fixture, 4 * SECOND);
	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"proc.is_doubtful", "true"}, {"proc.name", "curl"}, {"proc.pid", "300"},
	       {"proc.aname[0]", "curl"}, {"proc.vpid", "7"}, {"proc.exe", "-"},
	       {"proc.exepath", "-"}, {"proc.cmdline", "-"}, {"proc.args", "-"},
	       {"proc.exeline", "-"}, {"proc.argv", "-"}, {"proc.argv[0]", "-"}, {"proc.argc", "-"},
	       {"proc.cmdnargs", "-"}, {"proc.cmdlenargs", "-"}, {"proc.cwd", "-"},
	       {"proc.tty", "-"}, {"proc.tty_name", "-"}, {"proc.sid", "-"}, {"proc.sname", "-"},
	       {"proc.is_sid_leader", "-"}, {"proc.is_vpgid_leader", "-"},
	       {"proc.is_exe_upper_layer", "-"}, {"thread.cap_effective", "-"},
	       {"user.loginuid", "-"}, {"user.loginname", "-"}, {"ns.uts_is_host", "-"},
	       {"proc.pname", "-"}, {"proc.pexepath", "-"}, {"proc.pcmdline", "-"},
	       {"proc.aname", "-"}, {"proc.apid[1]", "200"});
	settle(fixture);
	MAKE(&fixture->made, open, 2, 20, "kworker/0:1");
	fixture->made.header.flags = TC_RECORD_KERNEL;
	feed(fixture);
	EXPECT(fixture, {"proc.is_doubtful", "false"});
	settle(fixture);
}

static void an_exec_is_never_in_doubt(void **state)
{
	struct fixture *fixture = *state;

	lose(fixture, 4 * SECOND);
	make_exec(&fixture->made, 300, 3000, "sh", "/usr/bin/dash");
	MAKE_ARGV(&fixture->made, "sh\0-c\0id");
	feed(fixture);
	EXPECT(fixture, {"proc.is_doubtful", "false"}, {"proc.exepath", "/usr/bin/dash"},
	       {"proc.cmdline", "sh -c id"}, {"proc.exe", "sh"}, {"proc.aname[0]", "sh"},
	       {"proc.pname", "-"});
	settle(fixture);
	/* But another exec may have followed it, before the end of the loss. */
	MAKE(&fixture->made, open, 300, 3000, "sh");
	fixture->made.header.time_ns = 5 * SECOND;
	feed(fixture);
	EXPECT(fixture, {"proc.is_doubtful", "true"}, {"proc.exepath", "-"});
	settle(fixture);
}

static void the_boot_has_an_id(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"evt.boot_id", "-"});
	settle(fixture);
	strcpy(fixture->world.boot_id, "0f9d4a3e-6d5c-4c0e-9a57-1c2f6d5f7b11");
	feed(fixture);
	EXPECT(fixture, {"evt.boot_id", "0f9d4a3e-6d5c-4c0e-9a57-1c2f6d5f7b11"});
	settle(fixture);
}

static void events_without_a_world_have_no_values(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	tc_event_reset(&fixture->event, &fixture->made.header, tc_kind_info(TC_KIND_open));
	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);
		struct tc_value value;

		tc_event_get(&fixture->event, field, -1, &value);
		if (field->flags & TC_FIELD_INDEXED)
			tc_event_get(&fixture->event, field, 1, &value);
	}
	EXPECT(fixture, {"evt.type", "openat"}, {"proc.exe", "-"}, {"evt.time", "-"},
	       {"evt.num", "-"});
}

static void a_kernel_thread_has_a_name_only(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, open, 2, 20, "kworker/0:1");
	fixture->made.header.flags = TC_RECORD_KERNEL;
	feed(fixture);
	EXPECT(fixture, {"proc.cmdline", "kworker/0:1"}, {"proc.args", "-"}, {"proc.exe", "-"},
	       {"evt.via", "kernel"});
	settle(fixture);
}

static void exec_shows_its_own_program(void **state)
{
	struct fixture *fixture = *state;

	make_exec(&fixture->made, 300, 3000, "sh", "/usr/bin/dash");
	MAKE_ARGV(&fixture->made, "sh\0-c\0id");
	fixture->made.header.syscall = 59;
	feed(fixture);
	EXPECT(fixture, {"evt.type", "execve"}, {"proc.exepath", "/usr/bin/dash"},
	       {"proc.exe", "sh"}, {"proc.cmdline", "sh -c id"}, {"proc.argv", "sh,-c,id"},
	       {"proc.argv[1]", "-c"}, {"proc.tty", "0"}, {"proc.tty_name", "-"},
	       {"proc.pname", "bash"});
	settle(fixture);
}

static void what_was_cut_says_so(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {"proc.args", "proc.cmdline", "proc.exeline",
					    "proc.argv", "proc.acmdline"};
	static const uint32_t sizes[] = {5000 - 5 - 1, 5 + 5000 - 5 - 1, 5000 - 1};
	struct tc_value value;

	make_exec(&fixture->made, 300, 3000, "long", "/x");
	MAKE_ARGV(&fixture->made, "long\0aaaa");
	fixture->made.exec.argv.size = 5000;
	fixture->made.exec.argv.flags |= TC_SLOT_CUT;
	feed_and_settle(fixture);
	make_fork(&fixture->made, 300, 3000, "long", 301, 3001);
	feed_and_settle(fixture);
	MAKE(&fixture->made, open, 301, 3001, "long");
	feed(fixture);
	for (unsigned i = 0; i < 5; i++) {
		assert_true(tc_event_get(&fixture->event,
					 tc_field_by_name(names[i], strlen(names[i])), -1, &value));
		assert_true(value.flags & TC_VALUE_CUT);
		if (i < 3)
			assert_int_equal(value.size, sizes[i]);
	}
	assert_true(tc_event_get(&fixture->event, tc_field_by_name("proc.exe", 8), -1, &value));
	assert_int_equal(value.flags, 0);
	assert_int_equal(value.size, 4);
	settle(fixture);
}

static void what_was_unreadable_says_so(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = {"proc.exe", "proc.args", "proc.cmdline", "proc.argv",
					    "proc.exeline"};
	struct tc_value value;

	make_exec(&fixture->made, 300, 3000, "x", "/x");
	fixture->made.exec.argv =
		(struct tc_slot){.size = 100, .flags = TC_SLOT_PRESENT | TC_SLOT_UNREADABLE};
	feed_and_settle(fixture);
	MAKE(&fixture->made, open, 300, 3000, "x");
	feed(fixture);
	for (unsigned i = 0; i < 5; i++) {
		assert_false(tc_event_get(
			&fixture->event, tc_field_by_name(names[i], strlen(names[i])), -1, &value));
		if (!(value.flags & TC_VALUE_UNREADABLE))
			fail_msg("%s does not say that it was unreadable", names[i]);
	}
	settle(fixture);
}

static const struct {
	int32_t syscall;
	uint32_t flags;
	const char *type, *via;
} types[] = {
	{257, 0, "openat", "syscall"},
	{5, TC_RECORD_COMPAT, "open", "syscall"},
	{0x40000000 | 257, 0, "openat", "syscall"},
	{257, TC_RECORD_IO_URING, "io_uring_openat", "io_uring"},
	{437, TC_RECORD_IO_URING | TC_RECORD_KERNEL, "io_uring_openat2", "io_uring"},
	{-1, 0, "open", "kernel"},
	{-1, TC_RECORD_KERNEL, "open", "kernel"},
	{9999, 0, "open", "syscall"},
};

static void the_type_is_the_system_call(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		make_open(fixture);
		fixture->made.header.syscall = types[i].syscall;
		fixture->made.header.flags = types[i].flags;
		feed(fixture);
		assert_string_equal(get_field(&fixture->event, "evt.type"), types[i].type);
		assert_string_equal(get_field(&fixture->event, "evt.via"), types[i].via);
		settle(fixture);
	}
}

static void times_are_written_in_many_ways(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	fixture->made.header.time_ns = 123456789;
	fixture->world.clock.real_minus_boot_ns = 1700000000 * (int64_t)SECOND;
	feed(fixture);
	EXPECT(fixture, {"evt.time", "22:13:20.123456789"}, {"evt.time.s", "22:13:20"},
	       {"evt.time.iso8601", "2023-11-14T22:13:20.123456789+0000"},
	       {"evt.datetime", "2023-11-14 22:13:20.123456789"},
	       {"evt.datetime.s", "2023-11-14 22:13:20"}, {"evt.rawtime", "1700000000123456789"},
	       {"evt.rawtime.s", "1700000000"}, {"evt.rawtime.ns", "123456789"}, {"evt.dir", "<"},
	       {"evt.category", "file"}, {"evt.num", "8"});
	settle(fixture);
}

static void results_follow_the_verdict(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"evt.res", "SUCCESS"}, {"evt.rawres", "0"}, {"evt.failed", "false"},
	       {"fd.num", "0"});
	settle(fixture);
	fixture->made.header.verdict = TC_VERDICT_BLOCKED;
	feed(fixture);
	EXPECT(fixture, {"evt.res", "EPERM"}, {"evt.rawres", "-1"}, {"evt.failed", "true"},
	       {"fd.num", "-1"});
	settle(fixture);
	fixture->made.header.error = EACCES;
	feed(fixture);
	EXPECT(fixture, {"evt.res", "EACCES"}, {"evt.rawres", "-13"}, {"evt.failed", "true"});
	settle(fixture);
}

static void flags_of_the_record_are_fields(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"evt.truncated", "false"}, {"evt.unreadable", "false"},
	       {"evt.source_hook", "lsm"}, {"evt.paths_are_raw", "false"});
	settle(fixture);
	fixture->made.header.flags =
		TC_RECORD_CUT | TC_RECORD_UNREADABLE | TC_RECORD_FALLBACK | TC_RECORD_CALLER;
	feed(fixture);
	EXPECT(fixture, {"evt.truncated", "true"}, {"evt.unreadable", "true"},
	       {"evt.source_hook", "tracepoint"}, {"evt.paths_are_raw", "true"});
	settle(fixture);
}

static const struct {
	uint32_t type;
	const char *path, *directory, *filename, *letter, *word, *full;
} files[] = {
	{S_IFREG, "/etc/passwd", "/etc", "passwd", "f", "file", "regular"},
	{S_IFREG, "/vmlinuz", "/", "vmlinuz", "f", "file", "regular"},
	{S_IFREG, "/a/b/new\nline", "/a/b", "new\nline", "f", "file", "regular"},
	{S_IFDIR, "/etc", "/etc", "-", "d", "directory", "directory"},
	{S_IFDIR, "/", "/", "-", "d", "directory", "directory"},
	{S_IFCHR, "/dev/null", "/dev", "null", "f", "file", "character"},
	{S_IFBLK, "/dev/sda", "/dev", "sda", "f", "file", "block"},
	{S_IFIFO, "/run/initctl", "/run", "initctl", "p", "pipe", "fifo"},
	{S_IFSOCK, "/run/s", "/run", "s", "u", "unix", "socket"},
	{0, "/x/y", "/x", "y", "-", "-", "-"},
	{S_IFREG, "noslash", "-", "-", "f", "file", "regular"},
};

static void the_file_is_told_apart(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		MAKE(&fixture->made, open, 300, 3000, "curl");
		fixture->made.open.type = files[i].type | 0644;
		MAKE_STRING(&fixture->made, &fixture->made.open.path, files[i].path);
		feed(fixture);
		EXPECT(fixture, {"fd.name", files[i].path}, {"fd.directory", files[i].directory},
		       {"fd.filename", files[i].filename}, {"fd.typechar", files[i].letter},
		       {"fd.type", files[i].word}, {"file.type", files[i].full});
		settle(fixture);
	}
}

static void a_cut_path_has_no_directory_and_no_name(void **state)
{
	struct fixture *fixture = *state;
	struct tc_value value;

	make_open(fixture);
	fixture->made.open.path.flags |= TC_SLOT_CUT;
	fixture->made.open.path.size = 5000;
	feed(fixture);
	assert_false(
		tc_event_get(&fixture->event, tc_field_by_name("fd.directory", 12), -1, &value));
	assert_true(value.flags & TC_VALUE_CUT);
	assert_false(
		tc_event_get(&fixture->event, tc_field_by_name("fd.filename", 11), -1, &value));
	assert_true(value.flags & TC_VALUE_CUT);
	settle(fixture);
}

static const struct {
	enum tc_kind kind;
	uint32_t flags;
	const char *is_read, *is_write;
} opens[] = {
	{TC_KIND_open, O_WRONLY, "false", "true"},
	{TC_KIND_open, O_RDWR | O_CREAT, "true", "true"},
	{TC_KIND_open_read, O_RDONLY, "true", "false"},
	{TC_KIND_open_read, O_RDONLY | O_CLOEXEC, "true", "false"},
};

static void opens_are_for_reading_or_writing(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		make_open(fixture);
		fixture->made.header.kind = opens[i].kind;
		fixture->made.open.open_flags = opens[i].flags;
		feed(fixture);
		EXPECT(fixture, {"evt.is_open_read", opens[i].is_read},
		       {"evt.is_open_write", opens[i].is_write}, {"evt.is_open_exec", "false"});
		settle(fixture);
	}
	MAKE(&fixture->made, create, 300, 3000, "curl");
	fixture->made.create.new_mode = 0755;
	fixture->made.create.type = S_IFREG;
	feed(fixture);
	EXPECT(fixture, {"evt.is_open_exec", "true"}, {"fd.typechar", "f"},
	       {"evt.is_open_read", "-"});
	settle(fixture);
}

static void the_cgroup_tells_unit_and_container(void **state)
{
	struct fixture *fixture = *state;

	make_open(fixture);
	feed(fixture);
	EXPECT(fixture, {"cgroup.path", "/system.slice/ssh.service"},
	       {"cgroup.unit", "ssh.service"}, {"cgroup.slice", "system.slice"},
	       {"container.id", "host"}, {"container.full_id", "host"},
	       {"container.runtime", "host"}, {"container.type", "host"});
	settle(fixture);
	fixture->made.header.cgroup_id = CONTAINER;
	feed(fixture);
	EXPECT(fixture, {"cgroup.path", "/system.slice/docker-" ID ".scope"},
	       {"container.id", "0123456789ab"}, {"container.full_id", ID},
	       {"container.runtime", "docker"}, {"container.type", "docker"});
	settle(fixture);
	fixture->made.header.cgroup_id = 1;
	feed(fixture);
	EXPECT(fixture, {"cgroup.path", "/"}, {"cgroup.unit", "-"}, {"cgroup.slice", "-"},
	       {"container.id", "host"});
	settle(fixture);
}

static void a_trace_shows_both_sides(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, trace, 200, 2000, "bash");
	fixture->made.trace.target_tgid = 300;
	fixture->made.trace.target_start_ns = 3000;
	fixture->made.trace.target_cgroup_id = CONTAINER;
	strcpy(fixture->made.trace.target_comm.bytes, "curl");
	feed(fixture);
	EXPECT(fixture, {"proc.exe", "-bash"}, {"target.name", "curl"}, {"target.exe", "curl"},
	       {"target.exepath", "/usr/bin/curl"}, {"target.cmdline", "curl -o x y  https://a/"},
	       {"target.args", "-o x y  https://a/"}, {"target.pname", "bash"},
	       {"target.is_child", "true"}, {"target.cgroup.unit", "docker-" ID ".scope"},
	       {"target.container.id", "0123456789ab"}, {"target.container.runtime", "docker"},
	       {"target.cgroup.path", "/system.slice/docker-" ID ".scope"});
	settle(fixture);
	fixture->made.trace.target_tgid = 1;
	fixture->made.trace.target_start_ns = 10;
	fixture->made.trace.target_cgroup_id = UNKNOWN;
	feed(fixture);
	EXPECT(fixture, {"target.exepath", "/usr/lib/systemd/systemd"},
	       {"target.is_child", "false"}, {"target.pname", "-"}, {"target.cgroup.path", "-"},
	       {"target.container.id", "-"});
	settle(fixture);
}

static void a_made_cgroup_tells_its_container(void **state)
{
	struct fixture *fixture = *state;

	make_record(&fixture->made, TC_KIND_cgroup_mkdir, sizeof(struct tc_cgroup_mkdir), 1, 10,
		    "systemd");
	fixture->made.cgroup.target_id = 99;
	MAKE_STRING(&fixture->made, &fixture->made.cgroup.path,
		    "/machine.slice/libpod-" ID ".scope");
	feed(fixture);
	EXPECT(fixture, {"target.cgroup.path", "/machine.slice/libpod-" ID ".scope"},
	       {"target.cgroup.slice", "machine.slice"}, {"target.container.full_id", ID},
	       {"target.container.runtime", "podman"});
	settle(fixture);
}

static void users_have_names(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(tc_users_refresh(fixture->world.users, ""), 0);
	make_open(fixture);
	fixture->made.header.uid = 3999999999U;
	feed(fixture);
	EXPECT(fixture, {"user.name", "root"}, {"user.rname", "-"}, {"group.name", "root"},
	       {"user.uid", "0"});
	settle(fixture);
}

static void namespaces_are_compared_with_process_1(void **state)
{
	struct fixture *fixture = *state;

	fixture->world.host.mnt = 5;
	fixture->world.host.net = 6;
	make_open(fixture);
	fixture->made.header.mnt_ns = 5;
	fixture->made.header.pid_ns = 0xEFFFFFFCU;
	fixture->made.header.user_ns = 77;
	feed(fixture);
	EXPECT(fixture, {"ns.mnt_is_host", "true"}, {"ns.pid_is_host", "true"},
	       {"ns.user_is_host", "false"}, {"ns.net_is_host", "false"});
	settle(fixture);
}

/* The places that image.h gives the members of exec are those of the schema. */
static void members_of_exec_are_where_they_are_looked_for(void **state)
{
	const struct tc_kind_info *kind = tc_kind_info(TC_KIND_exec);

	assert_int_equal(kind->n_members, TC_MEMBER_exec_MAX);
	assert_string_equal(kind->members[TC_MEMBER_exec_exe_ino].member, "exe_ino");
	assert_string_equal(kind->members[TC_MEMBER_exec_cgroup_ns].member, "cgroup_ns");
	assert_string_equal(kind->members[TC_MEMBER_exec_argv].member, "argv");
	assert_string_equal(kind->members[TC_MEMBER_exec_tty].member, "tty");
}

/* A kind that gets a member `type` also gets fd.typechar. */
static void kinds_with_a_type_have_its_fields(void **state)
{
	struct fixture *fixture = *state;
	const struct tc_field *field = tc_field_by_name("fd.typechar", 11);

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (!(field->get_kinds >> kind & 1) && fixture->world.type_offset[kind])
			fail_msg("fd.typechar and kind %s", tc_kind_info(kind)->name);
}

/* Members of exec that rules can ask for are fields of all other kinds too. */
static void what_exec_tells_stays_with_the_process(void **state)
{
	const struct tc_kind_info *kind = tc_kind_info(TC_KIND_exec);

	for (unsigned i = 0; i < kind->n_members; i++) {
		const char *name = kind->members[i].name;
		const struct tc_field *field = tc_field_by_name(name, strlen(name));

		if (*name && !(field->get_kinds & TC_KIND_BIT(TC_KIND_open)))
			fail_msg("%s has no row in derived.def", name);
		if (*name && field->show != kind->members[i].show)
			fail_msg("%s is shown in two ways", name);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fields_are_made_of_others),
		TEST(the_actor_is_what_exec_made_it),
		TEST(ancestors_are_numbered_from_the_process_itself),
		TEST(a_session_leader_that_ended_is_still_named),
		TEST(an_unknown_process_has_no_values_but_its_header),
		TEST(after_a_loss_the_former_program_is_not_shown),
		TEST(an_exec_is_never_in_doubt),
		TEST(the_boot_has_an_id),
		TEST(events_without_a_world_have_no_values),
		TEST(a_kernel_thread_has_a_name_only),
		TEST(exec_shows_its_own_program),
		TEST(what_was_cut_says_so),
		TEST(what_was_unreadable_says_so),
		TEST(the_type_is_the_system_call),
		TEST(times_are_written_in_many_ways),
		TEST(results_follow_the_verdict),
		TEST(flags_of_the_record_are_fields),
		TEST(the_file_is_told_apart),
		TEST(a_cut_path_has_no_directory_and_no_name),
		TEST(opens_are_for_reading_or_writing),
		TEST(the_cgroup_tells_unit_and_container),
		TEST(a_trace_shows_both_sides),
		TEST(a_made_cgroup_tells_its_container),
		TEST(users_have_names),
		TEST(namespaces_are_compared_with_process_1),
		TEST(members_of_exec_are_where_they_are_looked_for),
		TEST(kinds_with_a_type_have_its_fields),
		TEST(what_exec_tells_stays_with_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
