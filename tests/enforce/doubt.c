/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that the kernel cannot judge: as asked for, they pass or are refused, are counted, and are
 * told. */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "decide.h"
#include "tests/enforce/things.h"
#include "tests/events/truth.h"
#include "tests/events/watch.h"

/* --- a path that is longer than what is looked at --- */

/* Deeper than a path of TC_PATH_MAX bytes leads. */
static void prepare_deep(struct run *run)
{
	char name[201];

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned depth = 0; depth <= TC_PATH_MAX / sizeof(name); depth++)
		must(run, mkdir(name, 0755) == 0 && chdir(name) == 0);
	prepare_file(run);
}

/* --- a cgroup of which nothing is known, nor of any above it --- */

static void forget_cgroup(struct run *run, bool on)
{
	int map = tc_probes_map(run->watch->probes, "cgroup_terms");
	struct tc_cgroup_key key;

	while (on && bpf_map_get_next_key(map, NULL, &key) == 0)
		bpf_map_delete_elem(map, &key);
}

/* --- no room to look at anything: whoever was preempted has it all --- */

/* The first word of each scratch says whether it is taken. */
static void take_scratches(struct run *run, bool on)
{
	int map = tc_probes_map(run->watch->probes, "scratches");
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info), *scratch;

	if (bpf_obj_get_info_by_fd(map, &info, &size) < 0)
		return;
	scratch = malloc(info.value_size);
	for (uint32_t index = 0; scratch && index < info.max_entries; index++) {
		bpf_map_lookup_elem(map, &index, scratch);
		scratch[0] = on;
		bpf_map_update_elem(map, &index, scratch, BPF_ANY);
	}
	free(scratch);
}

const struct row doubt_rows[] = {
	ROW("doubt_path", open, "fd.name startswith /forbidden", NULL, prepare_deep, empty_file,
	    is_emptied, .in_child = true, .in_doubt = true),
	ROW("doubt_cgroup", open, "fd.name = $D/file", NULL, prepare_file, empty_file, is_emptied,
	    .in_doubt = true, .burden = forget_cgroup),
	ROW("doubt_scratch", open, "fd.name = $D/file", NULL, prepare_file, empty_file, is_emptied,
	    .in_doubt = true, .loses = true, .burden = take_scratches),
	{0},
};
