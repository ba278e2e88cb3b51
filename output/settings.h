/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of outputs, from the text of a SPEC; what outputs see of them is in output/output.h. */
#ifndef TOCSIN_OUTPUT_SETTINGS_H
#define TOCSIN_OUTPUT_SETTINGS_H

#include "output/output.h"

/* Those that every output has, from settings.def; ends with a row whose name is NULL. */
extern const struct tc_output_key tc_output_common_keys[];

#endif
