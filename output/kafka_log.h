/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What librdkafka says, in the agent's log: its threads repeat themselves while a broker is away,
 * so lines are let through a few at once and then one at a time. For output/kafka.c.
 */
#ifndef TOCSIN_OUTPUT_KAFKA_LOG_H
#define TOCSIN_OUTPUT_KAFKA_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define TC_KAFKA_LOG_BURST 4
#define TC_KAFKA_LOG_INTERVAL_NS (15 * 1000000000ULL)

/* Any thread may use it. */
struct tc_kafka_log {
	pthread_mutex_t lock;
	const char *name; /* of the output */
	unsigned lines;	  /* that may still go through */
	uint64_t refilled_ns;
	uint64_t left_out;    /* lines since the last one that went through */
	bool trouble;	      /* an error was said since tc_kafka_log_recover() */
	char last_error[256]; /* its text */
};

void tc_kafka_log_init(struct tc_kafka_log *log, const char *name);
void tc_kafka_log_done(struct tc_kafka_log *log);

/* One line of librdkafka; level is syslog(3)'s, facility its word for the kind of line. */
void tc_kafka_log_line(struct tc_kafka_log *log, int level, const char *facility, const char *text);
/* True when there was trouble, which is over. */
bool tc_kafka_log_recover(struct tc_kafka_log *log);
/* Copies the text of the last error; "" when there was none. */
void tc_kafka_log_last_error(struct tc_kafka_log *log, char *ret_text, unsigned size);

#endif
