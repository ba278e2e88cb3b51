/* SPDX-License-Identifier: Apache-2.0 */
/*
 * getopt(): finds options in a list of arguments as Falco's transformer does, which is getopt(3) of
 * POSIX but for three things: words that begin with -- are stepped over, unless they are nothing
 * else; an option whose argument is missing has an empty one; and of an option that occurs twice
 * the last counts, if one is asked for.
 */
#include <string.h>

#include "rules/compile/transform.h"

struct arguments {
	const char *at, *end; /* elements, each with its NUL */
};

struct word {
	const char *bytes;
	size_t length;
};

static bool next_word(struct arguments *arguments, struct word *ret_word)
{
	const char *nul;

	if (arguments->at >= arguments->end)
		return false;
	nul = memchr(arguments->at, '\0', (size_t)(arguments->end - arguments->at));
	if (!nul)
		nul = arguments->end;
	*ret_word = (struct word){arguments->at, (size_t)(nul - arguments->at)};
	arguments->at = nul + 1;
	return true;
}

/* What is found: a list with room for all of it, or the last value of one option. */
struct found {
	char *list, *next;
	char wanted; /* '\0': all go into the list */
	bool any;
	struct word last;
};

static void add(struct found *found, struct word word)
{
	found->next = mempcpy(found->next, word.bytes, word.length);
	*found->next++ = '\0';
}

/* An option, with its argument when it takes one. */
static void tell(struct found *found, struct word option, const struct word *argument)
{
	if (!found->wanted) {
		add(found, option);
		if (argument)
			add(found, *argument);
	} else if (*option.bytes == found->wanted) {
		found->last = argument ? *argument : option;
		found->any = true;
	}
}

/* Looks at a word of options: -x, -xyz, -xARGUMENT. */
static void read_cluster(struct word word, struct word known, struct arguments *rest,
			 struct found *found)
{
	for (size_t i = 1; i < word.length; i++) {
		struct word option = {word.bytes + i, 1};
		const char *row = *option.bytes == ':'
					  ? NULL
					  : memchr(known.bytes, *option.bytes, known.length);
		struct word argument = {word.bytes + i + 1, word.length - i - 1};

		if (!row) {
			if (!found->wanted)
				add(found, (struct word){"?", 1});
			continue;
		}
		if (row + 1 == known.bytes + known.length || row[1] != ':') {
			tell(found, option, NULL);
			continue;
		}
		if (!argument.length && !next_word(rest, &argument)) {
			/* Its argument is missing: an empty one stands for both. */
			if (!found->wanted)
				add(found, (struct word){"", 0});
			else
				tell(found, option, &(struct word){"", 0});
			return;
		}
		tell(found, option, &argument);
		return;
	}
}

bool tc_transform_getopt(const struct tc_expression *call, const struct tc_value *given,
			 struct tc_arena *arena, struct tc_value *ret_value)
{
	struct arguments arguments = {given[0].bytes, given[0].bytes + given[0].length};
	struct word known = {given[1].bytes, given[1].length}, word;
	struct found found = {.wanted = call->option};

	if (!tc_value_is_whole(&given[0]) || !tc_value_is_whole(&given[1]))
		return false;
	/* Each byte of a word makes at most itself and a NUL. */
	found.list = found.next = tc_arena_alloc(arena, (size_t)given[0].length * 2 + 2);
	if (!found.list)
		return false;
	while (next_word(&arguments, &word)) {
		bool dashes = word.length >= 2 && word.bytes[0] == '-' && word.bytes[1] == '-';

		if (dashes && word.length > 2)
			continue;
		if (dashes || word.length < 2 || word.bytes[0] != '-')
			break;
		read_cluster(word, known, &arguments, &found);
	}
	if (found.wanted && !found.any)
		return false;
	if (found.wanted)
		*ret_value = (struct tc_value){.type = TC_TYPE_STRING,
					       .bytes = found.last.bytes,
					       .length = (uint32_t)found.last.length};
	else
		*ret_value = (struct tc_value){.type = TC_TYPE_LIST,
					       .bytes = found.list,
					       .length = (uint32_t)(found.next - found.list)};
	ret_value->size = ret_value->length;
	return true;
}
