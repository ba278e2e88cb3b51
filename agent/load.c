/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/load.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/enrich/scan.h"
#include "agent/kernel.h"
#include "agent/log.h"
#include "agent/pins.h"
#include "agent/words.h"

#include "tocsin_probes.skel.h"
#include "tocsin_probes_5_10.skel.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum probe_how { HOW_LSM, HOW_RAW_TP, HOW_TRACING };
enum probe_source { SOURCE_ALWAYS, SOURCE_LSM, SOURCE_FALLBACK, SOURCE_OLD, SOURCE_REFUSES };

struct probe_row {
	const char *group, *program, *target;
	uint64_t kinds;
	enum probe_how how;
	enum probe_source source;
	int n_args;
};

static const struct probe_row probe_rows[] = {
#define TC_PROBE(group, program, how, target, n_args, source, kinds)                               \
	{#group, #program, #target, kinds, HOW_##how, SOURCE_##source, n_args},
#include "schema/probes.def"
#undef TC_PROBE
};

#define N_PROBES COUNT(probe_rows)

struct tc_probes {
	struct bpf_object *object;
	struct bpf_link *links[N_PROBES];
	struct tc_probe_info info[N_PROBES];
	int *ring_fds; /* n_cpus of them */
	unsigned n_cpus;
	bool fallback;
	const struct tc_pins *pins; /* NULL: nothing is pinned */
	bool waits;
	void (*progress)(void *context); /* may be NULL */
	void *progress_context;
	uint64_t wanted;  /* kinds */
	uint64_t refused; /* kinds that a rule blocks or kills for */
	struct tc_controls *controls;
	struct tc_ring_state *ring_states;
	size_t controls_bytes, ring_states_bytes;
};

/* --- which programs --- */

static bool source_fits(enum probe_source source, const struct tc_kernel *kernel, bool fallback)
{
	if (source == SOURCE_OLD && tc_kernel_hook_loads(kernel, "path_chown"))
		return false;
	return source == SOURCE_ALWAYS || (source == SOURCE_FALLBACK) == fallback;
}

/* True when the kernel can take the program; else the reason. */
static bool row_fits(const struct tc_kernel *kernel, const struct probe_row *row,
		     struct tc_probe_info *info)
{
	int n_args;

	if (row->how == HOW_TRACING && !tc_kernel_has_function(kernel, row->target)) {
		snprintf(info->reason, sizeof(info->reason), "no kernel function %s", row->target);
		return false;
	}
	if (row->how != HOW_LSM)
		return true;
	n_args = tc_kernel_hook_args(kernel, row->target);
	if (n_args < 0)
		snprintf(info->reason, sizeof(info->reason), "no LSM hook %s", row->target);
	else if (row->n_args && n_args != row->n_args)
		snprintf(info->reason, sizeof(info->reason), "LSM hook %s has %d arguments, not %d",
			 row->target, n_args, row->n_args);
	else if (!tc_kernel_hook_loads(kernel, row->target))
		snprintf(info->reason, sizeof(info->reason), "LSM hook %s takes no program",
			 row->target);
	else
		return true;
	return false;
}

static bool group_taken(const struct tc_probes *probes, size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (probes->info[i].state == TC_PROBE_CHOSEN &&
		    strcmp(probe_rows[i].group, probe_rows[row].group) == 0)
			return true;
	return false;
}

/* Decides each row's state. */
static void choose_programs(struct tc_probes *probes, const struct tc_kernel *kernel)
{
	for (size_t i = 0; i < N_PROBES; i++) {
		const struct probe_row *row = &probe_rows[i];
		struct tc_probe_info *info = &probes->info[i];

		*info = (struct tc_probe_info){.program = row->program,
					       .group = row->group,
					       .target = row->target,
					       .kinds = row->kinds};
		if (!source_fits(row->source, kernel, probes->fallback) || group_taken(probes, i))
			info->state = TC_PROBE_UNUSED;
		else if (row_fits(kernel, row, info))
			info->state = TC_PROBE_CHOSEN;
		else
			info->state = TC_PROBE_MISSING;
	}
}

/* --- opening and loading --- */

static struct bpf_object *object_open(const struct tc_kernel *kernel)
{
	/*
	 * Types are sought here alone: for one that is not there libbpf would go through the
	 * modules' as well, which asks for CAP_SYS_ADMIN. No program needs theirs.
	 */
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "tocsin",
		    .btf_custom_path = "/sys/kernel/btf/vmlinux");
	const void *bytes;
	size_t size;

	if (kernel->has_atomics)
		bytes = tocsin_probes__elf_bytes(&size);
	else
		bytes = tocsin_probes_5_10__elf_bytes(&size);
	return bpf_object__open_mem(bytes, size, &opts);
}

