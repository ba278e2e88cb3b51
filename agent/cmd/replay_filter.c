/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/replay_filter.h"

int replay_filter_take(void *context, const struct tc_alert *alert)
{
	struct replay_filter *filter = context;

	if (alert->time_ns < filter->since_ns || alert->time_ns > filter->until_ns ||
	    (filter->condition && !tc_condition_holds(filter->condition, alert->event)))
		return 0;
	return filter->tell(filter->context, alert);
}
