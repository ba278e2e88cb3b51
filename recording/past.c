/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/past.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/enrich/container_reader.h"
#include "recording/facts.h"

/* One answer in the store. */
struct answer {
	uint32_t size;
	uint16_t type;
};

struct tc_past {
	struct tc_recording *recording;
	struct tc_buffer answers;  /* each with its struct answer before it */
	uint64_t generation;	   /* of the answers: new with each record */
	bool is_known;		   /* what comes up to TC_ENTRY_KNOWN */
	bool is_first;		   /* the step in `entry` was not given yet */
	struct tc_entry entry;	   /* a record, or time */
	union tc_layout_room room; /* of the present record */
	struct tc_past_generation generations[TC_PAST_GENERATIONS];
	uint64_t n_generations; /* ever */
	struct tc_past_counts counts;
};

/* --- the stream --- */

/* The answer that begins at *at, which then is behind it. False at the end. */
static bool take(const struct tc_buffer *answers, size_t *at, uint16_t *ret_type,
		 struct tc_named_list *ret_answer)
{
	struct answer head;

	if (*at >= answers->length)
		return false;
	memcpy(&head, answers->bytes + *at, sizeof(head));
	*ret_type = head.type;
	*ret_answer = (struct tc_named_list){answers->bytes + *at + sizeof(head), head.size};
	*at += sizeof(head) + head.size;
	return true;
}

static int store(struct tc_past *past, const struct tc_entry *entry,
		 struct tc_recording_fault *ret_fault)
{
	const struct answer answer = {.size = (uint32_t)entry->size, .type = entry->type};

	if (past->answers.length + sizeof(answer) + entry->size > TC_FACTS_BYTES_MAX) {
		*ret_fault =
			(struct tc_recording_fault){.offset = tc_recording_offset(past->recording)};
		snprintf(ret_fault->reason, sizeof(ret_fault->reason),
			 "more than %u bytes of facts before one record", TC_FACTS_BYTES_MAX);
		return -EBADMSG;
	}
	tc_buffer_add(&past->answers, &answer, sizeof(answer));
	tc_buffer_add(&past->answers, entry->bytes, entry->size);
	return tc_buffer_failed(&past->answers) ? -ENOMEM : 0;
}

static void note_generation(struct tc_past *past, const struct tc_entry *entry)
{
	const struct tc_named_list body = {entry->bytes, entry->size};
	struct tc_past_generation *generation =
		&past->generations[past->n_generations++ % TC_PAST_GENERATIONS];

	generation->number = (uint32_t)tc_named_number(&body, "number", 0);
	tc_named_text(&body, "rules", generation->rules, sizeof(generation->rules));
}

/* Answers are stored until a step comes. 1, 0 at the end, or a negative errno. */
static int read_on(struct tc_past *past, struct tc_recording_fault *ret_fault)
{
	struct tc_entry entry;
	int r;

	tc_buffer_reset(&past->answers);
	past->generation++;
	while ((r = tc_recording_next(past->recording, &entry, ret_fault)) > 0) {
		if (entry.type == TC_ENTRY_RECORD || entry.type == TC_ENTRY_TIME) {
			past->is_known = false;
			past->entry = entry;
			return 1;
		}
		if (past->is_known || entry.type == TC_ENTRY_KNOWN) {
			past->is_known &= entry.type != TC_ENTRY_KNOWN;
			continue;
		}
		if (entry.type == TC_ENTRY_GENERATION)
			note_generation(past, &entry);
		else
			r = store(past, &entry, ret_fault);
		if (r < 0)
			return r;
	}
	return r;
}

static int give_time(const struct tc_past *past, struct tc_past_step *ret_step)
{
	const struct tc_named_list body = {past->entry.bytes, past->entry.size};

	*ret_step = (struct tc_past_step){.now_ns = tc_named_number(&body, "now_ns", 0)};
	return 0;
}

