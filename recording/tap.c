/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/tap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/enrich/container_reader.h"
#include "recording/facts.h"

struct tap {
	struct tc_host host;
	struct tc_host *inner;
	struct tc_sink *sink;
	const struct tc_recorder_about *about;
	uint64_t users_version; /* of the names that were noted down */
	struct tc_buffer body;
};

static struct tap *tap_of(struct tc_host *host)
{
	return (struct tap *)host;
}

static void note(struct tap *tap, enum tc_entry_type type)
{
	tc_sink_add_body(tap->sink, type, &tap->body);
}

static void put_error(struct tap *tap, int error)
{
	if (error < 0)
		tc_named_put_number(&tap->body, "error", (uint64_t)-error);
}

static int about(struct tc_host *host, struct tc_host_about *ret_about)
{
	struct tap *tap = tap_of(host);
	int error = tap->inner->ops->about(tap->inner, ret_about);

	if (error == 0)
		tap->sink->ops->begin(tap->sink, tap->about, ret_about);
	return error;
}

/* Of a step of the clock a record of its own tells. */
static void measure(struct tc_host *host, struct tc_clock *clock)
{
	struct tap *tap = tap_of(host);

	tap->inner->ops->clock(tap->inner, clock);
}

static int users(struct tc_host *host, struct tc_users *names)
{
	struct tap *tap = tap_of(host);
	int error = tap->inner->ops->users(tap->inner, names);

	if (error < 0 || tc_users_version(names) == tap->users_version)
		return error;
	tap->users_version = tc_users_version(names);
	tc_facts_put_users(&tap->body, names);
	note(tap, TC_ENTRY_USERS);
	return 0;
}

static struct tc_services *services(struct tc_host *host)
{
	struct tap *tap = tap_of(host);
	struct tc_services *names = tap->inner->ops->services(tap->inner);

	if (!names)
		return NULL;
	tc_facts_put_services(&tap->body, names);
	note(tap, TC_ENTRY_SERVICES);
	return names;
}

/* A visitor that notes down what it passes on. */
struct listing {
	struct tap *tap;
	tc_cgroup_visitor see_cgroup;
	tc_process_visitor see_process;
	void *data;
};

static int list_cgroup(void *data, uint64_t id, const char *path, size_t length)
{
	struct listing *listing = data;
	struct tap *tap = listing->tap;

	tc_named_put_number(&tap->body, "listed", 1);
	tc_facts_put_cgroup(&tap->body, id, path, length);
	note(tap, TC_ENTRY_CGROUP);
	return listing->see_cgroup(listing->data, id, path, length);
}

static int each_cgroup(struct tc_host *host, tc_cgroup_visitor visit, void *data)
{
	struct tap *tap = tap_of(host);
	struct listing listing = {.tap = tap, .see_cgroup = visit, .data = data};

	return tap->inner->ops->each_cgroup(tap->inner, list_cgroup, &listing);
}

static int cgroup_path(struct tc_host *host, uint64_t id, char path[TC_CGROUP_PATH_MAX],
		       size_t *ret_length)
{
	struct tap *tap = tap_of(host);
	int error = tap->inner->ops->cgroup_path(tap->inner, id, path, ret_length);

	put_error(tap, error);
	tc_facts_put_cgroup(&tap->body, id, error == 0 ? path : NULL, error == 0 ? *ret_length : 0);
	note(tap, TC_ENTRY_CGROUP);
	return error;
}

static int list_process(void *data, const struct tc_process_facts *facts)
{
	struct listing *listing = data;
	struct tap *tap = listing->tap;

	tc_named_put_number(&tap->body, "listed", 1);
	tc_facts_put_process(&tap->body, facts);
	note(tap, TC_ENTRY_PROCESS);
	return listing->see_process(listing->data, facts);
}

static int each_process(struct tc_host *host, tc_process_visitor visit, void *data)
{
	struct tap *tap = tap_of(host);
	struct listing listing = {.tap = tap, .see_process = visit, .data = data};

	return tap->inner->ops->each_process(tap->inner, list_process, &listing);
}

static int process(struct tc_host *host, uint32_t tgid, const struct tc_process_facts **ret_facts)
{
	struct tap *tap = tap_of(host);
	int error = tap->inner->ops->process(tap->inner, tgid, ret_facts);

	put_error(tap, error);
	if (error == 0)
		tc_facts_put_process(&tap->body, *ret_facts);
	else
		tc_named_put_number(&tap->body, "tgid", tgid);
	note(tap, TC_ENTRY_PROCESS);
	return error;
}

static int process_start(struct tc_host *host, uint32_t tgid, uint64_t *ret_start_ns)
{
	struct tap *tap = tap_of(host);
	int error = tap->inner->ops->process_start(tap->inner, tgid, ret_start_ns);

	tc_named_put_number(&tap->body, "tgid", tgid);
	put_error(tap, error);
	if (error == 0)
		tc_named_put_number(&tap->body, "start_ns", *ret_start_ns);
	note(tap, TC_ENTRY_START);
	return error;
}

static int container(struct tc_host *host, const struct tc_container_question *question,
		     const char *runtime, struct tc_container_facts *facts)
{
	struct tap *tap = tap_of(host);
	int error = tap->inner->ops->container(tap->inner, question, runtime, facts);

	tc_named_put_text(&tap->body, "of", question->id);
	tc_named_put_text(&tap->body, "runtime", runtime ? runtime : "");
	tc_named_put_number(&tap->body, "owner", question->owner);
	put_error(tap, error);
	tc_facts_put_container(&tap->body, facts);
	note(tap, TC_ENTRY_CONTAINER);
	return error;
}

static void tap_free(struct tc_host *host)
{
	struct tap *tap = tap_of(host);

	tc_host_free(tap->inner);
	tc_buffer_done(&tap->body);
	free(tap);
}

static const struct tc_host_ops tap_ops = {
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
	.free = tap_free,
};

struct tc_host *tc_tap_new(struct tc_host *host, struct tc_sink *sink,
			   const struct tc_recorder_about *about_recording)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	if (!tap) {
		tc_host_free(host);
		return NULL;
	}
	tap->host.ops = &tap_ops;
	tap->inner = host;
	tap->sink = sink;
	tap->about = about_recording;
	return &tap->host;
}
