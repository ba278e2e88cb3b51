/* SPDX-License-Identifier: Apache-2.0 */
#include "output/couriers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "output/courier.h"

#define NS_PER_S 1000000000ULL

struct station {
	struct tc_courier *courier;
	struct tc_couriers *couriers;
	pthread_t thread;
	bool running;
	struct tc_courier *terms; /* not passed on yet; under the mutex */
};

struct tc_couriers {
	struct station *stations;
	size_t count;
	struct tc_cursors *cursors;
	pthread_mutex_t mutex; /* of what follows; nobody keeps it while working */
	pthread_cond_t changed;
	uint64_t commits, reopens; /* how often */
	bool stop;
	uint64_t stop_by_ns;
};

int tc_couriers_new(struct tc_couriers **ret_couriers)
{
	struct tc_couriers *couriers = calloc(1, sizeof(*couriers));
	pthread_condattr_t attributes;

	if (!couriers)
		return -ENOMEM;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&couriers->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&couriers->mutex, NULL);
	*ret_couriers = couriers;
	return 0;
}

static bool name_is_taken(const struct tc_couriers *couriers, const char *name)
{
	for (size_t i = 0; i < couriers->count; i++)
		if (strcmp(tc_courier_name(couriers->stations[i].courier), name) == 0)
			return true;
	return false;
}

int tc_couriers_add_output(struct tc_couriers *couriers, const struct tc_output *output,
			   const char *spec)
{
	struct station *stations =
		realloc(couriers->stations, (couriers->count + 1) * sizeof(*stations));
	struct tc_courier *courier;
	int error;

	if (!stations)
		return -ENOMEM;
	couriers->stations = stations;
	error = tc_courier_new(output, spec, &courier);
	if (error)
		return error;
	if (name_is_taken(couriers, tc_courier_name(courier))) {
		tc_error("output %s: there are two of the name %s; give one of them another with "
			 "name=",
			 output->name, tc_courier_name(courier));
		tc_courier_free(courier);
		return -EINVAL;
	}
	couriers->stations[couriers->count++] =
		(struct station){.courier = courier, .couriers = couriers};
	return 0;
}

int tc_couriers_add(struct tc_couriers *couriers, const char *spec)
{
	const struct tc_output *output = tc_output_find(spec);

	return output ? tc_couriers_add_output(couriers, output, spec) : -EINVAL;
}

/* --- threads --- */

/* What a thread has seen of the counters. */
struct seen {
	uint64_t commits, reopens;
	bool stop;
};

static bool is_news(const struct station *station, const struct seen *seen)
{
	const struct tc_couriers *couriers = station->couriers;

	return station->terms || couriers->commits != seen->commits ||
	       couriers->reopens != seen->reopens || couriers->stop != seen->stop;
}

/* Waits for something to do until due_ns. */
static struct tc_courier_orders wait_for_orders(struct station *station, struct seen *seen,
						uint64_t due_ns)
{
	struct tc_couriers *couriers = station->couriers;
	const struct timespec due = {.tv_sec = (time_t)(due_ns / NS_PER_S),
				     .tv_nsec = (long)(due_ns % NS_PER_S)};
	struct tc_courier_orders orders;
	int error = 0;

	pthread_mutex_lock(&couriers->mutex);
	while (!error && !is_news(station, seen))
		error = due_ns == TC_COURIER_IDLE
				? pthread_cond_wait(&couriers->changed, &couriers->mutex)
				: pthread_cond_timedwait(&couriers->changed, &couriers->mutex,
							 &due);
	orders = (struct tc_courier_orders){
		.news = couriers->commits != seen->commits,
		.reopen = couriers->reopens != seen->reopens,
		.stop = couriers->stop,
		.stop_by_ns = couriers->stop_by_ns,
		.terms = station->terms,
	};
	station->terms = NULL;
	*seen = (struct seen){couriers->commits, couriers->reopens, couriers->stop};
	pthread_mutex_unlock(&couriers->mutex);
	return orders;
}

static void *station_run(void *context)
{
	struct station *station = context;
	struct seen seen = {0};
	uint64_t due_ns = 0;

	while (!tc_courier_is_done(station->courier)) {
		struct tc_courier_orders orders = wait_for_orders(station, &seen, due_ns);

		due_ns = tc_courier_step(station->courier, &orders);
	}
	tc_courier_end(station->courier);
	return NULL;
}

