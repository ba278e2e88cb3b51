/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1
#include "recording/cut.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "agent/decode.h"
#include "recording/facts.h"
#include "recording/past.h"
#include "recording/snapshot.h"

/* Records come merged by time, but for those of a CPU that lagged behind. */
#define LAG_NS 5000000000ULL

/* A process that is told of. Numbers that were used again stand for all that had them. */
struct member {
	uint32_t tgid;
	UT_hash_handle hh;
};

/* Goes through the recording, once to find out which processes matter, once to cut. */
struct cutter {
	struct tc_sink sink; /* first: of the snapshot */
	const char *path;
	const struct tc_cut *cut;
	const struct tc_cut_target *target;
	struct member *members;
	struct tc_recording_fault *fault;
	char *gap; /* PATH_MAX bytes */

	struct tc_recording *recording;
	struct tc_past *past;
	struct tc_world world;
	struct tc_event event;
	bool is_decoded;    /* the present step is an event */
	bool is_first_step; /* whose answers are the beginning of the host, too */
	bool begun;
	int error; /* of the target, while the snapshot was given to it */
	uint64_t kept;
	uint64_t generations; /* given, or too old */
};

/* Each step; when it was taken by the world, but for `before`. */
struct visitor {
	int (*before)(struct cutter *cutter, uint64_t real_ns); /* NULL: nobody is asked */
	int (*visit)(struct cutter *cutter, const struct tc_past_step *step, uint64_t real_ns);
};

/* --- who matters --- */

static bool is_member(const struct cutter *cutter, uint32_t tgid)
{
	const struct member *member;

	HASH_FIND(hh, cutter->members, &tgid, sizeof(tgid), member);
	return member;
}

static int add_member(struct cutter *cutter, uint32_t tgid)
{
	struct member *member;

	if (is_member(cutter, tgid))
		return 0;
	member = calloc(1, sizeof(*member));
	if (!member)
		return -ENOMEM;
	member->tgid = tgid;
	HASH_ADD(hh, cutter->members, tgid, sizeof(member->tgid), member);
	if (!member->hh.tbl) {
		free(member);
		return -ENOMEM;
	}
	return 0;
}

/* With its ancestors. */
static int add_line(struct cutter *cutter, const struct tc_process *process)
{
	int error = 0;

	for (; process && error == 0; process = process->parent)
		error = add_member(cutter, process->tgid);
	return error;
}

static void forget_members(struct cutter *cutter)
{
	struct member *member, *next;

	HASH_ITER (hh, cutter->members, member, next) {
		HASH_DELETE(hh, cutter->members, member);
		free(member);
	}
}

static bool is_within(const struct tc_cgroup *cgroup, const char *path)
{
	size_t length = strlen(path);

	while (length && path[length - 1] == '/')
		length--;
	return cgroup && cgroup->path_length >= length && memcmp(cgroup->path, path, length) == 0 &&
	       (cgroup->path_length == length || cgroup->path[length] == '/');
}

static bool descends_from(const struct tc_process *process, uint32_t tgid)
{
	while (process && process->tgid != tgid)
		process = process->parent;
	return process;
}

static bool makes(const struct tc_event *event, uint32_t tgid)
{
	return event->kind->kind == TC_KIND_fork &&
	       ((const struct tc_fork *)event->record)->child_tgid == tgid;
}

/* Whether the present event is asked for. */
static bool is_asked_for(const struct cutter *cutter)
{
	const struct tc_event *event = &cutter->event;
	const struct tc_cut *cut = cutter->cut;

	if (event->kind->traits & TC_TRAIT_AGENT)
		return true;
	if (cut->cgroup && !is_within(event->cgroup, cut->cgroup))
		return false;
	return !cut->tgid || descends_from(event->process, cut->tgid) || makes(event, cut->tgid);
}

static bool has_answers(const struct cutter *cutter)
{
	struct tc_entry answer;
	size_t at = 0;

	return tc_past_answer(cutter->past, &at, &answer);
}

