/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output to Apache Kafka, by librdkafka.
 *
 * Messages that were given to librdkafka stand in a window, in order. Delivery reports come in any
 * order between partitions; the position is the last message before which none is missing. While
 * one handle lives its idempotent producer keeps the order and sends nothing twice. Whatever it
 * gives up for good ends it: reset() replaces it, and the courier gives everything from the
 * position on again. So within a key the first appearances are always in order.
 *
 * librdkafka never makes the caller wait but when a handle is freed; a thread does that.
 */
#include "output/output.h"

#include <librdkafka/rdkafka.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/options.h"
#include "output/format/json_writer.h"
#include "agent/timestamp.h"
#include "output/kafka_conf.h"
#include "output/kafka_log.h"
#include "output/output.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Messages on the way; a power of two. Their bytes are bounded by librdkafka's queue. */
#define WINDOW 4096
#define DEFAULT_TOPIC "tocsin"
#define DEFAULT_TIMEOUT_NS (60 * 1000000000ULL)
/* Of the text in what stands for a message that is too large. */
#define STAND_IN_TEXT_BYTES 1024

enum topic { TOPIC_ALERT, TOPIC_LOSS, TOPIC_AGENT, TOPIC_MAX };

/* A message on the way. */
struct sent {
	uint64_t seq;
	bool delivered;
};

/* A handle that a thread frees. */
struct burial {
	pthread_t thread;
	rd_kafka_t *client; /* NULL: there is none */
};

struct kafka {
	char *name;
	struct tc_kafka_log log;
	rd_kafka_conf_t *conf; /* for each new handle */
	rd_kafka_t *client;    /* NULL: the next write() makes one */
	struct burial burial;
	char *topics[TOPIC_MAX];
	const struct key *key;
	char host[HOST_NAME_MAX + 1];
	const char *content_type;
	uint64_t timeout_ns;

	struct sent window[WINDOW];
	/* Numbers of the messages on the way; they stand at them modulo WINDOW. */
	uint64_t first, end;
	uint64_t delivered_seq;	  /* since the last reset; 0: none */
	uint64_t progress_ns;	  /* when a message was delivered last, or the window was empty */
	int error;		  /* this handle is no longer used; 0: it is */
	char why[768];		  /* in words, of the last one that was not used any more */
	char said[256];		  /* for explain() */
	rd_kafka_resp_err_t told; /* of the failures in a row, the one logged last */

	/*
	 * A broker or a topic may take less than message.max.bytes, and refuses a whole batch for
	 * one message. Up to alone_seq messages are sent one at a time, which finds the one it is:
	 * oversize_seq.
	 */
	uint64_t alone_seq, oversize_seq;
};

/* What messages of one partition have in common. */
struct key {
	const char *name;
	const char *(*get)(const struct kafka *kafka, const struct tc_journal_row *row);
};

static const char *key_host(const struct kafka *kafka, const struct tc_journal_row *row)
{
	return kafka->host;
}

static const char *key_cgroup(const struct kafka *kafka, const struct tc_journal_row *row)
{
	return row->cgroup_path;
}

static const char *key_rule(const struct kafka *kafka, const struct tc_journal_row *row)
{
	return row->rule ? row->rule : row->kind;
}

static const char *key_none(const struct kafka *kafka, const struct tc_journal_row *row)
{
	return NULL;
}

static const struct key keys[] = {
	{"host", key_host},
	{"cgroup", key_cgroup},
	{"rule", key_rule},
	{"none", key_none},
};

