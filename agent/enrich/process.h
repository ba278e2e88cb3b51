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
 *
 * An exec may be among lost events. So each entry has the time at which its image was last known to
 * be its own (the exec's, the fork's, or that of a look into /proc), and the image is in doubt when
 * a loss ended after that. A live entry is out of doubt with its next exec or with
 * tc_processes_confirm(); of one that ended before the loss began nothing is in doubt.
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
#define TC_PROCESS_READ (1U << 10)   /* was read from /proc */

/* Written by process.c alone, but for retry_ns. Pointers are NULL where something is not known. */
struct tc_process {
	struct tc_process *parent; /* who made it; one reference */
	struct tc_image *image;	   /* one reference */
	uint64_t start_ns;	   /* since boot */
	uint64_t image_ns;	   /* since boot: when image was last known to be right; 0: never */
	uint64_t comm_ns;	   /* the same for comm */
	uint64_t ended_ns;	   /* since boot, about: when it was found to have ended */
	uint64_t loss_ns; /* of an ended one: end of the last loss that it may have been part of */
	uint64_t cgroup_id; /* 0: not known */
	uint64_t retry_ns;  /* since boot: /proc did not help, and is not asked again before */
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
	uint64_t time_ns;  /* since boot: when it was read */
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
 * The process with that tgid and start, NULL when there is none. Changes what it finds where it
 * learns from the question: an entry of a scan that started in the same tick is this process, and
 * takes over the exact time. start_ns 0 stands for the process that has the tgid now.
 */
struct tc_process *tc_processes_identify(struct tc_processes *processes, uint32_t tgid,
					 uint64_t start_ns);
/* The process that has the tgid now, ended ones included until another one takes it. Changes
 * nothing. */
const struct tc_process *tc_processes_now(const struct tc_processes *processes, uint32_t tgid);

/* Whether the process started at that time, as exactly as both are known: start_ns may be rounded
 * down to ticks. */
bool tc_processes_started(const struct tc_processes *processes, const struct tc_process *process,
			  uint64_t start_ns);

/*
 * The actor of a record: found, or made from the header with TC_PROCESS_MISSED, without a parent;
 * then brought up to date with the header. ret_made (may be NULL) tells whether it was made. 0 or
 * -ENOMEM.
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
/*
 * The exec was refused: the process runs on as before. *ret_would is what it would have become, for
 * the time of the event; its image is let go of by tc_process_would_done(). 0 or -ENOMEM.
 */
int tc_processes_refuse_exec(struct tc_processes *processes, const struct tc_process *process,
			     const struct tc_exec *exec, struct tc_process *ret_would);
/* Takes what is all zero. */
void tc_process_would_done(struct tc_process *would);
/* process has ended. The pointer stays good until tc_processes_trim(). */
void tc_processes_exit(struct tc_processes *processes, struct tc_process *process);
/* Adds a process of a scan, or completes the entry there is. 0 or -ENOMEM. */
int tc_processes_add(struct tc_processes *processes, const struct tc_process_facts *facts);
/* Writes what an entry does not know yet. 0, -ESTALE when the facts are of another process, or
 * -ENOMEM. */
int tc_processes_complete(struct tc_processes *processes, struct tc_process *process,
			  const struct tc_process_facts *facts);
/*
 * Settles what is in doubt. The image stays when the facts have the same executable (device and
 * inode), arguments and capabilities, and is replaced when they have others; what /proc does not
 * tell of a new image is absent in it. 0, -ESTALE when the facts are of another process, -ENODATA
 * when they tell no executable (the doubt stays), or -ENOMEM.
 */
int tc_processes_confirm(struct tc_processes *processes, struct tc_process *process,
			 const struct tc_process_facts *facts);
/*
 * Joins a process whose fork was not seen to its parent, unless it has one. start_ns: when the
 * parent started, so that no former process of that number is taken for it; 0 where this cannot be
 * known (a replay): then the last one that started before the child.
 */
void tc_processes_link(struct tc_processes *processes, struct tc_process *process,
		       uint64_t start_ns);
/* After a scan: joins all entries to their parents by process id. */
void tc_processes_link_all(struct tc_processes *processes);

/* Events of that interval (since boot) were lost, and an exec may be among them. */
void tc_processes_lose(struct tc_processes *processes, uint64_t since_ns, uint64_t until_ns);
/* Whether a lost exec may have given the process another image than it has here ... */
bool tc_processes_doubt_image(const struct tc_processes *processes,
			      const struct tc_process *process);
/* ... and another name. */
bool tc_processes_doubt_comm(const struct tc_processes *processes,
			     const struct tc_process *process);

/* Visits all that live. 0, or what the visitor returned to end it. */
int tc_processes_each(const struct tc_processes *processes,
		      int (*visit)(void *context, const struct tc_process *process), void *context);

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
