/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of what a container's runtime tells: container.*, k8s.*. */
#include <fnmatch.h>
#include <stdio.h>

#include "agent/bracket.h"
#include "agent/buffer.h"
#include "agent/enrich/container.h"
#include "agent/enrich/containers.h"
#include "agent/enrich/fields.h"

static const struct tc_container_facts *facts_of(const struct tc_event *event)
{
	return event->cgroup ? tc_container_facts(event->cgroup->entry) : NULL;
}

/* --- texts --- */

static bool give_text(const struct tc_event *event, enum tc_container_text what,
		      struct tc_value *ret_value)
{
	const struct tc_container_facts *facts = facts_of(event);

	return facts && facts->texts[what] && tc_give_string(ret_value, facts->texts[what]);
}

#define TEXT_GETTER(getter, what)                                                                  \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		return give_text(event, what, ret_value);                                          \
	}

TEXT_GETTER(tc_get_container_image, TC_CONTAINER_IMAGE)
TEXT_GETTER(tc_get_container_repository, TC_CONTAINER_REPOSITORY)
TEXT_GETTER(tc_get_container_tag, TC_CONTAINER_TAG)
TEXT_GETTER(tc_get_container_digest, TC_CONTAINER_DIGEST)
TEXT_GETTER(tc_get_container_image_id, TC_CONTAINER_IMAGE_ID)
TEXT_GETTER(tc_get_container_user, TC_CONTAINER_USER)
TEXT_GETTER(tc_get_container_ip, TC_CONTAINER_IP)
TEXT_GETTER(tc_get_container_healthcheck, TC_CONTAINER_HEALTHCHECK)
TEXT_GETTER(tc_get_pod_name, TC_CONTAINER_POD_NAME)
TEXT_GETTER(tc_get_pod_uid, TC_CONTAINER_POD_UID)
TEXT_GETTER(tc_get_pod_ip, TC_CONTAINER_POD_IP)
TEXT_GETTER(tc_get_pod_namespace, TC_CONTAINER_POD_NAMESPACE)
TEXT_GETTER(tc_get_pod_full_sandbox_id, TC_CONTAINER_SANDBOX)

/* As for container.id, the host stands where no container is. */
bool tc_get_container_name(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_cgroup *cgroup = event->cgroup;

	if (cgroup && !cgroup->container.length && !(cgroup->flags & TC_CGROUP_CUT))
		return tc_give_string(ret_value, "host");
	return give_text(event, TC_CONTAINER_NAME, ret_value);
}

bool tc_get_pod_sandbox_id(struct tc_event *event, int index, struct tc_value *ret_value)
{
	if (!give_text(event, TC_CONTAINER_SANDBOX, ret_value))
		return false;
	if (ret_value->length == TC_CONTAINER_HEX)
		ret_value->length = ret_value->size = TC_CONTAINER_SHORT;
	return true;
}

/* --- traits and times --- */

#define TRAIT_GETTER(getter, what)                                                                 \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		const struct tc_container_facts *facts = facts_of(event);                          \
                                                                                                   \
		return facts && facts->traits[what] != TC_NOT_TOLD &&                              \
		       tc_give_bool(ret_value, facts->traits[what] == TC_TOLD_YES);                \
	}

TRAIT_GETTER(tc_get_container_privileged, TC_CONTAINER_PRIVILEGED)
TRAIT_GETTER(tc_get_container_host_pid, TC_CONTAINER_HOST_PID)
TRAIT_GETTER(tc_get_container_host_network, TC_CONTAINER_HOST_NETWORK)
TRAIT_GETTER(tc_get_container_host_ipc, TC_CONTAINER_HOST_IPC)

bool tc_get_container_start_ts(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_container_facts *facts = facts_of(event);

	return facts && facts->start_ns && tc_give_uint(ret_value, facts->start_ns);
}

bool tc_get_container_duration(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_container_facts *facts = facts_of(event);
	uint64_t now_ns;

	if (!facts || !facts->start_ns || !event->world)
		return false;
	now_ns = (uint64_t)tc_clock_real_ns(&event->world->clock, event->record->time_ns);
	return now_ns >= facts->start_ns && tc_give_uint(ret_value, now_ns - facts->start_ns);
}

/* --- labels --- */

/* What was put together, in the event's arena. */
static bool give_buffer(struct tc_event *event, struct tc_buffer *text, struct tc_value *ret_value)
{
	char *copy = tc_buffer_failed(text)
			     ? NULL
			     : tc_arena_copy(&event->arena, text->length ? text->bytes : "",
					     text->length);

	return copy && tc_give_bytes(ret_value, copy, text->length);
}

static bool give_label(const struct tc_container_labels *labels, int index,
		       struct tc_value *ret_value)
{
	const char *name = tc_bracket_text(index);
	char number[16];

