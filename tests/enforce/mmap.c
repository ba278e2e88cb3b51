/* SPDX-License-Identifier: Apache-2.0 */
/* Rows about mappings: asserted on the file, and on what was mapped. */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/events/truth.h"

SLOT_OF(mmap, path)

#define PAGE 4096

/* number[9]: an open file; number[10]: where it is mapped, 0 for nowhere. */
static void prepare_open(struct run *run)
{
	make_file(run, "file", 0600, PAGE);
	run->notes->number[9] = (uint64_t)open("file", O_RDWR);
	must(run, (int)run->notes->number[9] >= 0);
}

static int map(struct run *run, int prot, int flags)
{
	void *memory = mmap(NULL, PAGE, prot, flags, (int)run->notes->number[9], 0);

	run->notes->number[10] = memory == MAP_FAILED ? 0 : (uintptr_t)memory;
	return memory == MAP_FAILED ? -errno : 0;
}

static void *mapped(struct run *run)
{
	return (void *)(uintptr_t)run->notes->number[10];
}

static int attempt_execute(struct run *run)
{
	return map(run, PROT_READ | PROT_EXEC, MAP_PRIVATE);
}

static bool is_mapped(struct run *run)
{
	return mapped(run);
}

static int attempt_write(struct run *run)
{
	int r = map(run, PROT_READ | PROT_WRITE, MAP_SHARED);

	if (r == 0)
		strcpy(mapped(run), "changed");
	return r;
}

static bool is_changed(struct run *run)
{
	char first = 0;
	int fd = open("file", O_RDONLY);

	must(run, fd >= 0 && read(fd, &first, 1) == 1);
	close(fd);
	return first;
}

static void prepare_private(struct run *run)
{
	prepare_open(run);
	must(run, map(run, PROT_READ, MAP_PRIVATE) == 0);
}

static int attempt_become_code(struct run *run)
{
	return attempt_of(mprotect(mapped(run), PAGE, PROT_READ | PROT_EXEC));
}

/* What /proc/self/maps says of the mapping. */
static bool is_executable(struct run *run)
{
	char line[512], start[32], permissions[8];
	FILE *maps = fopen("/proc/self/maps", "re");
	bool is = false;

	snprintf(start, sizeof(start), "%lx-", (unsigned long)run->notes->number[10]);
	while (maps && fgets(line, sizeof(line), maps))
		if (strncmp(line, start, strlen(start)) == 0 &&
		    sscanf(line, "%*s %7s", permissions) == 1)
			is = permissions[2] == 'x';
	if (maps)
		fclose(maps);
	return is;
}

static void prepare_shared(struct run *run)
{
	prepare_open(run);
	must(run, map(run, PROT_READ, MAP_SHARED) == 0);
}

static int attempt_become_writable(struct run *run)
{
	int r = attempt_of(mprotect(mapped(run), PAGE, PROT_READ | PROT_WRITE));

	if (r == 0)
		strcpy(mapped(run), "changed");
	return r;
}

/* --- a descriptor that somebody gives: no open, but no mapping either --- */

/* number[9]: an end of a pair of sockets, at the other of which a descriptor was put. */
static void prepare_given(struct run *run)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	struct iovec text = {(void *)"x", 1};
	struct msghdr message = {.msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	int ends[2], fd;

	prepare_open(run);
	fd = (int)run->notes->number[9];
	must(run, socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	must(run, sendmsg(ends[0], &message, 0) == 1 && close(fd) == 0);
	run->notes->number[9] = (uint64_t)ends[1];
}

static int attempt_given(struct run *run)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec text = {&byte, 1};
	struct msghdr message = {.msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	int fd;

	must(run, recvmsg((int)run->notes->number[9], &message, 0) == 1);
	must(run, CMSG_FIRSTHDR(&message) && CMSG_FIRSTHDR(&message)->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	run->notes->number[9] = (uint64_t)fd;
	return attempt_write(run);
}

#define IN_CHILD .in_child = true
#define NAMED .path = mmap_path, .path_is = "file"
#define EXECUTES "fd.name = $D/file and evt.arg.prot contains PROT_EXEC"
#define WRITES "fd.name = $D/file and mmap.is_shared = true and evt.arg.prot contains PROT_WRITE"

const struct row mmap_rows[] = {
	ROW("mmap_executable", mmap, EXECUTES, NULL, prepare_open, attempt_execute, is_mapped,
	    IN_CHILD, NAMED),
	ROW("mmap_write", mmap, WRITES, NULL, prepare_open, attempt_write, is_changed, NAMED),
	ROW("mprotect_executable", mmap, EXECUTES, NULL, prepare_private, attempt_become_code,
	    is_executable, IN_CHILD, NAMED),
	ROW("mprotect_write", mmap, WRITES, NULL, prepare_shared, attempt_become_writable,
	    is_changed, NAMED),
	ROW("way_given_mmap", mmap, WRITES, NULL, prepare_given, attempt_given, is_changed, NAMED),
	{0},
};
