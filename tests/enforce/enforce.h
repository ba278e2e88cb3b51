/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enforcement tests: each forks a child in a cgroup of its own that tries one thing which a rule
 * forbids, and looks whether it happened.
 *
 * A row has a rule's condition, what to prepare, the attempt, and a question about the world that
 * tells whether the attempt had its effect. Each is run in all modes: a rule that blocks, a rule
 * that kills, a rule for another cgroup, and rules that are only monitored; what cannot be judged
 * with rules that fail open and closed. The parts are those of tests/events.
 */
#ifndef TOCSIN_TESTS_ENFORCE_H
#define TOCSIN_TESTS_ENFORCE_H

#include "tests/events/harness.h"

struct row {
	const char *name;
	enum tc_kind kind;
	/* Of the rule, without kind and cgroup. $D is the test's directory, $N a number that
	 * prepare() left in notes->number[8]. */
	const char *condition;
	const char *(*lacks)(void);	   /* as in struct test */
	void (*prepare)(struct run *run);  /* before the rules watch */
	int (*attempt)(struct run *run);   /* 0 or more, or -errno */
	bool (*happened)(struct run *run); /* asked in the child's directory, when it is gone */
	bool in_child;			   /* happened() is asked in the child: it is about that */
	bool only_kills;		   /* rules cannot block it */
	const char
		*needs; /* the program that can refuse it, where other kernels have another one */
	int error; /* that the kernel makes of every refusal; 0: the one that the rule asks for */
	const struct tc_slot *(*path)(const void *record); /* that the record must name... */
	const char *path_is; /* ... by this name in the test's directory */
	bool in_doubt;	     /* it cannot be judged: passes, or is refused, as asked for */
	bool loses;	     /* there is no room for a record */
	void (*burden)(struct run *run, bool on); /* on the probes, while the attempt is made */
};

/* What follows may be given by name. */
#define ROW(name_, kind_, condition_, lacks_, prepare_, attempt_, happened_, ...)                  \
	{                                                                                          \
		.name = name_, .kind = TC_KIND_##kind_, .condition = condition_, .lacks = lacks_,  \
		.prepare = prepare_, .attempt = attempt_, .happened = happened_, __VA_ARGS__       \
	}

/* Of notes->number: the cgroup that the attempt is made in, if not the rule's. */
#define NUMBER_CGROUP 7

extern const struct row file_rows[], mmap_rows[], process_rows[], mount_rows[], network_rows[],
	kill_rows[], cgroup_rows[], way_rows[], abi_rows[], doubt_rows[];

#define SLOT_OF(event, member)                                                                     \
	static const struct tc_slot *event##_##member(const void *record)                          \
	{                                                                                          \
		return &((const struct tc_##event *)record)->member;                               \
	}

/* The result of a system call as 0 or more, or -errno. */
#define attempt_of(call)                                                                           \
	({                                                                                         \
		long r_ = (call);                                                                  \
		r_ < 0 ? -errno : (int)r_;                                                         \
	})

#endif
