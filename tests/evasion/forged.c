/* SPDX-License-Identifier: Apache-2.0 */
/* Forged or racing data: what the caller's memory says is not what the kernel does. */
#include "tests/evasion/deed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096
#define TRIES 100000

/* --- a thread that changes the bytes while the kernel looks at them --- */

struct race {
	char *bytes;
	const void *one, *other;
	size_t size;
	atomic_bool over;
};

static void *flip(void *arg)
{
	struct race *race = arg;

	while (!race->over) {
		memcpy(race->bytes, race->one, race->size);
		memcpy(race->bytes, race->other, race->size);
	}
	return NULL;
}

/* Tries until the kernel did what the bytes say half of the time. */
static int win(struct deed *deed, struct race *race,
	       int (*try)(struct deed *, const char *, bool *))
{
	pthread_t thread;
	bool won = false;
	int r = 0;

	must(pthread_create(&thread, NULL, flip, race) == 0);
	for (unsigned i = 0; i < TRIES && !won; i++) {
		r = try(deed, race->bytes, &won);
		if (i % 64 == 0)
			sched_yield();
	}
	race->over = true;
	pthread_join(thread, NULL);
	if (!won)
		snprintf(deed->truth->why, sizeof(deed->truth->why), "nobody won the race");
	return r;
}

static void prepare_decoy(const struct deed *deed)
{
	make_plain(deed->spare);
}

/* Refused is won, too: the decoy would not be. */
static int try_open(struct deed *deed, const char *path, bool *ret_won)
{
	struct stat st = {0};
	int fd = attempt(open(path, O_WRONLY | O_APPEND | O_CLOEXEC));

	*ret_won =
		fd == -EPERM || (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == deed->truth->ino);
	if (*ret_won)
		return leave_mark(fd);
	if (fd >= 0)
		close(fd);
	return 0;
}

static int act_race_open(struct deed *deed)
{
	static char bytes[EVASION_PATH];
	size_t one = strlen(deed->spare) + 1, other = strlen(deed->victim) + 1;
	struct race race = {bytes, deed->spare, deed->victim, one > other ? one : other, false};

	strcpy(bytes, deed->spare);
	return win(deed, &race, try_open);
}

static int try_connect(struct deed *deed, const char *bytes, bool *ret_won)
{
	struct sockaddr_in peer = {0};
	socklen_t size = sizeof(peer);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	must(fd >= 0);
	r = attempt(connect(fd, (const struct sockaddr *)(const void *)bytes, size));
	if (r == 0)
		must(getpeername(fd, (struct sockaddr *)&peer, &size) == 0);
	*ret_won = r == -EPERM || ntohs(peer.sin_port) == deed->truth->port;
	close(fd);
	return r;
}

/* The twin's two addresses are both plain. */
static int act_race_connect(struct deed *deed)
{
	static _Alignas(struct sockaddr_in) char bytes[sizeof(struct sockaddr_in)];
	struct sockaddr_in plain = {
		.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_in real = tell_address(deed);
	struct race race = {bytes, &plain, &real, sizeof(plain), false};

	memcpy(bytes, &plain, sizeof(plain));
	return win(deed, &race, try_connect);
}

/* --- changed when the call is through --- */

static void prepare_fifo(const struct deed *deed)
{
	unlink(deed->victim);
	must(mkfifo(deed->victim, 0600) == 0);
}

struct waiter {
	char path[EVASION_PATH]; /* the bytes of the one who waits */
	const char *real;
	pid_t tid;
	atomic_bool back;
};

/* The thread sleeps in the kernel: between the entry and the exit of its call. */
static bool sleeps(pid_t tid)
{
	char path[64], line[256] = "";
	FILE *file;
	const char *state;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "re");
	must(file && fgets(line, sizeof(line), file));
	fclose(file);
	state = strrchr(line, ')');
	return state && state[2] == 'S';
}

/* Writes another path over that of the open(2) that waits for a reader, and then comes as one. */
static void *change_behind(void *arg)
{
	struct waiter *waiter = arg;

	while (!waiter->back && !sleeps(waiter->tid))
		usleep(1000);
	snprintf(waiter->path, sizeof(waiter->path), EVASION_PLAIN "/never");
	if (!waiter->back)
		must(open(waiter->real, O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0);
	return NULL;
}

static int act_change_behind(struct deed *deed)
{
	static struct waiter waiter;
	pthread_t thread;
	int r;

	strcpy(waiter.path, deed->victim);
	waiter.real = deed->victim;
	waiter.tid = gettid();
	must(pthread_create(&thread, NULL, change_behind, &waiter) == 0);
	r = attempt(open(waiter.path, O_WRONLY | O_CLOEXEC));
	waiter.back = true;
	pthread_join(thread, NULL);
	return r;
}

/* --- bytes that are not there until the kernel asks for them --- */

static const char *lacks_userfaultfd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ENOSYS ? "no userfaultfd" : NULL;
}

