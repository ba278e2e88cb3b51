/* SPDX-License-Identifier: Apache-2.0 */
/* The output to Kafka against librdkafka's mock brokers, whose errors and delays a test decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "output/output.h"
#include "told.h"

#define API_PRODUCE 0
#define PATIENCE_MS 60000

/* Brokers in this process, and what stands between them and the output: nothing. */
struct cluster {
	rd_kafka_t *host;
	rd_kafka_mock_cluster_t *mock;
};

static struct cluster cluster_start(int brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	struct cluster cluster;
	char text[512];

	rd_kafka_conf_set(conf, "log_level", "0", text, sizeof(text));
	cluster.host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
	assert_non_null(cluster.host);
	cluster.mock = rd_kafka_mock_cluster_new(cluster.host, brokers);
	assert_non_null(cluster.mock);
	return cluster;
}

static void cluster_stop(struct cluster *cluster)
{
	rd_kafka_mock_cluster_destroy(cluster->mock);
	rd_kafka_destroy(cluster->host);
}

/*
 * Opens an output with settings behind brokers=: the servers of a cluster, or for NULL a port where
 * nobody listens.
 */
static int open_with(const struct cluster *cluster, const char *settings, void **ret_state)
{
	_cleanup_output_settings_ struct tc_output_settings *read = NULL;
	const char *brokers =
		cluster ? rd_kafka_mock_cluster_bootstraps(cluster->mock) : "127.0.0.1:1";
	char spec[2048], list[1024];
	int error;

	snprintf(list, sizeof(list), "%s", brokers);
	for (char *comma = list; (comma = strchr(comma, ','));)
		*comma = '|';
	snprintf(spec, sizeof(spec), "kafka:brokers=%s%s%s", list, *settings ? "," : "", settings);
	error = tc_output_settings_read(tc_output_find("kafka"), spec, &read);
	return error ? error : tc_kafka_ops.open(read, ret_state);
}

static void *opened(const struct cluster *cluster, const char *settings)
{
	void *state = NULL;

	assert_int_equal(open_with(cluster, settings, &state), 0);
	return state;
}

static struct tc_journal_row row_of(uint64_t seq)
{
	return (struct tc_journal_row){
		.seq = seq,
		.uuid = "018f3a5c-0000-7000-8000-000000000001",
		.time_ns = 1714557600123456789,
		.rule = "Shell",
		.priority = TC_PRIORITY_ERROR,
		.kind = "exec",
		.cgroup_path = "/a.slice",
		.output = "a shell was started",
		.json = "{}",
	};
}

static int write_row(void *state, const struct tc_journal_row *row, size_t length)
{
	char *bytes = malloc(length);
	int error;

	memset(bytes, 'x', length);
	error = tc_kafka_ops.write(state, &(struct tc_message){row, bytes, length});
	free(bytes); /* the output has a copy */
	return error;
}

static int write_seq(void *state, uint64_t seq)
{
	struct tc_journal_row row = row_of(seq);

	return write_row(state, &row, 100);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Flushes until all is delivered or something failed. */
static int flush(void *state, uint64_t *ret_seq)
{
	uint64_t until = now_ms() + PATIENCE_MS;
	int error;

	do
		error = tc_kafka_ops.flush(state, 200, ret_seq);
	while (error == -EAGAIN && now_ms() < until);
	return error;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("`%s` is not in: %s", part, text);
}

static void assert_delivered(void *state, uint64_t expected)
{
	uint64_t seq = 0;

	assert_int_equal(flush(state, &seq), 0);
	assert_int_equal(seq, expected);
}

/* The messages of a topic, which has one partition, as "key|seq|content-type|value " each. */
static void read_topic(const struct cluster *cluster, const char *topic, int count, char *text,
		       size_t size)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *client;
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	rd_kafka_conf_set(conf, "bootstrap.servers",
			  rd_kafka_mock_cluster_bootstraps(cluster->mock), NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
	rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
	rd_kafka_assign(client, list);
	rd_kafka_topic_partition_list_destroy(list);
	*text = '\0';
	for (int i = 0; i < count; i++) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(client, PATIENCE_MS);
		rd_kafka_headers_t *headers = NULL;
		const void *seq = "", *type = "";
		size_t length;

		assert_non_null(message);
		assert_int_equal(message->err, 0);
		rd_kafka_message_headers(message, &headers);
		rd_kafka_header_get_last(headers, "seq", &seq, &length);
		rd_kafka_header_get_last(headers, "content-type", &type, &length);
		length = strlen(text);
		snprintf(text + length, size - length, "%.*s|%s|%s|%.*s ",
			 message->key ? (int)message->key_len : 1,
			 message->key ? (const char *)message->key : "-", (const char *)seq,
			 (const char *)type, message->len < 1000 ? (int)message->len : 10,
			 (const char *)message->payload);
		rd_kafka_message_destroy(message);
	}
	rd_kafka_consumer_close(client);
	rd_kafka_destroy(client);
}

