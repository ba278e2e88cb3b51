/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/world.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/enrich/containers.h"
#include "agent/enrich/host.h"
#include "agent/enrich/scan.h"
#include "agent/enrich/services.h"
#include "agent/log.h"
#include "agent/loss.h"

#define TICK_NS 1000000000ULL
/* Looks into /proc for unknown processes, for each second: where forks are lost, the host is busy
 * enough. */
#define LOOKUPS_PER_TICK 100
/* Live entries checked in each second after a loss; of these, LOOKUPS_PER_TICK are read anew. */
#define SWEEP_PER_TICK 1024
/* A smaller difference is the measurement's own. */
#define CLOCK_STEP_NS 1000000

/* Fixed since Linux 3.8 (98f842e675f9) and 4.6 (a79a908fd2b0), include/linux/proc_ns.h. */
static const struct tc_namespaces initial_namespaces = {
	.ipc = 0xEFFFFFFFU,
	.uts = 0xEFFFFFFEU,
	.user = 0xEFFFFFFDU,
	.pid = 0xEFFFFFFCU,
	.cgroup = 0xEFFFFFFBU,
};

uint64_t tc_world_kinds(void)
{
	return tc_kinds_with(TC_TRAIT_STATE);
}

static void find_types(struct tc_world *world)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		for (unsigned i = 0; info && i < info->n_members; i++)
			if (info->members[i].wire == TC_W_u32 &&
			    strcmp(info->members[i].member, "type") == 0)
				world->type_offset[kind] = info->members[i].offset;
	}
}

int tc_world_init(struct tc_world *world)
{
	*world = (struct tc_world){
		.processes = tc_processes_new(tc_scan_tick_ns()),
		.cgroups = tc_cgroups_new(),
		.users = tc_users_new(),
		.host = initial_namespaces,
	};
	if (!world->processes || !world->cgroups || !world->users) {
		tc_world_done(world);
		return -ENOMEM;
	}
	find_types(world);
	/* While the time zone's file can still be read. */
	tzset();
	return 0;
}

void tc_world_done(struct tc_world *world)
{
	tc_process_would_done(&world->would);
	tc_processes_free(world->processes);
	tc_cgroups_free(world->cgroups);
	tc_containers_free(world->containers);
	tc_users_free(world->users);
	tc_services_free(world->services);
	tc_host_free(world->origin);
	*world = (struct tc_world){0};
}

/* --- the host --- */

static void read_namespaces(struct tc_world *world)
{
	const struct tc_process_facts *facts;
	const struct tc_exec *exec;

	if (world->origin->ops->process(world->origin, 1, &facts) < 0 || !facts->exec ||
	    !facts->exec->header.mnt_ns)
		return;
	exec = facts->exec;
	world->host = (struct tc_namespaces){
		.mnt = exec->header.mnt_ns,
		.pid = exec->header.pid_ns,
		.user = exec->header.user_ns,
		.net = exec->net_ns,
		.uts = exec->uts_ns,
		.ipc = exec->ipc_ns,
		.cgroup = exec->cgroup_ns,
	};
}

static int read_about(struct tc_world *world, uint64_t *ret_now_ns)
{
	struct tc_host_about about;
	int error = world->origin->ops->about(world->origin, &about);

	if (error < 0)
		return error;
	*ret_now_ns = about.now_ns;
	world->clock = world->next_clock = about.clock;
	memcpy(world->boot_id, about.boot_id, sizeof(world->boot_id));
	static_assert(sizeof(world->hostname) == sizeof(about.hostname), "host names fit");
	memcpy(world->hostname, about.hostname, sizeof(world->hostname));
	return 0;
}

static int add_process(void *data, const struct tc_process_facts *facts)
{
	return tc_processes_add(data, facts);
}

static int read_processes(struct tc_world *world)
{
	int error = world->origin->ops->each_process(world->origin, add_process, world->processes);

	if (error == 0)
		tc_processes_link_all(world->processes);
	return error;
}

int tc_world_learn(struct tc_world *world, struct tc_cgroup *cgroup, uint64_t now_ns)
{
	int news = world->containers
			   ? tc_containers_see(world->containers, cgroup, world->users, now_ns)
			   : 0;

	if (news > 0)
		tc_cgroups_learned(world->cgroups, cgroup);
	return news < 0 ? news : 0;
}

