/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The kernel's half of the rules: tables that the agent fills and the probes read.
 *
 * Each rule becomes terms: conjunctions of what can be judged at a hook, each one bit of a set. A
 * look judges one value (a member of the record, a fact about the task) and says which terms it
 * leaves: those that do not ask for the value, and those that it satisfies. A hook ANDs the sets. A
 * rule matches when one of its terms is left and none of that term's vetoes, which are terms
 * themselves ("and not (a and b)").
 *
 *	left = row of the kind & row of the cgroup & terms that the task satisfies
 *	       & what each look at the object leaves
 *
 * What cannot be judged here counts as satisfied in a term and as not satisfied in a veto: the
 * kernel says yes too often and never too seldom, and the agent judges again. Terms of rules that
 * block must be exact.
 *
 * One struct tc_tables is one generation: the value of an inner map with one entry, put in place of
 * the one before by a single update of the outer map. All sizes are powers of two, so that an index
 * is bounded by a mask.
 */
#ifndef TOCSIN_DECIDE_H
#define TOCSIN_DECIDE_H

#include "record.h"

/* Terms in all. More than that share bits: see rules/kernel/bits.h. 512 or 1024. */
#ifndef TC_TERMS_MAX
#define TC_TERMS_MAX 512
#endif
#define TC_TERM_WORDS (TC_TERMS_MAX / 64)

#define TC_ROWS_MAX 4096     /* distinct sets of terms */
#define TC_LOOKS_MAX 256     /* looks in all */
#define TC_KIND_LOOKS_MAX 32 /* looks of one list */
#define TC_SPANS_MAX 8192    /* of numbers and addresses, in all */
#define TC_SPAN_STEPS 13     /* halvings until one of TC_SPANS_MAX is left */
#define TC_AUTOMATA_MAX 64
#define TC_STATES_MAX 65536	   /* of all automata */
#define TC_CELLS_MAX (1024 * 1024) /* of all automata */
#define TC_FINDINGS_MAX 16384
/* Groups of alternatives that a term may ask of one string: it starts with one of these, holds one
 * of those, and ends with one of a third group. */
#define TC_LANES 3

/* A set of terms. */
struct tc_terms {
	__u64 words[TC_TERM_WORDS];
};

/* The words of sets that matter somewhere: n from `first` on. The others are not even looked at. */
struct tc_range {
	__u16 first, n;
};

/* Row 0 holds all terms, row 1 none. */
#define TC_ROW_ALL 0
#define TC_ROW_NONE 1

enum tc_action {
	TC_ACTION_NONE = 0, /* a veto */
	TC_ACTION_ALERT = 1,
	TC_ACTION_TELL = 2,  /* of a rule that blocks or kills, and is held back: told as
				would_block, as in monitor mode */
	TC_ACTION_BLOCK = 3, /* the hook refuses with the term's error */
	TC_ACTION_KILL = 4,  /* the actor is killed, and the hook refuses where it can */
};

/* What a bit stands for. */
struct tc_bit {
	__u32 rule;   /* place in the rule set, from 1; of several rules that share the bit, 0 */
	__u16 vetoes; /* row: none of these terms may be left */
	__u16 error;  /* BLOCK: 1 to 4095, what the call fails with */
	__u8 action;  /* enum tc_action */
	__u8 is_open; /* what cannot be judged does not enforce (fail open); else it does (fail
			 closed) */
	__u8 pad[2];
};

enum tc_look_of {
	TC_LOOK_NUMBER,	 /* a number of `bytes` bytes at offset */
	TC_LOOK_ADDRESS, /* the TC_IP_BYTES bytes of the struct tc_slot at offset, in network byte
			    order */
	TC_LOOK_SLOT,	 /* the string of the struct tc_slot at offset */
	TC_LOOK_COMM,	 /* the NUL-terminated string of the struct tc_comm at offset */
	TC_LOOK_EXE,	 /* the path of the task's executable */
};

/*
 * The part of a string that is looked at: as fd.directory and fd.filename have it, of the path of
 * an opened file. Of a path without a slash neither has a value.
 */
enum tc_view {
	TC_VIEW_WHOLE,
	TC_VIEW_DIRECTORY, /* up to the last slash, without it; of a path in the root, "/"; of a
			      directory the whole path */
	TC_VIEW_FILENAME,  /* behind the last slash; of a directory there is no value */
};

/* A look at one value. Looks at the task have offsets in struct tc_task_facts, others in the
 * record. */
struct tc_look {
	__u64 mask;	 /* NUMBER: the bits that are looked at */
	__u16 offset;	 /* in bytes */
	__u8 of;	 /* enum tc_look_of */
	__u8 view;	 /* of a string: enum tc_view */
	__u8 bytes;	 /* NUMBER: 2, 4 or 8 */
	__u8 is_signed;	 /* NUMBER */
	__u8 has_absent; /* NUMBER: TC_ABSENT_U32 or TC_ABSENT_S32 stands for "no value" */
	__u8 automaton;	 /* of a string */
	__u8 lanes;	 /* of a string: of which terms ask something, the first ones */
	__u8 pad;
	__u16 first, n;	      /* NUMBER, ADDRESS: spans */
	__u16 base[TC_LANES]; /* rows; of a string: terms that ask nothing of that lane */
	__u16 absent;	      /* row: what is left when there is no value */
	__u16 cares;	      /* row: terms for which the value matters, themselves or in a veto */
};

