/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/header.h"

#include <sys/utsname.h>

#include "agent/schema.h"
#include "recording/layout.h"
#include "recording/named.h"
#include "recording/zone.h"

static void put_kinds(struct tc_buffer *body, uint64_t kinds)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kinds >> kind & 1 && tc_kind_info(kind))
			tc_named_put_text(body, "kind", tc_kind_info(kind)->name);
}

static void put_layout(struct tc_buffer *body)
{
	_cleanup_buffer_ struct tc_buffer layout = {0};

	tc_layout_write(&layout);
	if (tc_buffer_failed(&layout))
		body->failed = true;
	else
		tc_named_put_bytes(body, "layout", layout.bytes, layout.length);
}

static void put_host(struct tc_buffer *body, const struct tc_host_about *host)
{
	char zone[TC_ZONE_MAX];
	struct utsname kernel;

	tc_zone_of_host("", zone);
	tc_named_put_text(body, "hostname", host->hostname);
	tc_named_put_text(body, "boot_id", host->boot_id);
	tc_named_put_text(body, "zone", zone);
	tc_named_put_number(body, "now_ns", host->now_ns);
	tc_named_put_number(body, "real_minus_boot_ns", (uint64_t)host->clock.real_minus_boot_ns);
	if (uname(&kernel) == 0) {
		tc_named_put_text(body, "kernel", kernel.release);
		tc_named_put_text(body, "machine", kernel.machine);
	}
}

void tc_header_put(struct tc_buffer *body, const struct tc_recorder_about *about,
		   const struct tc_host_about *host)
{
	tc_named_put_number(body, "format", TC_RECORDING_FORMAT);
	tc_named_put_text(body, "agent", TOCSIN_VERSION);
	tc_named_put_text(body, "scope", about->scope);
	tc_named_put_text(body, "source", about->source);
	put_host(body, host);
	put_kinds(body, about->kinds);
	put_layout(body);
}
