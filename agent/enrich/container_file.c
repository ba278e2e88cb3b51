/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/container_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JSON_DEPTH_MAX 64
#define NS_PER_S 1000000000ULL

static bool same_mount(int directory, int fd)
{
	struct statx above, below;

	return statx(directory, "", AT_EMPTY_PATH, STATX_MNT_ID, &above) == 0 &&
	       statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &below) == 0 &&
	       above.stx_mnt_id == below.stx_mnt_id;
}

/* One component of a path. In a home it may not be where another file system is mounted. */
static int open_step(int directory, const char *name, bool is_last, bool home)
{
	int flags = is_last ? O_RDONLY | O_NONBLOCK | O_NOCTTY : O_PATH | O_DIRECTORY;
	int fd;

	if (!strcmp(name, ".."))
		return -EXDEV;
	fd = openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!home || same_mount(directory, fd))
		return fd;
	close(fd);
	return -EXDEV;
}

/*
 * Follows no symbolic link and leaves the directory by no way. openat2(2) does that in one call,
 * but systemd's RestrictSUIDSGID= takes it from the service: seccomp cannot see what it would
 * create.
 */
static int open_below(int directory, char *path, bool home)
{
	int fd = directory;
	char *rest, *name = strtok_r(path, "/", &rest);

	if (!name)
		return -ENOENT;
	while (name && fd >= 0) {
		char *next = strtok_r(NULL, "/", &rest);
		int above = fd;

		fd = open_step(above, name, !next, home);
		if (above != directory)
			close(above);
		name = next;
	}
	return fd;
}

/* In a home the walk begins above it, in a directory that is not the user's: he may put another
 * file system there, too. */
static int open_in(const struct tc_container_place *place, const char *path)
{
	char start[PATH_MAX], below[PATH_MAX];
	const char *name = place->below ? strrchr(place->directory, '/') : NULL;
	int length = name ? (int)(name - place->directory) : (int)strlen(place->directory);
	int directory, fd;

	if (place->below && (!name || !name[1]))
		return -ENOENT;
	if (snprintf(start, sizeof(start), "%.*s/", length, place->directory) >=
		    (int)sizeof(start) ||
	    snprintf(below, sizeof(below), "%s%s%s%s%s", name ? name + 1 : "", name ? "/" : "",
		     name ? place->below : "", name ? "/" : "", path) >= (int)sizeof(below))
		return -ENAMETOOLONG;
	directory = open(start, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	fd = open_below(directory, below, place->below);
	close(directory);
	return fd;
}

static int check(int fd, const struct tc_container_place *place, size_t max, uint64_t *ret_time_ns)
{
	struct stat stat;

	if (fstat(fd, &stat) < 0)
		return -errno;
	if (!S_ISREG(stat.st_mode))
		return -EINVAL;
	if (stat.st_uid != place->owner || stat.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	if ((uint64_t)stat.st_size > max)
		return -EFBIG;
	if (ret_time_ns)
		*ret_time_ns =
			(uint64_t)stat.st_mtim.tv_sec * NS_PER_S + (uint64_t)stat.st_mtim.tv_nsec;
	return 0;
}

static int read_all(int fd, size_t max, struct tc_buffer *text)
{
	char block[16384];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0) {
		tc_buffer_add(text, block, (size_t)n);
		if (text->length > max)
			return -EFBIG;
	}
	if (n < 0)
		return -errno;
	return tc_buffer_failed(text) ? -ENOMEM : 0;
}

int tc_container_file_read(const struct tc_container_place *place, const char *path, size_t max,
			   struct tc_buffer *ret_text, uint64_t *ret_time_ns)
{
	int fd = open_in(place, path), error;

	if (fd < 0)
		return fd;
	tc_buffer_reset(ret_text);
	error = check(fd, place, max, ret_time_ns);
	if (error == 0)
		error = read_all(fd, max, ret_text);
	close(fd);
	return error;
}

struct json_object *tc_container_json_parse(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	struct json_object *json =
		tokener ? json_tokener_parse_ex(tokener, text, (int)length) : NULL;

	if (tokener)
		json_tokener_free(tokener);
	return json;
}

int tc_container_json_read(const struct tc_container_place *place, const char *path, size_t max,
			   struct json_object **ret_json, uint64_t *ret_time_ns)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	int error = tc_container_file_read(place, path, max, &text, ret_time_ns);
	struct json_object *json;

	if (error < 0)
		return error;
	json = text.length ? tc_container_json_parse(text.bytes, text.length) : NULL;
	if (!json)
		return -EBADMSG;
	*ret_json = json;
	return 0;
}

struct json_object *tc_container_json_at(struct json_object *json, ...)
{
	va_list keys;
	const char *key;

	va_start(keys, json);
	while (json && (key = va_arg(keys, const char *)))
		if (!json_object_is_type(json, json_type_object) ||
		    !json_object_object_get_ex(json, key, &json))
			json = NULL;
	va_end(keys);
	return json;
}

const char *tc_container_json_text(struct json_object *json)
{
	const char *text;
	size_t length;

	if (!json || !json_object_is_type(json, json_type_string))
		return NULL;
	text = json_object_get_string(json);
	length = (size_t)json_object_get_string_len(json);
	return length && length <= TC_CONTAINER_TEXT_MAX && strlen(text) == length ? text : NULL;
}
