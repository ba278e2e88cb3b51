/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/status_pins.h"

#include <stdio.h>
#include <string.h>

static void print_one(const struct tc_pinned *pinned)
{
	uint64_t waiting, lost;

	tc_pinned_waiting(pinned, &waiting, &lost);
	printf("pins      %s: %zu programs of an agent that is dead", pinned->directory,
	       pinned->n_links);
	if (!pinned->is_known)
		printf(", tocsin %s: rules may block and kill on", pinned->about.version);
	else
		printf(": rules %s (generation %u)",
		       tc_pinned_enforces(pinned) ? "block and kill on" : "block and kill nothing",
		       pinned->about.generation);
	if (pinned->is_orphan) {
		printf("; its journal is gone: `tocsin off --journal %s` takes them away\n",
		       pinned->about.journal);
		return;
	}
	if (pinned->is_known)
		printf("; %llu events wait for the next agent", (unsigned long long)waiting);
	if (lost)
		printf(", %llu found no room", (unsigned long long)lost);
	putchar('\n');
}

void status_print_pins(const struct status_pins *pins, bool has_agent)
{
	for (size_t i = 0; i < pins->own.n; i++)
		if (has_agent)
			printf("pins      %s: %zu programs\n", pins->own.items[i]->directory,
			       pins->own.items[i]->n_links);
		else
			print_one(pins->own.items[i]);
	for (size_t i = 0; i < pins->orphans.n; i++)
		print_one(pins->orphans.items[i]);
}

static void put_text(struct tc_json *json, const char *key, const char *text)
{
	tc_json_key(json, key);
	tc_json_bytes(json, text, strlen(text));
}

static void put_uint(struct tc_json *json, const char *key, uint64_t number)
{
	tc_json_key(json, key);
	tc_json_uint(json, number);
}

static void put_one(struct tc_json *json, const struct tc_pinned *pinned)
{
	uint64_t waiting, lost;

	tc_pinned_waiting(pinned, &waiting, &lost);
	tc_json_object_begin(json);
	put_text(json, "directory", pinned->directory);
	put_text(json, "journal", pinned->about.journal);
	tc_json_key(json, "journal_gone");
	tc_json_bool(json, pinned->is_orphan);
	put_uint(json, "programs", pinned->n_links);
	put_text(json, "version", pinned->about.version);
	tc_json_key(json, "readable");
	tc_json_bool(json, pinned->is_known);
	tc_json_key(json, "enforcing");
	tc_json_bool(json, tc_pinned_enforces(pinned));
	put_uint(json, "generation", pinned->about.generation);
	put_uint(json, "waiting", waiting);
	put_uint(json, "lost", lost);
	tc_json_object_end(json);
}

void status_put_pins(struct tc_json *json, const struct status_pins *pins)
{
	tc_json_key_literal(json, "pins");
	tc_json_array_begin(json);
	for (size_t i = 0; i < pins->own.n; i++)
		put_one(json, pins->own.items[i]);
	for (size_t i = 0; i < pins->orphans.n; i++)
		put_one(json, pins->orphans.items[i]);
	tc_json_array_end(json);
}
