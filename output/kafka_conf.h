/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of librdkafka from an output's settings. For output/kafka.c. */
#ifndef TOCSIN_OUTPUT_KAFKA_CONF_H
#define TOCSIN_OUTPUT_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>

#include "output/output.h"

/* Settings with this prefix, and the lines of the file named by `properties`, are librdkafka's. */
#define TC_KAFKA_PROPERTY_PREFIX "rdkafka."

/*
 * Makes it; owner frees it with rd_kafka_conf_destroy(). What is wrong is logged under the output's
 * name, but never the value of a property that may be a secret: -EINVAL for what librdkafka does
 * not take or this output cannot have, the errors of opening and reading the file of properties,
 * -ENOMEM.
 */
int tc_kafka_conf_make(const struct tc_output_settings *settings, const char *name,
		       rd_kafka_conf_t **ret_conf);

#endif
