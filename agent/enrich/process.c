/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index is a hash by tgid of the newest process with that tgid; older ones that can still be
 * found hang behind it, newest first. Live processes are in one list, ended ones in another, in the
 * order of their end. Of the ended ones the last TC_PROCESS_GRACE are indexed: those from `grace`
 * to the end of the list.
 */
#include "agent/enrich/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A host with more live processes than this has lost exits. */
#define LIVE_MAX 262144
/* Ended processes kept for their children's sake. Beyond it the oldest lose their ancestors. */
#define ENDED_MAX 16384
/* Bytes of images. Beyond it new images keep SLOT_SHORT bytes of each string. */
#define IMAGE_BYTES_MAX (16U << 20)
#define SLOT_SHORT 256
/* Steps of one tc_processes_trim() over the live list. */
#define TRIM_STEPS 64

struct tc_processes {
	struct tc_pids by_tgid; /* the newest of each */
	struct tc_process *live;
	struct tc_process *ended;
	struct tc_process *grace; /* the first of `ended` that is indexed */
	uint32_t n_grace;
	uint64_t tick_ns;
	uint64_t now_ns;  /* since boot: time of the latest record */
	uint64_t loss_ns; /* end of the last loss; 0: nothing was lost */
	struct tc_process_counts counts;
};

/* --- the index --- */

static struct tc_process *newest(const struct tc_processes *processes, uint32_t tgid)
{
	return tc_pids_find(&processes->by_tgid, tgid);
}

static int index_add(struct tc_processes *processes, struct tc_process *process)
{
	struct tc_process *head = newest(processes, process->tgid);

	if (head && head->start_ns > process->start_ns) {
		while (head->older && head->older->start_ns > process->start_ns)
			head = head->older;
		process->older = head->older;
		head->older = process;
	} else {
		int error = tc_pids_set(&processes->by_tgid, process->tgid, process);

		if (error < 0)
			return error;
		process->older = head;
	}
	process->flags |= TC_PROCESS_INDEXED;
	return 0;
}

static void index_remove(struct tc_processes *processes, struct tc_process *process)
{
	struct tc_process *head = newest(processes, process->tgid);

	process->flags &= ~TC_PROCESS_INDEXED;
	if (head == process && process->older) {
		tc_pids_set(&processes->by_tgid, process->tgid, process->older);
	} else if (head == process) {
		tc_pids_remove(&processes->by_tgid, process->tgid);
	} else {
		while (head && head->older != process)
			head = head->older;
		if (head)
			head->older = process->older;
	}
	process->older = NULL;
}

static bool same_tick(const struct tc_processes *processes, uint64_t a_ns, uint64_t b_ns)
{
	return a_ns / processes->tick_ns == b_ns / processes->tick_ns;
}

bool tc_processes_started(const struct tc_processes *processes, const struct tc_process *process,
			  uint64_t start_ns)
{
	return same_tick(processes, process->start_ns, start_ns);
}

struct tc_process *tc_processes_identify(struct tc_processes *processes, uint32_t tgid,
					 uint64_t start_ns)
{
	struct tc_process *process = newest(processes, tgid);

	if (!start_ns)
		return process;
	for (; process; process = process->older) {
		if (process->start_ns == start_ns)
			return process;
		if (process->flags & TC_PROCESS_TICKS &&
		    same_tick(processes, process->start_ns, start_ns)) {
			process->start_ns = start_ns;
			process->flags &= ~TC_PROCESS_TICKS;
			return process;
		}
	}
	return NULL;
}

const struct tc_process *tc_processes_now(const struct tc_processes *processes, uint32_t tgid)
{
	return newest(processes, tgid);
}

/* --- life and death --- */

struct tc_processes *tc_processes_new(uint64_t tick_ns)
{
	struct tc_processes *processes = calloc(1, sizeof(*processes));

	if (processes)
		processes->tick_ns = tick_ns;
	return processes;
}

