/* SPDX-License-Identifier: Apache-2.0 */
/* The same things through io_uring, which makes no system call for them, and by calls of the i386
 * ABI, which have numbers and arguments of their own. */
#include "tests/enforce/enforce.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/enforce/things.h"
#include "tests/events/ring.h"
#include "tests/events/truth.h"

/* --- io_uring --- */

static int by_ring(struct run *run, struct io_uring_sqe sqe)
{
	struct ring ring;

	ring_make(run, &ring, false);
	return ring_do(run, &ring, &sqe);
}

/* One operation, on a path in the working directory. */
#define BY_RING(name, operation, ...)                                                              \
	static const char *lacks_##name(void)                                                      \
	{                                                                                          \
		return ring_has(operation) ? NULL : "io_uring has no " #operation;                 \
	}                                                                                          \
	static int ring_##name(struct run *run)                                                    \
	{                                                                                          \
		return by_ring(run, (struct io_uring_sqe){                                         \
					    .opcode = operation, .fd = AT_FDCWD, __VA_ARGS__});    \
	}

#define PATH(text) .addr = (uintptr_t)(text)
#define PATHS(from, to) PATH(from), .len = (uint32_t)AT_FDCWD, .addr2 = (uintptr_t)(to)

BY_RING(open, IORING_OP_OPENAT, PATH("file"), .open_flags = O_WRONLY | O_TRUNC)
BY_RING(create, IORING_OP_OPENAT, PATH("made"), .open_flags = O_WRONLY | O_CREAT, .len = 0600)
BY_RING(unlink, IORING_OP_UNLINKAT, PATH("file"))
BY_RING(rename, IORING_OP_RENAMEAT, PATHS("file", "made"))
BY_RING(link, IORING_OP_LINKAT, PATHS("file", "made"))
BY_RING(mkdir, IORING_OP_MKDIRAT, PATH("made"), .len = 0700)
/* What the link says, and where it is. */
BY_RING(symlink, IORING_OP_SYMLINKAT, PATH("file"), .addr2 = (uintptr_t) "made")
/* Name, value, path. */
BY_RING(setxattr, IORING_OP_SETXATTR, PATH("trusted.test"), .addr2 = (uintptr_t) "x", .len = 1,
	.addr3 = (uintptr_t) "file")

/* The thread that takes what is submitted is the kernel's. */
static int ring_polled(struct run *run)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_OPENAT,
				   .fd = AT_FDCWD,
				   .addr = (uintptr_t) "file",
				   .open_flags = O_WRONLY | O_TRUNC};
	struct ring ring;

	ring_make(run, &ring, true);
	return ring_do(run, &ring, &sqe);
}

static int ring_async(struct run *run)
{
	return by_ring(run, (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
						  .flags = IOSQE_ASYNC,
						  .fd = AT_FDCWD,
						  .addr = (uintptr_t) "file",
						  .open_flags = O_WRONLY | O_TRUNC});
}

static int ring_connect(struct run *run)
{
	struct sockaddr_in name = listener_name(run);

	return by_ring(run, (struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
						  .fd = socket(AF_INET, SOCK_STREAM, 0),
						  .addr = (uintptr_t)&name,
						  .off = sizeof(name)});
}

/* --- calls of the i386 ABI: what they are given lies below 4 GiB --- */

static long low(struct run *run, const void *bytes, size_t size)
{
	char *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	must(run, place != MAP_FAILED && size <= 4096);
	memcpy(place, bytes, size);
	return (long)(intptr_t)place;
}

#define LOW(object) low(run, &(object), sizeof(object))
#define BY_32(name, number, first, second, third)                                                  \
	static int call_32_##name(struct run *run)                                                 \
	{                                                                                          \
		return (int)call_32(number, first, second, third);                                 \
	}

