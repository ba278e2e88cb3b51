/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes of strings: what the operators on strings ask for, as regular expressions of one plain
 * form: sets of bytes one after the other, some of which any number of bytes may be of, at the
 * beginning, at the end, or anywhere.
 *
 *	= "ab"            begin a b end
 *	contains "ab"     a b
 *	glob "/proc/?*m"  begin / p r o c / [all] [all]* m end
 *	pmatch (/etc)     begin [/]* e t c end, and  begin [/]* e t c /
 *
 * Each exists once, by its number.
 */
#ifndef TOCSIN_RULES_KERNEL_SHAPE_H
#define TOCSIN_RULES_KERNEL_SHAPE_H

#include "rules/compile/program.h"
#include "rules/compile/test.h"
#include "rules/map.h"

/* A piece of a shape: the number of a set of bytes, and whether any number of bytes are of it. */
typedef uint16_t tc_piece;
#define TC_PIECE_REPEATS 0x8000U
#define TC_PIECE_SET(piece) ((piece)&0x7fffU)

struct tc_shape {
	const tc_piece *pieces; /* n of them */
	uint32_t n;
	bool begins, ends; /* with the string */
};

/* Zero-initialised is empty. */
struct tc_shapes {
	struct tc_arena arena;
	struct tc_map map, set_map;
	struct tc_shape *items;
	size_t n;
	struct tc_byte_set *sets; /* the first 256 hold one byte each */
	size_t n_sets;
};

/* The shapes of which a string must have one. */
struct tc_shape_list {
	uint32_t *items; /* n of them */
	size_t n;
	bool any; /* every string will do */
};

int tc_shapes_init(struct tc_shapes *shapes);
void tc_shapes_done(struct tc_shapes *shapes);
void tc_shape_list_done(struct tc_shape_list *list);

/* Whether the operator of a check asks for shapes. */
bool tc_shapes_can(const struct tc_check *check);
/* Adds the shapes that a check asks for, as if it were not !=. 0 or -ENOMEM. */
int tc_shapes_of(struct tc_shapes *shapes, const struct tc_check *check,
		 struct tc_shape_list *list);

bool tc_byte_set_has(const struct tc_byte_set *set, unsigned char byte);

#endif
