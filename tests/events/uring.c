/* SPDX-License-Identifier: Apache-2.0 */
/* Events of io_uring submissions: inline, by a worker, by the polling thread. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/events/file.h"
#include "tests/events/network.h"
#include "tests/events/ring.h"
#include "tests/events/truth.h"

static const char *lacks_unlinkat(void)
{
	return ring_has(IORING_OP_UNLINKAT) ? NULL : "io_uring has no unlinkat";
}

static const char *lacks_renameat(void)
{
	return ring_has(IORING_OP_RENAMEAT) ? NULL : "io_uring has no renameat";
}

static const char *lacks_mkdirat(void)
{
	return ring_has(IORING_OP_MKDIRAT) ? NULL : "io_uring has no mkdirat";
}

static const char *lacks_linkat(void)
{
	return ring_has(IORING_OP_LINKAT) ? NULL : "io_uring has no linkat";
}

/* --- checks --- */

/*
 * Who acted: the child, or a thread that the kernel made in its process. Those have names of their
 * own and are not to be seen from outside before they act, so the thread id is the record's.
 */
static struct who actor(struct run *run, enum tc_kind kind)
{
	struct who who = run->notes->self;

	for (unsigned i = 0; i < run->n_records; i++) {
		const struct tc_record *record = run->records[i].record;

		if (record->kind != kind || run->records[i].taken || record->tid == record->tgid)
			continue;
		who.tid = record->tid;
		snprintf(who.comm, sizeof(who.comm), "iou-%s-%u", run->test->with ? "sqp" : "wrk",
			 who.tgid);
		if (strncmp(record->comm.bytes, "iou-wrk-", 8) ==
		    0) /* a worker may act for the polling thread */
			memcpy(who.comm, "iou-wrk", 7);
		break;
	}
	return who;
}

/* The last thread to go may be one of io_uring's. */
static void expect_uring_end(struct run *run)
{
	const struct tc_exit *record = take(run, exit);
	struct who who = run->notes->self;
	bool worker = record && record->header.tid != record->header.tgid;

	if (!record)
		return;
	if (worker) {
		who.tid = record->header.tid;
		memcpy(who.comm, record->header.comm.bytes, sizeof(who.comm));
	}
	expect_header(run, record, &who, worker ? -1 : SYS_exit_group, 0);
	expect(run, record, &record->status, 0);
	expect(run, record, &record->signal, 0);
}

/* --- openat --- */

static void do_openat(struct run *run, uint8_t sqe_flags)
{
	const bool *polled = run->test->with;
	struct io_uring_sqe sqe = {.opcode = IORING_OP_OPENAT,
				   .flags = sqe_flags,
				   .fd = AT_FDCWD,
				   .addr = (uintptr_t) "file",
				   .open_flags = O_WRONLY};
	struct ring ring;

	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	enter(run);
	ring_make(run, &ring, polled && *polled);
	must(run, ring_do(run, &ring, &sqe) >= 0);
}

static void act_openat(struct run *run)
{
	do_openat(run, 0);
}

static void act_openat_async(struct run *run)
{
	do_openat(run, IOSQE_ASYNC);
}

static void check_openat(struct run *run)
{
	struct who who = actor(run, TC_KIND_open);
	struct by by = {.syscall = SYS_openat, .flags = TC_RECORD_IO_URING, .who = &who};
	/* io_uring first tries without blocking, by this flag; only workers may block. */
	uint32_t first_try = strncmp(who.comm, "iou-wrk", 7) == 0 ? 0 : O_NONBLOCK;

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE | first_try,
		    at(run, "file"), 0);
	expect_uring_end(run);
}

static void check_openat_async(struct run *run)
{
	struct who who = actor(run, TC_KIND_open);

	if (who.tid == who.tgid)
		fail(run, "it was not handed to another thread");
	check_openat(run);
}

/* --- names --- */

static void act_unlinkat(struct run *run)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t) "file"};
	struct ring ring;

	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	enter(run);
	ring_make(run, &ring, false);
	must(run, ring_do(run, &ring, &sqe) == 0);
}

static void check_unlinkat(struct run *run)
{
	struct who who = actor(run, TC_KIND_unlink);
	struct by by = {.syscall = SYS_unlinkat, .flags = TC_RECORD_IO_URING, .who = &who};

	expect_unlink(run, TC_KIND_unlink, by, 0, at(run, "file"));
	expect_uring_end(run);
}

static void act_renameat(struct run *run)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_RENAMEAT,
				   .fd = AT_FDCWD,
				   .len = (uint32_t)AT_FDCWD,
				   .addr = (uintptr_t) "file",
				   .addr2 = (uintptr_t) "renamed"};
	struct ring ring;

	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	enter(run);
	ring_make(run, &ring, false);
	must(run, ring_do(run, &ring, &sqe) == 0);
}

