/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the world asks of the host that it is about: one interface, so that a recording can answer
 * in the host's place (recording/past.h), and note down what the host answers (recording/tap.h).
 *
 * Nothing else behind the rings looks at the host.
 */
#ifndef TOCSIN_AGENT_ENRICH_HOST_H
#define TOCSIN_AGENT_ENRICH_HOST_H

#include "agent/enrich/cgroupfs.h"
#include "agent/enrich/clock.h"
#include "agent/enrich/process.h"
#include "agent/enrich/services.h"
#include "agent/enrich/user.h"

#define TC_HOSTNAME_MAX 64

struct tc_container_facts;
struct tc_container_question;
struct tc_host;

/* What is asked once, before anything else. */
struct tc_host_about {
	uint64_t now_ns; /* since boot */
	struct tc_clock clock;
	char boot_id[TC_BOOT_ID_LENGTH + 1]; /* "" when unknown */
	char hostname[TC_HOSTNAME_MAX + 1];
};

/* Told of each process; the facts are valid during the call. 0, or a negative errno to stop. */
typedef int (*tc_process_visitor)(void *data, const struct tc_process_facts *facts);

/* Where an answer is not known at all, it is -EAGAIN, but for containers: the world may ask again
 * later. */
struct tc_host_ops {
	/* 0 or a negative errno. */
	int (*about)(struct tc_host *host, struct tc_host_about *ret_about);
	/* Measures the clocks again; leaves *clock where nothing is known of it. */
	void (*clock)(struct tc_host *host, struct tc_clock *clock);
	/* Brings the names up to date. 0 or -ENOMEM. */
	int (*users)(struct tc_host *host, struct tc_users *users);
	/* The names of ports; NULL when there are none. The caller owns them. */
	struct tc_services *(*services)(struct tc_host *host);
	/* All cgroups, parents first; see tc_cgroupfs_walk(). */
	int (*each_cgroup)(struct tc_host *host, tc_cgroup_visitor visit, void *data);
	/* See tc_cgroupfs_path(). */
	int (*cgroup_path)(struct tc_host *host, uint64_t id, char path[TC_CGROUP_PATH_MAX],
			   size_t *ret_length);
	/* All processes. 0, what the visitor returned, or a negative errno. */
	int (*each_process)(struct tc_host *host, tc_process_visitor visit, void *data);
	/* One of them, valid until the next question; see tc_scan_process(). */
	int (*process)(struct tc_host *host, uint32_t tgid,
		       const struct tc_process_facts **ret_facts);
	/* See tc_scan_start(). */
	int (*process_start)(struct tc_host *host, uint32_t tgid, uint64_t *ret_start_ns);
	/* See tc_container_read_any(); -ENOENT when nothing is known. The question's root and,
	 * without a home, owner are the host's to fill in. */
	int (*container)(struct tc_host *host, const struct tc_container_question *question,
			 const char *runtime, struct tc_container_facts *facts);
	void (*free)(struct tc_host *host);
};

/* The first member of each kind of host. */
struct tc_host {
	const struct tc_host_ops *ops;
};

/* This host. root comes before the paths of its files ("" but in tests), owner is who owns those
 * of container runtimes (0, root). NULL when memory is out. */
struct tc_host *tc_host_new(const char *root, uint32_t owner);
/* Takes NULL. */
void tc_host_free(struct tc_host *host);

#endif
