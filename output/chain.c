/* SPDX-License-Identifier: Apache-2.0 */
#include "output/chain.h"

#include <endian.h>
#include <string.h>

static void add_u64(struct tc_buffer *message, char type, uint64_t number)
{
	char bytes[TC_CANONICAL_INTEGER] = {type};

	number = htobe64(number);
	memcpy(bytes + 1, &number, sizeof(number));
	tc_buffer_add(message, bytes, sizeof(bytes));
}

static void add_head(struct tc_buffer *message, char type, size_t length)
{
	char bytes[TC_CANONICAL_HEAD] = {type};
	uint32_t number = htobe32((uint32_t)length);

	memcpy(bytes + 1, &number, sizeof(number));
	tc_buffer_add(message, bytes, sizeof(bytes));
}

void tc_canonical_null(struct tc_buffer *message)
{
	tc_buffer_add_char(message, 'N');
}

void tc_canonical_integer(struct tc_buffer *message, int64_t number)
{
	add_u64(message, 'I', (uint64_t)number);
}

static void add_real(struct tc_buffer *message, double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	add_u64(message, 'R', bits);
}

void tc_canonical_text(struct tc_buffer *message, const void *bytes, size_t length)
{
	add_head(message, 'T', length);
	tc_buffer_add(message, bytes, length);
}

void tc_canonical_blob(struct tc_buffer *message, const void *bytes, size_t length)
{
	add_head(message, 'B', length);
	tc_buffer_add(message, bytes, length);
}

void tc_canonical_value(struct tc_buffer *message, sqlite3_value *value)
{
	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		tc_canonical_integer(message, sqlite3_value_int64(value));
		break;
	case SQLITE_FLOAT:
		add_real(message, sqlite3_value_double(value));
		break;
	case SQLITE_TEXT:
		tc_canonical_text(message, sqlite3_value_text(value),
				  (size_t)sqlite3_value_bytes(value));
		break;
	case SQLITE_BLOB:
		tc_canonical_blob(message, sqlite3_value_blob(value),
				  (size_t)sqlite3_value_bytes(value));
		break;
	default:
		tc_canonical_null(message);
	}
}

size_t tc_canonical_text_begin(struct tc_buffer *message)
{
	add_head(message, 'T', 0);
	return message->length;
}

void tc_canonical_text_end(struct tc_buffer *message, size_t begin)
{
	uint32_t length = htobe32((uint32_t)(message->length - begin));

	if (!tc_buffer_failed(message))
		memcpy(message->bytes + begin - sizeof(length), &length, sizeof(length));
}

static void seal(sqlite3_context *context, int count, sqlite3_value **values)
{
	_cleanup_buffer_ struct tc_buffer message = {0};
	struct tc_hash hash;

	for (int i = 0; i < count; i++)
		tc_canonical_value(&message, values[i]);
	if (tc_buffer_failed(&message) ||
	    tc_hash_bytes(sqlite3_user_data(context), message.bytes, message.length, &hash))
		sqlite3_result_error_nomem(context);
	else
		sqlite3_result_blob(context, hash.bytes, TC_HASH_BYTES, SQLITE_TRANSIENT);
}

int tc_seal_register(sqlite3 *db, struct tc_hasher *hasher)
{
	return sqlite3_create_function(db, "seal", -1,
				       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
				       hasher, seal, NULL, NULL);
}
