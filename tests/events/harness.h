/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event tests: each forks a known child in a cgroup of its own that does one known thing, and looks
 * at every member of the records that come of it.
 *
 * A row has an act, which runs in the child, and a check, which runs in the test program once the
 * child is gone. The act prepares what it needs, calls enter(), does the one thing, and leaves what
 * it knows of it in run->notes. From enter() on the child is in the test's cgroup, so all that it
 * does is told. The check takes the records one by one and says what each member must be. A record
 * that was not taken, or a member of a taken one that was not looked at, fails the test; so does
 * any event that was lost.
 */
#ifndef TOCSIN_TESTS_EVENTS_HARNESS_H
#define TOCSIN_TESTS_EVENTS_HARNESS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "record.h"

/* What events come from: a row may need one of the two. */
enum source { SOURCE_ANY, SOURCE_LSM, SOURCE_FALLBACK };

/* What a header says of the one who acts. */
struct who {
	uint32_t tgid, tid, ppid, uid, euid, egid, mnt_ns, pid_ns, user_ns;
	uint64_t start_ticks; /* field 22 of /proc/PID/stat */
	/* By witness() alone: real, effective, saved, for files. */
	uint32_t uids[4], gids[4];
	uint64_t cap_permitted, cap_effective, cap_inheritable;
	char comm[TC_COMM_MAX];
};

/* What stat(2) and statfs(2) say of a file. */
struct file {
	struct stat st;
	uint32_t magic;
};

#define NOTES_TEXT 32768

/* What /proc says of a process that executed a program. */
struct exec_notes {
	struct who who;
	struct stat exe; /* of what /proc/PID/exe leads to */
	uint64_t cap_permitted, cap_effective, cap_inheritable;
	uint32_t loginuid, sessionid, sid, pgid, vpid, net_ns, uts_ns, ipc_ns, cgroup_ns;
	uint32_t argc, envc, secure;
	uint32_t vpgid;
	uint32_t args_length, env_length; /* of args and env, all the NULs included */
	char exe_path[TC_PATH_MAX];	  /* the link's text */
	char cwd[TC_PATH_MAX];
	char args[NOTES_TEXT]; /* /proc/PID/cmdline */
	char env[NOTES_TEXT];  /* /proc/PID/environ */
};

/* What the child tells the check, in shared memory. */
struct notes {
	struct who self;	/* filled by enter() */
	struct who who[4];	/* filled by witness() */
	struct exec_notes exec; /* filled by the witness when the small program runs */
	pid_t exec_pid;		/* the process that will run it; the child if 0 */
	struct file file[8];
	uint64_t number[16];
	uint32_t length[4]; /* of text that holds NULs */
	char text[4][NOTES_TEXT];
	bool entered;
	char failure[256]; /* the child could not do its part */
};

#define RECORDS_MAX 4096
#define MEMBERS_MAX 64

struct taken {
	const struct tc_record *record;
	bool taken;
	uint64_t looked_at; /* members, the header's first */
};

/* One run of one test. */
struct run {
	const struct test *test;
	uint64_t asides; /* TC_KIND_BIT of what acts of the family do on the side: passed over */
	struct watch *watch; /* the probes */
	bool fallback;	     /* the source of events is the fallback */
	struct notes *notes;
	char dir[128];	    /* empty, on a file system with names of its own; the child's working
			       directory */
	char cgroup[256];   /* directory of the test's cgroup */
	uint64_t cgroup_id; /* its inode number by stat(2) */
	int procs_fd;	    /* its cgroup.procs */
	pid_t child;
	int status;		      /* as wait(2) gives it */
	uint64_t before_ns, after_ns; /* CLOCK_BOOTTIME around the child's life */
	struct taken records[RECORDS_MAX];
	unsigned n_records;
	unsigned failures;
	bool outside; /* the child stayed out of the scope: not even its end is told */
	FILE *report;
};

struct test {
	const char *name;
	enum source source;
	const char *(*lacks)(
		void); /* why this kernel cannot do it, found out by trying; NULL when it can */
	void (*act)(struct run *run);
	void (*check)(struct run *run);
	const void *with; /* what tells this row from others with the same act and check */
	uint64_t wants;	  /* TC_WANT_*: parts of records that are told, besides the environment */
};

/* A row: .with = and .wants = may follow. */
#define TEST(name_, source_, lacks_, act_, check_, ...)                                            \
	{                                                                                          \
		.name = #name_, .source = SOURCE_##source_, .lacks = lacks_, .act = act_,          \
		.check = check_, __VA_ARGS__                                                       \
	}

/* The families; each table ends with a row without a name. */
extern const struct test process_tests[], exec_tests[], file_tests[], name_tests[],
	attribute_tests[], mmap_tests[], uring_tests[], path_tests[], mount_tests[], trace_tests[],
	cgroup_tests[], identity_tests[], signal_tests[], namespace_tests[], code_tests[],
	dup_tests[], network_tests[];

