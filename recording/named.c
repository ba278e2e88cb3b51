/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/named.h"

#include <errno.h>
#include <string.h>

enum { NAMED_NUMBER = 1, NAMED_BYTES = 2 };

/* Before each; then name and value, with nothing between or behind them. */
struct head {
	uint8_t type;
	uint8_t name_length;
	uint16_t zero;
	uint32_t length;
};

static void put(struct tc_buffer *buffer, uint8_t type, const char *name, const void *value,
		size_t length)
{
	struct head head = {
		.type = type, .name_length = (uint8_t)strlen(name), .length = (uint32_t)length};

	tc_buffer_add(buffer, &head, sizeof(head));
	tc_buffer_add(buffer, name, head.name_length);
	tc_buffer_add(buffer, value, length);
}

void tc_named_put_number(struct tc_buffer *buffer, const char *name, uint64_t number)
{
	put(buffer, NAMED_NUMBER, name, &number, sizeof(number));
}

void tc_named_put_bytes(struct tc_buffer *buffer, const char *name, const void *bytes,
			size_t length)
{
	put(buffer, NAMED_BYTES, name, bytes, length);
}

void tc_named_put_text(struct tc_buffer *buffer, const char *name, const char *text)
{
	if (text)
		put(buffer, NAMED_BYTES, name, text, strlen(text));
}

int tc_named_next(struct tc_named_list *list, struct tc_named *ret_named)
{
	struct tc_named named = {0};
	struct head head;

	if (!list->length)
		return 0;
	if (list->length < sizeof(head))
		return -EBADMSG;
	memcpy(&head, list->bytes, sizeof(head));
	if (list->length - sizeof(head) < head.name_length ||
	    list->length - sizeof(head) - head.name_length < head.length)
		return -EBADMSG;
	named.name = list->bytes + sizeof(head);
	named.name_length = head.name_length;
	if (head.type == NAMED_BYTES) {
		named.bytes = named.name + head.name_length;
		named.length = head.length;
	} else if (head.type == NAMED_NUMBER && head.length == sizeof(named.number)) {
		memcpy(&named.number, named.name + head.name_length, sizeof(named.number));
	} else {
		return -EBADMSG;
	}
	list->bytes += sizeof(head) + head.name_length + head.length;
	list->length -= sizeof(head) + head.name_length + head.length;
	*ret_named = named;
	return 1;
}

bool tc_named_is(const struct tc_named *named, const char *name)
{
	return named->name_length == strlen(name) &&
	       memcmp(named->name, name, named->name_length) == 0;
}

static bool find(const struct tc_named_list *list, const char *name, bool is_number,
		 struct tc_named *ret_named)
{
	struct tc_named_list rest = *list;
	struct tc_named named;

	while (tc_named_next(&rest, &named) > 0)
		if (!named.bytes == is_number && tc_named_is(&named, name)) {
			*ret_named = named;
			return true;
		}
	return false;
}

uint64_t tc_named_number(const struct tc_named_list *list, const char *name, uint64_t fallback)
{
	struct tc_named named;

	return find(list, name, true, &named) ? named.number : fallback;
}

bool tc_named_bytes(const struct tc_named_list *list, const char *name, const char **ret_bytes,
		    size_t *ret_length)
{
	struct tc_named named;

	if (!find(list, name, false, &named))
		return false;
	*ret_bytes = named.bytes;
	*ret_length = named.length;
	return true;
}

void tc_named_text(const struct tc_named_list *list, const char *name, char *text, size_t size)
{
	const char *bytes = "";
	size_t length = 0;

	tc_named_bytes(list, name, &bytes, &length);
	length = strnlen(bytes, length < size - 1 ? length : size - 1);
	memcpy(text, bytes, length);
	text[length] = '\0';
}