/* Signals are the main thread's: the others wait for nobody who could be interrupted. */
static int station_start(struct station *station)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&station->thread, NULL, station_run, station);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return tc_error_return(-error, "output %s: cannot start its thread",
				       tc_courier_name(station->courier));
	station->running = true;
	return 0;
}

int tc_couriers_start(struct tc_couriers *couriers, const char *journal_path, uint64_t last_seq)
{
	struct tc_courier_place place = {.journal_path = journal_path, .last_seq = last_seq};
	int error = tc_cursors_open(journal_path, &couriers->cursors, &place.cursors_lost);

	if (!error)
		error = tc_cursors_retire(couriers->cursors);
	place.cursors = couriers->cursors;
	for (size_t i = 0; i < couriers->count && !error; i++)
		error = tc_courier_start(couriers->stations[i].courier, &place);
	for (size_t i = 0; i < couriers->count && !error; i++)
		error = station_start(&couriers->stations[i]);
	return error;
}

void tc_couriers_wake(struct tc_couriers *couriers)
{
	pthread_mutex_lock(&couriers->mutex);
	couriers->commits++;
	pthread_cond_broadcast(&couriers->changed);
	pthread_mutex_unlock(&couriers->mutex);
}

void tc_couriers_reopen(struct tc_couriers *couriers)
{
	pthread_mutex_lock(&couriers->mutex);
	couriers->reopens++;
	pthread_cond_broadcast(&couriers->changed);
	pthread_mutex_unlock(&couriers->mutex);
}

static struct station *station_find(struct tc_couriers *couriers, const char *name)
{
	for (size_t i = 0; i < couriers->count; i++)
		if (strcmp(tc_courier_name(couriers->stations[i].courier), name) == 0)
			return &couriers->stations[i];
	return NULL;
}

int tc_couriers_change(struct tc_couriers *couriers, const char *name, const char *spec)
{
	struct station *station = station_find(couriers, name);
	struct tc_courier *terms, *former;
	int error = station ? tc_courier_terms_read(station->courier, spec, &terms) : -ENOENT;

	if (error)
		return error;
	pthread_mutex_lock(&couriers->mutex);
	former = station->terms;
	station->terms = terms;
	pthread_cond_broadcast(&couriers->changed);
	pthread_mutex_unlock(&couriers->mutex);
	tc_courier_free(former);
	return 0;
}

uint64_t tc_couriers_floor(const struct tc_couriers *couriers)
{
	uint64_t floor = UINT64_MAX;

	for (size_t i = 0; i < couriers->count; i++) {
		uint64_t seq = tc_courier_cursor(couriers->stations[i].courier);

		if (seq < floor)
			floor = seq;
	}
	return floor;
}

bool tc_couriers_saw_damage(struct tc_couriers *couriers)
{
	bool damage = false;

	for (size_t i = 0; i < couriers->count; i++)
		damage |= tc_courier_saw_damage(couriers->stations[i].courier);
	return damage;
}

void tc_couriers_stop(struct tc_couriers *couriers)
{
	if (!couriers)
		return;
	pthread_mutex_lock(&couriers->mutex);
	couriers->stop = true;
	couriers->stop_by_ns = tc_clock_monotonic_ns() + TC_COURIERS_STOP_MS * 1000000ULL;
	pthread_cond_broadcast(&couriers->changed);
	pthread_mutex_unlock(&couriers->mutex);
	for (size_t i = 0; i < couriers->count; i++) {
		if (couriers->stations[i].running)
			pthread_join(couriers->stations[i].thread, NULL);
		couriers->stations[i].running = false;
	}
}

void tc_couriers_free(struct tc_couriers *couriers)
{
	if (!couriers)
		return;
	tc_couriers_stop(couriers);
	for (size_t i = 0; i < couriers->count; i++) {
		tc_courier_free(couriers->stations[i].courier);
		tc_courier_free(couriers->stations[i].terms);
	}
	tc_cursors_close(couriers->cursors);
	pthread_cond_destroy(&couriers->changed);
	pthread_mutex_destroy(&couriers->mutex);
	free(couriers->stations);
	free(couriers);
}
