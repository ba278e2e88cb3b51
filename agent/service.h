/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent tells the service manager that started it: the protocol of sd_notify(3). Nothing
 * is told, and nothing is wrong, where there is none.
 */
#ifndef TOCSIN_AGENT_SERVICE_H
#define TOCSIN_AGENT_SERVICE_H

#include <stdint.h>

/* Zero-initialised is one without a service manager. */
struct tc_service {
	uint64_t ping_ns; /* between two signs of life; 0: none are expected */
	uint64_t pinged_ns;
	uint64_t progress_ns; /* when it was last told; 0: never */
};

/* Looks at the environment for the watchdog, see sd_watchdog_enabled(3). */
void tc_service_init(struct tc_service *service);

/* The agent watches, also: again after a reload. The words are what `systemctl status` shows. */
void tc_service_ready(const char *format, ...) __attribute__((format(printf, 1, 2)));
void tc_service_reloading(void);
void tc_service_stopping(void);
/* A sign of life, sent when one is due: to be called at least ten times a second. */
void tc_service_alive(struct tc_service *service);

/*
 * TimeoutStartSec= and TimeoutStopSec= are for an agent that hangs. One that is slow, on a host
 * that is, is not to be killed and begun anew for ever: it says that it gets on.
 */
/* What begins now may take five minutes without a word. */
void tc_service_step(const char *what);
/* Something long got on, whose next part may take half a minute. A callback that takes a
 * struct tc_service; may be called often. */
void tc_service_progress(void *context);

#endif
