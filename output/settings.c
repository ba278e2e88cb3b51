/* SPDX-License-Identifier: Apache-2.0 */
#include "output/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/buffer.h"
#include "agent/log.h"
#include "agent/nearest.h"

const struct tc_output_key tc_output_common_keys[] = {
#define TC_SETTING(name, values, doc) {name, values, doc},
#include "output/settings.def"
	{0},
};

/* KEY=VALUE as it was given; points into text. */
struct setting {
	const char *key, *value;
};

struct tc_output_settings {
	const struct tc_output *output;
	char *text; /* of the SPEC behind the colon, cut into strings */
	struct setting *items;
	size_t count;
	char **defaults; /* of the output's own keys and then the common ones; NULL: none */
};

/* The keys of the output, and behind them those of every output. */
static const struct tc_output_key *key_at(const struct tc_output *output, size_t index)
{
	const struct tc_output_key *own = output->ops->keys;

	for (; own && own->name; own++)
		if (index-- == 0)
			return own;
	return tc_output_common_keys[index].name ? &tc_output_common_keys[index] : NULL;
}

static bool is_key(const struct tc_output_key *row, const char *key)
{
	size_t length = strlen(row->name);

	if (length > 2 && strcmp(row->name + length - 2, ".*") == 0)
		return strncmp(row->name, key, length - 1) == 0 && key[length - 1];
	return strcmp(row->name, key) == 0;
}

const struct tc_output_key *tc_output_key_find(const struct tc_output *output, const char *key)
{
	const struct tc_output_key *row;

	for (size_t i = 0; (row = key_at(output, i)); i++)
		if (is_key(row, key))
			return row;
	return NULL;
}

const char *tc_output_key_nearest(const struct tc_output *output, const char *key)
{
	struct tc_nearest nearest = {.word = key, .length = strlen(key)};
	const struct tc_output_key *row;

	for (size_t i = 0; (row = key_at(output, i)); i++)
		tc_nearest_offer(&nearest, row->name);
	return nearest.best;
}

static void tell_unknown(const struct tc_output *output, const char *key)
{
	const char *nearest = tc_output_key_nearest(output, key);
	_cleanup_buffer_ struct tc_buffer list = {0};
	const struct tc_output_key *row;

	for (size_t i = 0; (row = key_at(output, i)); i++)
		tc_buffer_printf(&list, "%s%s", i ? ", " : "", row->name);
	if (nearest)
		tc_error("output %s: there is no setting %s (did you mean %s?)", output->name, key,
			 nearest);
	else
		tc_error("output %s: there is no setting `%s`; there are: %s", output->name, key,
			 tc_buffer_failed(&list) ? "" : list.bytes);
}

bool tc_output_key_allows(const struct tc_output_key *key, const char *value)
{
	size_t length = strlen(value);

	for (const char *word = key->values; word && *word; word += strspn(word, " ")) {
		size_t word_length = strcspn(word, " ");

		if (word_length == length && memcmp(word, value, length) == 0)
			return true;
		word += word_length;
	}
	return !key->values;
}

static bool was_given(const struct tc_output_settings *settings, const char *key)
{
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].key, key) == 0)
			return true;
	return false;
}

bool tc_output_key_is_term(const char *key)
{
	static const char *const terms[] = {
#define TC_TERM(name, values, doc) name,
#include "output/settings.def"
	};

	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++)
		if (strcmp(terms[i], key) == 0)
			return true;
	return false;
}

bool tc_output_key_is_secret(const char *key)
{
	static const char *const words[] = {"password", "secret", "key.pem", "oauthbearer.config"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(key, words[i]))
			return true;
	return false;
}

/* What is not KEY=VALUE may be the rest of a password that has a comma. */
static void tell_malformed(const struct tc_output_settings *settings, const char *text)
{
	const char *before = settings->count ? settings->items[settings->count - 1].key : NULL;

	if (before && tc_output_key_is_secret(before))
		tc_error("output %s: what follows the value of %s is not KEY=VALUE; a comma in a "
			 "value is written \\,",
			 settings->output->name, before);
	else
		tc_error("output %s: `%s` is not KEY=VALUE", settings->output->name, text);
}

/* One KEY=VALUE; text is changed. */
static int setting_add(struct tc_output_settings *settings, char *text)
{
	const struct tc_output *output = settings->output;
	char *value = strchr(text, '=');
	const struct tc_output_key *key;

	if (!value) {
		tell_malformed(settings, text);
		return -EINVAL;
	}
	*value++ = '\0';
	key = tc_output_key_find(output, text);
	if (!key) {
		tell_unknown(output, text);
		return -EINVAL;
	}
	if (!tc_output_key_allows(key, value)) {
		tc_error("output %s: %s=%s: it must be one of: %s", output->name, text, value,
			 key->values);
		return -EINVAL;
	}
	if (was_given(settings, text)) {
		tc_error("output %s: %s is given twice", output->name, text);
		return -EINVAL;
	}
	settings->items[settings->count++] = (struct setting){text, value};
	return 0;
}

