/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens rule files. Everything is asked of the open descriptor, so that what was checked is what is
 * read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/language/source.h"

/* Most files and directories that one directory may hold. */
#define FILES_MAX 10000
/* Deepest nesting of directories. */
#define DIRECTORIES_MAX 16

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define _cleanup_close_ __attribute__((cleanup(close_fd)))

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

void tc_sources_done(struct tc_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		tc_source_free(sources->items[i]);
	free(sources->items);
	*sources = (struct tc_sources){0};
}

static int sources_add(struct tc_sources *sources, struct tc_source *source)
{
	struct tc_source **items =
		reallocarray(sources->items, sources->count + 1, sizeof(struct tc_source *));

	if (!items) {
		tc_source_free(source);
		return -ENOMEM;
	}
	sources->items = items;
	items[sources->count++] = source;
	return 0;
}

/* Who can write the file writes the rules: root or the caller alone. */
static bool is_trusted(const struct stat *st, const char *path, struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostic *found = NULL;

	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		found = tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_OWNER, path,
					   "owner is user %u, neither root nor the caller",
					   st->st_uid);
		tc_diagnostic_hint(found, "chown root");
		return false;
	}
	if (st->st_mode & (S_IWGRP | S_IWOTH)) {
		found = tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_WRITABLE, path,
					   "writable by %s (mode %04o)",
					   st->st_mode & S_IWOTH ? "everybody" : "its group",
					   st->st_mode & 07777);
		tc_diagnostic_hint(found, "chmod go-w");
		return false;
	}
	return true;
}

/* Reads at most max + 1 bytes, so that the caller sees when there are more. Length or -errno. */
static ssize_t read_all(int fd, char *bytes, size_t max)
{
	size_t length = 0;

	while (length <= max) {
		ssize_t n = read(fd, bytes + length, max + 1 - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		length += (size_t)n;
	}
	return (ssize_t)length;
}

static int read_file(struct tc_sources *sources, int fd, const struct stat *st, const char *path,
		     struct tc_diagnostics *diagnostics)
{
	struct tc_source *source;

	if (st->st_size > TC_SOURCE_MAX) {
		tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_SIZE, path,
				   "%lld bytes; a rule file has at most %u", (long long)st->st_size,
				   TC_SOURCE_MAX);
		return 0;
	}

	size_t max = (size_t)st->st_size;
	char *bytes = malloc(max + 1);
	if (!bytes)
		return -ENOMEM;
	ssize_t length = read_all(fd, bytes, max);
	if (length < 0 || (size_t)length > max) {
		tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_OPEN, path, "cannot read: %s",
				   length < 0 ? strerror((int)-length) : "it grew meanwhile");
		free(bytes);
		return 0;
	}
	int r = tc_source_from_bytes(path, bytes, (size_t)length, &source);
	free(bytes);
	return r ? r : sources_add(sources, source);
}

static int open_path(int at, const char *name, const char *path, struct stat *st,
		     struct tc_diagnostics *diagnostics)
{
	/* O_NONBLOCK: a fifo must not stop the agent. */
	int fd = openat(at, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, st) < 0) {
		tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_OPEN, path, "cannot open: %s",
				   strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Tests lie beside the rules. */
static bool is_rule_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml")) &&
	       !tc_is_test_name(name);
}

bool tc_is_test_name(const char *name)
{
	size_t length = strlen(name);

	return (length > 10 && !strcmp(name + length - 10, ".test.yaml")) ||
	       (length > 9 && !strcmp(name + length - 9, ".test.yml"));
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* Whether an entry is a directory to look into. Links to directories are not followed: they may
 * lead round in circles, and to where others may write. */
static bool is_directory(DIR *directory, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_name[0] == '.')
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return !fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) &&
	       S_ISDIR(st.st_mode);
}

/* Names of rule files and directories in a directory, sorted. Count; -E2BIG when there are too
 * many; -ENOMEM. */
static ssize_t list_names(DIR *directory, char ***ret_names)
{
	char **names = NULL;
	size_t n = 0;
	struct dirent *entry;

	while ((entry = readdir(directory))) {
		if (!is_rule_name(entry->d_name) && !is_directory(directory, entry))
			continue;
		if (n == FILES_MAX) {
			free_names(names, n);
			return -E2BIG;
		}
		char **more = reallocarray(names, n + 1, sizeof(*names));
		if (more)
			names = more;
		if (!more || !(names[n] = strdup(entry->d_name))) {
			free_names(names, n);
			return -ENOMEM;
		}
		n++;
	}
	if (n)
		qsort(names, n, sizeof(*names), compare_names);
	*ret_names = names;
	return (ssize_t)n;
}

