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
	const struct tc_config_given *given;
	struct tc_diagnostics diagnostics;
	struct tc_reloaded new;
	int error;
	atomic_bool done;
};

static void *load(void *context)
{
	struct tc_reload *reload = context;

	reload->error = tc_config_load(reload->given, TC_CONFIG_TO_RUN, &reload->diagnostics,
				       &reload->new.config);
	if (!reload->error)
		reload->error = tc_ruleset_load(reload->new.config->rules.items,
						reload->new.config->rules.count,
						&reload->diagnostics, &reload->new.rules);
	atomic_store(&reload->done, true);
	return NULL;
}

int tc_reload_start(const struct tc_config_given *given, struct tc_reload **ret_reload)
{
	struct tc_reload *reload = calloc(1, sizeof(*reload));
	int error;

	if (!reload)
		return -ENOMEM;
	reload->given = given;
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

size_t tc_reload_finish(struct tc_reload *reload, struct tc_reloaded *ret_new)
{
	size_t errors;

	pthread_join(reload->thread, NULL);
	tc_diagnostics_print(&reload->diagnostics, stderr, isatty(STDERR_FILENO));
	errors = reload->diagnostics.errors;
	/* Memory ran out: nothing was found to be wrong. */
	if (reload->error && !errors)
		errors = 1;
	if (reload->error)
		tc_reloaded_done(&reload->new);
	*ret_new = reload->new;
	tc_diagnostics_done(&reload->diagnostics);
	free(reload);
	return errors;
}

void tc_reloaded_done(struct tc_reloaded *reloaded)
{
	tc_config_free(reloaded->config);
	tc_ruleset_free(reloaded->rules);
	*reloaded = (struct tc_reloaded){0};
}
