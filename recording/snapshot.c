/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/snapshot.h"

#include <errno.h>

#include "agent/enrich/containers.h"
#include "recording/facts.h"

struct snapshot {
	const struct tc_world *world;
	struct tc_sink *sink;
	tc_snapshot_choice choose; /* NULL: all processes */
	void *context;
	struct tc_buffer body;
};

static void note(struct snapshot *snapshot, enum tc_entry_type type)
{
	tc_sink_add_body(snapshot->sink, type, &snapshot->body);
}

static void add_names(struct snapshot *snapshot)
{
	tc_facts_put_users(&snapshot->body, snapshot->world->users);
	note(snapshot, TC_ENTRY_USERS);
	if (!snapshot->world->services)
		return;
	tc_facts_put_services(&snapshot->body, snapshot->world->services);
	note(snapshot, TC_ENTRY_SERVICES);
}

static void add_cgroup(void *context, struct tc_cgroup *cgroup)
{
	struct snapshot *snapshot = context;

	tc_named_put_number(&snapshot->body, "listed", 1);
	tc_facts_put_cgroup(&snapshot->body, cgroup->id, cgroup->path, cgroup->path_length);
	note(snapshot, TC_ENTRY_CGROUP);
}

/* As the host would answer now. */
static void add_container(void *context, struct tc_cgroup *cgroup)
{
	const struct tc_container_facts *facts = tc_container_facts(cgroup->entry);
	struct snapshot *snapshot = context;

	if (!facts)
		return;
	tc_named_put_bytes(&snapshot->body, "of", cgroup->path + cgroup->container.offset,
			   cgroup->container.length);
	tc_named_put_text(&snapshot->body, "runtime", cgroup->runtime ? cgroup->runtime : "");
	tc_named_put_number(&snapshot->body, "owner", tc_container_owner(cgroup));
	if (!tc_container_is_settled(cgroup->entry))
		tc_named_put_number(&snapshot->body, "error", EAGAIN);
	tc_facts_put_container(&snapshot->body, facts);
	note(snapshot, TC_ENTRY_CONTAINER);
}

static void put_process(struct snapshot *snapshot, const struct tc_process *process)
{
	const struct tc_processes *processes = snapshot->world->processes;
	bool has_image = process->image && !tc_processes_doubt_image(processes, process);
	struct tc_process_facts facts = {
		.start_ns = process->start_ns,
		.time_ns = process->image_ns,
		.cgroup_id = process->cgroup_id,
		.tgid = process->tgid,
		.ppid = process->parent ? process->parent->tgid : process->ppid,
		.vpid = process->vpid,
		.uid = process->uid,
		.euid = process->euid,
		.egid = process->egid,
		.flags = process->flags &
			 (TC_PROCESS_KERNEL | TC_PROCESS_HAS_VPID | TC_PROCESS_HAS_CREDS),
		.exec = has_image ? &process->image->exec : NULL,
		.absent = has_image ? process->image->absent : 0,
	};

	if (!tc_processes_doubt_comm(processes, process))
		memcpy(facts.comm, process->comm, sizeof(facts.comm));
	tc_facts_put_process(&snapshot->body, &facts);
}

static int add_process(void *context, const struct tc_process *process)
{
	struct snapshot *snapshot = context;

	if (snapshot->choose && !snapshot->choose(snapshot->context, process))
		return 0;
	tc_named_put_number(&snapshot->body, "listed", 1);
	put_process(snapshot, process);
	note(snapshot, TC_ENTRY_PROCESS);
	return 0;
}

/* Of this one a world asks by itself: its namespaces are the host's. */
static void add_first_process(struct snapshot *snapshot)
{
	const struct tc_process *process = tc_processes_now(snapshot->world->processes, 1);

	if (!process)
		return;
	put_process(snapshot, process);
	note(snapshot, TC_ENTRY_PROCESS);
}

void tc_snapshot_add(const struct tc_world *world, struct tc_sink *sink)
{
	tc_snapshot_add_some(world, sink, NULL, NULL);
}

void tc_snapshot_add_some(const struct tc_world *world, struct tc_sink *sink,
			  tc_snapshot_choice choose, void *context)
{
	struct snapshot snapshot = {
		.world = world, .sink = sink, .choose = choose, .context = context};

	add_names(&snapshot);
	tc_cgroups_each(world->cgroups, add_cgroup, &snapshot);
	tc_cgroups_each(world->cgroups, add_container, &snapshot);
	add_first_process(&snapshot);
	tc_processes_each(world->processes, add_process, &snapshot);
	sink->ops->add(sink, TC_ENTRY_KNOWN, NULL, 0);
	tc_buffer_done(&snapshot.body);
}
