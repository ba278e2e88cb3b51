/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of what exec tells of the executable, the group and the environment; of threads; and of
 * what calls are given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "tests/unit/agent/expect_fields.h"
#include "tests/unit/agent/world_fixture.h"

#define HOST_PID_NS 0xEFFFFFFCU
#define REAL_NS 1700000000000000000ULL

#define EXPECT(fixture, ...) EXPECT_FIELDS(&(fixture)->event, __VA_ARGS__)

/* sh (100), which leads a group, made grep (200). */
static void make_family(struct fixture *fixture)
{
	struct tc_exec *exec = &fixture->made.exec;

	make_exec(&fixture->made, 100, 1000 * SECOND, "sh", "/bin/sh");
	MAKE_ARGV(&fixture->made, "-sh");
	exec->vpgid = 100;
	make_slot(&fixture->made, &exec->env, "HOME=/root\0SHELL=/bin/sh",
		  sizeof("HOME=/root\0SHELL=/bin/sh"));
	feed_and_settle(fixture);
	make_fork(&fixture->made, 100, 1000 * SECOND, "sh", 200, 2000 * SECOND);
	fixture->made.fork.child_vpid = 7;
	feed_and_settle(fixture);
	make_exec(&fixture->made, 200, 2000 * SECOND, "grep", "/bin/grep");
	exec->pgid = 100;
	exec->vpid = 7;
	exec->vpgid = 3;
	exec->exe_mode = 0755;
	exec->exe_uid = 10;
	exec->exe_gid = 20;
	exec->exe_lower = 1;
	exec->exe_ctime_ns = REAL_NS + 1500 * SECOND;
	exec->exe_mtime_ns = REAL_NS + 1400 * SECOND;
	exec->pid_ns_start_ns = 1200 * SECOND;
}

static int set_up(void **state)
{
	struct fixture *fixture = fixture_new();

	assert_int_equal(tc_users_read(fixture->world.users,
				       "root:x:0:0:root:/root:/bin/bash\n"
				       "alice:x:1000:1000::/home/alice:\n",
				       "wheel:x:20:root,alice\n"),
			 0);
	fixture->world.clock.real_minus_boot_ns = (int64_t)REAL_NS;
	make_family(fixture);
	*state = fixture;
	return 0;
}

static void the_executable_has_times_and_layers(void **state)
{
	struct fixture *fixture = *state;

	feed(fixture);
	EXPECT(fixture, {"proc.exe_ino.ctime", "1700001500000000000"},
	       {"proc.exe_ino.mtime", "1700001400000000000"},
	       {"proc.exe_ino.ctime_duration_proc_start", "500000000000"},
	       {"proc.exe_ino.ctime_duration_pidns_start", "300000000000"},
	       {"proc.pidns_init_start_ts", "1700001200000000000"},
	       {"proc.is_exe_lower_layer", "true"}, {"proc.exe_gid", "20"});
	settle(fixture);
}

static void a_file_changed_afterwards_has_no_duration(void **state)
{
	struct fixture *fixture = *state;

	fixture->made.exec.exe_ctime_ns = REAL_NS + 2500 * SECOND;
	fixture->made.exec.pid_ns_start_ns = 2600 * SECOND;
	feed(fixture);
	EXPECT(fixture, {"proc.exe_ino.ctime_duration_proc_start", "-"},
	       {"proc.exe_ino.ctime_duration_pidns_start", "-"});
	settle(fixture);
}

static void who_may_write_the_executable(void **state)
{
	static const struct {
		uint32_t euid, egid, mode;
		uint64_t caps;
		const char *value;
	} rows[] = {
		{10, 1, 0755, 0, "true"}, {10, 20, 0577, 0, "false"}, {1, 20, 0755, 0, "false"},
		{1, 20, 0775, 0, "true"}, {1, 20, 0757, 0, "false"},  {1, 1, 0757, 0, "true"},
		{1, 1, 0755, 0, "false"}, {0, 0, 0755, 0, "false"},   {1, 1, 0555, 1 << 1, "true"},
		{1, 1, 0555, 1, "false"},
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture->made.header.euid = rows[i].euid;
		fixture->made.header.egid = rows[i].egid;
		fixture->made.exec.exe_mode = rows[i].mode;
		fixture->made.exec.cap_effective = rows[i].caps;
		feed(fixture);
		EXPECT(fixture, {"proc.is_exe_writable", rows[i].value});
		settle(fixture);
	}
}

