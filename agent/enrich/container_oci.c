/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runtimes that leave an OCI bundle's config.json (the runtime specification of opencontainers.org)
 * with annotations of their own: containerd, CRI-O, Podman; and crun alone. It is written before
 * the container's first process exists.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/enrich/container_reader.h"

#define NAMESPACES_MAX 64

static const char *text_of(struct json_object *json, const char *key)
{
	return tc_container_json_text(tc_container_json_at(json, key, NULL));
}

static size_t count_of(struct json_object *list)
{
	return list && json_object_is_type(list, json_type_array) ? json_object_array_length(list)
								  : 0;
}

static bool holds(struct json_object *list, const char *word)
{
	for (size_t i = 0; i < count_of(list); i++) {
		const char *text = tc_container_json_text(json_object_array_get_idx(list, i));

		if (text && !strcmp(text, word))
			return true;
	}
	return false;
}

/* --- what the specification has --- */

static const char *propagation_of(struct json_object *options)
{
	static const char *const words[] = {"rprivate", "private", "rslave",	  "slave",
					    "rshared",	"shared",  "runbindable", "unbindable"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (holds(options, words[i]))
			return words[i];
	return "";
}

/* Those that bring in a part of the host; /proc and the like are made new. */
static void tell_mounts(struct tc_container_facts *facts, struct json_object *spec)
{
	struct json_object *mounts = tc_container_json_at(spec, "mounts", NULL);

	tc_container_begin_mounts(facts, count_of(mounts));
	for (size_t i = 0; i < count_of(mounts); i++) {
		struct json_object *mount = json_object_array_get_idx(mounts, i);
		struct json_object *options = tc_container_json_at(mount, "options", NULL);
		const char *type = text_of(mount, "type");

		if (holds(options, "bind") || holds(options, "rbind") ||
		    (type && !strcmp(type, "bind")))
			tc_container_tell_mount(facts, text_of(mount, "source"),
						text_of(mount, "destination"), "",
						!holds(options, "ro"), propagation_of(options));
	}
}

/* One that is not listed is the host's; one with a path may be anybody's. */
static void tell_namespaces(struct tc_container_facts *facts, struct json_object *spec)
{
	static const struct {
		const char *type;
		enum tc_container_trait what;
	} rows[] = {
		{"pid", TC_CONTAINER_HOST_PID},
		{"network", TC_CONTAINER_HOST_NETWORK},
		{"ipc", TC_CONTAINER_HOST_IPC},
	};
	struct json_object *namespaces = tc_container_json_at(spec, "linux", "namespaces", NULL);

	for (size_t row = 0; namespaces && row < sizeof(rows) / sizeof(rows[0]); row++) {
		bool listed = false, foreign = false;

		for (size_t i = 0; i < count_of(namespaces); i++) {
			struct json_object *entry = json_object_array_get_idx(namespaces, i);
			const char *type = text_of(entry, "type");

			if (type && !strcmp(type, rows[row].type)) {
				listed = true;
				foreign = text_of(entry, "path");
			}
		}
		if (!foreign)
			tc_container_tell_trait(facts, rows[row].what, !listed);
	}
}

static bool has_all_devices(struct json_object *spec)
{
	struct json_object *rules =
		tc_container_json_at(spec, "linux", "resources", "devices", NULL);

	for (size_t i = 0; i < count_of(rules); i++) {
		struct json_object *rule = json_object_array_get_idx(rules, i);
		const char *access = text_of(rule, "access"), *type = text_of(rule, "type");

		if (json_object_get_boolean(tc_container_json_at(rule, "allow", NULL)) &&
		    (!type || !strcmp(type, "a")) && !tc_container_json_at(rule, "major", NULL) &&
		    (!access || !strcmp(access, "rwm")))
			return true;
	}
	return false;
}

/* The specification knows no word for it: what --privileged stands for everywhere. */
static bool is_privileged(struct json_object *spec)
{
	struct json_object *caps =
		tc_container_json_at(spec, "process", "capabilities", "bounding", NULL);

	return holds(caps, "CAP_SYS_ADMIN") && holds(caps, "CAP_SYS_MODULE") &&
	       !count_of(tc_container_json_at(spec, "linux", "maskedPaths", NULL)) &&
	       has_all_devices(spec);
}

static void tell_user(struct tc_container_facts *facts, struct json_object *spec)
{
	struct json_object *uid = tc_container_json_at(spec, "process", "user", "uid", NULL);
	char text[16];

	if (!uid || !json_object_is_type(uid, json_type_int))
		return;
	snprintf(text, sizeof(text), "%u", (unsigned)json_object_get_int64(uid));
	tc_container_tell(facts, TC_CONTAINER_USER, text);
}

static void tell_spec(struct tc_container_facts *facts, struct json_object *spec)
{
	tell_mounts(facts, spec);
	tell_namespaces(facts, spec);
	tell_user(facts, spec);
	tc_container_tell_trait(facts, TC_CONTAINER_PRIVILEGED, is_privileged(spec));
}

/* An annotation and what it tells. */
struct annotation {
	const char *name;
	enum tc_container_text what;
};

static void tell_annotations(struct tc_container_facts *facts, struct json_object *annotations,
			     const struct annotation *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tc_container_tell(facts, rows[i].what, text_of(annotations, rows[i].name));
}

#define TELL_ANNOTATIONS(facts, annotations, rows)                                                 \
	tell_annotations(facts, annotations, rows, sizeof(rows) / sizeof((rows)[0]))

/* --- containerd: BASE/NAMESPACE/ID/config.json --- */

static int read_namespaces(const struct tc_container_question *question,
			   const struct tc_container_place *place, struct json_object **ret_spec,
			   uint64_t *ret_time_ns)
{
	DIR *directory = opendir(place->directory);
	char path[PATH_MAX];
	int error = -ENOENT, n = 0;

	if (!directory)
		return -errno;
	for (struct dirent *entry;
	     error == -ENOENT && n < NAMESPACES_MAX && (entry = readdir(directory));) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		snprintf(path, sizeof(path), "%s/%s/config.json", entry->d_name, question->id);
		error = tc_container_json_read(place, path, TC_CONTAINER_FILE_MAX, ret_spec,
					       ret_time_ns);
	}
	closedir(directory);
	return error;
}

