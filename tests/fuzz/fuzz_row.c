/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the JSON of a row of a journal that somebody else wrote: told in every format, and read
 * back as an event. The first bytes say what else the row holds. */
#include <string.h>

#include "agent/author.h"
#include "documents.h"
#include "fuzz.h"
#include "judge.h"
#include "rules/test/stated.h"

static const char *const strings[] = {NULL, "", "a", "a|b=c\\d\n\xff", "host", "loss", "exec"};

static const char *take_string(struct fuzz_input *input)
{
	return strings[fuzz_below(input, sizeof(strings) / sizeof(strings[0]))];
}

/* As `tocsin explain --event` does. */
static void read_back(const char *json, size_t length)
{
	static struct tc_author *author;
	struct tc_diagnostics diagnostics = {0};
	struct tc_source *source = NULL;
	struct tc_stated_event stated;
	struct tc_arena arena = {0};
	struct tc_yaml *documents;

	fuzz_need(author || tc_author_new(&author) == 0);
	fuzz_need(tc_author_begin(author) == 0);
	fuzz_need(tc_source_from_bytes("fuzz.json", json, length, &source) == 0);
	if (tc_yaml_read(source, &arena, &diagnostics, &documents) == 0 && documents->first &&
	    tc_stated_alert_read(documents->first, &arena, &diagnostics, &stated) == 0) {
		struct tc_author_fault fault;
		struct tc_event *event;
		int r = tc_author_tell(author, stated.kind, stated.statements, stated.n, &event,
				       &fault);

		if (r == 0) {
			fuzz_tell(event, NULL);
			tc_author_settle(author);
		} else {
			tc_stated_event_report(&stated, &fault, &diagnostics);
		}
	}
	fuzz_print(&diagnostics);
	tc_source_free(source);
	tc_arena_done(&arena);
	tc_diagnostics_done(&diagnostics);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = {bytes, size};
	struct tc_journal_row row = {
		.seq = fuzz_byte(&input),
		.time_ns = (uint64_t)fuzz_byte(&input) << 56,
		.priority = (enum tc_priority)fuzz_below(&input, TC_PRIORITY_MAX),
	};
	char *json;

	row.uuid = take_string(&input);
	row.rule = take_string(&input);
	row.kind = take_string(&input);
	row.output = take_string(&input);
	json = malloc(input.left + 1);
	fuzz_need(json);
	memcpy(json, input.at, input.left);
	json[input.left] = '\0';
	row.json = json;
	fuzz_format(&row);
	read_back(json, input.left);
	free(json);
	return 0;
}
