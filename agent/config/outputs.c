/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "output/courier.h"
#include "output/settings.h"
#include "rules/language/item.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define HIDDEN "***"

/* An output of a file while it is read. */
struct reading {
	struct tc_config_load *load;
	const struct tc_yaml *name, *mapping; /* in the file */
	const struct tc_output *type;
	struct tc_config_output output;
	struct tc_config_setting *settings; /* room for all keys of the mapping */
	bool faulty;			    /* something was told */
	bool known;			    /* all references were resolved */
};

/* --- the list --- */

static struct tc_config_output *find(struct tc_config_outputs *outputs, const char *name)
{
	for (size_t i = 0; i < outputs->count; i++)
		if (strcmp(outputs->items[i].name, name) == 0)
			return &outputs->items[i];
	return NULL;
}

static int add(struct tc_config_outputs *outputs, const struct tc_config_output *output)
{
	struct tc_config_output *items =
		realloc(outputs->items, (outputs->count + 1) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	outputs->items = items;
	items[outputs->count++] = *output;
	return 0;
}

static void take_away(struct tc_config_outputs *outputs, const char *name)
{
	struct tc_config_output *output = find(outputs, name);

	if (output)
		memmove(output, output + 1,
			(size_t)(outputs->items + --outputs->count - output) * sizeof(*output));
}

/* --- settings --- */

static void tell(struct reading *reading, enum tc_diagnostic_kind kind, const struct tc_yaml *node,
		 const char *problem)
{
	tc_where_report(reading->load->diagnostics, kind, tc_yaml_where(node), "%s", problem);
	reading->faulty = true;
}

/* What stands behind a key that is wrong may be a secret. */
static void cut_line(struct tc_diagnostic *found, const char *key)
{
	char *start = found && found->snippet ? strstr(found->snippet, key) : NULL;

	if (start)
		start[strlen(key)] = '\0';
}

static void tell_unknown_key(struct reading *reading, const struct tc_yaml *key)
{
	const char *nearest = tc_output_key_nearest(reading->type, key->text);
	struct tc_diagnostic *found = tc_where_report(
		reading->load->diagnostics, TC_DIAGNOSTIC_KEY_UNKNOWN, tc_yaml_where(key),
		"the output %s has no setting `%s`", reading->type->name, key->text);

	reading->faulty = true;
	cut_line(found, key->text);
	if (nearest)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest);
	else
		tc_diagnostic_hint(found, "`tocsin run --help` lists them");
}

/* Lists in settings are joined by |. */
static bool takes_list(const char *key)
{
	static const char *const keys[] = {"tags", "rules", "kinds", "brokers"};

	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static int read_scalar(struct reading *reading, const struct tc_yaml *node,
		       struct tc_config_scalar *ret_scalar)
{
	int r = -EINVAL;

	if (node->kind == TC_YAML_SCALAR)
		r = tc_config_scalar_read(reading->load, node, ret_scalar);
	else
		tell(reading, TC_DIAGNOSTIC_KEY_TYPE, node,
		     "a setting of an output is text; one with a dot in its name is written "
		     "`rotate.size: 1M`");
	if (!r)
		reading->known = reading->known && ret_scalar->known;
	reading->faulty = reading->faulty || r == -EINVAL;
	return r;
}

/* A sequence as one value. */
static int read_list(struct reading *reading, const struct tc_yaml *sequence,
		     struct tc_config_scalar *ret_scalar)
{
	_cleanup_buffer_ struct tc_buffer text = {0}, shown = {0};
	struct tc_arena *arena = &reading->load->config->arena;
	struct tc_config_scalar item;
	bool refers = false;
	int r = 0;

	tc_buffer_add_string(&text, "");
	for (const struct tc_yaml *node = sequence->first; node && !r; node = node->next) {
		r = read_scalar(reading, node, &item);
		if (r)
			return r;
		refers = refers || item.shown;
		tc_buffer_printf(&text, "%s%s", text.length ? "|" : "", item.text);
		tc_buffer_printf(&shown, "%s%s", shown.length ? "|" : "", item.shown ?: item.text);
	}
	if (tc_buffer_failed(&text) || tc_buffer_failed(&shown))
		return -ENOMEM;
	ret_scalar->text = tc_arena_copy(arena, text.bytes, text.length);
	ret_scalar->shown = refers ? tc_arena_copy(arena, shown.bytes, shown.length) : NULL;
	return ret_scalar->text ? 0 : -ENOMEM;
}

static void check_words(struct reading *reading, const struct tc_output_key *row,
			const struct tc_yaml *node, struct tc_config_setting *setting)
{
	bool yes;

	/* YAML's true is the yes of outputs. */
	if (tc_output_key_allows(row, "yes") && row->values && node->kind == TC_YAML_SCALAR &&
	    !tc_yaml_yes(node, &yes))
		setting->value = setting->shown = yes ? "yes" : "no";
	if (tc_output_key_allows(row, setting->value))
		return;
	tc_where_report(reading->load->diagnostics, TC_DIAGNOSTIC_CONFIG_VALUE, tc_yaml_where(node),
			"`%s` must be one of: %s", setting->key, row->values);
	reading->faulty = true;
}

static int read_setting(struct reading *reading, const struct tc_yaml *key)
{
	const struct tc_output_key *row = tc_output_key_find(reading->type, key->text);
	struct tc_config_setting *setting = &reading->settings[reading->output.n_settings];
	const struct tc_yaml *value = key->next;
	struct tc_config_scalar scalar = {0};
	int r;

	if (!row) {
		tell_unknown_key(reading, key);
		return 0;
	}
	if (value->kind == TC_YAML_SEQUENCE && takes_list(key->text))
		r = read_list(reading, value, &scalar);
	else
		r = read_scalar(reading, value, &scalar);
	if (r)
		return r == -EINVAL ? 0 : r;
	setting->key = tc_arena_copy(&reading->load->config->arena, key->text, key->length);
	setting->value = scalar.text;
	setting->shown = scalar.shown			      ? scalar.shown
			 : tc_output_key_is_secret(key->text) ? HIDDEN
							      : scalar.text;
	if (!setting->key)
		return -ENOMEM;
	if (!scalar.shown || scalar.known)
		check_words(reading, row, value, setting);
	reading->output.n_settings++;
	return 0;
}

/* Which of the outputs it is: `type`, or else its name. */
static int read_type(struct reading *reading)
{
	const struct tc_yaml *node = tc_yaml_get(reading->mapping, "type") ?: reading->name;
	const char *nearest;
	struct tc_diagnostic *found;

	reading->type = node->kind == TC_YAML_SCALAR ? tc_output_named(node->text) : NULL;
	if (reading->type)
		return 0;
	found = tc_where_report(reading->load->diagnostics, TC_DIAGNOSTIC_CONFIG_OUTPUT,
				tc_yaml_where(node), "there is no output `%s`",
				node->kind == TC_YAML_SCALAR ? node->text : "");
	nearest = node->kind == TC_YAML_SCALAR ? tc_output_nearest(node->text) : NULL;
	if (nearest)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest);
	else
		tc_diagnostic_hint(found, "`type` says which it is, where its name does not");
	return -EINVAL;
}

