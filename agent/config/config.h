/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of `tocsin run`: /etc/tocsin/tocsin.yaml, the *.yaml in conf.d beside it in
 * byte order of their names, and options of the command line, each of which has precedence over
 * what comes before it. A list is replaced as a whole; outputs are replaced one by one, by their
 * names. keys.def has the keys.
 *
 * Values may refer to what must not stand in a file that many read, see agent/config/expand.h.
 */
#ifndef TOCSIN_AGENT_CONFIG_CONFIG_H
#define TOCSIN_AGENT_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/arena.h"
#include "agent/buffer.h"
#include "agent/options.h"
#include "rules/diagnostic.h"

#define TC_CONFIG_DEFAULT_PATH "/etc/tocsin/tocsin.yaml"
/* Beside the file. */
#define TC_CONFIG_DROP_INS "conf.d"

enum tc_config_id {
#define TC_CONFIG(member, path, type, preset, range, when, doc) TC_CONFIG_##member,
#include "agent/config/keys.def"
	TC_CONFIG_MAX,
};

/* Where a value comes from. */
struct tc_config_origin {
	const char *name; /* a file, or an option such as --journal; NULL: it is the default */
	unsigned line;	  /* of the file; 0 for an option */
};

/* A setting of an output. */
struct tc_config_setting {
	const char *key, *value;
	const char *shown; /* for people: as it was written, and nothing of a secret */
};

struct tc_config_output {
	const char *name; /* unique among the outputs */
	const char *type; /* as in output/outputs.def */
	const struct tc_config_setting *settings;
	size_t n_settings;
	const char *spec; /* all of it as tc_couriers_add() takes it; there are secrets in it */
	struct tc_config_origin origin;
};

struct tc_config_outputs {
	struct tc_config_output *items; /* heap memory */
	size_t count;
};

#define TC_CONFIG_TYPE(name, c_type, kind, wanted) typedef c_type tc_config_##name;
#include "agent/config/types.def"

/* A member for each key, and what belongs to all of them. */
struct tc_config {
#define TC_CONFIG(member, path, type, preset, range, when, doc) tc_config_##type member;
#include "agent/config/keys.def"
	struct tc_config_origin origins[TC_CONFIG_MAX];
	const char *shown[TC_CONFIG_MAX]; /* a value that refers to something, as it was written */
	struct tc_arena arena;		  /* of all strings that do not point into argv */
};

/* What the command line says of the keys. Zero-initialised is nothing. */
struct tc_config_given {
	const char *path; /* NULL: TC_CONFIG_DEFAULT_PATH, which may be missing */
	struct {
		bool flag;
		const char *text;
		struct tc_strings texts;
		char *doc; /* of the option, with its default; heap memory */
	} keys[TC_CONFIG_MAX];
};

#define TC_CONFIG_BIT(member) (1ULL << TC_CONFIG_##member)
#define TC_CONFIG_EVERY (~0ULL)

/* Stores at most TC_CONFIG_MAX rows of options that fill in given, for the keys of a set of
 * TC_CONFIG_BIT. 0 or -ENOMEM. */
int tc_config_options(struct tc_config_given *given, uint64_t keys, struct tc_option *rows);
/* Looks at what options were given. -1, or an exit code when something is wrong, which was told. */
int tc_config_given_check(const struct tc_config_given *given, const char *command);
void tc_config_given_done(struct tc_config_given *given);

enum tc_config_purpose {
	TC_CONFIG_TO_RUN,
	TC_CONFIG_TO_EXAMINE, /* a reference into an environment that is not here is a warning */
};

/*
 * Reads the files, and puts the options above them; given must outlive the configuration. What is
 * wrong is added to diagnostics: with an error among it the result is -EINVAL. -ENOMEM. Free it
 * with tc_config_free().
 */
int tc_config_load(const struct tc_config_given *given, enum tc_config_purpose purpose,
		   struct tc_diagnostics *diagnostics, struct tc_config **ret_config);
void tc_config_free(struct tc_config *config);

static inline void tc_config_freep(struct tc_config **config)
{
	tc_config_free(*config);
}
#define _cleanup_config_ __attribute__((cleanup(tc_config_freep)))

/*
 * Whether a file is a configuration, not rules: by its name (tocsin.yaml, conf.d/...), or because
 * it is a mapping with a key of a configuration, and neither a Sigma rule nor tests.
 */
bool tc_config_recognise(const char *path);

/* Appends it as a file that says the same, with comments on where each value comes from. Secrets
 * are ***. */
void tc_config_print(const struct tc_config *config, struct tc_buffer *text);
/* Appends a file that says nothing: each key with its default and its documentation in a comment.
 */
void tc_config_print_default(struct tc_buffer *text);

#endif
