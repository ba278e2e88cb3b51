/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workload DIRECTORY ROUNDS: a mixture of what programs do, below a directory: files of all sorts,
 * programs, connections, signals, and here and there what default rules tell of. Some forty events
 * for each round.
 *
 * Calls may fail where the host does not allow them: what happened is for the agent to say.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Programs are dear: one for so many rounds; a copy of this one, in a temporary place, for so
 * many. */
#define ROUNDS_PER_EXEC 4
#define ROUNDS_PER_COPY 50

static const char *own_path;

static void ignore(long result)
{
	(void)result;
}

static void write_file(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0644);

	if (fd < 0)
		return;
	ignore(write(fd, text, strlen(text)));
	close(fd);
}

static void read_file(const char *path)
{
	char bytes[256];
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return;
	ignore(read(fd, bytes, sizeof(bytes)));
	close(fd);
}

static void do_files(unsigned round)
{
	char name[64], other[64];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "file-%u-%u", round, i);
		snprintf(other, sizeof(other), "other \t\"%u\"\xff-%u", round, i);
		write_file(name, "some text\n", O_TRUNC);
		read_file(name);
		ignore(chmod(name, i ? 0600 : 04755));
		ignore(rename(name, other));
		ignore(link(other, name));
		ignore(truncate(name, 3));
		ignore(unlink(other));
		ignore(symlink(name, other));
		ignore(unlink(other));
		ignore(unlink(name));
	}
	ignore(mkdir("directory", 0755));
	ignore(rmdir("directory"));
	read_file("/etc/passwd");
}

static void do_child(const char *program, const char *argument)
{
	pid_t child = fork();

	if (child == 0) {
		char *const argv[] = {"workload", "nothing", (char *)argument, NULL};

		execv(program, argv);
		_exit(1);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* Runs a copy of this program and removes it. */
static void do_copy(void)
{
	char bytes[65536];
	int from = open(own_path, O_RDONLY), to = open("copy", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t length;

	while (from >= 0 && to >= 0 && (length = read(from, bytes, sizeof(bytes))) > 0)
		ignore(write(to, bytes, (size_t)length));
	close(from);
	close(to);
	do_child("./copy", "from a temporary directory");
	ignore(unlink("copy"));
}

static void do_network(unsigned round)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(server, (struct sockaddr *)&address, length) == 0 && listen(server, 1) == 0 &&
	    getsockname(server, (struct sockaddr *)&address, &length) == 0 &&
	    connect(client, (struct sockaddr *)&address, length) == 0)
		close(accept4(server, NULL, NULL, SOCK_CLOEXEC));
	close(client);
	close(server);
	ignore(kill(getpid(), round % 2 ? SIGCHLD : 0));
}

static void do_round(unsigned round)
{
	do_files(round);
	do_network(round);
	if (round % ROUNDS_PER_EXEC == 0)
		do_child(own_path, "\x01hostile\nname\xff");
	if (round % ROUNDS_PER_COPY == 0)
		do_copy();
}

int main(int argc, char **argv)
{
	static char path[4096];

	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	if (argc != 3 || !realpath("/proc/self/exe", path) || chdir(argv[1]) < 0) {
		fprintf(stderr, "usage: workload DIRECTORY ROUNDS\n");
		return 2;
	}
	own_path = path;
	for (unsigned round = 0; round < (unsigned)atoi(argv[2]); round++)
		do_round(round);
	return 0;
}
