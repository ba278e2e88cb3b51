/* SPDX-License-Identifier: Apache-2.0 */
#include "output/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Names tried when files are rotated more than once in a second. */
#define SAME_SECOND_MAX 1000

static int numbered_name(char name[PATH_MAX], const char *path, uint64_t number)
{
	int length = number ? snprintf(name, PATH_MAX, "%s.%llu", path, (unsigned long long)number)
			    : snprintf(name, PATH_MAX, "%s", path);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* How many of the names from 1 on are taken without a hole, at most keep. */
static uint64_t count_numbered(const char *path, uint64_t keep)
{
	char name[PATH_MAX];
	uint64_t count = 0;

	while (count < keep && numbered_name(name, path, count + 1) == 0 && access(name, F_OK) == 0)
		count++;
	return count;
}

/* What an earlier, larger keep has left. */
static void remove_above(const char *path, uint64_t keep)
{
	char name[PATH_MAX];

	while (numbered_name(name, path, ++keep) == 0 && unlink(name) == 0)
		;
}

static int rotate_numbered(const char *path, uint64_t keep)
{
	uint64_t last = count_numbered(path, keep);
	char from[PATH_MAX], to[PATH_MAX];

	if (last == keep)
		last--; /* the rename of the one before replaces it */
	for (uint64_t number = last + 1; number-- > 0;) {
		int error = numbered_name(from, path, number);

		if (!error)
			error = numbered_name(to, path, number + 1);
		if (!error && rename(from, to))
			error = -errno;
		if (error)
			return error;
	}
	remove_above(path, keep);
	return 0;
}

/* --- by time --- */

static int rename_timed(const char *path)
{
	char time_text[32], name[PATH_MAX];
	time_t now = time(NULL);
	struct tm tm;

	strftime(time_text, sizeof(time_text), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	for (unsigned i = 0; i < SAME_SECOND_MAX; i++) {
		int length = snprintf(name, sizeof(name), i ? "%s-%s.%03u" : "%s-%s", path,
				      time_text, i);

		if (length >= (int)sizeof(name))
			return -ENAMETOOLONG;
		if (renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

/* Whether a name is BASE-20260131T120000Z, or that with .001 behind it. */
static bool is_timed(const char *name, const char *base)
{
	size_t length = strlen(base);
	int end = 0;

	if (strncmp(name, base, length) != 0)
		return false;
	name += length;
	sscanf(name, "-%*8[0-9]T%*6[0-9]Z%n", &end);
	if (end != 17)
		return false;
	name += end;
	return !*name || (name[0] == '.' && strspn(name + 1, "0123456789") == 3 && !name[4]);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char **items;
	size_t count;
};

static void names_read(struct names *names, const char *directory, const char *base)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		char **items;

		if (!is_timed(entry->d_name, base))
			continue;
		items = realloc(names->items, (names->count + 1) * sizeof(*items));
		if (!items)
			break;
		names->items = items;
		items[names->count] = strdup(entry->d_name);
		if (!items[names->count])
			break;
		names->count++;
	}
	if (stream)
		closedir(stream);
}

/* Names sort as their times do. */
static void remove_oldest(const char *path, uint64_t keep)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char directory[PATH_MAX], name[PATH_MAX];
	struct names names = {0};

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(base - path) : 1,
		 slash ? path : ".");
	names_read(&names, directory, base);
	if (names.count)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	for (size_t i = 0; i < names.count; i++) {
		if (i + keep < names.count && snprintf(name, sizeof(name), "%s/%s", directory,
						       names.items[i]) < (int)sizeof(name))
			unlink(name);
		free(names.items[i]);
	}
	free(names.items);
}

int tc_rotate(const struct tc_rotation *rotation, const char *path)
{
	int error;

	if (!rotation->timed)
		return rotate_numbered(path, rotation->keep);
	error = rename_timed(path);
	if (!error)
		remove_oldest(path, rotation->keep);
	return error;
}
