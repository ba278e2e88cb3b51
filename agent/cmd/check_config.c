/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/check_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/config/config.h"

/* A path in a directory; NULL when memory is out. */
static const char *join(struct tc_check_paths *sorted, const char *directory, const char *name)
{
	_cleanup_buffer_ struct tc_buffer path = {0};

	tc_buffer_printf(&path, "%s/%s", directory, name);
	return tc_buffer_failed(&path) ? NULL
				       : tc_arena_copy(&sorted->arena, path.bytes, path.length);
}

/* A directory such as /etc/tocsin. */
static int sort_directory(struct tc_check_paths *sorted, const char *directory, const char *config)
{
	const char *rules = join(sorted, directory, "rules.d");
	int r = rules ? tc_strings_add(&sorted->configs, config) : -ENOMEM;

	if (!r && access(rules, F_OK) == 0)
		r = tc_strings_add(&sorted->rules, rules);
	return r;
}

int tc_check_sort_paths(const struct tc_strings *paths, struct tc_check_paths *sorted)
{
	int r = 0;

	for (size_t i = 0; i < paths->count && !r; i++) {
		const char *path = paths->items[i], *inside = join(sorted, path, "tocsin.yaml");

		if (!inside)
			r = -ENOMEM;
		else if (access(inside, F_OK) == 0)
			r = sort_directory(sorted, path, inside);
		else
			r = tc_strings_add(tc_config_recognise(path) ? &sorted->configs
								     : &sorted->rules,
					   path);
	}
	return r;
}

int tc_check_configs(const struct tc_check_paths *sorted, struct tc_diagnostics *diagnostics)
{
	int r = 0;

	for (size_t i = 0; i < sorted->configs.count && (!r || r == -EINVAL); i++) {
		const struct tc_config_given given = {.path = sorted->configs.items[i]};
		_cleanup_config_ struct tc_config *config = NULL;

		r = tc_config_load(&given, TC_CONFIG_TO_EXAMINE, diagnostics, &config);
	}
	return r == -EINVAL ? 0 : r;
}

void tc_check_paths_done(struct tc_check_paths *sorted)
{
	free(sorted->configs.items);
	free(sorted->rules.items);
	tc_arena_done(&sorted->arena);
}
