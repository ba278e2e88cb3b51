/* SPDX-License-Identifier: Apache-2.0 */
#define HASH_NONFATAL_OOM 1
#include "recording/anonymise.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "agent/hash.h"
#include "agent/value.h"
#include "recording/frame.h"

#define HMAC_BLOCK 64
/* Words that say so little stay. */
#define SHORT_WORD 2
#define SHORT_NUMBER 7
/* From this length on digits with letters a to f are a number in hexadecimal. */
#define HEX_MIN 8
/* What is remembered of words; then it is found out again. */
#define WORDS_MAX 1000000
/* Lists in lists: the agent writes two. What is deeper is left out. */
#define DEPTH_MAX 4

struct word {
	bool stays;
	size_t length;
	char *other; /* of the same length */
	UT_hash_handle hh;
	char bytes[];
};

struct tc_anonymiser {
	struct tc_hasher *hasher;
	unsigned char inner[HMAC_BLOCK], outer[HMAC_BLOCK];
	struct word *words;
	struct word *kept;  /* by keep_text() and words.def */
	struct word *names; /* short ones, which do not stay */
	unsigned depth;	    /* of the list that is read */
	bool failed;
};

/* --- the key --- */

/* HMAC (RFC 2104) of a class of things, a number and bytes. */
static struct tc_hash keyed(struct tc_anonymiser *anonymiser, char class, uint32_t number,
			    const void *bytes, size_t length)
{
	struct tc_hasher *hasher = anonymiser->hasher;
	struct tc_hash hash = {0};
	int error = tc_hash_begin(hasher);

	error |= tc_hash_add(hasher, anonymiser->inner, HMAC_BLOCK);
	error |= tc_hash_add(hasher, &class, 1);
	error |= tc_hash_add(hasher, &number, sizeof(number));
	error |= tc_hash_add(hasher, bytes, length);
	error |= tc_hash_end(hasher, &hash);
	error |= tc_hash_begin(hasher);
	error |= tc_hash_add(hasher, anonymiser->outer, HMAC_BLOCK);
	error |= tc_hash_add(hasher, hash.bytes, sizeof(hash.bytes));
	error |= tc_hash_end(hasher, &hash);
	anonymiser->failed |= error != 0;
	return hash;
}

static int set_key(struct tc_anonymiser *anonymiser, const void *key, size_t length)
{
	unsigned char block[HMAC_BLOCK] = {0};
	struct tc_hash hash;
	int error = 0;

	if (length > HMAC_BLOCK) {
		error = tc_hash_bytes(anonymiser->hasher, key, length, &hash);
		memcpy(block, hash.bytes, sizeof(hash.bytes));
	} else {
		memcpy(block, key, length);
	}
	for (size_t i = 0; i < HMAC_BLOCK; i++) {
		anonymiser->inner[i] = block[i] ^ 0x36;
		anonymiser->outer[i] = block[i] ^ 0x5c;
	}
	return error;
}

int tc_anonymiser_new(const void *key, size_t length, struct tc_anonymiser **ret_anonymiser)
{
	static const char *const words[] = {
#define TC_WORD(word) word,
#include "recording/words.def"
#undef TC_WORD
	};
	struct tc_anonymiser *anonymiser = calloc(1, sizeof(*anonymiser));
	int error = anonymiser ? tc_hasher_new(&anonymiser->hasher) : -ENOMEM;

	if (error == 0)
		error = set_key(anonymiser, key, length);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && error == 0; i++)
		error = tc_anonymiser_keep_text(anonymiser, words[i], strlen(words[i]));
	if (error < 0) {
		tc_anonymiser_free(anonymiser);
		return error;
	}
	*ret_anonymiser = anonymiser;
	return 0;
}

static void forget(struct word **words)
{
	struct word *word, *next;

	HASH_ITER (hh, *words, word, next) {
		HASH_DELETE(hh, *words, word);
		free(word->other);
		free(word);
	}
}

void tc_anonymiser_free(struct tc_anonymiser *anonymiser)
{
	if (!anonymiser)
		return;
	forget(&anonymiser->words);
	forget(&anonymiser->kept);
	forget(&anonymiser->names);
	tc_hasher_free(anonymiser->hasher);
	free(anonymiser);
}

/* --- words --- */

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static size_t word_length(const char *text, size_t length)
{
	size_t end = 0;

	while (end < length && is_word_byte(text[end]))
		end++;
	return end;
}

static struct word *find_word(struct word *words, const char *bytes, size_t length)
{
	struct word *word;

	HASH_FIND(hh, words, bytes, length, word);
	return word;
}

