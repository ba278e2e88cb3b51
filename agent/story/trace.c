/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings are read twice: up to the alert, to find where its tree begins; then all of it, for
 * what the tree did. */
#include "agent/story/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/decode.h"
#include "agent/enrich/world.h"
#include "agent/log.h"
#include "agent/loss.h"
#include "agent/timestamp.h"
#include "agent/value.h"
#include "recording/past.h"
#include "recording/series.h"
#include "recording/zone.h"

/* Records come merged by time, but for those of a CPU that lagged behind. */
#define LAG_NS 5000000000ULL

/* The father of the kernel's threads; init is 1. Neither is part of what happened below it. */
#define KTHREADD_PID 2

struct trace {
	struct tc_story *story;
	const char *path;
	uint64_t since_ns, until_ns; /* since the epoch: what is told of */
	struct tc_series *series;
	struct tc_recording *recording; /* the present one */
	struct tc_past *past;
	struct tc_world world;
	struct tc_event event;
	uint32_t root_tgid; /* 0: not found yet */
	uint64_t root_start_ns;
	uint64_t first_ns; /* since the epoch: of the first that was read */
};

/* --- fields --- */

static bool get_indexed(struct tc_event *event, const char *name, int index, struct tc_buffer *text)
{
	const struct tc_field *field = tc_field_by_name(name, strlen(name));
	struct tc_value value;

	if (!field || !tc_event_get(event, field, index, &value))
		return false;
	tc_value_print(text, &value, field->show);
	return true;
}

static bool get_field(void *context, const char *name, struct tc_buffer *text)
{
	return get_indexed(context, name, -1, text);
}

/* A field of an ancestor. */
struct generation {
	struct tc_event *event;
	int number;
};

static bool get_ancestor(void *context, const char *name, struct tc_buffer *text)
{
	const struct generation *generation = context;

	return get_indexed(generation->event, name, generation->number, text);
}

static struct tc_story_key key_of(const struct trace *trace)
{
	const struct tc_record *record = trace->event.record;

	return (struct tc_story_key){
		.time_ns = (uint64_t)tc_clock_real_ns(&trace->world.clock, record->time_ns),
		.cpu = record->cpu,
		.seq = record->seq,
	};
}

/* --- where the tree begins --- */

static bool knows(const struct tc_process *process, enum tc_exec_member member)
{
	return process->image && !(process->image->absent & 1ULL << member);
}

static bool same_container(const struct tc_world *world, const struct tc_process *one,
			   const struct tc_process *other)
{
	const struct tc_cgroup *a = tc_cgroups_find(world->cgroups, one->cgroup_id);
	const struct tc_cgroup *b = tc_cgroups_find(world->cgroups, other->cgroup_id);

	return a && b && a->container.length && a->container.length == b->container.length &&
	       memcmp(a->path + a->container.offset, b->path + b->container.offset,
		      a->container.length) == 0;
}

static bool same_login(const struct tc_world *world, const struct tc_process *one,
		       const struct tc_process *other)
{
	return knows(one, TC_MEMBER_exec_sessionid) && knows(other, TC_MEMBER_exec_sessionid) &&
	       one->image->exec.sessionid != UINT32_MAX &&
	       one->image->exec.sessionid == other->image->exec.sessionid;
}

/* 0 is the session of a host's first process, and of what it starts, until setsid(2). */
static bool same_session(const struct tc_world *world, const struct tc_process *one,
			 const struct tc_process *other)
{
	return knows(one, TC_MEMBER_exec_sid) && knows(other, TC_MEMBER_exec_sid) &&
	       one->image->exec.sid == other->image->exec.sid;
}

/* The first of these that the process has with itself decides. */
static bool (*const relations[])(const struct tc_world *world, const struct tc_process *one,
				 const struct tc_process *other) = {
	same_container,
	same_login,
	same_session,
};

static const struct tc_process *eldest_relative(const struct tc_world *world,
						const struct tc_process *process)
{
	const struct tc_process *eldest = process;

	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		if (!relations[i](world, process, process))
			continue;
		while (eldest->parent && eldest->parent->tgid > KTHREADD_PID &&
		       relations[i](world, process, eldest->parent))
			eldest = eldest->parent;
		break;
	}
	return eldest;
}

static bool is_below_root(const struct trace *trace, const struct tc_process *process)
{
	for (unsigned n = 0; process && n < TC_ANCESTORS_MAX; n++, process = process->parent)
		if (process->tgid == trace->root_tgid &&
		    tc_processes_started(trace->world.processes, process, trace->root_start_ns))
			return true;
	return false;
}

/* --- telling --- */

static void learn_actor(struct trace *trace, struct tc_story_process *process)
{
	for (int fact = 0; fact < TC_STORY_FACT_MAX; fact++)
		tc_story_learn(trace->story, process, (enum tc_story_fact)fact,
			       tc_story_facts[fact].field, get_field, &trace->event);
}