	/* A label may be called by a number. */
	if (!name) {
		snprintf(number, sizeof(number), "%d", index);
		name = number;
	}
	for (size_t i = 0; i < labels->count; i++)
		if (!strcmp(labels->rows[i].name, name))
			return tc_give_string(ret_value, labels->rows[i].value);
	return false;
}

static bool give_labels(struct tc_event *event, const struct tc_container_labels *labels,
			struct tc_value *ret_value)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	for (size_t i = 0; i < labels->count; i++)
		tc_buffer_printf(&text, "%s%s:%s", i ? ", " : "", labels->rows[i].name,
				 labels->rows[i].value);
	return labels->count && give_buffer(event, &text, ret_value);
}

#define LABEL_GETTERS(one, all, labels)                                                            \
	bool one(struct tc_event *event, int index, struct tc_value *ret_value)                    \
	{                                                                                          \
		const struct tc_container_facts *facts = facts_of(event);                          \
                                                                                                   \
		return facts && index >= 0 && give_label(&facts->labels, index, ret_value);        \
	}                                                                                          \
	bool all(struct tc_event *event, int index, struct tc_value *ret_value)                    \
	{                                                                                          \
		const struct tc_container_facts *facts = facts_of(event);                          \
                                                                                                   \
		return facts && give_labels(event, &facts->labels, ret_value);                     \
	}

LABEL_GETTERS(tc_get_container_label, tc_get_container_labels, labels)
LABEL_GETTERS(tc_get_pod_label, tc_get_pod_labels, pod_labels)

/* --- mounts --- */

static void print_mount(struct tc_buffer *text, const struct tc_container_mount *mount)
{
	tc_buffer_printf(text, "%s:%s:%s:%s:%s", mount->source, mount->dest, mount->mode,
			 mount->writable ? "true" : "false", mount->propagation);
}

bool tc_get_container_mounts(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_container_facts *facts = facts_of(event);
	_cleanup_buffer_ struct tc_buffer text = {0};

	if (!facts || !facts->has_mounts)
		return false;
	for (size_t i = 0; i < facts->n_mounts; i++) {
		if (i)
			tc_buffer_add_char(&text, ',');
		print_mount(&text, &facts->mounts[i]);
	}
	return give_buffer(event, &text, ret_value);
}

/* By number; or the first whose source, or destination where the source is asked for, fits a
 * pattern of fnmatch(3). */
static const struct tc_container_mount *find_mount(const struct tc_event *event, int index,
						   bool by_dest)
{
	const struct tc_container_facts *facts = facts_of(event);
	const char *pattern = tc_bracket_text(index);

	if (!facts || index < 0)
		return NULL;
	if (!pattern)
		return (size_t)index < facts->n_mounts ? &facts->mounts[index] : NULL;
	for (size_t i = 0; i < facts->n_mounts; i++)
		if (!fnmatch(pattern, by_dest ? facts->mounts[i].dest : facts->mounts[i].source, 0))
			return &facts->mounts[i];
	return NULL;
}

bool tc_get_container_mount(struct tc_event *event, int index, struct tc_value *ret_value)
{
	const struct tc_container_mount *mount = find_mount(event, index, false);
	_cleanup_buffer_ struct tc_buffer text = {0};

	if (!mount)
		return false;
	print_mount(&text, mount);
	return give_buffer(event, &text, ret_value);
}

#define MOUNT_GETTER(getter, by_dest, text)                                                        \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		const struct tc_container_mount *mount = find_mount(event, index, by_dest);        \
                                                                                                   \
		return mount && tc_give_string(ret_value, text);                                   \
	}

MOUNT_GETTER(tc_get_container_mount_source, true, mount->source)
MOUNT_GETTER(tc_get_container_mount_dest, false, mount->dest)
MOUNT_GETTER(tc_get_container_mount_mode, false, mount->mode)
MOUNT_GETTER(tc_get_container_mount_rdwr, false, mount->writable ? "true" : "false")
MOUNT_GETTER(tc_get_container_mount_propagation, false, mount->propagation)

/* --- health checks --- */

/* The runtime starts the check from outside; what the check starts belongs to it. */
bool tc_get_proc_is_container_healthcheck(struct tc_event *event, int index,
					  struct tc_value *ret_value)
{
	const struct tc_process *process = event->process;
	struct tc_value check, line;

	if (!process || !process->cgroup_id || !give_text(event, TC_CONTAINER_HEALTHCHECK, &check))
		return false;
	while (process->parent && process->parent->cgroup_id == process->cgroup_id)
		process = process->parent;
	if (!tc_read_exeline(event, process, &line))
		return false;
	return tc_give_bool(ret_value, line.length == check.length &&
					       !memcmp(line.bytes, check.bytes, line.length));
}