/* What the agent refused is refused again. */
static int give_record(struct tc_past *past, struct tc_past_step *ret_step)
{
	const struct tc_layout *layout = tc_recording_layout(past->recording);
	const struct tc_record *record;
	const char *kind;
	int error = tc_layout_apply(layout, past->entry.bytes, past->entry.size, &past->room,
				    &record, &kind);

	if (error == -ENOENT) {
		past->counts.unknown++;
		snprintf(past->counts.unknown_kind, sizeof(past->counts.unknown_kind), "%s", kind);
		return error;
	}
	past->counts.records++;
	past->counts.bytes += past->entry.size;
	*ret_step = (struct tc_past_step){.bytes = past->entry.bytes};
	if (error == 0)
		*ret_step = (struct tc_past_step){.bytes = record, .size = record->size};
	else if (tc_layout_is_own(layout))
		ret_step->size = past->entry.size;
	return 0;
}

static int give(struct tc_past *past, struct tc_past_step *ret_step)
{
	return past->entry.type == TC_ENTRY_TIME ? give_time(past, ret_step)
						 : give_record(past, ret_step);
}

int tc_past_next(struct tc_past *past, struct tc_past_step *ret_step,
		 struct tc_recording_fault *ret_fault)
{
	for (;;) {
		int r = past->is_first ? 1 : read_on(past, ret_fault);

		past->is_first = false;
		if (r <= 0)
			return r;
		if (give(past, ret_step) == 0)
			return 1;
	}
}

int tc_past_new(struct tc_recording *recording, struct tc_past **ret_past,
		struct tc_recording_fault *ret_fault)
{
	struct tc_past *past = calloc(1, sizeof(*past));
	int r;

	if (!past)
		return -ENOMEM;
	past->recording = recording;
	r = read_on(past, ret_fault);
	if (r < 0) {
		tc_past_free(past);
		return r;
	}
	past->is_first = r > 0;
	*ret_past = past;
	return 0;
}

void tc_past_continue(struct tc_past *past, struct tc_recording *recording)
{
	past->recording = recording;
	past->is_known = true;
}

void tc_past_free(struct tc_past *past)
{
	if (!past)
		return;
	tc_buffer_done(&past->answers);
	free(past);
}

uint64_t tc_past_generations(const struct tc_past *past)
{
	return past->n_generations;
}

const struct tc_past_generation *tc_past_generation(const struct tc_past *past, uint64_t n)
{
	if (n >= past->n_generations || past->n_generations - n > TC_PAST_GENERATIONS)
		return NULL;
	return &past->generations[n % TC_PAST_GENERATIONS];
}

bool tc_past_had_rules(const struct tc_past *past, uint32_t number, const char *hash)
{
	const struct tc_past_generation *generation;

	for (uint64_t n = past->n_generations; n--;) {
		generation = tc_past_generation(past, n);
		if (!generation)
			return false;
		if (generation->number == number)
			return strcmp(generation->rules, hash) == 0;
	}
	return false;
}

bool tc_past_answer(const struct tc_past *past, size_t *at, struct tc_entry *ret_answer)
{
	struct tc_named_list list;

	if (!take(&past->answers, at, &ret_answer->type, &list))
		return false;
	ret_answer->bytes = list.bytes;
	ret_answer->size = list.length;
	return true;
}

void tc_past_counts(const struct tc_past *past, struct tc_past_counts *ret_counts)
{
	*ret_counts = past->counts;
}

/* --- the host --- */

struct past_host {
	struct tc_host host;
	struct tc_past *past;
	uint64_t generation; /* of the answers that `at` is in */
	size_t at;	     /* behind the last answer that was given: the next is likely there */
	union tc_layout_room room;
	struct tc_process_facts facts;
};

static struct past_host *past_host(struct tc_host *host)
{
	return (struct past_host *)host;
}

typedef bool (*judge)(const struct tc_named_list *answer, const void *question);

/* Questions are asked in the order in which they were, so that mostly the first look finds. */
static bool find(struct past_host *self, uint16_t type, judge fits, const void *question,
		 struct tc_named_list *ret_answer)
{
	const struct tc_buffer *answers = &self->past->answers;
	size_t at, start;
	uint16_t found;

