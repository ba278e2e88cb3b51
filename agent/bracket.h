/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts in brackets behind fields (container.label[app]), as indexes beside those that are numbers.
 *
 * Each text has one index for as long as the program runs: rules that are read anew name the same
 * ones. May be asked for in several threads.
 */
#ifndef TOCSIN_AGENT_BRACKET_H
#define TOCSIN_AGENT_BRACKET_H

#include "agent/buffer.h"

/* Indexes below are numbers. */
#define TC_BRACKET_FIRST 65536
#define TC_BRACKETS_MAX 4096

/* The index of a text; -ENOSPC when there are too many, -ENOMEM. */
int tc_bracket_index(const char *text);
/* The text of an index, NULL when it is a number. */
const char *tc_bracket_text(int index);
/* Appends the brackets as they were written; nothing for -1. */
void tc_bracket_print(struct tc_buffer *text, int index);

#endif
