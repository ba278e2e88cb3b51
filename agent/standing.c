/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/standing.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/timestamp.h"
#include "output/format/json_writer.h"

/* --- what holds --- */

const char *tc_standing_now(const struct tc_standing *standing, size_t rule, const char **ret_why)
{
	const struct tc_rule *about = tc_ruleset_at(standing->generation->rules, rule);
	const struct tc_effect *effect = &standing->generation->effects[rule];
	const struct tc_breaker *breaker = tc_breakers_find(standing->breakers, about->name);

	*ret_why = effect->why;
	if (effect->does == TC_EFFECT_ALERTS)
		return tc_effect_name(effect->does);
	if (standing->generation->guards[rule])
		*ret_why = standing->generation->guards[rule]->what;
	else if (breaker && breaker->open)
		*ret_why = "its circuit breaker is open: it stopped too much (tocsin rearm)";
	else if (!tc_enforce_is_on(standing->enforce->state))
		*ret_why = tc_enforce_text(standing->enforce->state);
	else
		return tc_effect_name(effect->does);
	return "tells";
}

/* --- the file --- */

static void put_text(struct tc_json *json, const char *key, const char *text)
{
	tc_json_key(json, key);
	tc_json_bytes(json, text, strlen(text));
}

static void put_uint(struct tc_json *json, const char *key, uint64_t number)
{
	tc_json_key(json, key);
	tc_json_uint(json, number);
}

static void put_rule(struct tc_json *json, const struct tc_standing *standing, size_t rule)
{
	const struct tc_rule *about = tc_ruleset_at(standing->generation->rules, rule);
	const struct tc_breaker *breaker = tc_breakers_find(standing->breakers, about->name);
	const char *why, *now = tc_standing_now(standing, rule, &why);

	tc_json_object_begin(json);
	put_text(json, "rule", about->name);
	put_text(json, "action", about->action == TC_ACTION_KILL ? "kill" : "block");
	put_text(json, "can", tc_effect_name(standing->generation->effects[rule].does));
	put_text(json, "now", now);
	put_text(json, "why", why);
	put_uint(json, "stopped", breaker ? breaker->total : 0);
	put_text(json, "guard",
		 standing->generation->guards[rule] ? standing->generation->guards[rule]->guard
						    : "");
	tc_json_key(json, "breaker_open");
	tc_json_bool(json, breaker && breaker->open);
	tc_json_object_end(json);
}

static void put_mode(struct tc_json *json, const struct tc_standing *standing)
{
	const struct tc_enforce *enforce = standing->enforce;
	char time[TC_TIMESTAMP_BYTES];

	put_text(json, "state", tc_enforce_name(enforce->state));
	put_text(json, "reason", tc_enforce_text(enforce->state));
	tc_json_key(json, "enforcing");
	tc_json_bool(json, tc_enforce_is_on(enforce->state));
	tc_json_key(json, "trial_ends");
	if (enforce->state == TC_ENFORCE_TRIAL) {
		tc_timestamp_utc(enforce->until_ns + (uint64_t)standing->real_minus_boot_ns, time);
		tc_json_string(json, time);
	} else {
		tc_json_null(json);
	}
}

/* For the agent that comes after this one. */
static void put_past(struct tc_json *json, const struct tc_standing *standing)
{
	char boot[TC_BOOT_ID_LENGTH + 1];

	tc_clock_boot_id(boot);
	put_text(json, "boot", boot);
	put_text(json, "trial", tc_enforce_trial_name(tc_enforce_trial(standing->enforce)));
	put_uint(json, "trial_until_ns", standing->enforce->until_ns);
	tc_json_key(json, "ended");
	tc_json_bool(json, standing->has_ended);
}

static void put_undecided(struct tc_json *json, const struct tc_standing *standing)
{
	static const char *const names[TC_UNDECIDED_MAX] = {
		[TC_UNDECIDED_NO_SCRATCH] = "no_scratch",
		[TC_UNDECIDED_DOUBT] = "doubt",
		[TC_UNDECIDED_RELOAD] = "reload",
	};

	tc_json_key(json, "undecided");
	tc_json_object_begin(json);
	for (size_t i = 0; i < TC_UNDECIDED_MAX; i++)
		put_uint(json, names[i], standing->controls ? standing->controls->undecided[i] : 0);
	put_uint(json, "skipped", standing->skipped);
	tc_json_object_end(json);
}

void tc_standing_print(const struct tc_standing *standing, struct tc_buffer *text)
{
	const struct tc_ruleset *rules = standing->generation->rules;
	_cleanup_json_ struct tc_json json = {.buffer = text};

	tc_json_object_begin(&json);
	put_uint(&json, "pid", (uint64_t)getpid());
	put_mode(&json, standing);
	put_past(&json, standing);
	put_uint(&json, "generation", standing->generation->number);
	put_text(&json, "rules_hash", tc_ruleset_hash(rules));
	put_uint(&json, "rules", tc_ruleset_count(rules));
	put_undecided(&json, standing);
	tc_json_key(&json, "enforcing_rules");
	tc_json_array_begin(&json);
	for (size_t i = 0; i < tc_ruleset_count(rules); i++)
		if (tc_ruleset_at(rules, i)->action >= TC_ACTION_BLOCK)
			put_rule(&json, standing, i);
	tc_json_array_end(&json);
	tc_json_object_end(&json);
	tc_buffer_add_char(text, '\n');
}

