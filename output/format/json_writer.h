/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON (RFC 8259) into a buffer. It sets the commas; the caller keeps the order of things
 * right. Whatever bytes go in, what comes out is valid JSON on one line.
 */
#ifndef TOCSIN_OUTPUT_FORMAT_JSON_WRITER_H
#define TOCSIN_OUTPUT_FORMAT_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/buffer.h"

/* Start with {.buffer = ...}. An append that runs out of memory is remembered by the buffer. */
struct tc_json {
	struct tc_buffer *buffer;
	struct tc_buffer scratch; /* for escaping; kept from one string to the next */
	bool comma;		  /* the next value or key has one before it */
};

/* Frees what the writer holds itself; the buffer stays. */
void tc_json_done(struct tc_json *json);
#define _cleanup_json_ __attribute__((cleanup(tc_json_done)))

void tc_json_object_begin(struct tc_json *json);
void tc_json_object_end(struct tc_json *json);
void tc_json_array_begin(struct tc_json *json);
void tc_json_array_end(struct tc_json *json);
/* The name of the next value in an object; escaped like a text. */
void tc_json_key(struct tc_json *json, const char *key);
/* One that is used again and again, as it is written: escaped, with its quotes and its colon. */
void tc_json_key_made(struct tc_json *json, const char *key, size_t length);
/* A name known when this is compiled, in which nothing needs escaping. */
#define tc_json_key_literal(json, name)                                                            \
	tc_json_key_made(json, "\"" name "\":", sizeof("\"" name "\":") - 1)
/* A value that is JSON already. */
void tc_json_raw(struct tc_json *json, const char *value, size_t length);
void tc_json_null(struct tc_json *json);
void tc_json_bool(struct tc_json *json, bool yes);
void tc_json_uint(struct tc_json *json, uint64_t number);
void tc_json_int(struct tc_json *json, int64_t number);
/* Text that is escaped already: see tc_text_sanitize(). */
void tc_json_text(struct tc_json *json, const char *text, size_t length);
/* Terminated text; null for NULL. */
void tc_json_string(struct tc_json *json, const char *string);
/*
 * Bytes from outside: as tc_text_escape() has them, and then as a JSON string. A reader that undoes
 * both has the bytes.
 */
void tc_json_bytes(struct tc_json *json, const char *bytes, size_t length);

#endif