static void check_renameat(struct run *run)
{
	struct who who = actor(run, TC_KIND_rename);
	struct by by = {.syscall = SYS_renameat, .flags = TC_RECORD_IO_URING, .who = &who};

	expect_rename(run, by, 0, 0, false, at(run, "file"), at(run, "renamed"));
	expect_uring_end(run);
}

static void act_mkdirat(struct run *run)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_MKDIRAT,
				   .fd = AT_FDCWD,
				   .len = 0750,
				   .addr = (uintptr_t) "made"};
	struct ring ring;

	note_file(run, 0, ".");
	enter(run);
	ring_make(run, &ring, false);
	must(run, ring_do(run, &ring, &sqe) == 0);
}

static void check_mkdirat(struct run *run)
{
	struct who who = actor(run, TC_KIND_mkdir);
	struct by by = {.syscall = SYS_mkdirat, .flags = TC_RECORD_IO_URING, .who = &who};

	expect_mkdir(run, by, 0, 0750, at(run, "made"));
	expect_uring_end(run);
}

static void act_linkat(struct run *run)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_LINKAT,
				   .fd = AT_FDCWD,
				   .len = (uint32_t)AT_FDCWD,
				   .addr = (uintptr_t) "file",
				   .addr2 = (uintptr_t) "linked"};
	struct ring ring;

	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	enter(run);
	ring_make(run, &ring, false);
	must(run, ring_do(run, &ring, &sqe) == 0);
}

static void check_linkat(struct run *run)
{
	struct who who = actor(run, TC_KIND_link);
	const struct tc_link *record = take(run, link);

	if (!record)
		return;
	expect_header(run, record, &who, SYS_linkat, TC_RECORD_IO_URING);
	expect_inode(run, record, &run->notes->file[0]);
	expect_at(run, record, &record->oldpath, "file");
	expect_at(run, record, &record->newpath, "linked");
	expect_uring_end(run);
}

/* --- sockets --- */

/* Connects to a listener, and accepts what comes of it. Address 0: of the client, 1: of the
 * listener. */
static void act_sockets(struct run *run)
{
	union address *peer = noted(run, 1);
	int server = listener(run, "127.0.0.1", peer), client = socket(AF_INET, SOCK_STREAM, 0);
	struct io_uring_sqe connecting = {.opcode = IORING_OP_CONNECT,
					  .fd = client,
					  .addr = (uintptr_t)peer,
					  .off = address_size(peer)};
	struct io_uring_sqe accepting = {.opcode = IORING_OP_ACCEPT, .fd = server};
	struct ring ring;

	must(run, client >= 0);
	enter(run);
	ring_make(run, &ring, false);
	must(run, ring_do(run, &ring, &connecting) == 0);
	note_local(run, 0, client);
	must(run, ring_do(run, &ring, &accepting) >= 0);
}

static void check_sockets(struct run *run)
{
	struct who client = actor(run, TC_KIND_connect), server = actor(run, TC_KIND_accept);
	struct by by = {.syscall = SYS_connect, .flags = TC_RECORD_IO_URING, .who = &client};
	struct socket_truth truth = {
		.family = AF_INET,
		.type = SOCK_STREAM,
		.protocol = IPPROTO_TCP,
		.local = noted(run, 0),
		.remote = noted(run, 1),
		.fd = TC_ABSENT_S32,
		.result = TC_ABSENT_S32,
	};

	expect_socket(run, TC_KIND_connect, by, &truth);
	truth.local = noted(run, 1);
	truth.remote = noted(run, 0);
	truth.is_server = truth.connected = true;
	by = (struct by){.syscall = SYS_accept, .flags = TC_RECORD_IO_URING, .who = &server};
	expect_socket(run, TC_KIND_accept, by, &truth);
	expect_uring_end(run);
}

#define POLLED (&(const bool){true})

const struct test uring_tests[] = {
	TEST(uring_openat, LSM, lacks_ring, act_openat, check_openat),
	TEST(uring_openat_async, LSM, lacks_ring, act_openat_async, check_openat_async),
	TEST(uring_openat_sqpoll, LSM, lacks_ring, act_openat, check_openat_async, .with = POLLED),
	TEST(uring_unlinkat, LSM, lacks_unlinkat, act_unlinkat, check_unlinkat),
	TEST(uring_renameat, LSM, lacks_renameat, act_renameat, check_renameat),
	TEST(uring_mkdirat, LSM, lacks_mkdirat, act_mkdirat, check_mkdirat),
	TEST(uring_linkat, LSM, lacks_linkat, act_linkat, check_linkat),
	TEST(uring_sockets, LSM, lacks_ring, act_sockets, check_sockets),
	{0},
};
