/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the time of a start goes, and what the verifier does with each program:
 * tocsin-bench-start [-n TIMES] [-s CGROUP] [-f] [-v] [RULES...].
 *
 * Does what `tocsin run` does up to "watching", without a journal. Calls into libbpf are timed by
 * wrapping them (the linker's --wrap). -s as in `tocsin run`; needed where programs must not see
 * the whole host. -f takes the fallback programs. -v lists programs: instructions verified (from
 * Linux 5.16 on), instructions as loaded, bytes as compiled.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/enrich/world.h"
#include "agent/kernel.h"
#include "agent/load.h"
#include "agent/read.h"
#include "agent/scope.h"
#include "rules/rules.h"

#define TIMES_MAX 101

enum phase {
	PHASE_RULES,
	PHASE_KERNEL,
	PHASE_OPEN,
	PHASE_LOAD,
	PHASE_ATTACH,
	PHASE_PROBES_REST,
	PHASE_SCAN,
	PHASE_ALL,
	PHASE_MAX,
};

static const char *const phase_names[PHASE_MAX] = {
	"rules",
	"kernel: what it can do",
	"probes: open",
	"probes: load and verify",
	"probes: attach",
	"probes: rings, maps, rest",
	"scan of processes, cgroups",
	"all",
};

struct options {
	const char *const *rules;
	size_t n_rules;
	uint64_t scope;
	unsigned times;
	bool fallback;
};

static uint64_t spans_ns[PHASE_MAX][TIMES_MAX];
static unsigned this_time;
static bool list_programs;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "tocsin-bench-start: %s: %s\n", what, strerror(-r));
	exit(1);
}

/* --- what libbpf is asked for --- */

struct bpf_object *__real_bpf_object__open_mem(const void *bytes, size_t size,
					       const struct bpf_object_open_opts *opts);
struct bpf_object *__wrap_bpf_object__open_mem(const void *bytes, size_t size,
					       const struct bpf_object_open_opts *opts);
int __real_bpf_object__load(struct bpf_object *object);
int __wrap_bpf_object__load(struct bpf_object *object);
struct bpf_link *__real_bpf_program__attach(const struct bpf_program *program);
struct bpf_link *__wrap_bpf_program__attach(const struct bpf_program *program);

struct bpf_object *__wrap_bpf_object__open_mem(const void *bytes, size_t size,
					       const struct bpf_object_open_opts *opts)
{
	uint64_t start_ns = now_ns();
	struct bpf_object *object = __real_bpf_object__open_mem(bytes, size, opts);

	spans_ns[PHASE_OPEN][this_time] += now_ns() - start_ns;
	return object;
}

static void print_programs(const struct bpf_object *object)
{
	struct bpf_program *program;
	unsigned long verified = 0;

	printf("%-26s %10s %10s %10s\n", "program", "verified", "loaded", "compiled");
	bpf_object__for_each_program (program, object) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
			continue;
		printf("%-26s %10u %10u %10u\n", bpf_program__name(program), info.verified_insns,
		       info.xlated_prog_len / 8, info.jited_prog_len);
		verified += info.verified_insns;
	}
	printf("%-26s %10lu\n\n", "all", verified);
}

int __wrap_bpf_object__load(struct bpf_object *object)
{
	uint64_t start_ns = now_ns();
	int r = __real_bpf_object__load(object);

	spans_ns[PHASE_LOAD][this_time] += now_ns() - start_ns;
	if (r >= 0 && list_programs && this_time == 0)
		print_programs(object);
	return r;
}

struct bpf_link *__wrap_bpf_program__attach(const struct bpf_program *program)
{
	uint64_t start_ns = now_ns();
	struct bpf_link *link = __real_bpf_program__attach(program);

	spans_ns[PHASE_ATTACH][this_time] += now_ns() - start_ns;
	return link;
}

/* --- one start --- */

static void count(enum phase phase, uint64_t *start_ns)
{
	uint64_t end_ns = now_ns();

	spans_ns[phase][this_time] += end_ns - *start_ns;
	*start_ns = end_ns;
}

static void start_once(const struct options *options)
{
	struct tc_load_options load = {.ring_bytes = 2 * 1024 * 1024,
				       .agent_tgid = (uint32_t)getpid(),
				       .scope_cgroup_id = options->scope,
				       .force_fallback = options->fallback};
	struct tc_diagnostics diagnostics = {0};
	struct tc_reader *reader;
	struct tc_ruleset *rules;
	struct tc_probes *probes;
	struct tc_kernel kernel;
	struct tc_world world;
	const char *reason = "";
	uint64_t at_ns = now_ns(), start_ns = at_ns;

	check(tc_ruleset_load(options->rules, options->n_rules, &diagnostics, &rules), "rules");
	count(PHASE_RULES, &at_ns);
	check(tc_kernel_probe(&kernel, &reason), reason);
	count(PHASE_KERNEL, &at_ns);
	check(tc_probes_load(&kernel, &load, &probes), "probes");
	const struct tc_rings rings = tc_probes_rings(probes);

	check(tc_reader_open(&rings, &reader), "rings");
	tc_probes_want(probes, tc_ruleset_kinds(rules) | tc_world_kinds());
	count(PHASE_PROBES_REST, &at_ns);
	spans_ns[PHASE_PROBES_REST][this_time] -= spans_ns[PHASE_OPEN][this_time] +
						  spans_ns[PHASE_LOAD][this_time] +
						  spans_ns[PHASE_ATTACH][this_time];
	check(tc_world_init(&world), "world");
	check(tc_world_scan(&world), "scan");
	count(PHASE_SCAN, &at_ns);
	spans_ns[PHASE_ALL][this_time] = at_ns - start_ns;

	tc_world_done(&world);
	tc_reader_close(reader);
	tc_probes_free(probes);
	tc_kernel_done(&kernel);
	tc_ruleset_free(rules);
	tc_diagnostics_done(&diagnostics);
}

/* --- report --- */

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static void report(unsigned times)
{
	for (unsigned phase = 0; phase < PHASE_MAX; phase++) {
		qsort(spans_ns[phase], times, sizeof(uint64_t), compare);
		printf("%-28s %9.1f ms   (%.1f to %.1f)\n", phase_names[phase],
		       (double)spans_ns[phase][times / 2] / 1e6, (double)spans_ns[phase][0] / 1e6,
		       (double)spans_ns[phase][times - 1] / 1e6);
	}
}

int main(int argc, char **argv)
{
	static const char *const default_rules[] = {BENCH_SOURCE_DIR "/rules/default"};
	struct options options = {.rules = default_rules, .n_rules = 1, .times = 5};
	int option;

	while ((option = getopt(argc, argv, "n:s:fv")) != -1) {
		if (option == 'n')
			options.times = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 's')
			check(tc_scope_find(optarg, &options.scope), optarg);
		else if (option == 'f')
			options.fallback = true;
		else if (option == 'v')
			list_programs = true;
		else
			return 2;
	}
	if (optind < argc) {
		options.rules = (const char *const *)argv + optind;
		options.n_rules = (size_t)(argc - optind);
	}
	if (!options.times || options.times > TIMES_MAX)
		return 2;
	for (this_time = 0; this_time < options.times; this_time++)
		start_once(&options);
	report(options.times);
	return 0;
}
