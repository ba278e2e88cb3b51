/* SPDX-License-Identifier: Apache-2.0 */
/* Which container a cgroup belongs to, told by the names that container runtimes give their
 * cgroups. */
#ifndef TOCSIN_AGENT_ENRICH_CONTAINER_H
#define TOCSIN_AGENT_ENRICH_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>

/* Digits of an id that is a number (hexadecimal), and how many of them container.id shows. */
#define TC_CONTAINER_HEX 64
#define TC_CONTAINER_SHORT 12

struct tc_container {
	const char *runtime; /* static; NULL when the name tells no runtime */
	uint32_t id_offset;  /* of the id in the path */
	uint32_t id_length; /* in bytes: TC_CONTAINER_HEX digits, or the name of a container that is
			       called by a name */
};

/*
 * Finds the container of a cgroup path (from the root of the hierarchy). Of nested containers the
 * innermost wins: a container run by docker in docker is the inner one. Monitors beside a container
 * (conmon, lxc.monitor, the supervisor of systemd-nspawn) and virtual machines are not in it. False
 * when the path is not in a container.
 */
bool tc_container_find(const char *path, uint32_t length, struct tc_container *ret_container);

#endif