struct supplier {
	int fd;
	char *page;
	_Alignas(PAGE) char content[PAGE];
};

static void *supply(void *arg)
{
	struct supplier *supplier = arg;
	struct uffd_msg message;
	struct uffdio_copy copy = {
		.dst = (uintptr_t)supplier->page, .src = (uintptr_t)supplier->content, .len = PAGE};

	must(read(supplier->fd, &message, sizeof(message)) == sizeof(message));
	must(ioctl(supplier->fd, UFFDIO_COPY, &copy) == 0);
	return NULL;
}

static int act_supplied(struct deed *deed)
{
	static struct supplier supplier;
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	pthread_t thread;

	supplier.fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	supplier.page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(supplier.fd >= 0 && supplier.page != MAP_FAILED);
	range.range.start = (uintptr_t)supplier.page;
	range.range.len = PAGE;
	snprintf(supplier.content, PAGE, "%.4000s", deed->victim);
	must(ioctl(supplier.fd, UFFDIO_API, &api) == 0 &&
	     ioctl(supplier.fd, UFFDIO_REGISTER, &range) == 0);
	must(pthread_create(&thread, NULL, supply, &supplier) == 0);
	return mark_by(supplier.page);
}

/* A page of a file that this process never touched holds the path. */
static const char *untouched(const struct deed *deed)
{
	int fd = open(deed->spare, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *path;

	must(fd >= 0 && write(fd, deed->victim, PAGE) == PAGE);
	path = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	must(path != MAP_FAILED);
	return path;
}

static int act_untouched(struct deed *deed)
{
	return mark_by(untouched(deed));
}

/* The same of an address. */
static int act_untouched_connect(struct deed *deed)
{
	struct sockaddr_in to = tell_address(deed);
	int fd = open(deed->spare, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct sockaddr *address;

	must(fd >= 0 && write(fd, &to, sizeof(to)) == sizeof(to));
	address = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	must(address != MAP_FAILED);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return attempt(connect(fd, address, sizeof(to)));
}

static int act_untouched_exec(struct deed *deed)
{
	static char *const argv[] = {"untouched", "--end", NULL};

	return become(deed, untouched(deed), argv);
}

/* --- a directory that is another one by then --- */

static int act_directory(struct deed *deed)
{
	char *name = strdup(deed->victim);
	int directory, plain = open(EVASION_PLAIN, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	*strrchr(name, '/') = '\0';
	directory = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(directory >= 0 && plain >= 0 && chdir(name) == 0);
	fd = attempt(openat(directory, last_name(deed->victim), O_WRONLY | O_APPEND));
	must(dup2(plain, directory) >= 0 && chdir(EVASION_PLAIN) == 0);
	free(name);
	return leave_mark(fd);
}

const struct evasion forged_cases[] = {
	{"E01-open", "the path changes while open(2) looks at it", .prepare = prepare_decoy,
	 .act = act_race_open},
	{"E01-connect", "the address changes while connect(2) looks at it", .lacks = lacks_metadata,
	 .act = act_race_connect, .happened = succeeded, .bare = true},
	{"E02-open", "the path is overwritten before open(2) returns", .prepare = prepare_fifo,
	 .act = act_change_behind, .happened = succeeded},
	{"E03-userfaultfd", "the path is not there until the kernel reads it",
	 .lacks = lacks_userfaultfd, .act = act_supplied},
	{"E04-open", "the path lies in memory that was never touched", .act = act_untouched},
	{"E04-exec", "a program's path lies in memory that was never touched",
	 .where = EVASION_PROGRAMS, .prepare = prepare_victim_program, .act = act_untouched_exec,
	 .happened = program_ended},
	{"E04-connect", "an address lies in memory that was never touched", .lacks = lacks_metadata,
	 .act = act_untouched_connect, .happened = succeeded, .bare = true},
	{"E07-dirfd", "the directory's descriptor and the working directory change at once",
	 .act = act_directory},
	{0},
};
