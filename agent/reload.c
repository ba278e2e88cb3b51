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
	struct tc_reload_options options;
	struct tc_diagnostics diagnostics;
	struct tc_reloaded new;
	int error;
	atomic_bool done;
};

static int make(struct tc_reload *reload)
{
	struct tc_generation_options *options = &reload->options.generation;
	const struct tc_config *config;
	struct tc_ruleset *rules;
	int r = tc_config_load(reload->options.given, TC_CONFIG_TO_RUN, &reload->diagnostics,
			       &reload->new.config);

	if (r < 0)
		return r;
	config = reload->new.config;
	r = tc_ruleset_load(config->rules.items, config->rules.count, &reload->diagnostics, &rules);
	if (r < 0)
		return r;
	tc_rule_matching_parse(config->rule_matching, &options->matching);
	return tc_generation_make(rules, options, &reload->new.generation);
}

static void *load(void *context)
{
	struct tc_reload *reload = context;

	reload->error = make(reload);
	atomic_store(&reload->done, true);
	return NULL;
}

int tc_reload_start(const struct tc_reload_options *options, struct tc_reload **ret_reload)
{
	struct tc_reload *reload = calloc(1, sizeof(*reload));
	int error;

	if (!reload)
		return -ENOMEM;
	reload->options = *options;
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

/* Rules that cannot do here what they ask for, told; how many of them are errors. */
static size_t weak_rules(const struct tc_reload *reload)
{
	const struct tc_generation *generation = reload->new.generation;
	size_t errors =
		generation ? tc_generation_report(generation, reload->options.strict, stderr) : 0;

	return reload->options.strict ? errors : 0;
}

size_t tc_reload_finish(struct tc_reload *reload, struct tc_reloaded *ret_new)
{
	size_t errors;

	pthread_join(reload->thread, NULL);
	tc_diagnostics_print(&reload->diagnostics, stderr, isatty(STDERR_FILENO));
	errors = reload->diagnostics.errors + weak_rules(reload);
	/* Memory ran out: nothing was found to be wrong. */
	if (reload->error && !errors)
		errors = 1;
	if (errors)
		tc_reloaded_done(&reload->new);
	*ret_new = reload->new;
	tc_diagnostics_done(&reload->diagnostics);
	free(reload);
	return errors;
}

void tc_reloaded_done(struct tc_reloaded *reloaded)
{
	tc_config_free(reloaded->config);
	tc_generation_free(reloaded->generation);
	*reloaded = (struct tc_reloaded){0};
}
