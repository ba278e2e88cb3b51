/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema as tables: kinds of events, their members on the wire, and the fields of the rule
 * language.
 *
 * Everything behind decoding works on these tables; nothing there knows a single event by name.
 */
#ifndef TOCSIN_AGENT_SCHEMA_H
#define TOCSIN_AGENT_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Type of a value in the rule language. */
enum tc_type {
	TC_TYPE_NONE, /* no value: missing */
	TC_TYPE_UINT,
	TC_TYPE_INT,
	TC_TYPE_BOOL,
	TC_TYPE_STRING,
	TC_TYPE_LIST,
	TC_TYPE_IP, /* an internet address: 16 bytes, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2) */
	TC_TYPE_MAX,
};

enum tc_wire {
	TC_W_u16,
	TC_W_u32,
	TC_W_u64,
	TC_W_s32,
	TC_W_s64,
	TC_W_slot,
	TC_W_comm,
};

enum tc_show {
#define TC_SHOW(show, type, doc) TC_SHOW_##show,
#include "schema/shows.def"
#undef TC_SHOW
	TC_SHOW_MAX,
};

#define TC_TRAIT_STATE                                                                             \
	(1U << 0) /* the agent's own tables need it: sent whether a rule wants it or not */
#define TC_TRAIT_AGENT (1U << 1) /* made by the agent, not by a probe */

/* A member of an event on the wire. */
struct tc_member {
	const char *member; /* name in the C struct */
	const char *name;   /* field name in the rule language, "" when it has none */
	const char *doc;
	enum tc_wire wire;
	enum tc_show show;
	uint16_t offset; /* bytes from the start of the record */
};

/* A kind of event. */
struct tc_kind_info {
	enum tc_kind kind;
	const char *name;
	const char *family;
	const char *syscalls; /* what evt.type may be, separated by blanks */
	const char *doc;
	uint32_t traits;     /* TC_TRAIT_* */
	uint16_t fixed_size; /* of struct tc_<name>, in bytes */
	uint16_t n_members;  /* without the header's */
	const struct tc_member *members;
};

struct tc_event;
struct tc_value;

/*
 * Reads a field that is not (or not in every event) on the wire. index is the number in brackets
 * (proc.aname[2]), what tc_bracket_index() gave for a text, or -1. Returns false when there is no
 * value. Bytes may lie in event->arena.
 */
typedef bool (*tc_field_getter)(struct tc_event *event, int index, struct tc_value *ret_value);

#define TC_FIELD_INDEXED (1U << 0) /* may be followed by [number] */
#define TC_FIELD_ANY                                                                               \
	(1U                                                                                        \
	 << 1) /* without [number] a comparison holds when it holds for any element of the list */
#define TC_FIELD_CONSTANT (1U << 2) /* the value depends on the kind alone */
#define TC_FIELD_NAMED (1U << 3)    /* may be followed by [text], too: see agent/bracket.h */

/*
 * A field of the rule language. For an event of kind k the value comes from the member member[k] if
 * there is one, else from const_value when bit k of const_kinds is set, else from get, else there
 * is none.
 */
struct tc_field {
	const char *name;
	const char *doc;
	enum tc_type type;
	enum tc_show show;
	uint32_t flags;			    /* TC_FIELD_* */
	uint16_t id;			    /* place in the table, dense from 0 */
	tc_field_getter get;		    /* NULL when only the wire has it */
	uint64_t get_kinds;		    /* kinds for which get may give a value */
	uint64_t const_kinds, const_values; /* bits by kind, for TC_CONST rows */
	uint64_t kinds; /* kinds in which the field may have a value at all; 0: never, doc says why
			 */
	const struct tc_member *member[TC_KIND_LIMIT];
};

/* The kind, or NULL when the number stands for none. */
const struct tc_kind_info *tc_kind_info(uint32_t kind);
/* The kind with that name, or NULL. */
const struct tc_kind_info *tc_kind_by_name(const char *name);
/* Kinds that evt.type = syscall can be true for; all kinds when no row of the schema names the
 * system call. */
uint64_t tc_kinds_of_syscall(const char *syscall);
/* All kinds as a set of bits; those that have one of the traits. */
uint64_t tc_kinds_all(void);
uint64_t tc_kinds_with(uint32_t traits);

/* Number of fields; fields have ids 0 to tc_field_count() - 1. */
unsigned tc_field_count(void);
const struct tc_field *tc_field_at(unsigned id);
/* The field with that name (aliases included), or NULL. */
const struct tc_field *tc_field_by_name(const char *name, size_t length);
/* Whether it stands for all fields whose names begin so (ka.), which never have a value. */
bool tc_field_is_family(const struct tc_field *field);
/* The family that a name which is no field belongs to, or NULL. */
const struct tc_field *tc_field_family(const char *name, size_t length);

/* A name that rules use for two fields at once, see schema/either.def. */
struct tc_either {
	const char *name, *one, *other, *doc;
};

/* The row with that name, or NULL. */
const struct tc_either *tc_either_by_name(const char *name);
/* The known name nearest to a wrong one (see agent/nearest.h), or NULL. */
const char *tc_field_nearest(const char *name, size_t length);

/* The word of a type ("unsigned number" ...), for messages. */
const char *tc_type_name(enum tc_type type);
enum tc_type tc_show_type(enum tc_show show);
const char *tc_show_doc(enum tc_show show);

/* Members of the header, for tools that walk the wire. */
const struct tc_member *tc_header_members(unsigned *ret_count);

#endif
