/* SPDX-License-Identifier: Apache-2.0 */
/* Rows about the rule's cgroup: what is below it belongs to it at once, and who is moved out of it
 * does not any more. */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <string.h>

#include "tests/enforce/things.h"
#include "tests/events/truth.h"
#include "tests/events/watch.h"

static void move(struct run *run, const char *cgroup)
{
	int procs = cgroup_open_procs(cgroup);

	must(run, procs >= 0 && write(procs, "0", 1) == 1);
	close(procs);
}

/* Nobody has judged a cgroup that was just made. */
static int attempt_below(struct run *run)
{
	char cgroup[320];

	snprintf(cgroup, sizeof(cgroup), "%s/below", run->cgroup);
	run->notes->number[NUMBER_CGROUP] = cgroup_make(cgroup);
	must(run, run->notes->number[NUMBER_CGROUP]);
	move(run, cgroup);
	return empty_file(run);
}

static int attempt_below_below(struct run *run)
{
	char cgroup[320];

	snprintf(cgroup, sizeof(cgroup), "%s/below", run->cgroup);
	must(run, cgroup_make(cgroup));
	strcat(cgroup, "/below");
	run->notes->number[NUMBER_CGROUP] = cgroup_make(cgroup);
	must(run, run->notes->number[NUMBER_CGROUP]);
	move(run, cgroup);
	return empty_file(run);
}

/* Out of it nothing is refused, of the same file by the same thread; back in it everything is. */
static int attempt_moved(struct run *run)
{
	int fd;

	move(run, run->watch->cgroup);
	fd = open("file", O_WRONLY);
	must(run, fd >= 0);
	close(fd);
	move(run, run->cgroup);
	return empty_file(run);
}

#define FORBIDDEN "fd.name = $D/file"

const struct row cgroup_rows[] = {
	ROW("cgroup_below", open, FORBIDDEN, NULL, prepare_file, attempt_below, is_emptied),
	ROW("cgroup_below_below", open, FORBIDDEN, NULL, prepare_file, attempt_below_below,
	    is_emptied),
	ROW("cgroup_moved", open, FORBIDDEN, NULL, prepare_file, attempt_moved, is_emptied),
	{0},
};
