/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/crc32c.h"

#include <pthread.h>

/* x^32 + x^28 + ... + 1, bits reversed. */
#define POLYNOMIAL 0x82f63b78U
/* Bytes that are looked up at once. */
#define SLICES 8

static uint32_t tables[SLICES][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void tables_make(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		tables[0][byte] = crc;
	}
	for (unsigned slice = 1; slice < SLICES; slice++)
		for (unsigned byte = 0; byte < 256; byte++)
			tables[slice][byte] = tables[slice - 1][byte] >> 8 ^
					      tables[0][tables[slice - 1][byte] & 0xff];
}

uint32_t tc_crc32c(uint32_t crc, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	pthread_once(&tables_once, tables_make);
	crc = ~crc;
	for (; length >= SLICES; length -= SLICES, at += SLICES) {
		uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 |
				      (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);

		crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^
		      tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24] ^ tables[3][at[4]] ^
		      tables[2][at[5]] ^ tables[1][at[6]] ^ tables[0][at[7]];
	}
	for (; length; length--, at++)
		crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
	return ~crc;
}
