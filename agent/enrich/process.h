/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process table: who is who, who made whom, and what each runs.
 *
 * A process is its thread group id and the time at which it started, so a pid that is used again is
 * another process. The table is filled by a scan and kept by fork, exec and exit. Each process
 * refers to the one that made it, and keeps it alive after its exit: ancestors are those at fork,
 * not those after the kernel gave an orphan to init.
 *
 * Three kinds of entries: live ones; ended ones that can still be found, because records of other
 * CPUs may come late (the last TC_PROCESS_GRACE); and ended ones that only their children refer to.
 * All three are bounded.
 */
#ifndef TOCSIN_AGENT_ENRICH_PROCESS_H
#define TOCSIN_AGENT_ENRICH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/enrich/image.h"
#include "agent/enrich/pids.h"
#include "record.h"

/* Longest chain of ancestors that is kept and read. */
#define TC_ANCESTORS_MAX 64
/* Ended processes that can still be found. */
#define TC_PROCESS_GRACE 512

/* tc_process.flags */
#define TC_PROCESS_EXITED (1U << 0)   /* has ended, or another one has its pid now */
#define TC_PROCESS_TICKS (1U << 1)    /* start_ns is from /proc: rounded down to clock ticks */
#define TC_PROCESS_KERNEL (1U << 2)   /* a kernel thread */
#define TC_PROCESS_MISSED (1U << 3)   /* its fork was not seen: made from what another event said */
#define TC_PROCESS_CUT (1U << 4)      /* had more ancestors than are kept */
#define TC_PROCESS_HAS_VPID (1U << 5) /* vpid is known */
#define TC_PROCESS_HAS_CREDS (1U << 6) /* uid, euid and egid are known */
#define TC_PROCESS_USED (1U << 7) /* an event named it since it was last looked at for eviction */
#define TC_PROCESS_INDEXED (1U << 8) /* can be found in the table */
#define TC_PROCESS_SEVERED (1U << 9) /* ended, and already without a parent */

/* Written by process.c alone. Pointers are NULL where something is not known. */
struct tc_process {
	struct tc_process *parent; /* who made it; one reference */
	struct tc_image *image;	   /* one reference */
	uint64_t start_ns;	   /* since boot */
	uint64_t cgroup_id;	   /* 0: not known */
	uint32_t tgid;
	uint32_t ppid; /* 0: not known */
	uint32_t vpid; /* in its own pid namespace */
	/* Of the thread that last made an event, in the host's user namespace. */
	uint32_t uid, euid, egid;
	uint32_t flags;		/* TC_PROCESS_* */
	uint32_t refs;		/* children, and one for the table while it can be found */
	char comm[TC_COMM_MAX]; /* of the main thread, NUL-terminated; "" when it is not known */

	struct tc_process *older;	/* next one that had the same tgid */
	struct tc_process *prev, *next; /* the list of live or of ended ones */
};

struct tc_process_counts {
	uint64_t live;	  /* processes that run */
	uint64_t ended;	  /* processes that ended and are still kept */
	uint64_t missed;  /* processes whose fork was not seen */
	uint64_t evicted; /* live entries thrown out because there were too many */
	uint64_t severed; /* ended entries that lost their ancestors because there were too many */
	struct tc_image_counts image;
};

/* What is known of a process from elsewhere than an event: /proc. */
struct tc_process_facts {
	uint64_t start_ns; /* rounded down to ticks */
	uint64_t cgroup_id;
	uint32_t tgid, ppid, vpid, uid, euid, egid;
	uint32_t flags; /* TC_PROCESS_KERNEL, _HAS_VPID, _HAS_CREDS */
	char comm[TC_COMM_MAX];
	const struct tc_exec *exec; /* NULL: nothing is known */
	uint64_t absent;	    /* as in struct tc_image */
};

struct tc_processes;

/* An empty table, or NULL when memory is out. tick_ns: length of a clock tick of /proc, for entries
 * of a scan. */
struct tc_processes *tc_processes_new(uint64_t tick_ns);
void tc_processes_free(struct tc_processes *processes);
const struct tc_process_counts *tc_processes_counts(const struct tc_processes *processes);

/*
 * The process with that tgid and start, NULL when there is none. An entry of a scan that started in
 * the same tick is this process: it takes over the exact time. start_ns 0 stands for the process
 * that has the tgid now.
 */
struct tc_process *tc_processes_find(struct tc_processes *processes, uint32_t tgid,
				     uint64_t start_ns);
/* The process that has the tgid now, ended ones included until another one takes it. Changes
 * nothing. */
const struct tc_process *tc_processes_now(const struct tc_processes *processes, uint32_t tgid);

/*
 * The actor of a record: found, or made from the header with TC_PROCESS_MISSED; then brought up to
 * date with the header. ret_made (may be NULL) tells whether it was made. 0 or -ENOMEM.
 */
int tc_processes_see(struct tc_processes *processes, const struct tc_record *record, bool *ret_made,
		     struct tc_process **ret_process);
/* The other process of a record, of which only identity, cgroup and effective user are told. 0 or
 * -ENOMEM. */
int tc_processes_meet(struct tc_processes *processes, uint32_t tgid, uint64_t start_ns,
		      uint64_t cgroup_id, bool *ret_made, struct tc_process **ret_process);
/* parent made the child that fork tells of. 0 or -ENOMEM. */
int tc_processes_fork(struct tc_processes *processes, struct tc_process *parent,
		      const struct tc_fork *fork);
/* process runs another program. 0 or -ENOMEM. */
int tc_processes_exec(struct tc_processes *processes, struct tc_process *process,
		      const struct tc_exec *exec);
/* process has ended. The pointer stays good until tc_processes_trim(). */
void tc_processes_exit(struct tc_processes *processes, struct tc_process *process);
/* Adds a process of a scan, or completes the entry there is. 0 or -ENOMEM. */
int tc_processes_add(struct tc_processes *processes, const struct tc_process_facts *facts);
/* Completes an entry that was made with MISSED. 0, -ESTALE when the facts are of another process,
 * or -ENOMEM. */
int tc_processes_complete(struct tc_processes *processes, struct tc_process *process,
			  const struct tc_process_facts *facts);
/* After a scan: joins entries to their parents by process id. */
void tc_processes_link(struct tc_processes *processes);

/* Keeps the bounds. May free processes: to be called when no event refers to one. */
void tc_processes_trim(struct tc_processes *processes);
/*
 * Takes the next live entry for a check whether it still exists, NULL when there is none; each call
 * takes another one. For the time after a loss, when an exit may be among the lost.
 */
struct tc_process *tc_processes_next(struct tc_processes *processes);

/* The n-th ancestor: 0 is the process itself, 1 its parent. NULL when it is not known or further
 * than is kept. */
const struct tc_process *tc_process_ancestor(const struct tc_process *process, unsigned n);

#endif
