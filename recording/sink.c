/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/sink.h"

#include "agent/log.h"
#include "recording/named.h"

void tc_sink_add_body(struct tc_sink *sink, enum tc_entry_type type, struct tc_buffer *body)
{
	if (tc_buffer_failed(body))
		tc_warning("a fact is left out of the recording: out of memory");
	else
		sink->ops->add(sink, type, body->bytes, body->length);
	tc_buffer_reset(body);
}

void tc_sink_add_generation(struct tc_sink *sink, uint32_t number, const char *rules)
{
	_cleanup_buffer_ struct tc_buffer body = {0};

	tc_named_put_number(&body, "number", number);
	tc_named_put_text(&body, "rules", rules);
	tc_sink_add_body(sink, TC_ENTRY_GENERATION, &body);
}
