/* SPDX-License-Identifier: Apache-2.0 */
/* What readers of container runtimes share. */
#include "agent/enrich/container_reader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/enrich/container.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool tc_container_place(const struct tc_container_question *question, const char *of_host,
			const char *of_home, char path[PATH_MAX],
			struct tc_container_place *ret_place)
{
	const char *directory = question->home ? question->home : of_host;

	if (!directory || (question->home && !of_home) ||
	    snprintf(path, PATH_MAX, "%s%s", question->root, directory) >= PATH_MAX)
		return false;
	*ret_place = (struct tc_container_place){.directory = path,
						 .below = question->home ? of_home : NULL,
						 .owner = question->owner};
	return true;
}

static const char *copy(struct tc_container_facts *facts, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	return text && length <= TC_CONTAINER_TEXT_MAX ? tc_arena_copy(&facts->arena, text, length)
						       : NULL;
}

void tc_container_tell(struct tc_container_facts *facts, enum tc_container_text what,
		       const char *text)
{
	if (text && *text)
		facts->texts[what] = copy(facts, text);
}

void tc_container_tell_trait(struct tc_container_facts *facts, enum tc_container_trait what,
			     bool yes)
{
	facts->traits[what] = yes ? TC_TOLD_YES : TC_TOLD_NO;
}

static bool is_id(const char *text)
{
	return strspn(text, "0123456789abcdef") == 64 && !text[64];
}

void tc_container_tell_image_id(struct tc_container_facts *facts, const char *id)
{
	static const char prefix[] = "sha256:";

	if (!id)
		return;
	if (!strncmp(id, prefix, sizeof(prefix) - 1))
		id += sizeof(prefix) - 1;
	tc_container_tell(facts, TC_CONTAINER_IMAGE_ID, id);
}

static void tell_part(struct tc_container_facts *facts, enum tc_container_text what,
		      const char *text, size_t length)
{
	if (length && length <= TC_CONTAINER_TEXT_MAX)
		facts->texts[what] = tc_arena_copy(&facts->arena, text, length);
}

void tc_container_tell_image(struct tc_container_facts *facts, const char *image)
{
	const char *digest, *slash, *tag;
	size_t length;

	if (!image || !*image)
		return;
	tc_container_tell(facts, TC_CONTAINER_IMAGE, image);
	if (!strncmp(image, "sha256:", 7) || is_id(image)) {
		tc_container_tell_image_id(facts, image);
		return;
	}
	digest = strchr(image, '@');
	length = digest ? (size_t)(digest - image) : strlen(image);
	if (digest)
		tc_container_tell(facts, TC_CONTAINER_DIGEST, digest + 1);
	/* A colon before the last slash is that of a port. */
	slash = memrchr(image, '/', length);
	tag = memrchr(image, ':', length);
	if (tag && (!slash || tag > slash)) {
		tell_part(facts, TC_CONTAINER_TAG, tag + 1, (size_t)(image + length - tag - 1));
		length = (size_t)(tag - image);
	} else if (!digest) {
		tc_container_tell(facts, TC_CONTAINER_TAG, "latest");
	}
	tell_part(facts, TC_CONTAINER_REPOSITORY, image, length);
}

void tc_container_tell_labels(struct tc_container_facts *facts, struct tc_container_labels *labels,
			      struct json_object *json)
{
	size_t count;

	if (!json || !json_object_is_type(json, json_type_object))
		return;
	count = (size_t)json_object_object_length(json);
	if (count > TC_CONTAINER_LABELS_MAX)
		count = TC_CONTAINER_LABELS_MAX;
	*labels = (struct tc_container_labels){
		.rows = tc_arena_alloc(&facts->arena, (count + 1) * sizeof(*labels->rows))};
	if (!labels->rows)
		return;
	json_object_object_foreach(json, name, value)
	{
		struct tc_container_label row;

		if (labels->count == count || !json_object_is_type(value, json_type_string))
			continue;
		row = (struct tc_container_label){copy(facts, name),
						  copy(facts, json_object_get_string(value))};
		if (row.name && row.value)
			labels->rows[labels->count++] = row;
	}
}

void tc_container_begin_mounts(struct tc_container_facts *facts, size_t count)
{
	if (count > TC_CONTAINER_MOUNTS_MAX)
		count = TC_CONTAINER_MOUNTS_MAX;
	facts->n_mounts = 0;
	facts->mounts_room = count;
	facts->mounts = tc_arena_alloc(&facts->arena, (count + 1) * sizeof(*facts->mounts));
	facts->has_mounts = facts->mounts;
}

void tc_container_tell_mount(struct tc_container_facts *facts, const char *source, const char *dest,
			     const char *mode, bool writable, const char *propagation)
{
	struct tc_container_mount mount = {
		.source = copy(facts, source ? source : ""),
		.dest = copy(facts, dest ? dest : ""),
		.mode = copy(facts, mode ? mode : ""),
		.propagation = copy(facts, propagation ? propagation : ""),
		.writable = writable,
	};

	if (facts->mounts && facts->n_mounts < facts->mounts_room && mount.source && mount.dest &&
	    mount.mode && mount.propagation)
		facts->mounts[facts->n_mounts++] = mount;
}

void tc_container_tell_pod(struct tc_container_facts *facts, struct json_object *labels)
{
	static const struct {
		const char *name;
		enum tc_container_text what;
	} rows[] = {
		{"io.kubernetes.container.name", TC_CONTAINER_NAME},
		{"io.kubernetes.pod.name", TC_CONTAINER_POD_NAME},
		{"io.kubernetes.pod.uid", TC_CONTAINER_POD_UID},
		{"io.kubernetes.pod.namespace", TC_CONTAINER_POD_NAMESPACE},
		{"io.kubernetes.sandbox.id", TC_CONTAINER_SANDBOX},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tc_container_tell(
			facts, rows[i].what,
			tc_container_json_text(tc_container_json_at(labels, rows[i].name, NULL)));
}

/* --- all of them --- */

/* Runtimes by the names that container.c gives them. */
static const struct tc_container_reader readers[] = {
	{"docker", tc_container_read_docker, true, true},
	{"containerd", tc_container_read_containerd, false, true},
	{"cri-o", tc_container_read_crio, false, true},
	{"podman", tc_container_read_podman, true, true},
	{"crun", tc_container_read_crun, false, false},
	{"lxc", tc_container_read_lxc, true, false},
	{"systemd-nspawn", tc_container_read_nspawn, false, false},
};

int tc_container_read_any(const struct tc_container_question *question, const char *runtime,
			  struct tc_container_facts *facts)
{
	bool hex = strlen(question->id) == TC_CONTAINER_HEX;
	int answer = -ENOENT;

	for (size_t i = 0; i < COUNT(readers) && answer == -ENOENT; i++) {
		const struct tc_container_reader *reader = &readers[i];
		/* Kubernetes, or a directory of any name, tells no runtime. */
		bool fits = runtime && strcmp(runtime, "kubernetes") != 0
				    ? !strcmp(reader->runtime, runtime)
				    : reader->by_hex && hex;

		if (fits && (!question->home || reader->rootless))
			answer = reader->read(question, facts);
	}
	return answer;
}
