/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tables.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int tc_tables_new(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "tocsin_tables", sizeof(uint32_t),
				 sizeof(struct tc_tables), 1, &opts);

	return map < 0 ? -errno : map;
}

static int fill(int map, const struct tc_tables *tables)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (sizeof(*tables) + page - 1) / page * page;
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);

	if (memory == MAP_FAILED)
		return -errno;
	memcpy(memory, tables, sizeof(*tables));
	munmap(memory, bytes);
	return 0;
}

int tc_tables_set(int map, const struct tc_tables *tables)
{
	int inner = tc_tables_new(), r;
	uint32_t zero = 0;

	if (inner < 0)
		return inner;
	r = fill(inner, tables);
	/* The kernel waits here until no program runs any more that saw what was there before
	 * (1ae80cf31938, in all kernels from 5.10 on). */
	if (r == 0 && bpf_map_update_elem(map, &zero, &inner, BPF_ANY) < 0)
		r = -errno;
	close(inner);
	return r;
}

/* --- cgroups --- */

int tc_tables_set_cgroup(int map, uint64_t cgroup_id, uint32_t generation,
			 const struct tc_terms *terms)
{
	const struct tc_cgroup_key key = {.cgroup_id = cgroup_id, .generation = generation};

	return bpf_map_update_elem(map, &key, terms, BPF_ANY) < 0 ? -errno : 0;
}

void tc_tables_forget_cgroup(int map, uint64_t cgroup_id, uint32_t generation)
{
	const struct tc_cgroup_key key = {.cgroup_id = cgroup_id, .generation = generation};

	bpf_map_delete_elem(map, &key);
}

int tc_tables_forget_others(int map, uint32_t generation)
{
	struct tc_cgroup_key key, next;
	bool more = bpf_map_get_next_key(map, NULL, &next) == 0;

	/* The key behind one is asked for before that one goes: behind a key that is gone the map
	 * begins anew. */
	while (more) {
		key = next;
		more = bpf_map_get_next_key(map, &key, &next) == 0;
		if (key.generation != generation && bpf_map_delete_elem(map, &key) < 0 &&
		    errno != ENOENT)
			return -errno;
	}
	return 0;
}
