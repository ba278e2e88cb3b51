/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/keys.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/cmd/kinds.h"
#include "agent/http.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define RING_MAX (1024 * 1024 * 1024ULL)

enum when { WHEN_RESTART, WHEN_RELOAD };

static const struct tc_config_key keys[] = {
#define TC_CONFIG(member, path, type, preset, range, when, doc)                                    \
	{TC_CONFIG_##member,                                                                       \
	 path,                                                                                     \
	 TC_CONFIG_TYPE_##type,                                                                    \
	 preset,                                                                                   \
	 range,                                                                                    \
	 WHEN_##when,                                                                              \
	 doc,                                                                                      \
	 offsetof(struct tc_config, member)},
#include "agent/config/keys.def"
};

static const struct tc_config_option options[] = {
#define TC_CONFIG_OPTION(member, option, letter, placeholder, word)                                \
	{TC_CONFIG_##member, option, letter, placeholder, word},
#include "agent/config/keys.def"
};

static const struct type {
	enum tc_option_kind kind;
	const char *wanted;
} types[] = {
#define TC_CONFIG_TYPE(name, c_type, kind, wanted) {TC_OPTION_##kind, wanted},
#include "agent/config/types.def"
};

const struct tc_config_key *tc_config_key(enum tc_config_id id)
{
	return &keys[id];
}

const struct tc_config_key *tc_config_key_find(const char *path)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(keys[i].path, path) == 0)
			return &keys[i];
	return NULL;
}

const struct tc_config_option *tc_config_option(enum tc_config_id id)
{
	for (size_t i = 0; i < COUNT(options); i++)
		if (options[i].id == id)
			return &options[i];
	return NULL;
}

/* "a b c" as "a, b or c". */
static void add_words(struct tc_buffer *text, const char *words)
{
	while (*words) {
		size_t length = strcspn(words, " ");
		const char *next = words + length + (words[length] == ' ');

		tc_buffer_add(text, words, length);
		if (*next)
			tc_buffer_add_string(text, strchr(next, ' ') ? ", " : " or ");
		words = next;
	}
}

void tc_config_wanted(const struct tc_config_key *key, struct tc_buffer *text)
{
	const struct type *type = &types[key->type];

	if (key->type == TC_CONFIG_TYPE_WORD) {
		add_words(text, key->range);
		return;
	}
	tc_buffer_add_string(text, type->wanted ? type->wanted : tc_number_wanted(type->kind));
	if (key->range)
		tc_buffer_printf(text, ", from %.*s to %s", (int)strcspn(key->range, " "),
				 key->range, strchr(key->range, ' ') + 1);
}

void tc_config_describe(const struct tc_config_key *key, struct tc_buffer *text)
{
	tc_buffer_printf(text, "%c%s. It is ", toupper((unsigned char)key->doc[0]), key->doc + 1);
	tc_config_wanted(key, text);
	tc_buffer_add_char(text, '.');
	if (key->type != TC_CONFIG_TYPE_OUTPUTS)
		tc_buffer_printf(text, " Changes need a %s.", key->reloads ? "reload" : "restart");
}

/* --- reading --- */

static int refuse(const struct tc_config_key *key, struct tc_buffer *problem)
{
	tc_buffer_add_string(problem, "it must be ");
	tc_config_wanted(key, problem);
	return -EINVAL;
}

static bool is_among(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (; *words; words += strspn(words, " ")) {
		size_t size = strcspn(words, " ");

		if (size == length && memcmp(words, word, length) == 0)
			return true;
		words += size;
	}
	return false;
}

/* Whether a number lies between the two of the key's range. */
static bool is_in_range(const struct tc_config_key *key, uint64_t number)
{
	enum tc_option_kind kind = types[key->type].kind;
	uint64_t least = 0, greatest = UINT64_MAX;
	char word[32];

	if (!key->range)
		return true;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(key->range, " "), key->range);
	tc_parse_number(kind, word, &least);
	tc_parse_number(kind, strchr(key->range, ' ') + 1, &greatest);
	return number >= least && number <= greatest;
}

static int read_ring(const char *text, uint64_t *ret_bytes, struct tc_buffer *problem)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), bytes;

	if (tc_parse_number(TC_OPTION_SIZE, text, &bytes) || bytes < page || bytes > RING_MAX ||
	    bytes & (bytes - 1)) {
		tc_buffer_printf(problem, "it must be a power of two from %llu (a page) to 1G",
				 (unsigned long long)page);
		return -EINVAL;
	}
	*ret_bytes = bytes;
	return 0;
}

