/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording that may be shown to others: names of users and hosts, addresses, parts of paths and
 * words of arguments are others, the same in each place and each time for the same key.
 *
 * What stays: words that are the same on any host (words.def) and those of the files that
 * keep_text() was given, such as rules, so that they match what they matched; words of one or two
 * letters, unless the host or a user has that name; numbers of up to seven digits, what is between
 * words. Of addresses stays whether they are loopback, private, link-local or multicast. Times,
 * numbers of users and processes, inodes, sizes and the release of the kernel stay. A word keeps
 * its length, a file its ending.
 */
#ifndef TOCSIN_RECORDING_ANONYMISE_H
#define TOCSIN_RECORDING_ANONYMISE_H

#include "recording/layout.h"
#include "recording/named.h"

struct tc_anonymiser;

/* Who knows the key (of any bytes) can find out what a word was by trying. 0 or -ENOMEM. */
int tc_anonymiser_new(const void *key, size_t length, struct tc_anonymiser **ret_anonymiser);
/* Takes NULL. */
void tc_anonymiser_free(struct tc_anonymiser *anonymiser);
/* The words of a text stay. 0 or -ENOMEM. */
int tc_anonymiser_keep_text(struct tc_anonymiser *anonymiser, const char *text, size_t length);

/* Appends to out what stands for the header, and for an entry (enum tc_entry_type) whose records
 * lie as in this version; what cannot be read is left out. 0 or -ENOMEM. */
int tc_anonymise_header(struct tc_anonymiser *anonymiser, const struct tc_named_list *header,
			struct tc_buffer *out);
int tc_anonymise_entry(struct tc_anonymiser *anonymiser, uint16_t type, const void *bytes,
		       size_t size, struct tc_buffer *out);
/* The same with any text, for tests. */
void tc_anonymise_text(struct tc_anonymiser *anonymiser, const char *text, size_t length,
		       struct tc_buffer *out);

#endif
