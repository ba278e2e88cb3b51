/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of what container runtimes keep on disk, one for each runtime, and what they share. */
#ifndef TOCSIN_AGENT_ENRICH_CONTAINER_READER_H
#define TOCSIN_AGENT_ENRICH_CONTAINER_READER_H

#include <limits.h>

#include "agent/enrich/container_facts.h"
#include "agent/enrich/container_file.h"

struct tc_container_question {
	const char *root; /* before all directories: "" but in tests */
	const char *home; /* of the user whose runtime it is; NULL: that of the host */
	uint32_t owner;	  /* who must own the runtime's files */
	const char *id;	  /* whole, NUL-terminated */
};

/*
 * Reads what is told of a container. 0; -EAGAIN when something will be told later (facts hold what
 * there is); -ENOENT when there is no such container; another negative errno when its files cannot
 * be read.
 */
typedef int (*tc_container_read)(const struct tc_container_question *question,
				 struct tc_container_facts *facts);

/* One row for each runtime, by the name that container.c gives it. */
struct tc_container_reader {
	const char *runtime;
	tc_container_read read;
	bool rootless; /* its users may run it without being root */
	bool by_hex;   /* containers are called by TC_CONTAINER_HEX digits */
};

int tc_container_read_docker(const struct tc_container_question *question,
			     struct tc_container_facts *facts);
int tc_container_read_containerd(const struct tc_container_question *question,
				 struct tc_container_facts *facts);
int tc_container_read_crio(const struct tc_container_question *question,
			   struct tc_container_facts *facts);
int tc_container_read_podman(const struct tc_container_question *question,
			     struct tc_container_facts *facts);
int tc_container_read_crun(const struct tc_container_question *question,
			   struct tc_container_facts *facts);
int tc_container_read_lxc(const struct tc_container_question *question,
			  struct tc_container_facts *facts);
int tc_container_read_nspawn(const struct tc_container_question *question,
			     struct tc_container_facts *facts);

/*
 * Asks the readers that fit, until one has an answer, and returns it. runtime: as container.c tells
 * it, NULL when it is not known.
 */
int tc_container_read_any(const struct tc_container_question *question, const char *runtime,
			  struct tc_container_facts *facts);

/* Where a runtime keeps its files: in of_host, or in of_home below the user's home; NULL where it
 * keeps none. Its path is put into *path. False when there is no such place. */
bool tc_container_place(const struct tc_container_question *question, const char *of_host,
			const char *of_home, char path[PATH_MAX],
			struct tc_container_place *ret_place);

/* Keep a copy; NULL and texts that are too long are not kept. */
void tc_container_tell(struct tc_container_facts *facts, enum tc_container_text what,
		       const char *text);
void tc_container_tell_trait(struct tc_container_facts *facts, enum tc_container_trait what,
			     bool yes);
/* An image by what it was asked for by, and repository, tag and digest by its parts:
 * [HOST[:PORT]/]PATH[:TAG][@DIGEST]. */
void tc_container_tell_image(struct tc_container_facts *facts, const char *image);
void tc_container_tell_image_id(struct tc_container_facts *facts, const char *id);
/* Strings of a JSON object, by key. */
void tc_container_tell_labels(struct tc_container_facts *facts, struct tc_container_labels *labels,
			      struct json_object *json);
/* Room for that many mounts at most. */
void tc_container_begin_mounts(struct tc_container_facts *facts, size_t count);
void tc_container_tell_mount(struct tc_container_facts *facts, const char *source, const char *dest,
			     const char *mode, bool writable, const char *propagation);
/* What Kubernetes told the runtime by labels or annotations of these names. */
void tc_container_tell_pod(struct tc_container_facts *facts, struct json_object *labels);

#endif
