/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pinned.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"

/* How long a program that began before it was switched off may take to send its record. */
#define SETTLE_NS (5 * 1000 * 1000)

/* --- one agent's --- */

static int open_pin(const struct tc_pinned *pinned, const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", pinned->directory, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

/* Of another version's map only the beginning is looked at. */
static int read_about(struct tc_pinned *pinned)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info), zero = 0;
	void *value = NULL;
	int fd = open_pin(pinned, TC_PINS_ABOUT), r = fd < 0 ? fd : 0;

	if (r == 0 && bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		r = -errno;
	if (r == 0)
		value = calloc(1, info.value_size + sizeof(pinned->about));
	if (r == 0 && !value)
		r = -ENOMEM;
	if (r == 0 && bpf_map_lookup_elem(fd, &zero, value) < 0)
		r = -errno;
	if (r == 0)
		memcpy(&pinned->about, value, sizeof(pinned->about));
	free(value);
	if (fd >= 0)
		close(fd);
	return r;
}

static void *map_pin(const struct tc_pinned *pinned, const char *name, size_t bytes,
		     size_t *ret_bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = open_pin(pinned, name);
	void *memory;

	bytes = (bytes + page - 1) / page * page;
	memory = fd < 0 ? MAP_FAILED : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	if (memory == MAP_FAILED)
		return NULL;
	*ret_bytes = bytes;
	return memory;
}

static bool open_rings(struct tc_pinned *pinned)
{
	unsigned n_cpus = pinned->about.n_cpus;
	int *fds = n_cpus && n_cpus <= TC_CPUS_MAX ? calloc(n_cpus, sizeof(*fds)) : NULL;
	char name[32];
	bool good = fds;

	pinned->rings.fds = fds;
	for (unsigned cpu = 0; fds && cpu < n_cpus; cpu++) {
		snprintf(name, sizeof(name), TC_PINS_RING, cpu);
		fds[cpu] = open_pin(pinned, name);
		good = good && fds[cpu] >= 0;
		pinned->rings.n_cpus++;
	}
	return good;
}

/* False when it is another version's, or its agent died before it was complete. */
static bool open_maps(struct tc_pinned *pinned)
{
	char ours[TC_FINGERPRINT_BYTES];

	tc_fingerprint(ours);
	if (strncmp(pinned->about.fingerprint, ours, sizeof(pinned->about.fingerprint)) != 0)
		return false;
	pinned->controls = map_pin(pinned, TC_PINS_CONTROLS, sizeof(*pinned->controls),
				   &pinned->controls_bytes);
	pinned->rings.states = map_pin(pinned, TC_PINS_RING_STATES,
				       pinned->about.n_cpus * sizeof(*pinned->rings.states),
				       &pinned->states_bytes);
	return pinned->controls && pinned->rings.states && open_rings(pinned);
}

static void pinned_free(struct tc_pinned *pinned)
{
	if (!pinned)
		return;
	for (unsigned cpu = 0; cpu < pinned->rings.n_cpus; cpu++)
		if (pinned->rings.fds[cpu] >= 0)
			close(pinned->rings.fds[cpu]);
	free((void *)pinned->rings.fds);
	if (pinned->controls)
		munmap((void *)pinned->controls, pinned->controls_bytes);
	if (pinned->rings.states)
		munmap((void *)pinned->rings.states, pinned->states_bytes);
	free(pinned->directory);
	free(pinned);
}

static int pinned_open(const char *name, struct tc_pinned **ret_pinned)
{
	struct tc_pinned *pinned = calloc(1, sizeof(*pinned));
	int r;

	if (!pinned || asprintf(&pinned->directory, "%s/%s", TC_PINS_DIRECTORY, name) < 0) {
		free(pinned);
		return -ENOMEM;
	}
	r = read_about(pinned);
	if (r < 0) {
		pinned_free(pinned);
		return r;
	}
	pinned->is_known = open_maps(pinned);
	pinned->n_links = tc_pins_count_links(pinned->directory);
	*ret_pinned = pinned;
	return 0;
}

/* --- all of a journal --- */

