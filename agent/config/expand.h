/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References in values of the configuration, to what must not stand in it:
 *
 *	${NAME}             the variable NAME of the environment
 *	${file:PATH}        the content of a file, without the newline at its end; the file belongs
 *	                    to root (or the caller), others may neither read nor write it
 *	${credential:NAME}  a credential of the service, see systemd.exec(5), LoadCredential=
 *	$${                 stands for ${
 *
 * What comes out is taken as it is: it is not YAML, and references in it are none.
 */
#ifndef TOCSIN_AGENT_CONFIG_EXPAND_H
#define TOCSIN_AGENT_CONFIG_EXPAND_H

#include <stdbool.h>

#include "agent/buffer.h"

/* Largest file of a secret, in bytes. */
#define TC_CONFIG_SECRET_MAX 65536

/* The reference that is wrong. */
struct tc_config_fault {
	size_t offset, length; /* in the text */
	bool absent;	       /* it is well-formed; what it refers to is not in this environment */
	struct tc_buffer problem;
};

/* Whether there is a ${ in the text. */
bool tc_config_has_references(const char *text);
/* Appends the text with its references resolved. 0, or -EINVAL with *fault filled in; its problem
 * is to be freed in any case. */
int tc_config_expand(const char *text, struct tc_buffer *result, struct tc_config_fault *fault);

#endif