	if (self->generation != self->past->generation)
		self->at = 0;
	self->generation = self->past->generation;
	start = at = self->at;
	while (take(answers, &at, &found, ret_answer))
		if (found == type && fits(ret_answer, question)) {
			self->at = at;
			return true;
		}
	for (at = 0; at < start && take(answers, &at, &found, ret_answer);)
		if (found == type && fits(ret_answer, question)) {
			self->at = at;
			return true;
		}
	return false;
}

static bool any(const struct tc_named_list *answer, const void *question)
{
	return true;
}

static bool is_id(const struct tc_named_list *answer, const void *question)
{
	return tc_named_number(answer, "id", 0) == *(const uint64_t *)question &&
	       !tc_named_number(answer, "listed", 0);
}

static bool is_tgid(const struct tc_named_list *answer, const void *question)
{
	return tc_named_number(answer, "tgid", 0) == *(const uint32_t *)question &&
	       !tc_named_number(answer, "listed", 0);
}

/* Errors are small numbers; what else stands there is none that the world knows. */
static int error_of(const struct tc_named_list *answer)
{
	uint64_t error = tc_named_number(answer, "error", 0);

	return error <= 4095 && error != ENOMEM ? -(int)error : -EIO;
}

static int about(struct tc_host *host, struct tc_host_about *ret_about)
{
	const struct tc_named_list *header = tc_recording_header(past_host(host)->past->recording);

	ret_about->now_ns = tc_named_number(header, "now_ns", 0);
	ret_about->clock.real_minus_boot_ns =
		(int64_t)tc_named_number(header, "real_minus_boot_ns", 0);
	tc_named_text(header, "boot_id", ret_about->boot_id, sizeof(ret_about->boot_id));
	tc_named_text(header, "hostname", ret_about->hostname, sizeof(ret_about->hostname));
	return 0;
}

/* A clock_step record tells of it. */
static void measure(struct tc_host *host, struct tc_clock *clock)
{
}

static char *text_of(const struct tc_named_list *answer, const char *name)
{
	const char *bytes = "";
	size_t length = 0;

	tc_named_bytes(answer, name, &bytes, &length);
	return strndup(bytes, length);
}

static int users(struct tc_host *host, struct tc_users *names)
{
	struct tc_named_list answer;
	char *passwd, *group;
	int error = -ENOMEM;

	if (!find(past_host(host), TC_ENTRY_USERS, any, NULL, &answer))
		return 0;
	passwd = text_of(&answer, "passwd");
	group = text_of(&answer, "group");
	if (passwd && group)
		error = tc_users_read(names, passwd, group);
	free(passwd);
	free(group);
	return error;
}

static struct tc_services *services(struct tc_host *host)
{
	struct tc_services *names = NULL;
	struct tc_named_list answer;
	char *text;

	if (!find(past_host(host), TC_ENTRY_SERVICES, any, NULL, &answer))
		return NULL;
	text = text_of(&answer, "services");
	if (text)
		names = tc_services_parse(text);
	free(text);
	return names;
}

static bool get_path(const struct tc_named_list *answer, char path[TC_CGROUP_PATH_MAX],
		     size_t *ret_length)
{
	tc_named_text(answer, "path", path, TC_CGROUP_PATH_MAX);
	*ret_length = strlen(path);
	return *path == '/';
}

static int each_cgroup(struct tc_host *host, tc_cgroup_visitor visit, void *data)
{
	char path[TC_CGROUP_PATH_MAX];
	struct tc_named_list answer;
	size_t at = 0, length;
	uint16_t type;
	int error = 0;

	while (error == 0 && take(&past_host(host)->past->answers, &at, &type, &answer))
		if (type == TC_ENTRY_CGROUP && tc_named_number(&answer, "listed", 0) &&
		    get_path(&answer, path, &length))
			error = visit(data, tc_named_number(&answer, "id", 0), path, length);
	return error;
}