static int read_settings(struct reading *reading)
{
	const struct tc_yaml *mapping = reading->mapping;
	int r = 0;

	reading->settings = tc_arena_alloc(&reading->load->config->arena,
					   (mapping->n_children + 1) * sizeof(*reading->settings));
	if (!reading->settings)
		return -ENOMEM;
	reading->output.settings = reading->settings;
	for (const struct tc_yaml *key = mapping->first; key && !r; key = key->next->next) {
		if (key->kind != TC_YAML_SCALAR || strcmp(key->text, "type") == 0)
			continue;
		if (strcmp(key->text, "name") == 0)
			tell(reading, TC_DIAGNOSTIC_CONFIG_OUTPUT, key,
			     "the name of an output is the key that its settings stand under");
		else
			r = read_setting(reading, key);
	}
	return r;
}

/* --- the SPEC --- */

static void add_value(struct tc_buffer *spec, const char *value)
{
	for (; *value; value++) {
		if (*value == ',' || *value == '\\')
			tc_buffer_add_char(spec, '\\');
		tc_buffer_add_char(spec, *value);
	}
}

static int make_spec(struct tc_config *config, struct tc_config_output *output)
{
	_cleanup_buffer_ struct tc_buffer spec = {0};

	tc_buffer_printf(&spec, "%s:name=%s", output->type, output->name);
	for (size_t i = 0; i < output->n_settings; i++) {
		tc_buffer_printf(&spec, ",%s=", output->settings[i].key);
		add_value(&spec, output->settings[i].value);
	}
	if (!tc_buffer_failed(&spec))
		output->spec = tc_arena_copy(&config->arena, spec.bytes, spec.length);
	return output->spec ? 0 : -ENOMEM;
}

/* Where a complaint of the output belongs: at the setting that it names. */
static const struct tc_yaml *find_place(const struct reading *reading, const char *complaint)
{
	for (const struct tc_yaml *key = reading->mapping->first; key; key = key->next->next) {
		char named[256];

		snprintf(named, sizeof(named), " %s=", key->text);
		if (strstr(complaint, named))
			return key->next;
	}
	return reading->name;
}

/* Whether a complaint has the value of a reference in it. */
static bool betrays(const struct reading *reading, const char *complaint)
{
	for (size_t i = 0; i < reading->output.n_settings; i++) {
		const struct tc_config_setting *setting = &reading->settings[i];

		if (strcmp(setting->shown, setting->value) != 0 && *setting->value &&
		    strstr(complaint, setting->value))
			return true;
	}
	return false;
}

static void take_complaint(enum tc_log_level level, const char *line, void *context)
{
	struct reading *reading = context;

	if (level > TC_LOG_WARNING)
		return;
	tell(reading, TC_DIAGNOSTIC_CONFIG_OUTPUT, find_place(reading, line),
	     betrays(reading, line) ? "the output does not take a value that is referred to"
				    : line);
}

