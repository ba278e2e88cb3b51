/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts as documents. */
#ifndef TOCSIN_TESTS_FUZZ_DOCUMENTS_H
#define TOCSIN_TESTS_FUZZ_DOCUMENTS_H

#include "output/alert.h"
#include "output/journal_reader.h"

/*
 * Makes an alert of the event by a rule, or a notice when rule is NULL, and of it the documents of
 * all formats. Ends the process when one cannot be made, is not valid or has more than one line.
 */
void fuzz_tell(struct tc_event *event, const struct tc_rule *rule);

/* Makes the documents of all formats of a row whose JSON may be anything; those that can be made
 * have one line. */
void fuzz_format(const struct tc_journal_row *row);

#endif
