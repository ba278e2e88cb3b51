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
	if (!pinned->is_known) {
		printf(", tocsin %s: rules may block and kill on\n", pinned->about.version);
		return;
	}
	printf(": rules %s (generation %u); %llu events wait for the next agent",
	       tc_pinned_enforces(pinned) ? "block and kill on" : "block and kill nothing",
	       pinned->about.generation, (unsigned long long)(waiting - lost));
	if (lost)
		printf(", %llu found no room", (unsigned long long)lost);
	putchar('\n');
}

void status_print_pins(const struct tc_pinned_list *list, bool has_agent)
{
	for (size_t i = 0; i < list->n; i++)
		if (has_agent)
			printf("pins      %s: %zu programs\n", list->items[i]->directory,
			       list->items[i]->n_links);
		else
			print_one(list->items[i]);
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
	put_uint(json, "programs", pinned->n_links);
	put_text(json, "version", pinned->about.version);
	tc_json_key(json, "readable");
	tc_json_bool(json, pinned->is_known);
	tc_json_key(json, "enforcing");
	tc_json_bool(json, tc_pinned_enforces(pinned));
	put_uint(json, "generation", pinned->about.generation);
	put_uint(json, "waiting", waiting - lost);
	put_uint(json, "lost", lost);
	tc_json_object_end(json);
}

void status_put_pins(struct tc_json *json, const struct tc_pinned_list *list)
{
	tc_json_key_literal(json, "pins");
	tc_json_array_begin(json);
	for (size_t i = 0; i < list->n; i++)
		put_one(json, list->items[i]);
	tc_json_array_end(json);
}
