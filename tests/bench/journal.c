/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts per second into the journal, formatting included: bench_journal [-f] [ROWS [BATCH
 * [DIRECTORY]]]. The event is an exec with path, arguments and working directory, of a process of
 * which no more is known; -f: as full as they get, with what the agent's tables know of a process,
 * its parent, its users and its container in a pod.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/author.h"
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

#define N_TOLD 7

/* What every alert is about. Of the event only its values are made anew for each. */
struct subject {
	struct tc_event event;
	struct tc_author *author;
	struct tc_statement told[N_TOLD];
	size_t n_told;
	_Alignas(8) char bytes[TC_RECORD_MAX];
};

static int make_plain(struct subject *subject)
{
	static const char arguments[] =
		"curl\0-s\0-o\0/tmp/payload.bin\0https://example.org/payload.bin";
	struct tc_exec *exec = (struct tc_exec *)subject->bytes;

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
	subject->event.kind = tc_kind_info(TC_KIND_exec);
	return 0;
}

static struct tc_statement state(const char *field, const char *text)
{
	uint32_t length = (uint32_t)strlen(text);

	return (struct tc_statement){
		.field = tc_field_by_name(field, strlen(field)),
		.index = -1,
		.value = {.type = TC_TYPE_STRING, .bytes = text, .length = length, .size = length}};
}

static int make_full(struct subject *subject)
{
	const struct tc_statement statements[] = {
		state("proc.exepath", "/usr/bin/curl"),
		state("proc.cmdline",
		      "curl -s -o /tmp/payload.bin https://example.org/payload.bin"),
		state("proc.cwd", "/srv/www/example.org"),
		state("proc.pexepath", "/usr/bin/dash"),
		state("proc.pcmdline", "sh -c /srv/www/example.org/cgi-bin/fetch"),
		state("container.id", "3ad7b26ded6d"),
		state("container.runtime", "containerd"),
	};
	/* What the tables of an author do not know. */
	const struct tc_statement told[N_TOLD] = {
		state("user.name", "www-data"),
		state("group.name", "www-data"),
		state("container.name", "web"),
		state("container.image.repository", "registry.example.org/shop/web"),
		state("container.image.tag", "2026.11.3"),
		state("k8s.ns.name", "shop"),
		state("k8s.pod.name", "web-5d78c9869d-x7k2p"),
	};
	struct tc_author_fault fault = {0};
	struct tc_event *event;

	if (tc_author_new(&subject->author) ||
	    tc_author_tell(subject->author, tc_kind_info(TC_KIND_exec), statements,
			   sizeof(statements) / sizeof(statements[0]), &event, &fault)) {
		fprintf(stderr, "%s\n", fault.message);
		return -1;
	}
	memcpy(subject->bytes, event->record, event->record->size);
	memcpy(subject->told, told, sizeof(told));
	subject->n_told = N_TOLD;
	subject->event.kind = event->kind;
	subject->event.process = event->process;
	subject->event.cgroup = event->cgroup;
	subject->event.world = event->world;
	return 0;
}

/* An alert like the others, but for its process and its time. */
static int add_alert(struct tc_journal *journal, struct subject *subject,
		     const struct tc_rule *rule, unsigned long i)
{
	struct tc_record *record = (struct tc_record *)subject->bytes;
	struct tc_event *event = &subject->event, before = *event;
	struct tc_alert alert = {.time_ns = 1714557600000000000 + i * 1000,
				 .hostname = "host.example.org",
				 .rule = rule,
				 .event = event};

	record->seq = i;
	record->tgid = (uint32_t)(i % 32768);
	tc_event_reset(event, record, before.kind);
	event->process = before.process;
	event->cgroup = before.cgroup;
	event->world = before.world;
	for (size_t told = 0; told < subject->n_told; told++)
		tc_event_set(event, subject->told[told].field, -1, &subject->told[told].value);
	return tc_uuid_make(alert.time_ns, alert.uuid) ?: tc_journal_add(journal, &alert);
}

int main(int argc, char **argv)
{
	bool full = argc > 1 && strcmp(argv[1], "-f") == 0;
	char **words = argv + 1 + full;
	int n_words = argc - 1 - full;
	unsigned long rows = n_words > 0 ? strtoul(words[0], NULL, 10) : 1000000;
	unsigned long batch = n_words > 1 ? strtoul(words[1], NULL, 10) : 1000;
	static struct subject subject;
	struct tc_ruleset *rules = load_rule();
	struct tc_journal *journal;
	char path[256];

	snprintf(path, sizeof(path), "%s/bench-journal-%d.db", n_words > 2 ? words[2] : ".",
		 (int)getpid());
	if (tc_event_init(&subject.event) || (full ? make_full : make_plain)(&subject) ||
	    tc_journal_open(path, &journal))
		return 1;

	double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned long i = 1; i <= rows; i++)
		if (add_alert(journal, &subject, tc_ruleset_at(rules, 0), i) ||
		    (i % batch == 0 && tc_journal_flush(journal)))
			return 1;
	tc_journal_close(journal);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("%lu alerts in batches of %lu: %.0f alerts/s, %.2f CPU seconds per million\n", rows,
	       batch, (double)rows / wall, cpu / (double)rows * 1e6);

	unlink(path);
	strcat(path, ".lock");
	unlink(path);
	tc_event_done(&subject.event);
	tc_author_free(subject.author);
	tc_ruleset_free(rules);
	return 0;
}
