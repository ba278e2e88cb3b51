/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/decode.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static int refuse(struct tc_decode_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct tc_decode_error *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->reason, sizeof(error->reason), format, args);
	va_end(args);
	return -EBADMSG;
}

/* A slot must lie behind the fixed part and inside the record, and keep no more than there was. */
static int check_slot(const struct tc_record *record, const struct tc_kind_info *kind,
		      const struct tc_member *member, struct tc_decode_error *error)
{
	const struct tc_slot *slot = (const void *)((const char *)record + member->offset);
	uint32_t end = (uint32_t)slot->offset + slot->stored;

	if (!(slot->flags & TC_SLOT_PRESENT)) {
		if (slot->stored)
			return refuse(error, "%s.%s is absent but holds %u bytes", kind->name,
				      member->member, slot->stored);
		return 0;
	}
	if (slot->offset < kind->fixed_size || end > record->size)
		return refuse(error, "%s.%s lies at %u to %u of %u bytes", kind->name,
			      member->member, slot->offset, end, record->size);
	if (slot->size < slot->stored)
		return refuse(error, "%s.%s holds %u of %u bytes", kind->name, member->member,
			      slot->stored, slot->size);
	if (tc_show_type(member->show) == TC_TYPE_LIST && slot->stored &&
	    ((const char *)record)[end - 1] != '\0')
		return refuse(error, "%s.%s does not end in NUL", kind->name, member->member);
	if (tc_show_type(member->show) == TC_TYPE_IP && slot->stored != TC_IP_BYTES)
		return refuse(error, "%s.%s has %u bytes, an address has %u", kind->name,
			      member->member, slot->stored, TC_IP_BYTES);
	return 0;
}

int tc_decode(const void *bytes, size_t size, struct tc_event *event,
	      struct tc_decode_error *ret_error)
{
	const struct tc_record *record = bytes;
	const struct tc_kind_info *kind;

	if (size < sizeof(*record))
		return refuse(ret_error, "%zu bytes are too few for a header", size);
	if (record->version != TC_RECORD_VERSION)
		return refuse(ret_error, "version %u, not %u", record->version, TC_RECORD_VERSION);
	if (record->size != size)
		return refuse(ret_error, "it says %u bytes and has %zu", record->size, size);
	kind = tc_kind_info(record->kind);
	if (!kind)
		return refuse(ret_error, "unknown kind %u", record->kind);
	if (size < kind->fixed_size)
		return refuse(ret_error, "%zu bytes are too few for %s", size, kind->name);
	if (record->error > TC_ERROR_MAX)
		return refuse(ret_error, "error %u, the largest is %u", record->error,
			      TC_ERROR_MAX);

	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_member *member = &kind->members[i];

		if (member->wire == TC_W_slot) {
			int r = check_slot(record, kind, member, ret_error);

			if (r < 0)
				return r;
		}
	}
	tc_event_reset(event, record, kind);
	return 0;
}
