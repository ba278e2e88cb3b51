/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pinned.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
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

/* False when it is another version's, or its agent died before it was complete. All versions'
 * controls begin alike. */
static bool open_maps(struct tc_pinned *pinned)
{
	char ours[TC_FINGERPRINT_BYTES];

	tc_fingerprint(ours);
	pinned->controls = map_pin(pinned, TC_PINS_CONTROLS, sizeof(*pinned->controls),
				   &pinned->controls_bytes);
	if (strncmp(pinned->about.fingerprint, ours, sizeof(pinned->about.fingerprint)) != 0)
		return false;
	pinned->rings.states = map_pin(pinned, TC_PINS_RING_STATES,
				       pinned->about.n_cpus * sizeof(*pinned->rings.states),
				       &pinned->states_bytes);
	return pinned->controls && pinned->rings.states && open_rings(pinned);
}

static void pinned_free(struct tc_pinned *pinned)
{
	if (!pinned)
		return;
	tc_reader_close(pinned->reader);
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

static bool is_gone(const char *path)
{
	return access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);
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
	pinned->about.journal[sizeof(pinned->about.journal) - 1] = '\0';
	sscanf(name, "%*d-%" SCNu64, &pinned->made_ns);
	pinned->is_orphan = is_gone(pinned->about.journal);
	pinned->is_known = open_maps(pinned);
	pinned->n_links = tc_pins_count_links(pinned->directory);
	*ret_pinned = pinned;
	return 0;
}

/* --- those that are sought --- */

struct wanted {
	char journal[PATH_MAX];
	bool others; /* orphans of other journals */
};

/* As agents note it: by its true path, or that of its directory when it is gone. */
static void name_journal(const char *journal, char path[PATH_MAX])
{
	const char *slash = strrchr(journal, '/');
	char directory[PATH_MAX], whole[PATH_MAX];

	if (realpath(journal, path))
		return;
	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - journal) + 1 : 1,
		 slash ? journal : ".");
	if (!realpath(directory, whole) ||
	    snprintf(path, PATH_MAX, "%s/%s", whole, slash ? slash + 1 : journal) >= PATH_MAX)
		snprintf(path, PATH_MAX, "%s", journal);
}

static bool is_wanted(const struct tc_pinned *pinned, const struct wanted *wanted)
{
	bool is_of = strcmp(pinned->about.journal, wanted->journal) == 0;

	return wanted->others ? pinned->is_orphan && !is_of : is_of;
}

static int list_add(struct tc_pinned_list *list, const struct wanted *wanted, const char *name)
{
	struct tc_pinned *pinned, **items;
	int r = pinned_open(name, &pinned);

	if (r == -ENOENT) /* nobody finished it */
		return 0;
	if (r < 0)
		return r;
	if (!is_wanted(pinned, wanted)) {
		pinned_free(pinned);
		return 0;
	}
	items = reallocarray(list->items, list->n + 1, sizeof(*items));
	if (!items) {
		pinned_free(pinned);
		return -ENOMEM;
	}
	list->items = items;
	items[list->n++] = pinned;
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct tc_pinned *const *x = a, *const *y = b;

	return ((*x)->made_ns > (*y)->made_ns) - ((*x)->made_ns < (*y)->made_ns);
}

static int find(const struct wanted *wanted, struct tc_pinned_list *ret_list)
{
	struct tc_pinned_list list = {0};
	DIR *stream = opendir(TC_PINS_DIRECTORY);
	struct dirent *entry;
	int r = 0;

	if (!stream && errno != ENOENT)
		return -errno;
	if (stream && !tc_pins_are_roots())
		tc_warning("%s is left alone: others than root may write to it", TC_PINS_DIRECTORY);
	else
		while (stream && r == 0 && (entry = readdir(stream)))
			if (entry->d_name[0] != '.')
				r = list_add(&list, wanted, entry->d_name);
	if (stream)
		closedir(stream);
	if (r < 0) {
		tc_pinned_done(&list);
		return r;
	}
	if (list.n)
		qsort(list.items, list.n, sizeof(*list.items), by_time);
	*ret_list = list;
	return 0;
}

int tc_pinned_find(const char *journal, struct tc_pinned_list *ret_list)
{
	struct wanted wanted = {.others = false};

	name_journal(journal, wanted.journal);
	return find(&wanted, ret_list);
}

int tc_pinned_find_orphans(const char *journal, struct tc_pinned_list *ret_list)
{
	struct wanted wanted = {.others = true};

	name_journal(journal, wanted.journal);
	return find(&wanted, ret_list);
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

/* Programs go on while this is looked at, and a number that was missing may come late. */
static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void tc_pinned_waiting(const struct tc_pinned *pinned, uint64_t *ret_waiting, uint64_t *ret_lost)
{
	uint64_t waiting = 0, lost = 0;

	for (unsigned cpu = 0; pinned->is_known && cpu < pinned->rings.n_cpus; cpu++) {
		const volatile struct tc_ring_state *state = &pinned->rings.states[cpu];
		uint64_t settled = state->received, lost_here = 0;

		for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++) {
			settled += state->told[reason];
			if (reason != TC_LOSS_GAP)
				lost_here += less(state->lost[reason], state->told[reason]);
		}
		waiting += less(less(state->made, settled), lost_here);
		lost += lost_here;
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

/* All its programs at one instant: kinds lie at the same place in all versions. */
static void silence(const struct tc_pinned *pinned)
{
	if (pinned->controls)
		pinned->controls->kinds = 0;
}

bool tc_pinned_switch_off(const struct tc_pinned *pinned)
{
	if (pinned->is_known && !pinned->is_orphan) {
		pinned->controls->enforce = 0;
		return true;
	}
	silence(pinned);
	tc_pins_remove_links(pinned->directory);
	if (pinned->is_orphan)
		tc_pins_remove_directory(pinned->directory);
	return false;
}

void tc_pinned_release(const struct tc_pinned_list *list)
{
	struct timespec rest = {.tv_nsec = SETTLE_NS};

	/* At one instant, before the programs go one by one. */
	for (size_t i = 0; i < list->n; i++)
		silence(list->items[i]);
	for (size_t i = 0; i < list->n; i++)
		tc_pins_remove_links(list->items[i]->directory);
	while (list->n && nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
}

int tc_pinned_drain(struct tc_pinned *pinned, tc_record_callback callback, void *context)
{
	int r = 0;

	if (pinned->is_known)
		r = tc_reader_open(&pinned->rings, &pinned->reader);
	if (r >= 0 && pinned->is_known)
		r = tc_reader_drain(pinned->reader, true, callback, context);
	pinned->is_read = r >= 0;
	return r;
}

void tc_pinned_settle(struct tc_pinned_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct tc_pinned *pinned = list->items[i];

		if (pinned->is_read)
			tc_pins_remove_directory(pinned->directory);
		else if (pinned->reader)
			tc_reader_settle(pinned->reader);
	}
	tc_pinned_done(list);
}
