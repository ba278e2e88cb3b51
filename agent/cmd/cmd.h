/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommands. Each reads its own command line (argv[0] is its name) and returns an enum
 * tc_exit_code. */
#ifndef TOCSIN_AGENT_CMD_H
#define TOCSIN_AGENT_CMD_H

#include "agent/options.h"

#define TC_COMMAND(name, doc) int tc_cmd_##name(int argc, char **argv);
#include "agent/cmd/commands.def"
#undef TC_COMMAND

#endif
