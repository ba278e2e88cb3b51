/* SPDX-License-Identifier: Apache-2.0 */
/* A record that is put together from values of fields: the reverse of tc_event_member(). */
#ifndef TOCSIN_AGENT_DRAFT_H
#define TOCSIN_AGENT_DRAFT_H

#include "agent/event.h"

/* What a header says that nobody stated: the process, when it started and when the event happened,
 * in nanoseconds since boot. */
#define TC_PLAIN_PID 1000
#define TC_PLAIN_START_NS 1000000000ULL
#define TC_PLAIN_TIME_NS (TC_PLAIN_START_NS + 10000000000ULL)
/* Namespaces of the host: inode numbers of mount and network namespaces are given out in the order
 * of their making, the others are fixed (include/linux/proc_ns.h). */
#define TC_PLAIN_MNT_NS 0xF0000000U
#define TC_PLAIN_NET_NS 0xF0000001U

struct tc_draft {
	const struct tc_kind_info *kind;
	uint64_t known; /* members that have a value, as bits by their place in the kind */
	union {
		struct tc_record header;
		struct tc_fork fork;
		struct tc_exec exec;
		struct tc_trace trace;
		struct tc_cgroup_mkdir cgroup;
		char bytes[TC_RECORD_MAX];
	};
};

/* A value that a record cannot hold: why, and what would be right ("" when nothing can be said). */
struct tc_draft_fault {
	char message[192];
	char hint[192];
};

/* Begins a record: header and members have no value, or plain ones (see agent/author.h). */
void tc_draft_begin(struct tc_draft *draft, const struct tc_kind_info *kind);
/* Writes the value of a member, which is of the type that its show has. 0, or -EINVAL with the
 * reason. */
int tc_draft_put(struct tc_draft *draft, const struct tc_member *member,
		 const struct tc_value *value, struct tc_draft_fault *ret_fault);
/* Gives each of the kind's own members some value, strings this text: for tests of what takes any
 * event. */
void tc_draft_fill(struct tc_draft *draft, const char *text);
/* Writes the number of one of the kind's own members. */
void tc_draft_number(struct tc_draft *draft, const struct tc_member *member, uint64_t number);
/* The kind's member of that name in its struct, or NULL. */
const struct tc_member *tc_draft_member(const struct tc_draft *draft, const char *name);
/* Whether one of the kind's own members has a value. */
bool tc_draft_knows(const struct tc_draft *draft, const struct tc_member *member);
/* Whether one of the kind's own members has none. */
bool tc_draft_lacks(const struct tc_draft *draft, const struct tc_member *member);

#endif