/* That of the main thread, which may have changed without an exec. */
static void learn_name(struct trace *trace, struct tc_story_process *process)
{
	struct generation generation = {&trace->event, 0};

	tc_story_learn(trace->story, process, TC_STORY_NAME, tc_story_facts[TC_STORY_NAME].ancestor,
		       get_ancestor, &generation);
}

static void learn_ancestor(struct trace *trace, int number, struct tc_story_process *process)
{
	struct generation generation = {&trace->event, number};

	for (int fact = 0; fact < TC_STORY_FACT_MAX; fact++)
		if (*tc_story_facts[fact].ancestor)
			tc_story_learn(trace->story, process, (enum tc_story_fact)fact,
				       tc_story_facts[fact].ancestor, get_ancestor, &generation);
}

/* The process and its ancestors, as far as they are known. NULL when there is no room. */
static struct tc_story_process *meet(struct trace *trace)
{
	struct tc_story_process *actor = NULL, *child = NULL;

	for (int n = 0; n <= TC_ANCESTORS_MAX; n++) {
		const struct tc_process *process =
			tc_process_ancestor(trace->event.process, (unsigned)n);
		struct tc_story_process *known =
			process ? tc_story_process(trace->story, process->tgid, process->start_ns,
						   process->start_ns)
				: NULL;

		if (!known)
			break;
		if (child)
			child->parent = known;
		if (n == 0)
			actor = known;
		known->is_relative |= is_below_root(trace, process);
		if (n == 0 &&
		    (!known->facts[TC_STORY_LOGINUID] || trace->event.kind->kind == TC_KIND_exec))
			learn_actor(trace, known);
		else if (n == 0)
			learn_name(trace, known);
		else if (!known->facts[TC_STORY_NAME])
			learn_ancestor(trace, n, known);
		if (known->parent && n > 0)
			break;
		child = known;
	}
	return actor;
}

/* The new process is what its parent is, until it says otherwise. */
static void meet_child(struct trace *trace, struct tc_story_process *parent)
{
	const struct tc_fork *fork = (const void *)trace->event.record;
	struct tc_story_process *child = tc_story_process(
		trace->story, fork->child_tgid, fork->child_start_ns, fork->child_start_ns);

	if (!child || child->parent || child == parent)
		return;
	child->parent = parent;
	child->is_relative = parent->is_relative;
	for (int fact = 0; fact < TC_STORY_FACT_MAX; fact++)
		if (fact != TC_STORY_LOGINUID)
			child->facts[fact] = parent->facts[fact];
}

static void tell(struct trace *trace)
{
	struct tc_story_telling telling = {
		.key = key_of(trace),
		.kind = trace->event.kind->name,
		.get = get_field,
		.context = &trace->event,
	};

	tc_story_expect(trace->story, &telling.key);
	telling.process = meet(trace);
	if (!telling.process)
		return;
	tc_story_tell(trace->story, &telling);
	if (trace->event.kind->kind == TC_KIND_fork)
		meet_child(trace, telling.process);
}

/* --- reading --- */

/* 1 when the reading may end. */
typedef int (*visitor)(struct trace *trace);

static int visit_for_root(struct trace *trace)
{
	const struct tc_story_key key = key_of(trace);
	const struct tc_process *root;

	if (key.time_ns > trace->story->subject->key.time_ns + LAG_NS)
		return 1;
	if (memcmp(&key, &trace->story->subject->key, sizeof(key)) != 0 || !trace->event.process)
		return 0;
	root = eldest_relative(&trace->world, trace->event.process);
	trace->root_tgid = root->tgid;
	trace->root_start_ns = root->start_ns;
	return 1;
}

/* Events: of other reasons what was lost are alerts, whose events are here. */
static void count_lost(struct trace *trace)
{
	const struct tc_loss *loss = (const void *)trace->event.record;

	if (tc_loss_was_unseen(loss->reason) || loss->reason == TC_LOSS_AUDIT)
		trace->story->lost += loss->count;
}

static int visit_for_story(struct trace *trace)
{
	const uint64_t time_ns = key_of(trace).time_ns;

	if (time_ns > trace->until_ns)
		return time_ns > trace->until_ns + LAG_NS;
	if (time_ns < trace->since_ns)
		return 0;
	if (trace->event.kind->kind == TC_KIND_loss)
		count_lost(trace);
	if (is_below_root(trace, trace->event.process) || is_below_root(trace, trace->event.target))
		tell(trace);
	return 0;
}

