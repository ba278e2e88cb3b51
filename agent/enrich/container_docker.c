/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Docker: containers/ID/config.v2.json and hostconfig.json below its data directory
 * (daemon/container in github.com/moby/moby). Both are there before the container first starts;
 * what State and NetworkSettings say of this start is written when it runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/enrich/container_reader.h"
#include "agent/timestamp.h"

static const char *text_at(struct json_object *json, const char *first, const char *second)
{
	return tc_container_json_text(tc_container_json_at(json, first, second, NULL));
}

/* MountPoints: an object by destination, each with Source, Destination, RW, Mode, Propagation. */
static void tell_mounts(struct tc_container_facts *facts, struct json_object *mounts)
{
	if (!mounts || !json_object_is_type(mounts, json_type_object))
		return;
	tc_container_begin_mounts(facts, (size_t)json_object_object_length(mounts));
	json_object_object_foreach(mounts, dest, mount)
	{
		const char *source = text_at(mount, "Source", NULL);

		tc_container_tell_mount(
			facts, source, dest, text_at(mount, "Mode", NULL),
			json_object_get_boolean(tc_container_json_at(mount, "RW", NULL)),
			text_at(mount, "Propagation", NULL));
	}
}

/*
 * Healthcheck.Test: NONE; CMD and arguments; CMD-SHELL and a line for the shell (/bin/sh, or the
 * image's Config.Shell).
 */
static void tell_healthcheck(struct tc_container_facts *facts, struct json_object *config)
{
	struct json_object *test = tc_container_json_at(config, "Healthcheck", "Test", NULL);
	_cleanup_buffer_ struct tc_buffer line = {0};
	const char *how;

	if (!test || !json_object_is_type(test, json_type_array) || !json_object_array_length(test))
		return;
	how = tc_container_json_text(json_object_array_get_idx(test, 0));
	if (!how)
		return;
	if (!strcmp(how, "NONE"))
		tc_buffer_add_string(&line, how);
	if (!strcmp(how, "CMD-SHELL"))
		tc_buffer_add_string(&line, "/bin/sh -c");
	for (size_t i = 1; i < json_object_array_length(test); i++) {
		const char *word = tc_container_json_text(json_object_array_get_idx(test, i));

		tc_buffer_printf(&line, "%s%s", line.length ? " " : "", word ? word : "");
	}
	if (line.length && !tc_buffer_failed(&line))
		tc_container_tell(facts, TC_CONTAINER_HEALTHCHECK, line.bytes);
}

/* The first network that gave the container an address. */
static void tell_address(struct tc_container_facts *facts, struct json_object *json)
{
	struct json_object *networks =
		tc_container_json_at(json, "NetworkSettings", "Networks", NULL);

	if (!networks || !json_object_is_type(networks, json_type_object))
		return;
	json_object_object_foreach(networks, name, network)
	{
		(void)name;
		if (!facts->texts[TC_CONTAINER_IP])
			tc_container_tell(facts, TC_CONTAINER_IP,
					  text_at(network, "IPAddress", NULL));
	}
}

/* Whether this start is told already. */
static bool tell_state(struct tc_container_facts *facts, struct json_object *json)
{
	const char *started = text_at(json, "State", "StartedAt");

	if (!json_object_get_boolean(tc_container_json_at(json, "State", "Running", NULL)))
		return false;
	if (started)
		tc_timestamp_parse(started, &facts->start_ns);
	tell_address(facts, json);
	return true;
}

static void tell_config(struct tc_container_facts *facts, struct json_object *json)
{
	struct json_object *config = tc_container_json_at(json, "Config", NULL);
	const char *name = text_at(json, "Name", NULL), *user = text_at(config, "User", NULL);
	struct json_object *labels = tc_container_json_at(config, "Labels", NULL);

	tc_container_tell(facts, TC_CONTAINER_NAME, name && *name == '/' ? name + 1 : name);
	tc_container_tell_image(facts, text_at(config, "Image", NULL));
	tc_container_tell_image_id(facts, text_at(json, "Image", NULL));
	tc_container_tell(facts, TC_CONTAINER_DIGEST, text_at(json, "ImageManifest", "digest"));
	/* "" stands for root. */
	tc_container_tell(facts, TC_CONTAINER_USER, user ? user : "0");
	tc_container_tell_labels(facts, &facts->labels, labels);
	tell_healthcheck(facts, config);
	tell_mounts(facts, tc_container_json_at(json, "MountPoints", NULL));
	/* Kubernetes by cri-dockerd tells by labels; Docker's own name is k8s_CONTAINER_POD_... */
	tc_container_tell_pod(facts, labels);
}

static void tell_host(struct tc_container_facts *facts, struct json_object *host)
{
	static const struct {
		const char *key;
		enum tc_container_trait what;
	} rows[] = {
		{"PidMode", TC_CONTAINER_HOST_PID},
		{"NetworkMode", TC_CONTAINER_HOST_NETWORK},
		{"IpcMode", TC_CONTAINER_HOST_IPC},
	};
	struct json_object *privileged = tc_container_json_at(host, "Privileged", NULL);

	if (privileged)
		tc_container_tell_trait(facts, TC_CONTAINER_PRIVILEGED,
					json_object_get_boolean(privileged));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *mode = text_at(host, rows[i].key, NULL);

		/* That of another container may be the host's. */
		if (!mode || strncmp(mode, "container:", 10) != 0)
			tc_container_tell_trait(facts, rows[i].what, mode && !strcmp(mode, "host"));
	}
}

int tc_container_read_docker(const struct tc_container_question *question,
			     struct tc_container_facts *facts)
{
	_cleanup_json_ struct json_object *json = NULL, *host = NULL;
	struct tc_container_place place;
	char directory[PATH_MAX], path[PATH_MAX];
	int error;

	if (!tc_container_place(question, "/var/lib/docker", ".local/share/docker", directory,
				&place))
		return -ENOENT;
	snprintf(path, sizeof(path), "containers/%s/config.v2.json", question->id);
	error = tc_container_json_read(&place, path, TC_CONTAINER_FILE_MAX, &json, NULL);
	if (error < 0)
		return error;
	tell_config(facts, json);
	snprintf(path, sizeof(path), "containers/%s/hostconfig.json", question->id);
	if (tc_container_json_read(&place, path, TC_CONTAINER_FILE_MAX, &host, NULL) == 0)
		tell_host(facts, host);
	return tell_state(facts, json) ? 0 : -EAGAIN;
}