void tc_processes_free(struct tc_processes *processes)
{
	struct tc_process *lists[2], *process, *next;

	if (!processes)
		return;
	tc_pids_done(&processes->by_tgid);
	lists[0] = processes->live;
	lists[1] = processes->ended;
	/* Severed entries are in no list: only children refer to them, and those are in one. */
	for (unsigned i = 0; i < 2; i++) {
		DL_FOREACH(lists[i], process)
		{
			struct tc_process *parent = process->parent;

			tc_image_unref(process->image);
			if (parent && parent->flags & TC_PROCESS_SEVERED && --parent->refs == 0) {
				tc_image_unref(parent->image);
				free(parent);
			}
		}
	}
	for (unsigned i = 0; i < 2; i++)
		DL_FOREACH_SAFE(lists[i], process, next)
	free(process);
	free(processes);
}

const struct tc_process_counts *tc_processes_counts(const struct tc_processes *processes)
{
	return &processes->counts;
}

/* One reference less; with the last one the process and its hold on its ancestors end. */
static void unref(struct tc_processes *processes, struct tc_process *process)
{
	while (process && --process->refs == 0) {
		struct tc_process *parent = process->parent;

		if (!(process->flags & TC_PROCESS_SEVERED))
			DL_DELETE(processes->ended, process);
		processes->counts.ended--;
		tc_image_unref(process->image);
		free(process);
		process = parent;
	}
}

static void retire(struct tc_processes *processes, struct tc_process *process)
{
	if (process->flags & TC_PROCESS_EXITED)
		return;
	process->flags |= TC_PROCESS_EXITED;
	process->ended_ns = processes->now_ns;
	process->loss_ns = processes->loss_ns;
	DL_DELETE(processes->live, process);
	processes->counts.live--;
	DL_APPEND(processes->ended, process);
	processes->counts.ended++;
	if (!processes->grace)
		processes->grace = process;
	processes->n_grace++;
}

/* A new entry. Whoever had the tgid before has ended; or the new one, if it is the older. */
static int make(struct tc_processes *processes, uint32_t tgid, uint64_t start_ns,
		struct tc_process **ret_process)
{
	struct tc_process *before = newest(processes, tgid);
	struct tc_process *process = calloc(1, sizeof(*process));

	if (!process)
		return -ENOMEM;
	process->tgid = tgid;
	process->start_ns = start_ns;
	process->refs = 1;
	if (index_add(processes, process) < 0) {
		free(process);
		return -ENOMEM;
	}
	DL_APPEND(processes->live, process);
	processes->counts.live++;
	if (before)
		retire(processes, process->older == before ? before : process);
	*ret_process = process;
	return 0;
}

/* --- ancestors --- */

const struct tc_process *tc_process_ancestor(const struct tc_process *process, unsigned n)
{
	if (n > TC_ANCESTORS_MAX)
		return NULL;
	while (process && n--)
		process = process->parent;
	return process;
}

static uint32_t children(const struct tc_process *process)
{
	return process->refs - (process->flags & TC_PROCESS_INDEXED ? 1 : 0);
}

static void drop_parent(struct tc_processes *processes, struct tc_process *process)
{
	struct tc_process *parent = process->parent;

	process->parent = NULL;
	unref(processes, parent);
}

/*
 * Bounds the chain above a process. What is cut off is above an ended ancestor that nobody but this
 * chain refers to: no other process loses its ancestors for it. Live ancestors are as many as there
 * are live processes anyway.
 */
static void cut_ancestors(struct tc_processes *processes, struct tc_process *process)
{
	for (unsigned n = 0; process->parent && n < 4 * TC_ANCESTORS_MAX; n++) {
		if (n >= TC_ANCESTORS_MAX && process->flags & TC_PROCESS_EXITED &&
		    children(process) == 1) {
			process->flags |= TC_PROCESS_CUT;
			drop_parent(processes, process);
			return;
		}
		process = process->parent;
	}
}

static void set_parent(struct tc_processes *processes, struct tc_process *process,
		       struct tc_process *parent)
{
	if (process->parent == parent)
		return;
	/* Two processes of one tick and a pid used again could make a circle out of what /proc
	 * says. */
	if (process->refs > 1)
		for (const struct tc_process *above = parent; above; above = above->parent)
			if (above == process)
				return;
	if (process == parent)
		return;
	parent->refs++;
	if (process->parent)
		drop_parent(processes, process);
	process->parent = parent;
	cut_ancestors(processes, process);
}

