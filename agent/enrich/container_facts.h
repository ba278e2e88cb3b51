/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a container's runtime tell of it. Plain data: readers fill it once, fields read
 * it. */
#ifndef TOCSIN_AGENT_ENRICH_CONTAINER_FACTS_H
#define TOCSIN_AGENT_ENRICH_CONTAINER_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/arena.h"

/* More of a container's labels or mounts are not kept. */
#define TC_CONTAINER_LABELS_MAX 256
#define TC_CONTAINER_MOUNTS_MAX 1024
/* Longer texts are not kept: what was cut could pass for another name. */
#define TC_CONTAINER_TEXT_MAX 4096

enum tc_container_text {
	TC_CONTAINER_NAME,
	TC_CONTAINER_IMAGE, /* as the runtime was asked for it */
	TC_CONTAINER_REPOSITORY,
	TC_CONTAINER_TAG,
	TC_CONTAINER_DIGEST,
	TC_CONTAINER_IMAGE_ID,
	TC_CONTAINER_USER,
	TC_CONTAINER_IP,
	TC_CONTAINER_HEALTHCHECK,
	TC_CONTAINER_POD_NAME,
	TC_CONTAINER_POD_UID,
	TC_CONTAINER_POD_IP,
	TC_CONTAINER_POD_NAMESPACE,
	TC_CONTAINER_SANDBOX,
	TC_CONTAINER_TEXTS,
};

enum tc_container_trait {
	TC_CONTAINER_PRIVILEGED,
	TC_CONTAINER_HOST_PID,
	TC_CONTAINER_HOST_NETWORK,
	TC_CONTAINER_HOST_IPC,
	TC_CONTAINER_TRAITS,
};

enum tc_told { TC_NOT_TOLD, TC_TOLD_NO, TC_TOLD_YES };

struct tc_container_label {
	const char *name, *value;
};

struct tc_container_labels {
	struct tc_container_label *rows;
	size_t count;
};

/* A mount from the host. Texts are "" where the runtime tells nothing. */
struct tc_container_mount {
	const char *source, *dest, *mode, *propagation;
	bool writable;
};

/* NULL, 0 and TC_NOT_TOLD: not told. */
struct tc_container_facts {
	struct tc_arena arena; /* of all texts and arrays */
	const char *texts[TC_CONTAINER_TEXTS];
	enum tc_told traits[TC_CONTAINER_TRAITS];
	struct tc_container_labels labels, pod_labels;
	struct tc_container_mount *mounts;
	size_t n_mounts, mounts_room;
	bool has_mounts;   /* mounts were told, if only that there are none */
	uint64_t start_ns; /* since 1970-01-01 UTC */
};

#endif
