/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/audit_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".rec"
#define DIGITS 12
#define HASH_PIECE_BYTES 65536
#define NS_PER_S 1000000000ULL

void tc_audit_path(const char *directory, uint64_t number, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%0*llu" SUFFIX, directory, DIGITS, (unsigned long long)number);
}

/* 0: it is not the name of a segment. */
static uint64_t number_of(const char *name)
{
	char again[NAME_MAX + 1], *end;
	unsigned long long number = strtoull(name, &end, 10);

	snprintf(again, sizeof(again), "%0*llu" SUFFIX, DIGITS, number);
	return strcmp(name, again) == 0 ? number : 0;
}

int tc_audit_files_append(struct tc_audit_files *files, const struct tc_audit_file *file)
{
	if (files->count == files->room) {
		size_t room = files->room ? 2 * files->room : 64;
		struct tc_audit_file *items = realloc(files->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		files->items = items;
		files->room = room;
	}
	files->items[files->count++] = *file;
	return 0;
}

void tc_audit_files_shift(struct tc_audit_files *files)
{
	files->count--;
	memmove(files->items, files->items + 1, files->count * sizeof(*files->items));
}

void tc_audit_files_done(struct tc_audit_files *files)
{
	free(files->items);
	*files = (struct tc_audit_files){0};
}

static int by_number(const void *a, const void *b)
{
	const struct tc_audit_file *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static int add(struct tc_audit_files *files, int directory, const char *name)
{
	struct tc_audit_file file = {.number = number_of(name)};
	struct stat stat;

	if (!file.number || fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(stat.st_mode))
		return 0;
	file.bytes = (uint64_t)stat.st_size;
	file.changed_ns = (uint64_t)stat.st_mtim.tv_sec * NS_PER_S + (uint64_t)stat.st_mtim.tv_nsec;
	return tc_audit_files_append(files, &file);
}

int tc_audit_files_list(const char *directory, struct tc_audit_files *ret_files)
{
	struct tc_audit_files files = {0};
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int error = 0;

	if (!dir)
		return -errno;
	while (error == 0 && (errno = 0, entry = readdir(dir)))
		error = add(&files, dirfd(dir), entry->d_name);
	if (error == 0)
		error = -errno;
	closedir(dir);
	if (error < 0) {
		tc_audit_files_done(&files);
		return error;
	}
	if (files.count)
		qsort(files.items, files.count, sizeof(*files.items), by_number);
	*ret_files = files;
	return 0;
}

static int hash_all(struct tc_hasher *hasher, int fd)
{
	char piece[HASH_PIECE_BYTES];
	int error = tc_hash_begin(hasher);
	ssize_t got = 1;

	while (error == 0 && got) {
		got = read(fd, piece, sizeof(piece));
		if (got > 0)
			error = tc_hash_add(hasher, piece, (size_t)got);
		else if (got < 0 && errno != EINTR)
			error = -errno;
	}
	return error;
}

int tc_audit_hash_file(const char *path, struct tc_hash *ret_hash)
{
	_cleanup_hasher_ struct tc_hasher *hasher = NULL;
	int fd, error = tc_hasher_new(&hasher);

	if (error < 0)
		return error;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	error = hash_all(hasher, fd);
	close(fd);
	return error < 0 ? error : tc_hash_end(hasher, ret_hash);
}

void tc_audit_place_put(struct tc_buffer *header, const struct tc_audit_place *place)
{
	tc_named_put_number(header, "segment", place->segment);
	tc_named_put_number(header, "first_segment", place->first_segment);
	tc_named_put_number(header, "taken_until", place->taken_until);
	if (place->has_previous)
		tc_named_put_bytes(header, "previous", place->previous.bytes, TC_HASH_BYTES);
}

void tc_audit_place_get(const struct tc_named_list *header, struct tc_audit_place *ret_place)
{
	const char *bytes;
	size_t length;

	*ret_place = (struct tc_audit_place){
		.segment = tc_named_number(header, "segment", 0),
		.first_segment = tc_named_number(header, "first_segment", 0),
		.taken_until = tc_named_number(header, "taken_until", 0),
	};
	if (!tc_named_bytes(header, "previous", &bytes, &length) || length != TC_HASH_BYTES)
		return;
	ret_place->has_previous = true;
	memcpy(ret_place->previous.bytes, bytes, TC_HASH_BYTES);
}

int tc_audit_place_read(const char *path, struct tc_audit_place *ret_place,
			struct tc_recording_fault *ret_fault)
{
	struct tc_recording *recording;
	int error = tc_recording_open_file(path, &recording, ret_fault);

	if (error < 0)
		return error;
	tc_audit_place_get(tc_recording_header(recording), ret_place);
	tc_recording_close(recording);
	return 0;
}

uint64_t tc_audit_files_taken(const char *directory, const struct tc_audit_files *files)
{
	for (size_t i = files->count; i--;) {
		struct tc_recording_fault fault;
		struct tc_audit_place place;
		char path[PATH_MAX];

		tc_audit_path(directory, files->items[i].number, path);
		if (tc_audit_place_read(path, &place, &fault) == 0)
			return place.taken_until;
	}
	return 0;
}
