/* SPDX-License-Identifier: Apache-2.0 */
/* Maps of the running kernel, without a program. */
#include <bpf/bpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/tables.h"

struct maps {
	int tables, cgroups;
	struct tc_tables *written, *read;
};

static int make_maps(void **state)
{
	int inner = tc_tables_new();
	LIBBPF_OPTS(bpf_map_create_opts, outer, .inner_map_fd = (uint32_t)inner);
	LIBBPF_OPTS(bpf_map_create_opts, hash, .map_flags = BPF_F_NO_PREALLOC);
	struct maps *maps = calloc(1, sizeof(*maps));

	if (inner < 0)
		fail_msg("cannot make a BPF map (%s): this test wants root, or CAP_BPF",
			 strerror(-inner));
	maps->tables = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "outer", sizeof(uint32_t),
				      sizeof(uint32_t), 1, &outer);
	maps->cgroups = bpf_map_create(BPF_MAP_TYPE_HASH, "cgroups", sizeof(struct tc_cgroup_key),
				       sizeof(struct tc_terms), 100, &hash);
	close(inner);
	assert_true(maps->tables >= 0 && maps->cgroups >= 0);
	maps->written = calloc(1, sizeof(*maps->written));
	maps->read = calloc(1, sizeof(*maps->read));
	*state = maps;
	return 0;
}

static int free_maps(void **state)
{
	struct maps *maps = *state;

	close(maps->tables);
	close(maps->cgroups);
	free(maps->written);
	free(maps->read);
	free(maps);
	return 0;
}

/* The map that is in place, 0: none. */
static uint32_t in_place(const struct maps *maps)
{
	uint32_t zero = 0, id = 0;

	return bpf_map_lookup_elem(maps->tables, &zero, &id) == 0 ? id : 0;
}

static void tables_are_put_in_place_as_a_whole(void **state)
{
	struct maps *maps = *state;
	uint32_t zero = 0;

	assert_int_equal(in_place(maps), 0);
	for (size_t i = 0; i < sizeof(*maps->written); i++)
		((unsigned char *)maps->written)[i] = (unsigned char)(i * 31 + i / 4096);
	assert_int_equal(tc_tables_set(maps->tables, maps->written), 0);

	int map = bpf_map_get_fd_by_id(in_place(maps));

	assert_true(map >= 0);
	assert_int_equal(bpf_map_lookup_elem(map, &zero, maps->read), 0);
	assert_memory_equal(maps->read, maps->written, sizeof(*maps->written));
	close(map);
}

/* Freed by the kernel a little later, in a thread of its own. */
static bool goes_away(uint32_t id)
{
	for (int i = 0; i < 6000; i++) {
		int map = bpf_map_get_fd_by_id(id);

		if (map < 0)
			return errno == ENOENT;
		close(map);
		usleep(10000);
	}
	return false;
}

static void tables_before_are_freed(void **state)
{
	struct maps *maps = *state;
	uint32_t first, second;

	assert_int_equal(tc_tables_set(maps->tables, maps->written), 0);
	first = in_place(maps);
	assert_int_equal(tc_tables_set(maps->tables, maps->written), 0);
	second = in_place(maps);
	assert_int_not_equal(first, second);
	assert_true(goes_away(first));
	assert_int_equal(in_place(maps), second);
}

static bool knows(const struct maps *maps, uint64_t cgroup_id, uint32_t generation)
{
	const struct tc_cgroup_key key = {.cgroup_id = cgroup_id, .generation = generation};
	struct tc_terms terms;

	if (bpf_map_lookup_elem(maps->cgroups, &key, &terms) < 0)
		return false;
	assert_int_equal(terms.words[TC_TERM_WORDS - 1], cgroup_id * 1000 + generation);
	return true;
}

static void cgroups_are_forgotten_by_generation(void **state)
{
	struct maps *maps = *state;

	for (uint64_t id = 1; id <= 20; id++)
		for (uint32_t generation = 1; generation <= 4; generation++) {
			struct tc_terms terms = {.words[TC_TERM_WORDS - 1] =
							 id * 1000 + generation};

			assert_int_equal(
				tc_tables_set_cgroup(maps->cgroups, id, generation, &terms), 0);
		}
	tc_tables_forget_cgroup(maps->cgroups, 7, 3);
	tc_tables_forget_cgroup(maps->cgroups, 7, 99);
	assert_int_equal(tc_tables_forget_others(maps->cgroups, 3), 0);
	for (uint64_t id = 1; id <= 20; id++) {
		assert_false(knows(maps, id, 1));
		assert_false(knows(maps, id, 2));
		assert_int_equal(knows(maps, id, 3), id != 7);
		assert_false(knows(maps, id, 4));
	}
}

static void a_full_map_is_told(void **state)
{
	struct maps *maps = *state;
	const struct tc_terms terms = {0};
	int r = 0;

	for (uint64_t id = 1; id <= 101 && r == 0; id++)
		r = tc_tables_set_cgroup(maps->cgroups, id, 1, &terms);
	assert_int_equal(r, -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tables_are_put_in_place_as_a_whole, make_maps,
						free_maps),
		cmocka_unit_test_setup_teardown(tables_before_are_freed, make_maps, free_maps),
		cmocka_unit_test_setup_teardown(cgroups_are_forgotten_by_generation, make_maps,
						free_maps),
		cmocka_unit_test_setup_teardown(a_full_map_is_told, make_maps, free_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