static const struct tc_output_key kafka_keys[] = {
	{"brokers", NULL, "HOST:PORT of one or more brokers, joined by |"},
	{"topic", NULL, "where alerts go (" DEFAULT_TOPIC ")"},
	{"topic.loss", NULL, "where losses go (that of alerts)"},
	{"topic.agent", NULL, "where the agent's other notices go (that of alerts)"},
	{"key", "host cgroup rule none",
	 "what chooses the partition; order is kept among messages of one key (rule: of a notice "
	 "its kind)"},
	{"timeout", NULL,
	 "after so long without an acknowledgement the connections are made anew (60s)"},
	{"properties", NULL,
	 "file of librdkafka's properties, NAME=VALUE in a line, # for comments; the place for "
	 "passwords"},
	{TC_KAFKA_PROPERTY_PREFIX "*", NULL,
	 "any property of librdkafka: rdkafka.compression.type=lz4"},
	{0},
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t on_the_way(const struct kafka *kafka)
{
	return kafka->end - kafka->first;
}

/* librdkafka's errors that have an errno of their own. */
static int errno_of(rd_kafka_resp_err_t error)
{
	static const struct {
		rd_kafka_resp_err_t error;
		int number;
	} numbers[] = {
		{RD_KAFKA_RESP_ERR__IN_PROGRESS, EBUSY},
		{RD_KAFKA_RESP_ERR__INVALID_ARG, EINVAL},
		{RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, ENOENT},
		{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, ENOENT},
		{RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EACCES},
		{RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, EACCES},
		{RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, ETIMEDOUT},
		{RD_KAFKA_RESP_ERR__TIMED_OUT, ETIMEDOUT},
		{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, EMSGSIZE},
	};

	for (size_t i = 0; i < COUNT(numbers); i++)
		if (numbers[i].error == error)
			return -numbers[i].number;
	return -EIO;
}

/* This handle is no longer used. What failed first in a row, or otherwise than before, is logged.
 */
static __attribute__((format(printf, 3, 4))) int
fail(struct kafka *kafka, rd_kafka_resp_err_t error, const char *format, ...)
{
	va_list arguments;

	if (kafka->error)
		return kafka->error;
	kafka->error = errno_of(error);
	va_start(arguments, format);
	vsnprintf(kafka->why, sizeof(kafka->why), format, arguments);
	va_end(arguments);
	if (kafka->told != error)
		tc_error("output %s: %s", kafka->name, kafka->why);
	kafka->told = error;
	return kafka->error;
}

/* A message could not be handed over, or was not taken. */
static int fail_message(struct kafka *kafka, rd_kafka_resp_err_t error, const char *topic,
			uint64_t seq)
{
	char fatal[512];

	if (error == RD_KAFKA_RESP_ERR__FATAL &&
	    rd_kafka_fatal_error(kafka->client, fatal, sizeof(fatal)))
		return fail(kafka, error, "%s; a new producer takes over", fatal);
	if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
		return fail(
			kafka, error,
			"topic %s takes neither alert %llu nor those sent with it: too large for "
			"it (rdkafka.batch.size should not be above its max.message.bytes); they "
			"are sent one at a time",
			topic, (unsigned long long)seq);
	return fail(kafka, error, "alert %llu was not taken by topic %s: %s",
		    (unsigned long long)seq, topic, rd_kafka_err2str(error));
}

/* A broker refused a message, or its whole batch, for its size. */
static void narrow_down(struct kafka *kafka, uint64_t seq)
{
	if (on_the_way(kafka) == 1)
		kafka->oversize_seq = seq;
	else if (kafka->alone_seq < kafka->window[(kafka->end - 1) % WINDOW].seq)
		kafka->alone_seq = kafka->window[(kafka->end - 1) % WINDOW].seq;
}

static void delivered(struct kafka *kafka, struct sent *sent)
{
	sent->delivered = true;
	while (kafka->first < kafka->end && kafka->window[kafka->first % WINDOW].delivered)
		kafka->delivered_seq = kafka->window[kafka->first++ % WINDOW].seq;
	kafka->progress_ns = now_ns();
	if (!tc_kafka_log_recover(&kafka->log) && !kafka->told)
		return;
	kafka->told = RD_KAFKA_RESP_ERR_NO_ERROR;
	tc_info("output %s: messages are acknowledged again", kafka->name);
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *report, void *opaque)
{
	struct kafka *kafka = opaque;
	struct sent *sent = &kafka->window[(uintptr_t)report->_private % WINDOW];

	if (!report->err) {
		delivered(kafka, sent);
		return;
	}
	if (report->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE && !kafka->error)
		narrow_down(kafka, sent->seq);
	fail_message(kafka, report->err, rd_kafka_topic_name(report->rkt), sent->seq);
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
	struct kafka *kafka = rd_kafka_opaque(client);

	/* It is called experimental since 2019, and is here on purpose: see kafka_conf.c. */
	if (strstr(text, "enable.gapless.guarantee is experimental"))
		return;
	tc_kafka_log_line(&kafka->log, level, facility, text);
}

static void *bury(void *client)
{
	rd_kafka_destroy(client);
	return NULL;
}

/* Waits for the thread that frees a handle; true when there is none any more. */
static bool burial_wait(struct burial *burial, unsigned timeout_ms)
{
	struct timespec until;

	if (!burial->client)
		return true;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)timeout_ms % 1000 * 1000000;
	until.tv_sec += timeout_ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	if (pthread_timedjoin_np(burial->thread, NULL, &until))
		return false;
	burial->client = NULL;
	return true;
}

