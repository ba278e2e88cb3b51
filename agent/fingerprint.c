/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fingerprint.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/schema.h"
#include "settings.h"

/* FNV-1a, 64 bits (RFC 9923): nobody is to be kept from forging one. */
#define OFFSET_BASIS 0xcbf29ce484222325ULL
#define PRIME 0x100000001b3ULL

static void add_bytes(uint64_t *hash, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < length; i++)
		*hash = (*hash ^ byte[i]) * PRIME;
}

static void add_number(uint64_t *hash, uint64_t number)
{
	add_bytes(hash, &number, sizeof(number));
}

static void add_members(uint64_t *hash, const struct tc_member *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add_bytes(hash, members[i].member, strlen(members[i].member) + 1);
		add_number(hash, members[i].wire);
		add_number(hash, members[i].offset);
	}
}

void tc_fingerprint(char ret_text[TC_FINGERPRINT_BYTES])
{
	static const size_t sizes[] = {
		TC_SHARED_VERSION,	    TC_RECORD_VERSION,
		sizeof(struct tc_controls), sizeof(struct tc_ring_state),
		sizeof(struct tc_record),   TC_LOSS_RING_MAX,
	};
	uint64_t hash = OFFSET_BASIS;
	unsigned n_members;
	const struct tc_member *members = tc_header_members(&n_members);

	add_bytes(&hash, sizes, sizeof(sizes));
	add_members(&hash, members, n_members);
	for (uint32_t kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info || info->traits & TC_TRAIT_AGENT)
			continue;
		add_number(&hash, kind);
		add_number(&hash, info->fixed_size);
		add_members(&hash, info->members, info->n_members);
	}
	snprintf(ret_text, TC_FINGERPRINT_BYTES, "%016llx", (unsigned long long)hash);
}
