/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log for `tocsin verify`: by itself, and against what the journal was told of it. */
#ifndef TOCSIN_CMD_VERIFY_AUDIT_H
#define TOCSIN_CMD_VERIFY_AUDIT_H

#include "output/format/json_writer.h"
#include "recording/audit_verify.h"

struct verify_audit {
	const char *directory;
	bool asked_journal; /* there is a journal that may know of it */
	size_t claims;	    /* what it knows */
	struct tc_audit_verification told;
};

/* journal: a path, or NULL. 0; or a negative errno when nothing can be said: -ENODATA and -ENOENT
 * when there is no such log, and the journal knows of none. */
int verify_audit(const char *directory, const char *journal, struct verify_audit *ret_audit);
void verify_audit_print(const struct verify_audit *audit);
/* A member with a time, as the whole answer has them (verify.c). */
void verify_write_time(struct tc_json *json, const char *key, uint64_t time_ns);
/* One object. */
void verify_audit_json(const struct verify_audit *audit, struct tc_json *json);

#endif
