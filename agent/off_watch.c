/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/off_watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define LOOK_NS 100000000L

struct tc_off_watch {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t stopping;
	bool stops;
	const struct tc_enforce *enforce;
	const volatile sig_atomic_t *agent_stops;
	volatile struct tc_controls *controls;
};

/* True when it was told to stop meanwhile. */
static bool rest(struct tc_off_watch *watch)
{
	struct timespec until;
	bool stops;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&watch->mutex);
	while (!watch->stops && r != ETIMEDOUT)
		r = pthread_cond_timedwait(&watch->stopping, &watch->mutex, &until);
	stops = watch->stops;
	pthread_mutex_unlock(&watch->mutex);
	return stops;
}

static void *look(void *context)
{
	struct tc_off_watch *watch = context;

	do {
		if (*watch->agent_stops || tc_enforce_is_off(watch->enforce))
			watch->controls->enforce = 0;
	} while (!rest(watch));
	return NULL;
}

/* Signals are for the thread that waits for them. */
static int start_thread(struct tc_off_watch *watch)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&watch->thread, NULL, look, watch);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

int tc_off_watch_start(const struct tc_enforce *enforce, const volatile sig_atomic_t *stops,
		       volatile struct tc_controls *controls, struct tc_off_watch **ret_watch)
{
	struct tc_off_watch *watch = calloc(1, sizeof(*watch));
	pthread_condattr_t attributes;
	int r;

	if (!watch)
		return -ENOMEM;
	watch->enforce = enforce;
	watch->agent_stops = stops;
	watch->controls = controls;
	pthread_mutex_init(&watch->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch->stopping, &attributes);
	pthread_condattr_destroy(&attributes);
	r = start_thread(watch);
	if (r < 0) {
		free(watch);
		return r;
	}
	*ret_watch = watch;
	return 0;
}

void tc_off_watch_stop(struct tc_off_watch *watch)
{
	if (!watch)
		return;
	pthread_mutex_lock(&watch->mutex);
	watch->stops = true;
	pthread_cond_signal(&watch->stopping);
	pthread_mutex_unlock(&watch->mutex);
	pthread_join(watch->thread, NULL);
	pthread_cond_destroy(&watch->stopping);
	pthread_mutex_destroy(&watch->mutex);
	free(watch);
}