/*
 * Frees the handle in a thread: its own threads may be in a look-up of a name, which takes as long
 * as the resolver likes, and are waited for.
 */
static void client_retire(struct kafka *kafka)
{
	sigset_t all, before;

	if (!kafka->client)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	kafka->burial.client = kafka->client;
	if (pthread_create(&kafka->burial.thread, NULL, bury, kafka->client)) {
		rd_kafka_destroy(kafka->client);
		kafka->burial.client = NULL;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	kafka->client = NULL;
}

static int client_make(struct kafka *kafka)
{
	rd_kafka_conf_t *conf;
	char text[512];

	/* One at a time: whatever happens, there are never more than two. */
	if (!burial_wait(&kafka->burial, TC_OUTPUT_BLOCK_MAX_MS / 2)) {
		return fail(kafka, RD_KAFKA_RESP_ERR__IN_PROGRESS,
			    "the last connections are not closed yet");
	}
	conf = rd_kafka_conf_dup(kafka->conf);
	kafka->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	if (!kafka->client) {
		rd_kafka_conf_destroy(conf);
		return fail(kafka, RD_KAFKA_RESP_ERR__INVALID_ARG, "%s", text);
	}
	kafka->progress_ns = now_ns();
	return 0;
}

static enum topic topic_of(const struct tc_journal_row *row)
{
	if (row->rule)
		return TOPIC_ALERT;
	return strcmp(row->kind, "loss") == 0 ? TOPIC_LOSS : TOPIC_AGENT;
}

/* Hands a message to librdkafka, which copies it. */
static rd_kafka_resp_err_t produce(struct kafka *kafka, const struct tc_message *message,
				   const char *content_type)
{
	const struct tc_journal_row *row = message->row;
	const char *key = kafka->key->get(kafka, row);
	char seq[24];
	int length = snprintf(seq, sizeof(seq), "%llu", (unsigned long long)row->seq);

	return rd_kafka_producev(kafka->client, RD_KAFKA_V_TOPIC(kafka->topics[topic_of(row)]),
				 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
				 RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
				 RD_KAFKA_V_VALUE((void *)message->bytes, message->length),
				 RD_KAFKA_V_HEADER("seq", seq, length),
				 RD_KAFKA_V_HEADER("uuid", row->uuid, -1),
				 RD_KAFKA_V_HEADER("content-type", content_type, -1),
				 RD_KAFKA_V_OPAQUE((void *)(uintptr_t)kafka->end), RD_KAFKA_V_END);
}

/* The length of a text's beginning, which ends with a whole character. */
static size_t head_length(const char *text)
{
	size_t length = strnlen(text, STAND_IN_TEXT_BYTES);

	while (length && (text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

/* What is told of an alert whose message no broker takes. */
static void stand_in_write(const struct tc_message *message, struct tc_buffer *text)
{
	_cleanup_json_ struct tc_json json = {.buffer = text};
	const struct tc_journal_row *row = message->row;
	char time[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(row->time_ns, time);
	tc_json_object_begin(&json);
	tc_json_key(&json, "uuid");
	tc_json_string(&json, row->uuid);
	tc_json_key(&json, "seq");
	tc_json_uint(&json, row->seq);
	tc_json_key(&json, "time");
	tc_json_string(&json, time);
	tc_json_key(&json, "rule");
	tc_json_string(&json, row->rule);
	tc_json_key(&json, "priority");
	tc_json_string(&json, tc_priority_name(row->priority));
	tc_json_key(&json, "output");
	if (row->output)
		tc_json_text(&json, row->output, head_length(row->output));
	else
		tc_json_null(&json);
	tc_json_key(&json, "too_large_bytes");
	tc_json_uint(&json, message->length);
	tc_json_object_end(&json);
}

/* A message that is too large does not arrive as it is, but it neither vanishes nor stops others.
 */
static rd_kafka_resp_err_t produce_stand_in(struct kafka *kafka, const struct tc_message *message)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_message stand_in = {.row = message->row};

	stand_in_write(message, &text);
	if (tc_buffer_failed(&text))
		return RD_KAFKA_RESP_ERR__QUEUE_FULL;
	stand_in.bytes = text.bytes;
	stand_in.length = text.length;
	tc_warning("output %s: alert %llu is too large for Kafka (%zu bytes): its head was sent "
		   "instead, all of it is in the journal",
		   kafka->name, (unsigned long long)message->row->seq, message->length);
	return produce(kafka, &stand_in, "application/json");
}

static rd_kafka_resp_err_t produce_fitting(struct kafka *kafka, const struct tc_message *message)
{
	rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;

	if (message->row->seq != kafka->oversize_seq)
		error = produce(kafka, message, kafka->content_type);
	/* One that the empty queue has no room for never gets any. */
	if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
	    (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !on_the_way(kafka)))
		error = produce_stand_in(kafka, message);
	return error;
}

static int kafka_write(void *state, const struct tc_message *message)
{
	struct kafka *kafka = state;
	uint64_t seq = message->row->seq;
	rd_kafka_resp_err_t error;
	int failure;

	if (kafka->error)
		return kafka->error;
	if (!kafka->client && (failure = client_make(kafka)))
		return failure;
	if (on_the_way(kafka) == WINDOW || (on_the_way(kafka) && seq <= kafka->alone_seq))
		return -EAGAIN;
	if (!on_the_way(kafka))
		kafka->progress_ns = now_ns();
	error = produce_fitting(kafka, message);
	if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL)
		return -EAGAIN;
	if (error)
		return fail_message(kafka, error, kafka->topics[topic_of(message->row)], seq);
	kafka->window[kafka->end++ % WINDOW] = (struct sent){.seq = seq};
	return 0;
}

/* Nothing was acknowledged for too long. */
static int stall(struct kafka *kafka)
{
	char said[256];

	tc_kafka_log_last_error(&kafka->log, said, sizeof(said));
	return fail(kafka, RD_KAFKA_RESP_ERR__TIMED_OUT, "no acknowledgement for %.3g s%s%s",
		    (double)kafka->timeout_ns / 1e9, *said ? "; " : "", said);
}

/* Calls on_delivery() for each report. */
static void reports_take(struct kafka *kafka, unsigned timeout_ms)
{
	/* Waiting, rd_kafka_flush() has what lingers for a larger batch sent at once. */
	if (timeout_ms)
		rd_kafka_flush(kafka->client, (int)timeout_ms);
	else
		rd_kafka_poll(kafka->client, 0);
}

static int kafka_flush(void *state, unsigned timeout_ms, uint64_t *ret_seq)
{
	struct kafka *kafka = state;

	if (kafka->client && on_the_way(kafka))
		reports_take(kafka, timeout_ms);
	*ret_seq = kafka->delivered_seq;
	if (kafka->error)
		return kafka->error;
	if (!on_the_way(kafka))
		return 0;
	if (now_ns() - kafka->progress_ns > kafka->timeout_ns)
		return stall(kafka);
	return -EAGAIN;
}

static void kafka_reset(void *state)
{
	struct kafka *kafka = state;

	client_retire(kafka);
	kafka->first = kafka->end = 0;
	kafka->delivered_seq = 0;
	kafka->error = 0;
}

/* While no broker can be reached, what librdkafka says of it; what is over is not told any more. */
static const char *kafka_explain(void *state)
{
	struct kafka *kafka = state;

	if (kafka->error)
		return kafka->why;
	tc_kafka_log_last_error(&kafka->log, kafka->said, sizeof(kafka->said));
	if (*kafka->said)
		return kafka->said;
	return kafka->told ? kafka->why : NULL;
}

static void kafka_free(struct kafka *kafka)
{
	if (kafka->conf)
		rd_kafka_conf_destroy(kafka->conf);
	for (size_t i = 0; i < TOPIC_MAX; i++)
		free(kafka->topics[i]);
	tc_kafka_log_done(&kafka->log);
	free(kafka->name);
	free(kafka);
}

static void kafka_close(void *state)
{
	struct kafka *kafka = state;

	client_retire(kafka);
	/* A thread that is still in the resolver may write to the log: then its memory must stay.
	 */
	if (burial_wait(&kafka->burial, TC_OUTPUT_BLOCK_MAX_MS))
		kafka_free(kafka);
	else
		pthread_detach(kafka->burial.thread);
}

static int topics_set(struct kafka *kafka, const struct tc_output_settings *settings)
{
	static const char *const names[TOPIC_MAX] = {"topic", "topic.loss", "topic.agent"};

	for (size_t i = 0; i < TOPIC_MAX; i++) {
		const char *topic = tc_output_setting(settings, names[i]);

		if (!topic)
			topic = i == TOPIC_ALERT ? DEFAULT_TOPIC : kafka->topics[TOPIC_ALERT];
		kafka->topics[i] = strdup(topic);
		if (!kafka->topics[i])
			return -ENOMEM;
		if (!*topic) {
			tc_error("output %s: %s= is empty", kafka->name, names[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static int timeout_set(struct kafka *kafka, const char *text)
{
	unsigned long long timeout_ns = DEFAULT_TIMEOUT_NS;

	if (text && (tc_parse_duration(text, &timeout_ns) || !timeout_ns)) {
		tc_error("output %s: timeout=%s is not a duration such as 60s", kafka->name, text);
		return -EINVAL;
	}
	kafka->timeout_ns = timeout_ns;
	return 0;
}

/* Lines of text are the other documents. */
static const char *content_type_of(const char *format)
{
	static const char *const texts[] = {"text", "cef"};

	for (size_t i = 0; i < COUNT(texts); i++)
		if (format && strcmp(format, texts[i]) == 0)
			return "text/plain; charset=utf-8";
	return "application/json";
}

static void key_set(struct kafka *kafka, const char *name)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			kafka->key = &keys[i];
}

static int settings_read(struct kafka *kafka, const struct tc_output_settings *settings)
{
	const char *name = tc_output_setting(settings, "name");
	int error;

	kafka->name = strdup(name ? name : "kafka");
	if (!kafka->name)
		return -ENOMEM;
	tc_kafka_log_init(&kafka->log, kafka->name);
	key_set(kafka, tc_output_setting(settings, "key"));
	kafka->content_type = content_type_of(tc_output_setting(settings, "format"));
	gethostname(kafka->host, sizeof(kafka->host) - 1);
	error = topics_set(kafka, settings);
	if (!error)
		error = timeout_set(kafka, tc_output_setting(settings, "timeout"));
	if (!error)
		error = tc_kafka_conf_make(settings, kafka->name, &kafka->conf);
	return error;
}

static int kafka_open(const struct tc_output_settings *settings, void **ret_state)
{
	struct kafka *kafka = calloc(1, sizeof(*kafka));
	int error = kafka ? settings_read(kafka, settings) : -ENOMEM;

	if (!error) {
		rd_kafka_conf_set_opaque(kafka->conf, kafka);
		rd_kafka_conf_set_dr_msg_cb(kafka->conf, on_delivery);
		rd_kafka_conf_set_log_cb(kafka->conf, on_log);
		error = client_make(kafka);
	}
	if (error) {
		if (kafka)
			kafka_free(kafka);
		return error;
	}
	*ret_state = kafka;
	return 0;
}

static int kafka_check(const struct tc_output_settings *settings)
{
	struct kafka *kafka = calloc(1, sizeof(*kafka));
	int error = kafka ? settings_read(kafka, settings) : -ENOMEM;

	if (kafka)
		kafka_free(kafka);
	return error;
}

const struct tc_output_ops tc_kafka_ops = {
	.keys = kafka_keys,
	.format = "json",
	.durable = true,
	.open = kafka_open,
	.check = kafka_check,
	.write = kafka_write,
	.flush = kafka_flush,
	.reset = kafka_reset,
	.explain = kafka_explain,
	.close = kafka_close,
};
