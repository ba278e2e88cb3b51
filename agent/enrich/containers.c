/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1
#include "agent/enrich/containers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "agent/enrich/container.h"
#include "agent/enrich/container_reader.h"
#include "agent/log.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_MS 1000000ULL
/* A user's id, the runtime's name and the container's id (a path component at most). */
#define KEY_MAX 320

struct tc_container_entry {
	struct tc_containers *containers; /* NULL: the table is gone, or has another entry */
	struct tc_container_facts facts;
	uint64_t retry_ns; /* since boot */
	unsigned tries;
	unsigned refs; /* cgroups */
	unsigned news; /* how often more was known, or that there is no more */
	bool settled;  /* everything was read, or nothing will be */
	bool ended;    /* a cgroup of it was removed */
	UT_hash_handle hh;
	char key[];
};

struct tc_containers {
	struct tc_container_entry *by_key;
	struct tc_host *host;
};

/* Pauses before something is looked for again. */
static const uint64_t pauses_ns[] = {20 * NS_PER_MS, 200 * NS_PER_MS, 2000 * NS_PER_MS,
				     20000 * NS_PER_MS};

struct tc_containers *tc_containers_new(struct tc_host *host)
{
	struct tc_containers *containers = calloc(1, sizeof(*containers));

	if (containers)
		containers->host = host;
	return containers;
}

static void leave_table(struct tc_container_entry *entry)
{
	if (entry->containers)
		HASH_DELETE(hh, entry->containers->by_key, entry);
	entry->containers = NULL;
}

void tc_containers_free(struct tc_containers *containers)
{
	struct tc_container_entry *entry, *next;

	if (!containers)
		return;
	HASH_ITER (hh, containers->by_key, entry, next)
		leave_table(entry);
	free(containers);
}

void tc_container_entry_free(struct tc_container_entry *entry)
{
	if (!entry || --entry->refs)
		return;
	leave_table(entry);
	tc_arena_done(&entry->facts.arena);
	free(entry);
}

void tc_container_entry_end(struct tc_container_entry *entry)
{
	if (entry)
		entry->ended = true;
}

bool tc_container_is_settled(const struct tc_container_entry *entry)
{
	return entry && entry->settled;
}

const struct tc_container_facts *tc_container_facts(const struct tc_container_entry *entry)
{
	return entry ? &entry->facts : NULL;
}

/* --- whose it is --- */

uint32_t tc_container_owner(const struct tc_cgroup *cgroup)
{
	static const char prefix[] = "/user.slice/user-";
	unsigned long uid;
	char *end;

	if (strncmp(cgroup->path, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	uid = strtoul(cgroup->path + sizeof(prefix) - 1, &end, 10);
	return strncmp(end, ".slice", 6) == 0 && uid < UINT32_MAX ? (uint32_t)uid : 0;
}

/* --- looking --- */

/* A look may fail half way: what was known stays until a look says more. */
static bool keep_better(struct tc_container_facts *facts, struct tc_container_facts *fresh,
			int answer)
{
	struct tc_container_facts old = *facts;
	bool better = answer == 0 || answer == -EAGAIN ||
		      (!old.texts[TC_CONTAINER_NAME] && fresh->texts[TC_CONTAINER_NAME]);

	if (better)
		*facts = *fresh;
	tc_arena_done(better ? &old.arena : &fresh->arena);
	return better;
}

static void look(struct tc_containers *containers, struct tc_container_entry *entry,
		 const struct tc_cgroup *cgroup, const struct tc_users *users, uint64_t now_ns)
{
	struct tc_container_question question = {0};
	uint32_t uid = tc_container_owner(cgroup), length;
	char id[KEY_MAX], home[PATH_MAX];
	struct tc_container_facts fresh = {0};
	const char *place;
	int answer = -ENOENT;
	bool better;

	snprintf(id, sizeof(id), "%.*s", (int)cgroup->container.length,
		 cgroup->path + cgroup->container.offset);
	question.id = id;
	place = uid ? tc_users_home(users, uid, &length) : NULL;
	if (place) {
		snprintf(home, sizeof(home), "%.*s", (int)length, place);
		question.home = home;
		question.owner = uid;
	}
	if (!uid || place)
		answer = containers->host->ops->container(containers->host, &question,
							  cgroup->runtime, &fresh);
	if (answer < 0 && answer != -ENOENT && answer != -EAGAIN)
		tc_debug("container %s: %s", id, strerror(-answer));
	better = keep_better(&entry->facts, &fresh, answer);
	entry->settled = answer == 0 || entry->tries == COUNT(pauses_ns);
	entry->news += better || entry->settled;
	if (!entry->settled)
		entry->retry_ns = now_ns + pauses_ns[entry->tries++];
}

static int attach(struct tc_containers *containers, struct tc_cgroup *cgroup)
{
	char key[KEY_MAX];
	struct tc_container_entry *entry;
	int length = snprintf(key, sizeof(key), "%u/%s/%.*s", tc_container_owner(cgroup),
			      cgroup->runtime ? cgroup->runtime : "", (int)cgroup->container.length,
			      cgroup->path + cgroup->container.offset);

	if (length >= (int)sizeof(key))
		return 0;
	HASH_FIND(hh, containers->by_key, key, (size_t)length, entry);
	if (entry && entry->ended) {
		leave_table(entry);
		entry = NULL;
	}
	if (!entry) {
		entry = calloc(1, sizeof(*entry) + (size_t)length + 1);
		if (!entry)
			return -ENOMEM;
		strcpy(entry->key, key);
		HASH_ADD_KEYPTR(hh, containers->by_key, entry->key, (size_t)length, entry);
		if (!entry->hh.tbl) {
			free(entry);
			return -ENOMEM;
		}
		entry->containers = containers;
	}
	entry->refs++;
	cgroup->entry = entry;
	return 0;
}

int tc_containers_see(struct tc_containers *containers, struct tc_cgroup *cgroup,
		      const struct tc_users *users, uint64_t now_ns)
{
	int error = 0;

	if (!cgroup->container.length)
		return 0;
	if (!cgroup->entry)
		error = attach(containers, cgroup);
	if (!cgroup->entry)
		return error;
	if (!cgroup->entry->settled && now_ns >= cgroup->entry->retry_ns)
		look(containers, cgroup->entry, cgroup, users, now_ns);
	if (cgroup->entry->news == cgroup->known)
		return 0;
	cgroup->known = cgroup->entry->news;
	return 1;
}
