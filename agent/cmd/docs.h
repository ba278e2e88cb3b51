/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the documentation that come from the tables. */
#ifndef TOCSIN_AGENT_CMD_DOCS_H
#define TOCSIN_AGENT_CMD_DOCS_H

#include "agent/buffer.h"
#include "agent/options.h"

/* Calls back for each subcommand with its usage. */
void tc_docs_each_command(tc_usage_callback callback, void *context);
/* What a subcommand does, as in the list of all; "" where there is none. */
const char *tc_docs_command(const char *name);

/* Lists for manual pages, in roff. */
void tc_docs_man_commands(struct tc_buffer *text);
void tc_docs_man_keys(struct tc_buffer *text);
void tc_docs_man_outputs(struct tc_buffer *text);
void tc_docs_man_rule_keys(struct tc_buffer *text);
void tc_docs_man_operators(struct tc_buffer *text);
void tc_docs_man_findings(struct tc_buffer *text);
void tc_docs_man_events(struct tc_buffer *text);
void tc_docs_man_fields(struct tc_buffer *text);

/* Completion of shells. */
void tc_docs_bash(struct tc_buffer *text);
void tc_docs_zsh(struct tc_buffer *text);
void tc_docs_fish(struct tc_buffer *text);

#endif
