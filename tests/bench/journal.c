/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts per second into the journal, formatting included: bench_journal [ROWS [BATCH
 * [DIRECTORY]]]. The event is an exec with path, arguments and working directory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/decode.h"
#include "output/journal.h"
#include "output/uuid.h"

static const char rule_text[] =
	"- rule: Program started\n"
	"  desc: every exec\n"
	"  condition: evt.kind = exec\n"
	"  output: \"program %proc.exepath started with %proc.argv by %user.uid\"\n"
	"  priority: NOTICE\n"
	"  tags: [process, bench]\n";

static struct tc_ruleset *load_rule(void)
{
	char path[] = "/tmp/tocsin-bench-XXXXXX.yaml";
	const char *paths[] = {path};
	struct tc_diagnostics diagnostics = {0};
	struct tc_ruleset *set = NULL;
	int fd = mkstemps(path, 5);

	if (fd < 0 || write(fd, rule_text, strlen(rule_text)) < 0 ||
	    tc_ruleset_load(paths, 1, &diagnostics, &set)) {
		tc_diagnostics_print(&diagnostics, stderr, false);
		exit(1);
	}
	close(fd);
	unlink(path);
	tc_diagnostics_done(&diagnostics);
	return set;
}

static void add_slot(struct tc_record *record, struct tc_slot *slot, const char *bytes,
		     size_t length)
{
	*slot = (struct tc_slot){.size = (uint32_t)length,
				 .offset = (uint16_t)record->size,
				 .stored = (uint16_t)length,
				 .flags = TC_SLOT_PRESENT};
	memcpy((char *)record + record->size, bytes, length);
	record->size += (uint32_t)length;
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static const char arguments[] =
		"curl\0-s\0-o\0/tmp/payload.bin\0https://example.org/payload.bin";
	static _Alignas(8) char bytes[TC_RECORD_MAX];
	unsigned long rows = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	unsigned long batch = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
	struct tc_ruleset *rules = load_rule();
	struct tc_exec *exec = (struct tc_exec *)bytes;
	struct tc_journal *journal;
	struct tc_event event;
	char path[256];

	snprintf(path, sizeof(path), "%s/bench-journal-%d.db", argc > 3 ? argv[3] : ".",
		 (int)getpid());
	exec->header = (struct tc_record){.kind = TC_KIND_exec,
					  .version = TC_RECORD_VERSION,
					  .size = sizeof(*exec),
					  .tgid = 4711,
					  .cgroup_id = 1234,
					  .start_ns = 123456789,
					  .comm = {"curl"}};
	add_slot(&exec->header, &exec->exe, "/usr/bin/curl", 13);
	add_slot(&exec->header, &exec->argv, arguments, sizeof(arguments));
	add_slot(&exec->header, &exec->cwd, "/srv/www/example.org", 20);
	if (tc_event_init(&event) || tc_journal_open(path, &journal))
		return 1;

	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned long i = 1; i <= rows; i++) {
		struct tc_alert alert = {.time_ns = 1714557600000000000 + i * 1000,
					 .hostname = "host.example.org",
					 .rule = tc_ruleset_at(rules, 0),
					 .event = &event};

		exec->header.seq = i;
		exec->header.tgid = (uint32_t)(i % 32768);
		tc_event_reset(&event, &exec->header, tc_kind_info(TC_KIND_exec));
		if (tc_uuid_make(alert.time_ns, alert.uuid) || tc_journal_add(journal, &alert) ||
		    (i % batch == 0 && tc_journal_flush(journal)))
			return 1;
	}
	tc_journal_close(journal);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%lu alerts in batches of %lu: %.0f alerts/s, %.2f CPU seconds per million\n", rows,
	       batch, (double)rows / wall, cpu / (double)rows * 1e6);

	unlink(path);
	strcat(path, ".lock");
	unlink(path);
	tc_event_done(&event);
	tc_ruleset_free(rules);
	return 0;
}
