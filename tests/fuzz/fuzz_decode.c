/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records as rings or a recording may hold them, one after the other, on a host of which nothing is
 * known: decoded, enriched, every field looked at, and told as alerts in every format.
 *
 * Before each record are two bytes, its length (little-endian). Size and version in its header are
 * made to be right unless the highest bit of the length is set, so that what changes lengths still
 * gets behind the decoder.
 */
#include <string.h>

#include "agent/decode.h"
#include "agent/enrich/world.h"
#include "agent/value.h"
#include "documents.h"
#include "fuzz.h"
#include "rules/ruleset.h"

#define AS_IT_IS 0x8000
/* Fields that one output names: so many that each record is told quickly. */
#define FIELDS_MAX 32

/* Rules whose outputs, together, name all fields. */
static struct tc_ruleset *make_rules(void)
{
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	struct tc_buffer yaml = {0};

	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);

		if (id % FIELDS_MAX == 0)
			tc_buffer_printf(&yaml,
					 "%s- rule: r%u\n  desc: d\n  priority: INFO\n"
					 "  tags: [T1059.004, host]\n"
					 "  condition: evt.num exists\n  output: \"",
					 id ? "\"\n" : "", id);
		if (!tc_field_is_family(field))
			tc_buffer_printf(&yaml, " %%%s%s", field->name,
					 field->flags & TC_FIELD_INDEXED ? "[1]" : "");
	}
	tc_buffer_add_string(&yaml, "\"\n");
	fuzz_need(tc_ruleset_examine_bytes("fuzz.yaml", yaml.bytes, yaml.length, &diagnostics,
					   &set) == 0);
	if (diagnostics.errors)
		tc_diagnostics_print(&diagnostics, stderr, false);
	fuzz_need(diagnostics.errors == 0 && tc_ruleset_count(set));
	tc_diagnostics_done(&diagnostics);
	tc_buffer_done(&yaml);
	return set;
}

static void look_at_all(struct tc_event *event)
{
	struct tc_buffer text = {0};
	struct tc_value value;

	for (unsigned id = 0; id < tc_field_count(); id++) {
		const struct tc_field *field = tc_field_at(id);

		tc_event_get(event, field, -1, &value);
		tc_value_print(&text, &value, field->show);
		if (field->flags & TC_FIELD_INDEXED)
			tc_event_get(event, field, 2, &value);
		tc_buffer_reset(&text);
	}
	tc_buffer_done(&text);
}

static void feed(struct tc_world *world, struct tc_event *event, const struct tc_ruleset *rules,
		 const void *record, size_t size)
{
	struct tc_decode_error error;

	if (tc_decode(record, size, event, &error) < 0)
		return;
	fuzz_need(tc_world_enrich(world, event) == 0);
	look_at_all(event);
	fuzz_tell(event, NULL);
	/* Any, but the same for the same record. */
	fuzz_tell(event, tc_ruleset_at(rules, event->record->time_ns % tc_ruleset_count(rules)));
	tc_world_settle(world, event);
}

/* The next record, aligned, and with an end that the sanitizer knows. To be freed. */
static void *take_record(struct fuzz_input *input, size_t *ret_size)
{
	unsigned length = fuzz_byte(input);
	struct tc_record *record;
	size_t size;

	length |= (unsigned)fuzz_byte(input) << 8;
	size = length & ~AS_IT_IS;
	if (size > input->left)
		size = input->left;
	record = malloc(size ? size : 1);
	fuzz_need(record);
	if (size)
		memcpy(record, input->at, size);
	input->at += size;
	input->left -= size;
	if (!(length & AS_IT_IS) && size >= sizeof(*record)) {
		record->size = (uint32_t)size;
		record->version = TC_RECORD_VERSION;
	}
	*ret_size = size;
	return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct tc_ruleset *rules;
	struct fuzz_input input = {bytes, size};
	struct tc_event event;
	struct tc_world world;

	if (!rules)
		rules = make_rules();
	fuzz_need(tc_world_init(&world) == 0 && tc_event_init(&event) == 0);
	while (input.left) {
		size_t length;
		void *record = take_record(&input, &length);

		feed(&world, &event, rules, record, length);
		free(record);
	}
	tc_event_done(&event);
	tc_world_done(&world);
	return 0;
}