static int read_number(const struct tc_config_key *key, const char *text, uint64_t *ret_number,
		       struct tc_buffer *problem)
{
	uint64_t number;
	int error = tc_parse_number(types[key->type].kind, text, &number);

	if (error == -ERANGE) {
		tc_buffer_add_string(problem, "it is too large");
		return -EINVAL;
	}
	if (error || !is_in_range(key, number))
		return refuse(key, problem);
	*ret_number = number;
	return 0;
}

/* The words that YAML 1.1 has for it, as in rule files. */
static int read_yes(const struct tc_config_key *key, const char *text, bool *ret_yes,
		    struct tc_buffer *problem)
{
	bool yes = is_among("yes true on Yes True On YES TRUE ON", text);

	if (!yes && !is_among("no false off No False Off NO FALSE OFF", text))
		return refuse(key, problem);
	*ret_yes = yes;
	return 0;
}

/* `rules`: what the rules in force ask for. */
static int read_kinds(const char *text, const char **ret_text, struct tc_buffer *problem)
{
	uint64_t kinds;
	char wrong[64];

	if (strcmp(text, "rules") != 0 && tc_kinds_parse(text, &kinds, wrong) < 0) {
		tc_buffer_printf(problem,
				 "`%s` is no kind of event: `tocsin fields` names them, all is "
				 "each of them, rules stands alone",
				 wrong);
		return -EINVAL;
	}
	*ret_text = text;
	return 0;
}

static int read_listen(const char *text, const char **ret_text, struct tc_buffer *problem)
{
	const char *fault = tc_http_address_fault(text);

	if (fault) {
		tc_buffer_printf(problem, "it is %s", fault);
		return -EINVAL;
	}
	*ret_text = text;
	return 0;
}

int tc_config_value_read(const struct tc_config_key *key, const char *text, void *member,
			 struct tc_buffer *problem)
{
	switch (key->type) {
	case TC_CONFIG_TYPE_YES:
		return read_yes(key, text, member, problem);
	case TC_CONFIG_TYPE_RING:
		return read_ring(text, member, problem);
	case TC_CONFIG_TYPE_DURATION:
	case TC_CONFIG_TYPE_SIZE:
	case TC_CONFIG_TYPE_NUMBER:
		return read_number(key, text, member, problem);
	case TC_CONFIG_TYPE_KINDS:
		return read_kinds(text, member, problem);
	case TC_CONFIG_TYPE_LISTEN:
		return read_listen(text, member, problem);
	default:
		if (!*text || (key->type == TC_CONFIG_TYPE_WORD && !is_among(key->range, text)))
			return refuse(key, problem);
		*(const char **)member = text;
		return 0;
	}
}

/* --- printing --- */

/* The number with the largest unit that divides it. */
static void print_number(enum tc_option_kind kind, uint64_t number, struct tc_buffer *text)
{
	static const char *const units[][6] = {
		[TC_OPTION_DURATION] = {"d", "h", "m", "s", "ms"},
		[TC_OPTION_SIZE] = {"G", "M", "K"},
		[TC_OPTION_NUMBER] = {""},
	};

	for (size_t i = 0; number && i < COUNT(units[kind]) && units[kind][i]; i++) {
		char one[8];
		uint64_t factor = 1;

		snprintf(one, sizeof(one), "1%s", units[kind][i]);
		tc_parse_number(kind, one, &factor);
		if (number % factor)
			continue;
		tc_buffer_add_uint(text, number / factor);
		tc_buffer_add_string(text, units[kind][i]);
		return;
	}
	tc_buffer_add_uint(text, number);
}

void tc_config_value_print(const struct tc_config_key *key, const void *member,
			   struct tc_buffer *text)
{
	enum tc_option_kind kind = types[key->type].kind;
	const char *string;

	if (key->type == TC_CONFIG_TYPE_YES) {
		tc_buffer_add_string(text, *(const bool *)member ? "yes" : "no");
	} else if (kind != TC_OPTION_STRING) {
		print_number(kind, *(const uint64_t *)member, text);
	} else {
		string = *(const char *const *)member;
		tc_buffer_add_string(text, string ? string : "");
	}
}