/* Whether it is kept: for itself, or for others. */
static bool is_kept(const struct cutter *cutter)
{
	const struct tc_event *event = &cutter->event;
	bool is_of_member = is_member(cutter, event->record->tgid);

	if (is_asked_for(cutter))
		return true;
	if (!(event->kind->traits & TC_TRAIT_STATE))
		return is_of_member && has_answers(cutter);
	if (strcmp(event->kind->family, "cgroup") == 0 || is_of_member)
		return true;
	return event->kind->kind == TC_KIND_fork &&
	       is_member(cutter, ((const struct tc_fork *)event->record)->child_tgid);
}

/* --- reading --- */

static int open_world(struct cutter *cutter)
{
	struct tc_host *host;
	int error = tc_past_new(cutter->recording, &cutter->past, cutter->fault);

	if (error == 0)
		error = tc_world_init(&cutter->world);
	if (error < 0)
		return error;
	host = tc_past_host(cutter->past);
	error = host ? tc_world_open(&cutter->world, host) : -ENOMEM;
	cutter->is_first_step = true;
	return error < 0 ? error : tc_event_init(&cutter->event);
}

static void close_world(struct cutter *cutter)
{
	tc_event_done(&cutter->event);
	if (cutter->world.processes)
		tc_world_done(&cutter->world);
	tc_past_free(cutter->past);
	cutter->event = (struct tc_event){0};
	cutter->world = (struct tc_world){0};
	cutter->past = NULL;
}

/* 1: nothing more is wanted. */
static int take_step(struct cutter *cutter, const struct visitor *visitor,
		     const struct tc_past_step *step)
{
	const struct tc_record *record = step->bytes;
	struct tc_decode_error wrong;
	uint64_t boot_ns = step->now_ns, real_ns;
	int error = 0;

	if (record)
		boot_ns = step->size >= sizeof(*record) ? record->time_ns : 0;
	real_ns = (uint64_t)tc_clock_real_ns(&cutter->world.clock, boot_ns);
	if (boot_ns && real_ns > cutter->cut->until_ns)
		return real_ns - cutter->cut->until_ns > LAG_NS;
	if (visitor->before)
		error = visitor->before(cutter, real_ns);
	cutter->is_decoded = record && tc_decode(record, step->size, &cutter->event, &wrong) == 0;
	if (error == 0 && cutter->is_decoded)
		error = tc_world_enrich(&cutter->world, &cutter->event);
	if (error == 0)
		error = visitor->visit(cutter, step, real_ns);
	if (cutter->is_decoded)
		tc_world_settle(&cutter->world, &cutter->event);
	cutter->is_first_step = false;
	return error;
}

/* To the end of the present recording. 0; 1: nothing more is wanted; or a negative errno. */
static int walk_recording(struct cutter *cutter, const struct visitor *visitor)
{
	struct tc_past_step step;
	int r;

	while ((r = tc_past_next(cutter->past, &step, cutter->fault)) > 0) {
		r = take_step(cutter, visitor, &step);
		if (r)
			return r;
	}
	return r;
}

/* Up to the end, the damage or the gap. 0 or a negative errno. */
static int walk_series(struct cutter *cutter, const struct visitor *visitor,
		       struct tc_series *series)
{
	bool continues;
	int r;

	while ((r = tc_series_next(series, &cutter->recording, &continues, cutter->fault)) > 0) {
		if (cutter->past && !continues) {
			snprintf(cutter->gap, PATH_MAX, "%s", tc_series_path(series));
			return 0;
		}
		if (cutter->past)
			tc_past_continue(cutter->past, cutter->recording);
		else
			r = open_world(cutter);
		if (r >= 0)
			r = walk_recording(cutter, visitor);
		if (r)
			break;
	}
	/* What was whole before the damage is cut. */
	return r == -EBADMSG && cutter->past ? 0 : r < 0 ? r : 0;
}