static int write_all(const char *path, const struct tc_buffer *text, bool is_lasting)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), r = 0;

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < text->length && r == 0;) {
		ssize_t n = write(fd, text->bytes + done, text->length - done);

		if (n < 0 && errno != EINTR)
			r = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	if (r == 0 && is_lasting && fdatasync(fd) < 0)
		r = -errno;
	close(fd);
	return r;
}

int tc_standing_write(const char *journal_path, const char *what, const struct tc_buffer *text,
		      bool is_lasting)
{
	_cleanup_buffer_ struct tc_buffer path = {0}, fresh = {0};
	int r;

	tc_buffer_printf(&path, "%s.%s", journal_path, what);
	tc_buffer_printf(&fresh, "%s.new", path.bytes ? path.bytes : "");
	if (tc_buffer_failed(&path) || tc_buffer_failed(&fresh) || tc_buffer_failed(text))
		return -ENOMEM;
	r = write_all(fresh.bytes, text, is_lasting);
	if (r == 0 && rename(fresh.bytes, path.bytes) < 0)
		r = -errno;
	return r;
}

/* --- who reads it --- */

static struct json_object *read_any(const char *journal_path, const char *what)
{
	_cleanup_buffer_ struct tc_buffer path = {0};

	tc_buffer_printf(&path, "%s.%s", journal_path, what);
	if (tc_buffer_failed(&path) || access(path.bytes, R_OK) < 0)
		return NULL;
	return json_object_from_file(path.bytes);
}

struct json_object *tc_standing_read(const char *journal_path, const char *what, int agent_pid)
{
	struct json_object *standing = agent_pid ? read_any(journal_path, what) : NULL;
	struct json_object *pid = NULL;

	if (standing && json_object_object_get_ex(standing, "pid", &pid) &&
	    json_object_get_int(pid) == agent_pid)
		return standing;
	json_object_put(standing);
	return NULL;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value ? json_object_get_string(value) : "";
}

void tc_standing_recall(const char *journal_path, struct tc_standing_past *ret_past)
{
	struct json_object *standing = read_any(journal_path, TC_STANDING), *value = NULL;
	char boot[TC_BOOT_ID_LENGTH + 1];

	*ret_past = (struct tc_standing_past){.standing = standing};
	if (!standing)
		return;
	tc_clock_boot_id(boot);
	ret_past->trial = tc_enforce_trial_by_name(text_of(standing, "trial"));
	if (json_object_object_get_ex(standing, "ended", &value))
		ret_past->has_ended = json_object_get_boolean(value);
	if (boot[0] && !strcmp(boot, text_of(standing, "boot")) &&
	    json_object_object_get_ex(standing, "trial_until_ns", &value))
		ret_past->until_ns = json_object_get_uint64(value);
}

void tc_standing_past_done(struct tc_standing_past *past)
{
	json_object_put(past->standing);
	*past = (struct tc_standing_past){0};
}

void tc_standing_past_breakers(const struct tc_standing_past *past,
			       void (*take)(void *context, const char *rule), void *context)
{
	struct json_object *rules = NULL, *open;

	if (!past->standing ||
	    !json_object_object_get_ex(past->standing, "enforcing_rules", &rules) ||
	    !json_object_is_type(rules, json_type_array))
		return;
	for (size_t i = 0; i < json_object_array_length(rules); i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);

		if (json_object_object_get_ex(rule, "breaker_open", &open) &&
		    json_object_get_boolean(open))
			take(context, text_of(rule, "rule"));
	}
}

char *tc_standing_off_file(const char *journal_path)
{
	const char *slash = strrchr(journal_path, '/');
	char *path;

	return asprintf(&path, "%.*soff", slash ? (int)(slash - journal_path) + 1 : 0,
			journal_path) < 0
		       ? NULL
		       : path;
}

/* Whether a line of /proc/locks, see proc(5), is a lock of flock(2) on that inode. */
static bool is_lock(const char *line, ino_t inode)
{
	unsigned long long of = 0;

	return strstr(line, " FLOCK ") &&
	       sscanf(line, "%*s %*s %*s %*s %*d %*x:%*x:%llu", &of) == 1 && of == inode;
}

/*
 * The process that holds the journal's lock; 0: none. Trying to lock it would tell as well, but an
 * agent that starts at this moment would find it locked.
 */
int tc_standing_agent(const char *journal_path)
{
	_cleanup_buffer_ struct tc_buffer path = {0};
	char line[256], text[32] = "";
	bool held = false;
	struct stat info;
	FILE *locks;
	int fd;

	tc_buffer_printf(&path, "%s.lock", journal_path);
	fd = tc_buffer_failed(&path) ? -1 : open(path.bytes, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	locks = fd < 0 ? NULL : fopen("/proc/locks", "re");
	if (locks && fstat(fd, &info) == 0 && read(fd, text, sizeof(text) - 1) > 0)
		while (!held && fgets(line, sizeof(line), locks))
			held = is_lock(line, info.st_ino);
	if (locks)
		fclose(locks);
	if (fd >= 0)
		close(fd);
	return held ? atoi(text) : 0;
}
