/* SPDX-License-Identifier: Apache-2.0 */
/* Processes as /proc tells of them, put into the form in which a probe tells of them. */
#ifndef TOCSIN_AGENT_ENRICH_SCAN_H
#define TOCSIN_AGENT_ENRICH_SCAN_H

#include <stdint.h>

#include "agent/enrich/cgroupfs.h"
#include "agent/enrich/process.h"
#include "record.h"

/* What /proc says of one process. Large: 25 KiB. facts.exec points into record. */
struct tc_scan {
	struct tc_process_facts facts;
	union {
		struct tc_exec exec;
		char record[TC_RECORD_MAX];
	};
};

/* Length of a clock tick of /proc, in nanoseconds. */
uint64_t tc_scan_tick_ns(void);

/* When a process started: since boot, rounded down to ticks. 0, -ENOENT or -ESRCH when there is no
 * such process, or another negative errno. */
int tc_scan_start(uint32_t tgid, uint64_t *ret_start_ns);

/*
 * Reads /proc/TGID. Parts that cannot be read (a kernel thread has no executable; another user's
 * process without the capability to look) are told as absent. 0, -ENOENT or -ESRCH when there is no
 * such process, or another negative errno. fs may be NULL: the cgroup's id is unknown then.
 */
int tc_scan_process(struct tc_scan *scan, uint32_t tgid, struct tc_cgroupfs *fs);

/* Visits all processes. Those that go while it reads are left out. 0, what the visitor returned, or
 * another negative errno. */
int tc_scan_each(struct tc_cgroupfs *fs, int (*visit)(void *, const struct tc_process_facts *),
		 void *data);

#endif
