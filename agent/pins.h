/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins: names in the BPF file system by which programs and maps outlive the agent that loaded them.
 *
 *	/sys/fs/bpf/tocsin/PID-TIME/      of one agent: its process id, and when it made them (in
 *	                                  nanoseconds since boot)
 *		about                     whose they are; made first, and the last to go
 *		controls, ring_states     maps of probes/lib/maps.h
 *		ring-0, ring-1 ...        the ring of each CPU
 *		everything else           a link: a program that is attached while that is there
 *
 * An agent that dies leaves them; the next one with the same journal takes them over
 * (agent/pinned.h).
 */
#ifndef TOCSIN_AGENT_PINS_H
#define TOCSIN_AGENT_PINS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/fingerprint.h"

#define TC_PINS_DIRECTORY "/sys/fs/bpf/tocsin"
#define TC_PINS_ABOUT "about"
#define TC_PINS_CONTROLS "controls"
#define TC_PINS_RING_STATES "ring_states"
#define TC_PINS_RING "ring-%u"

struct bpf_link;
struct tc_pins;

/* The map `about`, one entry. The first two members stay where they are in all versions. */
struct tc_pins_about {
	char fingerprint[24];	/* tc_fingerprint() */
	char journal[PATH_MAX]; /* of the agent */
	char version[32];	/* of the agent */
	char rules_hash[72];	/* of the rules in force */
	uint32_t generation;	/* of those */
	uint32_t n_cpus;	/* rings */
};

/* Whether root alone can have made what is in the directory: a BPF file system may be for
 * everybody. */
bool tc_pins_are_roots(void);
/*
 * Makes the directory of this process. journal must be there. 0, or a negative errno, logged:
 * -ENOTSUP when there is no BPF file system.
 */
int tc_pins_new(const char *journal, struct tc_pins **ret_pins);
/* Leaves what is pinned. Takes NULL. */
void tc_pins_free(struct tc_pins *pins);
/* All of them go, those of attached programs first. Takes NULL. */
void tc_pins_remove(const struct tc_pins *pins);
const char *tc_pins_directory(const struct tc_pins *pins);

/* 0 or a negative errno. */
int tc_pins_map(const struct tc_pins *pins, int map, const char *name);
int tc_pins_link(const struct tc_pins *pins, struct bpf_link *link, const char *name);
/* Which rules are in force, for who takes over. 0 or a negative errno. */
int tc_pins_note(struct tc_pins *pins, uint32_t generation, const char *rules_hash);

/* Removes all pins in a directory of one agent, and it: links first; all the rest stays when one of
 * them does. */
void tc_pins_remove_directory(const char *directory);
/* How many links there are. */
size_t tc_pins_count_links(const char *directory);
/* Removes the links alone: their programs are not attached any more. */
void tc_pins_remove_links(const char *directory);
/* The same in the directories of all agents. Needs no bpf(2), which a rule may refuse. */
void tc_pins_remove_all_links(void);

#endif