/* What stands beside the world while it learns of all cgroups. */
struct learning {
	struct tc_world *world;
	uint64_t now_ns;
	int error;
};

static void learn(void *context, struct tc_cgroup *cgroup)
{
	struct learning *learning = context;

	if (learning->error == 0)
		learning->error = tc_world_learn(learning->world, cgroup, learning->now_ns);
}

/* Rules may ask for containers in the kernel, before there is an event of theirs. */
static int read_containers(struct tc_world *world, uint64_t now_ns)
{
	struct learning learning = {.world = world, .now_ns = now_ns};

	tc_cgroups_each(world->cgroups, learn, &learning);
	return learning.error;
}

int tc_world_open(struct tc_world *world, struct tc_host *host)
{
	uint64_t now_ns;
	int error;

	world->origin = host;
	error = read_about(world, &now_ns);
	if (error < 0)
		return error;
	read_namespaces(world);
	world->services = host->ops->services(host);
	world->containers = tc_containers_new(host);
	if (!world->containers)
		return -ENOMEM;
	error = host->ops->users(host, world->users);
	if (error < 0)
		return error;
	error = tc_cgroups_scan(world->cgroups, host);
	if (error == -ENOMEM)
		return error;
	if (error < 0)
		tc_warning("cgroups are unknown: cannot read the cgroup v2 file system: %s",
			   strerror(-error));
	error = read_containers(world, now_ns);
	return error < 0 ? error : read_processes(world);
}

int tc_world_scan(struct tc_world *world)
{
	struct tc_host *host = tc_host_new("", 0);

	return host ? tc_world_open(world, host) : -ENOMEM;
}

/* An entry that came out of nowhere, or whose parent did. */
static bool is_incomplete(const struct tc_process *process)
{
	return !process->image ||
	       (process->flags & (TC_PROCESS_MISSED | TC_PROCESS_READ)) == TC_PROCESS_MISSED;
}

static int start_of(const struct tc_world *world, uint32_t tgid, uint64_t *ret_start_ns)
{
	return world->origin->ops->process_start(world->origin, tgid, ret_start_ns);
}

/*
 * By process id, if the process that has the id of the parent now is the one that the table knows
 * by it. Of processes out of scope no exit is told: the table keeps them when they have ended.
 */
static void link_parent(struct tc_world *world, struct tc_process *process)
{
	uint64_t start_ns;

	if (!process->parent && process->ppid && start_of(world, process->ppid, &start_ns) == 0)
		tc_processes_link(world->processes, process, start_ns);
}

/* Reads /proc and writes what it says. */
static int read_process(struct tc_world *world, struct tc_process *process)
{
	const struct tc_process_facts *facts;
	int error = world->origin->ops->process(world->origin, process->tgid, &facts);

	if (error < 0)
		return error;
	if (is_incomplete(process))
		error = tc_processes_complete(world->processes, process, facts);
	if (error == 0 && tc_processes_doubt_image(world->processes, process))
		error = tc_processes_confirm(world->processes, process, facts);
	return error;
}

/* Completes an entry, or ends the doubt about it. One that /proc does not know has ended since. */
static int look_up(struct tc_world *world, struct tc_process *process, uint64_t now_ns)
{
	int error;

	if (!world->origin || !world->lookups_left || process->flags & TC_PROCESS_EXITED ||
	    now_ns < process->retry_ns)
		return 0;
	if (!is_incomplete(process) && !tc_processes_doubt_image(world->processes, process))
		return 0;
	world->lookups_left--;
	error = read_process(world, process);
	link_parent(world, process);
	if (error == -ENOENT || error == -ESRCH || error == -ESTALE)
		tc_processes_exit(world->processes, process);
	else if (error < 0)
		process->retry_ns = now_ns + TICK_NS;
	return error == -ENOMEM ? error : 0;
}

/* The same for a process and, while many are in doubt, for what made it. */
static int look_up_line(struct tc_world *world, struct tc_process *process, uint64_t now_ns)
{
	int error = 0;

	if (!world->origin)
		return 0;
	for (unsigned n = 0; process && n <= TC_ANCESTORS_MAX && error == 0; n++) {
		error = look_up(world, process, now_ns);
		process = world->sweep_left ? process->parent : NULL;
	}
	return error;
}

