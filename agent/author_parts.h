/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the author share; see author.h. */
#ifndef TOCSIN_AGENT_AUTHOR_PARTS_H
#define TOCSIN_AGENT_AUTHOR_PARTS_H

#include "agent/author.h"
#include "agent/buffer.h"
#include "agent/draft.h"

#define TC_AUTHOR_CGROUP 1000

/* Whom a statement is about: the actor, its n-th ancestor, or the other process of the event. */
enum tc_person {
	TC_PERSON_ACTOR = 0,
	TC_PERSON_ELDEST = TC_ANCESTORS_MAX,
	TC_PERSON_TARGET,
	TC_PERSON_TARGET_PARENT,
	TC_PERSON_BY_INDEX, /* the ancestor with the number in brackets */
};

/* A statement, as it is about a person. */
struct tc_told {
	enum tc_person person;
	const char *as;			/* name of the field that says it of an actor */
	const struct tc_member *member; /* of the event's record that holds it, or NULL */
};

struct tc_author {
	struct tc_world world;
	struct tc_event event;
	struct tc_draft draft; /* the event's record */
	struct tc_draft image; /* of somebody in it */
	struct tc_buffer text;
	uint64_t n_events, n_cgroups; /* of the story */

	/* Of the event that is told. */
	const struct tc_statement *statements;
	struct tc_told *told; /* by statement */
	size_t n_statements;
	struct tc_author_fault *fault;
};

/* --- author.c: what was stated --- */

/* Says why the event cannot be. Returns -EINVAL. */
int tc_author_refuse(struct tc_author *author, size_t statement, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What was stated of a person, NULL for nothing. */
const struct tc_statement *tc_author_find(const struct tc_author *author, enum tc_person person,
					  const char *as);
/* The same, with a value. */
const struct tc_value *tc_author_value(const struct tc_author *author, enum tc_person person,
				       const char *as);
/* What was stated of the event itself, with a value. */
const struct tc_value *tc_author_own(const struct tc_author *author, const char *name);
bool tc_author_is_word(const struct tc_value *value, const char *word);
bool tc_author_same(const struct tc_value *a, const struct tc_value *b);

/* --- author_record.c: 0, -EINVAL (refused) or -ENOMEM --- */

/* The event's record but for its cgroups. */
int tc_author_write_record(struct tc_author *author);
/* Writes a value, blaming its statement if that cannot be. */
int tc_author_put(struct tc_author *author, struct tc_draft *draft, const struct tc_member *member,
		  const struct tc_statement *statement);
/* Arguments and their number into an exec record. */
int tc_author_put_argv(struct tc_author *author, struct tc_draft *draft, enum tc_person person,
		       const char *comm);
/* The kernel calls a process by the last part of what was run. */
void tc_author_put_comm(const struct tc_author *author, enum tc_person person,
			char comm[TC_COMM_MAX], const char *plain);
/* When the process that has the pid in the story started. */
uint64_t tc_author_start_of(const struct tc_author *author, uint32_t tgid, uint64_t plain_ns);

/* --- author_socket.c: the same --- */

/* Members of a socket, if the kind has one. */
int tc_author_put_socket(struct tc_author *author);

/* --- author_host.c: the same --- */

/* Makes the cgroups known, and writes their ids. */
int tc_author_put_cgroups(struct tc_author *author);
/* Makes the actor, its ancestors and the other process known. */
int tc_author_add_people(struct tc_author *author);

#endif