/* A word that is not there yet; NULL when memory is out. */
static struct word *add_word(struct word **words, const char *bytes, size_t length)
{
	struct word *word = calloc(1, sizeof(*word) + length);

	if (!word)
		return NULL;
	word->length = length;
	memcpy(word->bytes, bytes, length);
	HASH_ADD_KEYPTR(hh, *words, word->bytes, length, word);
	if (!word->hh.tbl) {
		free(word);
		return NULL;
	}
	return word;
}

int tc_anonymiser_keep_text(struct tc_anonymiser *anonymiser, const char *text, size_t length)
{
	size_t size;

	for (; length; text += size, length -= size) {
		size = word_length(text, length);
		if (size > SHORT_WORD && !find_word(anonymiser->kept, text, size) &&
		    !add_word(&anonymiser->kept, text, size))
			return -ENOMEM;
		size = size ? size : 1;
	}
	return 0;
}

static size_t span(const char *bytes, size_t length, const char *set)
{
	size_t end = 0;

	while (end < length && bytes[end] && strchr(set, bytes[end]))
		end++;
	return end;
}

static bool stays(const struct tc_anonymiser *anonymiser, const char *bytes, size_t length)
{
	size_t stem = length;

	if (length <= SHORT_WORD ||
	    (span(bytes, length, "0123456789") == length && length <= SHORT_NUMBER))
		return true;
	while (stem && isdigit((unsigned char)bytes[stem - 1]))
		stem--;
	return find_word(anonymiser->kept, bytes, length) ||
	       (stem && length - stem <= SHORT_WORD && find_word(anonymiser->kept, bytes, stem));
}

/* What the letters of the other word are taken from. */
static const char *letters_for(const char *bytes, size_t length)
{
	if (span(bytes, length, "0123456789") == length)
		return "0123456789";
	if (length >= HEX_MIN && span(bytes, length, "0123456789abcdef") == length)
		return "0123456789abcdef";
	return "abcdefghijklmnopqrstuvwxyz";
}

static char *make_other(struct tc_anonymiser *anonymiser, const char *bytes, size_t length)
{
	const char *letters = letters_for(bytes, length);
	size_t n_letters = strlen(letters);
	char *other = malloc(length + 1);
	struct tc_hash hash = {0};

	for (size_t i = 0; other && i < length; i++) {
		if (i % TC_HASH_BYTES == 0)
			hash = keyed(anonymiser, 'w', (uint32_t)(i / TC_HASH_BYTES), bytes, length);
		other[i] = letters[hash.bytes[i % TC_HASH_BYTES] % n_letters];
	}
	return other;
}

static const struct word *look_up(struct tc_anonymiser *anonymiser, const char *bytes,
				  size_t length)
{
	struct word *word = find_word(anonymiser->words, bytes, length);

	if (word)
		return word;
	if (HASH_COUNT(anonymiser->words) >= WORDS_MAX)
		forget(&anonymiser->words);
	word = add_word(&anonymiser->words, bytes, length);
	if (!word)
		return NULL;
	word->stays =
		!find_word(anonymiser->names, bytes, length) && stays(anonymiser, bytes, length);
	word->other = word->stays ? NULL : make_other(anonymiser, bytes, length);
	return word;
}

static void put_word(struct tc_anonymiser *anonymiser, const char *bytes, size_t length,
		     struct tc_buffer *out)
{
	const struct word *word = look_up(anonymiser, bytes, length);

	if (!word || (!word->stays && !word->other))
		out->failed = true;
	else
		tc_buffer_add(out, word->stays ? bytes : word->other, length);
}

/* A name of a user or a host: if it is short, it does not stay for that. */
static void note_name(struct tc_anonymiser *anonymiser, const char *bytes, size_t length)
{
	struct word *word = find_word(anonymiser->words, bytes, length);

	if (length != SHORT_WORD || word_length(bytes, length) < length ||
	    find_word(anonymiser->names, bytes, length))
		return;
	anonymiser->failed |= !add_word(&anonymiser->names, bytes, length);
	if (word) {
		HASH_DELETE(hh, anonymiser->words, word);
		free(word->other);
		free(word);
	}
}

/* The first column of passwd(5) or group(5). */
static void note_names(struct tc_anonymiser *anonymiser, const char *text, size_t length)
{
	/* Those below are the system's own. */
	static const unsigned long first_id = 1000;
	const char *end = text + length, *line, *next;

	for (line = text; line < end; line = next) {
		const char *colon = memchr(line, ':', (size_t)(end - line));

		next = memchr(line, '\n', (size_t)(end - line));
		next = next ? next + 1 : end;
		if (colon && colon + 3 < next && strtoul(colon + 3, NULL, 10) >= first_id)
			note_name(anonymiser, line, (size_t)(colon - line));
	}
}

