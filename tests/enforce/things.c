/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/enforce/things.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "tests/events/truth.h"

static struct stat stat_of(const char *path)
{
	struct stat st = {0};

	lstat(path, &st);
	return st;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* --- files --- */

void prepare_file(struct run *run)
{
	make_file(run, "file", 0600, 10);
}

int empty_file(struct run *run)
{
	return attempt_of(open("file", O_WRONLY | O_TRUNC));
}

bool is_emptied(struct run *run)
{
	static const char *const names[] = {"file", "a/file", "b/file", "upper/file"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (exists(names[i]))
			return stat_of(names[i]).st_size == 0;
	return false;
}

bool is_gone(struct run *run)
{
	return !exists("file");
}

bool is_made(struct run *run)
{
	return exists("made");
}

bool is_other_mode(struct run *run)
{
	return (stat_of("file").st_mode & 07777) != 0600;
}

bool is_other_owner(struct run *run)
{
	return stat_of("file").st_uid != 0;
}

bool has_attribute(struct run *run)
{
	char value;

	return getxattr("file", "trusted.test", &value, 1) == 1;
}

/* --- programs --- */

void prepare_program(struct run *run)
{
	copy_file(run, small_program(), "program", 0755);
}

bool has_run(struct run *run)
{
	return WIFEXITED(run->status) && WEXITSTATUS(run->status) == SMALL_STATUS;
}

/* --- another process --- */

void prepare_other(struct run *run)
{
	run->notes->number[8] = (uint64_t)idle_child(run);
}

pid_t other(struct run *run)
{
	return (pid_t)run->notes->number[8];
}

bool other_ended(struct run *run)
{
	/* A signal that went through ends it, if it takes a minute; one that did not is not waited
	 * for long. */
	int status, tries = run->notes->number[9] ? 12000 : 100;

	for (int i = 0; i < tries; i++) {
		if (waitpid(other(run), &status, WNOHANG) == other(run))
			return true;
		usleep(5000);
	}
	return false;
}

/* --- sockets --- */

void prepare_listener(struct run *run)
{
	struct sockaddr_in name = {.sin_family = AF_INET,
				   .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(run, fd >= 0 && bind(fd, (struct sockaddr *)&name, size) == 0 && listen(fd, 1) == 0);
	must(run, getsockname(fd, (struct sockaddr *)&name, &size) == 0);
	run->notes->number[8] = ntohs(name.sin_port);
	run->notes->number[9] = (uint64_t)fd;
}

struct sockaddr_in listener_name(struct run *run)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)run->notes->number[8]),
				    .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
}

bool is_connected(struct run *run)
{
	struct pollfd listener = {.fd = (int)run->notes->number[9], .events = POLLIN};

	return poll(&listener, 1, 200) == 1;
}
