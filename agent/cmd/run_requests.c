/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/run_requests.h"

#include <pthread.h>
#include <stddef.h>

#include "agent/standing.h"

static volatile sig_atomic_t noted[TC_REQUEST_MAX];

static const struct {
	int signal;
	enum tc_request request;
	bool waits; /* while the agent starts */
} rows[] = {
	{SIGINT, TC_REQUEST_STOP, false},	   {SIGTERM, TC_REQUEST_STOP, false},
	{SIGHUP, TC_REQUEST_RELOAD, true},	   {TC_SIGNAL_CONFIRM, TC_REQUEST_CONFIRM, true},
	{TC_SIGNAL_REARM, TC_REQUEST_REARM, true},
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void note(int signal)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].signal == signal)
			noted[rows[i].request] = 1;
}

void tc_requests_hold(void)
{
	struct sigaction action = {.sa_handler = note};
	sigset_t waiting;

	sigemptyset(&waiting);
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].waits)
			sigaddset(&waiting, rows[i].signal);
	pthread_sigmask(SIG_BLOCK, &waiting, NULL);
	for (size_t i = 0; i < N_ROWS; i++)
		sigaction(rows[i].signal, &action, NULL);
}

void tc_requests_take(void)
{
	sigset_t waiting;

	sigemptyset(&waiting);
	for (size_t i = 0; i < N_ROWS; i++)
		sigaddset(&waiting, rows[i].signal);
	pthread_sigmask(SIG_UNBLOCK, &waiting, NULL);
}

bool tc_requested(enum tc_request request)
{
	return noted[request];
}

bool tc_request_next(enum tc_request request)
{
	/* One that comes between a look and an answer is not to be lost. */
	if (!noted[request])
		return false;
	noted[request] = 0;
	return true;
}

const volatile sig_atomic_t *tc_request_stop(void)
{
	return &noted[TC_REQUEST_STOP];
}
