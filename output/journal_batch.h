/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the journal that wait in memory for their commit, numbered and chained already. */
#ifndef TOCSIN_OUTPUT_JOURNAL_BATCH_H
#define TOCSIN_OUTPUT_JOURNAL_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "output/alert.h"
#include "output/chain.h"

enum tc_column {
#define TC_COLUMN(id, name, field) TC_COLUMN_##id,
#include "output/columns.def"
#undef TC_COLUMN
	TC_COLUMN_MAX,
};

/* A value of a row. */
struct tc_cell {
	enum { TC_CELL_NULL, TC_CELL_INTEGER, TC_CELL_TEXT } type;
	union {
		int64_t number;
		struct {
			uint32_t offset, length; /* from the start of the row's message */
		};
	};
};

struct tc_batch_row {
	struct tc_cell cells[TC_COLUMN_MAX];
	size_t message, message_length; /* in the batch's text: what is hashed, see chain.h */
	struct tc_hash hash;
};

/* Zero-initialised is empty, but for the hasher (the caller's) and what tc_batch_start() sets. */
struct tc_batch {
	struct tc_hasher *hasher;
	struct tc_hash tail; /* hash of the last row; before there is one, of the chain's head */
	uint64_t tail_seq;   /* number of the last row */
	const char *boot_id; /* NULL: unknown */
	const struct tc_field *fields[TC_COLUMN_MAX];
	struct tc_batch_row *rows;
	size_t count, size;
	struct tc_buffer text; /* the messages of all rows */
};

/* Finds the fields that have columns. */
void tc_batch_init(struct tc_batch *batch, struct tc_hasher *hasher, const char *boot_id);
void tc_batch_done(struct tc_batch *batch);

/* Sets what the next row is chained to. Rows that wait keep their numbers and are chained anew.
 * 0 or -ENOMEM. */
int tc_batch_chain_to(struct tc_batch *batch, const struct tc_hash *head, uint64_t head_seq);

/* Adds an alert with the next number; sets its seq and json, see tc_journal_add(). 0 or -ENOMEM. */
int tc_batch_add(struct tc_batch *batch, struct tc_alert *alert);

/* Takes the first rows away: they are stored. */
void tc_batch_drop(struct tc_batch *batch, size_t count);

static inline const struct tc_cell *tc_batch_cell(const struct tc_batch *batch, size_t row,
						  enum tc_column column)
{
	return &batch->rows[row].cells[column];
}

static inline const char *tc_batch_text(const struct tc_batch *batch, size_t row,
					const struct tc_cell *cell)
{
	return batch->text.bytes + batch->rows[row].message + cell->offset;
}

#endif