static int walk(struct cutter *cutter, const struct visitor *visitor)
{
	struct tc_series *series;
	int error = tc_series_open(cutter->path, &series);

	if (error < 0)
		return error;
	*cutter->fault = (struct tc_recording_fault){0};
	cutter->gap[0] = '\0';
	tc_series_skip(series, cutter->cut->since_ns);
	error = walk_series(cutter, visitor, series);
	close_world(cutter);
	tc_series_close(series);
	return error;
}

/* --- the first time --- */

static int look(struct cutter *cutter, const struct tc_past_step *step, uint64_t real_ns)
{
	int error = 0;

	if (!cutter->is_decoded || real_ns < cutter->cut->since_ns || !is_asked_for(cutter) ||
	    cutter->event.kind->traits & TC_TRAIT_AGENT)
		return 0;
	error = add_line(cutter, cutter->event.process);
	return error < 0 ? error : add_line(cutter, cutter->event.target);
}

/* --- the second time --- */

/* A tc_snapshot_choice. */
static bool is_shown(void *context, const struct tc_process *process)
{
	const struct cutter *cutter = context;

	return !(cutter->cut->cgroup || cutter->cut->tgid) || is_member(cutter, process->tgid);
}

static void add_to_target(struct tc_sink *sink, enum tc_entry_type type, const void *bytes,
			  size_t size)
{
	struct cutter *cutter = (struct cutter *)sink;

	if (cutter->error == 0)
		cutter->error =
			cutter->target->add(cutter->target->context, (uint16_t)type, bytes, size);
}

static const struct tc_sink_ops sink_ops = {.add = add_to_target};

/* Values that are others in a cut: of its time, of its place in a log. */
static bool is_replaced(const struct tc_named *named)
{
	static const char *const names[] = {"now_ns",	  "real_minus_boot_ns", "layout",
					    "segment",	  "first_segment",	"previous",
					    "taken_until"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (tc_named_is(named, names[i]))
			return true;
	return false;
}

static void put_header(const struct cutter *cutter, uint64_t now_ns, struct tc_buffer *header)
{
	struct tc_named_list rest = *tc_recording_header(cutter->recording);
	_cleanup_buffer_ struct tc_buffer layout = {0};
	struct tc_named named;

	while (tc_named_next(&rest, &named) > 0) {
		char name[TC_NAMED_NAME_MAX];

		if (is_replaced(&named))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)named.name_length, named.name);
		if (named.bytes)
			tc_named_put_bytes(header, name, named.bytes, named.length);
		else
			tc_named_put_number(header, name, named.number);
	}
	tc_named_put_number(header, "now_ns", now_ns);
	tc_named_put_number(header, "real_minus_boot_ns",
			    (uint64_t)cutter->world.clock.real_minus_boot_ns);
	tc_layout_write(&layout);
	header->failed |= layout.failed;
	tc_named_put_bytes(header, "layout", layout.bytes, layout.length);
}

/* Before the first step that may be kept: the host as it is then. */
static int begin(struct cutter *cutter, uint64_t real_ns)
{
	_cleanup_buffer_ struct tc_buffer header = {0};
	uint64_t now_ns;
	int error;

	if (cutter->begun || real_ns < cutter->cut->since_ns)
		return 0;
	now_ns = cutter->is_first_step
			 ? tc_named_number(tc_recording_header(cutter->recording), "now_ns", 0)
			 : real_ns - (uint64_t)cutter->world.clock.real_minus_boot_ns;
	put_header(cutter, now_ns, &header);
	if (tc_buffer_failed(&header))
		return -ENOMEM;
	cutter->begun = true;
	error = cutter->target->begin(cutter->target->context, &header);
	if (error < 0)
		return error;
	tc_snapshot_add_some(&cutter->world, &cutter->sink, is_shown, cutter);
	return cutter->error;
}

