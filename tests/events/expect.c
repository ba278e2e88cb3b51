/* SPDX-License-Identifier: Apache-2.0 */
/* What a check may say of records. Everything here goes by the schema's tables: no event is known
 * by name but exit. */
#include "tests/events/harness.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "agent/decode.h"
#include "tests/events/truth.h"

#define TICK_NS 10000000ULL /* USER_HZ is 100 on x86-64 */

void fail(struct run *run, const char *format, ...)
{
	va_list args;

	run->failures++;
	fputs("#   ", run->report);
	va_start(args, format);
	vfprintf(run->report, format, args);
	va_end(args);
	fputc('\n', run->report);
}

/* --- printing --- */

static void print_bytes(FILE *out, const void *bytes, uint32_t length)
{
	const unsigned char *byte = bytes;

	fputc('"', out);
	for (uint32_t i = 0; i < length; i++) {
		if (length > 600 && i == 300) {
			fprintf(out, "\"... %u more ...\"", length - 600);
			i = length - 300;
		}
		if (isprint(byte[i]) && byte[i] != '"' && byte[i] != '\\')
			fputc(byte[i], out);
		else
			fprintf(out, "\\x%02x", byte[i]);
	}
	fputc('"', out);
}

static void print_slot(FILE *out, const void *record, const struct tc_slot *slot)
{
	if (!(slot->flags & TC_SLOT_PRESENT)) {
		fprintf(out, "absent");
		return;
	}
	print_bytes(out, (const char *)record + slot->offset, slot->stored);
	fprintf(out, " (%u of %u, flags 0x%x)", slot->stored, slot->size, slot->flags);
}

static uint64_t read_number(const void *place, enum tc_wire wire)
{
	switch (wire) {
	case TC_W_u16:
		return *(const uint16_t *)place;
	case TC_W_u32:
		return *(const uint32_t *)place;
	case TC_W_s32:
		return (uint64_t)(int64_t) * (const int32_t *)place;
	case TC_W_u64:
	case TC_W_s64:
		return *(const uint64_t *)place;
	default:
		abort(); /* not a number: a mistake in a test */
	}
}

static void print_member(FILE *out, const void *record, const struct tc_member *member)
{
	const void *place = (const char *)record + member->offset;

	fprintf(out, "#     %-18s ", member->member);
	if (member->wire == TC_W_slot)
		print_slot(out, record, place);
	else if (member->wire == TC_W_comm)
		print_bytes(out, place, (uint32_t)strnlen(place, TC_COMM_MAX));
	else
		fprintf(out, "%" PRIu64 " (0x%" PRIx64 ")", read_number(place, member->wire),
			read_number(place, member->wire));
	fputc('\n', out);
}

static void dump_record(FILE *out, const struct tc_record *record)
{
	const struct tc_kind_info *kind = tc_kind_info(record->kind);
	unsigned n_header;
	const struct tc_member *header = tc_header_members(&n_header);

	fprintf(out, "#   record: %s\n", kind ? kind->name : "of an unknown kind");
	for (unsigned i = 0; i < n_header; i++)
		print_member(out, record, &header[i]);
	for (unsigned i = 0; kind && i < kind->n_members; i++)
		print_member(out, record, &kind->members[i]);
}

void dump_records(struct run *run)
{
	for (unsigned i = 0; i < run->n_records; i++)
		dump_record(run->report, run->records[i].record);
}

/* --- members --- */

static struct taken *find_taken(struct run *run, const void *record)
{
	for (unsigned i = 0; i < run->n_records; i++)
		if (run->records[i].record == record)
			return &run->records[i];
	abort(); /* not one of this run's: a mistake in a test */
}

/* The member at a place of a record, which is looked at from now on. */
static const struct tc_member *look_at(struct run *run, const void *record, const void *place)
{
	struct taken *taken = find_taken(run, record);
	const struct tc_kind_info *kind = tc_kind_info(taken->record->kind);
	size_t offset = (size_t)((const char *)place - (const char *)record);
	unsigned n_header;
	const struct tc_member *header = tc_header_members(&n_header);

	for (unsigned i = 0; i < n_header + kind->n_members; i++) {
		const struct tc_member *member =
			i < n_header ? &header[i] : &kind->members[i - n_header];

		if (member->offset == offset) {
			taken->looked_at |= 1ULL << i;
			return member;
		}
	}
	abort();
}

static const char *kind_name(const void *record)
{
	return tc_kind_info(((const struct tc_record *)record)->kind)->name;
}

