/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <strings.h>

#include "rules/rules.h"

static const char *const names[TC_PRIORITY_MAX] = {
	[TC_PRIORITY_EMERGENCY] = "Emergency",
	[TC_PRIORITY_ALERT] = "Alert",
	[TC_PRIORITY_CRITICAL] = "Critical",
	[TC_PRIORITY_ERROR] = "Error",
	[TC_PRIORITY_WARNING] = "Warning",
	[TC_PRIORITY_NOTICE] = "Notice",
	[TC_PRIORITY_INFORMATIONAL] = "Informational",
	[TC_PRIORITY_DEBUG] = "Debug",
};

const char *tc_priority_name(enum tc_priority priority)
{
	return (unsigned)priority < TC_PRIORITY_MAX ? names[priority] : "?";
}

int tc_priority_parse(const char *name, enum tc_priority *ret_priority)
{
	if (!strcasecmp(name, "info")) {
		*ret_priority = TC_PRIORITY_INFORMATIONAL;
		return 0;
	}
	for (unsigned i = 0; i < TC_PRIORITY_MAX; i++) {
		if (!strcasecmp(name, names[i])) {
			*ret_priority = (enum tc_priority)i;
			return 0;
		}
	}
	return -EINVAL;
}
