/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1
#include "agent/enrich/cgroup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "agent/enrich/container.h"
#include "agent/enrich/containers.h"
#include "agent/enrich/host.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* More cgroups than this: the oldest are forgotten (and looked up again when they are live). */
#define LIVE_MAX 65536

struct tc_cgroups {
	struct tc_cgroup *by_id;
	struct tc_cgroup *live;	   /* in the order of their coming */
	struct tc_cgroup *removed; /* in the order of their going */
	struct tc_host *host;	   /* NULL: unknown ones are not looked up */
	struct tc_cgroup_counts counts;
	const struct tc_cgroup_watcher *watcher; /* NULL: nobody */
};

struct tc_cgroups *tc_cgroups_new(void)
{
	return calloc(1, sizeof(struct tc_cgroups));
}

static void cgroup_free(struct tc_cgroup *cgroup)
{
	tc_container_entry_free(cgroup->entry);
	free(cgroup->path);
	free(cgroup);
}

void tc_cgroups_free(struct tc_cgroups *cgroups)
{
	struct tc_cgroup *cgroup, *next;

	if (!cgroups)
		return;
	HASH_ITER (hh, cgroups->by_id, cgroup, next) {
		HASH_DELETE(hh, cgroups->by_id, cgroup);
		cgroup_free(cgroup);
	}
	free(cgroups);
}

const struct tc_cgroup_counts *tc_cgroups_counts(const struct tc_cgroups *cgroups)
{
	return &cgroups->counts;
}

/* --- who is told --- */

void tc_cgroups_watch(struct tc_cgroups *cgroups, const struct tc_cgroup_watcher *watcher)
{
	cgroups->watcher = watcher;
}

void tc_cgroups_learned(struct tc_cgroups *cgroups, struct tc_cgroup *cgroup)
{
	if (cgroups->watcher)
		cgroups->watcher->changed(cgroups->watcher->context, cgroup);
}

static void tell_gone(struct tc_cgroups *cgroups, uint64_t id)
{
	if (cgroups->watcher)
		cgroups->watcher->gone(cgroups->watcher->context, id);
}

void tc_cgroups_each(struct tc_cgroups *cgroups,
		     void (*visit)(void *context, struct tc_cgroup *cgroup), void *context)
{
	struct tc_cgroup *cgroup;

	DL_FOREACH(cgroups->live, cgroup)
	if (!(cgroup->flags & TC_CGROUP_NAMELESS))
		visit(context, cgroup);
}

/* --- what a path says --- */

static bool is_unit_type(const char *name, size_t length, const char *type)
{
	size_t type_length = strlen(type);

	return length > type_length && memcmp(name + length - type_length, type, type_length) == 0;
}

static bool is_unit(const char *name, size_t length)
{
	static const char *const types[] = {".service", ".scope", ".slice",
					    ".socket",	".mount", ".swap"};

	for (size_t i = 0; i < COUNT(types); i++)
		if (is_unit_type(name, length, types[i]))
			return true;
	return false;
}

/*
 * systemd puts an underscore before a unit's name that would clash with a file of the cgroup; it is
 * not part of the name (cg_unescape() in systemd's cgroup-util.c). Other escapes (\x2d) are, as in
 * systemctl's output.
 */
static void parse_units(const char *path, uint32_t length, struct tc_cgroup_part *ret_unit,
			struct tc_cgroup_part *ret_slice)
{
	uint32_t end = length;

	*ret_unit = *ret_slice = (struct tc_cgroup_part){0};
	while (end > 0 && !ret_slice->length) {
		const char *slash = memrchr(path, '/', end);
		uint32_t begin = slash ? (uint32_t)(slash - path) + 1 : 0;
		uint32_t name = begin + (begin < end && path[begin] == '_' ? 1 : 0);
		struct tc_cgroup_part part = {name, end - name};

		if (is_unit(path + part.offset, part.length)) {
			if (!ret_unit->length)
				*ret_unit = part;
			if (is_unit_type(path + part.offset, part.length, ".slice"))
				*ret_slice = part;
		}
		end = begin ? begin - 1 : 0;
	}
}

