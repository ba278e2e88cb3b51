/* SPDX-License-Identifier: Apache-2.0 */
#include "output/limit.h"

#include <stdlib.h>
#include <string.h>
/* Where memory is out an alert is let through. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "agent/buffer.h"

struct tc_limit_span {
	UT_hash_handle hh;
	uint64_t start_ns;
	uint64_t passed;	     /* alerts that were let through */
	uint64_t count, first_seq;   /* of those kept back */
	uint64_t since_ns, until_ns; /* their times */
	size_t key_length;
	char key[]; /* rule, cgroup, executable, other fields, each with its NUL */
};

/* The members of a key; "" where there is none, which no path is. */
static void put_key(const struct tc_limit_key *members, struct tc_buffer *key)
{
	const char *parts[] = {members->rule, members->cgroup_path, members->exe, members->by};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *part = parts[i] ? parts[i] : "";

		tc_buffer_add(key, part, strlen(part) + 1);
	}
}

static struct tc_limit_span *span_find(struct tc_limit *limit, const struct tc_limit_key *members,
				       uint64_t time_ns)
{
	_cleanup_buffer_ struct tc_buffer key = {0};
	struct tc_limit_span *span = NULL;

	put_key(members, &key);
	if (tc_buffer_failed(&key))
		return NULL;
	HASH_FIND(hh, limit->spans, key.bytes, key.length, span);
	if (span)
		return span;
	span = calloc(1, sizeof(*span) + key.length);
	if (!span)
		return NULL;
	span->start_ns = time_ns;
	span->key_length = key.length;
	memcpy(span->key, key.bytes, key.length);
	HASH_ADD_KEYPTR(hh, limit->spans, span->key, span->key_length, span);
	if (!span->hh.tbl) {
		free(span);
		return NULL;
	}
	if (HASH_COUNT(limit->spans) == 1 || span->start_ns + limit->span_ns < limit->next_end_ns)
		limit->next_end_ns = span->start_ns + limit->span_ns;
	if (HASH_COUNT(limit->spans) == 1 || span->start_ns > limit->latest_ns)
		limit->latest_ns = span->start_ns;
	return span;
}

bool tc_limit_takes(struct tc_limit *limit, const struct tc_limit_key *key, uint64_t time_ns,
		    uint64_t seq)
{
	struct tc_limit_span *span = limit->count ? span_find(limit, key, time_ns) : NULL;

	if (!span)
		return true;
	if (span->passed < limit->count) {
		span->passed++;
		return true;
	}
	if (!span->count++) {
		span->first_seq = seq;
		span->since_ns = time_ns;
	}
	span->until_ns = time_ns;
	return false;
}

bool tc_limit_takes_row(struct tc_limit *limit, const struct tc_journal_row *row)
{
	const struct tc_limit_key key = {.rule = row->rule,
					 .cgroup_path = limit->by_process ? row->cgroup_path : NULL,
					 .exe = limit->by_process ? row->exe : NULL};

	return tc_limit_takes(limit, &key, row->time_ns, row->seq);
}

static const char *part_or_null(const char *part)
{
	return *part ? part : NULL;
}

static int tell(const struct tc_limit *limit, const struct tc_limit_span *span,
		tc_limit_callback callback, void *context)
{
	const char *rule = span->key, *cgroup = rule + strlen(rule) + 1,
		   *exe = cgroup + strlen(cgroup) + 1, *by = exe + strlen(exe) + 1;
	const struct tc_kept_back kept = {
		.rule = rule,
		.reason = limit->reason,
		.cgroup_path = part_or_null(cgroup),
		.exe = part_or_null(exe),
		.by = part_or_null(by),
		.count = span->count,
		.since_ns = span->since_ns,
		.until_ns = span->until_ns,
	};

	return span->count ? callback(&kept, context) : 0;
}

/* Also when the clock was set back by more than a span: it would not end for long. */
static bool is_over(const struct tc_limit *limit, const struct tc_limit_span *span,
		    uint64_t time_ns)
{
	return time_ns >= span->start_ns + limit->span_ns ||
	       time_ns + limit->span_ns < span->start_ns;
}

bool tc_limit_is_due(const struct tc_limit *limit, uint64_t time_ns)
{
	return limit->spans &&
	       (time_ns >= limit->next_end_ns || time_ns + limit->span_ns < limit->latest_ns);
}

int tc_limit_end(struct tc_limit *limit, uint64_t time_ns, tc_limit_callback callback,
		 void *context)
{
	struct tc_limit_span *span, *next;
	uint64_t next_end_ns = UINT64_MAX, latest_ns = 0;

	HASH_ITER (hh, limit->spans, span, next) {
		uint64_t end_ns = span->start_ns + limit->span_ns;
		int stop;

		if (time_ns != UINT64_MAX && !is_over(limit, span, time_ns)) {
			next_end_ns = end_ns < next_end_ns ? end_ns : next_end_ns;
			latest_ns = span->start_ns > latest_ns ? span->start_ns : latest_ns;
			continue;
		}
		stop = tell(limit, span, callback, context);
		if (stop)
			return stop;
		HASH_DEL(limit->spans, span);
		free(span);
	}
	limit->next_end_ns = next_end_ns;
	limit->latest_ns = latest_ns;
	return 0;
}

size_t tc_limit_keys(const struct tc_limit *limit)
{
	return HASH_COUNT(limit->spans);
}

bool tc_limit_is_full(const struct tc_limit *limit)
{
	return tc_limit_keys(limit) >= TC_LIMIT_KEYS_MAX;
}

uint64_t tc_limit_first_seq(const struct tc_limit *limit)
{
	uint64_t seq = UINT64_MAX;

	for (const struct tc_limit_span *span = limit->spans; span; span = span->hh.next)
		if (span->count && span->first_seq < seq)
			seq = span->first_seq;
	return seq;
}

void tc_limit_change(struct tc_limit *limit, const struct tc_limit *to)
{
	limit->count = to->count;
	limit->span_ns = to->span_ns;
	limit->next_end_ns = 0; /* not known: the next look at the spans finds it */
}

void tc_limit_reset(struct tc_limit *limit)
{
	struct tc_limit_span *span, *next;

	HASH_ITER (hh, limit->spans, span, next) {
		HASH_DEL(limit->spans, span);
		free(span);
	}
	limit->next_end_ns = UINT64_MAX;
}
