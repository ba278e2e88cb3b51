/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/value.h"
#include "output/format/text.h"
#include "output/journal.h"

/*
 * A row is written once, in the form that is hashed; what is bound to the INSERT points into it.
 */

/* Memory that an empty batch keeps: that of a full one. */
#define KEPT_BYTES (2 * TC_JOURNAL_BATCH_BYTES)

static const char *const column_fields[TC_COLUMN_MAX] = {
#define TC_COLUMN(id, name, field) field,
#include "output/columns.def"
#undef TC_COLUMN
};

void tc_batch_init(struct tc_batch *batch, struct tc_hasher *hasher, const char *boot_id)
{
	*batch = (struct tc_batch){.hasher = hasher, .boot_id = boot_id};
	for (unsigned i = 0; i < TC_COLUMN_MAX; i++)
		if (column_fields[i])
			batch->fields[i] =
				tc_field_by_name(column_fields[i], strlen(column_fields[i]));
}

void tc_batch_done(struct tc_batch *batch)
{
	free(batch->rows);
	tc_buffer_done(&batch->text);
}

static int reserve(struct tc_batch *batch)
{
	size_t size = batch->size ? 2 * batch->size : 64;
	struct tc_batch_row *rows;

	if (batch->count < batch->size)
		return 0;
	rows = reallocarray(batch->rows, size, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	batch->rows = rows;
	batch->size = size;
	return 0;
}

/* --- cells, in the order of the columns --- */

static void set_integer(struct tc_batch *batch, struct tc_cell *cell, int64_t number)
{
	*cell = (struct tc_cell){.type = TC_CELL_INTEGER, .number = number};
	tc_canonical_integer(&batch->text, number);
}

/* Ends a text that tc_canonical_text_begin() began: it is the cell's. */
static void text_end(struct tc_batch *batch, const struct tc_batch_row *row, struct tc_cell *cell,
		     size_t begin)
{
	tc_canonical_text_end(&batch->text, begin);
	*cell = (struct tc_cell){.type = TC_CELL_TEXT};
	cell->offset = (uint32_t)(begin - row->message);
	cell->length = (uint32_t)(batch->text.length - begin);
}

/* text may be NULL: no value. */
static void set_text(struct tc_batch *batch, struct tc_batch_row *row, enum tc_column column,
		     const char *text)
{
	if (!text) {
		tc_canonical_null(&batch->text);
		return;
	}
	size_t begin = tc_canonical_text_begin(&batch->text);
	tc_text_sanitize(&batch->text, text, strlen(text));
	text_end(batch, row, &row->cells[column], begin);
}

static void set_field(struct tc_batch *batch, struct tc_batch_row *row, enum tc_column column,
		      struct tc_event *event)
{
	const struct tc_field *field = batch->fields[column];
	struct tc_value value = {0};

	if (field && !tc_event_get(event, field, -1, &value))
		value.type = TC_TYPE_NONE;
	if (value.type == TC_TYPE_UINT || value.type == TC_TYPE_INT) {
		set_integer(batch, &row->cells[column], value.sint);
	} else if (value.type == TC_TYPE_STRING) {
		size_t begin = tc_canonical_text_begin(&batch->text);

		tc_text_escape(&batch->text, value.bytes, value.length);
		text_end(batch, row, &row->cells[column], begin);
	} else {
		tc_canonical_null(&batch->text);
	}
}

static void write_row(struct tc_batch *batch, struct tc_batch_row *row,
		      const struct tc_alert *alert)
{
	*row = (struct tc_batch_row){.message = batch->text.length};
	tc_canonical_blob(&batch->text, batch->tail.bytes, TC_HASH_BYTES);
	set_integer(batch, &row->cells[TC_COLUMN_SEQ], (int64_t)alert->seq);
	set_text(batch, row, TC_COLUMN_UUID, alert->uuid);
	set_integer(batch, &row->cells[TC_COLUMN_TIME], (int64_t)alert->time_ns);
	set_text(batch, row, TC_COLUMN_BOOT, batch->boot_id);
	set_text(batch, row, TC_COLUMN_RULE, alert->rule ? alert->rule->name : NULL);
	set_integer(batch, &row->cells[TC_COLUMN_PRIORITY], tc_alert_priority(alert));
	set_text(batch, row, TC_COLUMN_KIND, alert->event->kind->name);
	for (unsigned i = TC_COLUMN_KIND + 1; i < TC_COLUMN_JSON; i++)
		set_field(batch, row, i, alert->event);
	size_t begin = tc_canonical_text_begin(&batch->text);
	tc_format_json(alert, &batch->text);
	text_end(batch, row, &row->cells[TC_COLUMN_JSON], begin);
	row->message_length = batch->text.length - row->message;
}

static int hash_row(struct tc_batch *batch, struct tc_batch_row *row)
{
	return tc_hash_bytes(batch->hasher, batch->text.bytes + row->message, row->message_length,
			     &row->hash);
}

int tc_batch_add(struct tc_batch *batch, struct tc_alert *alert)
{
	size_t length = batch->text.length;
	struct tc_alert numbered = *alert;
	int error = reserve(batch);

	if (error)
		return error;
	struct tc_batch_row *row = &batch->rows[batch->count];
	numbered.seq = batch->tail_seq + 1;
	write_row(batch, row, &numbered);
	if (tc_buffer_failed(&batch->text) || hash_row(batch, row)) {
		batch->text.length = length;
		batch->text.failed = false;
		return -ENOMEM;
	}
	batch->tail = row->hash;
	batch->tail_seq = numbered.seq;
	batch->count++;
	alert->seq = numbered.seq;
	alert->json = batch->text.bytes + row->message + row->cells[TC_COLUMN_JSON].offset;
	alert->json_length = row->cells[TC_COLUMN_JSON].length;
	return 0;
}

int tc_batch_chain_to(struct tc_batch *batch, const struct tc_hash *head, uint64_t head_seq)
{
	batch->tail = *head;
	batch->tail_seq = head_seq;
	for (size_t i = 0; i < batch->count; i++) {
		struct tc_batch_row *row = &batch->rows[i];
		char *message = batch->text.bytes + row->message;

		memcpy(message + TC_CANONICAL_HEAD, batch->tail.bytes, TC_HASH_BYTES);
		if (hash_row(batch, row))
			return -ENOMEM;
		batch->tail = row->hash;
		batch->tail_seq = (uint64_t)row->cells[TC_COLUMN_SEQ].number;
	}
	return 0;
}

void tc_batch_drop(struct tc_batch *batch, size_t count)
{
	if (count == batch->count) {
		batch->count = 0;
		tc_buffer_reset(&batch->text);
		/* What a long failure took is given back. */
		if (batch->text.capacity > KEPT_BYTES)
			tc_buffer_done(&batch->text);
		return;
	}
	size_t gone = batch->rows[count].message;
	batch->count -= count;
	memmove(batch->rows, batch->rows + count, batch->count * sizeof(*batch->rows));
	for (size_t i = 0; i < batch->count; i++)
		batch->rows[i].message -= gone;
	batch->text.length -= gone;
	memmove(batch->text.bytes, batch->text.bytes + gone, batch->text.length + 1);
}
