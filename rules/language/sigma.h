/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sigma rules (https://sigmahq.io/docs/basics/rules.html, specification 2): put into conditions of
 * the language that all other rules are written in, so that whatever is known of those is known of
 * these. The words that they may use are in sigma.def.
 */
#ifndef TOCSIN_RULES_LANGUAGE_SIGMA_H
#define TOCSIN_RULES_LANGUAGE_SIGMA_H

#include "rules/language/library.h"

/* Whether a document is meant as a Sigma rule. */
bool tc_sigma_is(const struct tc_yaml *document);
/* Adds the rule of a document. Mistakes are added to library->diagnostics. 0 also then; -ENOMEM. */
int tc_sigma_read(struct tc_library *library, const struct tc_yaml *document);

#endif
