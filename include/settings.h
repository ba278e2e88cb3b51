/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * What the agent and the probes share beside records: settings that are fixed at load (read-only
 * data of the object, so the verifier drops what is switched off), controls that change while
 * running, counters.
 */
#ifndef TOCSIN_SETTINGS_H
#define TOCSIN_SETTINGS_H

#include "record.h"

/* Another one with each change of what struct tc_controls or struct tc_ring_state mean: agents take
 * over what others left in the kernel. */
#define TC_SHARED_VERSION 2

/* Fixed at load: `settings` in the object's read-only data. */
struct tc_settings {
	__u64 scope_cgroup_id; /* only tasks in this cgroup or below it; 0: the whole host */
	/* The agent's own file events are not told; 0: tell all. Its number may become another's
	 * when it is dead: none other has both. */
	__u32 agent_tgid;
	__u32 ring_bytes;	/* size of each ring, a power of two */
	__u64 agent_start;	/* since boot, in TC_START_UNIT_NS */
	__u32 has_task_pt_regs; /* bpf_task_pt_regs may be called in LSM programs */
	__u32 fallback;		/* the fallback programs are the source */
	__u32 tells_tcp; /* programs behind tcp_v4_connect() and tcp_v6_connect() tell connects */
	__u32 receive_args; /* how many arguments udp_recvmsg() and the like have */
};

/* As exactly as /proc tells it: clock ticks of 100 Hz. */
#define TC_START_UNIT_NS 10000000

/* The environment of a program holds secrets, and is long: exec tells it when a rule asks for it.
 */
#define TC_WANT_ENVIRONMENT (1ULL << 0)
/* What the caller of an open wrote costs a read of its memory. */
#define TC_WANT_RAW_PATH (1ULL << 1)

/* Why a decision in the kernel was not sure: index of tc_controls.undecided. */
enum tc_undecided {
	TC_UNDECIDED_NO_SCRATCH, /* no room to make the record: what is enforced was not looked at
				  */
	TC_UNDECIDED_DOUBT,	 /* a value that matters was cut or could not be read */
	TC_UNDECIDED_RELOAD,	 /* the tables changed twice meanwhile */
	TC_UNDECIDED_MAX,
};

/* Changed while running: map `controls`, one entry, mapped into the agent. */
struct tc_controls {
	/* TC_KIND_BIT of each kind that somebody wants; the others are not sent, nor refused. Stays
	 * the first in all versions: 0 silences programs that another one left. */
	__u64 kinds;
	__u64 urgent;  /* of these kinds a record wakes the reader at once */
	__u64 wants;   /* TC_WANT_*: parts of records that are told only when asked for */
	__u64 enforce; /* rules that block or kill do so; 0: their records say would_block */
	__u64 enforce_until_ns; /* since boot: no longer than that, should the agent be dead by
				   then; 0: for ever */
	__u64 cgroups_judged;	/* how often the map `cgroup_terms` got something new about a cgroup
				 */
	/* Counted by the probes: decisions about terms that enforce, by enum tc_undecided. */
	__u64 undecided[TC_UNDECIDED_MAX];
};

/* Map `ring_states`, one entry for each CPU, mapped into the agent. made = received + the sum of
 * lost. */
struct tc_ring_state {
	__u64 made; /* numbers given out so far: the next record's seq */
	__u64 lost[TC_LOSS_RING_MAX];
	__u64 asleep; /* the reader sleeps until it is woken; who wakes it sets 0 */
	__u64 pad[3]; /* a cache line for each CPU */
	/* The agent's own, for the one that reads on when it dies: what is in the journal. */
	__u64 received;
	__u64 told[TC_LOSS_RING_MAX];
	__u64 settled_ns; /* since boot: when that was so; 0: never */
	__u64 pad2[3];
};

#define TC_CPUS_MAX 1024

/* Scratch slots for building a record; several for each CPU, since LSM programs may be preempted.
 */
#define TC_SCRATCH_PER_CPU 8
/* In all at least; a CPU whose own are taken looks at others', see scratch_take(). */
#define TC_SCRATCH_MIN 64

#endif
