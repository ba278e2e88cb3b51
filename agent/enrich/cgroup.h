/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups of the v2 hierarchy: id, path, and what the path says: systemd unit and slice,
 * container.
 *
 * Filled by a walk of the cgroup file system, kept by cgroup_mkdir, cgroup_rmdir and cgroup_rename.
 * A removed cgroup can still be found for a while (the last TC_CGROUP_GRACE), for events that come
 * late.
 */
#ifndef TOCSIN_AGENT_ENRICH_CGROUP_H
#define TOCSIN_AGENT_ENRICH_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

/* Removed cgroups that can still be found. */
#define TC_CGROUP_GRACE 512

/* tc_cgroup.flags */
#define TC_CGROUP_REMOVED (1U << 0)
#define TC_CGROUP_CUT (1U << 1)	     /* only the first part of the path is known */
#define TC_CGROUP_NAMELESS (1U << 2) /* path not found; kept so that nobody looks again */

/* A part of a cgroup's path. length 0: there is none. */
struct tc_cgroup_part {
	uint32_t offset, length;
};

struct tc_container_entry;

/* Written by cgroup.c alone, but for entry and known. */
struct tc_cgroup {
	uint64_t id;
	char *path; /* from the root of the hierarchy, NUL-terminated */
	uint32_t path_length;
	uint32_t flags;			  /* TC_CGROUP_* */
	struct tc_cgroup_part unit;	  /* innermost component named like a systemd unit */
	struct tc_cgroup_part slice;	  /* innermost component named like a slice */
	struct tc_cgroup_part container;  /* container id */
	const char *runtime;		  /* static; NULL: none, or not told */
	struct tc_container_entry *entry; /* see containers.h; NULL until it is looked up */
	unsigned known;			  /* as many of its news this cgroup has seen */

	struct tc_cgroup *prev, *next;
	UT_hash_handle hh;
};

struct tc_cgroup_counts {
	uint64_t live;
	uint64_t removed; /* removed ones that can still be found */
	uint64_t evicted; /* thrown out because there were too many */
};

struct tc_cgroups;
struct tc_host;

/* Somebody who wants to know what becomes of cgroups. */
struct tc_cgroup_watcher {
	/* The cgroup is new, or has another path, or more is known of its container. */
	void (*changed)(void *context, struct tc_cgroup *cgroup);
	/* It is gone, or forgotten. */
	void (*gone)(void *context, uint64_t id);
	void *context;
};

/* An empty table, or NULL when memory is out. */
struct tc_cgroups *tc_cgroups_new(void);
void tc_cgroups_free(struct tc_cgroups *cgroups);
const struct tc_cgroup_counts *tc_cgroups_counts(const struct tc_cgroups *cgroups);

/* Adds all cgroups of the host, which must outlive the table: unknown ones are looked up there from
 * now on. 0 or a negative errno. */
int tc_cgroups_scan(struct tc_cgroups *cgroups, struct tc_host *host);

/* Tells the watcher (NULL: nobody) from now on; it must outlive the table. Calls may come whenever
 * the table is given to a function that changes it. */
void tc_cgroups_watch(struct tc_cgroups *cgroups, const struct tc_cgroup_watcher *watcher);
/* More is known of the cgroup's container. */
void tc_cgroups_learned(struct tc_cgroups *cgroups, struct tc_cgroup *cgroup);
/* Visits all that live and have a path, in the order of their coming. */
void tc_cgroups_each(struct tc_cgroups *cgroups,
		     void (*visit)(void *context, struct tc_cgroup *cgroup), void *context);

/* The cgroup with that id, NULL when its path is not known. */
struct tc_cgroup *tc_cgroups_find(const struct tc_cgroups *cgroups, uint64_t id);
/* The same; after a scan an id that is seen for the first time is looked up on the host, once. */
struct tc_cgroup *tc_cgroups_see(struct tc_cgroups *cgroups, uint64_t id);
/*
 * The cgroup has this path now; new ones are added, and when it had another path, those below it
 * move along. cut: only the first part of the path is known. 0 or -ENOMEM.
 */
int tc_cgroups_set(struct tc_cgroups *cgroups, uint64_t id, const char *path, size_t length,
		   bool cut);
/* The cgroup was removed. Unknown ids are ignored. */
void tc_cgroups_remove(struct tc_cgroups *cgroups, uint64_t id);
/* Keeps the bounds. May free cgroups: to be called when no event refers to one. */
void tc_cgroups_trim(struct tc_cgroups *cgroups);

/* The innermost part of a path that is named like a systemd unit; length 0: there is none. */
struct tc_cgroup_part tc_cgroup_path_unit(const char *path, size_t length);

/* True when path is ancestor or below it. Both without a slash at the end, except for "/". */
bool tc_cgroup_path_within(const char *path, size_t length, const char *ancestor,
			   size_t ancestor_length);

#endif
