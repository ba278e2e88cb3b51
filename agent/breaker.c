/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/breaker.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1000000000ULL

void tc_breakers_done(struct tc_breakers *breakers)
{
	for (size_t i = 0; i < breakers->n; i++) {
		free(breakers->items[i]->name);
		free(breakers->items[i]);
	}
	free(breakers->items);
	*breakers = (struct tc_breakers){0};
}

static struct tc_breaker *breaker_new(const char *name)
{
	struct tc_breaker *breaker = calloc(1, sizeof(*breaker));

	if (breaker)
		breaker->name = strdup(name);
	if (breaker && !breaker->name) {
		free(breaker);
		return NULL;
	}
	return breaker;
}

struct tc_breaker *tc_breakers_find(const struct tc_breakers *breakers, const char *name)
{
	for (size_t i = 0; i < breakers->n; i++)
		if (!strcmp(breakers->items[i]->name, name))
			return breakers->items[i];
	return NULL;
}

struct tc_breaker *tc_breakers_of(struct tc_breakers *breakers, const char *name)
{
	struct tc_breaker **items, *breaker = tc_breakers_find(breakers, name);

	if (breaker)
		return breaker;
	items = reallocarray(breakers->items, breakers->n + 1, sizeof(*items));
	if (!items)
		return NULL;
	breakers->items = items;
	breaker = breaker_new(name);
	if (breaker)
		items[breakers->n++] = breaker;
	return breaker;
}

bool tc_breakers_count(struct tc_breakers *breakers, struct tc_breaker *breaker, uint64_t time_ns)
{
	uint64_t second = time_ns / NS_PER_S;

	if (second != breaker->second)
		breaker->stopped = 0;
	breaker->second = second;
	breaker->total++;
	if (++breaker->stopped <= breakers->limit || !breakers->limit || breaker->open)
		return false;
	breaker->open = true;
	return true;
}

size_t tc_breakers_close(struct tc_breakers *breakers)
{
	size_t open = 0;

	for (size_t i = 0; i < breakers->n; i++) {
		open += breakers->items[i]->open;
		breakers->items[i]->open = false;
		breakers->items[i]->stopped = 0;
	}
	return open;
}
