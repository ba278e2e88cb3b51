/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/log.h"

struct tc_reload {
	pthread_t thread;
	const char *const *paths;
	size_t n_paths;
	struct tc_diagnostics diagnostics;
	struct tc_ruleset *rules; /* NULL: they are broken */
	int error;
	atomic_bool done;
};

static void *load(void *context)
{
	struct tc_reload *reload = context;

	reload->error = tc_ruleset_load(reload->paths, reload->n_paths, &reload->diagnostics,
					&reload->rules);
	atomic_store(&reload->done, true);
	return NULL;
}

int tc_reload_start(const char *const *paths, size_t n_paths, struct tc_reload **ret_reload)
{
	struct tc_reload *reload = calloc(1, sizeof(*reload));
	int error;

	if (!reload)
		return -ENOMEM;
	reload->paths = paths;
	reload->n_paths = n_paths;
	error = pthread_create(&reload->thread, NULL, load, reload);
	if (error) {
		free(reload);
		return -error;
	}
	*ret_reload = reload;
	return 0;
}

bool tc_reload_is_done(const struct tc_reload *reload)
{
	return atomic_load(&reload->done);
}

size_t tc_reload_finish(struct tc_reload *reload, struct tc_ruleset **ret_rules)
{
	size_t errors;

	pthread_join(reload->thread, NULL);
	tc_diagnostics_print(&reload->diagnostics, stderr, isatty(STDERR_FILENO));
	errors = reload->diagnostics.errors;
	/* Memory ran out: nothing was found to be wrong. */
	if (reload->error && !errors)
		errors = 1;
	*ret_rules = reload->error ? NULL : reload->rules;
	tc_diagnostics_done(&reload->diagnostics);
	free(reload);
	return errors;
}
