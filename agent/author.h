/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that somebody wrote down by field names and values, for tests of rules.
 *
 * The author makes of them what a host would have told: a record, decoded and enriched like any
 * other, and what the agent's tables would know of the process, its ancestors, its cgroup and its
 * users. So fields that nobody stated are computed by the getters of real events. A stated value is
 * what rules see, also where no record could lead to it.
 *
 * Nothing is asked of the host and no clock is read: the same words give the same event everywhere.
 * Where a real event always has a value, one that is not stated is plain:
 *
 *	time            2026-01-01 00:00:10 UTC, 10 seconds after the processes started
 *	process         pid 1000, named after its executable, else "test"; its parent has pid 999
 *	user, group     root
 *	cgroup          /system.slice/test.service
 *	namespaces      those of the host
 *	system call     the first that leads to this kind of event
 *	flags           false; files are regular; open writes, open_read reads
 *	sockets         TCP, IPv4 unless an address says otherwise; bind, listen and accept serve
 *
 * A process that an earlier event of the story told of is what that event left: its parent, name,
 * user, cgroup and start are those. Everything else that is not stated and cannot be computed is
 *missing.
 */
#ifndef TOCSIN_AGENT_AUTHOR_H
#define TOCSIN_AGENT_AUTHOR_H

#include "agent/enrich/world.h"
#include "agent/event.h"

/* A field and what it is to be. */
struct tc_statement {
	const struct tc_field *field;
	int index;	       /* the number in brackets, or -1 */
	struct tc_value value; /* of the field's type; NONE: it has no value */
};

/* Why an event cannot be. */
struct tc_author_fault {
	size_t statement; /* the one to blame */
	char message[256];
	char hint[256]; /* "" when there is none */
};

struct tc_author;

/* An author of stories: events that happen one after the other on the same host. 0 or -ENOMEM. */
int tc_author_new(struct tc_author **ret_author);
void tc_author_free(struct tc_author *author);

/* A new story: forgets all processes, cgroups and so on. 0 or -ENOMEM. */
int tc_author_begin(struct tc_author *author);
/*
 * The next event of the story. The statements and their bytes must stay until tc_author_settle().
 * 0; -EINVAL when the statements cannot be true together, with the reason in *ret_fault; -ENOMEM.
 */
int tc_author_tell(struct tc_author *author, const struct tc_kind_info *kind,
		   const struct tc_statement *statements, size_t n_statements,
		   struct tc_event **ret_event, struct tc_author_fault *ret_fault);
/*
 * From now on fields of the event that nobody stated have no value, but for those that follow from
 * its kind: for an event of which only a part was written down, as in an alert. Elements of lists
 * (proc.aname[2]) stay as they are.
 */
void tc_author_forget_unstated(struct tc_author *author);
/* After the event was judged; it is gone then. */
void tc_author_settle(struct tc_author *author);

#endif
