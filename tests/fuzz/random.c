/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME PAIRS [SEED [BYTES]]: runs a target with inputs of so many random bytes (3072) until it has
 * compared so many pairs. The same seed gives the same inputs. What is found ends the process, with
 * the number of the input, which is printed again by NAME 1 NUMBER.
 */
#include "random.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static uint64_t state;
static unsigned long long current;

/* Splitmix64 (Steele, Lea and Flood, 2014). */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static void tell_input(int signal)
{
	fprintf(stderr, "input: %llu\n", current);
	_Exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, runs = 0;
	size_t size = argc > 3 ? strtoull(argv[3], NULL, 10) : 3072;
	uint8_t *bytes = calloc(size + sizeof(uint64_t), 1);

	fuzz_need(bytes);
	signal(SIGABRT, tell_input);
	for (current = seed; random_pairs < wanted; current++, runs++) {
		state = current;
		for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
			uint64_t word = next();

			memcpy(bytes + i, &word, sizeof(word));
		}
		LLVMFuzzerTestOneInput(bytes, size);
	}
	free(bytes);
	printf("%llu pairs in %llu sets of rules; %llu matches, %llu of them by the kernel alone\n",
	       (unsigned long long)random_pairs, (unsigned long long)runs,
	       (unsigned long long)random_matches, (unsigned long long)random_exact);
	/* Where nothing matches nothing was compared. */
	bool good = random_exact > random_pairs / 100;
	printf("%d passed, %d failed\n", good, !good);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