int tc_container_read_containerd(const struct tc_container_question *question,
				 struct tc_container_facts *facts)
{
	static const struct annotation rows[] = {
		{"nerdctl/name", TC_CONTAINER_NAME},
		{"io.kubernetes.cri.container-name", TC_CONTAINER_NAME},
		{"io.kubernetes.cri.sandbox-name", TC_CONTAINER_POD_NAME},
		{"io.kubernetes.cri.sandbox-namespace", TC_CONTAINER_POD_NAMESPACE},
		{"io.kubernetes.cri.sandbox-uid", TC_CONTAINER_POD_UID},
		{"io.kubernetes.cri.sandbox-id", TC_CONTAINER_SANDBOX},
	};
	/* Of old and of today's containerd. */
	static const char *const bases[] = {"/run/containerd/io.containerd.runtime.v2.task",
					    "/run/containerd/io.containerd.runtime.v1.linux"};
	_cleanup_json_ struct json_object *spec = NULL;
	int error = -ENOENT;

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]) && error == -ENOENT; i++) {
		struct tc_container_place place;
		char directory[PATH_MAX];

		if (tc_container_place(question, bases[i], NULL, directory, &place))
			error = read_namespaces(question, &place, &spec, &facts->start_ns);
	}
	if (error < 0)
		return error;
	struct json_object *annotations = tc_container_json_at(spec, "annotations", NULL);
	tell_spec(facts, spec);
	TELL_ANNOTATIONS(facts, annotations, rows);
	tc_container_tell_image(facts, text_of(annotations, "io.kubernetes.cri.image-name"));
	return 0;
}

/* --- CRI-O and Podman: containers/storage, STORE/DRIVER-containers/ID/userdata/config.json --- */

static const char *const drivers[] = {"overlay", "vfs", "btrfs", "zfs"};

static int read_bundle(const struct tc_container_place *place, const char *id,
		       struct json_object **ret_spec, uint64_t *ret_time_ns,
		       const char **ret_driver)
{
	int error = -ENOENT;

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]) && error == -ENOENT; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s-containers/%s/userdata/config.json", drivers[i],
			 id);
		*ret_driver = drivers[i];
		error = tc_container_json_read(place, path, TC_CONTAINER_FILE_MAX, ret_spec,
					       ret_time_ns);
	}
	return error;
}

/* Labels as JSON in an annotation. */
static void tell_labels(struct tc_container_facts *facts, struct tc_container_labels *labels,
			struct json_object *annotations, const char *name)
{
	struct json_object *text = tc_container_json_at(annotations, name, NULL);
	_cleanup_json_ struct json_object *json = NULL;

	if (!text || !json_object_is_type(text, json_type_string))
		return;
	json = tc_container_json_parse(json_object_get_string(text),
				       (size_t)json_object_get_string_len(text));
	tc_container_tell_labels(facts, labels, json);
	if (labels == &facts->labels)
		tc_container_tell_pod(facts, json);
}

/* What CRI-O tells of the pod stands in the annotations of the sandbox. */
static void tell_sandbox(struct tc_container_facts *facts, const struct tc_container_place *place)
{
	static const struct annotation rows[] = {{"io.kubernetes.cri-o.IP.0", TC_CONTAINER_POD_IP}};
	const char *id = facts->texts[TC_CONTAINER_SANDBOX], *driver;
	_cleanup_json_ struct json_object *spec = NULL;

	/* It comes from a file: no path may be made of it but the one that is meant. */
	if (!id || strspn(id, "0123456789abcdef") != strlen(id) ||
	    read_bundle(place, id, &spec, NULL, &driver) < 0)
		return;
	struct json_object *annotations = tc_container_json_at(spec, "annotations", NULL);
	TELL_ANNOTATIONS(facts, annotations, rows);
	tell_labels(facts, &facts->pod_labels, annotations, "io.kubernetes.cri-o.Labels");
}

