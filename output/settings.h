/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of outputs, from the text of a SPEC; what outputs see of them is in output/output.h. */
#ifndef TOCSIN_OUTPUT_SETTINGS_H
#define TOCSIN_OUTPUT_SETTINGS_H

#include "output/output.h"

/* Those that every output has, from settings.def; ends with a row whose name is NULL. */
extern const struct tc_output_key tc_output_common_keys[];

/* The row of a key, of the output's own or of those that every output has; NULL: there is none. */
const struct tc_output_key *tc_output_key_find(const struct tc_output *output, const char *key);
/* The key that is nearest to a wrong one, see agent/nearest.h; NULL: none is near. */
const char *tc_output_key_nearest(const struct tc_output *output, const char *key);
/* Whether the value is one of the words that the key may be; any is, where it has none. */
bool tc_output_key_allows(const struct tc_output_key *key, const char *value);

/* Whether a changed value is put in force while the output works, by tc_couriers_change(). */
bool tc_output_key_is_term(const char *key);

#endif
