/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of container runtimes, which are not trusted further than their owner.
 *
 * A file counts when it is a regular one, belongs to the runtime's user, and nobody else may write
 * it. Below the runtime's directory no symbolic link is followed. In a user's home no other file
 * system is entered either: its owner could be asked, and never answer.
 */
#ifndef TOCSIN_AGENT_ENRICH_CONTAINER_FILE_H
#define TOCSIN_AGENT_ENRICH_CONTAINER_FILE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/buffer.h"
#include "agent/enrich/container_facts.h"

/* A larger file of one container is refused. */
#define TC_CONTAINER_FILE_MAX (1U << 20)
/* The same for a file on all containers of a store. */
#define TC_CONTAINER_STORE_MAX (8U << 20)

/* Where a runtime keeps its files. */
struct tc_container_place {
	const char *directory; /* the runtime's, or a user's home */
	const char *below;     /* the runtime's directory in that home; NULL: it is no home */
	uint32_t owner;	       /* uid of all files */
};

/*
 * The whole of a file by its path in the runtime's directory; ret_time_ns (may be NULL) is when it
 * was last written. 0; -ENOENT when it is not there; -EPERM when it has another owner or others may
 * write it; -ELOOP behind a symbolic link; -EXDEV; -EFBIG; -EINVAL when it is no regular file.
 */
int tc_container_file_read(const struct tc_container_place *place, const char *path, size_t max,
			   struct tc_buffer *ret_text, uint64_t *ret_time_ns);
/* The same, read as JSON; to be put. -EBADMSG when it is none. */
int tc_container_json_read(const struct tc_container_place *place, const char *path, size_t max,
			   struct json_object **ret_json, uint64_t *ret_time_ns);
/* JSON from a text. NULL when it is none, or nested too deep. To be put. */
struct json_object *tc_container_json_parse(const char *text, size_t length);

/* The value behind keys, one inside the other, the last NULL; NULL when there is none. */
struct json_object *tc_container_json_at(struct json_object *json, ...) __attribute__((sentinel));
/* A string that is not empty, has no NUL inside and is short enough; else NULL. */
const char *tc_container_json_text(struct json_object *json);

static inline void tc_json_put(struct json_object **json)
{
	json_object_put(*json);
}
#define _cleanup_json_ __attribute__((cleanup(tc_json_put)))

#endif
