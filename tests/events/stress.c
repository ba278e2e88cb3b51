/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stress: many writers on few CPUs, preempted anywhere. Every byte of a path follows from the
 * writer and a counter, so a record that was put together from two shows.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/events/run.h"
#include "tests/events/truth.h"

#define WRITERS 12
#define DEPTH 12
#define RING_BYTES (16 * 1024 * 1024)
#define READER_WAIT_MS 5
#define READER_NICE (-18) /* many writers on two CPUs leave it little otherwise */
#define PER_ROUND 4	  /* create, open, rename, unlink */

struct stress {
	struct watch watch;
	pid_t writers[WRITERS];
	volatile uint64_t *rounds; /* by each writer, in shared memory */
	volatile uint64_t *stop;
	uint64_t records, lost[TC_LOSS_RING_MAX], foreign, raced;
	const char *base;
};

/* The writer's directory: each name tells who. */
static void directory_of(const char *base, unsigned writer, char *ret_path, size_t size)
{
	size_t length = (size_t)snprintf(ret_path, size, "%s", base);

	for (unsigned depth = 0; depth < DEPTH; depth++)
		length += (size_t)snprintf(ret_path + length, size - length, "/w%02u-%02u-%.*s",
					   writer, depth, (int)(1 + (writer * 7 + depth * 3) % 30),
					   "abcdefghijklmnopqrstuvwxyzABCDEF");
}

/* The name of a round: the counter, and so many letters as it says. */
static void name_of(char first, unsigned writer, uint64_t round, char *ret_name, size_t size)
{
	size_t length = (size_t)snprintf(ret_name, size, "%c%02u-%llu-", first, writer,
					 (unsigned long long)round);
	size_t letters = round % 180;

	memset(ret_name + length, 'a' + (int)(writer % 26), letters);
	ret_name[length + letters] = '\0';
}

/* --- writers --- */

static bool write_round(unsigned writer, uint64_t round)
{
	char name[256], other[256];
	int fd;

	name_of('f', writer, round, name, sizeof(name));
	name_of('r', writer, round, other, sizeof(other));
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	return rename(name, other) == 0 && unlink(other) == 0;
}

static bool make_directory(const char *base, unsigned writer)
{
	char path[TC_PATH_MAX];

	directory_of(base, writer, path, sizeof(path));
	for (char *slash = strchr(path + strlen(base) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) < 0)
			return false;
		*slash = '/';
	}
	if (mkdir(path, 0700) < 0)
		return false;
	return chdir(path) == 0;
}

static _Noreturn void be_writer(const struct stress *stress, unsigned writer, int procs_fd)
{
	char comm[TC_COMM_MAX];

	snprintf(comm, sizeof(comm), "writer-%02u", writer);
	prctl(PR_SET_NAME, comm);
	if (!make_directory(stress->base, writer) || write(procs_fd, "0", 1) != 1)
		_exit(1);
	while (!*stress->stop) {
		if (!write_round(writer, stress->rounds[writer]))
			_exit(1);
		stress->rounds[writer]++;
	}
	_exit(0);
}

/* --- the reader --- */

static int writer_of(const struct stress *stress, uint32_t tgid)
{
	for (int i = 0; i < WRITERS; i++)
		if ((uint32_t)stress->writers[i] == tgid)
			return i;
	return -1;
}

/* The slot's path is that of a round, which is given back; false when any byte is another. */
static bool path_fits(const struct stress *stress, const struct tc_record *record,
		      const struct tc_slot *slot, unsigned writer, char first, uint64_t *ret_round)
{
	char path[TC_PATH_MAX], name[256];
	const char *got = (const char *)record + slot->offset;
	unsigned long long round;
	size_t length;

	directory_of(stress->base, writer, path, sizeof(path));
	length = strlen(path);
	if (slot->stored <= length + 6 || sscanf(got + length + 5, "%llu-", &round) != 1)
		return false;
	name_of(first, writer, round, name, sizeof(name));
	snprintf(path + length, sizeof(path) - length, "/%s", name);
	*ret_round = round;
	return slot->stored == strlen(path) && slot->size == slot->stored &&
	       memcmp(got, path, slot->stored) == 0 &&
	       (slot->flags & ~(uint32_t)TC_SLOT_RACED) == TC_SLOT_PRESENT;
}

static bool header_fits(const struct stress *stress, const struct tc_record *record,
			unsigned writer)
{
	char comm[TC_COMM_MAX];

	snprintf(comm, sizeof(comm), "writer-%02u", writer);
	return strcmp(record->comm.bytes, comm) == 0 && record->tid == record->tgid &&
	       record->ppid == (uint32_t)getpid() && record->cgroup_id == stress->watch.cgroup_id;
}

static bool record_fits(struct stress *stress, const struct tc_record *record, unsigned writer)
{
	const struct tc_rename *rename = (const void *)record;
	const struct tc_slot *path;
	uint64_t round, other;

	if (record->kind == TC_KIND_rename) {
		stress->raced +=
			!!((rename->oldpath.flags | rename->newpath.flags) & TC_SLOT_RACED);
		return path_fits(stress, record, &rename->oldpath, writer, 'f', &round) &&
		       path_fits(stress, record, &rename->newpath, writer, 'r', &other) &&
		       round == other;
	}
	if (record->kind == TC_KIND_create)
		path = &((const struct tc_create *)record)->path;
	else if (record->kind == TC_KIND_open)
		path = &((const struct tc_open *)record)->path;
	else if (record->kind == TC_KIND_unlink)
		path = &((const struct tc_unlink *)record)->path;
	else
		return false;
	stress->raced += !!(path->flags & TC_SLOT_RACED);
	return path_fits(stress, record, path, writer, record->kind == TC_KIND_unlink ? 'r' : 'f',
			 &round);
}