/* Whether candidate, which has the parent's process id or had it once, may be the parent. */
static bool may_be_parent(const struct tc_processes *processes, const struct tc_process *candidate,
			  const struct tc_process *process, uint64_t start_ns)
{
	if (start_ns && !same_tick(processes, candidate->start_ns, start_ns))
		return false;
	return candidate->start_ns <= process->start_ns ||
	       same_tick(processes, candidate->start_ns, process->start_ns);
}

void tc_processes_link(struct tc_processes *processes, struct tc_process *process,
		       uint64_t start_ns)
{
	struct tc_process *parent;

	if (process->parent || !process->ppid)
		return;
	parent = newest(processes, process->ppid);
	while (parent && !may_be_parent(processes, parent, process, start_ns))
		parent = parent->older;
	if (parent)
		set_parent(processes, process, parent);
}

void tc_processes_link_all(struct tc_processes *processes)
{
	struct tc_process *process;

	DL_FOREACH(processes->live, process)
	tc_processes_link(processes, process, 0);
}

/* --- doubt --- */

void tc_processes_lose(struct tc_processes *processes, uint64_t since_ns, uint64_t until_ns)
{
	struct tc_process *last = processes->ended ? processes->ended->prev : NULL;

	if (until_ns > processes->loss_ns)
		processes->loss_ns = until_ns;
	/* From the last one that ended back to the first one that was there when the loss began. */
	for (struct tc_process *process = last; process && process->ended_ns >= since_ns;
	     process = process->prev) {
		process->loss_ns = processes->loss_ns;
		if (process == processes->ended)
			break;
	}
}

/* Whether something that was right at time_ns may have been changed by a lost exec. */
static bool doubt(const struct tc_processes *processes, const struct tc_process *process,
		  uint64_t time_ns)
{
	uint64_t loss_ns =
		process->flags & TC_PROCESS_EXITED ? process->loss_ns : processes->loss_ns;

	return loss_ns && time_ns <= loss_ns;
}

bool tc_processes_doubt_image(const struct tc_processes *processes,
			      const struct tc_process *process)
{
	return process->image && doubt(processes, process, process->image_ns);
}

bool tc_processes_doubt_comm(const struct tc_processes *processes, const struct tc_process *process)
{
	return doubt(processes, process, process->comm_ns);
}

/* --- events --- */

static void set_image(struct tc_process *process, struct tc_image *image, uint64_t time_ns)
{
	tc_image_unref(process->image);
	process->image = image;
	process->image_ns = time_ns;
}

static void set_comm(struct tc_process *process, const char comm[TC_COMM_MAX], uint64_t time_ns)
{
	memcpy(process->comm, comm, sizeof(process->comm));
	process->comm_ns = time_ns;
}

static uint32_t slot_max(const struct tc_processes *processes)
{
	return processes->counts.image.bytes > IMAGE_BYTES_MAX ? SLOT_SHORT : UINT16_MAX;
}

/* What the header of any record says of its actor. */
static void refresh(struct tc_processes *processes, struct tc_process *process,
		    const struct tc_record *record)
{
	if (record->time_ns > processes->now_ns)
		processes->now_ns = record->time_ns;
	process->flags |= TC_PROCESS_USED | TC_PROCESS_HAS_CREDS;
	if (record->flags & TC_RECORD_KERNEL)
		process->flags |= TC_PROCESS_KERNEL;
	else
		process->flags &= ~TC_PROCESS_KERNEL;
	process->uid = record->uid;
	process->euid = record->euid;
	process->egid = record->egid;
	process->ppid = record->ppid;
	if (record->cgroup_id)
		process->cgroup_id = record->cgroup_id;
	/* Another thread may have another name; the process has that of its main thread. */
	if (record->tid == record->tgid)
		set_comm(process, record->comm.bytes, record->time_ns);
}

int tc_processes_see(struct tc_processes *processes, const struct tc_record *record, bool *ret_made,
		     struct tc_process **ret_process)
{
	struct tc_process *process =
		tc_processes_identify(processes, record->tgid, record->start_ns);
	bool made = !process;

	if (made) {
		int error = make(processes, record->tgid, record->start_ns, &process);

		if (error < 0)
			return error;
		process->flags |= TC_PROCESS_MISSED;
		processes->counts.missed++;
		set_comm(process, record->comm.bytes, record->time_ns);
	}
	refresh(processes, process, record);
	if (ret_made)
		*ret_made = made;
	*ret_process = process;
	return 0;
}

