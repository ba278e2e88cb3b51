/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of the journal: every row has a hash over the hash of the row before and its own
 * columns, so that nobody can change, remove, insert or move a row without breaking the chain
 * there.
 *
 * A hash is the SHA-256 (FIPS 180-4) of a message, which is a run of values in their canonical
 * form. Big-endian, without anything between the values:
 *
 *	NULL      'N'
 *	integer   'I', 8 bytes, two's complement
 *	real      'R', 8 bytes, IEEE 754 (no column has one, but a forged row may)
 *	text      'T', its length in bytes as 4 bytes, the bytes
 *	blob      'B', its length in bytes as 4 bytes, the bytes
 *
 * Messages:
 *
 *	a row        blob: the hash of the row before (of the first row: of the origin); then every
 *	             column of output/columns.def, in that order
 *	the origin   text "origin", then the columns of origin but for id and hash, in their order
 *	a head       text "head", then the columns of heads but for id and seal, in their order
 *	a checkpoint text "checkpoint", then the columns of checkpoints but for id and seal, in
 *their order
 *
 * docs/journal.md has the tables, what the chain proves and what it does not, and a script that
 * verifies it without Tocsin.
 */
#ifndef TOCSIN_OUTPUT_CHAIN_H
#define TOCSIN_OUTPUT_CHAIN_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/buffer.h"
#include "agent/hash.h"

/* Bytes of a canonical text or blob before its content; of a whole integer. */
#define TC_CANONICAL_HEAD 5
#define TC_CANONICAL_INTEGER 9

/* Append a value in its canonical form. */
void tc_canonical_null(struct tc_buffer *message);
void tc_canonical_integer(struct tc_buffer *message, int64_t number);
void tc_canonical_text(struct tc_buffer *message, const void *bytes, size_t length);
void tc_canonical_blob(struct tc_buffer *message, const void *bytes, size_t length);
/* Whatever SQLite has in a column, or as an argument. */
void tc_canonical_value(struct tc_buffer *message, sqlite3_value *value);
/*
 * A text whose length is not known yet: what is appended between the two is its content. The first
 * returns what the second wants.
 */
size_t tc_canonical_text_begin(struct tc_buffer *message);
void tc_canonical_text_end(struct tc_buffer *message, size_t begin);

/*
 * Gives SQL on this connection the function seal(value, ...): the hash, a blob, of the message that
 * its arguments are. 0 or a result of SQLite. The hasher must outlive the connection.
 */
int tc_seal_register(sqlite3 *db, struct tc_hasher *hasher);

#endif
