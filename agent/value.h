/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text: one way for templates, tables and JSON, so that an alert reads the same
 * everywhere. */
#ifndef TOCSIN_AGENT_VALUE_H
#define TOCSIN_AGENT_VALUE_H

#include "agent/buffer.h"
#include "agent/event.h"

/*
 * Appends bytes as UTF-8 text without control characters. What is not printable text is escaped
 * reversibly:
 * \\ for a backslash, \n \r \t, \xNN for any other control byte and for each byte that is not valid
 * UTF-8, \u{N} for characters that change how the rest of a line is shown (C1 controls, line
 * separators, bidirectional marks, byte order mark).
 */
void tc_text_escape(struct tc_buffer *text, const char *bytes, size_t length);

/* How many bytes at the start are printable ASCII, but neither a quote nor a backslash: text that
 * no format has to escape. */
size_t tc_text_plain(const char *bytes, size_t length);

/* The reverse: appends the bytes that were escaped. What is no such escape stays as it is. */
void tc_text_unescape(struct tc_buffer *bytes, const char *text, size_t length);

/* How many bytes at the start are well-formed UTF-8. */
size_t tc_utf8_valid(const char *bytes, size_t length);

/* Appends an address of TC_IP_BYTES as text: 192.0.2.1 or, as RFC 5952 has it, 2001:db8::1. */
void tc_ip_print(struct tc_buffer *text, const char *bytes);

/*
 * Appends a value as text for people: numbers in decimal (hexadecimal for show hex), true or false,
 * strings escaped, lists joined by blanks; <NA> when there is none, <unreadable> when the kernel
 * could not read it; a cut value ends in "...[cut, N bytes]" with its true size.
 */
void tc_value_print(struct tc_buffer *text, const struct tc_value *value, enum tc_show show);

#endif
