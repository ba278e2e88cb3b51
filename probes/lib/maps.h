/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The maps that all probes share. Sizes are set by the agent before loading. */
#ifndef TOCSIN_PROBES_MAPS_H
#define TOCSIN_PROBES_MAPS_H

#include "probes/compat/compat.h"

#include "probes/lib/classify.h" /* takes its integer types from there */

const volatile struct tc_settings settings = {.ring_bytes = 4096};

/*
 * One ring for each CPU: two producers on one ring slow each other down by a factor of two to ten.
 * The size here is that of the template alone; the agent makes the rings.
 */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tc_ring_state);
} ring_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tc_controls);
} controls SEC(".maps");

/*
 * What rules became for the kernel, see decide.h. An inner map is one generation; the agent fills
 * it through mmap and puts it in the place of the one before, which the kernel frees when no
 * program looks at it any more. None at first.
 */
struct tables_of_generation {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct tc_tables));
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct tables_of_generation);
} tables SEC(".maps");

/* Filled by the agent for each generation, before its tables are put in place, and while they are
 * for cgroups that appear. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, COMPAT_HASH_FLAGS);
	__uint(max_entries, COMPAT_CGROUPS_MAX);
	__type(key, struct tc_cgroup_key);
	__type(value, struct tc_terms);
} cgroup_terms SEC(".maps");

/* What looks left of all terms. */
struct looked {
	struct tc_terms left, doubtful;
};

/* What the looks at a task left, valid while what they looked at is the same. Sets come first, so
 * that words behind theirs are the value's still: see TC_EACH_WORD(). */
struct task_terms {
	struct looked looked;
	__u32 generation;
	__u32 exec_id; /* task_struct.self_exec_id: another one with each exec */
	__u64 exe;     /* kernel address of the file, which prctl(2) may change */
	struct tc_task_facts facts;
	/* Of which kinds it was asked whether task and cgroup leave something, and of which of
	 * those they do not: while the cgroup is the same, and was not judged anew. */
	__u64 asked, vain;
	__u64 cgroup_id, cgroups_judged;
	__u64 connecting; /* beside all that: see note_connecting() */
};

COMPAT_TASK_MAP(task_terms, struct task_terms);

/* What the looks at the path of an opened file left of all terms, valid while nothing has happened
 * that could give it another path: see lib/opened.h. */
struct inode_terms {
	struct tc_terms left;
	__u32 busy;    /* somebody writes */
	__u32 version; /* odd while somebody does */
	__u32 generation;
	__u32 renames, mounts; /* the kernel's counts of both */
	__u32 vain;	       /* kinds of opens of which nothing is left, as TC_KIND_BIT() */
	__u64 dentry, mount;   /* kernel addresses */
	struct compat_timespec changed;
	__u64 since_ns; /* changed was seen for the first time, since boot */
};

COMPAT_INODE_MAP(inode_terms, struct inode_terms);

/* Where path names are put together, back to front: room for one name behind the end of the longest
 * path. */
#define WALK_BYTES (TC_PATH_MAX + 256)

/* A walk from a dentry to the root of its mount namespace; see lib/path.h. */
struct walk {
	__u64 dentry, mount;	       /* kernel addresses */
	__u64 root, above, mountpoint; /* of the mount: its root, and what it is mounted on */
	__u32 offset;		       /* of the first byte of the path in bytes[] */
	__u32 size;		       /* of the path so far, kept or not */
	__u32 flags;		       /* TC_SLOT_* */
	__u32 names;
	__u32 private;	       /* reached the root of a mount that is in no namespace */
	__u32 renames, mounts; /* the kernel's counts of both before it began */
	__u32 pad;
	char bytes[WALK_BYTES];
};

/* What a system call's descriptor and path stand for; see fallback/place.h. */
struct place {
	__u64 dentry,
		mount;	/* kernel addresses: the file itself, or where the words start; 0: gone */
	__u64 words;	/* user address of the path; 0: there are none */
	__u64 relative; /* the words do not begin with a slash */
};

/* An internet address, IPv4 as ::ffff:a.b.c.d, and a port. */
struct ip_port {
	__u32 ip[4];
	__u32 port;
};

/* The socket that a record is about, and an address that was given for one of its ends; see
 * lib/socket.h. */
struct look {
	__u64 sk;	/* kernel address of a struct sock; 0: there is none */
	__u32 given_to; /* enum look_end: whose address `given` is */
	struct ip_port given;
	__u32 words_length;
	char words[128]; /* the path of a struct sockaddr_un, as a call gave it */
	__u32 pad;
};

/* A decision under way; see lib/verdict.h. */
struct judging {
	struct tc_decision d;
	struct looked task, object, path;
	struct tc_task_facts facts;
	__u64 exe_dentry, exe_mount; /* kernel addresses of the executable; 0: there is none */
	__u32 generation;	     /* of the tables that it is made by; 0: there are none */
	__u32 is_stale;		     /* others came meanwhile */
	__u32 look; /* the one that is made: at what, at which bytes of the scratch */
	__u32 place, at, end, state, found;
	__u32 best, asks; /* of the terms that hold: the one that decides */
	__u32 is_told;
	__u32 has_path;		       /* path was judged */
	__u32 known_from, known_until; /* of the record: what lies there is filled, else not yet */
};

/* A place to build one record in, owned by one running program. */
struct scratch {
	__u32 busy;
	__u32 index;
	__s32 io_uring_twin; /* see record_begin() */
	__u32 is_filled;     /* the record's header */
	struct judging judging;
	struct walk walk;
	struct place place;
	struct look look;
	__u8 record[TC_RECORD_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

#endif