static int list_add(struct tc_pinned_list *list, const char *journal, const char *name)
{
	struct tc_pinned *pinned, **items;
	int r = pinned_open(name, &pinned);

	/* One that nobody finished, or of somebody else. */
	if (r == -ENOENT || (r == 0 && strncmp(pinned->about.journal, journal,
					       sizeof(pinned->about.journal)) != 0)) {
		if (r == 0)
			pinned_free(pinned);
		return 0;
	}
	if (r < 0)
		return r;
	items = reallocarray(list->items, list->n + 1, sizeof(*items));
	if (!items) {
		pinned_free(pinned);
		return -ENOMEM;
	}
	list->items = items;
	items[list->n++] = pinned;
	return 0;
}

int tc_pinned_find(const char *journal, struct tc_pinned_list *ret_list)
{
	struct tc_pinned_list list = {0};
	DIR *stream = opendir(TC_PINS_DIRECTORY);
	char path[PATH_MAX];
	struct dirent *entry;
	int r = 0;

	if (!stream && errno != ENOENT)
		return -errno;
	if (stream && !tc_pins_are_roots())
		tc_warning("%s is left alone: others than root may write to it", TC_PINS_DIRECTORY);
	else if (stream && realpath(journal, path))
		while (r == 0 && (entry = readdir(stream)))
			if (entry->d_name[0] != '.')
				r = list_add(&list, path, entry->d_name);
	if (stream)
		closedir(stream);
	if (r < 0)
		tc_pinned_done(&list);
	else
		*ret_list = list;
	return r;
}

void tc_pinned_done(struct tc_pinned_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		pinned_free(list->items[i]);
	free(list->items);
	*list = (struct tc_pinned_list){0};
}

/* --- looking --- */

bool tc_pinned_enforces(const struct tc_pinned *pinned)
{
	const volatile struct tc_controls *controls = pinned->controls;

	if (!pinned->n_links || !pinned->is_known)
		return pinned->n_links;
	return controls->enforce && controls->kinds &&
	       (!controls->enforce_until_ns || tc_clock_boot_ns() < controls->enforce_until_ns);
}

void tc_pinned_waiting(const struct tc_pinned *pinned, uint64_t *ret_waiting, uint64_t *ret_lost)
{
	uint64_t waiting = 0, lost = 0;

	for (unsigned cpu = 0; pinned->is_known && cpu < pinned->rings.n_cpus; cpu++) {
		const volatile struct tc_ring_state *state = &pinned->rings.states[cpu];

		waiting += state->made - state->received;
		for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++) {
			waiting -= state->told[reason];
			if (reason != TC_LOSS_GAP)
				lost += state->lost[reason] - state->told[reason];
		}
	}
	*ret_waiting = waiting;
	*ret_lost = lost;
}

uint32_t tc_pinned_generation(const struct tc_pinned_list *list)
{
	uint32_t last = 0;

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->is_known && list->items[i]->about.generation > last)
			last = list->items[i]->about.generation;
	return last;
}

/* --- taking over --- */

bool tc_pinned_switch_off(const struct tc_pinned *pinned)
{
	if (pinned->is_known)
		pinned->controls->enforce = 0;
	else
		tc_pins_remove_links(pinned->directory);
	return pinned->is_known;
}

void tc_pinned_release(const struct tc_pinned_list *list)
{
	struct timespec rest = {.tv_nsec = SETTLE_NS};

	/* At one instant, before the programs go one by one. */
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i]->is_known)
			list->items[i]->controls->kinds = 0;
	for (size_t i = 0; i < list->n; i++)
		tc_pins_remove_links(list->items[i]->directory);
	while (list->n && nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

static int drain(const struct tc_pinned *pinned, tc_record_callback callback, void *context)
{
	struct tc_reader *reader;
	int r = tc_reader_open(&pinned->rings, &reader);

	if (r < 0)
		return r;
	r = tc_reader_drain(reader, true, callback, context);
	tc_reader_close(reader);
	return r;
}

int tc_pinned_drain(const struct tc_pinned_list *list, tc_record_callback callback, void *context)
{
	int r = 0;

	for (size_t i = 0; i < list->n && r >= 0; i++)
		if (list->items[i]->is_known)
			r = drain(list->items[i], callback, context);
	return r;
}

void tc_pinned_remove(const struct tc_pinned_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		tc_pins_remove_directory(list->items[i]->directory);
}
