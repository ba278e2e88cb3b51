/* SPDX-License-Identifier: Apache-2.0 */
/* The probes of this host: chosen, loaded, attached. */
#ifndef TOCSIN_AGENT_LOAD_H
#define TOCSIN_AGENT_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/rings.h"

struct tc_kernel;
struct tc_pins;
struct tc_probes;

/* What the caller wants of the probes. */
struct tc_load_options {
	uint64_t scope_cgroup_id; /* 0: the whole host */
	uint32_t ring_bytes;	  /* of each CPU's ring; a power of two, at least the page size */
	uint32_t agent_tgid;	  /* 0: tell the agent's own file events as well */
	bool force_fallback;	  /* do not use BPF LSM even where it is there */
	/* Where maps, and programs as they are attached, are pinned; must outlive the probes. NULL:
	 * they are not. */
	const struct tc_pins *pins;
	/* No kind is wanted before tc_probes_begin(): other programs still do the job. */
	bool waits;
	/* Called before each program that is attached or detached, which takes milliseconds, or
	 * seconds on a slow host. NULL: nobody wants to know. */
	void (*progress)(void *context);
	void *progress_context;
};

enum tc_probe_state {
	TC_PROBE_CHOSEN,  /* attached while one of its kinds is wanted */
	TC_PROBE_UNUSED,  /* another program does its job, or it is for the other source */
	TC_PROBE_MISSING, /* the kernel cannot take it, or did not attach it; reason tells */
};

/* A row of include/schema/probes.def on this host. */
struct tc_probe_info {
	const char *program, *group, *target;
	uint64_t kinds;
	enum tc_probe_state state;
	char reason[96]; /* of MISSING */
};

/*
 * Loads the probes. No kind is wanted yet, so none is attached: call tc_probes_want(). A negative
 * errno on failure, which was logged; -EINVAL for options out of range. Free with tc_probes_free(),
 * which detaches them.
 */
int tc_probes_load(const struct tc_kernel *kernel, const struct tc_load_options *options,
		   struct tc_probes **ret_probes);
void tc_probes_free(struct tc_probes *probes);
/* Before tc_probes_free(): pinned programs stay attached behind it. */
void tc_probes_leave(struct tc_probes *probes);

/* True when events come from the fallback programs. */
bool tc_probes_fallback(const struct tc_probes *probes);
/* Kinds of events that a chosen program makes. */
uint64_t tc_probes_kinds(const struct tc_probes *probes);
/* Whether a program that makes events of a kind is at one of these LSM hooks, whose names are
 * separated by blanks. */
bool tc_probes_has_hook(const struct tc_probes *probes, unsigned kind, const char *hooks);
/* How often the kernel left a program out since it was loaded, because it was at work on that CPU
 * already: on preemptible kernels for another task. 0 where the kernel does not count it (before
 * v5.12 it does not leave any out). */
uint64_t tc_probes_skipped(const struct tc_probes *probes);
/* The rows, for reports. */
const struct tc_probe_info *tc_probes_info(const struct tc_probes *probes, size_t *ret_count);

/*
 * Says which kinds are wanted: attaches the programs that make them, detaches the others, for even
 * one that does nothing costs where it hangs, and sets controls->kinds. A program that cannot be
 * attached is logged, and is MISSING while its kinds are wanted; how many are. For small changes at
 * a busy time controls->kinds may be set alone, to fewer kinds.
 */
size_t tc_probes_want(struct tc_probes *probes, uint64_t kinds);
/* Says for which kinds rules block or kill, before that: programs that do nothing else are attached
 * for those alone. */
void tc_probes_refuse(struct tc_probes *probes, uint64_t kinds);
/* What was wanted is told from now on; see tc_load_options.waits. */
void tc_probes_begin(struct tc_probes *probes);
/* Why a program that makes events of a kind could not be attached when that was wanted; NULL: all
 * that the kernel has taken could. */
const char *tc_probes_failure(const struct tc_probes *probes, unsigned kind);

/* Shared with the running programs; valid while the probes are loaded. */
volatile struct tc_controls *tc_probes_controls(struct tc_probes *probes);
/* Owned by the probes. */
struct tc_rings tc_probes_rings(const struct tc_probes *probes);
/* Descriptor of one of the maps of probes/lib/maps.h, owned by the probes; -ENOENT when there is
 * none of that name. */
int tc_probes_map(const struct tc_probes *probes, const char *name);

#endif