/* --- addresses --- */

static const unsigned char v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* How many of the four bytes stay: they say what kind of address it is. All others are public ones,
 * which become some of 198.18.0.0/15 (RFC 2544). */
static unsigned v4_kept(const unsigned char *a)
{
	if (a[0] == 127 || a[0] == 0 || a[0] >= 224)
		return 4;
	if (a[0] == 10)
		return 1;
	if ((a[0] == 192 && a[1] == 168) || (a[0] == 169 && a[1] == 254))
		return 2;
	return 0;
}

static void put_v4(const unsigned char *from, const struct tc_hash *hash, unsigned char *to)
{
	unsigned kept = v4_kept(from);

	memcpy(to, hash->bytes, 4);
	memcpy(to, from, kept);
	if (from[0] == 172 && from[1] >= 16 && from[1] < 32) {
		to[0] = 172;
		to[1] = (unsigned char)(16 + hash->bytes[1] % 16);
	} else if (!kept) {
		to[0] = 198;
		to[1] = (unsigned char)(18 + hash->bytes[1] % 2);
	}
}

/* Public ones become some of 2001:db8::/32 (RFC 3849). */
static void put_v6(const unsigned char *from, const struct tc_hash *hash, unsigned char *to)
{
	static const unsigned char loopback[16] = {[15] = 1}, any[16] = {0};

	memcpy(to, from, 16);
	if (memcmp(from, loopback, 16) == 0 || memcmp(from, any, 16) == 0 || from[0] == 0xff)
		return;
	if (from[0] == 0xfe && (from[1] & 0xc0) == 0x80) {
		memcpy(to + 8, hash->bytes, 8);
	} else if ((from[0] & 0xfe) == 0xfc) {
		memcpy(to + 1, hash->bytes, 15);
	} else {
		memcpy(to, "\x20\x01\x0d\xb8", 4);
		memcpy(to + 4, hash->bytes, 12);
	}
}

/* TC_IP_BYTES to TC_IP_BYTES. */
static void map_address(struct tc_anonymiser *anonymiser, const char *from, char *to)
{
	struct tc_hash hash = keyed(anonymiser, 'a', 0, from, TC_IP_BYTES);
	const unsigned char *source = (const unsigned char *)from;
	unsigned char *target = (unsigned char *)to;

	if (memcmp(from, v4_prefix, sizeof(v4_prefix)) != 0) {
		put_v6(source, &hash, target);
		return;
	}
	memcpy(target, v4_prefix, sizeof(v4_prefix));
	put_v4(source + 12, &hash, target + 12);
}

/* Reads an address of a family at the beginning of a text, of these letters: how many bytes it has,
 * 0 when there is none. */
static size_t read_address(const char *text, size_t length, int family, const char *letters,
			   void *ret_address)
{
	char copy[INET6_ADDRSTRLEN];
	size_t size = span(text, length, letters);

	/* The end of a sentence, or a colon before something else, is none of it. */
	while (size && strchr(":.", text[size - 1]))
		size--;
	if (size < sizeof("::") || size >= sizeof(copy) ||
	    (size < length && is_word_byte(text[size])))
		return 0;
	memcpy(copy, text, size);
	copy[size] = '\0';
	return inet_pton(family, copy, ret_address) == 1 ? size : 0;
}

/* An address in a text: how many bytes it has, 0 when there is none. That of IPv4 first: behind it
 * a port may stand, which has the signs of the other. */
static size_t put_address(struct tc_anonymiser *anonymiser, const char *text, size_t length,
			  struct tc_buffer *out)
{
	char bytes[TC_IP_BYTES], other[TC_IP_BYTES];
	size_t size;

	memcpy(bytes, v4_prefix, sizeof(v4_prefix));
	size = read_address(text, length, AF_INET, "0123456789.", bytes + 12);
	if (!size)
		size = read_address(text, length, AF_INET6, "0123456789abcdefABCDEF:.", bytes);
	if (!size)
		return 0;
	map_address(anonymiser, bytes, other);
	tc_ip_print(out, other);
	return size;
}

/* --- text --- */

