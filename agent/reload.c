/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/standing.h"
#include "output/format/json_writer.h"

/* Of what was found, in the file. */
#define FINDINGS_MAX 16384

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

/* What was found, printed. Returns how many rules cannot do here what they ask for. */
static size_t print_findings(const struct tc_reload *reload, FILE *stream, bool colour)
{
	const struct tc_generation *generation = reload->new.generation;

	tc_diagnostics_print(&reload->diagnostics, stream, colour);
	return generation ? tc_generation_report(generation, reload->options.strict, stream) : 0;
}

static char *copy_findings(const struct tc_reload *reload)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	print_findings(reload, stream, false);
	fclose(stream);
	return text;
}

size_t tc_reload_finish(struct tc_reload *reload, struct tc_reloaded *ret_new, char **ret_findings)
{
	size_t errors, weak;

	pthread_join(reload->thread, NULL);
	weak = print_findings(reload, stderr, isatty(STDERR_FILENO));
	*ret_findings = copy_findings(reload);
	errors = reload->diagnostics.errors + (reload->options.strict ? weak : 0);
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

/* An array of whole lines, at most so many bytes of them. */
static void put_lines(struct tc_json *json, const char *key, const char *text, size_t max)
{
	const char *const limit = text + max;

	tc_json_key(json, key);
	tc_json_array_begin(json);
	for (const char *end; (end = strchr(text, '\n')) && end <= limit; text = end + 1)
		tc_json_text(json, text, (size_t)(end - text));
	if (*text)
		tc_json_string(json, "... what else was found stands in the agent's log");
	tc_json_array_end(json);
}

int tc_reload_tell(const char *journal_path, const struct tc_reload_result *result)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &text};
	const struct {
		const char *key;
		uint64_t number;
	} numbers[] = {{"pid", (uint64_t)getpid()},
		       {"begun", result->begun},
		       {"ended", result->ended},
		       {"errors", result->errors},
		       {"rules", result->rules}};

	tc_json_object_begin(&json);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		tc_json_key(&json, numbers[i].key);
		tc_json_uint(&json, numbers[i].number);
	}
	put_lines(&json, "findings", result->findings ? result->findings : "", FINDINGS_MAX);
	tc_json_object_end(&json);
	tc_buffer_add_char(&text, '\n');
	return tc_standing_write(journal_path, TC_STANDING_RELOAD, &text, false);
}