void expect(struct run *run, const void *record, const void *place, uint64_t want)
{
	const struct tc_member *member = look_at(run, record, place);
	uint64_t got = read_number(place, member->wire);

	if (member->wire != TC_W_u64)
		got = (uint32_t)got, want = (uint32_t)want;
	if (got != want)
		fail(run,
		     "%s.%s: expected %" PRIu64 " (0x%" PRIx64 "), got %" PRIu64 " (0x%" PRIx64 ")",
		     kind_name(record), member->member, want, want, got, got);
}

void expect_comm(struct run *run, const void *record, const struct tc_comm *place, const char *want)
{
	const struct tc_member *member = look_at(run, record, place);

	if (strncmp(place->bytes, want, TC_COMM_MAX) != 0)
		fail(run, "%s.%s: expected \"%s\", got \"%.16s\"", kind_name(record),
		     member->member, want, place->bytes);
}

void expect_slot(struct run *run, const void *record, const struct tc_slot *place,
		 const void *bytes, uint32_t stored, uint32_t size, uint32_t flags)
{
	const struct tc_member *member = look_at(run, record, place);

	flags |= TC_SLOT_PRESENT;
	if (place->flags == flags && place->stored == stored && place->size == size &&
	    memcmp((const char *)record + place->offset, bytes, stored) == 0)
		return;
	fail(run, "%s.%s", kind_name(record), member->member);
	fprintf(run->report, "#     expected ");
	print_bytes(run->report, bytes, stored);
	fprintf(run->report, " (%u of %u, flags 0x%x)\n#     got      ", stored, size, flags);
	print_slot(run->report, record, place);
	fputc('\n', run->report);
}

void expect_text(struct run *run, const void *record, const struct tc_slot *place, const char *want)
{
	uint32_t length = (uint32_t)strlen(want);

	expect_slot(run, record, place, want, length, length, 0);
}

void expect_at(struct run *run, const void *record, const struct tc_slot *place, const char *name)
{
	expect_text(run, record, place, at(run, name));
}

void expect_absent(struct run *run, const void *record, const struct tc_slot *place)
{
	const struct tc_member *member = look_at(run, record, place);

	if (place->flags || place->stored || place->size) {
		fail(run, "%s.%s: expected none, got", kind_name(record), member->member);
		fputs("#     ", run->report);
		print_slot(run->report, record, place);
		fputc('\n', run->report);
	}
}

void expect_fact(struct run *run, const char *what, uint64_t got, uint64_t want)
{
	if (got != want)
		fail(run, "%s: expected %" PRIu64 ", got %" PRIu64, what, want, got);
}

/* --- headers --- */

static void expect_who(struct run *run, const struct tc_record *record, const struct who *who)
{
	expect(run, record, &record->tgid, who->tgid);
	expect(run, record, &record->tid, who->tid);
	expect(run, record, &record->ppid, who->ppid);
	expect(run, record, &record->uid, who->uid);
	expect(run, record, &record->euid, who->euid);
	expect(run, record, &record->egid, who->egid);
	expect(run, record, &record->mnt_ns, who->mnt_ns);
	expect(run, record, &record->pid_ns, who->pid_ns);
	expect(run, record, &record->user_ns, who->user_ns);
	expect_comm(run, record, &record->comm, who->comm);
	look_at(run, record, &record->start_ns);
	if (record->start_ns / TICK_NS != who->start_ticks)
		fail(run, "%s.start_ns: expected tick %" PRIu64 ", got %" PRIu64 " ns",
		     kind_name(record), who->start_ticks, (uint64_t)record->start_ns);
}

void expect_header(struct run *run, const void *bytes, const struct who *who, int syscall,
		   uint32_t flags)
{
	const struct tc_record *record = bytes;

	expect_who(run, record, who);
	expect(run, record, &record->cgroup_id, run->cgroup_id);
	expect(run, record, &record->syscall, (uint64_t)(int64_t)syscall);
	expect(run, record, &record->flags, flags);
	expect(run, record, &record->version, TC_RECORD_VERSION);
	expect(run, record, &record->rule, 0);
	expect(run, record, &record->verdict, TC_VERDICT_NONE);
	expect(run, record, &record->error, 0);
	expect(run, record, &record->generation, 0);
	look_at(run, record, &record->kind); /* by take() */
	look_at(run, record, &record->size); /* by expect_layout() */
	look_at(run, record, &record->seq);  /* by expect_all() */
	look_at(run, record, &record->cpu);
	look_at(run, record, &record->time_ns);
}

