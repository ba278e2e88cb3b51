/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of an alert: who made the process that it is about, what that process and its relatives
 * did, and to what.
 *
 * Somebody tells it events (trace.h, rows.h); it keeps what it needs within bounds and counts what
 * it leaves out. All its texts are safe to be shown: valid UTF-8 without control characters, as
 * tc_text_escape() makes them.
 */
#ifndef TOCSIN_AGENT_STORY_H
#define TOCSIN_AGENT_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "agent/arena.h"
#include "agent/buffer.h"
#include "rules/rules.h"

#define TC_STORY_ALERTS_MAX 50000
#define TC_STORY_PROCESSES_MAX 4096
#define TC_STORY_THINGS_MAX 4096
/* Of the processes so many are kept free for the one that the alert is about and its ancestors. */
#define TC_STORY_RESERVED 128
/* Bytes of what is known of processes: programs that ran again and again with other arguments. */
#define TC_STORY_FACTS_BYTES_MAX (256UL << 20)

enum tc_story_class {
#define TC_STORY_CLASS(class, title) TC_STORY_##class,
#include "agent/story/kinds.def"
	TC_STORY_CLASS_MAX
};
/* For people; "" for what is not listed. */
const char *tc_story_class_title(enum tc_story_class class);

enum tc_story_fact {
#define TC_STORY_FACT(id, key, label, field, parent, ancestor) TC_STORY_##id,
#include "agent/story/facts.def"
	TC_STORY_FACT_MAX
};

struct tc_story_fact_info {
	const char *key, *label, *field, *parent, *ancestor;
};
extern const struct tc_story_fact_info tc_story_facts[TC_STORY_FACT_MAX];

/* A record, for good: no two of a host have the same. */
struct tc_story_key {
	uint64_t time_ns; /* since the epoch */
	uint64_t cpu, seq;
};

struct tc_story_process {
	struct tc_story_process *parent; /* NULL: not known */
	/* Set by tc_story_end(): in the order of their start. */
	struct tc_story_process *child, *next;
	uint64_t start_ns; /* since boot; 0: not known */
	uint32_t pid;
	unsigned number; /* from 1 on, in the order in which they became known */
	const char *facts[TC_STORY_FACT_MAX]; /* NULL: not known */
	uint64_t ended_ns;		      /* since the epoch; 0: not known to have ended */
	const char *end;		      /* "status 1", "SIGKILL"; NULL: nothing to tell */
	unsigned events, alerts;	      /* that were told of it */
	bool is_subject;		      /* the alert is about it */
	bool is_relative; /* in the tree whose events are told, not just an ancestor */

	struct {
		uint64_t start_ns;
		uint64_t pid;
	} key;
	UT_hash_handle hh;
};

/* What a rule said. */
struct tc_story_alert {
	struct tc_story_key key;
	uint64_t seq; /* in the journal; 0: not from there */
	const char *uuid, *rule, *output, *action, *verdict, *hostname, *tags;
	enum tc_priority priority;
	bool is_subject;

	struct tc_story_alert *next; /* of the same event */
	UT_hash_handle hh;	     /* of the first one of an event */
};

struct tc_story_event {
	struct tc_story_key key;
	struct tc_story_process *process;
	const struct tc_story_alert *alert; /* NULL: no rule spoke */
	const char *kind;		    /* exec, open ... */
	char *name;			    /* that the acting thread had; NULL: not known */
	char *text;			    /* what the process did */
	const char *verdict;		    /* blocked, killed, would_block; NULL: none */
	unsigned times;	  /* the same again and again, the first one at this time */
	uint64_t last_ns; /* of the last one */
};

/* Something that was touched. */
struct tc_story_thing {
	enum tc_story_class class;
	const char *text;
	unsigned times;
	uint64_t first_ns;		  /* since the epoch */
	struct tc_story_process *process; /* the first one that did */
	bool by_others;			  /* and not the only one */

	char *key; /* class and text */
	UT_hash_handle hh;
};

/* A login that processes of the tree belong to, or that nobody logged in for them. */
struct tc_story_login {
	const char *loginuid, *name, *session, *tty; /* NULL: not known */
	unsigned processes;
	struct tc_story_process *first;
};

struct tc_story {
	struct tc_story_alert *subject;
	const char *subject_json, *boot_id;   /* of it; NULL: not known */
	const char *facts[TC_STORY_FACT_MAX]; /* of its process, when it was told */
	struct tc_story_alert *alerts;	      /* a hash, by key */
	struct tc_story_process *processes;   /* a hash, in the order of their coming */
	struct tc_story_event *events;	      /* in the order of their time */
	size_t n_events;
	struct tc_story_thing *things; /* a hash, in the order of their coming */
	struct tc_story_login *logins;
	size_t n_logins;
	struct tc_story_process *roots; /* set by tc_story_end(), joined by next */

