/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4). */
#ifndef TOCSIN_AGENT_HASH_H
#define TOCSIN_AGENT_HASH_H

#include <stddef.h>

#define TC_HASH_BYTES 32
/* As text: lower case hexadecimal, without its NUL. */
#define TC_HASH_LENGTH 64

struct tc_hash {
	unsigned char bytes[TC_HASH_BYTES];
};

/* What hashes; to be used by one thread at a time. */
struct tc_hasher;

/* 0; -ENOMEM; -EIO, logged, when the system's OpenSSL has no SHA-256. */
int tc_hasher_new(struct tc_hasher **ret_hasher);
/* Takes NULL. */
void tc_hasher_free(struct tc_hasher *hasher);
/* The hash of a message. 0 or -ENOMEM. */
int tc_hash_bytes(struct tc_hasher *hasher, const void *message, size_t length,
		  struct tc_hash *ret_hash);
/* The same piece by piece: begin, any number of adds, end. 0 or -ENOMEM. */
int tc_hash_begin(struct tc_hasher *hasher);
int tc_hash_add(struct tc_hasher *hasher, const void *bytes, size_t length);
int tc_hash_end(struct tc_hasher *hasher, struct tc_hash *ret_hash);

void tc_hash_print(const struct tc_hash *hash, char ret_text[TC_HASH_LENGTH + 1]);
/* Reads what tc_hash_print() writes, in either case. 0 or -EINVAL. */
int tc_hash_parse(const char *text, struct tc_hash *ret_hash);

static inline void tc_hasher_freep(struct tc_hasher **hasher)
{
	tc_hasher_free(*hasher);
}
#define _cleanup_hasher_ __attribute__((cleanup(tc_hasher_freep)))

#endif
