/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs in the configuration: a mapping of names to settings, or SPECs of the command line. */
#ifndef TOCSIN_AGENT_CONFIG_OUTPUTS_H
#define TOCSIN_AGENT_CONFIG_OUTPUTS_H

#include "agent/config/load.h"

/*
 * Reads the mapping `outputs` of a file: each replaces the one of its name, or takes it away
 * (`off`). What is wrong is added to the diagnostics. 0 or -ENOMEM.
 */
int tc_config_outputs_read(struct tc_config_load *load, const struct tc_yaml *mapping);
/* Adds the output of a SPEC of the command line; what is wrong with it is told when it is opened.
 * 0 or -ENOMEM. */
int tc_config_outputs_add_spec(struct tc_config *config, const char *spec, const char *option);

#endif