/* Values from one on, up to the next span's; a look's first span begins at 0. Signed numbers have
 * their sign bit flipped, so that they are in order as unsigned ones. */
struct tc_span {
	__u64 high, low; /* of an address both in host order; of a number high is 0 */
	__u16 row;	 /* what is left */
	__u16 pad[3];
};

/*
 * All patterns of one input as a deterministic automaton over the bytes of the string (that of Aho
 * and Corasick, 1975, as long as no pattern holds a star or a set of bytes; see
 * rules/kernel/machine.h). States are numbered from 0; those in which a pattern was just found come
 * last. Bytes have classes (those of no pattern are one).
 */
struct tc_automaton_head {
	__u32 cells; /* of state 0; state s has its n_classes cells from cells + s * n_classes on */
	__u32 ends;  /* of state 0, in tc_tables.ends */
	__u32 findings;	 /* of state first_found, in tc_tables.findings */
	__u16 n_classes; /* at least 1 */
	__u16 start;	 /* before the first byte */
	__u16 first_found;
	__u16 pad;
};

/* What a pattern that was found does: per lane the row of terms that it satisfies, and the row of
 * those that it rules out. TC_ROW_NONE where there is nothing. */
struct tc_hit {
	__u16 hits[TC_LANES];
	__u16 kills;
};

/* A list of looks. */
struct tc_look_list {
	__u16 first, n;
};

struct tc_kind_table {
	__u16 row;	       /* terms that can hold in this kind of event */
	__u16 wanted;	       /* row: those of them that are no vetoes */
	struct tc_range words; /* those of the row */
	__u8 asks_task;	       /* one of them asks for the task */
	__u8 asks_cgroup;      /* one of them asks for the cgroup */
	__u8 enforces;	       /* one of them does more than alert */
	__u8 always;  /* sent whatever is left: the agent's own tables need it, or a rule cannot be
			 judged here at all */
	__u8 all_ask; /* each of those that are wanted asks for the task or the cgroup: these may
			 leave nothing, whatever the object */
	__u8 pad;
	struct tc_look_list kept;  /* at what an opened file keeps, its path and its inode's type:
				      the same list for open and open_read, kept by inode */
	struct tc_look_list looks; /* at everything else of the object */
};

/* What rules can ask of a task, besides its executable. As in the record's header. */
struct tc_task_facts {
	__u32 euid, uid, egid;
	__u32 mnt_ns, pid_ns, user_ns;
	struct tc_comm comm;
};

/* Those that some look is at: the others need not be read. */
enum tc_facts {
	TC_FACTS_IDS = 1,	 /* euid, uid, egid */
	TC_FACTS_NAMESPACES = 2, /* mnt_ns, pid_ns */
	TC_FACTS_USER_NS = 4,
	TC_FACTS_COMM = 8,
	TC_FACTS_EXE = 16, /* the executable */
	TC_FACTS_ALL = 31,
};

struct tc_tables {
	__u32 generation;	/* from 1 */
	__u16 wanted;		/* row: terms that are no vetoes */
	__u16 enforcing;	/* row: terms that block or kill */
	__u16 vetoes;		/* row */
	__u16 facts;		/* enum tc_facts */
	struct tc_range words;	/* that hold terms at all */
	struct tc_range opened; /* of the rows of open and open_read */
	__u16 cgroup_unknown; /* row: what a cgroup leaves that nobody has judged yet, nor any above
				 it */
	__u16 cgroup_cares;   /* row: terms that ask for the cgroup, themselves or in a veto */
	struct tc_look_list task; /* looks at the task */
	struct tc_kind_table kinds[TC_KIND_LIMIT];
	struct tc_bit terms[TC_TERMS_MAX];
	struct tc_look looks[TC_LOOKS_MAX];
	struct tc_automaton_head automata[TC_AUTOMATA_MAX];
	__u8 classes[TC_AUTOMATA_MAX][256];
	struct tc_span spans[TC_SPANS_MAX];
	struct tc_hit findings[TC_FINDINGS_MAX]; /* 0: nothing */
	__u16 ends[TC_STATES_MAX];		 /* findings, when the string ends in the state */
	struct tc_terms rows[TC_ROWS_MAX];
	__u16 cells[TC_CELLS_MAX]; /* next states */
};

/* What the agent knows of a cgroup: map `cgroup_terms`, by cgroup id and generation. */
struct tc_cgroup_key {
	__u64 cgroup_id;
	__u64 generation;
};

#endif
