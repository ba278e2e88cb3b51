/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the reader have in common. */
#ifndef TOCSIN_AGENT_CONFIG_LOAD_H
#define TOCSIN_AGENT_CONFIG_LOAD_H

#include "agent/config/config.h"
#include "rules/language/yaml.h"

struct tc_config_load {
	struct tc_config *config;
	enum tc_config_purpose purpose;
	struct tc_diagnostics *diagnostics;
};

/* A scalar with its references resolved. */
struct tc_config_scalar {
	const char *text;  /* in the configuration's arena */
	const char *shown; /* as it was written; NULL: it refers to nothing */
	bool known;	   /* false: it refers to what is not in this environment */
};

/* 0; -EINVAL, told; -ENOMEM. */
int tc_config_scalar_read(struct tc_config_load *load, const struct tc_yaml *node,
			  struct tc_config_scalar *ret_scalar);
struct tc_config_origin tc_config_origin_of(struct tc_config_load *load,
					    const struct tc_yaml *node);

#endif
