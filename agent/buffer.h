/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable run of bytes.
 *
 * Running out of memory is remembered, not returned by each call: append all there is, then ask
 * tc_buffer_failed().
 */
#ifndef TOCSIN_AGENT_BUFFER_H
#define TOCSIN_AGENT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised is empty. bytes is always NUL-terminated once something was appended. */
struct tc_buffer {
	char *bytes;
	size_t length;
	size_t capacity;
	bool failed;
};

void tc_buffer_add(struct tc_buffer *buffer, const void *bytes, size_t length);
void tc_buffer_add_char(struct tc_buffer *buffer, char c);
void tc_buffer_add_string(struct tc_buffer *buffer, const char *string);
void tc_buffer_printf(struct tc_buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Empties it, keeps the memory, forgets a failure. */
void tc_buffer_reset(struct tc_buffer *buffer);
/* True when an append ran out of memory since the last reset: the content is not whole. */
bool tc_buffer_failed(const struct tc_buffer *buffer);
void tc_buffer_done(struct tc_buffer *buffer);

#define _cleanup_buffer_ __attribute__((cleanup(tc_buffer_done)))

#endif
