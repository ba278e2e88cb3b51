/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/story/template.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#define FIELD_NAME_MAX 64

static size_t name_length(const char *name)
{
	size_t length = 0;

	while (isalnum((unsigned char)name[length]) || name[length] == '_' ||
	       (name[length] == '.' && isalpha((unsigned char)name[length + 1])))
		length++;
	return length;
}

/* The bits of chmod(2) in octal, where they are told by name: S_IRUSR|S_IWUSR is 0600 to people. */
static const struct {
	const char *name;
	unsigned bits;
} mode_bits[] = {
	{"S_ISUID", S_ISUID}, {"S_ISGID", S_ISGID}, {"S_ISVTX", S_ISVTX}, {"S_IRUSR", S_IRUSR},
	{"S_IWUSR", S_IWUSR}, {"S_IXUSR", S_IXUSR}, {"S_IRGRP", S_IRGRP}, {"S_IWGRP", S_IWGRP},
	{"S_IXGRP", S_IXGRP}, {"S_IROTH", S_IROTH}, {"S_IWOTH", S_IWOTH}, {"S_IXOTH", S_IXOTH},
};

static bool mode_of(char *words, unsigned *ret_mode)
{
	char *word;
	size_t i;

	*ret_mode = 0;
	while ((word = strsep(&words, "|"))) {
		for (i = 0; i < sizeof(mode_bits) / sizeof(mode_bits[0]); i++)
			if (strcmp(mode_bits[i].name, word) == 0)
				break;
		if (i == sizeof(mode_bits) / sizeof(mode_bits[0]))
			return false;
		*ret_mode |= mode_bits[i].bits;
	}
	return true;
}

static bool get_mode(tc_story_getter get, void *context, struct tc_buffer *text)
{
	_cleanup_buffer_ struct tc_buffer words = {0}, copy = {0};
	unsigned mode;

	if (!get(context, "evt.arg.mode", &words) || !words.length)
		return false;
	tc_buffer_add(&copy, words.bytes, words.length);
	if (!tc_buffer_failed(&copy) && mode_of(copy.bytes, &mode))
		tc_buffer_printf(text, "%04o", mode);
	else
		tc_buffer_add(text, words.bytes, words.length);
	text->failed |= tc_buffer_failed(&words) || tc_buffer_failed(&copy);
	return true;
}

static bool get_field(const char *name, tc_story_getter get, void *context, struct tc_buffer *text)
{
	return strcmp(name, "evt.arg.mode") == 0 ? get_mode(get, context, text)
						 : get(context, name, text);
}

/* Fills in up to the end of the template or the group; false when a field has no value. */
static bool fill_run(const char *from, const char *end, tc_story_getter get, void *context,
		     struct tc_buffer *text)
{
	char name[FIELD_NAME_MAX];

	while (from < end) {
		size_t length = *from == '%' ? name_length(from + 1) : 0;

		if (!length || length >= sizeof(name)) {
			tc_buffer_add_char(text, *from++);
			continue;
		}
		memcpy(name, from + 1, length);
		name[length] = '\0';
		if (!get_field(name, get, context, text))
			return false;
		from += length + 1;
	}
	return true;
}

void tc_story_fill(const char *template, tc_story_getter get, void *context, struct tc_buffer *text)
{
	const char *end = template + strlen(template);

	while (template <end) {
		const char *group = strchrnul(template, '['), *close = strchrnul(group, ']');
		_cleanup_buffer_ struct tc_buffer part = {0};

		fill_run(template, group, get, context, text);
		template = group;
		if (template == end)
			break;
		if (fill_run(group + 1, close, get, context, &part) && part.length)
			tc_buffer_add(text, part.bytes, part.length);
		text->failed |= tc_buffer_failed(&part);
		template = *close ? close + 1 : close;
	}
}