static bool is_chosen(const struct tc_probes *probes, const char *program)
{
	for (size_t i = 0; i < N_PROBES; i++)
		if (strcmp(probe_rows[i].program, program) == 0)
			return probes->info[i].state == TC_PROBE_CHOSEN;
	return false;
}

static int object_settings(struct tc_probes *probes, const struct tc_kernel *kernel,
			   const struct tc_load_options *options)
{
	struct bpf_map *rodata = bpf_object__find_map_by_name(probes->object, "tocsin.rodata");
	struct bpf_map *rings = bpf_object__find_map_by_name(probes->object, "rings");
	struct tc_settings settings = {
		.scope_cgroup_id = options->scope_cgroup_id,
		.agent_tgid = options->agent_tgid,
		.ring_bytes = options->ring_bytes,
		.has_task_pt_regs = kernel->has_task_pt_regs,
		.fallback = probes->fallback,
		.receive_args = (__u32)tc_kernel_function_args(kernel, "udp_recvmsg"),
		.tells_tcp =
			is_chosen(probes, "tcp_v4_connect") && is_chosen(probes, "tcp_v6_connect"),
	};
	unsigned n_scratches = probes->n_cpus * TC_SCRATCH_PER_CPU;
	uint64_t start_ns = 0;
	size_t size = 0;
	void *initial;

	if (options->agent_tgid)
		tc_scan_start(options->agent_tgid, &start_ns);
	settings.agent_start = start_ns / TC_START_UNIT_NS;
	if (!rodata)
		rodata = bpf_object__find_map_by_name(probes->object, ".rodata");
	initial = rodata ? (void *)bpf_map__initial_value(rodata, &size) : NULL;
	if (!initial || size < sizeof(settings) || !rings)
		return -ENOENT;
	memcpy(initial, &settings, sizeof(settings));

	bpf_map__set_max_entries(rings, probes->n_cpus);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(probes->object, "ring_states"),
				 probes->n_cpus);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(probes->object, "scratches"),
				 n_scratches < TC_SCRATCH_MIN ? TC_SCRATCH_MIN : n_scratches);
	return 0;
}

static int object_load(struct tc_probes *probes)
{
	for (size_t i = 0; i < N_PROBES; i++) {
		struct bpf_program *program =
			bpf_object__find_program_by_name(probes->object, probe_rows[i].program);

		if (!program)
			return tc_error_return(-ENOENT, "the probe object has no program %s",
					       probe_rows[i].program);
		bpf_program__set_autoload(program, probes->info[i].state == TC_PROBE_CHOSEN);
	}
	int r = bpf_object__load(probes->object);
	if (r < 0)
		return tc_error_return(
			r, "the kernel refuses the probes (run with --debug for its words)");
	return 0;
}

static int rings_create(struct tc_probes *probes, uint32_t ring_bytes)
{
	int rings_fd = bpf_map__fd(bpf_object__find_map_by_name(probes->object, "rings"));

	for (uint32_t cpu = 0; cpu < probes->n_cpus; cpu++) {
		LIBBPF_OPTS(bpf_map_create_opts, opts);
		int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "tocsin_ring", 0, 0, ring_bytes,
					&opts);

		if (fd < 0)
			return tc_error_return(-errno, "cannot make a ring of %u bytes",
					       ring_bytes);
		probes->ring_fds[cpu] = fd;
		if (bpf_map_update_elem(rings_fd, &cpu, &fd, BPF_ANY) < 0)
			return tc_error_return(-errno, "cannot put a ring in place");
	}
	return 0;
}

static void *map_share(struct bpf_object *object, const char *name, unsigned entries,
		       size_t entry_bytes, size_t *ret_bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = (entries * entry_bytes + page - 1) / page * page;
	int fd = bpf_map__fd(bpf_object__find_map_by_name(object, name));
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return NULL;
	*ret_bytes = bytes;
	return memory;
}

static int maps_share(struct tc_probes *probes)
{
	probes->controls = map_share(probes->object, "controls", 1, sizeof(*probes->controls),
				     &probes->controls_bytes);
	probes->ring_states = map_share(probes->object, "ring_states", probes->n_cpus,
					sizeof(*probes->ring_states), &probes->ring_states_bytes);
	if (!probes->controls || !probes->ring_states)
		return tc_error_return(-errno, "cannot map the probes' counters");
	return 0;
}

