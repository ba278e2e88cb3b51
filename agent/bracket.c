/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bracket.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Texts never change once their index was given away, so they are read without the lock. */
static char *texts[TC_BRACKETS_MAX];
static int n_texts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int find_or_add(const char *text)
{
	for (int i = 0; i < n_texts; i++)
		if (!strcmp(texts[i], text))
			return TC_BRACKET_FIRST + i;
	if (n_texts == TC_BRACKETS_MAX)
		return -ENOSPC;
	texts[n_texts] = strdup(text);
	return texts[n_texts] ? TC_BRACKET_FIRST + n_texts++ : -ENOMEM;
}

int tc_bracket_index(const char *text)
{
	pthread_mutex_lock(&lock);
	int index = find_or_add(text);
	pthread_mutex_unlock(&lock);
	return index;
}

const char *tc_bracket_text(int index)
{
	return index >= TC_BRACKET_FIRST ? texts[index - TC_BRACKET_FIRST] : NULL;
}

void tc_bracket_print(struct tc_buffer *text, int index)
{
	const char *words = tc_bracket_text(index);

	if (words)
		tc_buffer_printf(text, "[%s]", words);
	else if (index >= 0)
		tc_buffer_printf(text, "[%d]", index);
}
