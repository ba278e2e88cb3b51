/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/run_metrics.h"

#include "agent/enrich/clock.h"

static unsigned write_metrics(void *context, struct tc_buffer *text)
{
	const struct tc_run_metrics *run = context;

	tc_metrics_print(&run->metrics, text);
	return 200;
}

static unsigned write_health(void *context, struct tc_buffer *text)
{
	const struct tc_run_metrics *run = context;

	return tc_metrics_healthy(&run->metrics, tc_clock_boot_ns(), text) ? 200 : 503;
}

static const struct tc_http_page pages[] = {
	{"/metrics", TC_METRICS_TYPE, write_metrics},
	{"/healthz", "text/plain; charset=utf-8", write_health},
	{0},
};

#define PATIENCE_NS 10000000000ULL

static void try_to_open(struct tc_run_metrics *run)
{
	const uint64_t now_ns = tc_clock_boot_ns();

	if (run->http || !run->address || now_ns < run->next_try_ns)
		return;
	run->next_try_ns = now_ns + PATIENCE_NS;
	tc_http_open(run->address, pages, run, &run->http);
}

void tc_run_metrics_open(struct tc_run_metrics *run, const char *address)
{
	run->address = address;
	try_to_open(run);
}

void tc_run_metrics_serve(struct tc_run_metrics *run, int error, uint64_t reloads)
{
	if (!error)
		run->metrics.uncommitted_ns = 0;
	else if (!run->metrics.uncommitted_ns)
		run->metrics.uncommitted_ns = tc_clock_boot_ns();
	run->metrics.reloads = reloads;
	try_to_open(run);
	tc_http_serve(run->http);
}

void tc_run_metrics_close(struct tc_run_metrics *run)
{
	tc_http_close(run->http);
	run->http = NULL;
	run->address = NULL;
}
