/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/force.h"

#include <errno.h>
#include <string.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "agent/notice.h"
#include "agent/pins.h"
#include "agent/standing.h"

#define NS_PER_S 1000000000ULL

static void take_breaker(void *context, const char *rule)
{
	struct tc_force *force = context;
	struct tc_breaker *breaker = tc_breakers_of(&force->breakers, rule);

	if (!breaker)
		return;
	breaker->open = true;
	tc_warning("rule `%s`: its circuit breaker is open since before this start: it tells what "
		   "it would stop until `tocsin rearm`",
		   rule);
}

/* A trial that nobody confirmed is no new one because the agent crashed; one that was asked for
 * anew, behind a stop, is. */
static void recall(struct tc_force *force)
{
	struct tc_standing_past past;

	if (!force->options.journal_path)
		return;
	tc_standing_recall(force->options.journal_path, &past);
	if (!past.has_ended)
		tc_enforce_resume(&force->enforce, past.trial, past.until_ns, tc_clock_boot_ns());
	if (!past.has_ended && past.trial != TC_TRIAL_NONE && force->enforce.until_ns)
		tc_info("the trial goes on that was under way when the agent before ended: %s",
			tc_enforce_text(force->enforce.state));
	if (force->breakers.limit)
		tc_standing_past_breakers(&past, take_breaker, force);
	tc_standing_past_done(&past);
}

void tc_force_init(struct tc_force *force, const struct tc_force_options *options,
		   struct tc_probes *probes, struct tc_world *world)
{
	*force = (struct tc_force){
		.options = *options,
		.probes = probes,
		.breakers = {.limit = options->breaker},
	};
	tc_generations_init(&force->generations, probes, world);
	tc_enforce_init(&force->enforce, &options->enforce, tc_clock_boot_ns());
	recall(force);
}

void tc_force_done(struct tc_force *force)
{
	tc_off_watch_stop(force->off_watch);
	tc_generations_done(&force->generations);
	tc_generation_free(force->current);
	tc_generation_free(force->former);
	tc_breakers_done(&force->breakers);
	tc_buffer_done(&force->standing);
	*force = (struct tc_force){0};
}

/* --- generations --- */

/* Events of these kinds wake the reader at once: a rule of priority Critical or above may match
 * them. */
static uint64_t urgent_kinds(const struct tc_ruleset *rules)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < tc_ruleset_count(rules); i++) {
		const struct tc_rule *rule = tc_ruleset_at(rules, i);

		if (rule->priority <= TC_PRIORITY_CRITICAL)
			kinds |= rule->kinds;
	}
	return kinds;
}

/* Of these kinds a rule refuses some, or would. */
static uint64_t refused_kinds(const struct tc_ruleset *rules)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < tc_ruleset_count(rules); i++) {
		const struct tc_rule *rule = tc_ruleset_at(rules, i);

		if (rule->action >= TC_ACTION_BLOCK)
			kinds |= rule->kinds;
	}
	return kinds;
}

static uint64_t wants(const struct tc_ruleset *rules)
{
	static const struct {
		const char *field;
		uint64_t part;
	} parts[] = {
		{"proc.env", TC_WANT_ENVIRONMENT},
		{"proc.aenv", TC_WANT_ENVIRONMENT},
		{"fd.nameraw", TC_WANT_RAW_PATH},
	};
	uint64_t wanted = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (tc_ruleset_names(rules, parts[i].field))
			wanted |= parts[i].part;
	return wanted;
}

/* What these rules, others (which may be the same), and the agent's tables need is sent, and
 * nothing else. False when some program could not be attached. */
static bool ask_for_events(struct tc_force *force, const struct tc_ruleset *rules,
			   const struct tc_ruleset *others)
{
	volatile struct tc_controls *controls = tc_probes_controls(force->probes);

	controls->wants = wants(rules) | wants(others) |
			  (force->options.environment ? TC_WANT_ENVIRONMENT : 0);
	controls->urgent = urgent_kinds(rules) | urgent_kinds(others);
	tc_probes_refuse(force->probes, refused_kinds(rules) | refused_kinds(others));
	return tc_probes_want(force->probes, tc_ruleset_kinds(rules) | tc_ruleset_kinds(others) |
						     tc_world_kinds() | force->options.kinds) == 0;
}

/* Programs could not be attached: 0 when the rules may do without. */
static int do_without(const struct tc_force *force, struct tc_generation *generation)
{
	size_t weak;

	tc_generation_find_effects(generation, force->probes, force->options.fallback_reason);
	weak = tc_generation_report(generation, force->options.strict, stderr);
	return weak && force->options.strict ? -EOPNOTSUPP : 0;
}

