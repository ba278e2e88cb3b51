/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the host that the tests run on. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/enrich/scan.h"

static uint64_t forks_of_this_host(void)
{
	FILE *stat = fopen("/proc/stat", "re");
	unsigned long long forks = 0;
	char line[4096];

	while (stat && !forks && fgets(line, sizeof(line), stat))
		sscanf(line, "processes %llu", &forks);
	fclose(stat);
	return forks;
}

static int add_visited(void *data, const struct tc_process_facts *facts)
{
	return tc_processes_add(data, facts);
}

static void the_processes_of_this_host_are_read(void **state)
{
	struct tc_processes *processes = tc_processes_new(tc_scan_tick_ns());
	const struct tc_process *self;
	uint64_t forks = forks_of_this_host(), before;
	char exe[4096];
	ssize_t length;

	assert_int_equal(tc_scan_each(NULL, add_visited, processes), 0);
	tc_processes_link_all(processes);
	self = tc_processes_now(processes, (uint32_t)getpid());
	assert_non_null(self);
	assert_int_equal(self->ppid, getppid());
	assert_non_null(self->parent);
	assert_int_equal(self->parent->tgid, getppid());
	assert_int_equal(self->uid, getuid());
	assert_int_equal(self->egid, getegid());
	assert_int_equal(self->image->exec.sid, getsid(0));
	assert_int_equal(self->image->exec.pgid, getpgid(0));
	assert_int_equal(self->image->exec.argc, 1);
	length = readlink("/proc/self/exe", exe, sizeof(exe));
	assert_int_equal(self->image->exec.exe.stored, length);
	assert_memory_equal((const char *)&self->image->exec + self->image->exec.exe.offset, exe,
			    length);
	assert_false(self->image->absent & TC_EXEC_BIT(cap_effective));
	assert_false(self->image->absent & TC_EXEC_BIT(net_ns));
	assert_true(self->image->absent & TC_EXEC_BIT(exe_upper));
	/* A second scan finds the same ones, and those that were made since. */
	before = tc_processes_counts(processes)->live;
	assert_int_equal(tc_scan_each(NULL, add_visited, processes), 0);
	assert_true(tc_processes_counts(processes)->live <= before + forks_of_this_host() - forks);
	tc_processes_free(processes);
}

static void a_process_that_is_not_there_is_told(void **state)
{
	struct tc_scan *scan = malloc(sizeof(*scan));

	assert_int_equal(tc_scan_process(scan, 0x7ffffff0, NULL), -ENOENT);
	free(scan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_processes_of_this_host_are_read),
		cmocka_unit_test(a_process_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
