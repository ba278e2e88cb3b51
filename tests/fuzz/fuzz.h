/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share: the bytes of an input, and how a finding is told. */
#ifndef TOCSIN_TESTS_FUZZ_H
#define TOCSIN_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Bytes that are taken one after the other; behind the last one there are only zeros. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

/* Below a limit of at most 65536. */
static inline unsigned fuzz_below(struct fuzz_input *input, unsigned limit)
{
	unsigned number = fuzz_byte(input);

	if (limit > 256)
		number |= (unsigned)fuzz_byte(input) << 8;
	return number % limit;
}

/* The next bytes, at most length of them, as an input of their own. */
static inline struct fuzz_input fuzz_part(struct fuzz_input *input, size_t length)
{
	struct fuzz_input part = {input->at, input->left < length ? input->left : length};

	input->at += part.left;
	input->left -= part.left;
	return part;
}

/* Ends the process, which libFuzzer takes for a crash and keeps the input. */
#define fuzz_fail(...)                                                                             \
	do {                                                                                       \
		fprintf(stderr, "FINDING: " __VA_ARGS__);                                          \
		fputc('\n', stderr);                                                               \
		abort();                                                                           \
	} while (0)

/* Memory is not what is tested. */
#define fuzz_need(condition)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail("%s:%d: %s", __FILE__, __LINE__, #condition);                    \
	} while (0)

#endif