static int cgroup_path(struct tc_host *host, uint64_t id, char path[TC_CGROUP_PATH_MAX],
		       size_t *ret_length)
{
	struct tc_named_list answer;

	if (!find(past_host(host), TC_ENTRY_CGROUP, is_id, &id, &answer))
		return -EAGAIN;
	if (error_of(&answer) < 0)
		return error_of(&answer);
	return get_path(&answer, path, ret_length) ? 0 : -EIO;
}

static int get_process(struct past_host *self, const struct tc_named_list *answer)
{
	return tc_facts_get_process(answer, tc_recording_layout(self->past->recording), &self->room,
				    &self->facts);
}

static int each_process(struct tc_host *host, tc_process_visitor visit, void *data)
{
	struct past_host *self = past_host(host);
	struct tc_named_list answer;
	uint16_t type;
	size_t at = 0;
	int error = 0;

	while (error == 0 && take(&self->past->answers, &at, &type, &answer))
		if (type == TC_ENTRY_PROCESS && tc_named_number(&answer, "listed", 0) &&
		    get_process(self, &answer) == 0)
			error = visit(data, &self->facts);
	return error;
}

static int process(struct tc_host *host, uint32_t tgid, const struct tc_process_facts **ret_facts)
{
	struct past_host *self = past_host(host);
	struct tc_named_list answer;

	if (!find(self, TC_ENTRY_PROCESS, is_tgid, &tgid, &answer))
		return -EAGAIN;
	if (error_of(&answer) < 0)
		return error_of(&answer);
	if (get_process(self, &answer) < 0)
		return -EIO;
	*ret_facts = &self->facts;
	return 0;
}

static int process_start(struct tc_host *host, uint32_t tgid, uint64_t *ret_start_ns)
{
	struct tc_named_list answer;

	if (!find(past_host(host), TC_ENTRY_START, is_tgid, &tgid, &answer))
		return -EAGAIN;
	if (error_of(&answer) < 0)
		return error_of(&answer);
	*ret_start_ns = tc_named_number(&answer, "start_ns", 0);
	return 0;
}

struct container_question {
	const struct tc_container_question *question;
	const char *runtime;
};

static bool has_text(const struct tc_named_list *answer, const char *name, const char *text)
{
	const char *bytes;
	size_t length;

	return tc_named_bytes(answer, name, &bytes, &length) && length == strlen(text) &&
	       memcmp(bytes, text, length) == 0;
}

static bool is_container(const struct tc_named_list *answer, const void *data)
{
	const struct container_question *asked = data;

	return has_text(answer, "of", asked->question->id) &&
	       has_text(answer, "runtime", asked->runtime ? asked->runtime : "") &&
	       tc_named_number(answer, "owner", 0) == asked->question->owner;
}

static int container(struct tc_host *host, const struct tc_container_question *question,
		     const char *runtime, struct tc_container_facts *facts)
{
	const struct container_question asked = {question, runtime};
	struct tc_named_list answer;
	int error;

	if (!find(past_host(host), TC_ENTRY_CONTAINER, is_container, &asked, &answer))
		return -ENOENT;
	error = tc_facts_get_container(&answer, facts);
	return error < 0 ? error : error_of(&answer);
}

static void past_host_free(struct tc_host *host)
{
	free(host);
}

static const struct tc_host_ops past_ops = {
	.about = about,
	.clock = measure,
	.users = users,
	.services = services,
	.each_cgroup = each_cgroup,
	.cgroup_path = cgroup_path,
	.each_process = each_process,
	.process = process,
	.process_start = process_start,
	.container = container,
	.free = past_host_free,
};

struct tc_host *tc_past_host(struct tc_past *past)
{
	struct past_host *self = malloc(sizeof(*self));

	if (!self)
		return NULL;
	self->host.ops = &past_ops;
	self->past = past;
	self->generation = 0;
	self->at = 0;
	return &self->host;
}