static int take(struct trace *trace, const struct tc_past_step *step, visitor visit)
{
	struct tc_decode_error error;
	int r = step->bytes ? tc_decode(step->bytes, step->size, &trace->event, &error) : -EBADMSG;

	if (r < 0) /* what a replay refuses, and time that passes */
		return 0;
	r = tc_world_enrich(&trace->world, &trace->event);
	if (r < 0)
		return r;
	if (!trace->first_ns)
		trace->first_ns = key_of(trace).time_ns;
	r = visit(trace);
	tc_world_settle(&trace->world, &trace->event);
	return r;
}

static int tell_fault(const struct trace *trace, int error, const struct tc_recording_fault *fault)
{
	const char *path = tc_series_path(trace->series);

	if (error != -EBADMSG)
		return tc_error_return(error, "cannot read %s", path);
	tc_warning("%s: damaged at byte %llu, behind %llu whole blocks: %s; what is behind it is "
		   "not told",
		   path, (unsigned long long)fault->offset, (unsigned long long)fault->block,
		   fault->reason);
	return error;
}

static void end_world(struct trace *trace)
{
	if (trace->world.processes)
		tc_world_done(&trace->world);
	tc_past_free(trace->past);
	trace->world = (struct tc_world){0};
	trace->past = NULL;
}

/* 0; a negative errno, told. */
static int begin_world(struct trace *trace)
{
	struct tc_recording_fault fault = {0};
	char zone[TC_ZONE_MAX];
	struct tc_host *host;
	int error;

	tc_named_text(tc_recording_header(trace->recording), "zone", zone, sizeof(zone));
	tc_zone_use(zone);
	error = tc_past_new(trace->recording, &trace->past, &fault);
	if (error < 0)
		return tell_fault(trace, error, &fault);
	error = tc_world_init(&trace->world);
	host = error < 0 ? NULL : tc_past_host(trace->past);
	if (error == 0)
		error = host ? tc_world_open(&trace->world, host) : -ENOMEM;
	return error < 0 ? tc_error_return(error, "cannot read %s", trace->path) : 0;
}

/* The present recording. 0; 1 when no more is wanted; a negative errno, told. */
static int read_one(struct trace *trace, bool continues, visitor visit)
{
	struct tc_recording_fault fault = {0};
	struct tc_past_step step;
	int r = 0;

	if (continues && trace->past) {
		tc_past_continue(trace->past, trace->recording);
	} else {
		end_world(trace);
		r = begin_world(trace);
	}
	while (r == 0 && (r = tc_past_next(trace->past, &step, &fault)) > 0) {
		r = take(trace, &step, visit);
		if (r < 0)
			return tc_error_return(r, "cannot read %s", trace->path);
		if (r > 0)
			return 1;
	}
	return r < 0 && fault.reason[0] ? tell_fault(trace, r, &fault) : r;
}

/* Recordings of the series from a time on. 0, or a negative errno, told; what is damaged was told,
 * and ends its world. */
static int read_series(struct trace *trace, uint64_t since_ns, visitor visit)
{
	struct tc_recording_fault fault = {0};
	bool continues;
	int r = tc_series_open(trace->path, &trace->series);

	if (r == -ENODATA)
		return tc_error_return(r, "%s has no segments of an audit log", trace->path);
	if (r < 0)
		return tc_error_return(r, "cannot read %s", trace->path);
	tc_series_skip(trace->series, since_ns);
	while ((r = tc_series_next(trace->series, &trace->recording, &continues, &fault)) != 0) {
		r = r > 0 ? read_one(trace, continues, visit) : tell_fault(trace, r, &fault);
		if (r == -EBADMSG)
			end_world(trace);
		else if (r != 0)
			break;
	}
	end_world(trace);
	tc_series_close(trace->series);
	trace->series = NULL;
	return r < 0 && r != -EBADMSG ? r : 0;
}

static int not_there(const struct trace *trace)
{
	char from[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(trace->first_ns, from);
	if (trace->first_ns)
		tc_error("%s does not hold the event of this alert (what was read begins at %s): "
			 "it is of another "
			 "time or host, or its kind was not recorded",
			 trace->path, from);
	else
		tc_error("%s holds no events", trace->path);
	return -ENOENT;
}

int tc_story_read_trace(struct tc_story *story, const char *path, uint64_t around_ns)
{
	const uint64_t at_ns = story->subject->key.time_ns;
	struct trace trace = {
		.story = story,
		.path = path,
		.since_ns = at_ns > around_ns ? at_ns - around_ns : 0,
		.until_ns = around_ns < UINT64_MAX - at_ns ? at_ns + around_ns : UINT64_MAX,
	};
	int error = tc_event_init(&trace.event);

	if (error == 0)
		error = read_series(&trace, at_ns, visit_for_root);
	if (error == 0 && !trace.root_tgid)
		error = not_there(&trace);
	if (error == 0)
		error = read_series(&trace, trace.since_ns, visit_for_story);
	tc_event_done(&trace.event);
	return error;
}
