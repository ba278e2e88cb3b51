/* SPDX-License-Identifier: Apache-2.0 */
#include "output/safe_file.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/log.h"

static int check_owner(const char *noun, const char *path, const char *what,
		       const struct stat *info)
{
	bool shared = S_ISDIR(info->st_mode) && info->st_mode & S_ISVTX && info->st_uid == 0;

	if (info->st_uid != 0 && info->st_uid != geteuid()) {
		tc_error("%s %s: %sbelongs to user %u; it must be root's or that of the agent",
			 noun, path, what, info->st_uid);
		return -EPERM;
	}
	if (info->st_mode & (S_IWGRP | S_IWOTH) && !shared) {
		tc_error("%s %s: %scan be written by others (mode %04o); take that away with "
			 "chmod go-w",
			 noun, path, what, info->st_mode & 07777);
		return -EPERM;
	}
	return 0;
}

int tc_safe_file(const char *noun, const char *path, const char *what, int fd)
{
	struct stat info;

	if (fstat(fd, &info))
		return tc_error_return(-errno, "%s %s: %scannot look at it", noun, path, what);
	if (!S_ISREG(info.st_mode)) {
		tc_error("%s %s: %sis not a regular file; give another path", noun, path, what);
		return -EPERM;
	}
	return check_owner(noun, path, what, &info);
}

/* directory: the name of the path's, in memory that dirname(3) may have changed. */
static int check_directory(const char *noun, const char *path, const char *directory,
			   char **ret_real)
{
	struct stat info;
	char *real;
	int error;

	if (mkdir(directory, 0700) && errno != EEXIST)
		return tc_error_return(-errno, "%s %s: cannot make the directory %s", noun, path,
				       directory);
	real = realpath(directory, NULL);
	if (!real || stat(real, &info))
		error = tc_error_return(-errno, "%s %s: directory %s", noun, path, directory);
	else
		error = check_owner(noun, path, "its directory ", &info);
	if (error)
		free(real);
	else
		*ret_real = real;
	return error;
}

int tc_safe_path(const char *noun, const char *path, char **ret_real)
{
	char *for_directory = strdup(path), *for_name = strdup(path), *directory = NULL;
	int error = for_directory && for_name ? 0 : -ENOMEM;

	if (!error)
		error = check_directory(noun, path, dirname(for_directory), &directory);
	if (!error && asprintf(ret_real, "%s/%s", directory, basename(for_name)) < 0)
		error = -ENOMEM;
	free(directory);
	free(for_name);
	free(for_directory);
	return error;
}
