/* SPDX-License-Identifier: Apache-2.0 */
/* What a host answers (agent/enrich/host.h), as named values and back. */
#ifndef TOCSIN_RECORDING_FACTS_H
#define TOCSIN_RECORDING_FACTS_H

#include "agent/enrich/container_facts.h"
#include "agent/enrich/host.h"
#include "recording/layout.h"
#include "recording/named.h"

/* Append the names of users and groups, those of ports, where a cgroup is (path NULL: not known).
 */
void tc_facts_put_users(struct tc_buffer *body, const struct tc_users *users);
void tc_facts_put_services(struct tc_buffer *body, const struct tc_services *services);
void tc_facts_put_cgroup(struct tc_buffer *body, uint64_t id, const char *path, size_t length);
/* Appends what is known of a process. */
void tc_facts_put_process(struct tc_buffer *body, const struct tc_process_facts *facts);
/*
 * Reads it; facts->exec is NULL or points into room or the list. 0; -EBADMSG when the exec record
 * cannot be used.
 */
int tc_facts_get_process(const struct tc_named_list *body, const struct tc_layout *layout,
			 union tc_layout_room *room, struct tc_process_facts *ret_facts);

/* The same of a container; what is read lies in the facts' arena. 0 or -ENOMEM. */
void tc_facts_put_container(struct tc_buffer *body, const struct tc_container_facts *facts);
int tc_facts_get_container(const struct tc_named_list *body, struct tc_container_facts *facts);

#endif