static int maps_pin(const struct tc_probes *probes)
{
	char name[32];
	int r = tc_pins_map(probes->pins, tc_probes_map(probes, "controls"), TC_PINS_CONTROLS);

	if (r == 0)
		r = tc_pins_map(probes->pins, tc_probes_map(probes, "ring_states"),
				TC_PINS_RING_STATES);
	for (unsigned cpu = 0; r == 0 && cpu < probes->n_cpus; cpu++) {
		snprintf(name, sizeof(name), TC_PINS_RING, cpu);
		r = tc_pins_map(probes->pins, probes->ring_fds[cpu], name);
	}
	if (r < 0)
		return tc_error_return(r, "the probes' maps cannot be pinned in %s",
				       tc_pins_directory(probes->pins));
	return 0;
}

/* --- attaching --- */

static void tell_progress(const struct tc_probes *probes)
{
	if (probes->progress)
		probes->progress(probes->progress_context);
}

static void destroy_link(struct tc_probes *probes, size_t i)
{
	if (!probes->links[i])
		return;
	tell_progress(probes);
	if (probes->pins)
		bpf_link__unpin(probes->links[i]);
	bpf_link__destroy(probes->links[i]);
	probes->links[i] = NULL;
}

static void note_failure(struct tc_probe_info *info, const char *what, int error)
{
	info->state = TC_PROBE_MISSING;
	snprintf(info->reason, sizeof(info->reason), "%s %s: %s", what, info->target,
		 strerror(error));
	tc_warning("the probe %s %s", info->program, info->reason);
}

/* False when the kernel does not want to: the program is left out, and tried again when kinds are
 * asked for again. */
static bool attach_program(struct tc_probes *probes, size_t i)
{
	struct tc_probe_info *info = &probes->info[i];
	struct bpf_program *program =
		bpf_object__find_program_by_name(probes->object, info->program);
	int r;

	tell_progress(probes);
	probes->links[i] = bpf_program__attach(program);
	if (!probes->links[i]) {
		note_failure(info, "cannot attach to", errno);
		return false;
	}
	r = probes->pins ? tc_pins_link(probes->pins, probes->links[i], info->program) : 0;
	if (r < 0) {
		destroy_link(probes, i);
		note_failure(info, "cannot be pinned at", -r);
		return false;
	}
	info->state = TC_PROBE_CHOSEN;
	info->reason[0] = '\0';
	return true;
}

/* Less than 0 when the kernel has not taken the program. */
static int program_fd(const struct tc_probes *probes, size_t i)
{
	return bpf_program__fd(
		bpf_object__find_program_by_name(probes->object, probe_rows[i].program));
}

static bool is_loaded(const struct tc_probes *probes, size_t i)
{
	return program_fd(probes, i) >= 0;
}

static bool is_wanted(const struct tc_probes *probes, size_t i, uint64_t kinds)
{
	if (probe_rows[i].source == SOURCE_REFUSES)
		kinds &= probes->refused;
	return probe_rows[i].kinds & kinds;
}

void tc_probes_refuse(struct tc_probes *probes, uint64_t kinds)
{
	probes->refused = kinds;
}

static void detach_program(struct tc_probes *probes, size_t i)
{
	destroy_link(probes, i);
	/* Of one that could not be attached nothing is known for the next time. */
	probes->info[i].state = TC_PROBE_CHOSEN;
	probes->info[i].reason[0] = '\0';
}

size_t tc_probes_want(struct tc_probes *probes, uint64_t kinds)
{
	size_t failed = 0;

	for (size_t i = 0; i < N_PROBES; i++) {
		if (!is_loaded(probes, i))
			continue;
		if (!is_wanted(probes, i, kinds))
			detach_program(probes, i);
		else if (!probes->links[i])
			failed += !attach_program(probes, i);
	}
	probes->wanted = kinds;
	if (!probes->waits)
		probes->controls->kinds = kinds;
	return failed;
}

void tc_probes_begin(struct tc_probes *probes)
{
	probes->waits = false;
	probes->controls->kinds = probes->wanted;
}

const char *tc_probes_failure(const struct tc_probes *probes, unsigned kind)
{
	for (size_t i = 0; i < N_PROBES; i++)
		if (probes->info[i].state == TC_PROBE_MISSING && is_loaded(probes, i) &&
		    probe_rows[i].kinds & TC_KIND_BIT(kind))
			return probes->info[i].reason;
	return NULL;
}

static int libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/* The verifier's words are long and for developers: only with --debug. */
static int libbpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	return tc_log_enabled(TC_LOG_DEBUG) ? vfprintf(stderr, format, args) : 0;
}

