/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values with their names: what a recording keeps beside records. A reader takes those that it
 * knows by name, so that later versions can add some and leave others out.
 */
#ifndef TOCSIN_RECORDING_NAMED_H
#define TOCSIN_RECORDING_NAMED_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/buffer.h"

/* Name lengths are below this. */
#define TC_NAMED_NAME_MAX 256

void tc_named_put_number(struct tc_buffer *buffer, const char *name, uint64_t number);
void tc_named_put_bytes(struct tc_buffer *buffer, const char *name, const void *bytes,
			size_t length);
/* NULL puts nothing. */
void tc_named_put_text(struct tc_buffer *buffer, const char *name, const char *text);

/* A run of them; points into what was read. */
struct tc_named_list {
	const char *bytes;
	size_t length;
};

struct tc_named {
	const char *name; /* not terminated */
	size_t name_length;
	const char *bytes; /* of a number NULL */
	size_t length;
	uint64_t number;
};

/* Takes the first one off the list. 1; 0 when there is none; -EBADMSG when the list is malformed.
 */
int tc_named_next(struct tc_named_list *list, struct tc_named *ret_named);
bool tc_named_is(const struct tc_named *named, const char *name);

/* The first one of that name: a number (fallback when there is none), or bytes. */
uint64_t tc_named_number(const struct tc_named_list *list, const char *name, uint64_t fallback);
bool tc_named_bytes(const struct tc_named_list *list, const char *name, const char **ret_bytes,
		    size_t *ret_length);
/* Bytes as a text of less than size bytes; "" when there is none. What is longer is cut, and a
 * NUL ends it. */
void tc_named_text(const struct tc_named_list *list, const char *name, char *text, size_t size);

#endif
