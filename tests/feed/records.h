/* SPDX-License-Identifier: Apache-2.0 */
/* Records as the probes would send them: programs are run in some cgroups. */
#ifndef TOCSIN_FEED_RECORDS_H
#define TOCSIN_FEED_RECORDS_H

#include <stdbool.h>

#include "agent/enrich/world.h"
#include "record.h"

struct records {
	uint64_t number; /* of the next exec; its argument --number=N */
	unsigned cgroups;
	bool hostile; /* names of all that a format may stumble over */
	_Alignas(8) unsigned char bytes[TC_RECORD_MAX];
};

/* A cgroup comes into being; index from 0. Every fourth one is a container. */
const struct tc_record *records_cgroup(struct records *records, unsigned index);

/*
 * The next program is run. Its name is feed-critical for every hundredth number, feed-warning for
 * every other tenth, else feed-notice; its arguments are the name, --number=N and, of hostile ones,
 * a third; its cgroup is N modulo cgroups. Processes are few, so that tables do not grow.
 */
const struct tc_record *records_exec(struct records *records);

#endif
