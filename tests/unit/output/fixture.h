/* SPDX-License-Identifier: Apache-2.0 */
/* Events and rules for tests of outputs: records filled by hand, rules loaded from text. */
#ifndef TOCSIN_TESTS_OUTPUT_FIXTURE_H
#define TOCSIN_TESTS_OUTPUT_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output/alert.h"

#define FIXTURE_TIME_NS 1714557600123456789ULL /* 2024-05-01T10:00:00.123456789Z */

/* One record and the event that reads it. */
struct fixture {
	_Alignas(8) char bytes[TC_RECORD_MAX];
	struct tc_event event;
};

static inline void fixture_init(struct fixture *fixture)
{
	memset(fixture->bytes, 0, sizeof(fixture->bytes));
	assert_int_equal(tc_event_init(&fixture->event), 0);
}

static inline void fixture_done(struct fixture *fixture)
{
	tc_event_done(&fixture->event);
}

/* Starts a record of a kind; the event reads it from now on. Give it to a struct tc_<kind> pointer.
 */
static inline void *fixture_record(struct fixture *fixture, enum tc_kind kind)
{
	struct tc_record *record = (struct tc_record *)fixture->bytes;
	const struct tc_kind_info *info = tc_kind_info(kind);

	assert_non_null(info);
	memset(fixture->bytes, 0, sizeof(fixture->bytes));
	*record = (struct tc_record){
		.kind = kind,
		.version = TC_RECORD_VERSION,
		.size = info->fixed_size,
		.seq = 42,
		.time_ns = 5000000000,
		.start_ns = 4000000000,
		.cgroup_id = 77,
		.cpu = 1,
		.tgid = 1234,
		.tid = 1234,
		.ppid = 1000,
		.syscall = 59,
		.comm = {"sh"},
	};
	tc_event_reset(&fixture->event, record, info);
	return record;
}

static inline void fixture_slot_cut(struct fixture *fixture, struct tc_slot *slot,
				    const char *bytes, size_t stored, size_t size, uint32_t flags)
{
	struct tc_record *record = (struct tc_record *)fixture->bytes;

	assert_true(record->size + stored <= sizeof(fixture->bytes));
	*slot = (struct tc_slot){.size = (uint32_t)size,
				 .offset = (uint16_t)record->size,
				 .stored = (uint16_t)stored,
				 .flags = TC_SLOT_PRESENT | flags};
	memcpy(fixture->bytes + record->size, bytes, stored);
	record->size += (uint32_t)stored;
}

static inline void fixture_slot(struct fixture *fixture, struct tc_slot *slot, const char *bytes,
				size_t length)
{
	fixture_slot_cut(fixture, slot, bytes, length, length, 0);
}

/* An exec of /bin/sh -c id, with all of its strings. */
static inline struct tc_exec *fixture_exec(struct fixture *fixture)
{
	struct tc_exec *exec = fixture_record(fixture, TC_KIND_exec);

	exec->header.euid = 1000;
	exec->exe_memfd = 1;
	exec->loginuid = 1000;
	exec->argc = 3;
	fixture_slot(fixture, &exec->exe, "/bin/sh", 7);
	fixture_slot(fixture, &exec->argv, "sh\0-c\0id", 9);
	fixture_slot(fixture, &exec->cwd, "/root", 5);
	return exec;
}

static inline struct tc_alert fixture_alert(struct fixture *fixture, const struct tc_rule *rule)
{
	return (struct tc_alert){
		.uuid = "018f3389-2ebb-7000-8000-000000000001",
		.time_ns = FIXTURE_TIME_NS,
		.hostname = "host",
		.rule = rule,
		.event = &fixture->event,
	};
}

/* Loads rules from text. */
static inline struct tc_ruleset *fixture_rules(const char *yaml)
{
	char path[] = "/tmp/tocsin-rules-XXXXXX.yaml";
	const char *paths[] = {path};
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	int fd = mkstemps(path, 5);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, strlen(yaml)), (ssize_t)strlen(yaml));
	close(fd);
	int error = tc_ruleset_load(paths, 1, &diagnostics, &set);
	unlink(path);
	if (error)
		tc_diagnostics_print(&diagnostics, stderr, false);
	assert_int_equal(error, 0);
	tc_diagnostics_done(&diagnostics);
	return set;
}

/* A directory of its own for a test; removed with everything in it by fixture_directory_remove().
 */
static inline char *fixture_directory(void)
{
	char *path = strdup("/tmp/tocsin-test-XXXXXX");

	assert_non_null(path);
	assert_non_null(mkdtemp(path));
	return path;
}

static inline void fixture_directory_remove(char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf -- '%s'", path);
	assert_int_equal(system(command), 0);
	free(path);
}

#endif
