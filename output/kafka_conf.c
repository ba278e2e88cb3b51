/* SPDX-License-Identifier: Apache-2.0 */
#include "output/kafka_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What this output needs to keep its promises; an operator may still say otherwise. */
static const struct property {
	const char *name, *value;
} defaults[] = {
	{"client.id", "tocsin"},
	/* No message twice and none out of order while one handle lives... */
	{"enable.idempotence", "true"},
	/* ...nor when the broker refuses one for good: nothing behind it is sent, the handle ends.
	 */
	{"enable.gapless.guarantee", "true"},
	/* A message waits for its broker; for how long is this output's own matter (timeout). */
	{"message.timeout.ms", "0"},
	/* The partition that a Java producer would choose for the key. */
	{"partitioner", "murmur2_random"},
	/* Bounds of the memory; whatever is over them waits in the journal. */
	{"queue.buffering.max.messages", "4096"},
	{"queue.buffering.max.kbytes", "8192"},
	{"socket.keepalive.enable", "true"},
};

/* What an operator must not say. */
static const struct property refused[] = {
	{"bootstrap.servers", "name them by `brokers`"},
	{"metadata.broker.list", "name them by `brokers`"},
	{"transactional.id", "this output does not use transactions"},
	{"log.queue", "its log goes to the agent's"},
	{"enabled_events", "this output takes delivery reports by callback"},
};

/* While properties are set. */
struct making {
	rd_kafka_conf_t *conf;
	const char *name;
	const char *where; /* of what is being read, for messages: "rdkafka." or "FILE:LINE: " */
};

static const char *refusal_of(const char *property)
{
	for (size_t i = 0; i < COUNT(refused); i++)
		if (strcmp(refused[i].name, property) == 0)
			return refused[i].value;
	return NULL;
}

static int property_set(struct making *making, const char *property, const char *value)
{
	char text[512];
	rd_kafka_conf_res_t result =
		rd_kafka_conf_set(making->conf, property, value, text, sizeof(text));

	if (result == RD_KAFKA_CONF_OK)
		return 0;
	if (result == RD_KAFKA_CONF_UNKNOWN)
		tc_error("output %s: %s%s: librdkafka has no such property", making->name,
			 making->where, property);
	else if (tc_output_key_is_secret(property))
		tc_error("output %s: %s%s: librdkafka does not take the value", making->name,
			 making->where, property);
	else
		tc_error("output %s: %s%s: %s", making->name, making->where, property, text);
	return -EINVAL;
}

static int property_set_by_operator(const char *property, const char *value, void *context)
{
	struct making *making = context;
	const char *refusal = refusal_of(property);

	if (refusal) {
		tc_error("output %s: %s%s cannot be set: %s", making->name, making->where, property,
			 refusal);
		return -EINVAL;
	}
	return property_set(making, property, value);
}

/* Takes the blanks off both ends. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\r\n");
	for (length = strlen(text); length && strchr(" \t\r\n", text[length - 1]);)
		length--;
	text[length] = '\0';
	return text;
}

static int line_read(struct making *making, char *line)
{
	char *name = trim(line), *value = strchr(name, '=');

	if (!*name || *name == '#')
		return 0;
	if (!value) {
		/* Not shown: it may be a secret whose name was forgotten. */
		tc_error("output %s: %sa line that is not NAME=VALUE", making->name, making->where);
		return -EINVAL;
	}
	*value++ = '\0';
	return property_set_by_operator(trim(name), trim(value), making);
}

static void warn_of_mode(const char *name, const char *path, FILE *file)
{
	struct stat info;

	if (fstat(fileno(file), &info) == 0 && info.st_mode & (S_IRWXG | S_IRWXO))
		tc_warning("output %s: %s may be read by others than its owner: if there are "
			   "secrets in it, chmod 600",
			   name, path);
}

static int file_read(struct making *making, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, where[4096];
	size_t size = 0;
	int error = 0;

	if (!file)
		return tc_error_return(-errno, "output %s: properties=%s", making->name, path);
	warn_of_mode(making->name, path, file);
	making->where = where;
	for (unsigned n = 1; !error && getline(&line, &size, file) >= 0; n++) {
		snprintf(where, sizeof(where), "%s:%u: ", path, n);
		error = line_read(making, line);
	}
	if (!error && ferror(file))
		error = tc_error_return(-EIO, "output %s: properties=%s", making->name, path);
	if (line)
		explicit_bzero(line, size);
	free(line);
	fclose(file);
	return error;
}

/* Lists in settings are joined by |, since the comma ends a setting; librdkafka wants commas. */
static int brokers_set(struct making *making, const char *brokers)
{
	char *list;
	int error;

	if (!brokers || !*brokers) {
		tc_error("output %s: brokers=HOST:PORT is missing", making->name);
		return -EINVAL;
	}
	list = strdup(brokers);
	if (!list)
		return -ENOMEM;
	for (char *bar = list; (bar = strchr(bar, '|'));)
		*bar = ',';
	error = property_set(making, "bootstrap.servers", list);
	free(list);
	return error;
}

int tc_kafka_conf_make(const struct tc_output_settings *settings, const char *name,
		       rd_kafka_conf_t **ret_conf)
{
	const char *path = tc_output_setting(settings, "properties");
	struct making making = {.conf = rd_kafka_conf_new(), .name = name, .where = ""};
	int error = 0;

	for (size_t i = 0; i < COUNT(defaults) && !error; i++)
		error = property_set(&making, defaults[i].name, defaults[i].value);
	if (!error)
		error = brokers_set(&making, tc_output_setting(settings, "brokers"));
	if (!error && path)
		error = file_read(&making, path);
	making.where = TC_KAFKA_PROPERTY_PREFIX;
	if (!error)
		error = tc_output_settings_with(settings, TC_KAFKA_PROPERTY_PREFIX,
						property_set_by_operator, &making);
	if (error)
		rd_kafka_conf_destroy(making.conf);
	else
		*ret_conf = making.conf;
	return error;
}
