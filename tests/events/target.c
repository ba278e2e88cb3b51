/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/events/target.h"

#include <stdlib.h>

#include "tests/events/truth.h"
#include "tests/events/watch.h"
#include "tests/events/witness.h"

/* In a cgroup of its own below the test's. */
static pid_t make_target(struct run *run)
{
	char directory[300];
	pid_t pid, parent = getpid();
	int line[2], fd;
	char byte;

	snprintf(directory, sizeof(directory), "%s/target", run->cgroup);
	run->notes->number[1] = cgroup_make(directory);
	fd = cgroup_open_procs(directory);
	must(run, run->notes->number[1] && fd >= 0 && pipe(line) == 0);
	pid = fork();
	must(run, pid >= 0);
	if (pid == 0) {
		rename_self(run, "the target");
		/* Its records have another cgroup, and there is none: it does nothing from here on.
		 */
		must(run, write(fd, "0", 1) == 1);
		must(run, setresuid(1000, 1001, 1000) == 0 || getppid() != parent);
		must(run, write(line[1], "", 1) == 1);
		for (;;)
			pause();
	}
	must(run, read(line[0], &byte, 1) == 1);
	close(fd);
	return pid;
}

pid_t enter_with_target(struct run *run)
{
	pid_t pid = make_target(run);

	enter(run);
	witness(run, 0, pid);
	run->notes->number[0] = (uint64_t)pid;
	return pid;
}

void pass_over_target(struct run *run)
{
	pass_over(run, TC_KIND_cgroup_mkdir);
	for (unsigned i = 0; i < run->n_records; i++)
		if (run->records[i].record->tgid == run->notes->number[0]) {
			run->records[i].taken = true;
			run->records[i].looked_at = UINT64_MAX;
		}
}

void expect_target(struct run *run, const struct tc_trace *record, const struct who *target,
		   uint64_t cgroup_id)
{
	expect(run, record, &record->target_start_ns, record->target_start_ns);
	expect_fact(run, "target_start_ns in ticks", record->target_start_ns / 10000000,
		    target->start_ticks);
	expect(run, record, &record->target_cgroup_id, cgroup_id);
	expect(run, record, &record->target_tgid, target->tgid);
	expect(run, record, &record->target_tid, target->tid);
	expect(run, record, &record->target_uid, target->euid);
	expect_comm(run, record, &record->target_comm, target->comm);
}
