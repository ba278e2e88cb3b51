/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of Kafka, for tests.
 *
 *	tocsin-kafka-peer create BROKER TOPIC PARTITIONS [NAME=VALUE...]
 *		makes a topic with these settings
 *	tocsin-kafka-peer read BROKER TOPIC
 *		prints every message from the beginning to the present end of each partition:
 *		partition, offset, key (- for none), the headers seq, uuid and content-type, and the
 *		value, separated by tabs
 *
 * Exit 0, or 1 with a message.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 60000

static int complain(const char *what, const char *why)
{
	fprintf(stderr, "tocsin-kafka-peer: %s: %s\n", what, why);
	return 1;
}

static rd_kafka_t *client_make(rd_kafka_type_t type, const char *broker)
{
	const char *const settings[][2] = {
		{"bootstrap.servers", broker},	   {"group.id", "tocsin-test"},
		{"enable.auto.commit", "false"},   {"enable.partition.eof", "true"},
		{"auto.offset.reset", "earliest"}, {"log_level", "2"},
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	size_t count = sizeof(settings) / sizeof(settings[0]);
	char text[512];

	for (size_t i = 0; i < (type == RD_KAFKA_PRODUCER ? 1 : count); i++)
		if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], text, sizeof(text))) {
			complain(settings[i][0], text);
			exit(1);
		}
	rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof(text));
	if (!client) {
		complain("librdkafka", text);
		exit(1);
	}
	return client;
}

static int create(int argc, char **argv)
{
	char text[512];
	rd_kafka_t *client = client_make(RD_KAFKA_PRODUCER, argv[0]);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
	rd_kafka_NewTopic_t *topic =
		rd_kafka_NewTopic_new(argv[1], atoi(argv[2]), 1, text, sizeof(text));
	rd_kafka_AdminOptions_t *options =
		rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_event_t *event;
	size_t count;
	int failed = 0;

	for (int i = 3; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return complain(argv[i], "is not NAME=VALUE");
		*value++ = '\0';
		rd_kafka_NewTopic_set_config(topic, argv[i], value);
	}
	/* Until the topic is there, not only accepted. */
	rd_kafka_AdminOptions_set_operation_timeout(options, PATIENCE_MS, text, sizeof(text));
	rd_kafka_CreateTopics(client, &topic, 1, options, queue);
	event = rd_kafka_queue_poll(queue, PATIENCE_MS);
	if (!event || rd_kafka_event_error(event)) {
		failed =
			complain(argv[1], event ? rd_kafka_event_error_string(event) : "no answer");
	} else {
		const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &count);

		if (rd_kafka_topic_result_error(results[0]))
			failed = complain(argv[1], rd_kafka_topic_result_error_string(results[0]));
	}
	if (event)
		rd_kafka_event_destroy(event);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(client);
	return failed;
}

static void print_header(const rd_kafka_headers_t *headers, const char *name)
{
	const void *value = "-";
	size_t size = 1;

	if (headers)
		rd_kafka_header_get_last(headers, name, &value, &size);
	printf("\t%.*s", (int)size, (const char *)value);
}

static void print_message(const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers = NULL;

	rd_kafka_message_headers(message, &headers);
	printf("%d\t%lld\t%.*s", message->partition, (long long)message->offset,
	       message->key ? (int)message->key_len : 1,
	       message->key ? (const char *)message->key : "-");
	print_header(headers, "seq");
	print_header(headers, "uuid");
	print_header(headers, "content-type");
	printf("\t%.*s\n", (int)message->len, (const char *)message->payload);
}

/* Assigns all partitions of a topic; how many there are. */
static int assign(rd_kafka_t *client, const char *name)
{
	const struct rd_kafka_metadata *metadata;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
	rd_kafka_resp_err_t error = rd_kafka_metadata(client, 0, topic, &metadata, PATIENCE_MS);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);
	int count = 0;

	if (!error) {
		count = metadata->topics[0].partition_cnt;
		for (int i = 0; i < count; i++)
			rd_kafka_topic_partition_list_add(list, name, i)->offset =
				RD_KAFKA_OFFSET_BEGINNING;
		error = rd_kafka_assign(client, list);
		rd_kafka_metadata_destroy(metadata);
	}
	if (error)
		complain(name, rd_kafka_err2str(error));
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_topic_destroy(topic);
	return error ? 0 : count;
}

static int read_all(int, char **argv)
{
	rd_kafka_t *client = client_make(RD_KAFKA_CONSUMER, argv[0]);
	int open = assign(client, argv[1]), failed = open == 0;

	while (open > 0 && !failed) {
		rd_kafka_message_t *message = rd_kafka_consumer_poll(client, PATIENCE_MS);

		if (!message)
			failed = complain(argv[1], "no message and no end");
		else if (!message->err)
			print_message(message);
		else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			open--;
		else
			failed = complain(argv[1], rd_kafka_message_errstr(message));
		if (message)
			rd_kafka_message_destroy(message);
	}
	rd_kafka_consumer_close(client);
	rd_kafka_destroy(client);
	return failed;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		int (*run)(int count, char **arguments);
	} commands[] = {{"create", 3, create}, {"read", 2, read_all}};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]) && argc > 1; i++)
		if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].arguments)
			return commands[i].run(argc - 2, argv + 2);
	fprintf(stderr, "usage: tocsin-kafka-peer create BROKER TOPIC PARTITIONS [NAME=VALUE...]\n"
			"       tocsin-kafka-peer read BROKER TOPIC\n");
	return 2;
}
