/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The structs of all events, for the type information (BTF) of the object: clang puts there what
 * functions take, and the test tests/unit/agent/test_schema_btf.c compares it with the agent's
 * tables. Nothing calls these functions, so they are never loaded.
 */
#ifndef TOCSIN_PROBES_TYPES_H
#define TOCSIN_PROBES_TYPES_H

#include "record.h"

#define TC_EVENT(name, number, family, traits, syscalls, doc)                                      \
	__noinline int type_of_##name(struct tc_##name *record)                                    \
	{                                                                                          \
		return 0;                                                                          \
	}
#include "schema/events.def"

#endif