static void the_group_has_a_leader(void **state)
{
	struct fixture *fixture = *state;

	feed(fixture);
	EXPECT(fixture, {"proc.pgid.name", "sh"}, {"proc.pgid.exe", "-sh"},
	       {"proc.pgid.exepath", "/bin/sh"}, {"proc.vpgid.name", "sh"}, {"proc.vpgid", "3"},
	       {"proc.is_pgid_leader", "false"}, {"proc.loginshellid", "100"});
	settle(fixture);
	MAKE(&fixture->made, exit, 100, 1000 * SECOND, "sh");
	feed(fixture);
	EXPECT(fixture, {"proc.pgid.name", "sh"}, {"proc.is_pgid_leader", "true"},
	       {"proc.vpgid", "100"});
	settle(fixture);
}

static void the_environment_is_told_where_it_was_asked_for(void **state)
{
	struct fixture *fixture = *state;

	feed(fixture);
	EXPECT(fixture, {"proc.env", "-"}, {"proc.aenv[1]", "HOME=/root SHELL=/bin/sh"},
	       {"proc.aenv", "HOME=/root SHELL=/bin/sh"});
	settle(fixture);
	MAKE(&fixture->made, exit, 100, 1000 * SECOND, "sh");
	feed(fixture);
	EXPECT(fixture, {"proc.env", "HOME=/root SHELL=/bin/sh"});
	settle(fixture);
}

static void threads_have_names_and_numbers(void **state)
{
	struct fixture *fixture = *state;

	feed_and_settle(fixture);
	MAKE(&fixture->made, exit, 200, 2000 * SECOND, "grep");
	feed(fixture);
	EXPECT(fixture, {"thread.ismain", "true"}, {"thread.vtid", "7"},
	       {"thread.nametid", "grep200"});
	settle(fixture);
	MAKE(&fixture->made, setuid, 200, 2000 * SECOND, "worker");
	fixture->made.header.tid = 201;
	feed(fixture);
	EXPECT(fixture, {"thread.ismain", "false"}, {"thread.vtid", "-"},
	       {"thread.nametid", "worker201"});
	settle(fixture);
	fixture->made.header.pid_ns = HOST_PID_NS;
	feed(fixture);
	EXPECT(fixture, {"thread.vtid", "201"});
	settle(fixture);
}

static void users_have_homes_and_shells(void **state)
{
	struct fixture *fixture = *state;

	feed(fixture);
	EXPECT(fixture, {"user.homedir", "/root"}, {"user.shell", "/bin/bash"});
	settle(fixture);
	fixture->made.header.euid = 1000;
	feed(fixture);
	EXPECT(fixture, {"user.name", "alice"}, {"user.homedir", "/home/alice"},
	       {"user.shell", "-"});
	settle(fixture);
	fixture->made.header.euid = 77;
	feed(fixture);
	EXPECT(fixture, {"user.homedir", "-"}, {"user.shell", "-"});
	settle(fixture);
}

static void setuid_has_names_as_falco_shows_them(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, setuid, 200, 2000 * SECOND, "su");
	fixture->made.header.syscall = 105;
	fixture->made.setuid.new_euid = fixture->made.setuid.new_fsuid = 1000;
	feed(fixture);
	EXPECT(fixture, {"evt.type", "setuid"}, {"evt.arg.uid", "alice"},
	       {"evt.rawarg.uid", "1000"}, {"user.name", "root"}, {"user.uid", "0"},
	       {"evt.args", "uid=alice"}, {"evt.info", "uid=alice"});
	settle(fixture);
	fixture->made.header.syscall = 122; /* setfsuid */
	fixture->made.setuid.new_euid = 0;
	feed(fixture);
	EXPECT(fixture, {"evt.type", "setfsuid"}, {"evt.arg.uid", "alice"},
	       {"evt.rawarg.uid", "0"});
	settle(fixture);
	MAKE(&fixture->made, setgid, 200, 2000 * SECOND, "su");
	fixture->made.setgid.new_egid = 20;
	feed(fixture);
	EXPECT(fixture, {"evt.arg.gid", "wheel"}, {"evt.rawarg.gid", "20"});
	settle(fixture);
}