/* Whether a rule only tells what it would do. */
static bool is_held_back(const struct tc_force *force, const struct tc_generation *generation,
			 size_t rule)
{
	const struct tc_breaker *breaker =
		tc_breakers_find(&force->breakers, tc_ruleset_at(generation->rules, rule)->name);

	return generation->guards[rule] || (breaker && breaker->open);
}

static void hold_back(const struct tc_force *force, struct tc_generation *generation)
{
	for (size_t i = 0; i < tc_ruleset_count(generation->rules); i++)
		generation->muted[i] = is_held_back(force, generation, i);
}

/* The first: tables before programs, so that no hook ever acts without them. */
static int put_first(struct tc_force *force, struct tc_generation *generation)
{
	int r = tc_generations_put(&force->generations, generation);

	if (r == 0 && !ask_for_events(force, generation->rules, generation->rules))
		r = do_without(force, generation);
	if (r < 0)
		force->generations.current = NULL;
	return r;
}

void tc_force_try_again(struct tc_force *force)
{
	ask_for_events(force, force->current->rules, force->current->rules);
}

static int put_other(struct tc_force *force, struct tc_generation *generation)
{
	const struct tc_ruleset *before = force->current->rules;
	int r = tc_pipeline_set_rules(force->pipeline, generation->rules, generation->number);

	if (r < 0)
		return r;
	if (!ask_for_events(force, generation->rules, before))
		r = do_without(force, generation);
	if (r == 0)
		r = tc_generations_put(&force->generations, generation);
	if (r < 0) {
		tc_pipeline_restore_former(force->pipeline);
		ask_for_events(force, before, before);
		return r;
	}
	force->former = force->current;
	force->former_ns = tc_clock_boot_ns();
	ask_for_events(force, generation->rules, generation->rules);
	return 0;
}

/* Who takes over goes on behind this generation. */
static void note_pins(const struct tc_force *force, const struct tc_generation *generation)
{
	int r = force->options.pins && generation
			? tc_pins_note(force->options.pins, generation->number,
				       tc_ruleset_hash(generation->rules))
			: 0;

	if (r < 0)
		tc_warning("the pins do not say which rules are in force: %s", strerror(-r));
}

int tc_force_put(struct tc_force *force, struct tc_generation *generation)
{
	int r;

	hold_back(force, generation);
	note_pins(force, generation);
	r = force->current ? put_other(force, generation) : put_first(force, generation);
	if (r < 0) {
		note_pins(force, force->current);
		tc_error("rules cannot be put into force in the kernel: %s", strerror(-r));
		tc_generation_free(generation);
		return r;
	}
	force->current = generation;
	force->next_standing_ns = 0;
	return 0;
}

/* A trial ends whether the agent lives or not. */
static void set_controls(const struct tc_force *force)
{
	volatile struct tc_controls *controls = tc_probes_controls(force->probes);
	enum tc_enforce_state state = force->enforce.state;
	bool is_on = tc_enforce_is_on(state) && !*force->options.stops;

	/* What ends is over before its end is taken away. */
	if (!is_on)
		controls->enforce = 0;
	controls->enforce_until_ns = state == TC_ENFORCE_TRIAL ? force->enforce.until_ns : 0;
	controls->enforce = is_on;
}

bool tc_force_is_busy(const struct tc_force *force)
{
	return force->former;
}

static void retire(struct tc_force *force, uint64_t complete_ns)
{
	if (!force->former || complete_ns <= force->former_ns)
		return;
	tc_pipeline_forget_former(force->pipeline);
	tc_generation_free(force->former);
	force->former = NULL;
}

/* --- whether they enforce --- */

static int tell(struct tc_force *force, bool is_on, const char *state, const char *reason,
		const char *rule)
{
	struct tc_notice notice;
	const struct tc_record *record =
		tc_notice_enforcement(&notice, tc_clock_boot_ns(), is_on, state, reason, rule);

	force->next_standing_ns = 0;
	return tc_pipeline_feed(force->pipeline, record, record->size);
}

static int look(struct tc_force *force, uint64_t now_ns)
{
	enum tc_enforce_state before = force->enforce.state;
	enum tc_enforce_state state = tc_enforce_look(&force->enforce, now_ns);
	bool is_on = tc_enforce_is_on(state);

	set_controls(force);
	if (state == before)
		return 0;
	tc_warning("%s", tc_enforce_text(state));
	return tell(force, is_on, tc_enforce_name(state), tc_enforce_text(state), NULL);
}

/* --- breakers --- */

void tc_force_decided(void *context, const struct tc_rule *rule, const struct tc_record *record)
{
	struct tc_force *force = context;
	struct tc_breaker *breaker;

	if (record->verdict < TC_VERDICT_BLOCKED)
		return;
	breaker = tc_breakers_of(&force->breakers, rule->name);
	force->opened |= breaker && tc_breakers_count(&force->breakers, breaker, record->time_ns);
}