static int probes_prepare(struct tc_probes *probes, const struct tc_kernel *kernel,
			  const struct tc_load_options *options)
{
	int r;

	probes->ring_fds = malloc(probes->n_cpus * sizeof(*probes->ring_fds));
	if (!probes->ring_fds)
		return -ENOMEM;
	for (unsigned cpu = 0; cpu < probes->n_cpus; cpu++)
		probes->ring_fds[cpu] = -1;

	choose_programs(probes, kernel);
	probes->object = object_open(kernel);
	if (!probes->object)
		return tc_error_return(-errno, "cannot open the probe object");
	r = object_settings(probes, kernel, options);
	if (r < 0)
		return tc_error_return(r, "the probe object lacks its settings");
	r = object_load(probes);
	if (r < 0)
		return r;
	r = rings_create(probes, options->ring_bytes);
	if (r < 0)
		return r;
	r = maps_share(probes);
	if (r < 0 || !probes->pins)
		return r;
	return maps_pin(probes);
}

int tc_probes_load(const struct tc_kernel *kernel, const struct tc_load_options *options,
		   struct tc_probes **ret_probes)
{
	int n_cpus = libbpf_num_possible_cpus();
	struct tc_probes *probes;
	int r;

	if (options->ring_bytes < (uint32_t)sysconf(_SC_PAGESIZE) ||
	    options->ring_bytes & (options->ring_bytes - 1))
		return tc_error_return(
			-EINVAL,
			"a ring of %u bytes: it must be a power of two and at least a page",
			options->ring_bytes);
	if (n_cpus <= 0 || n_cpus > TC_CPUS_MAX)
		return tc_error_return(-E2BIG, "%d CPUs: at most %d can be watched", n_cpus,
				       TC_CPUS_MAX);
	probes = calloc(1, sizeof(*probes));
	if (!probes)
		return -ENOMEM;
	libbpf_set_print(libbpf_message);
	probes->n_cpus = (unsigned)n_cpus;
	probes->fallback = options->force_fallback || !kernel->has_lsm;
	probes->pins = options->pins;
	probes->waits = options->waits;
	probes->progress = options->progress;
	probes->progress_context = options->progress_context;
	r = probes_prepare(probes, kernel, options);
	if (r < 0) {
		tc_probes_free(probes);
		return r;
	}
	*ret_probes = probes;
	return 0;
}

void tc_probes_leave(struct tc_probes *probes)
{
	for (size_t i = 0; i < N_PROBES; i++)
		if (probes->links[i])
			bpf_link__disconnect(probes->links[i]);
	probes->pins = NULL;
}

void tc_probes_free(struct tc_probes *probes)
{
	if (!probes)
		return;
	for (size_t i = 0; i < N_PROBES; i++)
		destroy_link(probes, i);
	if (probes->controls)
		munmap(probes->controls, probes->controls_bytes);
	if (probes->ring_states)
		munmap(probes->ring_states, probes->ring_states_bytes);
	for (unsigned cpu = 0; probes->ring_fds && cpu < probes->n_cpus; cpu++)
		if (probes->ring_fds[cpu] >= 0)
			close(probes->ring_fds[cpu]);
	free(probes->ring_fds);
	bpf_object__close(probes->object);
	free(probes);
}

/* --- what is there --- */

bool tc_probes_fallback(const struct tc_probes *probes)
{
	return probes->fallback;
}

uint64_t tc_probes_kinds(const struct tc_probes *probes)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < N_PROBES; i++)
		if (probes->info[i].state == TC_PROBE_CHOSEN)
			kinds |= probes->info[i].kinds;
	return kinds;
}

bool tc_probes_has_hook(const struct tc_probes *probes, unsigned kind, const char *hooks)
{
	for (size_t i = 0; i < N_PROBES; i++)
		if (probe_rows[i].how == HOW_LSM && probes->info[i].state == TC_PROBE_CHOSEN &&
		    probe_rows[i].kinds & TC_KIND_BIT(kind) &&
		    tc_words_have(hooks, probe_rows[i].target, strlen(probe_rows[i].target)))
			return true;
	return false;
}

uint64_t tc_probes_skipped(const struct tc_probes *probes)
{
	uint64_t skipped = 0;

	for (size_t i = 0; i < N_PROBES; i++) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof(info);
		int fd = program_fd(probes, i);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
			skipped += info.recursion_misses;
	}
	return skipped;
}

const struct tc_probe_info *tc_probes_info(const struct tc_probes *probes, size_t *ret_count)
{
	*ret_count = N_PROBES;
	return probes->info;
}

volatile struct tc_controls *tc_probes_controls(struct tc_probes *probes)
{
	return probes->controls;
}

struct tc_rings tc_probes_rings(const struct tc_probes *probes)
{
	return (struct tc_rings){
		.n_cpus = probes->n_cpus,
		.fds = probes->ring_fds,
		.states = probes->ring_states,
	};
}

int tc_probes_map(const struct tc_probes *probes, const char *name)
{
	return bpf_object__find_map_fd_by_name(probes->object, name);
}