BY_32(open, 5, LOW("file"), O_WRONLY | O_TRUNC, 0)
BY_32(create, 8, LOW("made"), 0600, 0)
BY_32(link, 9, LOW("file"), LOW("made"), 0)
BY_32(unlink, 10, LOW("file"), 0, 0)
BY_32(chmod, 15, LOW("file"), 04755, 0)
BY_32(rename, 38, LOW("file"), LOW("made"), 0)
BY_32(mkdir, 39, LOW("made"), 0700, 0)
BY_32(symlink, 83, LOW("file"), LOW("made"), 0)
BY_32(truncate, 92, LOW("file"), 0, 0)
BY_32(chown, 212, LOW("file"), 1000, 1000)
BY_32(setuid, 213, 1000, 0, 0)

static bool is_other_user(struct run *run)
{
	return geteuid() == 1000;
}

static int call_32_kill(struct run *run)
{
	int r = (int)call_32(37, other(run), SIGTERM, 0);

	run->notes->number[9] = r == 0;
	return r;
}

static int call_32_execve(struct run *run)
{
	long path = LOW("program");
	uint32_t arguments[] = {(uint32_t)path, 0}, environment[] = {0};

	return (int)call_32(11, path, LOW(arguments), LOW(environment));
}

static int call_32_connect(struct run *run)
{
	struct sockaddr_in name = listener_name(run);

	return (int)call_32(362, socket(AF_INET, SOCK_STREAM, 0), LOW(name), sizeof(name));
}

/* With what prepare_file() makes. */
#define RING(name, kind, condition, happened)                                                      \
	ROW("ring_" #name, kind, condition, lacks_##name, prepare_file, ring_##name, happened)
#define CALL(name, kind, condition, happened)                                                      \
	ROW("32_" #name, kind, condition, NULL, prepare_file, call_32_##name, happened)
#define IN_CHILD .in_child = true

const struct row abi_rows[] = {
	RING(open, open, "fd.name = $D/file", is_emptied),
	ROW("ring_async", open, "fd.name = $D/file", lacks_open, prepare_file, ring_async,
	    is_emptied),
	ROW("ring_polled", open, "fd.name = $D/file", lacks_open, prepare_file, ring_polled,
	    is_emptied),
	RING(create, create, "file.path = $D/made", is_made),
	RING(unlink, unlink, "file.path = $D/file", is_gone),
	RING(rename, rename, "evt.arg.oldpath = $D/file", is_made),
	RING(link, link, "evt.arg.oldpath = $D/file", is_made),
	RING(mkdir, mkdir, "file.path = $D/made", is_made),
	RING(symlink, symlink, "file.path = $D/made", is_made),
	RING(setxattr, setxattr, "xattr.name = trusted.test", has_attribute),
	ROW("ring_connect", connect, "fd.rport = $N", lacks_open, prepare_listener, ring_connect,
	    is_connected, IN_CHILD),
	CALL(open, open, "fd.name = $D/file", is_emptied),
	CALL(create, create, "file.path = $D/made", is_made),
	CALL(link, link, "evt.arg.oldpath = $D/file", is_made),
	CALL(unlink, unlink, "file.path = $D/file", is_gone),
	CALL(chmod, chmod, "file.path = $D/file", is_other_mode),
	CALL(rename, rename, "evt.arg.oldpath = $D/file", is_made),
	CALL(mkdir, mkdir, "file.path = $D/made", is_made),
	CALL(symlink, symlink, "file.path = $D/made", is_made),
	CALL(truncate, truncate, "file.path = $D/file", is_emptied),
	CALL(chown, chown, "file.path = $D/file", is_other_owner),
	ROW("32_setuid", setuid, "setuid.euid = 1000", NULL, NULL, call_32_setuid, is_other_user,
	    IN_CHILD),
	ROW("32_kill", signal, "target.pid = $N and evt.arg.sig = SIGTERM", NULL, prepare_other,
	    call_32_kill, other_ended, IN_CHILD),
	ROW("32_execve", exec, "proc.exepath = $D/program", NULL, prepare_program, call_32_execve,
	    has_run),
	ROW("32_connect", connect, "fd.rport = $N", NULL, prepare_listener, call_32_connect,
	    is_connected, IN_CHILD),
	{0},
};