int tc_processes_meet(struct tc_processes *processes, uint32_t tgid, uint64_t start_ns,
		      uint64_t cgroup_id, bool *ret_made, struct tc_process **ret_process)
{
	struct tc_process *process = tc_processes_identify(processes, tgid, start_ns);
	bool made = !process;

	if (made) {
		int error = make(processes, tgid, start_ns, &process);

		if (error < 0)
			return error;
		process->flags |= TC_PROCESS_MISSED;
		processes->counts.missed++;
	}
	if (cgroup_id)
		process->cgroup_id = cgroup_id;
	process->flags |= TC_PROCESS_USED;
	if (ret_made)
		*ret_made = made;
	*ret_process = process;
	return 0;
}

int tc_processes_fork(struct tc_processes *processes, struct tc_process *parent,
		      const struct tc_fork *fork)
{
	const struct tc_record *record = &fork->header;
	struct tc_process *child =
		tc_processes_identify(processes, fork->child_tgid, fork->child_start_ns);

	if (!child) {
		int error = make(processes, fork->child_tgid, fork->child_start_ns, &child);

		if (error < 0)
			return error;
		child->uid = record->uid;
		child->euid = record->euid;
		child->egid = record->egid;
		child->cgroup_id = fork->child_cgroup_id;
		child->flags |= TC_PROCESS_HAS_CREDS | TC_PROCESS_USED |
				(record->flags & TC_RECORD_KERNEL ? TC_PROCESS_KERNEL : 0);
		set_comm(child, record->comm.bytes, record->time_ns);
	}
	child->flags &= ~TC_PROCESS_MISSED;
	child->flags |= TC_PROCESS_HAS_VPID;
	child->vpid = fork->child_vpid;
	child->ppid = parent->tgid;
	/* What /proc told of the parent after the fork need not hold for the child. */
	if (!child->image)
		set_image(child, tc_image_ref(parent->image),
			  parent->image_ns <= record->time_ns ? parent->image_ns : 0);
	set_parent(processes, child, parent);
	return 0;
}

int tc_processes_exec(struct tc_processes *processes, struct tc_process *process,
		      const struct tc_exec *exec)
{
	struct tc_image *image =
		tc_image_new(&processes->counts.image, exec, 0, slot_max(processes));

	if (!image)
		return -ENOMEM;
	set_image(process, image, exec->header.time_ns);
	if (exec->vpid != TC_ABSENT_U32) {
		process->vpid = exec->vpid;
		process->flags |= TC_PROCESS_HAS_VPID;
	}
	set_comm(process, exec->header.comm.bytes, exec->header.time_ns);
	return 0;
}

int tc_processes_refuse_exec(struct tc_processes *processes, const struct tc_process *process,
			     const struct tc_exec *exec, struct tc_process *ret_would)
{
	struct tc_process would = *process;
	int error;

	would.image = NULL; /* a reference of the table's entry */
	error = tc_processes_exec(processes, &would, exec);
	if (error < 0)
		return error;
	refresh(processes, &would, &exec->header);
	*ret_would = would;
	return 0;
}

void tc_process_would_done(struct tc_process *would)
{
	tc_image_unref(would->image);
	*would = (struct tc_process){0};
}

void tc_processes_exit(struct tc_processes *processes, struct tc_process *process)
{
	retire(processes, process);
}

/* --- facts from elsewhere --- */

static struct tc_image *facts_image(struct tc_processes *processes,
				    const struct tc_process_facts *facts)
{
	return tc_image_new(&processes->counts.image, facts->exec, facts->absent,
			    slot_max(processes));
}

/* Writes what an entry does not know yet. */
static int fill(struct tc_processes *processes, struct tc_process *process,
		const struct tc_process_facts *facts)
{
	if (!process->image && facts->exec) {
		struct tc_image *image = facts_image(processes, facts);

		if (!image)
			return -ENOMEM;
		set_image(process, image, facts->time_ns);
	}
	if (!process->comm[0])
		set_comm(process, facts->comm, facts->time_ns);
	if (!process->cgroup_id)
		process->cgroup_id = facts->cgroup_id;
	if (!process->ppid)
		process->ppid = facts->ppid;
	if (!(process->flags & TC_PROCESS_HAS_VPID))
		process->vpid = facts->vpid;
	if (!(process->flags & TC_PROCESS_HAS_CREDS)) {
		process->uid = facts->uid;
		process->euid = facts->euid;
		process->egid = facts->egid;
	}
	process->flags |=
		facts->flags & (TC_PROCESS_KERNEL | TC_PROCESS_HAS_VPID | TC_PROCESS_HAS_CREDS);
	process->flags |= TC_PROCESS_READ;
	return 0;
}

