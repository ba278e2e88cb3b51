/* SPDX-License-Identifier: Apache-2.0 */
/* What others ask of the agent, by signals. */
#ifndef TOCSIN_AGENT_CMD_RUN_REQUESTS_H
#define TOCSIN_AGENT_CMD_RUN_REQUESTS_H

#include <signal.h>
#include <stdbool.h>

enum tc_request {
	TC_REQUEST_STOP, /* SIGTERM, SIGINT */
	TC_REQUEST_RELOAD,
	TC_REQUEST_CONFIRM,
	TC_REQUEST_REARM,
	TC_REQUEST_MAX,
};

/* From the beginning on: a stop is noted, since an agent that is ended while it starts would leave
 * what another one pinned; all else waits, and never comes to threads that begin before
 * tc_requests_take(). */
void tc_requests_hold(void);
/* What waited is noted as well, and what comes. */
void tc_requests_take(void);

bool tc_requested(enum tc_request request);
/* Whether it was asked for since this was asked last. */
bool tc_request_next(enum tc_request request);
/* Not 0 when a stop was asked for: to be looked at in any thread. */
const volatile sig_atomic_t *tc_request_stop(void);

#endif
