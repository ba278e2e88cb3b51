/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says by other means than an event: /proc, stat(2), clocks. And what acts are made
 * of. */
#ifndef TOCSIN_TESTS_EVENTS_TRUTH_H
#define TOCSIN_TESTS_EVENTS_TRUTH_H

#include "tests/events/calls.h"
#include "tests/events/harness.h"

uint64_t boot_ns(void);
/* The calling thread. False when /proc does not tell. */
bool who_am_i(struct who *ret_who);
/* What field 22 and the like of /proc/PID/stat (or of a thread) say: name, parent, start. */
bool read_stat(const char *path, struct who *ret_who);
/* Inode number of a link in /proc/PID/ns. 0 when it cannot be read. */
uint32_t ns_inum(pid_t pid, const char *ns);
/* The name of the calling thread. */
void rename_self(struct run *run, const char *comm);

/* stat(2) and statfs(2), by name or descriptor. The symbolic link itself, not what it leads to. */
void note_file(struct run *run, unsigned index, const char *path);
void note_fd(struct run *run, unsigned index, int fd);

/* Makes a file of that many bytes. */
void make_file(struct run *run, const char *path, mode_t mode, size_t size);
void copy_file(struct run *run, const char *from, const char *to, mode_t mode);
/* The path of the program beside this one that ends at once, with status 7. */
const char *small_program(void);
#define SMALL_STATUS 7
/* The path of a name in the test's directory; valid until the eighth call after this one. */
const char *at(const struct run *run, const char *name);

/* A mount namespace of the child's own, from which no mount gets out. */
void own_mounts(struct run *run);
/* An overlay in a mount namespace of the child's own: lower, upper, work; then merged. */
void overlay_directories(struct run *run);
void overlay_mount(struct run *run);
/* For rows: why the running kernel has none. */
const char *lacks_overlay(void);

/* A child that does nothing until it is killed, in the cgroup of the caller. Its id. */
pid_t idle_child(struct run *run);
void end_child(pid_t pid);
/* Waits for a child and gives its status. */
int wait_child(struct run *run, pid_t pid);

#endif
