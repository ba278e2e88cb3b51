/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as a tree whose every node knows where it was written. */
#ifndef TOCSIN_RULES_LANGUAGE_YAML_H
#define TOCSIN_RULES_LANGUAGE_YAML_H

#include "agent/arena.h"
#include "rules/language/source.h"

/* Deepest nesting, and most nodes in a file. */
#define TC_YAML_DEPTH_MAX 64
#define TC_YAML_NODES_MAX 500000

enum tc_yaml_kind { TC_YAML_SCALAR, TC_YAML_SEQUENCE, TC_YAML_MAPPING };

enum tc_yaml_style {
	TC_YAML_PLAIN,
	TC_YAML_SINGLE_QUOTED,
	TC_YAML_DOUBLE_QUOTED,
	TC_YAML_LITERAL,
	TC_YAML_FOLDED,
};

struct tc_yaml {
	enum tc_yaml_kind kind;
	enum tc_yaml_style style; /* of a scalar */
	const struct tc_source *source;
	uint32_t start, end;   /* in the source's text */
	const char *text;      /* of a scalar: no NUL in it, one behind it */
	uint32_t length;       /* of the text */
	uint32_t n_children;   /* of a sequence; a mapping has keys and values by turns */
	struct tc_yaml *first; /* child */
	struct tc_yaml *last;
	struct tc_yaml *next; /* sibling */
};

/*
 * Reads a file: *ret_documents is a sequence of its documents. Nodes and texts lie in the arena.
 * What is wrong is added to diagnostics; after a mistake in the YAML the tree holds the parts
 * before it, and the result is -EINVAL. -ENOMEM when memory is out.
 */
int tc_yaml_read(const struct tc_source *source, struct tc_arena *arena,
		 struct tc_diagnostics *diagnostics, struct tc_yaml **ret_documents);

/* The value of a key in a mapping, or NULL. */
const struct tc_yaml *tc_yaml_get(const struct tc_yaml *mapping, const char *key);

/*
 * A part of a scalar: length bytes of its text from offset on. length 0 is the node as a whole.
 * The place in the file is worked out when it is needed.
 */
struct tc_where {
	const struct tc_yaml *node;
	uint32_t offset, length;
};

struct tc_where tc_yaml_where(const struct tc_yaml *node);
/* Where in the source's text the part lies. */
void tc_where_locate(const struct tc_where *where, size_t *ret_offset, size_t *ret_length);
/* Adds a finding there; as tc_diagnostics_add(). */
struct tc_diagnostic *tc_where_report(struct tc_diagnostics *diagnostics,
				      enum tc_diagnostic_kind kind, struct tc_where where,
				      const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
