/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pins.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"

struct tc_pins {
	char directory[64];
	int about; /* the map's descriptor; -1: none yet */
	struct tc_pins_about value;
};

/* --- the directory --- */

bool tc_pins_are_roots(void)
{
	struct stat status;

	return lstat(TC_PINS_DIRECTORY, &status) == 0 && S_ISDIR(status.st_mode) &&
	       status.st_uid == 0 && !(status.st_mode & (S_IWGRP | S_IWOTH));
}

static int make_directories(struct tc_pins *pins)
{
	struct statfs fs;

	if (statfs("/sys/fs/bpf", &fs) < 0 || fs.f_type != BPF_FS_MAGIC) {
		tc_error("programs cannot be pinned: there is no BPF file system at /sys/fs/bpf "
			 "(mount -t bpf -o mode=700 bpf /sys/fs/bpf), or do without "
			 "enforcement.pin");
		return -ENOTSUP;
	}
	if (mkdir(TC_PINS_DIRECTORY, 0700) < 0 && errno != EEXIST)
		return tc_error_return(-errno, "programs cannot be pinned: %s", TC_PINS_DIRECTORY);
	if (!tc_pins_are_roots())
		return tc_error_return(
			-EPERM, "programs cannot be pinned: others than root may write to %s",
			TC_PINS_DIRECTORY);
	snprintf(pins->directory, sizeof(pins->directory), "%s/%d-%llu", TC_PINS_DIRECTORY,
		 getpid(), (unsigned long long)tc_clock_boot_ns());
	if (mkdir(pins->directory, 0700) < 0)
		return tc_error_return(-errno, "programs cannot be pinned: %s", pins->directory);
	return 0;
}

static int make_about(struct tc_pins *pins, const char *journal)
{
	uint32_t zero = 0;
	int r;

	tc_fingerprint(pins->value.fingerprint);
	snprintf(pins->value.version, sizeof(pins->value.version), "%s", TOCSIN_VERSION);
	if (!realpath(journal, pins->value.journal))
		return -errno;
	pins->value.n_cpus = (uint32_t)libbpf_num_possible_cpus();
	pins->about = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tocsin_about", sizeof(zero),
				     sizeof(pins->value), 1, NULL);
	if (pins->about < 0)
		return -errno;
	r = tc_pins_note(pins, 0, "");
	return r < 0 ? r : tc_pins_map(pins, pins->about, TC_PINS_ABOUT);
}

int tc_pins_new(const char *journal, struct tc_pins **ret_pins)
{
	struct tc_pins *pins = calloc(1, sizeof(*pins));
	int r;

	if (!pins)
		return -ENOMEM;
	pins->about = -1;
	r = make_directories(pins);
	if (r == 0) {
		r = make_about(pins, journal);
		if (r < 0)
			tc_error_return(r, "programs cannot be pinned in %s", pins->directory);
	}
	if (r < 0) {
		tc_pins_remove(pins);
		tc_pins_free(pins);
		return r;
	}
	*ret_pins = pins;
	return 0;
}

void tc_pins_free(struct tc_pins *pins)
{
	if (!pins)
		return;
	if (pins->about >= 0)
		close(pins->about);
	free(pins);
}

const char *tc_pins_directory(const struct tc_pins *pins)
{
	return pins->directory;
}

/* --- what is in it --- */

static bool path_of(const struct tc_pins *pins, const char *name, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/%s", pins->directory, name) < PATH_MAX;
}

int tc_pins_map(const struct tc_pins *pins, int map, const char *name)
{
	char path[PATH_MAX];

	if (!path_of(pins, name, path))
		return -ENAMETOOLONG;
	return bpf_obj_pin(map, path) < 0 ? -errno : 0;
}

int tc_pins_link(const struct tc_pins *pins, struct bpf_link *link, const char *name)
{
	char path[PATH_MAX];

	return path_of(pins, name, path) ? bpf_link__pin(link, path) : -ENAMETOOLONG;
}

int tc_pins_note(struct tc_pins *pins, uint32_t generation, const char *rules_hash)
{
	uint32_t zero = 0;

	pins->value.generation = generation;
	snprintf(pins->value.rules_hash, sizeof(pins->value.rules_hash), "%s", rules_hash);
	return bpf_map_update_elem(pins->about, &zero, &pins->value, BPF_ANY) < 0 ? -errno : 0;
}

/* --- away with them --- */

static bool is_about(const char *name)
{
	return strcmp(name, TC_PINS_ABOUT) == 0;
}

/* Anything that is neither about nor a map of ours. */
static bool is_link(const char *name)
{
	return !is_about(name) && strcmp(name, TC_PINS_CONTROLS) != 0 &&
	       strcmp(name, TC_PINS_RING_STATES) != 0 && strncmp(name, "ring-", 5) != 0;
}

size_t tc_pins_count_links(const char *directory)
{
	DIR *stream = opendir(directory);
	struct dirent *entry;
	size_t n = 0;

	while (stream && (entry = readdir(stream)))
		n += entry->d_name[0] != '.' && is_link(entry->d_name);
	if (stream)
		closedir(stream);
	return n;
}

static bool is_map(const char *name)
{
	return !is_about(name) && !is_link(name);
}

static void remove_some(const char *directory, bool (*wanted)(const char *name))
{
	DIR *stream = opendir(directory);
	struct dirent *entry;

	if (!stream)
		return;
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.' && wanted(entry->d_name) &&
		    unlinkat(dirfd(stream), entry->d_name, 0) < 0)
			tc_warning("the pin %s/%s cannot be removed: %s", directory, entry->d_name,
				   strerror(errno));
	closedir(stream);
}

void tc_pins_remove_links(const char *directory)
{
	remove_some(directory, is_link);
}

void tc_pins_remove_all_links(void)
{
	DIR *stream = opendir(TC_PINS_DIRECTORY);
	char path[PATH_MAX];
	struct dirent *entry;

	while (stream && (entry = readdir(stream)))
		if (entry->d_name[0] != '.' &&
		    snprintf(path, sizeof(path), "%s/%s", TC_PINS_DIRECTORY, entry->d_name) <
			    (int)sizeof(path))
			remove_some(path, is_link);
	if (stream)
		closedir(stream);
}

void tc_pins_remove_directory(const char *directory)
{
	remove_some(directory, is_link);
	if (tc_pins_count_links(directory))
		return; /* status and off still find what blocks */
	remove_some(directory, is_map);
	remove_some(directory, is_about);
	rmdir(directory);
	rmdir(TC_PINS_DIRECTORY); /* another agent's may be in it */
}

void tc_pins_remove(const struct tc_pins *pins)
{
	if (pins)
		tc_pins_remove_directory(pins->directory);
}
