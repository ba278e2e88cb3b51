/* SPDX-License-Identifier: Apache-2.0 */
/* What deeds are made of. */
#ifndef TOCSIN_TESTS_EVASION_DEED_H
#define TOCSIN_TESTS_EVASION_DEED_H

#include "tests/evasion/evasion.h"

#include <errno.h>
#include <netinet/in.h>

/* Declared here: the headers of the kernel's and the C library's mounts cannot be had together. */
int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data);
int umount2(const char *target, int flags);

/* The result of a system call as 0 or more, or -errno. */
#define attempt(call)                                                                              \
	({                                                                                         \
		long r_ = (call);                                                                  \
		r_ < 0 ? -errno : (int)r_;                                                         \
	})

/* Ends the process: what the case needs beside its deed did not work. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			broken(__FILE__, __LINE__, #condition);                                    \
	} while (0)
_Noreturn void broken(const char *file, int line, const char *condition);

/* The spare name with that behind it. Good until the fourth next call. */
const char *beside(const struct deed *deed, const char *suffix);
/* The last name of a path. */
const char *last_name(const char *path);

/* Takes away what is there: mounts, a file, an empty directory. */
void clear_name(const char *path);
/* What a file that was reached holds. */
#define MARK "# evaded\n"
/* Makes a file of one harmless line. */
void make_plain(const char *path);
/* Writes the mark behind what a file holds and closes it. fd may be -errno, which is returned. */
int leave_mark(int fd);
/* Opens for appending, by whatever path, and leaves the mark. */
int mark_by(const char *path);
bool has_mark(const char *path);
/* The spare file is one that holds the mark. */
void prepare_marked(const struct deed *deed);
/* There is no such file. */
void prepare_gone(const struct deed *deed);

/* Says what it is done to: by path, or by a descriptor and the name that it has. */
void tell_path(struct deed *deed, const char *path);
void tell_fd(struct deed *deed, int fd, const char *path);

/* The call that mattered succeeded; for cases whose effect is just that. */
bool succeeded(const struct deed *deed, int status);

/* --- connections --- */

/* An address that monitors look after: where clouds tell their machines' credentials. */
#define METADATA "169.254.169.254"
#define METADATA_PORT 80
const char *lacks_metadata(void);
/* That address, or for the twin a plain one; and says so. */
struct sockaddr_in tell_address(struct deed *deed);
/* Connects to what has the name of the socket of a daemon of containers, in the spare directory.
 * What the daemon does then is the daemon's doing. The twin's socket has another name. */
int ask_daemon(struct deed *deed);

/* --- programs --- */

/*
 * This program, as an argument to itself. Cases that run programs run it, with
 *	--end			end with status ENDED
 *	--mark PATH		leave the mark, and end like that
 *	--attach PID		attach to a process by ptrace(2), and end like that
 *	--module PATH		load a kernel module and take it out again, and end like that
 */
#define ENDED 42
int act_as_program(int argc, char **argv);
bool program_ended(const struct deed *deed, int status);

/* An innocent place for it. */
#define USUAL "/usr/bin/evasion"
void copy_self_to(int fd);
/* All of a file, whose descriptor is closed. */
void copy_to(int from, int to);
/* Puts it there. */
void make_program(const char *path);
void prepare_usual(const struct deed *deed);
/* The victim becomes a copy of it. */
void prepare_victim_program(const struct deed *deed);
/* Becomes the program, whose arguments are those of the truth. -errno. */
int become(struct deed *deed, const char *path, char *const argv[]);
void tell_args(struct deed *deed, char *const argv[]);

/* A child that does nothing until it is killed. */
pid_t idle_child(void);
int load_module(const char *path);
/* Loads a module of this kernel's; whether it is there. */
bool load_spare(const char *name);
/* The file of a module that nobody needs. */
const char *module_path(void);
const char *lacks_module(void);

#endif
