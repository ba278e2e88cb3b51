/* SPDX-License-Identifier: Apache-2.0 */
/* How an explanation is told: as a tree for people, as JSON for programs. */
#ifndef TOCSIN_CMD_EXPLAIN_PRINT_H
#define TOCSIN_CMD_EXPLAIN_PRINT_H

#include <stdio.h>

#include "rules/explain.h"

struct tc_explain_style {
	bool expand; /* macros and lists that decide nothing are written out too */
	bool colour;
};

/* 0 or -ENOMEM. */
int tc_explain_print(const struct tc_explanation *why, const struct tc_written *written,
		     const struct tc_explain_style *style, FILE *stream);
int tc_explain_print_json(const struct tc_explanation *why, const struct tc_written *written,
			  FILE *stream);

#endif
