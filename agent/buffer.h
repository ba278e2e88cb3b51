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
#include <stdint.h>
#include <string.h>

/* Zero-initialised is empty. bytes is always NUL-terminated once something was appended. */
struct tc_buffer {
	char *bytes;
	size_t length;
	size_t capacity;
	bool failed;
};

/* What tc_buffer_room() does when there is not enough. */
char *tc_buffer_grow(struct tc_buffer *buffer, size_t extra);

/*
 * For what is put together in place: where up to extra bytes may be written behind the content, or
 * NULL when memory ran out. tc_buffer_end() appends them, up to end.
 */
static inline char *tc_buffer_room(struct tc_buffer *buffer, size_t extra)
{
	if (buffer->capacity - buffer->length > extra && !buffer->failed)
		return buffer->bytes + buffer->length;
	return tc_buffer_grow(buffer, extra);
}

static inline void tc_buffer_end(struct tc_buffer *buffer, char *end)
{
	*end = '\0';
	buffer->length = (size_t)(end - buffer->bytes);
}

/* Inline: an alert is some two hundred of them. */
static inline void tc_buffer_add(struct tc_buffer *buffer, const void *bytes, size_t length)
{
	char *place = tc_buffer_room(buffer, length);

	if (!place)
		return;
	if (length)
		memcpy(place, bytes, length);
	tc_buffer_end(buffer, place + length);
}

static inline void tc_buffer_add_char(struct tc_buffer *buffer, char c)
{
	tc_buffer_add(buffer, &c, 1);
}

static inline void tc_buffer_add_string(struct tc_buffer *buffer, const char *string)
{
	tc_buffer_add(buffer, string, strlen(string));
}

/* Appends a number in decimal. */
void tc_buffer_add_uint(struct tc_buffer *buffer, uint64_t number);
void tc_buffer_add_int(struct tc_buffer *buffer, int64_t number);
void tc_buffer_printf(struct tc_buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Empties it, keeps the memory, forgets a failure. */
void tc_buffer_reset(struct tc_buffer *buffer);
/* True when an append ran out of memory since the last reset: the content is not whole. */
bool tc_buffer_failed(const struct tc_buffer *buffer);
void tc_buffer_done(struct tc_buffer *buffer);

#define _cleanup_buffer_ __attribute__((cleanup(tc_buffer_done)))

#endif
