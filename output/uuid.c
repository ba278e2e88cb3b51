/* SPDX-License-Identifier: Apache-2.0 */
#include "output/uuid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define NS_PER_MS 1000000ULL

static void print_hex(const unsigned char bytes[16], char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*ret_text++ = '-';
		*ret_text++ = digits[bytes[i] >> 4];
		*ret_text++ = digits[bytes[i] & 15];
	}
	*ret_text = '\0';
}

#define RANDOM_BYTES 8

/* Random bytes for one identifier, from a store of this thread: a system call for each alert would
 * cost a twentieth of what the journal does. */
static int take_random(unsigned char ret_bytes[RANDOM_BYTES])
{
	static _Thread_local struct {
		unsigned char bytes[256];
		size_t left;
	} store;

	if (!store.left) {
		/* Up to 256 bytes getrandom(2) gives whole or not at all; a signal can only come
		 * before the pool is ready. */
		while (getrandom(store.bytes, sizeof(store.bytes), 0) < 0)
			if (errno != EINTR)
				return -errno;
		store.left = sizeof(store.bytes);
	}
	store.left -= RANDOM_BYTES;
	memcpy(ret_bytes, store.bytes + store.left, RANDOM_BYTES);
	return 0;
}

/* The last eight bytes are set. */
static void make(uint64_t time_ns, unsigned char bytes[16], char *ret_uuid)
{
	uint64_t ms = time_ns / NS_PER_MS;
	uint64_t fraction = time_ns % NS_PER_MS * 4096 / NS_PER_MS;

	for (unsigned i = 0; i < 6; i++)
		bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
	bytes[6] = (unsigned char)(0x70 | fraction >> 8);
	bytes[7] = (unsigned char)fraction;
	bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f));
	print_hex(bytes, ret_uuid);
}

int tc_uuid_make(uint64_t time_ns, char ret_uuid[TC_UUID_LENGTH + 1])
{
	unsigned char bytes[16];
	int error = take_random(bytes + 8);

	if (error)
		return error;
	make(time_ns, bytes, ret_uuid);
	return 0;
}

void tc_uuid_number(uint64_t time_ns, uint64_t number, char ret_uuid[TC_UUID_LENGTH + 1])
{
	unsigned char bytes[16];

	for (unsigned i = 0; i < 8; i++)
		bytes[8 + i] = (unsigned char)(number >> (56 - 8 * i));
	make(time_ns, bytes, ret_uuid);
}

bool tc_uuid_time(const char *uuid, uint64_t *ret_time_ns)
{
	unsigned high, low;

	/* The first 12 digits, and the version behind them. */
	if (strlen(uuid) != TC_UUID_LENGTH || strspn(uuid, "0123456789abcdef-") != TC_UUID_LENGTH ||
	    sscanf(uuid, "%8x-%4x-7", &high, &low) != 2 || uuid[8] != '-' || uuid[14] != '7')
		return false;
	*ret_time_ns = ((uint64_t)high << 16 | low) * NS_PER_MS;
	return true;
}
