/* SPDX-License-Identifier: Apache-2.0 */
/* The pages that `metrics.listen` asks for. */
#ifndef TOCSIN_AGENT_CMD_RUN_METRICS_H
#define TOCSIN_AGENT_CMD_RUN_METRICS_H

#include "agent/http.h"
#include "agent/metrics.h"

struct tc_run_metrics {
	struct tc_metrics metrics;
	struct tc_http *http; /* NULL: nobody asked for them */
};

/* address is that of tc_http_open(), NULL: none. What metrics points to must outlive it. 0 or a
 * negative errno, logged. */
int tc_run_metrics_open(struct tc_run_metrics *run, const char *address);
/* To be called behind each attempt to commit, which returned error. */
void tc_run_metrics_serve(struct tc_run_metrics *run, int error, uint64_t reloads);
void tc_run_metrics_close(struct tc_run_metrics *run);

#endif
