/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/user.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_MAX 1000000

/* One name; where it begins in the block of all names. Behind its NUL stands the rest of the line,
 * with a NUL, too. */
struct name {
	uint32_t id;
	uint32_t offset;
	uint32_t length;
	uint32_t line; /* the first line with an id wins, as for getpwuid(3) */
};

/* One file: passwd or group. Both hold name, password, id, separated by colons. */
struct names {
	struct name *rows; /* ordered by id */
	size_t count, capacity;
	char *block;
	size_t block_size, block_capacity;
	struct stat stat; /* of the file read */
	uint64_t version;
};

struct tc_users {
	struct names users, groups;
};

struct tc_users *tc_users_new(void)
{
	return calloc(1, sizeof(struct tc_users));
}

static void names_done(struct names *names)
{
	free(names->rows);
	free(names->block);
}

void tc_users_free(struct tc_users *users)
{
	if (!users)
		return;
	names_done(&users->users);
	names_done(&users->groups);
	free(users);
}

static int grow(void **array, size_t *capacity, size_t needed, size_t size)
{
	size_t wanted = *capacity ? *capacity : 64;
	void *grown;

	if (needed <= *capacity)
		return 0;
	while (wanted < needed)
		wanted *= 2;
	grown = realloc(*array, wanted * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = wanted;
	return 0;
}

static void add_bytes(struct names *names, const char *text, size_t length)
{
	memcpy(names->block + names->block_size, text, length);
	names->block[names->block_size + length] = '\0';
	names->block_size += length + 1;
}

/* The name is the first length bytes of the line; one more parts it from the rest. */
static int add_name(struct names *names, uint32_t id, const char *line, size_t length)
{
	const char *rest = line + length + 1;
	size_t rest_length = strcspn(rest, "\n");

	if (names->count >= NAMES_MAX)
		return 0;
	if (grow((void **)&names->rows, &names->capacity, names->count + 1, sizeof(*names->rows)) <
		    0 ||
	    grow((void **)&names->block, &names->block_capacity,
		 names->block_size + length + rest_length + 2, 1) < 0)
		return -ENOMEM;
	names->rows[names->count] = (struct name){
		.id = id,
		.offset = (uint32_t)names->block_size,
		.length = (uint32_t)length,
		.line = (uint32_t)names->count,
	};
	names->count++;
	add_bytes(names, line, length);
	add_bytes(names, rest, rest_length);
	return 0;
}

/* passwd(5), group(5): "name:password:id:...". Lines of NIS ("+name") and broken ones are passed
 * over. */
static int add_line(struct names *names, const char *line)
{
	const char *name_end = strchr(line, ':');
	const char *password_end = name_end ? strchr(name_end + 1, ':') : NULL;
	unsigned long id;
	char *end;

	if (!password_end || name_end == line || *line == '+' || *line == '-' || *line == '#')
		return 0;
	if (password_end[1] < '0' || password_end[1] > '9')
		return 0;
	errno = 0;
	id = strtoul(password_end + 1, &end, 10);
	if (errno || id > UINT32_MAX || (*end != ':' && *end != '\n' && *end))
		return 0;
	return add_name(names, (uint32_t)id, line, (size_t)(name_end - line));
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int names_read(struct names *names, FILE *file)
{
	struct names fresh = {0};
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	/* A text in memory has no descriptor, and no file that may change. */
	if (fileno(file) >= 0 && fstat(fileno(file), &fresh.stat) < 0)
		return 0;
	while (error == 0 && getline(&line, &size, file) > 0)
		error = add_line(&fresh, line);
	free(line);
	if (error < 0) {
		names_done(&fresh);
		return error;
	}
	if (fresh.count)
		qsort(fresh.rows, fresh.count, sizeof(*fresh.rows), compare_names);
	fresh.version = names->version + 1;
	names_done(names);
	*names = fresh;
	return 0;
}

static int names_refresh(struct names *names, const char *root, const char *name)
{
	char path[4096];
	struct stat now;
	FILE *file;
	int error;

	snprintf(path, sizeof(path), "%s%s", root, name);
	if (stat(path, &now) < 0 || same_file(&now, &names->stat))
		return 0;
	file = fopen(path, "re");
	if (!file)
		return 0;
	error = names_read(names, file);
	fclose(file);
	return error;
}

int tc_users_refresh(struct tc_users *users, const char *root)
{
	int error = names_refresh(&users->users, root, "/etc/passwd");

	return error < 0 ? error : names_refresh(&users->groups, root, "/etc/group");
}

static int names_parse(struct names *names, const char *text)
{
	FILE *file = fmemopen((char *)text, strlen(text), "r");
	int error = file ? names_read(names, file) : -ENOMEM;

	if (file)
		fclose(file);
	return error;
}

int tc_users_read(struct tc_users *users, const char *passwd, const char *group)
{
	int error = names_parse(&users->users, passwd);

	return error < 0 ? error : names_parse(&users->groups, group);
}

uint64_t tc_users_version(const struct tc_users *users)
{
	return users->users.version + users->groups.version;
}

/* The first line with an id stands first among its rows, so their order says all. */
static void names_write(const struct names *names, struct tc_buffer *text)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->block + names->rows[i].offset;
		const char *rest = name + names->rows[i].length + 1;

		tc_buffer_add(text, name, names->rows[i].length);
		tc_buffer_add_string(text, ":x");
		tc_buffer_add_string(text, rest + strcspn(rest, ":"));
		tc_buffer_add_char(text, '\n');
	}
}

void tc_users_write(const struct tc_users *users, struct tc_buffer *passwd, struct tc_buffer *group)
{
	names_write(&users->users, passwd);
	names_write(&users->groups, group);
}

static const struct name *find_row(const struct names *names, uint32_t id)
{
	size_t low = 0, high = names->count;

	/* The first of several with this id. */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (names->rows[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < names->count && names->rows[low].id == id ? &names->rows[low] : NULL;
}

static const char *find(const struct names *names, uint32_t id, uint32_t *ret_length)
{
	const struct name *row = find_row(names, id);

	if (!row)
		return NULL;
	*ret_length = row->length;
	return names->block + row->offset;
}

/* A part of the rest of a line, from 0. */
static const char *find_part(const struct names *names, uint32_t id, unsigned place,
			     uint32_t *ret_length)
{
	const struct name *row = find_row(names, id);
	const char *part;

	if (!row)
		return NULL;
	part = names->block + row->offset + row->length + 1;
	while (place--) {
		part = strchr(part, ':');
		if (!part++)
			return NULL;
	}
	*ret_length = (uint32_t)strcspn(part, ":");
	return *ret_length ? part : NULL;
}

const char *tc_users_name(const struct tc_users *users, uint32_t uid, uint32_t *ret_length)
{
	return find(&users->users, uid, ret_length);
}

const char *tc_users_group(const struct tc_users *users, uint32_t gid, uint32_t *ret_length)
{
	return find(&users->groups, gid, ret_length);
}

/* passwd(5): "name:password:uid:gid:comment:home:shell"; the rest begins with the password. */
const char *tc_users_home(const struct tc_users *users, uint32_t uid, uint32_t *ret_length)
{
	return find_part(&users->users, uid, 4, ret_length);
}

const char *tc_users_shell(const struct tc_users *users, uint32_t uid, uint32_t *ret_length)
{
	return find_part(&users->users, uid, 5, ret_length);
}
