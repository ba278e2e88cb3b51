/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a cgroup and its container: cgroup.*, container.*, target.cgroup.* and so on. */
#include <stddef.h>

#include "agent/enrich/container.h"
#include "agent/enrich/fields.h"

/* Where kinds say which other cgroup they are about; 0: they are about none. */
static const uint16_t target_offset[TC_KIND_LIMIT] = {
	[TC_KIND_trace] = offsetof(struct tc_trace, target_cgroup_id),
	[TC_KIND_signal] = offsetof(struct tc_signal, target_cgroup_id),
	[TC_KIND_cgroup_mkdir] = offsetof(struct tc_cgroup_mkdir, target_id),
	[TC_KIND_cgroup_rmdir] = offsetof(struct tc_cgroup_rmdir, target_id),
	[TC_KIND_cgroup_rename] = offsetof(struct tc_cgroup_rename, target_id),
};

static const struct tc_cgroup *actor_cgroup(const struct tc_event *event)
{
	return event->cgroup;
}

static const struct tc_cgroup *target_cgroup(const struct tc_event *event)
{
	uint16_t offset = target_offset[event->record->kind];

	if (!event->world || !offset)
		return NULL;
	return tc_cgroups_find(event->world->cgroups,
			       *(const uint64_t *)((const char *)event->record + offset));
}

static bool give_part(const struct tc_cgroup *cgroup, const struct tc_cgroup_part *part,
		      struct tc_value *ret_value)
{
	return part->length && tc_give_bytes(ret_value, cgroup->path + part->offset, part->length);
}

static bool give_path(const struct tc_cgroup *cgroup, struct tc_value *ret_value)
{
	tc_give_bytes(ret_value, cgroup->path, cgroup->path_length);
	if (cgroup->flags & TC_CGROUP_CUT)
		ret_value->flags |= TC_VALUE_CUT;
	return true;
}

static bool give_unit(const struct tc_cgroup *cgroup, struct tc_value *ret_value)
{
	return give_part(cgroup, &cgroup->unit, ret_value);
}

static bool give_slice(const struct tc_cgroup *cgroup, struct tc_value *ret_value)
{
	return give_part(cgroup, &cgroup->slice, ret_value);
}

/* Of a path that was cut the container may be in the part that is missing. */
static bool give_full_id(const struct tc_cgroup *cgroup, struct tc_value *ret_value)
{
	if (cgroup->container.length)
		return give_part(cgroup, &cgroup->container, ret_value);
	return !(cgroup->flags & TC_CGROUP_CUT) && tc_give_string(ret_value, "host");
}

/* Names of containers are shown whole, numbers by their beginning. */
static bool give_id(const struct tc_cgroup *cgroup, struct tc_value *ret_value)
{
	if (!give_full_id(cgroup, ret_value))
		return false;
	if (ret_value->length == TC_CONTAINER_HEX)
		ret_value->length = ret_value->size = TC_CONTAINER_SHORT;
	return true;
}

static bool give_runtime(const struct tc_cgroup *cgroup, struct tc_value *ret_value)
{
	if (cgroup->container.length)
		return cgroup->runtime && tc_give_string(ret_value, cgroup->runtime);
	return !(cgroup->flags & TC_CGROUP_CUT) && tc_give_string(ret_value, "host");
}

#define CGROUP_GETTER(getter, whose, give)                                                         \
	bool getter(struct tc_event *event, int index, struct tc_value *ret_value)                 \
	{                                                                                          \
		const struct tc_cgroup *cgroup = whose(event);                                     \
                                                                                                   \
		return cgroup && give(cgroup, ret_value);                                          \
	}

CGROUP_GETTER(tc_get_cgroup_path, actor_cgroup, give_path)
CGROUP_GETTER(tc_get_cgroup_unit, actor_cgroup, give_unit)
CGROUP_GETTER(tc_get_cgroup_slice, actor_cgroup, give_slice)
CGROUP_GETTER(tc_get_container_id, actor_cgroup, give_id)
CGROUP_GETTER(tc_get_container_full_id, actor_cgroup, give_full_id)
CGROUP_GETTER(tc_get_container_runtime, actor_cgroup, give_runtime)
CGROUP_GETTER(tc_get_target_cgroup_path, target_cgroup, give_path)
CGROUP_GETTER(tc_get_target_cgroup_unit, target_cgroup, give_unit)
CGROUP_GETTER(tc_get_target_cgroup_slice, target_cgroup, give_slice)
CGROUP_GETTER(tc_get_target_container_id, target_cgroup, give_id)
CGROUP_GETTER(tc_get_target_container_full_id, target_cgroup, give_full_id)
CGROUP_GETTER(tc_get_target_container_runtime, target_cgroup, give_runtime)
