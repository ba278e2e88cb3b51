/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers of this host, and what the files of their runtimes tell.
 *
 * A container is looked up with the first event of one of its cgroups: each of its cgroups shares
 * what was found. Runtimes write their files before they start anything, but for what tells of the
 * start itself; so what is not there, or not whole, is looked for again a few times, with growing
 * pauses, and then never again.
 *
 * The files of the host's runtimes count for cgroups that root made. Below the slice of a user
 * (user-1000.slice) anybody may give a cgroup the name of any container: there only that user's own
 * files count.
 */
#ifndef TOCSIN_AGENT_ENRICH_CONTAINERS_H
#define TOCSIN_AGENT_ENRICH_CONTAINERS_H

#include "agent/enrich/cgroup.h"
#include "agent/enrich/container_facts.h"
#include "agent/enrich/host.h"
#include "agent/enrich/user.h"

struct tc_container_entry;
struct tc_containers;

/* An empty table that asks the host, which must outlive it. NULL when memory is out. */
struct tc_containers *tc_containers_new(struct tc_host *host);
/* Entries live on until the last cgroup let go of them. */
void tc_containers_free(struct tc_containers *containers);

/* Before an event of the cgroup: looks its container up when that is due. now_ns is since boot. 1
 * when more, or something else, is known than the last time that this was asked for the cgroup; 0;
 * or -ENOMEM. */
int tc_containers_see(struct tc_containers *containers, struct tc_cgroup *cgroup,
		      const struct tc_users *users, uint64_t now_ns);

/* Whether all is known of the container that ever will be. Takes NULL: it was not looked up yet. */
bool tc_container_is_settled(const struct tc_container_entry *entry);
/* What is told of the container, NULL when there is nothing. Takes NULL. */
const struct tc_container_facts *tc_container_facts(const struct tc_container_entry *entry);

/* The user whose runtime it is, by the cgroup's path; 0: the host's. */
uint32_t tc_container_owner(const struct tc_cgroup *cgroup);

/* For cgroup.c: a cgroup lets go of its container (takes NULL); a cgroup of it was removed: one
 * that comes is that of another start. */
void tc_container_entry_free(struct tc_container_entry *entry);
void tc_container_entry_end(struct tc_container_entry *entry);

#endif
