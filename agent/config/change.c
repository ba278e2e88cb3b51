/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/change.h"

#include <string.h>

#include "agent/config/keys.h"
#include "agent/log.h"
#include "output/settings.h"

size_t tc_config_tell_restarts(const struct tc_config *first, const struct tc_config *next)
{
	size_t count = 0;

	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		const struct tc_config_key *key = tc_config_key(id);
		_cleanup_buffer_ struct tc_buffer before = {0}, after = {0};

		if (key->reloads)
			continue;
		tc_config_value_print(key, tc_config_value(first, key), &before);
		tc_config_value_print(key, tc_config_value(next, key), &after);
		if (tc_buffer_failed(&before) || tc_buffer_failed(&after) ||
		    strcmp(before.bytes, after.bytes) == 0)
			continue;
		/* Values that were referred to may be secrets. */
		tc_warning("%s: %s needs a restart; until then it is %s", key->path,
			   next->shown[id] ? next->shown[id] : after.bytes,
			   first->shown[id] ? first->shown[id]
			   : before.length  ? before.bytes
					    : "not set");
		count++;
	}
	return count;
}

/* --- outputs --- */

static const struct tc_config_output *find(const struct tc_config *config, const char *name)
{
	for (size_t i = 0; i < config->outputs.count; i++)
		if (strcmp(config->outputs.items[i].name, name) == 0)
			return &config->outputs.items[i];
	return NULL;
}

static const char *value_of(const struct tc_config_output *output, const char *key)
{
	for (size_t i = 0; i < output->n_settings; i++)
		if (strcmp(output->settings[i].key, key) == 0)
			return output->settings[i].value;
	return NULL;
}

/* Whether all that one says besides its terms the other says too. */
static bool is_part(const struct tc_config_output *one, const struct tc_config_output *other)
{
	for (size_t i = 0; i < one->n_settings; i++) {
		const struct tc_config_setting *setting = &one->settings[i];
		const char *value = value_of(other, setting->key);

		if (!tc_output_key_is_term(setting->key) &&
		    (!value || strcmp(value, setting->value) != 0))
			return false;
	}
	return true;
}

static bool change(const struct tc_config_output *before, const struct tc_config_output *after,
		   struct tc_couriers *couriers)
{
	if (strcmp(before->type, after->type) != 0 || !is_part(before, after) ||
	    !is_part(after, before)) {
		tc_warning("output %s: its settings differ: that needs a restart", after->name);
		return false;
	}
	return tc_couriers_change(couriers, after->name, after->spec) == 0;
}

size_t tc_config_change_outputs(const struct tc_config *first, const struct tc_config *next,
				struct tc_couriers *couriers)
{
	size_t count = 0;

	for (size_t i = 0; i < next->outputs.count; i++) {
		const struct tc_config_output *after = &next->outputs.items[i];
		const struct tc_config_output *before = find(first, after->name);

		if (!before)
			tc_warning("output %s: it is new: that needs a restart", after->name);
		if (!before || !change(before, after, couriers))
			count++;
	}
	for (size_t i = 0; i < first->outputs.count; i++) {
		if (find(next, first->outputs.items[i].name))
			continue;
		tc_warning("output %s: to take it away needs a restart",
			   first->outputs.items[i].name);
		count++;
	}
	return count;
}