int tc_container_read_crio(const struct tc_container_question *question,
			   struct tc_container_facts *facts)
{
	static const struct annotation rows[] = {
		{"io.kubernetes.container.name", TC_CONTAINER_NAME},
		{"io.kubernetes.pod.name", TC_CONTAINER_POD_NAME},
		{"io.kubernetes.pod.namespace", TC_CONTAINER_POD_NAMESPACE},
		{"io.kubernetes.pod.uid", TC_CONTAINER_POD_UID},
		{"io.kubernetes.cri-o.SandboxID", TC_CONTAINER_SANDBOX},
	};
	_cleanup_json_ struct json_object *spec = NULL;
	struct tc_container_place place;
	char directory[PATH_MAX];
	const char *driver, *image;
	int error;

	if (!tc_container_place(question, "/run/containers/storage", NULL, directory, &place))
		return -ENOENT;
	error = read_bundle(&place, question->id, &spec, &facts->start_ns, &driver);
	if (error < 0)
		return error;
	struct json_object *annotations = tc_container_json_at(spec, "annotations", NULL);
	tell_spec(facts, spec);
	tell_labels(facts, &facts->labels, annotations, "io.kubernetes.cri-o.Labels");
	TELL_ANNOTATIONS(facts, annotations, rows);
	image = text_of(annotations, "io.kubernetes.cri-o.ImageName");
	tc_container_tell_image(facts,
				image ? image : text_of(annotations, "io.kubernetes.cri-o.Image"));
	tc_container_tell_image_id(facts, text_of(annotations, "io.kubernetes.cri-o.ImageRef"));
	tell_sandbox(facts, &place);
	return 0;
}

/* Podman's store knows names and images: a list of {id, names, image, metadata}, metadata being
 * JSON as a text. */
static void tell_stored(struct tc_container_facts *facts, struct json_object *list, const char *id)
{
	for (size_t i = 0; i < count_of(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);
		const char *entry_id = text_of(entry, "id"), *text;
		_cleanup_json_ struct json_object *metadata = NULL;

		if (!entry_id || strcmp(entry_id, id) != 0)
			continue;
		text = text_of(entry, "metadata");
		metadata = text ? tc_container_json_parse(text, strlen(text)) : NULL;
		tc_container_tell(facts, TC_CONTAINER_NAME, text_of(metadata, "name"));
		tc_container_tell_image(facts, text_of(metadata, "image-name"));
		tc_container_tell_image_id(facts, text_of(entry, "image"));
		return;
	}
}

int tc_container_read_podman(const struct tc_container_question *question,
			     struct tc_container_facts *facts)
{
	static const char *const lists[] = {"containers.json", "volatile-containers.json"};
	_cleanup_json_ struct json_object *spec = NULL;
	struct tc_container_place place;
	char directory[PATH_MAX], path[PATH_MAX];
	const char *driver, *privileged;
	int error;

	if (!tc_container_place(question, "/var/lib/containers/storage",
				".local/share/containers/storage", directory, &place))
		return -ENOENT;
	error = read_bundle(&place, question->id, &spec, &facts->start_ns, &driver);
	if (error < 0)
		return error;
	tell_spec(facts, spec);
	privileged = tc_container_json_text(tc_container_json_at(
		spec, "annotations", "io.podman.annotations.privileged", NULL));
	if (privileged)
		tc_container_tell_trait(facts, TC_CONTAINER_PRIVILEGED,
					!strcmp(privileged, "TRUE"));
	/* Since containers/storage 1.46 those of `podman run --rm` stand in a list of their own. */
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		_cleanup_json_ struct json_object *store = NULL;

		snprintf(path, sizeof(path), "%s-containers/%s", driver, lists[i]);
		if (tc_container_json_read(&place, path, TC_CONTAINER_STORE_MAX, &store, NULL) == 0)
			tell_stored(facts, store, question->id);
	}
	return 0;
}

/* --- crun: BASE/NAME/config.json; nobody told it of an image --- */

int tc_container_read_crun(const struct tc_container_question *question,
			   struct tc_container_facts *facts)
{
	_cleanup_json_ struct json_object *spec = NULL;
	struct tc_container_place place;
	char directory[PATH_MAX], path[PATH_MAX];
	int error;

	tc_container_tell(facts, TC_CONTAINER_NAME, question->id);
	if (!tc_container_place(question, "/run/crun", NULL, directory, &place))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/config.json", question->id);
	error = tc_container_json_read(&place, path, TC_CONTAINER_FILE_MAX, &spec,
				       &facts->start_ns);
	if (error < 0)
		return error;
	tell_spec(facts, spec);
	return 0;
}