struct tc_cgroup_part tc_cgroup_path_unit(const char *path, size_t length)
{
	struct tc_cgroup_part unit, slice;

	parse_units(path, (uint32_t)length, &unit, &slice);
	return unit;
}

static void parse_path(struct tc_cgroup *cgroup)
{
	struct tc_container container;

	cgroup->container = (struct tc_cgroup_part){0};
	cgroup->runtime = NULL;
	tc_container_entry_free(cgroup->entry);
	cgroup->entry = NULL;
	cgroup->known = 0;
	parse_units(cgroup->path, cgroup->path_length, &cgroup->unit, &cgroup->slice);
	if (tc_container_find(cgroup->path, cgroup->path_length, &container)) {
		cgroup->container =
			(struct tc_cgroup_part){container.id_offset, container.id_length};
		cgroup->runtime = container.runtime;
	}
}

bool tc_cgroup_path_within(const char *path, size_t length, const char *ancestor,
			   size_t ancestor_length)
{
	if (ancestor_length == 1 && ancestor[0] == '/')
		return length > 0 && path[0] == '/';
	return length >= ancestor_length && memcmp(path, ancestor, ancestor_length) == 0 &&
	       (length == ancestor_length || path[ancestor_length] == '/');
}

/* --- the table --- */

static struct tc_cgroup *find_any(const struct tc_cgroups *cgroups, uint64_t id)
{
	struct tc_cgroup *cgroup;

	HASH_FIND(hh, cgroups->by_id, &id, sizeof(id), cgroup);
	return cgroup;
}

struct tc_cgroup *tc_cgroups_find(const struct tc_cgroups *cgroups, uint64_t id)
{
	struct tc_cgroup *cgroup = find_any(cgroups, id);

	return cgroup && !(cgroup->flags & TC_CGROUP_NAMELESS) ? cgroup : NULL;
}

static int make(struct tc_cgroups *cgroups, uint64_t id, struct tc_cgroup **ret_cgroup)
{
	struct tc_cgroup *cgroup = calloc(1, sizeof(*cgroup));

	if (!cgroup)
		return -ENOMEM;
	cgroup->id = id;
	cgroup->flags = TC_CGROUP_NAMELESS;
	HASH_ADD(hh, cgroups->by_id, id, sizeof(cgroup->id), cgroup);
	if (!cgroup->hh.tbl) {
		free(cgroup);
		return -ENOMEM;
	}
	DL_APPEND(cgroups->live, cgroup);
	cgroups->counts.live++;
	*ret_cgroup = cgroup;
	return 0;
}

static void forget(struct tc_cgroups *cgroups, struct tc_cgroup *cgroup)
{
	if (cgroup->flags & TC_CGROUP_REMOVED) {
		DL_DELETE(cgroups->removed, cgroup);
		cgroups->counts.removed--;
	} else {
		DL_DELETE(cgroups->live, cgroup);
		cgroups->counts.live--;
	}
	HASH_DELETE(hh, cgroups->by_id, cgroup);
	cgroup_free(cgroup);
}

/* The path is prefix and rest. */
static int set_path(struct tc_cgroup *cgroup, const char *prefix, size_t prefix_length,
		    const char *rest, size_t rest_length)
{
	char *path = malloc(prefix_length + rest_length + 1);

	if (!path)
		return -ENOMEM;
	memcpy(path, prefix, prefix_length);
	memcpy(path + prefix_length, rest, rest_length);
	path[prefix_length + rest_length] = '\0';
	free(cgroup->path);
	cgroup->path = path;
	cgroup->path_length = (uint32_t)(prefix_length + rest_length);
	cgroup->flags &= ~(TC_CGROUP_NAMELESS | TC_CGROUP_CUT);
	parse_path(cgroup);
	return 0;
}