/* Whether one of the first n sources is the file at path: given by itself and in its directory. */
static bool has_path(const struct tc_sources *sources, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(sources->items[i]->path, path))
			return true;
	}
	return false;
}

/* A directory that is being read, with those below it. */
struct tree {
	struct tc_sources *sources;
	struct tc_diagnostics *diagnostics;
	size_t before; /* number of sources that do not come from it */
	size_t names;  /* of files, whether they could be read or not */
	unsigned depth;
};

static int read_directory(struct tree *tree, int fd, const char *path);

static int read_nested(struct tree *tree, int fd, const char *path)
{
	int r = 0;

	if (tree->depth == DIRECTORIES_MAX) {
		tc_diagnostics_add(tree->diagnostics, TC_DIAGNOSTIC_FILE_MANY, path,
				   "directories are nested deeper than %d", DIRECTORIES_MAX);
		return 0;
	}
	tree->depth++;
	r = read_directory(tree, fd, path);
	tree->depth--;
	return r;
}

static int read_entry(struct tree *tree, int at, const char *directory, const char *name)
{
	_cleanup_close_ int fd = -1;
	size_t length = strlen(directory);
	struct stat st;
	char *path;
	int r = 0;

	while (length > 1 && directory[length - 1] == '/')
		length--;
	if (asprintf(&path, "%.*s%s%s", (int)length, directory,
		     directory[length - 1] == '/' ? "" : "/", name) < 0)
		return -ENOMEM;
	tree->names += is_rule_name(name);
	if (has_path(tree->sources, tree->before, path)) {
		free(path);
		return 0;
	}
	fd = open_path(at, name, path, &st, tree->diagnostics);
	if (fd >= 0 && !S_ISREG(st.st_mode) && (!S_ISDIR(st.st_mode) || is_rule_name(name)))
		tc_diagnostics_add(tree->diagnostics, TC_DIAGNOSTIC_FILE_TYPE, path,
				   "not a regular file");
	else if (fd >= 0 && is_trusted(&st, path, tree->diagnostics))
		r = S_ISDIR(st.st_mode)
			    ? read_nested(tree, fd, path)
			    : read_file(tree->sources, fd, &st, path, tree->diagnostics);
	free(path);
	return r;
}

static int read_directory(struct tree *tree, int fd, const char *path)
{
	__attribute__((cleanup(close_directory))) DIR *directory = NULL;
	char **names = NULL;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3), r = 0;

	directory = own < 0 ? NULL : fdopendir(own);
	if (!directory) {
		if (own >= 0)
			close(own);
		return -ENOMEM;
	}
	ssize_t n = list_names(directory, &names);
	if (n == -E2BIG) {
		tree->names++;
		tc_diagnostics_add(tree->diagnostics, TC_DIAGNOSTIC_FILE_MANY, path,
				   "the directory holds more than %d rule files", FILES_MAX);
		return 0;
	}
	if (n < 0)
		return (int)n;
	for (ssize_t i = 0; i < n && !r; i++)
		r = read_entry(tree, fd, path, names[i]);
	free_names(names, (size_t)n);
	return r;
}

static int read_tree(struct tc_sources *sources, int fd, const char *path,
		     struct tc_diagnostics *diagnostics)
{
	struct tree tree = {
		.sources = sources, .diagnostics = diagnostics, .before = sources->count};
	int r = read_directory(&tree, fd, path);

	if (!r && !tree.names)
		tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_NONE, path,
				   "the directory holds no *.yaml or *.yml file");
	return r;
}

int tc_sources_read_optional(struct tc_sources *sources, const char *path,
			     struct tc_diagnostics *diagnostics)
{
	struct tc_diagnostics found = {0};
	int r;

	if (access(path, F_OK) && errno == ENOENT)
		return 0;
	r = tc_sources_read(sources, path, &found);
	for (size_t i = 0; i < found.count; i++)
		if (found.items[i].kind != TC_DIAGNOSTIC_FILE_NONE)
			tc_diagnostics_take(diagnostics, &found.items[i]);
	tc_diagnostics_done(&found);
	return r;
}

int tc_sources_read(struct tc_sources *sources, const char *path,
		    struct tc_diagnostics *diagnostics)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (has_path(sources, sources->count, path))
		return 0;
	fd = open_path(AT_FDCWD, path, path, &st, diagnostics);
	if (fd < 0)
		return 0;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_TYPE, path,
				   "neither a regular file nor a directory");
		return 0;
	}
	if (!is_trusted(&st, path, diagnostics))
		return 0;
	return S_ISDIR(st.st_mode) ? read_tree(sources, fd, path, diagnostics)
				   : read_file(sources, fd, &st, path, diagnostics);
}
