/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"

/*
 * One context and one fetched algorithm for all hashes: EVP_Digest() would look the algorithm up
 * each time, which takes longer than to hash a row.
 */
struct tc_hasher {
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
};

int tc_hasher_new(struct tc_hasher **ret_hasher)
{
	struct tc_hasher *hasher = calloc(1, sizeof(*hasher));

	if (!hasher)
		return -ENOMEM;
	hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	hasher->context = EVP_MD_CTX_new();
	if (!hasher->algorithm || !hasher->context) {
		int error = hasher->algorithm ? -ENOMEM : -EIO;

		tc_hasher_free(hasher);
		return tc_error_return(error, "OpenSSL gives no SHA-256");
	}
	*ret_hasher = hasher;
	return 0;
}

void tc_hasher_free(struct tc_hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->context);
	EVP_MD_free(hasher->algorithm);
	free(hasher);
}

int tc_hash_begin(struct tc_hasher *hasher)
{
	return EVP_DigestInit_ex2(hasher->context, hasher->algorithm, NULL) ? 0 : -ENOMEM;
}

int tc_hash_add(struct tc_hasher *hasher, const void *bytes, size_t length)
{
	return EVP_DigestUpdate(hasher->context, bytes, length) ? 0 : -ENOMEM;
}

int tc_hash_end(struct tc_hasher *hasher, struct tc_hash *ret_hash)
{
	return EVP_DigestFinal_ex(hasher->context, ret_hash->bytes, NULL) ? 0 : -ENOMEM;
}

int tc_hash_bytes(struct tc_hasher *hasher, const void *message, size_t length,
		  struct tc_hash *ret_hash)
{
	int error = tc_hash_begin(hasher);

	if (error == 0)
		error = tc_hash_add(hasher, message, length);
	return error < 0 ? error : tc_hash_end(hasher, ret_hash);
}

void tc_hash_print(const struct tc_hash *hash, char ret_text[TC_HASH_LENGTH + 1])
{
	for (size_t i = 0; i < TC_HASH_BYTES; i++)
		snprintf(ret_text + 2 * i, 3, "%02x", hash->bytes[i]);
}

int tc_hash_parse(const char *text, struct tc_hash *ret_hash)
{
	struct tc_hash hash;

	if (strlen(text) != TC_HASH_LENGTH ||
	    strspn(text, "0123456789abcdefABCDEF") != TC_HASH_LENGTH)
		return -EINVAL;
	for (size_t i = 0; i < TC_HASH_BYTES; i++) {
		const char digits[3] = {text[2 * i], text[2 * i + 1]};

		hash.bytes[i] = (unsigned char)strtoul(digits, NULL, 16);
	}
	*ret_hash = hash;
	return 0;
}