/* Whether another process has the process id now, or none. */
static bool is_gone(const struct tc_world *world, const struct tc_process *process)
{
	uint64_t start_ns;
	int error = start_of(world, process->tgid, &start_ns);

	if (error < 0)
		return error == -ENOENT || error == -ESRCH;
	return process->start_ns && !tc_processes_started(world->processes, process, start_ns);
}

/* Exits and execs may be among lost events: all that live are checked. */
static int sweep(struct tc_world *world, uint64_t now_ns)
{
	int error = 0;

	for (unsigned n = 0;
	     world->sweep_left && world->lookups_left && n < SWEEP_PER_TICK && error == 0; n++) {
		struct tc_process *process = tc_processes_next(world->processes);

		world->sweep_left--;
		if (!process)
			break;
		if (is_gone(world, process))
			tc_processes_exit(world->processes, process);
		else
			error = look_up(world, process, now_ns);
	}
	return error;
}

static int tick(struct tc_world *world, uint64_t now_ns)
{
	int error;

	world->origin->ops->clock(world->origin, &world->next_clock);
	world->next_tick_ns = now_ns + TICK_NS;
	/* For the sweep, and as many again for events. */
	world->lookups_left = LOOKUPS_PER_TICK;
	error = sweep(world, now_ns);
	world->lookups_left = LOOKUPS_PER_TICK;
	return error < 0 ? error : world->origin->ops->users(world->origin, world->users);
}

/* --- what events change --- */

static int on_fork(struct tc_world *world, struct tc_event *event)
{
	const struct tc_fork *fork = (const struct tc_fork *)event->record;

	tc_cgroups_see(world->cgroups, fork->child_cgroup_id);
	return event->process ? tc_processes_fork(world->processes, event->process, fork) : 0;
}

/* Refused, or killed where it was refused as well: the program never ran. */
static bool is_refused_exec(const struct tc_record *record)
{
	return record->kind == TC_KIND_exec &&
	       (record->verdict == TC_VERDICT_BLOCKED ||
		(record->verdict == TC_VERDICT_KILLED && record->error));
}

/* Rules and outputs are told of the program that was refused, the table keeps the one that runs. */
static int on_exec(struct tc_world *world, struct tc_event *event)
{
	const struct tc_exec *exec = (const struct tc_exec *)event->record;
	int error;

	if (!event->process)
		return 0;
	if (!is_refused_exec(event->record))
		return tc_processes_exec(world->processes, event->process, exec);
	error = tc_processes_refuse_exec(world->processes, event->process, exec, &world->would);
	if (error == 0)
		event->process = &world->would;
	return error;
}

/* Events on another process have the members of TC_TARGET first. */
static_assert(offsetof(struct tc_trace, target_comm) == offsetof(struct tc_signal, target_comm),
	      "targets are read through one struct");

static int on_target(struct tc_world *world, struct tc_event *event)
{
	const struct tc_trace *trace = (const struct tc_trace *)event->record;
	int error;

	tc_cgroups_see(world->cgroups, trace->target_cgroup_id);
	if (!trace->target_tgid)
		return 0;
	error = tc_processes_meet(world->processes, trace->target_tgid, trace->target_start_ns,
				  trace->target_cgroup_id, NULL, &event->target);
	return error < 0 ? error : look_up_line(world, event->target, event->record->time_ns);
}

/* The three cgroup events have the same members. */
static_assert(offsetof(struct tc_cgroup_mkdir, path) == offsetof(struct tc_cgroup_rename, path) &&
		      offsetof(struct tc_cgroup_mkdir, path) ==
			      offsetof(struct tc_cgroup_rmdir, path) &&
		      offsetof(struct tc_cgroup_mkdir, target_id) ==
			      offsetof(struct tc_cgroup_rename, target_id) &&
		      offsetof(struct tc_cgroup_mkdir, target_id) ==
			      offsetof(struct tc_cgroup_rmdir, target_id),
	      "cgroup events are read through one struct");

static int on_cgroup(struct tc_world *world, struct tc_event *event)
{
	const struct tc_cgroup_mkdir *mkdir = (const struct tc_cgroup_mkdir *)event->record;
	const struct tc_slot *path = &mkdir->path;
	bool cut = path->flags & (TC_SLOT_CUT | TC_SLOT_UNREADABLE);

	if (cut && tc_cgroups_see(world->cgroups, mkdir->target_id))
		return 0;
	if (!(path->flags & TC_SLOT_PRESENT) || !path->stored)
		return 0;
	return tc_cgroups_set(world->cgroups, mkdir->target_id,
			      (const char *)event->record + path->offset, path->stored, cut);
}

