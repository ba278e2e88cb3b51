/* SPDX-License-Identifier: Apache-2.0 */
/* Records for tests, as a probe would write them. Include after cmocka.h. */
#ifndef TOCSIN_TESTS_MAKE_RECORD_H
#define TOCSIN_TESTS_MAKE_RECORD_H

#include <string.h>

#include "record.h"

union made {
	struct tc_record header;
	struct tc_fork fork;
	struct tc_exec exec;
	struct tc_exit exit;
	struct tc_open open;
	struct tc_create create;
	struct tc_trace trace;
	struct tc_cgroup_mkdir cgroup;
	struct tc_connect connect;
	struct tc_listen listen;
	struct tc_loss loss;
	struct tc_setuid setuid;
	struct tc_setgid setgid;
	struct tc_setns setns;
	struct tc_signal signal;
	struct tc_bpf bpf;
	char bytes[TC_RECORD_MAX];
};

#define SECOND 1000000000ULL

/* A record of a kind without its own members set. The actor is the main thread of tgid. */
static inline void make_record(union made *made, enum tc_kind kind, size_t size, uint32_t tgid,
			       uint64_t start_ns, const char *comm)
{
	memset(made, 0, size);
	made->header = (struct tc_record){
		.kind = (__u16)kind,
		.version = TC_RECORD_VERSION,
		.size = (__u32)size,
		.time_ns = start_ns + SECOND,
		.start_ns = start_ns,
		.cgroup_id = 1,
		.tgid = tgid,
		.tid = tgid,
		.syscall = -1,
	};
	strncpy(made->header.comm.bytes, comm, TC_COMM_MAX - 1);
}

#define MAKE(made, kind, tgid, start_ns, comm)                                                     \
	make_record(made, TC_KIND_##kind, sizeof(struct tc_##kind), tgid, start_ns, comm)

/* Puts bytes behind the record and points a slot at them. */
static inline void make_slot(union made *made, struct tc_slot *slot, const char *bytes,
			     size_t length)
{
	memcpy(made->bytes + made->header.size, bytes, length);
	*slot = (struct tc_slot){.size = (__u32)length,
				 .offset = (__u16)made->header.size,
				 .stored = (__u16)length,
				 .flags = TC_SLOT_PRESENT};
	made->header.size += (__u32)length;
}

#define MAKE_STRING(made, slot, string) make_slot(made, slot, string, strlen(string))
/* A string literal that holds the arguments, each but the last followed by \0. */
#define MAKE_ARGV(made, literal) make_slot(made, &(made)->exec.argv, literal, sizeof(literal))

static inline void make_fork(union made *made, uint32_t tgid, uint64_t start_ns, const char *comm,
			     uint32_t child, uint64_t child_start_ns)
{
	MAKE(made, fork, tgid, start_ns, comm);
	made->header.time_ns = child_start_ns;
	made->fork.child_tgid = child;
	made->fork.child_start_ns = child_start_ns;
	made->fork.child_vpid = child;
	made->fork.child_cgroup_id = 1;
}

static inline void make_exec(union made *made, uint32_t tgid, uint64_t start_ns, const char *comm,
			     const char *exe)
{
	MAKE(made, exec, tgid, start_ns, comm);
	made->exec.sid = made->exec.pgid = made->exec.vpid = tgid;
	made->exec.argc = 1;
	MAKE_STRING(made, &made->exec.exe, exe);
}

#endif