/* 8-4-4-4-12 digits (RFC 9562), in file names also with other signs between them. */
static bool is_uuid(const char *text, size_t length)
{
	if (length < 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool between = i == 8 || i == 13 || i == 18 || i == 23;

		if (between ? text[i] != '-' && text[i] != '_' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

static void put_uuid(struct tc_anonymiser *anonymiser, const char *text, struct tc_buffer *out)
{
	char digits[32], *other;
	size_t n = 0;

	for (size_t i = 0; i < 36; i++)
		if (isxdigit((unsigned char)text[i]))
			digits[n++] = (char)tolower((unsigned char)text[i]);
	other = make_other(anonymiser, digits, n);
	if (!other) {
		out->failed = true;
		return;
	}
	for (size_t i = 0, at = 0; i < 36; i++)
		tc_buffer_add_char(out, isxdigit((unsigned char)text[i]) ? other[at++] : text[i]);
	free(other);
}

void tc_anonymise_text(struct tc_anonymiser *anonymiser, const char *text, size_t length,
		       struct tc_buffer *out)
{
	bool in_word = false;

	for (size_t at = 0; at < length;) {
		size_t size = 0;

		if (is_uuid(text + at, length - at)) {
			put_uuid(anonymiser, text + at, out);
			at += 36;
			continue;
		}
		if (!in_word)
			size = put_address(anonymiser, text + at, length - at, out);
		if (!size && is_word_byte(text[at])) {
			/* A word may have a number of that kind at its end: poduid. */
			while (at + size < length && is_word_byte(text[at + size]) &&
			       !(size && is_uuid(text + at + size, length - at - size)))
				size++;
			put_word(anonymiser, text + at, size, out);
		}
		in_word = size > 0;
		if (!size)
			tc_buffer_add_char(out, text[at]);
		at += size ? size : 1;
	}
}

/* --- records --- */

/* Of the agent's own events only places are the host's. */
static bool is_secret(const struct tc_kind_info *kind, const struct tc_member *member)
{
	static const char *const places[] = {"exe", "cgroup", "directory"};

	if (!(kind->traits & TC_TRAIT_AGENT))
		return strcmp(member->member, "fstype") != 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(member->member, places[i]) == 0)
			return true;
	return false;
}

static void put_comm(struct tc_anonymiser *anonymiser, char comm[TC_COMM_MAX],
		     struct tc_buffer *record)
{
	_cleanup_buffer_ struct tc_buffer other = {0};
	size_t length = strnlen(comm, TC_COMM_MAX - 1);

	tc_anonymise_text(anonymiser, comm, length, &other);
	record->failed |= other.failed;
	memset(comm, 0, TC_COMM_MAX);
	if (!other.failed && other.length)
		memcpy(comm, other.bytes,
		       other.length < TC_COMM_MAX ? other.length : TC_COMM_MAX - 1);
}

/* The slot's bytes go behind those that are there. */
static void put_slot(struct tc_anonymiser *anonymiser, const struct tc_record *from,
		     const struct tc_kind_info *kind, const struct tc_member *member,
		     struct tc_buffer *record)
{
	const char *bytes = (const char *)from;
	char address[TC_IP_BYTES];
	size_t begin = record->length, stored;
	struct tc_slot slot;

	memcpy(&slot, bytes + member->offset, sizeof(slot));
	bytes += slot.offset;
	if (!is_secret(kind, member)) {
		tc_buffer_add(record, bytes, slot.stored);
	} else if (member->show != TC_SHOW_ip) {
		tc_anonymise_text(anonymiser, bytes, slot.stored, record);
	} else if (slot.stored == TC_IP_BYTES) {
		map_address(anonymiser, bytes, address);
		tc_buffer_add(record, address, sizeof(address));
	}
	if (tc_buffer_failed(record))
		return;
	stored = record->length - begin;
	slot.size = slot.size - slot.stored + (uint32_t)stored;
	slot.offset = (uint16_t)begin;
	slot.stored = (uint16_t)stored;
	if (record->length > TC_RECORD_MAX) {
		slot = (struct tc_slot){0};
		record->length = begin;
	}
	memcpy(record->bytes + member->offset, &slot, sizeof(slot));
}

static void put_record(struct tc_anonymiser *anonymiser, const struct tc_record *from,
		       const struct tc_kind_info *kind, struct tc_buffer *out)
{
	_cleanup_buffer_ struct tc_buffer record = {0};

	tc_buffer_add(&record, from, kind->fixed_size);
	if (!tc_buffer_failed(&record))
		put_comm(anonymiser, ((struct tc_record *)record.bytes)->comm.bytes, &record);
	for (unsigned i = 0; i < kind->n_members && !tc_buffer_failed(&record); i++) {
		const struct tc_member *member = &kind->members[i];
		const struct tc_slot *slot = (const void *)((const char *)from + member->offset);

		if (member->wire == TC_W_slot && (slot->flags & TC_SLOT_PRESENT))
			put_slot(anonymiser, from, kind, member, &record);
		else if (member->wire == TC_W_comm)
			put_comm(anonymiser, record.bytes + member->offset, &record);
	}
	if (tc_buffer_failed(&record)) {
		out->failed = true;
		return;
	}
	((struct tc_record *)record.bytes)->size = (uint32_t)record.length;
	tc_buffer_add(out, record.bytes, record.length);
}

/* --- facts --- */

static bool is_one_of(const struct tc_named *named, const char *const *names)
{
	for (; *names; names++)
		if (tc_named_is(named, *names))
			return true;
	return false;
}

static void put_list(struct tc_anonymiser *anonymiser, const struct tc_named_list *list,
		     const char *const *plain, struct tc_buffer *out);

/* Of labels the name stays; of mounts, how they are mounted. */
static const char *const plain_in_lists[] = {"name", "mode", "propagation", NULL};

/* NULL-terminated: what is the same on many hosts. */
static const char *const plain_facts[] = {"services", "absent", "runtime", "rules", NULL};

/* The program of a process; nothing when it is none. */
static void put_program(struct tc_anonymiser *anonymiser, const struct tc_named *named,
			struct tc_buffer *out)
{
	const struct tc_kind_info *kind;
	union tc_layout_room room;

	if (named->length > sizeof(room))
		return;
	/* Named values are not aligned. */
	memcpy(room.bytes, named->bytes, named->length);
	kind = tc_layout_own_kind(room.bytes, named->length);
	if (kind)
		put_record(anonymiser, &room.header, kind, out);
}

static void put_bytes(struct tc_anonymiser *anonymiser, const struct tc_named *named,
		      const char *name, struct tc_buffer *out)
{
	static const char *const lists[] = {"label", "pod_label", "mount", NULL};
	const struct tc_named_list inner = {named->bytes, named->length};
	_cleanup_buffer_ struct tc_buffer other = {0};

	if (is_one_of(named, lists)) {
		put_list(anonymiser, &inner, plain_in_lists, &other);
	} else if (tc_named_is(named, "exec")) {
		put_program(anonymiser, named, &other);
		if (!other.length && !other.failed)
			return;
	} else {
		if (tc_named_is(named, "passwd") || tc_named_is(named, "group"))
			note_names(anonymiser, named->bytes, named->length);
		if (tc_named_is(named, "hostname"))
			note_name(anonymiser, named->bytes, named->length);
		tc_anonymise_text(anonymiser, named->bytes, named->length, &other);
	}
	if (tc_buffer_failed(&other))
		out->failed = true;
	else
		tc_named_put_bytes(out, name, other.bytes, other.length);
}

static void put_list(struct tc_anonymiser *anonymiser, const struct tc_named_list *list,
		     const char *const *plain, struct tc_buffer *out)
{
	struct tc_named_list rest = *list;
	char name[TC_NAMED_NAME_MAX];
	struct tc_named named;

	if (anonymiser->depth == DEPTH_MAX)
		return;
	anonymiser->depth++;
	while (tc_named_next(&rest, &named) > 0) {
		snprintf(name, sizeof(name), "%.*s", (int)named.name_length, named.name);
		if (!named.bytes)
			tc_named_put_number(out, name, named.number);
		else if (is_one_of(&named, plain))
			tc_named_put_bytes(out, name, named.bytes, named.length);
		else
			put_bytes(anonymiser, &named, name, out);
	}
	anonymiser->depth--;
}

int tc_anonymise_header(struct tc_anonymiser *anonymiser, const struct tc_named_list *header,
			struct tc_buffer *out)
{
	static const char *const plain[] = {"agent", "kernel", "machine",  "zone", "source",
					    "kind",  "layout", "previous", NULL};

	put_list(anonymiser, header, plain, out);
	return tc_buffer_failed(out) || anonymiser->failed ? -ENOMEM : 0;
}

int tc_anonymise_entry(struct tc_anonymiser *anonymiser, uint16_t type, const void *bytes,
		       size_t size, struct tc_buffer *out)
{
	const struct tc_named_list list = {bytes, size};
	const struct tc_kind_info *kind;

	if (type == TC_ENTRY_RECORD) {
		kind = tc_layout_own_kind(bytes, size);
		if (kind)
			put_record(anonymiser, bytes, kind, out);
	} else if (type <= TC_ENTRY_GENERATION) {
		put_list(anonymiser, &list, plain_facts, out);
	}
	return tc_buffer_failed(out) || anonymiser->failed ? -ENOMEM : 0;
}
