/* SPDX-License-Identifier: Apache-2.0 */
/* Syntax trees to a program. */
#ifndef TOCSIN_RULES_COMPILE_COMPILE_H
#define TOCSIN_RULES_COMPILE_COMPILE_H

#include "rules/compile/program.h"
#include "rules/language/library.h"

/* Most values that all conditions together may hold, lists expanded. */
#define TC_COMPILE_WORDS_MAX 20000000

struct tc_compiled_macro;

struct tc_compiler {
	struct tc_library *library;
	struct tc_diagnostics *diagnostics;
	struct tc_program *program;
	struct tc_map nodes; /* what a node is made of -> its number */
	struct tc_map inputs;
	struct tc_compiled_macro *macros; /* by place in the library, n_macros of them */
	size_t n_macros;
	struct tc_compiled_macro *open; /* the macro that is being compiled, or NULL */
	struct tc_diagnostics pending;	/* what was found in macros */
	uint32_t *reached;		/* macros that the rule uses, n_reached of them */
	size_t n_reached;
	bool *is_reached;	/* by place in the library */
	struct tc_arena *trees; /* syntax trees stay here; NULL: nobody wants them */
	uint32_t visibility;	/* of what is being compiled */
	unsigned depth;
	size_t n_words;
};

/* 0 or -ENOMEM. The library must not change afterwards. */
int tc_compiler_init(struct tc_compiler *compiler, struct tc_library *library,
		     struct tc_program *program);
void tc_compiler_done(struct tc_compiler *compiler);

/* Compiles all macros, before all rules; what is wrong in them is told later. 0 or -ENOMEM. */
int tc_compile_macros(struct tc_compiler *compiler);
/* Tells what is wrong in macros that no rule uses, after all rules. */
void tc_macros_tell_unused(struct tc_compiler *compiler);
/*
 * Compiles a rule's condition. *ret_tree is what was written, if trees stay. 0; -EINVAL (told);
 * -ENOENT when it names fields that are not known and may be left out, which was told as a warning;
 * -ENOMEM.
 */
int tc_compile_rule(struct tc_compiler *compiler, const struct tc_rule_source *rule,
		    uint32_t *ret_node, const struct tc_ast **ret_tree);
/* What was written of a macro, by its place in the library; NULL when it is not whole. */
const struct tc_ast *tc_compiler_macro(const struct tc_compiler *compiler, size_t number);

/* For the parts of the compiler. */

/* The node of a condition, and its tree, if trees stay. 0, -EINVAL (told), or -ENOMEM. */
int tc_compile_text(struct tc_compiler *compiler, const struct tc_text *text, uint32_t *ret_node,
		    const struct tc_ast **ret_tree);
/* The node of a check; made if there is none. */
int tc_compile_check(struct tc_compiler *compiler, const struct tc_ast *ast, uint32_t *ret_node);
/* The node with that content; made if there is none. key: bytes that two nodes of the same meaning
 * share. */
int tc_compiler_node(struct tc_compiler *compiler, const void *key, size_t length,
		     const struct tc_node *node, uint32_t *ret_node);
/* The node that joins nodes as kind says (AND, OR, ONE). */
int tc_compiler_join(struct tc_compiler *compiler, struct tc_where where, enum tc_node_kind kind,
		     const uint32_t *nodes, size_t n, uint32_t *ret_node);
/* Makes room for one more in an array that has count items. NULL when memory is out. */
void *tc_compiler_room(void *array, size_t count, size_t size);

#endif
