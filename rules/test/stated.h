/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event written down in YAML: a mapping of `kind` (or `evt.type`, where the kind follows from
 * it) and fields with their values. See agent/author.h for what becomes of it.
 */
#ifndef TOCSIN_RULES_TEST_STATED_H
#define TOCSIN_RULES_TEST_STATED_H

#include "agent/author.h"
#include "rules/language/yaml.h"

struct tc_stated_event {
	const struct tc_yaml *node;
	const struct tc_kind_info *kind;
	struct tc_statement *statements; /* n of them */
	const struct tc_yaml **places;	 /* of each, the key that states it */
	size_t n;
};

/*
 * Reads an event. Its parts lie in the arena. 0; -EINVAL when something is wrong, all of which was
 * added to diagnostics; -ENOMEM.
 */
int tc_stated_event_read(const struct tc_yaml *node, struct tc_arena *arena,
			 struct tc_diagnostics *diagnostics, struct tc_stated_event *ret_event);

/*
 * Reads an alert instead: the JSON object that `tocsin query --json` prints, by its kind and
 * output_fields. JSON is YAML. Fields that are not known are left out.
 */
int tc_stated_alert_read(const struct tc_yaml *node, struct tc_arena *arena,
			 struct tc_diagnostics *diagnostics, struct tc_stated_event *ret_event);

/* Tells why an author could not make the event. */
void tc_stated_event_report(const struct tc_stated_event *event,
			    const struct tc_author_fault *fault,
			    struct tc_diagnostics *diagnostics);

/*
 * Reads an event or an alert, the first of some documents, and has an author tell it. 0; -EINVAL
 * when something is wrong, which was added to diagnostics; -ENOMEM.
 */
int tc_stated_tell(const struct tc_yaml *documents, struct tc_author *author,
		   struct tc_arena *arena, struct tc_diagnostics *diagnostics,
		   struct tc_event **ret_event);

/* Whether a scalar says that there is no value: ~, null or nothing. */
bool tc_yaml_is_null(const struct tc_yaml *node);

#endif
