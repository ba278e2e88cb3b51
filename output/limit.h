/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At most so many alerts of one key in a span of time; the others are counted, and the count is
 * told at the end of the span. The key is the rule (a rate), so that a flood of one rule hides no
 * other; or rule, cgroup and executable (folding), of which one alert in a span is told; or the
 * rule and values that it names (its rate_limit).
 *
 * Time is that of the alerts: what is told late, after a server was away, is limited as it would
 * have been.
 */
#ifndef TOCSIN_OUTPUT_LIMIT_H
#define TOCSIN_OUTPUT_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/journal_reader.h"

/* Keys that are counted at the same time; when there are more, all spans end at once. */
#define TC_LIMIT_KEYS_MAX 4096

struct tc_limit_span;

struct tc_limit {
	uint64_t count;	  /* alerts of one key that are let through in a span; 0: no limit */
	uint64_t span_ns; /* length of a span, which begins with its first alert */
	bool by_process;  /* cgroup and executable belong to the key */
	const char *reason;
	struct tc_limit_span *spans; /* zero-initialised */
	uint64_t next_end_ns;	     /* no span ends before; since the epoch */
	uint64_t latest_ns;	     /* start of the latest span */
};

/* What alerts have in common that are counted together; NULL: it does not belong to the key, or is
 * unknown. */
struct tc_limit_key {
	const char *rule, *cgroup_path, *exe;
	const char *by; /* other fields, as a text */
};

/* What was kept back in a span. Strings are valid during the callback. */
struct tc_kept_back {
	const char *rule, *reason;
	const char *cgroup_path, *exe,
		*by; /* NULL where they do not belong to the key, or are unknown */
	uint64_t count;
	uint64_t since_ns, until_ns; /* times of the first and the last one, since the epoch */
};

/* Whether an alert of a key is let through; one that is not is counted, from the row seq on. Spans
 * that ended must have been told before. Where memory is out it is let through. */
bool tc_limit_takes(struct tc_limit *limit, const struct tc_limit_key *key, uint64_t time_ns,
		    uint64_t seq);
/* The same of an alert in the journal, by its rule, or by its process too. */
bool tc_limit_takes_row(struct tc_limit *limit, const struct tc_journal_row *row);

/* Returns 0 to go on; anything else ends the walk, which returns it, and that span stays. */
typedef int (*tc_limit_callback)(const struct tc_kept_back *kept, void *context);

/* True when spans are over at a time since the epoch (UINT64_MAX: all). */
bool tc_limit_is_due(const struct tc_limit *limit, uint64_t time_ns);

/* Ends the spans that are over at a time since the epoch (UINT64_MAX: all), and calls back for each
 * in which alerts were kept back. */
int tc_limit_end(struct tc_limit *limit, uint64_t time_ns, tc_limit_callback callback,
		 void *context);

/* Number of keys whose spans are not over. */
size_t tc_limit_keys(const struct tc_limit *limit);
/* True when there is no room for another key: tc_limit_end() with UINT64_MAX makes some. */
bool tc_limit_is_full(const struct tc_limit *limit);

/* The first row that was kept back in a span that is not over; UINT64_MAX when there is none. */
uint64_t tc_limit_first_seq(const struct tc_limit *limit);

/* Takes count and span from another limit; what the spans hold is told by the new ones. */
void tc_limit_change(struct tc_limit *limit, const struct tc_limit *to);

/* Forgets all spans. */
void tc_limit_reset(struct tc_limit *limit);

#endif
