/* SPDX-License-Identifier: Apache-2.0 */
/* Events: dup, of sockets and onto standard descriptors. */
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "tests/events/network.h"
#include "tests/events/truth.h"

#define NR_32_DUP 41
#define NR_32_DUP2 63
#define NR_32_FCNTL64 221
#define FAR 700 /* beyond all that the test program has open */

/* The socket is at the same place in all events that have one, and the new and the old number are
 * where network events have descriptor and result. */
_Static_assert(offsetof(struct tc_dup, family) == offsetof(struct tc_connect, family) &&
		       offsetof(struct tc_dup, new_fd) == offsetof(struct tc_connect, fd) &&
		       offsetof(struct tc_dup, old_fd) == offsetof(struct tc_connect, result),
	       "expect_socket() looks at dup");

/* How a descriptor is given another number, and which it must be. */
struct way {
	int syscall;
	long (*dup)(int fd);
	int number;
	bool i386;
};

static long by_dup(int fd)
{
	return syscall(SYS_dup, fd);
}

static long by_dup_32(int fd)
{
	return (int)call_32(NR_32_DUP, fd, 0, 0);
}

static long by_dup2_onto_0(int fd)
{
	return syscall(SYS_dup2, fd, 0);
}

static long by_dup2_onto_1_32(int fd)
{
	return (int)call_32(NR_32_DUP2, fd, 1, 0);
}

static long by_dup3(int fd)
{
	return syscall(SYS_dup3, fd, FAR, O_CLOEXEC);
}

static long by_fcntl(int fd)
{
	return syscall(SYS_fcntl, fd, F_DUPFD, FAR);
}

static long by_fcntl_32(int fd)
{
	return (int)call_32(NR_32_FCNTL64, fd, F_DUPFD_CLOEXEC, FAR);
}

static uint32_t call_flags(const struct run *run)
{
	const struct way *way = run->test->with;

	return descriptor_flags(run) | (way->i386 ? TC_RECORD_COMPAT : 0);
}

/* number[0]: the old one. */
static void do_dup(struct run *run, int fd)
{
	const struct way *way = run->test->with;

	run->notes->number[0] = (uint64_t)fd;
	enter(run);
	must(run, way->dup(fd) == way->number);
}

/* A reverse shell's: a connection, of which the first free number is 0. */
static void act_dup_tcp(struct run *run)
{
	union address *peer = noted(run, 1);
	int listening = listener(run, "127.0.0.1", peer);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(run, fd >= 0 && listening >= 0);
	must(run, connect(fd, &peer->any, address_size(peer)) == 0);
	note_local(run, 0, fd);
	close(0);
	do_dup(run, fd);
}

static void expect_dup_socket(struct run *run, struct socket_truth truth)
{
	const struct way *way = run->test->with;
	const struct tc_dup *record;

	truth.fd = way->number;
	truth.result = (int)run->notes->number[0];
	truth.is_server = -1;
	record = (const void *)expect_socket(
		run, TC_KIND_dup, (struct by){.syscall = way->syscall, .flags = call_flags(run)},
		&truth);
	if (!record)
		return;
	expect(run, record, &record->type, S_IFSOCK);
	expect_absent(run, record, &record->path);
}

static void check_dup_tcp(struct run *run)
{
	expect_dup_socket(run, (struct socket_truth){.family = AF_INET,
						     .type = SOCK_STREAM,
						     .protocol = IPPROTO_TCP,
						     .local = noted(run, 0),
						     .remote = noted(run, 1),
						     .connected = true});
}

static void act_dup_unix(struct run *run)
{
	int ends[2];

	must(run, socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	do_dup(run, ends[0]);
}

static void check_dup_unix(struct run *run)
{
	expect_dup_socket(run, (struct socket_truth){
				       .family = AF_UNIX, .type = SOCK_STREAM, .connected = true});
}

static void act_dup_file(struct run *run)
{
	int fd;

	make_file(run, "file", 0600, 0);
	fd = open("file", O_RDONLY);
	must(run, fd >= 0);
	do_dup(run, fd);
}

static void check_dup_file(struct run *run)
{
	const struct way *way = run->test->with;
	const struct tc_dup *record = take(run, dup);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, way->syscall, call_flags(run));
	for (const uint32_t *place = &record->family; place <= &record->connected; place++)
		expect(run, record, place, TC_ABSENT_U32);
	expect_absent(run, record, &record->local);
	expect_absent(run, record, &record->remote);
	expect_absent(run, record, &record->unix_path);
	expect(run, record, &record->new_fd, (uint64_t)way->number);
	expect(run, record, &record->old_fd, run->notes->number[0]);
	expect(run, record, &record->type, S_IFREG);
	expect_at(run, record, &record->path, "file");
}

/* Files that get other numbers are no news; nor are calls of fcntl(2) that give none. */
static void act_untold(struct run *run)
{
	int ends[2], fd;

	make_file(run, "file", 0600, 0);
	fd = open("file", O_RDONLY);
	must(run, fd >= 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	enter(run);
	must(run, dup(fd) > 2);
	must(run, dup2(fd, FAR) == FAR);
	must(run, fcntl(fd, F_DUPFD, FAR + 1) == FAR + 1);
	must(run, fcntl(ends[0], F_GETFD) == 0);
	must(run, syscall(SYS_dup2, FAR + 20, 0) < 0);
}

static void check_untold(struct run *run)
{
}

#define WAY(...)                                                                                   \
	.with = &(const struct way)                                                                \
	{                                                                                          \
		.syscall = __VA_ARGS__                                                             \
	}

const struct test dup_tests[] = {
	TEST(dup_socket, ANY, NULL, act_dup_tcp, check_dup_tcp, WAY(SYS_dup, by_dup, 0)),
	TEST(dup_socket_32, ANY, NULL, act_dup_tcp, check_dup_tcp,
	     WAY(NR_32_DUP, by_dup_32, 0, .i386 = true)),
	TEST(dup2_socket, ANY, NULL, act_dup_tcp, check_dup_tcp, WAY(SYS_dup2, by_dup2_onto_0, 0)),
	TEST(dup2_socket_32, ANY, NULL, act_dup_tcp, check_dup_tcp,
	     WAY(NR_32_DUP2, by_dup2_onto_1_32, 1, .i386 = true)),
	TEST(dup3_unix, ANY, NULL, act_dup_unix, check_dup_unix, WAY(SYS_dup3, by_dup3, FAR)),
	TEST(fcntl_socket, ANY, NULL, act_dup_tcp, check_dup_tcp, WAY(SYS_fcntl, by_fcntl, FAR)),
	TEST(fcntl_unix_32, ANY, NULL, act_dup_unix, check_dup_unix,
	     WAY(NR_32_FCNTL64, by_fcntl_32, FAR, .i386 = true)),
	TEST(dup2_file, ANY, NULL, act_dup_file, check_dup_file, WAY(SYS_dup2, by_dup2_onto_0, 0)),
	TEST(dup_untold, ANY, NULL, act_untold, check_untold),
	{0},
};
