/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes known, as components of the path:
 *
 *	docker-ID.scope, /docker/ID             docker, systemd and cgroupfs driver
 *	cri-containerd-ID.scope                 containerd under Kubernetes, systemd driver
 *	SLICE:cri-containerd:ID                 the same, systemd name, cgroupfs driver
 *	/kubepods/.../podUID/ID                 Kubernetes, cgroupfs driver: no runtime told
 *	crio-ID.scope, crio-ID                  CRI-O; crio-conmon-ID is its monitor
 *	libpod-ID.scope, libpod-payload-ID      Podman; libpod-conmon-ID is its monitor
 *	crun-NAME.scope                         crun without an engine above it, systemd driver
 *	nerdctl-ID.scope, /default/ID           containerd by its namespaces
 *	lxc.payload.NAME, /lxc/NAME             LXC; lxc.monitor.NAME is its monitor
 *	machine-NAME.scope                      machined; machine-qemu... is a virtual machine
 *	systemd-nspawn@NAME.service             systemd-nspawn
 */
#include "agent/enrich/container.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A component of the path: [offset, offset + length). */
struct part {
	const char *text;
	uint32_t length;
};

enum id_kind {
	ID_HEX,	 /* TC_CONTAINER_HEX hexadecimal digits */
	ID_NAME, /* any name */
	ID_TASK, /* 32 hexadecimal digits, a dash, more digits: tasks of ECS Fargate */
	ID_UUID,
};

/* Components that hold an id between a prefix and a suffix. Tried in order. */
static const struct name_row {
	const char *prefix, *suffix;
	enum id_kind id;
	const char *runtime; /* NULL: not a container, and nothing to look at in this component */
	const char
		*aside; /* a child of this name holds a helper of the runtime, not the container */
} name_rows[] = {
	{"docker-", ".scope", ID_HEX, "docker", NULL},
	{"cri-containerd-", ".scope", ID_HEX, "containerd", NULL},
	{"nerdctl-", ".scope", ID_HEX, "containerd", NULL},
	{"crio-", ".scope", ID_HEX, "cri-o", NULL},
	{"crio-", "", ID_HEX, "cri-o", NULL},
	{"libpod-payload-", "", ID_HEX, "podman", NULL},
	{"libpod-", ".scope", ID_HEX, "podman", NULL},
	{"libpod-", "", ID_HEX, "podman", NULL},
	{"crun-", ".scope", ID_NAME, "crun", NULL},
	{"lxc.payload.", "", ID_NAME, "lxc", NULL},
	{"machine-qemu", ".scope", ID_NAME, NULL, NULL},
	{"machine-lxc\\x2d", ".scope", ID_NAME, "lxc", NULL},
	{"machine-", ".scope", ID_NAME, "systemd-nspawn", "supervisor"},
	{"systemd-nspawn@", ".service", ID_NAME, "systemd-nspawn", "supervisor"},
};

/* Components between colons: SLICE:PREFIX:ID. */
static const struct {
	const char *prefix, *runtime;
} colon_rows[] = {
	{"cri-containerd", "containerd"}, {"docker", "docker"}, {"crio", "cri-o"},
	{"nerdctl", "containerd"},	  {"libpod", "podman"},
};

/* Directories whose child (child: 1) or any descendant (child: 0) with a bare id is a container. */
static const struct {
	const char *directory;
	bool child;
	enum id_kind id;
	const char *runtime;
} directory_rows[] = {
	{"docker", true, ID_HEX, "docker"},
	{"moby", true, ID_HEX, "docker"},
	{"actions_job", true, ID_HEX, "docker"},
	{"default", true, ID_HEX, "containerd"},
	{"k8s.io", true, ID_HEX, "containerd"},
	{"libpod_parent", false, ID_HEX, "podman"},
	{"lxc", true, ID_NAME, "lxc"},
	{"lxc.payload", true, ID_NAME, "lxc"},
	{"ecs", false, ID_TASK, "containerd"},
	{"ecs", false, ID_HEX, "docker"},
	{"mesos", true, ID_UUID, "mesos"},
	{"kubepods", false, ID_HEX, "kubernetes"},
	{"kubepods.slice", false, ID_HEX, "kubernetes"},
};