static int on_loss(struct tc_world *world, struct tc_event *event)
{
	const struct tc_loss *loss = (const struct tc_loss *)event->record;

	/* What was lost behind the world it has seen. Of other losses nobody knows the kinds. */
	if (!tc_loss_was_unseen(loss->reason))
		return 0;
	tc_processes_lose(world->processes, loss->since_ns, loss->until_ns);
	if (world->origin)
		world->sweep_left = tc_processes_counts(world->processes)->live;
	return 0;
}

static int on_clock_step(struct tc_world *world, struct tc_event *event)
{
	const struct tc_clock_step *step = (const struct tc_clock_step *)event->record;

	world->clock.real_minus_boot_ns = step->offset_ns;
	world->next_clock = world->clock;
	return 0;
}

typedef int (*updater)(struct tc_world *world, struct tc_event *event);

static const updater updaters[TC_KIND_LIMIT] = {
	[TC_KIND_fork] = on_fork,
	[TC_KIND_exec] = on_exec,
	[TC_KIND_trace] = on_target,
	[TC_KIND_signal] = on_target,
	[TC_KIND_cgroup_mkdir] = on_cgroup,
	[TC_KIND_cgroup_rmdir] = on_cgroup,
	[TC_KIND_cgroup_rename] = on_cgroup,
	[TC_KIND_loss] = on_loss,
	[TC_KIND_clock_step] = on_clock_step,
};

static int see_actor(struct tc_world *world, struct tc_event *event)
{
	const struct tc_record *record = event->record;
	struct tc_process *process;
	bool made;
	int error;

	if (event->kind->traits & TC_TRAIT_AGENT || !record->tgid)
		return 0;
	/* Name and identity in the header of a refused exec are those that it would have given. */
	error = is_refused_exec(record)
			? tc_processes_meet(world->processes, record->tgid, record->start_ns,
					    record->cgroup_id, &made, &process)
			: tc_processes_see(world->processes, record, &made, &process);
	if (error < 0)
		return error;
	event->process = process;
	if (made && !world->origin)
		tc_processes_link(world->processes, process, 0);
	/* What has ended has nothing left to read, and an exec tells of itself. */
	if (record->kind == TC_KIND_exit)
		return 0;
	if (record->kind == TC_KIND_exec && !is_refused_exec(record) && !is_incomplete(process))
		process = process->parent;
	return look_up_line(world, process, record->time_ns);
}

int tc_world_enrich(struct tc_world *world, struct tc_event *event)
{
	const struct tc_record *record = event->record;
	int error = 0;

	event->world = world;
	world->events++;
	if (world->origin && record->time_ns >= world->next_tick_ns)
		error = tick(world, record->time_ns);
	if (error == 0)
		error = see_actor(world, event);
	if (error == 0 && updaters[record->kind])
		error = updaters[record->kind](world, event);
	if (record->cgroup_id)
		event->cgroup = tc_cgroups_see(world->cgroups, record->cgroup_id);
	if (error == 0 && event->cgroup)
		error = tc_world_learn(world, event->cgroup, record->time_ns);
	return error;
}

void tc_world_settle(struct tc_world *world, struct tc_event *event)
{
	if (event->record->kind == TC_KIND_exit && event->process)
		tc_processes_exit(world->processes, event->process);
	if (event->record->kind == TC_KIND_cgroup_rmdir)
		tc_cgroups_remove(world->cgroups,
				  ((const struct tc_cgroup_rmdir *)event->record)->target_id);
	tc_process_would_done(&world->would);
	event->process = NULL;
	event->target = NULL;
	event->cgroup = NULL;
	tc_processes_trim(world->processes);
	tc_cgroups_trim(world->cgroups);
}

bool tc_world_clock_step(struct tc_world *world, int64_t *ret_step_ns, int64_t *ret_offset_ns)
{
	int64_t offset_ns = world->next_clock.real_minus_boot_ns;
	int64_t step_ns = offset_ns - world->clock.real_minus_boot_ns;

	if (!world->origin || (step_ns <= CLOCK_STEP_NS && step_ns >= -CLOCK_STEP_NS))
		return false;
	*ret_step_ns = step_ns;
	*ret_offset_ns = offset_ns;
	return true;
}
