/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/status_enforce.h"

#include <json.h>
#include <stdio.h>
#include <string.h>

#include "agent/cmd/control.h"
#include "output/format/colour.h"
#include "output/format/table.h"
#include "output/format/text.h"

enum { CELL_RULE, CELL_ACTION, CELL_NOW, CELL_STOPPED, CELL_WHY };

static const struct tc_table_column columns_of_rules[] = {
	[CELL_RULE] = {"RULE", 24, 12, false},	     [CELL_ACTION] = {"ASKS", 5, 5, false},
	[CELL_NOW] = {"NOW", 6, 6, false},	     [CELL_STOPPED] = {"STOPPED", 8, 0, false},
	[CELL_WHY] = {"WHY NOT MORE", 40, 0, false},
};

static void print_rule(struct tc_table *table, struct json_object *rule)
{
	_cleanup_buffer_ struct tc_buffer name = {0}, why = {0};
	const char *now = control_text(rule, "now"), *action = control_text(rule, "action");
	const char *cells[] = {
		[CELL_RULE] = NULL, [CELL_ACTION] = action,
		[CELL_NOW] = now,   [CELL_STOPPED] = control_text(rule, "stopped"),
		[CELL_WHY] = NULL,
	};

	tc_text_sanitize(&name, control_text(rule, "rule"), strlen(control_text(rule, "rule")));
	tc_text_sanitize(&why, control_text(rule, "why"), strlen(control_text(rule, "why")));
	cells[CELL_RULE] = name.bytes;
	cells[CELL_WHY] = why.bytes;
	tc_table_row(table, cells, "\033[33m",
		     strncmp(now, action, strlen(action)) == 0 ? CELL_WHY : CELL_NOW);
}

static void print_undecided(struct json_object *standing)
{
	struct json_object *undecided = NULL;

	if (!json_object_object_get_ex(standing, "undecided", &undecided))
		return;
	json_object_object_foreach(undecided, reason, count)
	{
		if (json_object_get_int64(count))
			printf("undecided %s decisions could not be made in the kernel (%s)\n",
			       json_object_get_string(count), reason);
	}
}

void status_print_enforcement(struct json_object *standing, unsigned columns, bool colour)
{
	struct json_object *rules = NULL, *trial = NULL;
	struct tc_table table;
	size_t n;

	if (!standing)
		return;
	printf("mode      %s: %s", control_text(standing, "state"),
	       control_text(standing, "reason"));
	if (json_object_object_get_ex(standing, "trial_ends", &trial) && trial)
		printf(" (ends %s)", json_object_get_string(trial));
	printf("\nrules     %s in force, generation %s\n", control_text(standing, "rules"),
	       control_text(standing, "generation"));
	print_undecided(standing);
	n = json_object_object_get_ex(standing, "enforcing_rules", &rules)
		    ? json_object_array_length(rules)
		    : 0;
	if (!n)
		return;
	tc_table_init(&table, stdout, columns_of_rules,
		      sizeof(columns_of_rules) / sizeof(columns_of_rules[0]), columns, colour);
	for (size_t i = 0; i < n; i++)
		print_rule(&table, json_object_array_get_idx(rules, i));
	tc_table_done(&table);
	putchar('\n');
}

void status_put_enforcement(struct tc_json *json, struct json_object *standing)
{
	const char *text =
		standing ? json_object_to_json_string_ext(standing, JSON_C_TO_STRING_PLAIN) : NULL;

	tc_json_key_literal(json, "enforcement");
	if (text)
		tc_json_raw(json, text, strlen(text));
	else
		tc_json_null(json);
}