static int check_record(void *context, const void *bytes, size_t size)
{
	const struct tc_record *record = bytes;
	struct stress *stress = context;
	int writer;

	if (record->kind == TC_KIND_loss) {
		const struct tc_loss *loss = bytes;

		stress->lost[loss->reason] += loss->count;
		return 0;
	}
	stress->records++;
	writer = writer_of(stress, record->tgid);
	if (writer >= 0 && header_fits(stress, record, (unsigned)writer) &&
	    record_fits(stress, record, (unsigned)writer))
		return 0;
	if (stress->foreign++ < 5) {
		printf("# foreign: process %u \"%.16s\", kind %u: ", record->tgid,
		       record->comm.bytes, record->kind);
		for (size_t i = sizeof(*record); i < size; i++)
			putchar(isprint(((const unsigned char *)bytes)[i])
					? ((const char *)bytes)[i]
					: '.');
		putchar('\n');
	}
	return 0;
}

/* --- all together --- */

static bool start_writers(struct stress *stress)
{
	int procs_fd = cgroup_open_procs(stress->watch.cgroup);

	fflush(NULL);
	for (unsigned i = 0; i < WRITERS; i++) {
		stress->writers[i] = fork();
		if (stress->writers[i] == 0)
			be_writer(stress, i, procs_fd);
		if (stress->writers[i] < 0 || procs_fd < 0)
			return false;
	}
	close(procs_fd);
	return true;
}

static bool stop_writers(struct stress *stress)
{
	bool good = true;
	int status;

	*stress->stop = 1;
	for (unsigned i = 0; i < WRITERS; i++)
		good &= waitpid(stress->writers[i], &status, 0) == stress->writers[i] &&
			status == 0;
	if (!good)
		printf("# a writer could not do its part\n");
	return good;
}

static bool read_on(struct stress *stress, unsigned seconds)
{
	uint64_t end_ns = boot_ns() + seconds * 1000000000ULL;

	setpriority(PRIO_PROCESS, 0, READER_NICE);
	while (boot_ns() < end_ns) {
		tc_reader_wait(stress->watch.reader, READER_WAIT_MS);
		if (tc_reader_drain(stress->watch.reader, false, check_record, stress) < 0)
			return false;
	}
	return stop_writers(stress) &&
	       tc_reader_drain(stress->watch.reader, true, check_record, stress) >= 0;
}

/* Programs that the kernel left out saw nothing; others than the writers' may be among them. */
static bool judge(const struct stress *stress)
{
	uint64_t made = 0, lost = 0, left_out = tc_probes_skipped(stress->watch.probes);

	for (unsigned i = 0; i < WRITERS; i++)
		made += PER_ROUND * stress->rounds[i];
	for (int reason = 0; reason < TC_LOSS_RING_MAX; reason++)
		lost += stress->lost[reason];
	printf("# %u writers made %llu events; records %llu, lost %llu (ring full %llu, no scratch "
	       "%llu, gap %llu)\n",
	       WRITERS, (unsigned long long)made, (unsigned long long)stress->records,
	       (unsigned long long)lost, (unsigned long long)stress->lost[TC_LOSS_RING_FULL],
	       (unsigned long long)stress->lost[TC_LOSS_NO_SCRATCH],
	       (unsigned long long)stress->lost[TC_LOSS_GAP]);
	printf("# foreign %llu, raced %llu, left out %llu\n", (unsigned long long)stress->foreign,
	       (unsigned long long)stress->raced, (unsigned long long)left_out);
	return stress->foreign == 0 && stress->records > 0 && stress->lost[TC_LOSS_GAP] == 0 &&
	       stress->records + lost <= made && stress->records + lost + left_out >= made;
}

static bool run_writers(struct stress *stress, unsigned seconds)
{
	volatile uint64_t *shared = mmap(NULL, (WRITERS + 1) * sizeof(*shared),
					 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return false;
	stress->stop = shared;
	stress->rounds = shared + 1;
	tc_probes_controls(stress->watch.probes)->kinds =
		TC_KIND_BIT(TC_KIND_create) | TC_KIND_BIT(TC_KIND_open) |
		TC_KIND_BIT(TC_KIND_rename) | TC_KIND_BIT(TC_KIND_unlink);
	return start_writers(stress) && read_on(stress, seconds) && judge(stress);
}

static void remove_directories(const char *base)
{
	char path[TC_PATH_MAX];

	for (unsigned writer = 0; writer < WRITERS; writer++) {
		directory_of(base, writer, path, sizeof(path));
		while (strlen(path) > strlen(base)) {
			rmdir(path);
			*strrchr(path, '/') = '\0';
		}
	}
}

bool run_stress(unsigned seconds, bool fallback, const char *base)
{
	struct stress stress = {.base = base};
	bool good;

	if (watch_open(&stress.watch, fallback, RING_BYTES) < 0)
		return false;
	printf("# Linux %s, %s\n", stress.watch.kernel.release,
	       tc_probes_fallback(stress.watch.probes) ? "fallback" : "lsm");
	good = run_writers(&stress, seconds);
	watch_close(&stress.watch);
	remove_directories(base);
	printf("%sok 1 - stress\n%d passed, %d failed\n", good ? "" : "not ", good, !good);
	return good;
}
