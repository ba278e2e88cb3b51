/* SPDX-License-Identifier: Apache-2.0 */
/* The pages that `metrics.listen` asks for. */
#ifndef TOCSIN_AGENT_CMD_RUN_METRICS_H
#define TOCSIN_AGENT_CMD_RUN_METRICS_H

#include "agent/http.h"
#include "agent/metrics.h"

struct tc_run_metrics {
	struct tc_metrics metrics;
	const char *address;  /* NULL: nobody asked for them */
	struct tc_http *http; /* NULL: not yet */
	uint64_t next_try_ns; /* since boot */
};

/* address is that of tc_http_open(), NULL: none; it and what metrics points to must outlive it. Who
 * holds the address does not keep the agent from its work: it is tried again every ten seconds. */
void tc_run_metrics_open(struct tc_run_metrics *run, const char *address);
/* To be called behind each attempt to commit, which returned error. */
void tc_run_metrics_serve(struct tc_run_metrics *run, int error, uint64_t reloads);
void tc_run_metrics_close(struct tc_run_metrics *run);

#endif
