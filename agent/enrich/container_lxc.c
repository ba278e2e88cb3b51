/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that are called by a name: LXC (lxc.container.conf(5)), systemd-nspawn (registered by
 * systemd-machined in /run/systemd/machines). */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/enrich/container_reader.h"

#define NS_PER_US 1000U

/* The value of a line "key = value", or NULL when the line has another key. In the line itself. */
static char *value_of(char *line, const char *key)
{
	size_t length = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, length) != 0)
		return NULL;
	line += length + strspn(line + length, " \t");
	return *line == '=' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

/* An entry is a line of fstab(5): source, destination below the container's root, type, options. */
static void tell_mount(struct tc_container_facts *facts, char *entry)
{
	char *rest, *source = strtok_r(entry, " \t", &rest), *dest = strtok_r(NULL, " \t", &rest);
	char *type = strtok_r(NULL, " \t", &rest), *options = strtok_r(NULL, " \t", &rest);
	char path[TC_CONTAINER_TEXT_MAX + 1];
	bool bind = false, read_only = false;

	if (!type || !options)
		return;
	for (char *option = strtok_r(options, ",", &rest); option;
	     option = strtok_r(NULL, ",", &rest)) {
		bind |= !strcmp(option, "bind") || !strcmp(option, "rbind");
		read_only |= !strcmp(option, "ro");
	}
	/* What was cut could pass for another path. */
	if (bind &&
	    snprintf(path, sizeof(path), "%s%s", *dest == '/' ? "" : "/", dest) < (int)sizeof(path))
		tc_container_tell_mount(facts, source, path, "", !read_only, "");
}

int tc_container_read_lxc(const struct tc_container_question *question,
			  struct tc_container_facts *facts)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_container_place place;
	char directory[PATH_MAX], path[PATH_MAX], *rest;
	int error;

	tc_container_tell(facts, TC_CONTAINER_NAME, question->id);
	if (!tc_container_place(question, "/var/lib/lxc", ".local/share/lxc", directory, &place))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/config", question->id);
	error = tc_container_file_read(&place, path, TC_CONTAINER_FILE_MAX, &text, NULL);
	if (error < 0)
		return error;
	tc_container_begin_mounts(facts, TC_CONTAINER_MOUNTS_MAX);
	for (char *line = text.length ? strtok_r(text.bytes, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *entry = value_of(line, "lxc.mount.entry");

		if (entry)
			tell_mount(facts, entry);
	}
	return 0;
}

/* The byte that \xNN at text stands for; 0 where there is no such thing. */
static char escaped_byte(const char *text)
{
	char digits[] = {text[0] == '\\' && text[1] == 'x' ? text[2] : '\0', '\0', '\0'};

	if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)text[3]))
		return '\0';
	digits[1] = text[3];
	return (char)strtoul(digits, NULL, 16);
}

/* Unit names hold what is no word character as \xNN (systemd.unit(5)). */
static void unescape(char *name)
{
	char *to = name;

	for (; *name; name++) {
		char byte = escaped_byte(name);

		*to++ = byte ? byte : *name;
		name += byte ? 3 : 0;
	}
	*to = '\0';
}

int tc_container_read_nspawn(const struct tc_container_question *question,
			     struct tc_container_facts *facts)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_container_place place;
	char directory[PATH_MAX], name[NAME_MAX + 1], *rest;
	int error;

	snprintf(name, sizeof(name), "%s", question->id);
	unescape(name);
	tc_container_tell(facts, TC_CONTAINER_NAME, name);
	if (strchr(name, '/') ||
	    !tc_container_place(question, "/run/systemd/machines", NULL, directory, &place))
		return -ENOENT;
	error = tc_container_file_read(&place, name, TC_CONTAINER_FILE_MAX, &text, NULL);
	if (error < 0)
		return error;
	for (char *line = text.length ? strtok_r(text.bytes, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest)) {
		const char *started = value_of(line, "REALTIME");

		if (started)
			facts->start_ns = strtoull(started, NULL, 10) * NS_PER_US;
	}
	return 0;
}
