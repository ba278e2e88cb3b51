/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flood: two writers make more events than small rings hold while the reader is slow. Each open
 * for writing is one event, so what was made is known without asking the probes: received and told
 * as lost must add up to it, exactly.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/events/run.h"
#include "tests/events/truth.h"

#define WRITERS 2
#define RING_BYTES 8192
#define READER_PAUSE_NS 3000000

struct flood {
	struct watch watch;
	uint8_t **seen; /* of each CPU: a bit for each number */
	uint64_t received, lost, lost_full, twice, beyond;
	uint64_t wanted;	   /* opens that each writer makes */
	volatile uint64_t *opened; /* by each writer, in shared memory */
	pid_t writers[WRITERS];
	const char *base;
};

static int take_record(void *context, const void *bytes, size_t size)
{
	const struct tc_record *record = bytes;
	struct flood *flood = context;

	if (record->kind == TC_KIND_loss) {
		const struct tc_loss *loss = bytes;

		flood->lost += loss->count;
		flood->lost_full += loss->reason == TC_LOSS_RING_FULL ? loss->count : 0;
		return 0;
	}
	flood->received++;
	if (record->seq >= WRITERS * flood->wanted) {
		flood->beyond++;
		return 0;
	}
	/* Numbers may come a little out of order: a program is preempted between taking one and
	 * sending. */
	flood->twice += flood->seen[record->cpu][record->seq / 8] >> record->seq % 8 & 1;
	flood->seen[record->cpu][record->seq / 8] |= (uint8_t)(1 << record->seq % 8);
	return 0;
}

static _Noreturn void be_writer(const struct flood *flood, unsigned index, int procs_fd)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file-%u", flood->base, index);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	if (write(procs_fd, "0", 1) != 1)
		_exit(1);
	for (uint64_t i = 0; i < flood->wanted; i++) {
		int fd = open(path, O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			_exit(1);
		flood->opened[index]++;
		close(fd);
	}
	_exit(0);
}

static bool start_writers(struct flood *flood)
{
	int procs_fd = cgroup_open_procs(flood->watch.cgroup);

	fflush(NULL);
	for (unsigned i = 0; i < WRITERS; i++) {
		flood->writers[i] = fork();
		if (flood->writers[i] == 0)
			be_writer(flood, i, procs_fd);
		if (flood->writers[i] < 0 || procs_fd < 0)
			return false;
	}
	close(procs_fd);
	return true;
}

/* Reads now and then until the writers are gone, and once more. */
static bool read_on(struct flood *flood)
{
	struct timespec pause = {.tv_nsec = READER_PAUSE_NS};
	unsigned running = WRITERS;
	bool good = true;
	int status;

	while (running) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0) {
			running--;
			good &= status == 0;
		}
		nanosleep(&pause, NULL);
		if (tc_reader_drain(flood->watch.reader, false, take_record, flood) < 0)
			return false;
	}
	return tc_reader_drain(flood->watch.reader, true, take_record, flood) >= 0 && good;
}

static bool judge(const struct flood *flood)
{
	const struct tc_rings rings = tc_probes_rings(flood->watch.probes);
	uint64_t made = 0, numbered = 0;

	for (unsigned i = 0; i < WRITERS; i++)
		made += flood->opened[i];
	for (unsigned cpu = 0; cpu < rings.n_cpus; cpu++)
		numbered += rings.states[cpu].made;
	printf("# made %llu, received %llu, told as lost %llu (ring full %llu), sum %llu\n",
	       (unsigned long long)made, (unsigned long long)flood->received,
	       (unsigned long long)flood->lost, (unsigned long long)flood->lost_full,
	       (unsigned long long)(flood->received + flood->lost));
	printf("# numbers given %llu, received twice %llu, never given %llu\n",
	       (unsigned long long)numbered, (unsigned long long)flood->twice,
	       (unsigned long long)flood->beyond);
	if (flood->lost == 0)
		printf("# nothing was lost: the flood was too small to show anything\n");
	return made == WRITERS * flood->wanted && flood->received + flood->lost == made &&
	       numbered == made && flood->twice == 0 && flood->beyond == 0 && flood->lost > 0;
}

static bool seen_open(struct flood *flood)
{
	unsigned n_cpus = tc_probes_rings(flood->watch.probes).n_cpus;

	flood->seen = calloc(n_cpus, sizeof(*flood->seen));
	for (unsigned cpu = 0; flood->seen && cpu < n_cpus; cpu++) {
		flood->seen[cpu] = calloc(WRITERS * flood->wanted / 8 + 1, 1);
		if (!flood->seen[cpu])
			return false;
	}
	return flood->seen;
}

static void seen_close(struct flood *flood)
{
	unsigned n_cpus = tc_probes_rings(flood->watch.probes).n_cpus;

	for (unsigned cpu = 0; flood->seen && cpu < n_cpus; cpu++)
		free(flood->seen[cpu]);
	free(flood->seen);
}

static bool run_writers(struct flood *flood)
{
	bool good;

	tc_probes_controls(flood->watch.probes)->kinds = TC_KIND_BIT(TC_KIND_open);
	flood->opened = mmap(NULL, WRITERS * sizeof(*flood->opened), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	good = seen_open(flood) && flood->opened != MAP_FAILED && start_writers(flood) &&
	       read_on(flood) && judge(flood);
	seen_close(flood);
	return good;
}

bool run_flood(uint64_t events, bool fallback, const char *base)
{
	struct flood flood = {.wanted = events / WRITERS, .base = base};
	char path[128];
	bool good;

	if (watch_open(&flood.watch, fallback, RING_BYTES) < 0)
		return false;
	printf("# Linux %s, %s\n", flood.watch.kernel.release,
	       tc_probes_fallback(flood.watch.probes) ? "fallback" : "lsm");
	good = run_writers(&flood);
	watch_close(&flood.watch);
	for (unsigned i = 0; i < WRITERS; i++) {
		snprintf(path, sizeof(path), "%s/file-%u", base, i);
		unlink(path);
	}
	printf("%sok 1 - flood\n%d passed, %d failed\n", good ? "" : "not ", good, !good);
	return good;
}
