/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Circuit breakers: a rule that stops too much in a short time is likely a mistake. It opens its
 * breaker, and tells only what it would do until somebody closes it again (tocsin rearm).
 */
#ifndef TOCSIN_AGENT_BREAKER_H
#define TOCSIN_AGENT_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a rule, known by its name, stopped lately. */
struct tc_breaker {
	char *name;
	uint64_t second;  /* since boot, that is counted */
	uint64_t stopped; /* in it */
	uint64_t total;	  /* since the start */
	bool open;
};

/* By name, so that rules that are read anew do not close what they opened. */
struct tc_breakers {
	struct tc_breaker **items; /* n of them */
	size_t n;
	uint64_t limit; /* stopped in one second; 0: none opens */
};

void tc_breakers_done(struct tc_breakers *breakers);
/* The breaker of a rule; NULL: it never stopped anything. */
struct tc_breaker *tc_breakers_find(const struct tc_breakers *breakers, const char *name);
/* The same, made when it is missing; NULL when memory is out. Stays where it is. */
struct tc_breaker *tc_breakers_of(struct tc_breakers *breakers, const char *name);
/* The rule stopped something. True when that opened its breaker. */
bool tc_breakers_count(struct tc_breakers *breakers, struct tc_breaker *breaker, uint64_t time_ns);
/* Closes them all. How many were open. */
size_t tc_breakers_close(struct tc_breakers *breakers);

#endif
