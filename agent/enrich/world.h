/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent knows of the host beside the events: processes, cgroups, users, the clock.
 *
 * Filled once from /proc, /sys/fs/cgroup and /etc/passwd; afterwards kept by the events. The host
 * is asked again, but not often: for a process or cgroup that comes out of nowhere because events
 * were lost, for processes whose exec may be among lost events, for a container whose first event
 * comes (containers.h), and once a second for users and clock. All questions go through host.h; in
 * a replay the recording answers them.
 *
 * After a loss every process is in doubt (process.h). Those that events name, and what made them,
 * are read from /proc first, LOOKUPS_PER_TICK in a second; a sweep reads the others. What was not
 * read yet has no values, rather than those of a former program. Two gaps remain. Until the loss is
 * told, which is within a look at the rings, events show the former program. And /proc tells of the
 * moment of the look, a little after the event: of a process that runs yet another program by then
 * it tells that one.
 */
#ifndef TOCSIN_AGENT_ENRICH_WORLD_H
#define TOCSIN_AGENT_ENRICH_WORLD_H

#include "agent/enrich/cgroup.h"
#include "agent/enrich/clock.h"
#include "agent/enrich/process.h"
#include "agent/enrich/user.h"
#include "agent/event.h"

/* Inode numbers of the namespaces of process 1; 0 where not known. */
struct tc_namespaces {
	uint32_t mnt, pid, user, net, uts, ipc, cgroup;
};

struct tc_containers;
struct tc_host;
struct tc_services;

struct tc_world {
	struct tc_processes *processes;
	struct tc_cgroups *cgroups;
	struct tc_users *users;
	struct tc_containers *containers; /* NULL without an origin: none is looked up */
	struct tc_services *services;	  /* names of ports; NULL: none have one */
	struct tc_clock clock;
	struct tc_clock next_clock; /* what the host's clock says since it was set; the clock_step
				       event makes it the clock */
	char boot_id[TC_BOOT_ID_LENGTH + 1]; /* /proc/sys/kernel/random/boot_id; "" when unknown */
	char hostname[65];
	struct tc_host *origin; /* what is asked about the host; NULL: nobody, events alone tell */
	struct tc_namespaces host;
	uint64_t events;	 /* enriched so far: evt.num of the last one */
	uint64_t next_tick_ns;	 /* since boot: when users and clock are looked at again */
	uint32_t lookups_left;	 /* processes that may still be looked up before the next tick */
	uint64_t sweep_left;	 /* processes that the sweep after a loss has not come to yet */
	struct tc_process would; /* of a refused exec, while its event is judged: the actor, if it
				    were that program */
	uint16_t type_offset[TC_KIND_LIMIT]; /* of the member `type`; 0: none */
};

/* Empty tables that events alone fill: for tests. 0 or -ENOMEM. */
int tc_world_init(struct tc_world *world);
/*
 * Fills the tables from a host, which is the world's from now on (also on failure) and is asked
 * again where events leave questions. 0 or a negative errno; what could not be read of one process
 * is left unknown, and so are all cgroups where cgroup v2 is not mounted.
 */
int tc_world_open(struct tc_world *world, struct tc_host *host);
/* The same with the host that the agent runs on. */
int tc_world_scan(struct tc_world *world);
void tc_world_done(struct tc_world *world);

/* Kinds of events that the tables are kept by, as bits. */
uint64_t tc_world_kinds(void);

/*
 * Before an event is judged: brings the tables up to date with it (fork, exec, cgroup_mkdir ...)
 * and points event->process, target, cgroup and world at what they say. 0 or -ENOMEM.
 */
int tc_world_enrich(struct tc_world *world, struct tc_event *event);
/* Looks up what is not known yet of a cgroup's container, when that is due. Part of the above. 0 or
 * -ENOMEM. */
int tc_world_learn(struct tc_world *world, struct tc_cgroup *cgroup, uint64_t now_ns);
/* After an event was judged: lets go of what it ended (exit, cgroup_rmdir). event->process and so
 * on are gone then. */
void tc_world_settle(struct tc_world *world, struct tc_event *event);

/*
 * Whether the host told that the time of day was set, by how many nanoseconds, and to what
 * offset from the time since boot. True once for each step: the caller feeds a clock_step event,
 * which puts the new offset into force.
 */
bool tc_world_clock_step(struct tc_world *world, int64_t *ret_step_ns, int64_t *ret_offset_ns);

#endif
