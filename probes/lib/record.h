/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * A record from begin to end: claim scratch, fill the header, append slots, send.
 *
 *	struct scratch *s = record_start(TC_KIND_mkdir, sizeof(struct tc_mkdir), NR_MKDIRAT);
 *	if (!s)
 *		return undecided(TC_KIND_mkdir);
 *	struct tc_mkdir *record = (struct tc_mkdir *)s->record;
 *	record->new_mode = ...;
 *	slot_path(s, &record->path, dentry, mnt);
 *	return record_decide(s);                       see lib/verdict.h
 *
 * record_start() counts the loss itself when there is no scratch; record_drop() gives the scratch
 * back unsent.
 */
#ifndef TOCSIN_PROBES_RECORD_H
#define TOCSIN_PROBES_RECORD_H

#include "probes/lib/cgroup.h"

#define PF_IO_WORKER 0x00000010
#define PF_KTHREAD 0x00200000

/* True when somebody wants this kind of event from the current task. Checked before anything that
 * costs. */
static __always_inline bool kind_wanted(__u32 kind)
{
	__u32 zero = 0;
	struct tc_controls *c = bpf_map_lookup_elem(&controls, &zero);

	return c && c->kinds & TC_KIND_BIT(kind);
}

/* True when somebody asked for a part of records: TC_WANT_*. */
static __always_inline bool part_wanted(__u64 part)
{
	__u32 zero = 0;
	struct tc_controls *c = bpf_map_lookup_elem(&controls, &zero);

	return c && c->wants & part;
}

static __always_inline bool current_in_scope(void)
{
	if (!settings.scope_cgroup_id)
		return true;
	return cgroup_in_scope(task_cgroup((struct task_struct *)bpf_get_current_task()));
}

/* The agent writes files all the time; telling would make more of them. */
static __always_inline bool current_is_agent(void)
{
	if (!settings.agent_tgid || bpf_get_current_pid_tgid() >> 32 != settings.agent_tgid)
		return false;
	return known_read(compat_current(), group_leader, start_boottime) / TC_START_UNIT_NS ==
	       settings.agent_start;
}

static __always_inline void count_loss(__u32 cpu, enum tc_loss_reason reason)
{
	struct tc_ring_state *state = bpf_map_lookup_elem(&ring_states, &cpu);

	if (state)
		__sync_fetch_and_add(&state->lost[reason], 1);
}

/* A number on this CPU's ring. */
static __always_inline __u64 next_seq(__u32 cpu)
{
	struct tc_ring_state *state = bpf_map_lookup_elem(&ring_states, &cpu);

	return state ? compat_next(&state->made) : 0;
}

#define SCRATCH_BUSY -1
#define SCRATCH_NONE -2 /* there is no such CPU */

/* Takes a free slot of a CPU: its index, SCRATCH_BUSY or SCRATCH_NONE. */
__noinline int scratch_take_of(__u32 cpu)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < TC_SCRATCH_PER_CPU; i++) {
		__u32 index = cpu * TC_SCRATCH_PER_CPU + i;
		struct scratch *s = bpf_map_lookup_elem(&scratches, &index);

		if (!s)
			return SCRATCH_NONE;
		if (compat_take(&s->busy)) {
			s->index = index;
			return index;
		}
	}
	return SCRATCH_BUSY;
}

/*
 * Takes a free slot: its index, or less than 0. This CPU's own first; whoever was preempted keeps
 * his, and many can be at once: then those of the next CPUs, and behind the last those of the first
 * ones. Functions of their own, so that the verifier checks what is in the loops, and what follows
 * them, once and not once for each turn.
 */
__noinline int scratch_take(__u32 cpu)
{
	int index = SCRATCH_NONE;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < COMPAT_SCRATCH_CPUS; i++) {
		index = scratch_take_of(cpu + i);
		if (index == SCRATCH_NONE)
			index = scratch_take_of(COMPAT_SCRATCH_CPUS - 1 - i);
		if (index >= 0)
			break;
	}
	return index;
}

static __always_inline struct scratch *scratch_get(void)
{
	__s32 index = scratch_take(bpf_get_smp_processor_id());

	return index >= 0 ? bpf_map_lookup_elem(&scratches, &index) : NULL;
}

/* For a record: without scratch it is lost. */
static __always_inline struct scratch *scratch_claim(void)
{
	struct scratch *s = scratch_get();
	__u32 cpu = bpf_get_smp_processor_id();

	if (s)
		return s;
	next_seq(cpu);
	count_loss(cpu, TC_LOSS_NO_SCRATCH);
	return NULL;
}

static __always_inline void scratch_release(struct scratch *s)
{
	*(volatile __u32 *)&s->busy = 0;
}

static __always_inline void fill_syscall(struct tc_record *header, struct task_struct *task,
					 __s32 io_uring_twin)
{
	struct compat_syscall call = {};
	__u32 task_flags = known_read(task, flags);

	compat_current_syscall(task, &call);
	if (task_flags & PF_IO_WORKER || (call.nr == NR_IO_URING_ENTER && io_uring_twin >= 0)) {
		header->flags |= TC_RECORD_IO_URING;
		header->syscall = io_uring_twin;
	} else if (task_flags & PF_KTHREAD) {
		header->flags |= TC_RECORD_KERNEL;
		header->syscall = -1;
	} else {
		header->flags |= call.compat ? TC_RECORD_COMPAT : 0;
		header->syscall = call.nr;
	}
}

