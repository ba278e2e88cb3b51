/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/stream.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_SERVICES 200
/* Short-lived processes that live at the same time. */
#define N_JOBS 4096
#define FIRST_TGID 1000
#define N_CGROUPS 50
#define FIRST_CGROUP 100
#define RECORD_MAX 2048
#define STEP_NS 5000 /* between two events */

struct actor {
	uint64_t start_ns;
	uint32_t tgid, ppid;
	const char *exe, *comm;
};

struct maker {
	struct stream *stream;
	struct actor init, mounter, services[N_SERVICES], jobs[N_JOBS];
	uint64_t now_ns, seq, random;
	uint32_t next_tgid;
	size_t next_job;
	_Alignas(8) unsigned char record[RECORD_MAX];
};

static const struct {
	const char *exe, *comm;
} service_programs[] =
	{
		{"/usr/sbin/nginx", "nginx"},
		{"/usr/lib/postgresql/15/bin/postgres", "postgres"},
		{"/usr/bin/python3.11", "gunicorn"},
		{"/usr/lib/jvm/java-17-openjdk-amd64/bin/java", "java"},
		{"/usr/lib/systemd/systemd-journald", "systemd-journal"},
		{"/usr/sbin/cron", "cron"},
		{"/usr/bin/redis-server", "redis-server"},
		{"/usr/bin/make", "make"},
},
  job_programs[] = {
	  {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "cc1"},
	  {"/usr/bin/x86_64-linux-gnu-as", "as"},
	  {"/usr/bin/x86_64-linux-gnu-gcc-12", "gcc"},
	  {"/usr/bin/python3.11", "python3"},
	  {"/usr/bin/grep", "grep"},
	  {"/usr/bin/sed", "sed"},
	  {"/usr/bin/git", "git"},
	  {"/usr/bin/date", "date"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Such that no default rule matches. */
static const char *const path_formats[] = {
	"/srv/build/project-%u/obj/kernel/module-%u.o.tmp",
	"/var/lib/postgresql/15/main/base/16384/%u_%u",
	"/home/user%u/work/source/component/file-%u.c",
	"/tmp/ccXq%uZ%u.s",
	"/var/cache/nginx/proxy/%u/c/8f/%u",
	"/proc/%u/oom_score_adj.%u",
	"/run/user/%u/service/state-%u",
	"/data/queue/%u/incoming/message-%u.json",
};

static uint32_t draw(struct maker *maker, uint32_t below)
{
	maker->random ^= maker->random << 13;
	maker->random ^= maker->random >> 7;
	maker->random ^= maker->random << 17;
	return (uint32_t)(maker->random >> 32) % below;
}

/* --- one record --- */

static void *begin(struct maker *maker, enum tc_kind kind, size_t fixed_size,
		   const struct actor *actor)
{
	struct tc_record *header = (struct tc_record *)maker->record;

	memset(maker->record, 0, fixed_size);
	maker->now_ns += STEP_NS;
	*header = (struct tc_record){
		.kind = (uint16_t)kind,
		.version = TC_RECORD_VERSION,
		.size = (uint32_t)fixed_size,
		.seq = maker->seq++,
		.time_ns = maker->now_ns,
		.start_ns = actor->start_ns,
		.cgroup_id = FIRST_CGROUP + actor->ppid % N_CGROUPS,
		.tgid = actor->tgid,
		.tid = actor->tgid,
		.ppid = actor->ppid,
		.mnt_ns = 0xF0000000U,
		.pid_ns = 0xEFFFFFFCU,
		.user_ns = 0xEFFFFFFDU,
		.syscall = 257,
	};
	snprintf(header->comm.bytes, sizeof(header->comm.bytes), "%s", actor->comm);
	return maker->record;
}

static void add_bytes(struct maker *maker, struct tc_slot *slot, const void *bytes, size_t length)
{
	struct tc_record *header = (struct tc_record *)maker->record;

	memcpy(maker->record + header->size, bytes, length);
	*slot = (struct tc_slot){.size = (uint32_t)length,
				 .offset = (uint16_t)header->size,
				 .stored = (uint16_t)length,
				 .flags = TC_SLOT_PRESENT};
	header->size += (uint32_t)length;
}

static void add_text(struct maker *maker, struct tc_slot *slot, const char *text)
{
	add_bytes(maker, slot, text, strlen(text));
}

static void add_path(struct maker *maker, struct tc_slot *slot)
{
	const char *format = path_formats[draw(maker, COUNT(path_formats))];
	char path[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(path, sizeof(path), format, draw(maker, 1000), draw(maker, 100000));
#pragma GCC diagnostic pop
	add_text(maker, slot, path);
}

static int end(struct maker *maker)
{
	struct stream *stream = maker->stream;
	const struct tc_record *header = (const struct tc_record *)maker->record;
	size_t size = (header->size + 7) & ~(size_t)7;

	if (stream->used + size > stream->size) {
		size_t larger = stream->size ? 2 * stream->size : 1 << 20;
		unsigned char *bytes = realloc(stream->bytes, larger);

		if (!bytes)
			return -ENOMEM;
		stream->bytes = bytes;
		stream->size = larger;
	}
	memcpy(stream->bytes + stream->used, maker->record, header->size);
	stream->offsets[stream->count++] = stream->used;
	stream->used += size;
	return 0;
}

/* --- processes --- */

static int make_fork(struct maker *maker, const struct actor *parent, struct actor *child)
{
	struct tc_fork *fork = begin(maker, TC_KIND_fork, sizeof(*fork), parent);

	*child = (struct actor){.start_ns = maker->now_ns,
				.tgid = maker->next_tgid++,
				.ppid = parent->tgid,
				.exe = parent->exe,
				.comm = parent->comm};
	fork->child_start_ns = child->start_ns;
	fork->child_cgroup_id = fork->header.cgroup_id;
	fork->child_tgid = fork->child_vpid = child->tgid;
	maker->stream->processes++;
	return end(maker);
}

static int make_exec(struct maker *maker, struct actor *actor, const char *exe, const char *comm)
{
	char arguments[512];
	size_t length = 0;
	struct tc_exec *exec;

	actor->exe = exe;
	actor->comm = comm;
	exec = begin(maker, TC_KIND_exec, sizeof(*exec), actor);
	exec->header.syscall = 59;
	exec->exe_ino = 1000 + draw(maker, 1000);
	exec->exe_mode = 0755;
	exec->argc = 6;
	exec->envc = 20;
	exec->loginuid = exec->sessionid = TC_ABSENT_U32;
	exec->sid = exec->pgid = FIRST_TGID;
	exec->vpid = actor->tgid;
	length += (size_t)snprintf(arguments, sizeof(arguments), "%s", comm) + 1;
	for (unsigned i = 1; i < exec->argc; i++)
		length += (size_t)snprintf(arguments + length, sizeof(arguments) - length,
					   "--option-%u=/srv/build/project/include-%u", i,
					   draw(maker, 10000)) +
			  1;
	add_text(maker, &exec->exe, exe);
	add_text(maker, &exec->filename, exe);
	add_bytes(maker, &exec->argv, arguments, length);
	add_text(maker, &exec->cwd, "/srv/build/project-12/obj");
	return end(maker);
}

static int make_exit(struct maker *maker, const struct actor *actor)
{
	begin(maker, TC_KIND_exit, sizeof(struct tc_exit), actor);
	return end(maker);
}

/* A process comes, in the place of the one that has been there longest. */
static int make_job(struct maker *maker)
{
	struct actor *job = &maker->jobs[maker->next_job++ % N_JOBS];
	const struct actor *parent = &maker->services[draw(maker, N_SERVICES) / 8 * 8 + 7];
	uint32_t program = draw(maker, COUNT(job_programs));
	int r = job->tgid ? make_exit(maker, job) : 0;

	if (r == 0)
		r = make_fork(maker, parent, job);
	if (r == 0)
		r = make_exec(maker, job, job_programs[program].exe, job_programs[program].comm);
	return r;
}

/* The cgroup of every tenth parent is that of a container. */
static int make_cgroups(struct maker *maker)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < N_CGROUPS; i++) {
		struct tc_cgroup_mkdir *mkdir =
			begin(maker, TC_KIND_cgroup_mkdir, sizeof(*mkdir), &maker->init);
		char path[128];

		snprintf(path, sizeof(path),
			 i % 10 ? "/system.slice/service-%u.service"
				: "/system.slice/docker-%064u.scope",
			 i);
		mkdir->target_id = FIRST_CGROUP + i;
		add_text(maker, &mkdir->path, path);
		r = end(maker);
	}
	return r;
}

static int make_services(struct maker *maker)
{
	int r;

	maker->init =
		(struct actor){.tgid = 1, .exe = "/usr/lib/systemd/systemd", .comm = "systemd"};
	r = make_cgroups(maker);
	for (unsigned i = 0; r == 0 && i < N_SERVICES; i++) {
		r = make_fork(maker, &maker->init, &maker->services[i]);
		if (r == 0)
			r = make_exec(maker, &maker->services[i],
				      service_programs[i % COUNT(service_programs)].exe,
				      service_programs[i % COUNT(service_programs)].comm);
	}
	if (r == 0)
		r = make_fork(maker, &maker->init, &maker->mounter);
	if (r == 0)
		r = make_exec(maker, &maker->mounter, "/usr/bin/mount", "mount");
	return r;
}

/* --- files, mounts, others --- */

static const struct actor *some_actor(struct maker *maker)
{
	struct actor *job = &maker->jobs[draw(maker, N_JOBS)];

	return job->tgid && draw(maker, 3) ? job : &maker->services[draw(maker, N_SERVICES)];
}

/* Kinds whose struct has a member `path` and an inode. */
#define MAKE_FILE(kind)                                                                            \
	static int make_##kind(struct maker *maker)                                                \
	{                                                                                          \
		struct tc_##kind *record =                                                         \
			begin(maker, TC_KIND_##kind, sizeof(*record), some_actor(maker));          \
                                                                                                   \
		record->ino = 1 + draw(maker, 1000000);                                            \
		record->dev = 0xfe01;                                                              \
		record->mode = 0644;                                                               \
		record->type = 0100000;                                                            \
		record->nlink = 1;                                                                 \
		add_path(maker, &record->path);                                                    \
		return end(maker);                                                                 \
	}

MAKE_FILE(open)
MAKE_FILE(open_read)
MAKE_FILE(unlink)
MAKE_FILE(truncate)
MAKE_FILE(chmod)

static int make_create(struct maker *maker)
{
	struct tc_create *record = begin(maker, TC_KIND_create, sizeof(*record), some_actor(maker));

	record->new_mode = 0644;
	record->type = 0100000;
	add_path(maker, &record->path);
	return end(maker);
}

static int make_rename(struct maker *maker)
{
	struct tc_rename *record = begin(maker, TC_KIND_rename, sizeof(*record), some_actor(maker));

	record->ino = 1 + draw(maker, 1000000);
	record->type = 0100000;
	add_path(maker, &record->oldpath);
	add_path(maker, &record->newpath);
	return end(maker);
}

static int make_mount(struct maker *maker)
{
	struct tc_mount *record = begin(maker, TC_KIND_mount, sizeof(*record), &maker->mounter);

	record->op = TC_MOUNT_NEW;
	add_text(maker, &record->source, "/dev/mapper/data-volume");
	add_path(maker, &record->target);
	add_text(maker, &record->fstype, "ext4");
	return end(maker);
}

static int make_trace(struct maker *maker)
{
	const struct actor *target = &maker->services[draw(maker, N_SERVICES)];
	struct tc_trace *record = begin(maker, TC_KIND_trace, sizeof(*record), some_actor(maker));

	record->target_tgid = record->target_tid = target->tgid;
	record->target_start_ns = target->start_ns;
	record->target_cgroup_id = FIRST_CGROUP + 1;
	record->door = TC_DOOR_OTHER;
	record->request = TC_ABSENT_U32;
	return end(maker);
}

/* Parts of a hundred; a job is three events. */
static const struct {
	unsigned percent;
	int (*make)(struct maker *maker);
} mix[] = {
	{25, make_open},   {25, make_open_read}, {12, make_job},     {10, make_unlink},
	{10, make_create}, {8, make_rename},	 {4, make_truncate}, {4, make_chmod},
	{1, make_mount},   {1, make_trace},
};

int stream_make(struct stream *stream, size_t count)
{
	struct maker *maker = calloc(1, sizeof(*maker));
	int r;

	*stream = (struct stream){.offsets = calloc(count + 3, sizeof(size_t))};
	if (!maker || !stream->offsets) {
		free(maker);
		return -ENOMEM;
	}
	maker->stream = stream;
	maker->now_ns = 1000000000;
	maker->random = 88172645463325252ULL;
	maker->next_tgid = FIRST_TGID;
	r = make_services(maker);
	while (r == 0 && stream->count < count) {
		unsigned at = draw(maker, 100), i = 0;

		while (at >= mix[i].percent)
			at -= mix[i++].percent;
		r = mix[i].make(maker);
	}
	free(maker);
	return r;
}

void stream_done(struct stream *stream)
{
	free(stream->bytes);
	free(stream->offsets);
	*stream = (struct stream){0};
}