/* --- settings --- */

static void wrong_settings_are_told(void **state)
{
	static const struct {
		const char *settings, *told;
	} cases[] = {
		{"rdkafka.no.such=1", "rdkafka.no.such: librdkafka has no such property"},
		{"rdkafka.linger.ms=soon", "rdkafka.linger.ms: Invalid value"},
		{"rdkafka.acks=7777", "value 7777 is outside allowed range"},
		{"rdkafka.transactional.id=x", "does not use transactions"},
		{"rdkafka.bootstrap.servers=x", "name them by `brokers`"},
		{"rdkafka.security.protocol=ssl,rdkafka.ssl.ca.location=/no/such/file",
		 "ssl.ca.location"},
		{"rdkafka.enable.idempotence=false", "enable.gapless.guarantee"},
		{"properties=/no/such/file", "properties=/no/such/file: No such file"},
		{"timeout=soon", "timeout=soon is not a duration"},
		{"timeout=0", "timeout=0 is not a duration"},
		{"topic=", "topic= is empty"},
		{"key=hash", "key=hash: it must be one of: host cgroup rule none"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct redirection saved = redirect(1);
		void *kafka;
		int error = open_with(NULL, cases[i].settings, &kafka);
		const char *told = restore(&saved);

		assert_true(error < 0);
		if (!strstr(told, cases[i].told))
			fail_msg("%s: %s", cases[i].settings, told);
	}
}

static void brokers_are_needed(void **state)
{
	_cleanup_output_settings_ struct tc_output_settings *read = NULL;
	struct redirection saved = redirect(1);
	void *kafka;

	tc_output_settings_read(tc_output_find("kafka"), "kafka", &read);
	int error = tc_kafka_ops.open(read, &kafka);
	const char *told = restore(&saved);
	assert_int_equal(error, -EINVAL);
	assert_has(told, "brokers=HOST:PORT is missing");
}

/* Opens with a file of properties; the result and what was told. */
static int open_with_file(const char *text, mode_t mode, const char **ret_told)
{
	char path[] = "/tmp/tocsin-test-XXXXXX", settings[128];
	int fd = mkstemp(path);
	struct redirection saved;
	void *kafka;
	int error;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
	snprintf(settings, sizeof(settings), "properties=%s", path);
	saved = redirect(1);
	error = open_with(NULL, settings, &kafka);
	if (!error)
		tc_kafka_ops.close(kafka);
	*ret_told = restore(&saved);
	unlink(path);
	return error;
}

static void properties_come_from_a_file(void **state)
{
	const char *told;

	assert_int_equal(
		open_with_file("# words\n\n linger.ms = 20 \nsasl.password=a=b\n", 0600, &told), 0);
	assert_null(strstr(told, "chmod"));
	assert_int_equal(open_with_file("linger.ms=1\n", 0644, &told), 0);
	assert_has(told, "may be read by others than its owner");
	assert_int_equal(open_with_file("linger.ms=1\nlinger.ms=x\n", 0600, &told), -EINVAL);
	assert_has(told, ":2: linger.ms: Invalid value");
}

static void secrets_are_not_told(void **state)
{
	const char *told;

	/* A line whose name was forgotten, and a key that is none. */
	assert_int_equal(open_with_file("hunter2\n", 0600, &told), -EINVAL);
	assert_has(told, ":1: a line that is not NAME=VALUE");
	assert_null(strstr(told, "hunter2"));
	assert_int_equal(open_with_file("security.protocol=ssl\nssl.key.pem=hunter2\n"
					"ssl.certificate.pem=hunter2\nssl.key.password=hunter2\n"
					"debug=all\n",
					0600, &told),
			 -EINVAL);
	assert_null(strstr(told, "hunter2"));
}

/* --- delivery --- */

static void messages_are_delivered(void **state)
{
	struct cluster cluster = cluster_start(1);
	void *kafka = opened(&cluster, "");
	uint64_t seq = 77;

	assert_int_equal(tc_kafka_ops.flush(kafka, 0, &seq), 0);
	assert_int_equal(seq, 0);
	for (uint64_t i = 1; i <= 3000; i++)
		assert_int_equal(write_seq(kafka, 2 * i), 0);
	assert_delivered(kafka, 6000);
	tc_kafka_ops.close(kafka);
	cluster_stop(&cluster);
}

static void keys_and_headers_are_set(void **state)
{
	static const struct {
		const char *key, *expected;
	} cases[] = {
		{"cgroup", "/a.slice|1|application/json|x -|2|application/json|x "},
		{"rule", "Shell|1|application/json|x loss|2|application/json|x "},
		{"none", "-|1|application/json|x -|2|application/json|x "},
	};
	struct cluster cluster = cluster_start(1);

	for (size_t i = 0; i < 3; i++) {
		char settings[64], text[512];
		struct tc_journal_row row = row_of(1), notice = row_of(2);

		notice.rule = notice.cgroup_path = NULL;
		notice.kind = "loss";
		snprintf(settings, sizeof(settings), "key=%s,topic=of-%s", cases[i].key,
			 cases[i].key);
		rd_kafka_mock_topic_create(cluster.mock, strstr(settings, "of-"), 1, 1);
		void *kafka = opened(&cluster, settings);
		assert_int_equal(write_row(kafka, &row, 1), 0);
		assert_int_equal(write_row(kafka, &notice, 1), 0);
		assert_delivered(kafka, 2);
		tc_kafka_ops.close(kafka);
		read_topic(&cluster, strstr(settings, "of-"), 2, text, sizeof(text));
		assert_string_equal(text, cases[i].expected);
	}
	cluster_stop(&cluster);
}

static void each_kind_has_its_topic(void **state)
{
	struct cluster cluster = cluster_start(1);
	struct tc_journal_row row = row_of(1), loss = row_of(2), start = row_of(3);
	char text[512];

	loss.rule = start.rule = NULL;
	loss.kind = "loss";
	start.kind = "agent_start";
	for (size_t i = 0; i < 3; i++)
		rd_kafka_mock_topic_create(cluster.mock, (const char *[]){"a", "l", "g"}[i], 1, 1);
	void *kafka = opened(&cluster, "topic=a,topic.loss=l,topic.agent=g,key=none,format=text");
	assert_int_equal(write_row(kafka, &row, 1), 0);
	assert_int_equal(write_row(kafka, &loss, 1), 0);
	assert_int_equal(write_row(kafka, &start, 1), 0);
	assert_delivered(kafka, 3);
	tc_kafka_ops.close(kafka);
	read_topic(&cluster, "a", 1, text, sizeof(text));
	assert_string_equal(text, "-|1|text/plain; charset=utf-8|x ");
	read_topic(&cluster, "l", 1, text, sizeof(text));
	assert_string_equal(text, "-|2|text/plain; charset=utf-8|x ");
	read_topic(&cluster, "g", 1, text, sizeof(text));
	assert_string_equal(text, "-|3|text/plain; charset=utf-8|x ");
	cluster_stop(&cluster);
}

static void the_position_waits_for_the_slowest(void **state)
{
	struct cluster cluster = cluster_start(2);
	struct tc_journal_row slow = row_of(1);
	uint64_t seq = 77, until = now_ms() + 500;

	slow.rule = NULL;
	slow.kind = "loss";
	rd_kafka_mock_topic_create(cluster.mock, "fast", 1, 1);
	rd_kafka_mock_topic_create(cluster.mock, "slow", 1, 1);
	rd_kafka_mock_partition_set_leader(cluster.mock, "fast", 0, 1);
	rd_kafka_mock_partition_set_leader(cluster.mock, "slow", 0, 2);
	void *kafka = opened(&cluster, "topic=fast,topic.loss=slow");
	assert_int_equal(write_seq(kafka, 5), 0);
	assert_delivered(kafka, 5); /* it knows both brokers now */
	rd_kafka_mock_broker_set_rtt(cluster.mock, 2, 1500);
	slow.seq = 6;
	assert_int_equal(write_row(kafka, &slow, 10), 0);
	for (uint64_t i = 7; i < 100; i++)
		assert_int_equal(write_seq(kafka, i), 0);
	while (now_ms() < until) {
		assert_int_equal(tc_kafka_ops.flush(kafka, 100, &seq), -EAGAIN);
		assert_int_equal(seq, 5);
	}
	assert_delivered(kafka, 99);
	tc_kafka_ops.close(kafka);
	cluster_stop(&cluster);
}

/* --- failures --- */

static void away_is_bounded_and_told(void **state)
{
	struct redirection saved = redirect(1);
	void *kafka = opened(NULL, "timeout=5s,name=siem");
	uint64_t seq = 77, n = 0, from;
	int error;

	while (!(error = write_seq(kafka, n + 1)) && n < 1000000)
		n++;
	assert_int_equal(error, -EAGAIN);
	assert_true(n >= 4096 && n <= 65536);
	/* `tocsin status` need not wait for the timeout to know why. */
	do
		error = tc_kafka_ops.flush(kafka, 100, &seq);
	while (error == -EAGAIN && !tc_kafka_ops.explain(kafka));
	assert_int_equal(error, -EAGAIN);
	assert_has(tc_kafka_ops.explain(kafka), "127.0.0.1:1");
	assert_int_equal(flush(kafka, &seq), -ETIMEDOUT);
	assert_int_equal(seq, 0);
	assert_int_equal(write_seq(kafka, n + 1), -ETIMEDOUT);
	assert_has(tc_kafka_ops.explain(kafka), "no acknowledgement for 5 s");
	assert_has(tc_kafka_ops.explain(kafka), "127.0.0.1:1");
	tc_kafka_ops.reset(kafka);
	assert_int_equal(write_seq(kafka, 1), 0);
	from = now_ms();
	tc_kafka_ops.close(kafka);
	assert_true(now_ms() - from < PATIENCE_MS);
	assert_has(restore(&saved), "output siem: no acknowledgement for 5 s; ");
}

/* A message that is refused for good, and one behind it. */
static void refusal_ends_in_a_reset(void **state)
{
	struct cluster cluster = cluster_start(1);
	struct redirection saved = redirect(1);
	void *kafka = opened(&cluster, "topic=t");
	uint64_t seq = 77;
	const char *told;

	assert_int_equal(write_seq(kafka, 1), 0);
	assert_delivered(kafka, 1);
	rd_kafka_mock_push_request_errors(cluster.mock, API_PRODUCE, 1,
					  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_int_equal(write_seq(kafka, 2), 0);
	assert_int_equal(flush(kafka, &seq), -EACCES);
	assert_int_equal(seq, 1);
	assert_int_equal(write_seq(kafka, 3), -EACCES);
	tc_kafka_ops.reset(kafka);
	assert_non_null(tc_kafka_ops.explain(kafka));
	assert_int_equal(write_seq(kafka, 2), 0);
	assert_int_equal(write_seq(kafka, 3), 0);
	assert_delivered(kafka, 3);
	assert_null(tc_kafka_ops.explain(kafka)); /* that is over */
	tc_kafka_ops.close(kafka);
	told = restore(&saved);
	assert_has(told, "alert 2 was not taken by topic t: Broker: Topic authorization");
	assert_has(told, "messages are acknowledged again");
	cluster_stop(&cluster);
}

static void passing_errors_are_retried_by_themselves(void **state)
{
	struct cluster cluster = cluster_start(1);
	void *kafka = opened(&cluster, "");

	rd_kafka_mock_push_request_errors(
		cluster.mock, API_PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
	for (uint64_t i = 1; i <= 100; i++)
		assert_int_equal(write_seq(kafka, i), 0);
	assert_delivered(kafka, 100);
	tc_kafka_ops.close(kafka);
	cluster_stop(&cluster);
}

static void an_unknown_topic_is_told(void **state)
{
	struct cluster cluster = cluster_start(1);
	struct redirection saved = redirect(1);
	void *kafka =
		opened(&cluster, "topic=nowhere,rdkafka.topic.metadata.propagation.max.ms=100");
	uint64_t seq;

	rd_kafka_mock_topic_set_error(cluster.mock, "nowhere",
				      RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
	assert_int_equal(write_seq(kafka, 1), 0);
	assert_int_equal(flush(kafka, &seq), -ENOENT);
	tc_kafka_ops.close(kafka);
	assert_has(restore(&saved), "alert 1 was not taken by topic nowhere");
	cluster_stop(&cluster);
}

/* --- messages that are too large --- */

#define STAND_IN                                                                                   \
	"{\"uuid\":\"018f3a5c-0000-7000-8000-000000000001\",\"seq\":2,"                            \
	"\"time\":\"2024-05-01T10:00:00.123456789Z\",\"rule\":\"Shell\",\"priority\":\"Error\","   \
	"\"output\":\"a shell was started\",\"too_large_bytes\":"

static void what_is_too_large_here_has_a_stand_in(void **state)
{
	struct cluster cluster = cluster_start(1);
	struct redirection saved = redirect(1);
	struct tc_journal_row row = row_of(2);
	char text[2048];

	rd_kafka_mock_topic_create(cluster.mock, "t", 1, 1);
	void *kafka = opened(&cluster, "topic=t,key=none,rdkafka.message.max.bytes=2000");
	assert_int_equal(write_seq(kafka, 1), 0);
	assert_int_equal(write_row(kafka, &row, 5000), 0);
	assert_int_equal(write_seq(kafka, 3), 0);
	assert_delivered(kafka, 3);
	tc_kafka_ops.close(kafka);
	assert_has(restore(&saved), "alert 2 is too large for Kafka (5000 bytes)");
	read_topic(&cluster, "t", 3, text, sizeof(text));
	assert_has(text, "-|2|application/json|" STAND_IN "5000} -|3|");
	cluster_stop(&cluster);
}

/* The broker's own limit is lower: it refuses a whole batch, and the one that is to blame is found.
 */
static void what_is_too_large_there_has_a_stand_in(void **state)
{
	struct cluster cluster = cluster_start(1);
	struct redirection saved = redirect(1);
	uint64_t seq = 77;
	char text[2048];

	rd_kafka_mock_topic_create(cluster.mock, "t", 1, 1);
	void *kafka = opened(&cluster, "topic=t,key=none,rdkafka.linger.ms=200");
	rd_kafka_mock_push_request_errors(cluster.mock, API_PRODUCE, 1,
					  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	for (uint64_t i = 1; i <= 3; i++)
		assert_int_equal(write_seq(kafka, i), 0);
	assert_int_equal(flush(kafka, &seq), -EMSGSIZE);
	assert_int_equal(seq, 0);
	tc_kafka_ops.reset(kafka);
	/* One at a time now. */
	assert_int_equal(write_seq(kafka, 1), 0);
	assert_int_equal(write_seq(kafka, 2), -EAGAIN);
	assert_delivered(kafka, 1);
	rd_kafka_mock_push_request_errors(cluster.mock, API_PRODUCE, 1,
					  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	assert_int_equal(write_seq(kafka, 2), 0);
	assert_int_equal(flush(kafka, &seq), -EMSGSIZE);
	assert_int_equal(seq, 1);
	tc_kafka_ops.reset(kafka);
	assert_int_equal(write_seq(kafka, 2), 0);
	assert_delivered(kafka, 2);
	assert_int_equal(write_seq(kafka, 3), 0);
	assert_delivered(kafka, 3);
	/* And together again. */
	assert_int_equal(write_seq(kafka, 4), 0);
	assert_int_equal(write_seq(kafka, 5), 0);
	assert_delivered(kafka, 5);
	tc_kafka_ops.close(kafka);
	restore(&saved);
	read_topic(&cluster, "t", 5, text, sizeof(text));
	assert_has(text, "-|2|application/json|" STAND_IN "100} -|3|");
	cluster_stop(&cluster);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_settings_are_told),
		cmocka_unit_test(brokers_are_needed),
		cmocka_unit_test(properties_come_from_a_file),
		cmocka_unit_test(secrets_are_not_told),
		cmocka_unit_test(messages_are_delivered),
		cmocka_unit_test(keys_and_headers_are_set),
		cmocka_unit_test(each_kind_has_its_topic),
		cmocka_unit_test(the_position_waits_for_the_slowest),
		cmocka_unit_test(away_is_bounded_and_told),
		cmocka_unit_test(refusal_ends_in_a_reset),
		cmocka_unit_test(passing_errors_are_retried_by_themselves),
		cmocka_unit_test(an_unknown_topic_is_told),
		cmocka_unit_test(what_is_too_large_here_has_a_stand_in),
		cmocka_unit_test(what_is_too_large_there_has_a_stand_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