/* True when the record's system call is this one, by its x86-64 or its i386 number. */
static __always_inline bool syscall_is(const struct tc_record *header, __s32 nr, __s32 nr_32)
{
	return header->syscall == (header->flags & TC_RECORD_COMPAT ? nr_32 : nr);
}

static __always_inline __u32 task_pid_ns(struct task_struct *task)
{
	struct pid *pid = known_read(task, thread_pid);
	__u32 level = known_read(pid, level);
	struct upid upid = {};

	if (!level)
		return known_read(pid, numbers[0].ns, ns.inum);
	bpf_core_read(&upid, sizeof(upid), &pid->numbers[level & 31]);
	return BPF_CORE_READ(upid.ns, ns.inum);
}

static __always_inline void fill_header(struct tc_record *header, __s32 io_uring_twin)
{
	struct task_struct *task = compat_current();
	const struct cred *cred = known_read(task, cred);
	__u64 id = bpf_get_current_pid_tgid();

	header->version = TC_RECORD_VERSION;
	header->time_ns = bpf_ktime_get_boot_ns();
	header->start_ns = known_read(task, group_leader, start_boottime);
	header->cgroup_id = bpf_get_current_cgroup_id();
	header->tgid = id >> 32;
	header->tid = (__u32)id;
	header->ppid = known_read(task, real_parent, tgid);
	header->uid = known_read(cred, uid.val);
	header->euid = known_read(cred, euid.val);
	header->egid = known_read(cred, egid.val);
	header->user_ns = known_read(cred, user_ns, ns.inum);
	bpf_get_current_comm(header->comm.bytes, sizeof(header->comm.bytes));
	header->pid_ns = task_pid_ns(task);
	header->mnt_ns = known_read(task, nsproxy, mnt_ns, ns.inum);
	fill_syscall(header, task, io_uring_twin);
}

/*
 * This and record_output() are functions of their own, so that the verifier checks their branches
 * once and not in all combinations with those of what comes before and behind.
 */
__noinline int record_fill(__u32 index)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);

	if (!s || s->is_filled)
		return 0;
	s->is_filled = true;
	fill_header((struct tc_record *)s->record, s->io_uring_twin);
	return 0;
}

/*
 * Starts a record of fixed_size bytes (a constant) before its slots, with a header that knows kind
 * and size alone: the decision fills the rest when the record is told. io_uring_twin is the x86-64
 * number of the system call that does what an io_uring submission did here, -1 when there is none.
 */
static __always_inline struct scratch *record_start(__u32 kind, __u32 fixed_size,
						    __s32 io_uring_twin)
{
	struct scratch *s = scratch_claim();
	struct tc_record *header;

	if (!s)
		return NULL;
	__builtin_memset(s->record, 0, fixed_size);
	header = (struct tc_record *)s->record;
	header->kind = kind;
	header->size = fixed_size;
	s->io_uring_twin = io_uring_twin;
	s->is_filled = false;
	s->judging.known_from = 0;
	s->judging.known_until = fixed_size;
	return s;
}

/* The same with a whole header, for probes that look at it. */
static __always_inline struct scratch *record_begin(__u32 kind, __u32 fixed_size,
						    __s32 io_uring_twin)
{
	struct scratch *s = record_start(kind, fixed_size, io_uring_twin);

	if (s)
		record_fill(s->index);
	return s;
}

static __always_inline void record_drop(struct scratch *s)
{
	scratch_release(s);
}

/*
 * Wakes the reader for urgent kinds, and for one record of 32 while the ring is more than a quarter
 * full; else the reader's timer finds the record. Only a reader that sleeps is woken: a wake-up
 * costs more than making the record. Never an adaptive wake-up (flag 0) for a sample: it is lost
 * unless the reader has caught up exactly at that record.
 */
static __always_inline __u64 wake_flags(void *ring, const struct tc_record *header)
{
	struct tc_ring_state *state;
	__u32 zero = 0, cpu = header->cpu;
	struct tc_controls *c = bpf_map_lookup_elem(&controls, &zero);
	bool wanted = c && c->urgent & TC_KIND_BIT(header->kind & 63);

	if (!wanted && (header->seq & 31) == 0)
		wanted = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > settings.ring_bytes / 4;
	if (!wanted)
		return BPF_RB_NO_WAKEUP;
	state = bpf_map_lookup_elem(&ring_states, &cpu);
	if (!state || !*(volatile __u64 *)&state->asleep)
		return BPF_RB_NO_WAKEUP;
	*(volatile __u64 *)&state->asleep = 0;
	return BPF_RB_FORCE_WAKEUP;
}

/* Numbers the record, sends it to this CPU's ring, gives the scratch back. */
__noinline int record_output(__u32 index)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &index);
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	struct tc_record *header;
	__u64 size;

	if (!s)
		return 0;
	header = (struct tc_record *)s->record;
	size = header->size;
	header->cpu = cpu;
	header->seq = next_seq(cpu);
	if (size > TC_RECORD_MAX)
		size = TC_RECORD_MAX;
	if (!ring || bpf_ringbuf_output(ring, s->record, size, wake_flags(ring, header)))
		count_loss(cpu, TC_LOSS_RING_FULL);
	scratch_release(s);
	return 0;
}

#endif