int tc_processes_add(struct tc_processes *processes, const struct tc_process_facts *facts)
{
	struct tc_process *process = newest(processes, facts->tgid);

	while (process && !same_tick(processes, process->start_ns, facts->start_ns))
		process = process->older;
	if (!process) {
		int error = make(processes, facts->tgid, facts->start_ns, &process);

		if (error < 0)
			return error;
		process->flags |= TC_PROCESS_TICKS;
	}
	return fill(processes, process, facts);
}

static bool same_process(const struct tc_processes *processes, const struct tc_process *process,
			 const struct tc_process_facts *facts)
{
	return facts->tgid == process->tgid &&
	       same_tick(processes, process->start_ns, facts->start_ns);
}

int tc_processes_complete(struct tc_processes *processes, struct tc_process *process,
			  const struct tc_process_facts *facts)
{
	if (!same_process(processes, process, facts))
		return -ESTALE;
	return fill(processes, process, facts);
}

/* What /proc does not tell but cannot have changed with the same executable. */
static void inherit(struct tc_image *image, const struct tc_image *before)
{
	if (!before || before->absent & (TC_EXEC_BIT(exe_upper) | TC_EXEC_BIT(exe_ino)) ||
	    !tc_image_same_exe(before, &image->exec, image->absent))
		return;
	image->exec.exe_upper = before->exec.exe_upper;
	image->absent &= ~TC_EXEC_BIT(exe_upper);
}

int tc_processes_confirm(struct tc_processes *processes, struct tc_process *process,
			 const struct tc_process_facts *facts)
{
	if (!same_process(processes, process, facts))
		return -ESTALE;
	if (!facts->exec ||
	    (facts->absent & TC_EXEC_BIT(exe) && !(facts->flags & TC_PROCESS_KERNEL)))
		return -ENODATA;
	if (process->image && tc_image_matches(process->image, facts->exec, facts->absent)) {
		process->image_ns = facts->time_ns;
	} else {
		struct tc_image *image = facts_image(processes, facts);

		if (!image)
			return -ENOMEM;
		inherit(image, process->image);
		set_image(process, image, facts->time_ns);
	}
	if (tc_processes_doubt_comm(processes, process))
		set_comm(process, facts->comm, facts->time_ns);
	return 0;
}

/* --- bounds --- */

void tc_processes_trim(struct tc_processes *processes)
{
	while (processes->n_grace > TC_PROCESS_GRACE) {
		struct tc_process *process = processes->grace;

		processes->grace = process->next;
		processes->n_grace--;
		index_remove(processes, process);
		unref(processes, process);
	}
	while (processes->counts.ended > ENDED_MAX && processes->ended != processes->grace) {
		struct tc_process *process = processes->ended;

		DL_DELETE(processes->ended, process);
		process->flags |= TC_PROCESS_SEVERED;
		processes->counts.severed++;
		if (process->parent) {
			process->flags |= TC_PROCESS_CUT;
			drop_parent(processes, process);
		}
	}
	for (unsigned n = 0; processes->counts.live > LIVE_MAX && n < TRIM_STEPS; n++) {
		struct tc_process *process = tc_processes_next(processes);

		if (!(process->flags & TC_PROCESS_USED)) {
			retire(processes, process);
			processes->counts.evicted++;
		}
		process->flags &= ~TC_PROCESS_USED;
	}
}

int tc_processes_each(const struct tc_processes *processes,
		      int (*visit)(void *context, const struct tc_process *process), void *context)
{
	const struct tc_process *process;
	int r = 0;

	DL_FOREACH(processes->live, process)
	{
		r = visit(context, process);
		if (r)
			break;
	}
	return r;
}

struct tc_process *tc_processes_next(struct tc_processes *processes)
{
	struct tc_process *process = processes->live;

	if (process) {
		DL_DELETE(processes->live, process);
		DL_APPEND(processes->live, process);
	}
	return process;
}
