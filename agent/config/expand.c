/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/expand.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool tc_config_has_references(const char *text)
{
	return strstr(text, "${");
}

static int refuse(struct tc_config_fault *fault, const char *what, const char *why)
{
	tc_buffer_printf(&fault->problem, "%s: %s", what, why);
	return -EINVAL;
}

static bool is_name(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

static int add_variable(const char *name, struct tc_buffer *result, struct tc_config_fault *fault)
{
	const char *value = is_name(name) ? getenv(name) : NULL;

	if (!is_name(name))
		return refuse(fault, name,
			      "not a reference: there are ${NAME}, ${file:PATH} and "
			      "${credential:NAME}; $${ stands for ${");
	if (!value) {
		fault->absent = true;
		return refuse(fault, name, "the environment has no such variable");
	}
	tc_buffer_add_string(result, value);
	return 0;
}

/* What is wrong with a file of a secret; NULL: nothing. */
static const char *find_fault(const struct stat *info)
{
	if (!S_ISREG(info->st_mode))
		return "not a regular file";
	if (info->st_uid != 0 && info->st_uid != geteuid())
		return "it belongs to another user; chown root";
	if (info->st_mode & (S_IRWXO | S_IWGRP))
		return "others may read it, or its group write it; chmod 600";
	if (info->st_size > TC_CONFIG_SECRET_MAX)
		return "it is larger than 64K";
	return NULL;
}

static int add_content(int fd, const char *path, struct tc_buffer *result,
		       struct tc_config_fault *fault)
{
	char *bytes = malloc(TC_CONFIG_SECRET_MAX + 1);
	ssize_t length = bytes ? read(fd, bytes, TC_CONFIG_SECRET_MAX + 1) : -1;
	int r = 0;

	if (length < 0)
		r = refuse(fault, path, strerror(errno));
	else if (length > TC_CONFIG_SECRET_MAX || memchr(bytes, '\0', (size_t)length))
		r = refuse(fault, path, "it is too large, or not text");
	else
		tc_buffer_add(result, bytes,
			      (size_t)(length && bytes[length - 1] == '\n' ? length - 1 : length));
	if (bytes)
		explicit_bzero(bytes, TC_CONFIG_SECRET_MAX + 1);
	free(bytes);
	return r;
}

static int add_file(const char *path, struct tc_buffer *result, struct tc_config_fault *fault)
{
	struct stat info;
	const char *why;
	int fd, r;

	if (*path != '/')
		return refuse(fault, path, "the path of a file must be absolute");
	/* O_NONBLOCK: a fifo must not stop the agent. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return refuse(fault, path, strerror(errno));
	why = fstat(fd, &info) ? strerror(errno) : find_fault(&info);
	r = why ? refuse(fault, path, why) : add_content(fd, path, result, fault);
	close(fd);
	return r;
}

static int add_credential(const char *name, struct tc_buffer *result, struct tc_config_fault *fault)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX];

	if (!*name || strchr(name, '/') || *name == '.')
		return refuse(fault, name, "not the name of a credential");
	if (!directory) {
		fault->absent = true;
		return refuse(fault, name,
			      "systemd passed no credentials: LoadCredential= in the unit does");
	}
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return add_file(path, result, fault);
}

static int add_reference(const char *reference, struct tc_buffer *result,
			 struct tc_config_fault *fault)
{
	static const struct {
		const char *prefix;
		int (*add)(const char *, struct tc_buffer *, struct tc_config_fault *);
	} kinds[] = {{"file:", add_file}, {"credential:", add_credential}, {"", add_variable}};
	size_t i = 0;

	while (strncmp(reference, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
		i++;
	return kinds[i].add(reference + strlen(kinds[i].prefix), result, fault);
}

int tc_config_expand(const char *text, struct tc_buffer *result, struct tc_config_fault *fault)
{
	const char *rest = text, *start;
	int r = 0;

	while (!r && (start = strstr(rest, "${"))) {
		bool literal = start > rest && start[-1] == '$';
		size_t length = strcspn(start, "}");

		tc_buffer_add(result, rest, (size_t)(start - rest) - literal);
		*fault = (struct tc_config_fault){.offset = (size_t)(start - text),
						  .length = length + (start[length] == '}')};
		rest = start + fault->length;
		if (literal) {
			tc_buffer_add_string(result, "${");
			rest = start + 2;
		} else if (!start[length]) {
			r = refuse(fault, "${", "there is no } behind it; $${ stands for ${");
		} else {
			char *reference = strndup(start + 2, length - 2);

			r = reference ? add_reference(reference, result, fault) : -ENOMEM;
			free(reference);
		}
	}
	tc_buffer_add_string(result, r ? "" : rest);
	return r;
}
