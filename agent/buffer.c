/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool buffer_reserve(struct tc_buffer *buffer, size_t extra)
{
	size_t needed = buffer->length + extra + 1;

	if (buffer->failed)
		return false;
	if (needed <= buffer->capacity)
		return true;

	size_t capacity = buffer->capacity ? buffer->capacity : 64;
	while (capacity < needed)
		capacity *= 2;
	char *bytes = realloc(buffer->bytes, capacity);
	if (!bytes) {
		buffer->failed = true;
		return false;
	}
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return true;
}

void tc_buffer_add(struct tc_buffer *buffer, const void *bytes, size_t length)
{
	if (!buffer_reserve(buffer, length))
		return;
	if (length)
		memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
}

void tc_buffer_add_char(struct tc_buffer *buffer, char c)
{
	tc_buffer_add(buffer, &c, 1);
}

void tc_buffer_add_string(struct tc_buffer *buffer, const char *string)
{
	tc_buffer_add(buffer, string, strlen(string));
}

void tc_buffer_printf(struct tc_buffer *buffer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0 || !buffer_reserve(buffer, (size_t)length))
		return;

	va_start(args, format);
	vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, args);
	va_end(args);
	buffer->length += (size_t)length;
}

void tc_buffer_reset(struct tc_buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->bytes)
		buffer->bytes[0] = '\0';
}

bool tc_buffer_failed(const struct tc_buffer *buffer)
{
	return buffer->failed;
}

void tc_buffer_done(struct tc_buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct tc_buffer){0};
}
