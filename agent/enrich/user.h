/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of users and groups of the host, from /etc/passwd and /etc/group.
 *
 * The files are read directly: NSS may load code and wait for the network, which has no place
 * between an event and its verdict. Users that only a directory service knows have no name here.
 */
#ifndef TOCSIN_AGENT_ENRICH_USER_H
#define TOCSIN_AGENT_ENRICH_USER_H

#include <stdint.h>

#include "agent/buffer.h"

struct tc_users;

/* An empty table, or NULL when memory is out. */
struct tc_users *tc_users_new(void);
void tc_users_free(struct tc_users *users);

/*
 * Reads the files when they are not those of the last time (device, inode, modification time,
 * size). A file that cannot be read leaves its names as they were. root: directory in which etc is,
 * "" for the host. 0 or -ENOMEM.
 */
int tc_users_refresh(struct tc_users *users, const char *root);

/* Takes the names from texts in the form of the two files, for hosts that are not this one. 0 or
 * -ENOMEM. */
int tc_users_read(struct tc_users *users, const char *passwd, const char *group);

/* Changes with each set of names that was read. */
uint64_t tc_users_version(const struct tc_users *users);
/* Appends all names in the form of the two files, without what stands in the column of passwords.
 */
void tc_users_write(const struct tc_users *users, struct tc_buffer *passwd,
		    struct tc_buffer *group);

/* Name of a user or group; NULL when it has none. Valid until the next refresh. */
const char *tc_users_name(const struct tc_users *users, uint32_t uid, uint32_t *ret_length);
const char *tc_users_group(const struct tc_users *users, uint32_t gid, uint32_t *ret_length);
/* Home directory and shell of a user, not terminated; NULL when he has none. Valid as long. */
const char *tc_users_home(const struct tc_users *users, uint32_t uid, uint32_t *ret_length);
const char *tc_users_shell(const struct tc_users *users, uint32_t uid, uint32_t *ret_length);

#endif
