/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evasions: ways by which monitors were blinded or lied to, each a case that does its deed in a
 * process and a cgroup of its own, and a twin that makes the same calls on innocent things.
 *
 * A case says in its truth what was done to what; the program prints that as one line of JSON, and
 * any monitor's alerts can be compared with it (score.py). What a case has in common with all
 * others is done for it: it finds its victim, a file in a directory that monitors look after (the
 * twin: in one that they do not), and has done its deed when the victim holds the mark.
 */
#ifndef TOCSIN_TESTS_EVASION_H
#define TOCSIN_TESTS_EVASION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define EVASION_PATH 4608 /* bytes of a path with what is put behind it */
#define EVASION_LINE 1024

/* What the acting process knows of its deed; shared with the one that prints it. */
struct truth {
	pid_t pid;
	int result;		 /* of the call that matters: 0 or more, or -errno */
	char path[EVASION_PATH]; /* what it was done to, by the name that the kernel would give */
	uint64_t dev, ino;	 /* the same, as stat(2) says; 0: no file */
	uint64_t cgroup;	 /* of the acting process when it acts */
	char args[EVASION_LINE]; /* of a program that is run, without the first, joined by blanks */
	uint64_t port;		 /* that was connected to */
	pid_t target;		 /* another process that it was done to */
	volatile bool acted;	 /* for who waits for it */
	char why[128];		 /* it could not be tried */
};

struct deed {
	const struct evasion *of;
	bool twin;
	/* Fixed before the monitor starts. */
	char victim[EVASION_PATH];
	char spare[EVASION_PATH]; /* a name beside, for links, scripts and the like */
	struct truth *truth;
};

struct evasion {
	const char *name;	    /* E28-symlink: the catalogue's number, and the way */
	const char *what;	    /* for the table of what is seen */
	const char *where;	    /* directory of the victim; NULL: EVASION_WATCHED */
	const char *file;	    /* its name; NULL: that of the case */
	const char *(*lacks)(void); /* why this kernel cannot; NULL when it can */
	void (*prepare)(
		const struct deed *deed); /* before the monitor starts; the victim is there */
	int (*act)(struct deed *deed);	  /* does it: 0 or more, or -errno */
	/* Whether it had its effect, asked when the process is gone, with what wait(2) said. NULL:
	 * the victim holds the mark. */
	bool (*happened)(const struct deed *deed, int status);
	bool contained; /* acts from a container */
	bool bare;	/* has no victim */
	uint64_t with;	/* what tells this row from others with the same act */
};

/* Where cases find their victims, and twins theirs; and both what else they need. */
#define EVASION_WATCHED "/etc/cron.d"
#define EVASION_PLAIN "/srv/plain"
#define EVASION_SPARE "/srv/evasion"
/* Programs that monitors tell of, by their place. */
#define EVASION_PROGRAMS "/tmp/evasion"
#define EVASION_CGROUPS "/sys/fs/cgroup"
/* The cgroup of the monitor, if it has one there; $EVASION_MONITOR when it is another one. */
#define EVASION_MONITOR EVASION_CGROUPS "/monitor"

extern const struct evasion forged_cases[], way_cases[], program_cases[], name_cases[],
	mount_cases[], tamper_cases[], right_cases[], escape_cases[];

#endif