static bool is_hex(const char *text, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

static bool is_uuid(const char *text, uint32_t length)
{
	static const unsigned char groups[] = {8, 4, 4, 4, 12};

	if (length != 36)
		return false;
	for (unsigned i = 0; i < COUNT(groups); i++) {
		if (!is_hex(text, groups[i]) || (i + 1 < COUNT(groups) && text[groups[i]] != '-'))
			return false;
		text += groups[i] + 1;
	}
	return true;
}

static bool is_id(enum id_kind kind, const char *text, uint32_t length)
{
	switch (kind) {
	case ID_HEX:
		return length == TC_CONTAINER_HEX && is_hex(text, length);
	case ID_TASK:
		return length > 33 && is_hex(text, 32) && text[32] == '-' &&
		       is_hex(text + 33, length - 33);
	case ID_UUID:
		return is_uuid(text, length);
	default:
		return length > 0;
	}
}

static bool equals(struct part part, const char *word)
{
	return part.length == strlen(word) && memcmp(part.text, word, part.length) == 0;
}

static bool begins(struct part part, const char *prefix)
{
	size_t length = strlen(prefix);

	return part.length >= length && memcmp(part.text, prefix, length) == 0;
}

static bool ends(struct part part, const char *suffix)
{
	size_t length = strlen(suffix);

	return part.length >= length &&
	       memcmp(part.text + part.length - length, suffix, length) == 0;
}

static struct part found_id(struct part part, uint32_t skip, uint32_t rest)
{
	return (struct part){part.text + skip, part.length - skip - rest};
}

/* The component says it by its own name. child: the component below it, empty for none. */
static bool by_name(struct part part, struct part child, struct part *ret_id,
		    const char **ret_runtime)
{
	for (unsigned i = 0; i < COUNT(name_rows); i++) {
		const struct name_row *row = &name_rows[i];
		uint32_t prefix = (uint32_t)strlen(row->prefix),
			 suffix = (uint32_t)strlen(row->suffix);

		if (part.length <= prefix + suffix || !begins(part, row->prefix) ||
		    !ends(part, row->suffix))
			continue;
		*ret_id = found_id(part, prefix, suffix);
		*ret_runtime = row->runtime;
		if (!is_id(row->id, ret_id->text, ret_id->length))
			continue;
		return row->runtime && !(row->aside && equals(child, row->aside));
	}
	return false;
}

static bool by_colons(struct part part, struct part *ret_id, const char **ret_runtime)
{
	const char *last = memrchr(part.text, ':', part.length);
	const char *first = last ? memrchr(part.text, ':', (size_t)(last - part.text)) : NULL;

	if (!first)
		return false;
	*ret_id = found_id(part, (uint32_t)(last + 1 - part.text), 0);
	if (!is_id(ID_HEX, ret_id->text, ret_id->length))
		return false;
	struct part word = {first + 1, (uint32_t)(last - first - 1)};
	*ret_runtime = NULL;
	for (unsigned i = 0; i < COUNT(colon_rows); i++)
		if (equals(word, colon_rows[i].prefix))
			*ret_runtime = colon_rows[i].runtime;
	return true;
}

static struct part part_before(const char *path, const char *end)
{
	const char *begin = end;

	while (begin > path && begin[-1] != '/')
		begin--;
	return (struct part){begin, (uint32_t)(end - begin)};
}

/* The component is a bare id, and a directory above it says whose. */
static bool by_directory(const char *path, struct part part, const char **ret_runtime)
{
	bool child = true;
	bool is_number =
		is_id(ID_HEX, part.text, part.length) || is_id(ID_TASK, part.text, part.length);

	/* A name counts right below its directory only. */
	for (const char *end = part.text - 1; end > path && (child || is_number); child = false) {
		struct part directory = part_before(path, end);

		for (unsigned i = 0; i < COUNT(directory_rows); i++) {
			if (!equals(directory, directory_rows[i].directory) ||
			    (directory_rows[i].child && !child) ||
			    !is_id(directory_rows[i].id, part.text, part.length))
				continue;
			*ret_runtime = directory_rows[i].runtime;
			return true;
		}
		end = directory.text - 1;
	}
	/* Some runtime was told to use another directory. */
	*ret_runtime = NULL;
	return is_id(ID_HEX, part.text, part.length);
}

bool tc_container_find(const char *path, uint32_t length, struct tc_container *ret_container)
{
	struct part child = {path + length, 0}, id;
	const char *runtime;

	if (!length || path[0] != '/')
		return false;
	for (const char *end = path + length; end > path;) {
		struct part part = part_before(path, end);

		id = part;
		if (part.length &&
		    (by_name(part, child, &id, &runtime) || by_colons(part, &id, &runtime) ||
		     (id = part, by_directory(path, part, &runtime)))) {
			*ret_container = (struct tc_container){
				.runtime = runtime,
				.id_offset = (uint32_t)(id.text - path),
				.id_length = id.length,
			};
			return true;
		}
		child = part;
		end = part.text > path ? part.text - 1 : path;
	}
	return false;
}
