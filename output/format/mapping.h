/* SPDX-License-Identifier: Apache-2.0 */
/* From the journal's JSON to the schemas of others: what mappings.def and kinds.def say. */
#ifndef TOCSIN_OUTPUT_FORMAT_MAPPING_H
#define TOCSIN_OUTPUT_FORMAT_MAPPING_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "agent/buffer.h"
#include "output/journal_reader.h"

/* See mappings.def. */
enum tc_conversion {
	TC_CONVERT_AS_IS,
	TC_CONVERT_STRING,
	TC_CONVERT_DATE,
	TC_CONVERT_MS,
	TC_CONVERT_INSIDE,
	TC_CONVERT_FILE,
	TC_CONVERT_FILE_TYPE,
	TC_CONVERT_ECS_TYPE,
};

/* Schemas whose documents are JSON. */
enum tc_document_schema { TC_SCHEMA_ECS, TC_SCHEMA_OCSF, TC_SCHEMA_MAX };

struct tc_mapping {
	const char *field;
	struct {
		const char *path; /* "": it has none */
		enum tc_conversion how;
	} places[TC_SCHEMA_MAX];
	const char *cef;
};

/* The rows of mappings.def, in order; a field's rows follow each other. */
extern const struct tc_mapping tc_mappings[];
extern const size_t tc_n_mappings;
/* Whether a field has a place in a schema. */
bool tc_is_mapped(const char *field, enum tc_document_schema schema);

enum tc_direction { TC_DIRECTION_NONE, TC_DIRECTION_IN, TC_DIRECTION_OUT };

struct tc_kind_mapping {
	const char *kind;
	const char *category, *type; /* of ECS */
	enum tc_direction direction;
};

/* What is said of a kind of event; "host" and "info" of one without a row. */
const struct tc_kind_mapping *tc_kind_mapping(const char *kind);

/* A row's JSON, taken apart. */
struct tc_alert_document {
	struct json_object *json;
	struct json_object *fields; /* its output_fields: scalars, and arrays of strings */
	struct json_object *tags;   /* an array of strings; NULL: there are none */
};

/* 0; -EINVAL when the row's JSON is not an alert's; -ENOMEM. Done with tc_alert_document_done(). */
int tc_alert_document_parse(const struct tc_journal_row *row, struct tc_alert_document *ret_alert);
void tc_alert_document_done(struct tc_alert_document *alert);
#define _cleanup_alert_document_ __attribute__((cleanup(tc_alert_document_done)))
/* A string of the alert, outside of its fields; NULL when there is none. */
const char *tc_alert_document_string(const struct tc_alert_document *alert, const char *key);

/*
 * A document that is put together. Where something ran out of memory failed is set, and the
 * document is of no use.
 */
struct tc_document {
	struct json_object *json;
	bool failed;
};

/* Puts a value, which is the document's from here on, at a path: names joined by dots, of which one
 * may end in [] for the first element of an array. A value of NULL is left out. */
void tc_document_put(struct tc_document *document, const char *path, struct json_object *value);
void tc_document_put_string(struct tc_document *document, const char *path, const char *string);
void tc_document_put_number(struct tc_document *document, const char *path, int64_t number);
/* Puts every field that has a place in the schema there. */
void tc_document_put_mapped(struct tc_document *document, const struct tc_alert_document *alert,
			    enum tc_document_schema schema);
/* Puts a part of the alert's JSON outside of its fields at a path. */
void tc_document_put_part(struct tc_document *document, const char *path,
			  const struct tc_alert_document *alert, const char *key);
/* Appends the document as text and frees it. 0 or -ENOMEM. */
int tc_document_finish(struct tc_document *document, struct tc_buffer *text);

/* Calls back for each technique of MITRE ATT&CK among the tags: T1059 or T1059.004. */
void tc_alert_techniques(const struct tc_alert_document *alert,
			 void (*callback)(const char *technique, void *context), void *context);

#endif