/* Asks the output itself. */
static int check(struct reading *reading)
{
	int r;

	tc_log_divert(take_complaint, reading);
	r = tc_courier_check(reading->type, reading->output.spec);
	tc_log_divert(NULL, NULL);
	if (r < 0 && r != -ENOMEM && !reading->faulty)
		tell(reading, TC_DIAGNOSTIC_CONFIG_OUTPUT, reading->name,
		     "the output does not take its settings");
	return r == -ENOMEM ? r : 0;
}

/* --- outputs of files --- */

static int read_mapping(struct tc_config_load *load, const struct tc_yaml *name)
{
	struct tc_config *config = load->config;
	struct reading reading = {.load = load, .name = name, .mapping = name->next, .known = true};
	int r = read_type(&reading);

	if (r)
		return r == -EINVAL ? 0 : r;
	reading.output.name = tc_arena_copy(&config->arena, name->text, name->length);
	reading.output.type = reading.type->name;
	reading.output.origin = tc_config_origin_of(load, name);
	r = reading.output.name && reading.output.origin.name ? read_settings(&reading) : -ENOMEM;
	if (!r)
		r = make_spec(config, &reading.output);
	if (!r && reading.known && !reading.faulty)
		r = check(&reading);
	if (r)
		return r;
	take_away(&config->outputs, name->text);
	return add(&config->outputs, &reading.output);
}

static int read_output(struct tc_config_load *load, const struct tc_yaml *name)
{
	const struct tc_yaml *value = name->next;
	struct tc_diagnostic *found;

	if (value->kind == TC_YAML_MAPPING)
		return read_mapping(load, name);
	if (value->kind == TC_YAML_SCALAR && strcmp(value->text, "off") == 0) {
		take_away(&load->config->outputs, name->text);
		return 0;
	}
	found = tc_where_report(load->diagnostics, TC_DIAGNOSTIC_KEY_TYPE, tc_yaml_where(name),
				"the output `%s` takes a mapping of settings, or `off`",
				name->text);
	tc_diagnostic_hint(found, "without settings: `%s: {}`", name->text);
	return 0;
}

int tc_config_outputs_read(struct tc_config_load *load, const struct tc_yaml *mapping)
{
	struct tc_diagnostic *found;
	int r = 0;

	if (mapping->kind != TC_YAML_MAPPING) {
		found = tc_where_report(load->diagnostics, TC_DIAGNOSTIC_KEY_TYPE,
					tc_yaml_where(mapping),
					"`outputs` takes a mapping of names to outputs");
		tc_diagnostic_hint(found, "such as `outputs: {stdout: {format: text}}`");
		return 0;
	}
	for (const struct tc_yaml *name = mapping->first; name && !r; name = name->next->next)
		if (name->kind == TC_YAML_SCALAR)
			r = read_output(load, name);
	return r;
}

/* --- outputs of the command line --- */

struct copying {
	struct tc_arena *arena;
	struct tc_config_setting *settings;
	struct tc_config_output *output;
};

static int copy_setting(const char *key, const char *value, void *context)
{
	struct copying *copying = context;
	struct tc_config_setting *setting = &copying->settings[copying->output->n_settings];

	if (strcmp(key, "name") == 0)
		return 0;
	setting->key = tc_arena_copy(copying->arena, key, strlen(key));
	setting->value = tc_arena_copy(copying->arena, value, strlen(value));
	setting->shown = tc_output_key_is_secret(key) ? HIDDEN : setting->value;
	copying->output->n_settings++;
	return setting->key && setting->value ? 0 : -ENOMEM;
}

static int count_setting(const char *key, const char *value, void *context)
{
	(void)key, (void)value;
	++*(size_t *)context;
	return 0;
}

static int split_spec(struct tc_config *config, const struct tc_output *type,
		      struct tc_config_output *output)
{
	_cleanup_output_settings_ struct tc_output_settings *settings = NULL;
	struct copying copying = {.arena = &config->arena, .output = output};
	const char *name;
	size_t count = 1;
	int r = tc_output_settings_read(type, output->spec, &settings);

	if (r)
		return r;
	tc_output_settings_with(settings, "", count_setting, &count);
	copying.settings = tc_arena_alloc(&config->arena, count * sizeof(*copying.settings));
	if (!copying.settings)
		return -ENOMEM;
	output->settings = copying.settings;
	name = tc_output_setting(settings, "name");
	output->name = tc_arena_copy(&config->arena, name, strlen(name));
	return output->name ? tc_output_settings_with(settings, "", copy_setting, &copying)
			    : -ENOMEM;
}

int tc_config_outputs_add_spec(struct tc_config *config, const char *spec, const char *option)
{
	const struct tc_output *type = tc_output_find(spec);
	struct tc_config_output output = {.spec = spec, .origin = {.name = option}};
	int r = type ? 0 : -EINVAL;

	if (!r) {
		output.type = type->name;
		r = split_spec(config, type, &output);
	}
	return r ? r : add(&config->outputs, &output);
}
