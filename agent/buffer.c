/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *tc_buffer_grow(struct tc_buffer *buffer, size_t extra)
{
	size_t needed = buffer->length + extra + 1;
	size_t capacity = buffer->capacity ? buffer->capacity : 64;

	if (buffer->failed)
		return NULL;
	while (capacity < needed)
		capacity *= 2;
	char *bytes = realloc(buffer->bytes, capacity);
	if (!bytes) {
		buffer->failed = true;
		return NULL;
	}
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return bytes + buffer->length;
}

/* Digits of the largest number. */
#define DIGITS_MAX 20

void tc_buffer_add_uint(struct tc_buffer *buffer, uint64_t number)
{
	char digits[DIGITS_MAX];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	tc_buffer_add(buffer, digits + at, sizeof(digits) - at);
}

void tc_buffer_add_int(struct tc_buffer *buffer, int64_t number)
{
	if (number < 0)
		tc_buffer_add_char(buffer, '-');
	tc_buffer_add_uint(buffer, number < 0 ? -(uint64_t)number : (uint64_t)number);
}

void tc_buffer_printf(struct tc_buffer *buffer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *place = length < 0 ? NULL : tc_buffer_room(buffer, (size_t)length);
	if (!place)
		return;

	va_start(args, format);
	vsnprintf(place, (size_t)length + 1, format, args);
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