/* Those below a renamed cgroup. Rare: the v2 hierarchy of today's kernels has no rename. */
static int move_below(struct tc_cgroups *cgroups, const struct tc_cgroup *renamed, const char *from,
		      size_t from_length)
{
	struct tc_cgroup *cgroup, *next;

	HASH_ITER (hh, cgroups->by_id, cgroup, next) {
		uint32_t cut = cgroup->flags & TC_CGROUP_CUT;
		int error;

		if (cgroup == renamed || cgroup->flags & TC_CGROUP_NAMELESS ||
		    cgroup->path_length <= from_length ||
		    !tc_cgroup_path_within(cgroup->path, cgroup->path_length, from, from_length))
			continue;
		error = set_path(cgroup, renamed->path, renamed->path_length,
				 cgroup->path + from_length, cgroup->path_length - from_length);
		if (error < 0)
			return error;
		cgroup->flags |= cut;
		tc_cgroups_learned(cgroups, cgroup);
	}
	return 0;
}

int tc_cgroups_set(struct tc_cgroups *cgroups, uint64_t id, const char *path, size_t length,
		   bool cut)
{
	struct tc_cgroup *cgroup = find_any(cgroups, id);
	char *before = NULL;
	size_t before_length = 0;
	int error = cgroup ? 0 : make(cgroups, id, &cgroup);

	if (error < 0)
		return error;
	if (cgroup->path && cgroup->path_length == length &&
	    memcmp(cgroup->path, path, length) == 0)
		return 0;
	if (cgroup->path && !(cgroup->flags & TC_CGROUP_CUT)) {
		before = cgroup->path;
		before_length = cgroup->path_length;
		cgroup->path = NULL;
	}
	error = set_path(cgroup, path, length, "", 0);
	if (error < 0) {
		cgroup->path = before;
		return error;
	}
	if (cut)
		cgroup->flags |= TC_CGROUP_CUT;
	tc_cgroups_learned(cgroups, cgroup);
	/* The root has no name that could change. */
	if (before && before_length > 1)
		error = move_below(cgroups, cgroup, before, before_length);
	free(before);
	return error;
}

void tc_cgroups_remove(struct tc_cgroups *cgroups, uint64_t id)
{
	struct tc_cgroup *cgroup = find_any(cgroups, id);

	if (!cgroup || cgroup->flags & TC_CGROUP_REMOVED)
		return;
	DL_DELETE(cgroups->live, cgroup);
	cgroups->counts.live--;
	cgroup->flags |= TC_CGROUP_REMOVED;
	tc_container_entry_end(cgroup->entry);
	DL_APPEND(cgroups->removed, cgroup);
	cgroups->counts.removed++;
	tell_gone(cgroups, id);
}

void tc_cgroups_trim(struct tc_cgroups *cgroups)
{
	while (cgroups->counts.removed > TC_CGROUP_GRACE)
		forget(cgroups, cgroups->removed);
	while (cgroups->counts.live > LIVE_MAX) {
		tell_gone(cgroups, cgroups->live->id);
		forget(cgroups, cgroups->live);
		cgroups->counts.evicted++;
	}
}

/* --- the host --- */

struct tc_cgroup *tc_cgroups_see(struct tc_cgroups *cgroups, uint64_t id)
{
	struct tc_cgroup *cgroup = find_any(cgroups, id);
	char path[TC_CGROUP_PATH_MAX];
	size_t length;

	if (cgroup)
		return cgroup->flags & TC_CGROUP_NAMELESS ? NULL : cgroup;
	if (!cgroups->host || !id || make(cgroups, id, &cgroup) < 0)
		return NULL;
	if (cgroups->host->ops->cgroup_path(cgroups->host, id, path, &length) < 0 ||
	    set_path(cgroup, path, length, "", 0) < 0)
		return NULL;
	tc_cgroups_learned(cgroups, cgroup);
	return cgroup;
}

static int add_visited(void *data, uint64_t id, const char *path, size_t length)
{
	return tc_cgroups_set(data, id, path, length, false);
}

int tc_cgroups_scan(struct tc_cgroups *cgroups, struct tc_host *host)
{
	cgroups->host = host;
	return host->ops->each_cgroup(host, add_visited, cgroups);
}
