/* SPDX-License-Identifier: Apache-2.0 */
/* Text that is shown to people: made safe, measured and cut to columns of a terminal. */
#ifndef TOCSIN_OUTPUT_FORMAT_TEXT_H
#define TOCSIN_OUTPUT_FORMAT_TEXT_H

#include <stddef.h>

#include "agent/buffer.h"

/*
 * Appends text that was escaped before (by tc_text_escape(), or written by a person in a rule
 * file): as tc_text_escape(), but backslashes stay as they are, so that escapes are not escaped
 * again. What comes out has no control character and is valid UTF-8, whatever went in.
 */
void tc_text_sanitize(struct tc_buffer *buffer, const char *text, size_t length);

/* Columns that sanitized text takes on a terminal. */
size_t tc_text_columns(const char *text, size_t length);
/* Bytes of the longest start of sanitized text that takes at most columns. */
size_t tc_text_fit(const char *text, size_t length, size_t columns);

#endif
