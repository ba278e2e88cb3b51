/* SPDX-License-Identifier: Apache-2.0 */
/* Output templates: text with fields in it. For rendering see rules.h. */
#ifndef TOCSIN_RULES_TEMPLATE_H
#define TOCSIN_RULES_TEMPLATE_H

#include "agent/arena.h"
#include "rules/language/text.h"
#include "rules/rules.h"

/*
 * Reads a template: %field, %field[index], %transformer(...), %20field (cut or filled with blanks
 * to 20 columns), %% for a percent sign. A star at its beginning, which Falco puts there, is
 * dropped. Lies in the arena. 0; -EINVAL when something is wrong, which was told; -ENOMEM.
 */
int tc_template_parse(const struct tc_text *text, struct tc_arena *arena,
		      struct tc_diagnostics *diagnostics, const struct tc_template **ret_template);

#endif