uint32_t path_flags(const struct run *run)
{
	return run->fallback ? TC_RECORD_FALLBACK | TC_RECORD_CALLER : 0;
}

uint32_t descriptor_flags(const struct run *run)
{
	return run->fallback ? TC_RECORD_FALLBACK : 0;
}

/* --- taking --- */

const void *take_of(struct run *run, enum tc_kind kind, uint32_t tgid)
{
	for (unsigned i = 0; i < run->n_records; i++) {
		struct taken *taken = &run->records[i];

		if (taken->taken || taken->record->kind != kind ||
		    (tgid && taken->record->tgid != tgid))
			continue;
		taken->taken = true;
		return taken->record;
	}
	fail(run, "no event: %s%s", tc_kind_info(kind)->name, tgid ? " of that process" : "");
	return NULL;
}

const void *take_kind(struct run *run, enum tc_kind kind)
{
	return take_of(run, kind, 0);
}

unsigned pass_over(struct run *run, enum tc_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < run->n_records; i++) {
		struct taken *taken = &run->records[i];

		if (!taken->taken && taken->record->kind == kind) {
			taken->taken = true;
			taken->looked_at = UINT64_MAX;
			n++;
		}
	}
	return n;
}

/* --- what holds for all records --- */

/* The slots' bytes lie behind the fixed part, without gaps, overlaps or bytes that belong to none.
 */
static void expect_layout(struct run *run, const struct tc_record *record)
{
	const struct tc_kind_info *kind = tc_kind_info(record->kind);
	uint32_t held = 0;

	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_slot *slot =
			(const void *)((const char *)record + kind->members[i].offset);

		if (kind->members[i].wire != TC_W_slot)
			continue;
		held += slot->stored;
		if (!!(slot->flags & TC_SLOT_CUT) != (slot->size > slot->stored) &&
		    !(slot->flags & TC_SLOT_UNREADABLE))
			fail(run, "%s.%s: %u of %u bytes, but flags 0x%x", kind->name,
			     kind->members[i].member, slot->stored, slot->size, slot->flags);
	}
	if (record->size != kind->fixed_size + held)
		fail(run, "%s: %u bytes, of which the members hold %u and the slots %u", kind->name,
		     record->size, kind->fixed_size, held);
}

static void expect_members(struct run *run, const struct taken *taken)
{
	const struct tc_kind_info *kind = tc_kind_info(taken->record->kind);
	unsigned n_header;
	const struct tc_member *header = tc_header_members(&n_header);

	for (unsigned i = 0; i < n_header + kind->n_members; i++)
		if (!(taken->looked_at & 1ULL << i))
			fail(run, "the test does not look at %s.%s", kind->name,
			     i < n_header ? header[i].member : kind->members[i - n_header].member);
}

void expect_end(struct run *run, const struct who *who, uint32_t status)
{
	const struct tc_exit *record = take_of(run, TC_KIND_exit, who->tgid);

	if (!record)
		return;
	expect_header(run, record, who, SYS_exit_group, 0);
	expect(run, record, &record->status, status);
	expect(run, record, &record->signal, 0);
}

static bool exit_is_taken(const struct run *run)
{
	for (unsigned i = 0; i < run->n_records; i++)
		if (run->records[i].taken && run->records[i].record->kind == TC_KIND_exit &&
		    run->records[i].record->tgid == (uint32_t)run->child)
			return true;
	return false;
}

void expect_all(struct run *run)
{
	/* The end of the child itself, when the test is not about it. */
	if (run->outside)
		return;
	if (!exit_is_taken(run) && !WIFEXITED(run->status))
		fail(run, "the child was killed by signal %d", WTERMSIG(run->status));
	else if (!exit_is_taken(run))
		expect_end(run, &run->notes->self, (uint32_t)WEXITSTATUS(run->status));
	for (unsigned i = 0; i < run->n_records; i++) {
		const struct taken *taken = &run->records[i];
		const struct tc_record *record = taken->record;

		if (record->time_ns < run->before_ns || record->time_ns > run->after_ns)
			fail(run, "%s.time_ns: %" PRIu64 " is not between %" PRIu64 " and %" PRIu64,
			     kind_name(record), (uint64_t)record->time_ns, run->before_ns,
			     run->after_ns);
		if (record->cpu >= (uint32_t)sysconf(_SC_NPROCESSORS_CONF))
			fail(run, "%s.cpu: there is no %u", kind_name(record), record->cpu);
		expect_layout(run, record);
		if (taken->taken)
			expect_members(run, taken);
		else
			fail(run, "an event that nobody expects: %s", kind_name(record));
	}
}
