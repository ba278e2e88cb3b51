/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/audit_verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verifier {
	const char *directory;
	const struct tc_audit_claims *claims; /* NULL: none */
	struct tc_audit_files files;
	struct tc_audit_verification *told;

	/* Of the segment that is looked at. */
	char path[PATH_MAX];
	bool is_last;
	bool has_place; /* its header is whole */
	struct tc_audit_place place;
	struct tc_hash hash;
	enum tc_recording_end end;
	struct tc_recording_fault fault; /* `end` is DAMAGED */

	uint64_t header_taken; /* what the last header that can be read says of retention */

	/* Of the one before it. */
	uint64_t before; /* its number; 0: there is none */
	uint64_t run;	 /* that it was part of */
	struct tc_hash hash_before;
};

int tc_audit_claims_append(struct tc_audit_claims *claims, const struct tc_audit_claim *claim)
{
	if (claims->count == claims->room) {
		size_t room = claims->room ? 2 * claims->room : 64;
		struct tc_audit_claim *items = realloc(claims->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		claims->items = items;
		claims->room = room;
	}
	claims->items[claims->count++] = *claim;
	return 0;
}

void tc_audit_claims_done(struct tc_audit_claims *claims)
{
	free(claims->items);
	*claims = (struct tc_audit_claims){0};
}

/* The first finding stays. */
static void find(struct verifier *verifier, uint64_t segment, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void find(struct verifier *verifier, uint64_t segment, const char *format, ...)
{
	struct tc_audit_verification *told = verifier->told;
	va_list args;

	if (told->message[0])
		return;
	told->segment = segment;
	va_start(args, format);
	vsnprintf(told->message, sizeof(told->message), format, args);
	va_end(args);
}

static void find_missing(struct verifier *verifier, uint64_t first, uint64_t last, const char *why)
{
	if (first == last)
		find(verifier, first, "segment %" PRIu64 " is missing: %s", first, why);
	else
		find(verifier, first, "segments %" PRIu64 " to %" PRIu64 " are missing: %s", first,
		     last, why);
}

/* --- one segment --- */

static void look_at_records(struct verifier *verifier, struct tc_recording *recording)
{
	const struct tc_named_list *header = tc_recording_header(recording);
	const uint64_t offset_ns = tc_named_number(header, "real_minus_boot_ns", 0);
	struct tc_audit_verification *told = verifier->told;
	uint64_t until_ns = tc_named_number(header, "now_ns", 0);
	struct tc_entry entry;

	if (!told->since_ns)
		told->since_ns = until_ns + offset_ns;
	while (tc_recording_next(recording, &entry, &verifier->fault) > 0) {
		const struct tc_record *record = entry.bytes;

		if (entry.type != TC_ENTRY_RECORD)
			continue;
		told->records++;
		if (entry.size >= sizeof(*record) && record->time_ns > until_ns)
			until_ns = record->time_ns;
	}
	told->until_ns = until_ns + offset_ns;
	verifier->end = tc_recording_end(recording);
}

/* False: it cannot be read, which was told. */
static bool look_into(struct verifier *verifier, const struct tc_audit_file *file)
{
	struct tc_recording *recording;
	int error;

	verifier->place = (struct tc_audit_place){0};
	verifier->has_place = false;
	tc_audit_path(verifier->directory, file->number, verifier->path);
	error = tc_audit_hash_file(verifier->path, &verifier->hash);
	if (error == 0)
		error = tc_recording_open_file(verifier->path, &recording, &verifier->fault);
	/* Its header did not reach the disk: the segment is torn before its first block. */
	if (error == -EBADMSG && verifier->fault.is_cut) {
		verifier->end = TC_RECORDING_DAMAGED;
		return true;
	}
	if (error < 0) {
		/* Retention may have taken it since the directory was read. */
		verifier->told->may_pass |= error == -ENOENT && !verifier->told->message[0];
		find(verifier, file->number, "segment %" PRIu64 " cannot be read: %s", file->number,
		     error == -EBADMSG ? verifier->fault.reason : strerror(-error));
		return false;
	}
	tc_audit_place_get(tc_recording_header(recording), &verifier->place);
	verifier->has_place = true;
	look_at_records(verifier, recording);
	tc_recording_close(recording);
	return true;
}

/* Files that are missing before this one. */
static void check_number(struct verifier *verifier, uint64_t number)
{
	const uint64_t taken_until = verifier->told->taken_until;
	uint64_t wanted = (verifier->before > taken_until ? verifier->before : taken_until) + 1;

	if (verifier->has_place && verifier->place.segment != number) {
		find(verifier, number, "segment %" PRIu64 " says that it is number %" PRIu64,
		     number, verifier->place.segment);
		return;
	}
	if (wanted >= number)
		return;
	if (number - 1 > verifier->header_taken) {
		find_missing(verifier, wanted, number - 1, "not by retention");
		return;
	}
	/* The agent tells the journal when it has removed them. */
	verifier->told->may_pass |= !verifier->told->message[0];
	find_missing(verifier, wanted, number - 1,
		     "the journal does not know that retention took them");
}

/* Whether the segment before is what this one says of it. */
static void check_previous(struct verifier *verifier, uint64_t number)
{
	const struct tc_audit_place *place = &verifier->place;

	if (verifier->before + 1 != number || !place->has_previous)
		return;
	if (memcmp(&place->previous, &verifier->hash_before, sizeof(place->previous)) != 0)
		find(verifier, verifier->before,
		     "segment %" PRIu64 " is not what it was when the next one began",
		     verifier->before);
}

static const struct tc_audit_claim *claim_of(const struct verifier *verifier, uint64_t number)
{
	const struct tc_audit_claims *claims = verifier->claims;

	for (size_t i = claims ? claims->count : 0; i--;)
		if (claims->items[i].ended == number && claims->items[i].has_hash)
			return &claims->items[i];
	return NULL;
}

static void check_claim(struct verifier *verifier, uint64_t number)
{
	const struct tc_audit_claim *claim = claim_of(verifier, number);

	if (claim && memcmp(&claim->hash, &verifier->hash, sizeof(claim->hash)) != 0)
		find(verifier, number,
		     "segment %" PRIu64 " is not what it was when the journal was told of its end",
		     number);
}

/* Of one behind which another begins the hash says whether its end was such then. */
static void check_end(struct verifier *verifier, uint64_t number)
{
	const struct tc_recording_fault *fault = &verifier->fault;

	if (verifier->is_last && verifier->end != TC_RECORDING_WHOLE)
		verifier->told->is_open = true;
	if (verifier->end != TC_RECORDING_DAMAGED)
		return;
	if (!fault->is_cut)
		find(verifier, number,
		     "segment %" PRIu64 " is damaged at byte %" PRIu64 ", behind %" PRIu64
		     " whole blocks: %s",
		     number, fault->offset, fault->block, fault->reason);
	else if (!verifier->is_last)
		verifier->told->torn++;
}

static void look_at(struct verifier *verifier, size_t index)
{
	const struct tc_audit_file *file = &verifier->files.items[index];
	struct tc_audit_verification *told = verifier->told;

	verifier->is_last = index + 1 == verifier->files.count;
	told->bytes += file->bytes;
	if (!look_into(verifier, file))
		return;
	check_number(verifier, file->number);
	check_previous(verifier, file->number);
	check_claim(verifier, file->number);
	check_end(verifier, file->number);
	if (verifier->has_place && verifier->place.first_segment != verifier->run)
		told->beginnings++;
	verifier->run = verifier->place.first_segment;
	verifier->before = file->number;
	verifier->hash_before = verifier->hash;
}

/* --- all of them --- */

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Whoever writes a header of the last segment could say that retention took what he removed: where
 * there are claims, they must say it, too. */
static void find_taken(struct verifier *verifier)
{
	const struct tc_audit_claims *claims = verifier->claims;
	uint64_t taken = tc_audit_files_taken(verifier->directory, &verifier->files), claimed = 0;

	for (size_t i = 0; claims && i < claims->count; i++)
		claimed = larger(claimed, claims->items[i].taken_until);
	verifier->header_taken = taken;
	verifier->told->taken_until = claims && claims->count && claimed < taken ? claimed : taken;
}

/* Segments that the journal knows, and that are not there. */
static void check_missing(struct verifier *verifier)
{
	const struct tc_audit_claims *claims = verifier->claims;
	uint64_t last = 0, taken = 0;

	for (size_t i = 0; claims && i < claims->count; i++) {
		last = larger(last, larger(claims->items[i].began, claims->items[i].ended));
		taken = larger(taken, claims->items[i].taken_until);
	}
	taken = larger(taken, verifier->told->last);
	if (last > taken)
		find_missing(verifier, taken + 1, last, "the journal knows of it");
}

/* Numbers go on from start to start: only who removes the log makes it begin with 1 again. */
static void check_beginnings(struct verifier *verifier)
{
	const struct tc_audit_claims *claims = verifier->claims;
	uint64_t last = 0;

	for (size_t i = 0; claims && i < claims->count; i++) {
		uint64_t began = claims->items[i].began;

		if (began && began <= last)
			find(verifier, began,
			     "the log began anew with segment %" PRIu64
			     ": the journal knows of %" PRIu64 " before it",
			     began, last);
		last = larger(last, began);
	}
}

static void look_at_all(struct verifier *verifier)
{
	const struct tc_audit_files *files = &verifier->files;
	struct tc_audit_verification *told = verifier->told;

	if (files->count) {
		told->first = files->items[0].number;
		told->last = files->items[files->count - 1].number;
	}
	told->segments = files->count;
	find_taken(verifier);
	check_beginnings(verifier);
	for (size_t i = 0; i < files->count; i++)
		look_at(verifier, i);
	check_missing(verifier);
	told->head = verifier->hash;
}

int tc_audit_verify(const char *directory, const struct tc_audit_claims *claims,
		    struct tc_audit_verification *ret_verification)
{
	struct tc_audit_verification told = {0};
	struct verifier verifier = {.directory = directory, .claims = claims, .told = &told};
	bool has_claims = claims && claims->count;
	int error = tc_audit_files_list(directory, &verifier.files);

	/* A log that is not there any more is one whose segments are missing. */
	if (error < 0 && !(error == -ENOENT && has_claims))
		return error;
	if (!verifier.files.count && !has_claims)
		return -ENODATA;
	look_at_all(&verifier);
	tc_audit_files_done(&verifier.files);
	*ret_verification = told;
	return 0;
}
