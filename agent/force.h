/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in force on this host: the rules of the agent and of the kernel, whether they block, and
 * which of them do. The running agent has one.
 */
#ifndef TOCSIN_AGENT_FORCE_H
#define TOCSIN_AGENT_FORCE_H

#include <signal.h>

#include "agent/breaker.h"
#include "agent/enforce.h"
#include "agent/generation.h"
#include "agent/off_watch.h"
#include "agent/pipeline.h"

struct tc_force_options {
	struct tc_enforce_options enforce;
	uint64_t breaker; /* see struct tc_breakers */
	uint64_t kinds;	  /* sent whether a rule wants them or not ... */
	bool environment; /* ... and so is the environment of programs */
	/* A rule that cannot do here what it asks for is an error, unless it says that it may do
	 * less. */
	bool strict;
	/* Not 0 when a stop was asked for: from then on nothing is enforced, though the agent may
	 * be busy for long before it ends. */
	const volatile sig_atomic_t *stops;
	const char *fallback_reason; /* why there are no LSM hooks; "" when there are */
	struct tc_pins *pins;	     /* told which rules are in force; NULL: nothing is pinned */
	const char *
		journal_path; /* the file of agent/standing.h lies beside it; NULL: there is none */
};

struct tc_force {
	struct tc_force_options options;
	struct tc_probes *probes;
	struct tc_pipeline *pipeline; /* NULL: not yet */
	struct tc_generations generations;
	struct tc_generation *current; /* owned; so is the one before, while it is needed */
	struct tc_generation *former;  /* records of it may still come; NULL: none will */
	uint64_t former_ns;	       /* since boot: the last that it could judge */
	struct tc_enforce enforce;
	struct tc_off_watch *off_watch; /* NULL: not begun */
	struct tc_breakers breakers;
	bool opened;		      /* a breaker did, and its rule is not muted yet */
	bool unmuted;		      /* and could not be: to be tried again */
	uint64_t skipped, skipped_ns; /* tc_probes_skipped(), and when that was asked */
	bool has_ended;
	struct tc_buffer standing; /* as it was written last */
	uint64_t next_standing_ns; /* since boot */
};

/* Goes on with the trial of an agent that died, and with breakers that were open. Probes and world
 * must outlive it; it must stay in its place. */
void tc_force_init(struct tc_force *force, const struct tc_force_options *options,
		   struct tc_probes *probes, struct tc_world *world);
void tc_force_done(struct tc_force *force);

/* Rules enforce from now on, if they are to; what happens is told to the pipeline. 0 or a negative
 * errno. */
int tc_force_begin(struct tc_force *force, struct tc_pipeline *pipeline);

/*
 * Puts a generation into force, and takes it: what only it wants is sent before it judges, what
 * only the one before wanted until it does not any more. 0, or a negative errno: the one before
 * stays, and the new one was freed; -EOPNOTSUPP: programs that it needs cannot be attached, told.
 */
int tc_force_put(struct tc_force *force, struct tc_generation *generation);

/*
 * To be called a few times a second: acts on the clock and the emergency switches, and tells what
 * changed. complete_ns: tc_reader_complete_ns(). 0 or the pipeline's error.
 */
int tc_force_serve(struct tc_force *force, uint64_t complete_ns);
/* To be called behind each record: a rule whose breaker it opened is held back at once. 0 or the
 * pipeline's error. */
int tc_force_follow(struct tc_force *force);
/* Before rules are read anew: programs that could not be attached are tried again. */
void tc_force_try_again(struct tc_force *force);
/* Whether a generation waits for its last records: no other may be put into force before. */
bool tc_force_is_busy(const struct tc_force *force);

/* A tc_decided_callback. */
void tc_force_decided(void *force, const struct tc_rule *rule, const struct tc_record *record);

/* Somebody says that the trial goes well. */
void tc_force_confirm(struct tc_force *force);
/* Somebody says that all breakers be closed. 0 or the pipeline's error. */
int tc_force_rearm(struct tc_force *force);

/* Nothing is enforced any more: the agent ends. */
void tc_force_end(struct tc_force *force);

#endif
