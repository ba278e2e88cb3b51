/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of ports, from /etc/services (services(5)). Read once, directly: see user.h for why not
 * through NSS.
 */
#ifndef TOCSIN_AGENT_ENRICH_SERVICES_H
#define TOCSIN_AGENT_ENRICH_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/buffer.h"

struct tc_services;

/* Reads a file of services; a line that is none is passed over. NULL when it cannot be read or
 * memory is out: then no port has a name. */
struct tc_services *tc_services_read(const char *path);
/* The same with a text in place of the file, and such a text for it. */
struct tc_services *tc_services_parse(const char *text);
void tc_services_write(const struct tc_services *services, struct tc_buffer *text);
void tc_services_free(struct tc_services *services);

/* Name of a TCP or UDP port; NULL when it has none. services may be NULL. */
const char *tc_services_name(const struct tc_services *services, uint32_t port, bool udp);

#endif
