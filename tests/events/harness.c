/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a row: makes the cgroup and the child, collects the records, prints the verdict. */
#include "tests/events/harness.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "agent/decode.h"
#include "tests/events/run.h"
#include "tests/events/truth.h"
#include "tests/events/witness.h"

#define CHILD_SECONDS 120
#define GIVEN_UP_STATUS 99

/* --- in the child --- */

void give_up(struct run *run, const char *function, const char *what)
{
	snprintf(run->notes->failure, sizeof(run->notes->failure), "%s: %s (%s)", function, what,
		 strerror(errno));
	_exit(GIVEN_UP_STATUS);
}

void enter(struct run *run)
{
	must(run, who_am_i(&run->notes->self));
	must(run, write(run->procs_fd, "0", 1) == 1);
	run->notes->entered = true;
}

static _Noreturn void be_child(struct run *run)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(CHILD_SECONDS);
	umask(0); /* what is asked for is what is made */
	must(run, chdir(run->dir) == 0);
	witness_start(run);
	run->test->act(run);
	_exit(0);
}

/* --- records --- */

static int keep_record(void *context, const void *bytes, size_t size)
{
	struct run *run = context;
	const struct tc_record *record = bytes;
	struct tc_decode_error error;
	struct tc_event event;
	void *copy;
	int r;

	if (record->kind == TC_KIND_loss) {
		fail(run, "%llu events were lost",
		     (unsigned long long)((const struct tc_loss *)bytes)->count);
		return 0;
	}
	if (run->n_records == RECORDS_MAX || tc_event_init(&event) < 0)
		return -ENOBUFS;
	r = tc_decode(bytes, size, &event, &error);
	tc_event_done(&event);
	if (r < 0) {
		fail(run, "a record is refused: %s", error.reason);
		return 0;
	}
	copy = malloc(size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, size);
	run->records[run->n_records++] = (struct taken){.record = copy};
	return 0;
}

static void forget_records(struct run *run)
{
	for (unsigned i = 0; i < run->n_records; i++)
		free((void *)run->records[i].record);
	run->n_records = 0;
}

/* --- directories --- */

static void remove_tree(int at_fd, const char *name)
{
	int fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) < 0)
			remove_tree(fd, entry->d_name);
	if (dir)
		closedir(dir);
	unlinkat(at_fd, name, AT_REMOVEDIR);
}

/* --- one run --- */

bool attached(const struct run *run, const char *program)
{
	size_t n;
	const struct tc_probe_info *info = tc_probes_info(run->watch->probes, &n);

	for (size_t i = 0; i < n; i++)
		if (info[i].state == TC_PROBE_CHOSEN && strcmp(info[i].program, program) == 0)
			return true;
	return false;
}

static int prepare(struct run *run, const struct watch *watch, const char *base)
{
	snprintf(run->dir, sizeof(run->dir), "%s/%s", base, run->test->name);
	snprintf(run->cgroup, sizeof(run->cgroup), "%s/%s", watch->cgroup, run->test->name);
	if (mkdir(run->dir, 0755) < 0)
		return -errno;
	run->cgroup_id = cgroup_make(run->cgroup);
	run->procs_fd = run->cgroup_id ? cgroup_open_procs(run->cgroup) : -EIO;
	return run->procs_fd < 0 ? run->procs_fd : 0;
}

static int make_events(struct run *run)
{
	fflush(NULL);
	run->before_ns = boot_ns();
	run->child = fork();
	if (run->child < 0)
		return -errno;
	if (run->child == 0)
		be_child(run);
	while (waitpid(run->child, &run->status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static void check(struct run *run)
{
	const struct notes *notes = run->notes;

	if (notes->failure[0])
		fail(run, "the child: %s", notes->failure);
	else if (!notes->entered)
		fail(run, "the child did not get into its cgroup: status 0x%x", run->status);
	else
		run->test->check(run);
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (run->asides & TC_KIND_BIT(kind))
			pass_over(run, kind);
	if (run->failures == 0)
		expect_all(run);
}

static int run_prepared(struct run *run, struct watch *watch)
{
	/* What making the cgroup led to. */
	int r = tc_reader_drain(watch->reader, true, keep_record, run);

	forget_records(run);
	tc_probes_controls(watch->probes)->wants = TC_WANT_ENVIRONMENT | run->test->wants;
	if (r >= 0)
		r = make_events(run);
	if (r >= 0)
		r = tc_reader_drain(watch->reader, true, keep_record, run);
	run->after_ns = boot_ns();
	if (r >= 0)
		check(run);
	return r;
}

bool run_test(const struct test *test, uint64_t asides, struct watch *watch, const char *base,
	      FILE *report)
{
	static struct run run;
	int r;

	run = (struct run){.test = test,
			   .asides = asides,
			   .watch = watch,
			   .fallback = tc_probes_fallback(watch->probes),
			   .procs_fd = -1,
			   .report = report};
	run.notes = mmap(NULL, sizeof(*run.notes), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	r = run.notes == MAP_FAILED ? -ENOMEM : prepare(&run, watch, base);
	if (r >= 0)
		r = run_prepared(&run, watch);
	if (r < 0)
		fail(&run, "the test could not run: %s", strerror(-r));
	if (run.failures)
		dump_records(&run);
	forget_records(&run);
	if (run.procs_fd >= 0)
		close(run.procs_fd);
	cgroup_remove(run.cgroup);
	remove_tree(AT_FDCWD, run.dir);
	if (run.notes != MAP_FAILED)
		munmap(run.notes, sizeof(*run.notes));
	return run.failures == 0;
}
