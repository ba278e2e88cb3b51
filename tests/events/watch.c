/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/events/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"

/* A cgroup is busy until what was killed in it is gone. */
#define REMOVE_TRIES 20000
#define REMOVE_PAUSE_NS 1000000

/* proc_pid_mountinfo(5): id parent device root mount-point options ... - type source options */
bool cgroup_mount(char *ret_directory, char *ret_root, unsigned size)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096], root[256], directory[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *type = strstr(line, " - ");

		found = type && strncmp(type, " - cgroup2 ", 11) == 0 &&
			sscanf(line, "%*s %*s %*s %255s %255s", root, directory) == 2;
	}
	if (file)
		fclose(file);
	if (!found)
		return false;
	snprintf(ret_directory, size, "%s", directory);
	snprintf(ret_root, size, "%s", strcmp(root, "/") == 0 ? "" : root);
	return true;
}

uint64_t cgroup_make(const char *directory)
{
	struct stat st;

	if (mkdir(directory, 0755) < 0 || stat(directory, &st) < 0) {
		tc_error("cannot make the cgroup %s: %s", directory, strerror(errno));
		return 0;
	}
	return st.st_ino;
}

int cgroup_open_procs(const char *directory)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void kill_all(const char *directory)
{
	char path[512];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &pid) == 1)
		if (pid > 0)
			kill(pid, SIGKILL);
	if (file)
		fclose(file);
}

static void remove_below(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[512];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) <
		    (int)sizeof(path))
			cgroup_remove(path);
	}
	if (dir)
		closedir(dir);
}

void cgroup_remove(const char *directory)
{
	struct timespec pause = {.tv_nsec = REMOVE_PAUSE_NS};

	remove_below(directory);
	for (int i = 0; i < REMOVE_TRIES; i++) {
		if (rmdir(directory) == 0 || errno == ENOENT)
			return;
		kill_all(directory);
		nanosleep(&pause, NULL);
	}
	tc_error("cannot remove the cgroup %s: %s", directory, strerror(errno));
}

static int watch_probes(struct watch *watch, bool fallback, uint32_t ring_bytes)
{
	struct tc_load_options options = {
		.scope_cgroup_id = watch->cgroup_id,
		.ring_bytes = ring_bytes,
		.force_fallback = fallback,
	};
	int r = tc_probes_load(&watch->kernel, &options, &watch->probes);

	if (r < 0)
		return r;
	const struct tc_rings rings = tc_probes_rings(watch->probes);

	r = tc_reader_open(&rings, &watch->reader);
	if (r < 0)
		return r;
	tc_probes_refuse(watch->probes, tc_probes_kinds(watch->probes));
	tc_probes_want(watch->probes, tc_probes_kinds(watch->probes));
	return 0;
}

int watch_open(struct watch *watch, bool fallback, uint32_t ring_bytes)
{
	char mount[128], root[128];
	const char *reason = "";
	struct stat st;
	int r;

	*watch = (struct watch){0};
	r = tc_kernel_probe(&watch->kernel, &reason);
	if (r < 0)
		return tc_error_return(r, "%s", reason);
	if (!cgroup_mount(mount, root, sizeof(mount)))
		return tc_error_return(-ENOENT, "no cgroup v2 is mounted");
	/* Not by its number: an earlier process may have had it, been killed and left its cgroup.
	 */
	snprintf(watch->cgroup, sizeof(watch->cgroup), "%s/tocsin-events.XXXXXX", mount);
	if (!mkdtemp(watch->cgroup) || stat(watch->cgroup, &st) < 0)
		return tc_error_return(-errno, "cannot make a cgroup in %s: %s", mount,
				       strerror(errno));
	watch->cgroup_id = st.st_ino;
	r = watch_probes(watch, fallback, ring_bytes);
	if (r < 0)
		watch_close(watch);
	return r;
}

void watch_close(struct watch *watch)
{
	tc_reader_close(watch->reader);
	tc_probes_free(watch->probes);
	tc_kernel_done(&watch->kernel);
	if (watch->cgroup[0])
		cgroup_remove(watch->cgroup);
	*watch = (struct watch){0};
}