static void namespaces_of_the_host_are_known(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, setns, 200, 2000 * SECOND, "nsenter");
	fixture->made.setns.nstype = CLONE_NEWPID;
	fixture->made.setns.ns = HOST_PID_NS;
	fixture->made.setns.target_tgid = TC_ABSENT_U32;
	feed(fixture);
	EXPECT(fixture, {"setns.is_host", "true"}, {"evt.arg.nstype", "CLONE_NEWPID"},
	       {"setns.pid", "-"});
	settle(fixture);
	fixture->made.setns.ns = 4026532000;
	feed(fixture);
	EXPECT(fixture, {"setns.is_host", "false"});
	settle(fixture);
	fixture->made.setns.nstype = CLONE_NEWNS; /* the host's is not known here */
	feed(fixture);
	EXPECT(fixture, {"setns.is_host", "-"});
	settle(fixture);
	fixture->made.setns.nstype = CLONE_NEWNS | CLONE_NEWNET;
	fixture->made.setns.ns = TC_ABSENT_U32;
	fixture->made.setns.target_tgid = 1;
	feed(fixture);
	EXPECT(fixture, {"setns.is_host", "true"}, {"evt.arg.nstype", "CLONE_NEWNS|CLONE_NEWNET"},
	       {"setns.ns", "-"});
	settle(fixture);
}

static void a_signal_has_a_target(void **state)
{
	struct fixture *fixture = *state;

	feed_and_settle(fixture);
	MAKE(&fixture->made, signal, 200, 2000 * SECOND, "grep");
	fixture->made.signal.number = SIGKILL;
	fixture->made.signal.target_tgid = fixture->made.signal.target_tid = 100;
	fixture->made.signal.target_start_ns = 1000 * SECOND;
	fixture->made.signal.target_uid = 1000;
	feed(fixture);
	EXPECT(fixture, {"evt.arg.sig", "SIGKILL"}, {"evt.rawarg.sig", "9"}, {"target.pid", "100"},
	       {"target.exepath", "/bin/sh"}, {"target.user", "alice"}, {"target.is_child", "-"},
	       {"evt.args", "pid=100 sig=SIGKILL"});
	settle(fixture);
	fixture->made.signal.number = 34;
	feed(fixture);
	EXPECT(fixture, {"evt.arg.sig", "SIGRTMIN"});
	settle(fixture);
}

static void commands_of_bpf_have_names(void **state)
{
	struct fixture *fixture = *state;

	MAKE(&fixture->made, bpf, 200, 2000 * SECOND, "loader");
	fixture->made.bpf.cmd = 5;
	fixture->made.bpf.prog_type = 2;
	fixture->made.bpf.map_type = fixture->made.bpf.attach_type = fixture->made.bpf.id =
		TC_ABSENT_U32;
	feed(fixture);
	EXPECT(fixture, {"evt.arg.cmd", "BPF_PROG_LOAD"}, {"bpf.prog_type", "BPF_PROG_TYPE_KPROBE"},
	       {"bpf.map_type", "-"}, {"bpf.attach_type", "-"}, {"bpf.id", "-"},
	       {"evt.source", "syscall"}, {"evt.count", "1"});
	settle(fixture);
}

static void a_file_is_made_by_an_open_or_not(void **state)
{
	static const struct {
		int32_t syscall;
		uint32_t type;
		const char *value;
	} rows[] = {
		{257, S_IFREG, "true"},
		{85, S_IFREG, "true"},
		{133, S_IFREG, "false"}, /* mknod */
		{49, S_IFSOCK, "false"}, /* bind */
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		MAKE(&fixture->made, create, 200, 2000 * SECOND, "touch");
		fixture->made.header.syscall = rows[i].syscall;
		fixture->made.create.type = rows[i].type;
		feed(fixture);
		EXPECT(fixture, {"evt.is_open_create", rows[i].value});
		settle(fixture);
	}
	MAKE(&fixture->made, open, 200, 2000 * SECOND, "touch");
	feed(fixture);
	EXPECT(fixture, {"evt.is_open_create", "false"});
	settle(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_executable_has_times_and_layers, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_file_changed_afterwards_has_no_duration, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_may_write_the_executable, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_group_has_a_leader, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_environment_is_told_where_it_was_asked_for,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(threads_have_names_and_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(users_have_homes_and_shells, set_up, tear_down),
		cmocka_unit_test_setup_teardown(setuid_has_names_as_falco_shows_them, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(namespaces_of_the_host_are_known, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_signal_has_a_target, set_up, tear_down),
		cmocka_unit_test_setup_teardown(commands_of_bpf_have_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_is_made_by_an_open_or_not, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