/* Answers that the snapshot has given: those of the beginning. */
static bool is_in_snapshot(const struct cutter *cutter, const struct tc_entry *answer)
{
	const struct tc_named_list list = {answer->bytes, answer->size};

	return tc_named_number(&list, "listed", 0) ||
	       (cutter->is_first_step &&
		(answer->type == TC_ENTRY_USERS || answer->type == TC_ENTRY_SERVICES));
}

/* The program of a process is a record: as this version has it. */
static int give_answer(struct cutter *cutter, const struct tc_entry *answer)
{
	const struct tc_layout *layout = tc_recording_layout(cutter->recording);
	const struct tc_named_list list = {answer->bytes, answer->size};
	const struct tc_cut_target *target = cutter->target;
	_cleanup_buffer_ struct tc_buffer body = {0};
	struct tc_process_facts facts;
	union tc_layout_room room;

	if (answer->type != TC_ENTRY_PROCESS || tc_layout_is_own(layout) ||
	    tc_named_number(&list, "error", 0))
		return target->add(target->context, answer->type, answer->bytes, answer->size);
	if (tc_facts_get_process(&list, layout, &room, &facts) < 0)
		return 0;
	tc_facts_put_process(&body, &facts);
	if (tc_buffer_failed(&body))
		return -ENOMEM;
	return target->add(target->context, answer->type, body.bytes, body.length);
}

static int give_answers(struct cutter *cutter)
{
	struct tc_entry answer;
	size_t at = 0;
	int error = 0;

	while (error == 0 && tc_past_answer(cutter->past, &at, &answer))
		if (!is_in_snapshot(cutter, &answer))
			error = give_answer(cutter, &answer);
	return error;
}

static int give_generations(struct cutter *cutter)
{
	for (; cutter->generations < tc_past_generations(cutter->past); cutter->generations++) {
		const struct tc_past_generation *generation =
			tc_past_generation(cutter->past, cutter->generations);

		if (generation)
			tc_sink_add_generation(&cutter->sink, generation->number,
					       generation->rules);
	}
	return cutter->error;
}

static int give(struct cutter *cutter, const struct tc_past_step *step, uint64_t real_ns)
{
	const struct tc_cut_target *target = cutter->target;
	const bool is_part = cutter->cut->cgroup || cutter->cut->tgid;
	_cleanup_buffer_ struct tc_buffer time = {0};
	int error;

	if (!cutter->begun || real_ns < cutter->cut->since_ns)
		return 0;
	if (!step->bytes) {
		tc_named_put_number(&time, "now_ns", step->now_ns);
		return tc_buffer_failed(&time) ? -ENOMEM
					       : target->add(target->context, TC_ENTRY_TIME,
							     time.bytes, time.length);
	}
	/* Of another layout, and none that could be read. */
	if (!step->size || (is_part && (!cutter->is_decoded || !is_kept(cutter))))
		return 0;
	error = give_generations(cutter);
	if (error == 0)
		error = give_answers(cutter);
	if (error < 0)
		return error;
	cutter->kept++;
	return target->add(target->context, TC_ENTRY_RECORD, step->bytes, step->size);
}

int tc_cut(const char *path, const struct tc_cut *cut, const struct tc_cut_target *target,
	   char ret_gap[PATH_MAX], struct tc_recording_fault *ret_fault)
{
	static const struct visitor first = {.visit = look};
	static const struct visitor second = {.before = begin, .visit = give};
	struct cutter cutter = {
		.sink = {.ops = &sink_ops},
		.path = path,
		.cut = cut,
		.target = target,
		.fault = ret_fault,
		.gap = ret_gap,
	};
	int error = cut->cgroup || cut->tgid ? walk(&cutter, &first) : 0;

	if (error == 0)
		error = walk(&cutter, &second);
	forget_members(&cutter);
	return error == 0 && !cutter.kept ? -ENODATA : error;
}