/* Cuts off the text up to the next comma that no backslash stands before, and takes the backslashes
 * away. Returns what is behind the comma; NULL at the end. */
static char *cut(char *text)
{
	char *to = text;

	for (; *text && *text != ','; text++) {
		if (text[0] == '\\' && (text[1] == ',' || text[1] == '\\'))
			text++;
		*to++ = *text;
	}
	char *rest = *text ? text + 1 : NULL;
	*to = '\0';
	return rest;
}

static size_t count_commas(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == ',';
	return count;
}

/* Reads KEY=VALUE,KEY=VALUE. */
static int read_text(struct tc_output_settings *settings, const char *text)
{
	int error = 0;

	settings->text = strdup(text);
	settings->items = calloc(count_commas(text) + 1, sizeof(*settings->items));
	if (!settings->text || !settings->items)
		return -ENOMEM;
	for (char *rest = settings->text, *next; rest && !error; rest = next) {
		next = cut(rest);
		error = setting_add(settings, rest);
	}
	return error;
}

static const char *default_words(const struct tc_output *output, const struct tc_output_key *key)
{
	if (strcmp(key->name, "name") == 0)
		return output->name;
	if (strcmp(key->name, "format") == 0)
		return output->ops->format ? output->ops->format : "json";
	return key->values;
}

/* The first of the words that a key may be is its value where none was given. */
static int fill_defaults(struct tc_output_settings *settings)
{
	const struct tc_output_key *key;
	size_t count = 0;

	while (key_at(settings->output, count))
		count++;
	settings->defaults = calloc(count + 1, sizeof(*settings->defaults));
	if (!settings->defaults)
		return -ENOMEM;
	for (size_t i = 0; (key = key_at(settings->output, i)); i++) {
		const char *words = default_words(settings->output, key);

		if (words)
			settings->defaults[i] = strndup(words, strcspn(words, " "));
		if (words && !settings->defaults[i])
			return -ENOMEM;
	}
	return 0;
}

int tc_output_settings_read(const struct tc_output *output, const char *spec,
			    struct tc_output_settings **ret_settings)
{
	_cleanup_output_settings_ struct tc_output_settings *settings =
		calloc(1, sizeof(*settings));
	const char *text = strchr(spec, ':');
	int error;

	if (!settings)
		return -ENOMEM;
	settings->output = output;
	error = text ? read_text(settings, text + 1) : 0;
	if (!error)
		error = fill_defaults(settings);
	if (error)
		return error;
	*ret_settings = settings;
	settings = NULL;
	return 0;
}

static void add_value(struct tc_buffer *spec, const char *value)
{
	for (; *value; value++) {
		if (*value == ',' || *value == '\\')
			tc_buffer_add_char(spec, '\\');
		tc_buffer_add_char(spec, *value);
	}
}

void tc_output_settings_spec(const struct tc_output_settings *settings, struct tc_buffer *spec)
{
	tc_buffer_add_string(spec, settings->output->name);
	for (size_t i = 0; i < settings->count; i++) {
		const struct setting *item = &settings->items[i];

		tc_buffer_printf(spec, "%c%s=", i ? ',' : ':', item->key);
		add_value(spec, tc_output_key_is_secret(item->key) ? "***" : item->value);
	}
}

void tc_output_settings_free(struct tc_output_settings *settings)
{
	if (!settings)
		return;
	for (size_t i = 0; settings->defaults && key_at(settings->output, i); i++)
		free(settings->defaults[i]);
	free(settings->defaults);
	free(settings->items);
	free(settings->text);
	free(settings);
}

const char *tc_output_setting(const struct tc_output_settings *settings, const char *key)
{
	const struct tc_output_key *row;

	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings->items[i].key, key) == 0)
			return settings->items[i].value;
	for (size_t i = 0; (row = key_at(settings->output, i)); i++)
		if (strcmp(row->name, key) == 0)
			return settings->defaults[i];
	return NULL;
}

int tc_output_setting_number(const struct tc_output_settings *settings, const char *key,
			     enum tc_option_kind kind, uint64_t *value)
{
	const char *text = tc_output_setting(settings, key);

	if (!text || tc_parse_number(kind, text, value) == 0)
		return 0;
	tc_error("output %s: %s=%s: it must be %s", settings->output->name, key, text,
		 tc_number_wanted(kind));
	return -EINVAL;
}

int tc_output_settings_with(const struct tc_output_settings *settings, const char *prefix,
			    tc_output_setting_callback callback, void *context)
{
	size_t length = strlen(prefix);
	int stop = 0;

	for (size_t i = 0; i < settings->count && !stop; i++)
		if (strncmp(settings->items[i].key, prefix, length) == 0)
			stop = callback(settings->items[i].key + length, settings->items[i].value,
					context);
	return stop;
}