/* True when a program of include/schema/probes.def is attached: kernels differ in what a hook is
 * told. */
bool attached(const struct run *run, const char *program);

/* --- in the child --- */

/* Notes who the child is and moves it into the test's cgroup: what comes now is told. */
void enter(struct run *run);
/* Ends the child when the condition is false: it could not do its part. */
#define must(run, condition)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			give_up(run, __func__, #condition);                                        \
	} while (0)
_Noreturn void give_up(struct run *run, const char *function, const char *what);

/* --- in the check --- */

/* The next record of that kind that was not taken yet, in the order of time; a failure and NULL
 * when there is none. */
const void *take_kind(struct run *run, enum tc_kind kind);
#define take(run, name) ((const struct tc_##name *)take_kind(run, TC_KIND_##name))
/* The same, of one process. */
const void *take_of(struct run *run, enum tc_kind kind, uint32_t tgid);
/* Takes all that are left of a kind, which the test is not about; how many. */
unsigned pass_over(struct run *run, enum tc_kind kind);

/* Checks all of a record's header: who acted, by which system call (of which the probe knows the
 * number), TC_RECORD_*. */
void expect_header(struct run *run, const void *record, const struct who *who, int syscall,
		   uint32_t flags);
/* A number; place is the member itself, &record->argc. */
void expect(struct run *run, const void *record, const void *place, uint64_t want);
void expect_comm(struct run *run, const void *record, const struct tc_comm *place,
		 const char *want);
/* A slot: its bytes, its true size, its flags beside TC_SLOT_PRESENT. */
void expect_slot(struct run *run, const void *record, const struct tc_slot *place,
		 const void *bytes, uint32_t stored, uint32_t size, uint32_t flags);
/* A slot that was kept whole. */
void expect_text(struct run *run, const void *record, const struct tc_slot *place,
		 const char *want);
void expect_absent(struct run *run, const void *record, const struct tc_slot *place);
/* The path of a name in the test's directory. */
void expect_at(struct run *run, const void *record, const struct tc_slot *place, const char *name);
/* A fact beside the records. */
void expect_fact(struct run *run, const char *what, uint64_t got, uint64_t want);
/* The end of a process by exit_group(2). */
void expect_end(struct run *run, const struct who *who, uint32_t status);
/* A failure in words. */
void fail(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * TC_RECORD_* bits of an event that the fallback makes from the end of a system call, where an LSM
 * hook gives none; its paths are the caller's words unless they come from a descriptor.
 */
uint32_t path_flags(const struct run *run);
uint32_t descriptor_flags(const struct run *run);

/* What rmdir(2) takes away is a directory, whatever else is known of it. */
#define unknown_type(record) ((record)->header.kind == TC_KIND_rmdir ? S_IFDIR : 0)

/*
 * Members that TC_INODE (include/schema/file.def) gives a record. The fallback does not know them
 * where it has but the caller's words for the file: truth is NULL then.
 */
#define expect_inode(run, record, truth)                                                           \
	do {                                                                                       \
		const struct file *file_ = (truth);                                                \
		expect(run, record, &(record)->ino, file_ ? file_->st.st_ino : 0);                 \
		expect(run, record, &(record)->dev, file_ ? file_->st.st_dev : 0);                 \
		expect(run, record, &(record)->mode,                                               \
		       file_ ? file_->st.st_mode & 07777 : TC_ABSENT_U32);                         \
		expect(run, record, &(record)->type,                                               \
		       file_ ? file_->st.st_mode &S_IFMT : unknown_type(record));                  \
		expect(run, record, &(record)->owner, file_ ? file_->st.st_uid : TC_ABSENT_U32);   \
		expect(run, record, &(record)->nlink, file_ ? file_->st.st_nlink : TC_ABSENT_U32); \
		expect(run, record, &(record)->magic, file_ ? file_->magic : 0);                   \
	} while (0)

/* Members of TC_DIRECTORY. */
#define expect_directory(run, record, truth)                                                       \
	do {                                                                                       \
		const struct file *file_ = (truth);                                                \
		expect(run, record, &(record)->dir_ino, file_ ? file_->st.st_ino : 0);             \
		expect(run, record, &(record)->dir_dev, file_ ? file_->st.st_dev : 0);             \
	} while (0)

/* A file that the child noted: what an event can know of it that came about with these TC_RECORD_*
 * bits. */
#define known(run, flags, index) ((flags)&TC_RECORD_CALLER ? NULL : &(run)->notes->file[index])

/* --- for the harness --- */

/* Checks what holds for every record; asks the child's own exit event for what wait(2) said. */
void expect_all(struct run *run);
void dump_records(struct run *run);

#endif