	size_t limit;		 /* of events that are kept; half of them before the alert */
	size_t alerts_max;	 /* of alerts that are read from a journal; half of them ... */
	uint64_t left_alerts;	 /* that were not: those further from the alert */
	uint64_t left_before;	 /* events of the tree that were earlier than those kept */
	uint64_t left_after;	 /* ... later */
	uint64_t left_processes; /* that there was no room for */
	uint64_t left_things;
	uint64_t left_facts;
	size_t facts_bytes;
	uint64_t lost;	    /* events that never came, as the source says */
	const char *source; /* where it comes from, for people */
	bool from_alerts;   /* only what rules spoke of is known */
	bool expected;	    /* the alert's event came */
	bool passed;	    /* the alert was told */
	bool failed;	    /* memory ran out */
	struct tc_arena arena;
};

/* A story of at most so many events; NULL when memory is out. */
struct tc_story *tc_story_new(size_t limit);
/* Takes NULL. */
void tc_story_free(struct tc_story *story);

/* The value of a field as text; false, and nothing appended, when there is none. */
typedef bool (*tc_story_getter)(void *context, const char *field, struct tc_buffer *text);

/* What rules said of an event that will be told, or not. Copied; the first one that is the subject
 * becomes the story's. */
struct tc_story_alert *tc_story_add_alert(struct tc_story *story,
					  const struct tc_story_alert *alert);

/*
 * The process of that pid and start; made when it is not known. NULL when there are too many, or
 * memory ran out. start_ns 0: whoever has the pid, and is known to have started before before_ns.
 */
struct tc_story_process *tc_story_process(struct tc_story *story, uint32_t pid, uint64_t start_ns,
					  uint64_t before_ns);
/* Before the processes of an event are looked up: those of the alert take the room that was kept.
 */
void tc_story_expect(struct tc_story *story, const struct tc_story_key *key);
/* Copies a text that is safe already. NULL stays NULL. */
const char *tc_story_copy(struct tc_story *story, const char *text);
/* Sets a fact from a getter, if it has a value there. */
void tc_story_learn(struct tc_story *story, struct tc_story_process *process,
		    enum tc_story_fact fact, const char *field, tc_story_getter get, void *context);

/* An event of a process, in the order of time. */
struct tc_story_telling {
	struct tc_story_key key;
	struct tc_story_process *process;
	const char *kind; /* exec, open ...; of another word the word alone is told */
	tc_story_getter get;
	void *context;
};
void tc_story_tell(struct tc_story *story, const struct tc_story_telling *telling);

/* After the last event: joins the tree, folds repetitions. 0, -ENOMEM when memory ran out on the
 * way, -ENOENT when the alert was not told. */
int tc_story_end(struct tc_story *story);

/* The next thing of a class behind one; NULL for the first. */
const struct tc_story_thing *tc_story_next_thing(const struct tc_story *story,
						 enum tc_story_class class,
						 const struct tc_story_thing *thing);

/*
 * A walk over the tree, parents before children: begins with a story and zeroes. Children without
 * children of their own that ran the same command line in a row are given once: repeated says how
 * many more there were, of whom there is nothing else to tell.
 */
struct tc_story_walk {
	const struct tc_story *story;
	const struct tc_story_process *process;
	unsigned depth, repeated;
	bool above; /* process is above the tree */
};
bool tc_story_walk(struct tc_story_walk *walk);
/* Before it: the next of those above the tree who have no other child, as long as there is one. The
 * walk goes on behind them, with depth 0. */
bool tc_story_walk_above(struct tc_story_walk *walk);
/* The process that the alert is about. */
const struct tc_story_process *tc_story_subject(const struct tc_story *story);

/* A fact of the process that the alert is about, as it was then, if it is worth a line: NULL when
 * it is not known, or says that there is none (no login, no container). */
const char *tc_story_fact(const struct tc_story *story, enum tc_story_fact fact);
/* The command line of a relative, NULL when it is that of its parent: it ran no program of its own.
 */
const char *tc_story_command(const struct tc_story_process *process);
/* Appends a login in words; what is known of a thing: "3 times, first by bash (7)". */
void tc_story_login_words(const struct tc_story_login *login, struct tc_buffer *text);
void tc_story_thing_words(const struct tc_story_thing *thing, struct tc_buffer *text);
/* Appends what the story does not tell, a line each; nothing when it tells all. */
void tc_story_gaps(const struct tc_story *story, struct tc_buffer *text);
/* Appends the name and number of a process: "bash (4711)". name is another one that it had; NULL:
 * the last. */
void tc_story_name(const struct tc_story_process *process, const char *name,
		   struct tc_buffer *text);
/* Appends times as people read them: "+1.234 s" for a time after the alert. */
void tc_story_offset(const struct tc_story *story, uint64_t time_ns, struct tc_buffer *text);

/* How it is told. Text of a width in columns. */
void tc_story_print_text(const struct tc_story *story, unsigned width, bool colour,
			 struct tc_buffer *text);
void tc_story_print_json(const struct tc_story *story, struct tc_buffer *text);
/* One self-contained page without scripts. */
void tc_story_print_html(const struct tc_story *story, struct tc_buffer *text);

#endif
