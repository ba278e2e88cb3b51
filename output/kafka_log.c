/* SPDX-License-Identifier: Apache-2.0 */
#include "output/kafka_log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/log.h"

void tc_kafka_log_init(struct tc_kafka_log *log, const char *name)
{
	*log = (struct tc_kafka_log){.name = name, .lines = TC_KAFKA_LOG_BURST};
	pthread_mutex_init(&log->lock, NULL);
}

void tc_kafka_log_done(struct tc_kafka_log *log)
{
	pthread_mutex_destroy(&log->lock);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static enum tc_log_level level_of(int level)
{
	if (level <= TC_LOG_ERROR)
		return TC_LOG_ERROR;
	/* Its notices are advice on the configuration. */
	if (level <= 5)
		return TC_LOG_WARNING;
	return level == 6 ? TC_LOG_INFO : TC_LOG_DEBUG;
}

/* True when a line may go through now; with the lock held. */
static bool is_due(struct tc_kafka_log *log)
{
	uint64_t now = now_ns(), due = (now - log->refilled_ns) / TC_KAFKA_LOG_INTERVAL_NS;

	if (due) {
		log->refilled_ns = now;
		log->lines = due < TC_KAFKA_LOG_BURST - log->lines ? log->lines + (unsigned)due
								   : TC_KAFKA_LOG_BURST;
	}
	if (!log->lines)
		return false;
	log->lines--;
	return true;
}

/* "[thrd:sasl_plaintext://kafka:9092/bootstrap]: " is of no use to those who read this. */
static const char *without_thread(const char *text)
{
	const char *end = strncmp(text, "[thrd:", 6) == 0 ? strstr(text, "]: ") : NULL;

	return end ? end + 3 : text;
}

void tc_kafka_log_line(struct tc_kafka_log *log, int level, const char *facility, const char *text)
{
	uint64_t left_out;
	bool due;

	text = without_thread(text);
	if (level_of(level) == TC_LOG_DEBUG) {
		/* Somebody asked for these, by rdkafka.debug. */
		tc_debug("output %s: %s: %s", log->name, facility, text);
		return;
	}
	pthread_mutex_lock(&log->lock);
	if (level_of(level) == TC_LOG_ERROR) {
		log->trouble = true;
		snprintf(log->last_error, sizeof(log->last_error), "%s", text);
	}
	due = is_due(log);
	left_out = log->left_out;
	log->left_out = due ? 0 : left_out + 1;
	pthread_mutex_unlock(&log->lock);
	if (due && left_out)
		tc_log(level_of(level), "output %s: %s (%llu more lines were left out)", log->name,
		       text, (unsigned long long)left_out);
	else if (due)
		tc_log(level_of(level), "output %s: %s", log->name, text);
}

bool tc_kafka_log_recover(struct tc_kafka_log *log)
{
	bool trouble;

	pthread_mutex_lock(&log->lock);
	trouble = log->trouble;
	log->trouble = false;
	log->last_error[0] = '\0';
	pthread_mutex_unlock(&log->lock);
	return trouble;
}

void tc_kafka_log_last_error(struct tc_kafka_log *log, char *ret_text, unsigned size)
{
	pthread_mutex_lock(&log->lock);
	snprintf(ret_text, size, "%s", log->last_error);
	pthread_mutex_unlock(&log->lock);
}