/* Brings the kernel in line with the breakers, and tells. */
static int follow_breakers(struct tc_force *force)
{
	struct tc_generation *current = force->current;
	int r = 0;

	for (size_t i = 0; i < tc_ruleset_count(current->rules) && r >= 0; i++) {
		const char *name = tc_ruleset_at(current->rules, i)->name;
		bool open = is_held_back(force, current, i);
		const char *reason = open ? "it stopped too much in one second: it tells what it "
					    "would stop until `tocsin rearm`"
					  : "its circuit breaker was closed";

		if (open == current->muted[i])
			continue;
		/* What stands is better than nothing: it is tried again. */
		if (tc_generations_mute(&force->generations, i, open) < 0) {
			tc_error("rule `%s` cannot be %s yet", name,
				 open ? "held back" : "put in force again");
			force->unmuted = true;
			continue;
		}
		tc_warning("rule `%s`: %s", name, reason);
		r = tell(force, !open && tc_enforce_is_on(force->enforce.state), "breaker", reason,
			 name);
	}
	return r;
}

int tc_force_follow(struct tc_force *force)
{
	if (!force->opened)
		return 0;
	force->opened = false;
	return follow_breakers(force);
}

int tc_force_rearm(struct tc_force *force)
{
	tc_breakers_close(&force->breakers);
	return follow_breakers(force);
}

void tc_force_confirm(struct tc_force *force)
{
	if (!tc_enforce_confirm(&force->enforce))
		tc_warning("there is no trial to confirm");
}

/* --- all of it --- */

/* Written when it changed; numbers in it at most once a second, and not to last. */
static void write_standing(struct tc_force *force, uint64_t now_ns)
{
	const struct tc_standing standing = {
		.enforce = &force->enforce,
		.real_minus_boot_ns = force->generations.world->clock.real_minus_boot_ns,
		.generation = force->current,
		.breakers = &force->breakers,
		.controls = tc_probes_controls(force->probes),
		.skipped = force->skipped,
		.has_ended = force->has_ended,
	};
	bool is_lasting = !force->next_standing_ns;
	struct tc_buffer text = {0};
	int r = 0;

	if (now_ns < force->next_standing_ns || !force->options.journal_path)
		return;
	force->next_standing_ns = now_ns + NS_PER_S;
	tc_standing_print(&standing, &text);
	if (!force->standing.bytes || !text.bytes || strcmp(force->standing.bytes, text.bytes) != 0)
		r = tc_standing_write(force->options.journal_path, TC_STANDING, &text, is_lasting);
	if (r < 0)
		tc_debug("cannot write what is in force: %s", strerror(-r));
	tc_buffer_done(&force->standing);
	force->standing = text;
}

int tc_force_begin(struct tc_force *force, struct tc_pipeline *pipeline)
{
	force->pipeline = pipeline;
	/* A trial is known of before it begins: an agent that crashes soon begins no other one. */
	write_standing(force, tc_clock_boot_ns());
	set_controls(force);
	tc_probes_begin(force->probes);
	return tc_off_watch_start(&force->enforce, force->options.stops,
				  tc_probes_controls(force->probes), &force->off_watch);
}

/* Programs that the kernel left out saw nothing, and refused nothing. */
static int tell_skipped(struct tc_force *force, uint64_t now_ns)
{
	const struct tc_record *record;
	struct tc_notice notice;
	uint64_t before = force->skipped, since_ns = force->skipped_ns;

	if (now_ns - since_ns < NS_PER_S)
		return 0;
	force->skipped_ns = now_ns;
	force->skipped = tc_probes_skipped(force->probes);
	if (force->skipped == before)
		return 0;
	record = tc_notice_loss(&notice, TC_ABSENT_U32, TC_LOSS_SKIPPED, force->skipped - before,
				since_ns, now_ns);
	return tc_pipeline_feed(force->pipeline, record, record->size);
}

int tc_force_serve(struct tc_force *force, uint64_t complete_ns)
{
	uint64_t now_ns = tc_clock_boot_ns();
	int r;

	retire(force, complete_ns);
	r = look(force, now_ns);
	force->opened |= force->unmuted;
	force->unmuted = false;
	if (r >= 0)
		r = tc_force_follow(force);
	if (r >= 0)
		r = tell_skipped(force, now_ns);
	write_standing(force, now_ns);
	return r;
}

void tc_force_end(struct tc_force *force)
{
	tc_probes_controls(force->probes)->enforce = 0;
	force->has_ended = true;
	force->next_standing_ns = 0;
	write_standing(force, tc_clock_boot_ns());
}
