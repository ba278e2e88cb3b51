/* SPDX-License-Identifier: Apache-2.0 */
#include "output/output.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct row {
	const char *name;
	const struct tc_output_ops *ops;
	const char *doc;
} rows[] = {
#define TC_OUTPUT(name, ops, doc) {name, &ops, doc},
#include "output/outputs.def"
#undef TC_OUTPUT
};

struct tc_output {
	char *spec;
	const struct tc_output_ops *ops;
	void *state;
};

static const struct tc_output_key no_keys[] = {{0}};

static const struct tc_output_key *keys_of(const struct row *row)
{
	return row->ops->keys ? row->ops->keys : no_keys;
}

static size_t count_keys(const struct tc_output_key *keys)
{
	size_t count = 0;

	while (keys[count].name)
		count++;
	return count;
}

static void tell_unknown(const char *name, const char *const *names)
{
	const char *nearest = tc_nearest_word(name, names, COUNT(rows));
	_cleanup_buffer_ struct tc_buffer list = {0};

	for (size_t i = 0; i < COUNT(rows); i++)
		tc_buffer_printf(&list, "%s%s", i ? ", " : "", names[i]);
	if (nearest)
		tc_error("output %s: there is none of this name (did you mean %s?)", name, nearest);
	else
		tc_error("output %s: there is none of this name; known are: %s", name,
			 tc_buffer_failed(&list) ? "" : list.bytes);
}

static const struct row *row_find(const char *name)
{
	const char *names[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
		names[i] = rows[i].name;
	}
	tell_unknown(name, names);
	return NULL;
}

/* Looks whether a value is one of the words, separated by blanks, that a key may have. */
static bool is_allowed(const struct tc_output_key *key, const char *value)
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

/* One KEY=VALUE; values has a place for each key. text is changed. */
static int setting_read(const struct row *row, char *text, char **values)
{
	const struct tc_output_key *keys = keys_of(row);
	char *value = strchr(text, '=');

	if (!value) {
		tc_error("output %s: `%s` is not KEY=VALUE", row->name, text);
		return -EINVAL;
	}
	*value++ = '\0';
	for (size_t i = 0; keys[i].name; i++) {
		if (strcmp(keys[i].name, text))
			continue;
		if (!is_allowed(&keys[i], value)) {
			tc_error("output %s: %s=%s: it must be one of: %s", row->name, text, value,
				 keys[i].values);
			return -EINVAL;
		}
		values[i] = value;
		return 0;
	}
	tc_error("output %s: there is no setting %s", row->name, text);
	return -EINVAL;
}

const char *tc_output_setting(const struct tc_output_settings *settings, const char *key)
{
	for (size_t i = 0; settings->keys[i].name; i++)
		if (strcmp(settings->keys[i].name, key) == 0)
			return settings->values[i];
	return NULL;
}

/* Fills in the first of the allowed words where nothing was given. The strings are added to copies.
 */
static int defaults_fill(const struct tc_output_key *keys, char **values, char **copies)
{
	for (size_t i = 0; keys[i].name; i++) {
		if (values[i] || !keys[i].values)
			continue;
		copies[i] = strndup(keys[i].values, strcspn(keys[i].values, " "));
		if (!copies[i])
			return -ENOMEM;
		values[i] = copies[i];
	}
	return 0;
}

/* Reads KEY=VALUE,KEY=VALUE (changed on the way; NULL for none) and opens the output with it. */
static int open_with(const struct row *row, char *text, void **ret_state)
{
	const struct tc_output_key *keys = keys_of(row);
	size_t count = count_keys(keys);
	char **values = calloc(2 * count + 1, sizeof(*values)), **copies = values + count;
	int error = values ? 0 : -ENOMEM;

	for (char *next; text && !error; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = '\0';
		error = setting_read(row, text, values);
	}
	if (!error)
		error = defaults_fill(keys, values, copies);
	if (!error)
		error = row->ops->open(&(struct tc_output_settings){keys, values}, ret_state);
	for (size_t i = 0; values && i < count; i++)
		free(copies[i]);
	free(values);
	return error;
}

int tc_output_attach(const char *spec, const struct tc_output_ops *ops, void *state,
		     struct tc_output **ret_output)
{
	struct tc_output *output = calloc(1, sizeof(*output));

	if (output)
		output->spec = strdup(spec);
	if (!output || !output->spec) {
		free(output);
		return -ENOMEM;
	}
	output->ops = ops;
	output->state = state;
	*ret_output = output;
	return 0;
}

int tc_output_open(const char *spec, struct tc_output **ret_output)
{
	char *name = strdup(spec), *settings = name ? strchr(name, ':') : NULL;
	const struct row *row;
	void *state = NULL;
	int error;

	if (!name)
		return -ENOMEM;
	if (settings)
		*settings++ = '\0';
	row = row_find(name);
	error = row ? open_with(row, settings, &state) : -EINVAL;
	if (!error) {
		error = tc_output_attach(spec, row->ops, state, ret_output);
		if (error)
			row->ops->close(state);
	}
	free(name);
	return error;
}

const char *tc_output_spec(const struct tc_output *output)
{
	return output->spec;
}

int tc_output_write(struct tc_output *output, const struct tc_alert *alert)
{
	return output->ops->write(output->state, alert);
}

int tc_output_flush(struct tc_output *output)
{
	return output->ops->flush(output->state);
}

void tc_output_close(struct tc_output *output)
{
	if (!output)
		return;
	output->ops->close(output->state);
	free(output->spec);
	free(output);
}

/* The words that a key may be, as KEY=WORD|WORD. */
static void list_key(const struct tc_output_key *key, FILE *stream)
{
	fprintf(stream, "    %s=", key->name);
	for (const char *c = key->values ? key->values : "TEXT"; *c; c++)
		fputc(*c == ' ' ? '|' : *c, stream);
	fprintf(stream, ": %s\n", key->doc);
}

void tc_output_list(FILE *stream)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		fprintf(stream, "  %-10s%s\n", rows[i].name, rows[i].doc);
		for (const struct tc_output_key *key = keys_of(&rows[i]); key->name; key++)
			list_key(key, stream);
	}
}
