/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts as syslog messages: RFC 5424, or as syslog(3) writes them to the local socket.
 *
 * The structured data of RFC 5424 is one element with what a relay may want to know of the alert
 * (seq, uuid, rule, kind, cgroup_id, pid, container, user, tags, cgroup, exe; what there is no
 * value for is left out); the document follows as MSG. Values are escaped by tc_text_escape()
 * first, so that they are one line of UTF-8, and then by section 6.3.3. Together they take at most
 * half of a message: values that have no room are cut, and named by truncated="exe".
 *
 * A message that is larger than the limit is sent in parts, of which each says part="N" and
 * parts="M" and whose documents are one when they are joined; or it is cut, and says cut="BYTES".
 * Neither splits a character or an escape. Parts behind the first have only seq and uuid
 * otherwise.
 */
#ifndef TOCSIN_OUTPUT_SYSLOG_MESSAGE_H
#define TOCSIN_OUTPUT_SYSLOG_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "agent/buffer.h"
#include "output/output.h"

/* With less, the longest header and a useful part of an alert do not fit. */
#define TC_SYSLOG_SIZE_MIN 1024
/* Section 6: the longest HOSTNAME, APP-NAME and SD-ID. */
#define TC_SYSLOG_HOSTNAME_MAX 255
#define TC_SYSLOG_APP_MAX 48
#define TC_SYSLOG_SD_ID_MAX 32

/* How messages are written. Strings are printable ASCII without blanks (tc_syslog_name()). */
struct tc_syslog_style {
	unsigned facility; /* 0 to 23 */
	const char *hostname;
	const char *app;
	pid_t pid;
	const char *sd_id; /* tocsin@32473 */
	bool bsd;	   /* <PRI>Nov 22 11:06:40 APP[PID]: MSG, local time: no structured data */
	bool structured;   /* has structured data */
	bool bom;	   /* a byte order mark before MSG, as section 6.4 asks for UTF-8 */
	bool split;	   /* what is too large; otherwise it is cut */
	size_t size_max;   /* of a message, at least TC_SYSLOG_SIZE_MIN */
};

/* What became of an alert. */
struct tc_syslog_made {
	unsigned parts;	  /* messages */
	size_t bytes;	  /* of all that was to be said, in one message */
	size_t cut_bytes; /* of the document that were left out */
};

/*
 * Appends the alert as one message or more, each framed by its length (RFC 6587, section 3.4.1):
 * that is how they go over TCP, and how tc_syslog_frame_read() finds them for other transports.
 * 0 or -ENOMEM: the buffer's content is not whole.
 */
int tc_syslog_message_add(const struct tc_syslog_style *style, const struct tc_message *message,
			  struct tc_buffer *frames, struct tc_syslog_made *ret_made);

/* A message within its frame. */
struct tc_syslog_frame {
	const char *bytes;
	size_t length;
	size_t size; /* of the frame */
};

/* The first frame; there must be a whole one. */
struct tc_syslog_frame tc_syslog_frame_read(const char *frames, size_t length);

/* Bytes at the start of escaped text that belong together: a character, or an escape such as \x1b,
 * \\n or \u{202e}. At least 1 of length > 0. */
size_t tc_syslog_unit(const char *text, size_t length);

/* Number of a facility ("local0", "authpriv"), or -EINVAL. */
int tc_syslog_facility(const char *name);
/* Appends the names of all facilities, separated by blanks. */
void tc_syslog_facility_list(struct tc_buffer *text);
/* Copies a name with _ for all that is not printable ASCII, and at most size - 1 bytes; "-" for
 * one that is empty. */
void tc_syslog_name(char *ret_name, size_t size, const char *name);

#endif
