/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of words separated by blanks, as the tables of include/schema have them. */
#ifndef TOCSIN_AGENT_WORDS_H
#define TOCSIN_AGENT_WORDS_H

#include <stdbool.h>
#include <string.h>

/* Whether one of the words is the one of that many bytes. */
static inline bool tc_words_have(const char *words, const char *word, size_t length)
{
	while (*words) {
		size_t word_length = strcspn(words, " ");

		if (word_length == length && memcmp(words, word, length) == 0)
			return true;
		words += word_length;
		words += strspn(words, " ");
	}
	return false;
}

#endif
