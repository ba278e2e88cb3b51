/* SPDX-License-Identifier: Apache-2.0 */
/* The table of keys, and values as text. */
#ifndef TOCSIN_AGENT_CONFIG_KEYS_H
#define TOCSIN_AGENT_CONFIG_KEYS_H

#include "agent/config/config.h"

enum tc_config_type {
#define TC_CONFIG_TYPE(name, c_type, kind, wanted) TC_CONFIG_TYPE_##name,
#include "agent/config/types.def"
};

/* A row of keys.def. */
struct tc_config_key {
	enum tc_config_id id;
	const char *path;
	enum tc_config_type type;
	const char *preset, *range; /* NULL: none */
	bool reloads;
	const char *doc;
	size_t offset; /* of the member in struct tc_config */
};

/* An option that stands for a key. */
struct tc_config_option {
	enum tc_config_id id;
	const char *name;
	char letter;
	const char *placeholder; /* NULL: it takes no value, and stands for word */
	const char *word;
};

const struct tc_config_key *tc_config_key(enum tc_config_id id);
/* By its path; NULL when there is none. */
const struct tc_config_key *tc_config_key_find(const char *path);
/* The option of a key; NULL when there is none. */
const struct tc_config_option *tc_config_option(enum tc_config_id id);

static inline void *tc_config_member(struct tc_config *config, const struct tc_config_key *key)
{
	return (char *)config + key->offset;
}

static inline const void *tc_config_value(const struct tc_config *config,
					  const struct tc_config_key *key)
{
	return (const char *)config + key->offset;
}

/* Sentences on what the key is for, what its value is, and when a change is in force. */
void tc_config_describe(const struct tc_config_key *key, struct tc_buffer *text);
/* What a value of the key is, in words. */
void tc_config_wanted(const struct tc_config_key *key, struct tc_buffer *text);
/*
 * Reads a value of a key that is neither PATHS nor OUTPUTS; strings stay where they are. 0, or
 * -EINVAL with what is wrong and what would be right appended to problem.
 */
int tc_config_value_read(const struct tc_config_key *key, const char *text, void *member,
			 struct tc_buffer *problem);
/* Appends a value as text, such that it reads as the same value; nothing where there is none. Not
 * for OUTPUTS and lists. */
void tc_config_value_print(const struct tc_config_key *key, const void *member,
			   struct tc_buffer *text);

#endif
