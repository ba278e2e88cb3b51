/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/events/witness.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "tests/events/truth.h"

/* A question of the child; the small program's is a single byte. */
struct question {
	unsigned index;
	pid_t pid;
};

static const char *proc_path(pid_t pid, const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return path;
}

/* A whole file of /proc; its size, 0 when it cannot be read. */
static size_t read_proc(pid_t pid, const char *name, void *buffer, size_t size)
{
	int fd = open(proc_path(pid, name), O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	while (fd >= 0 && length < size &&
	       (n = read(fd, (char *)buffer + length, size - length)) > 0)
		length += (size_t)n;
	if (fd >= 0)
		close(fd);
	return length;
}

/* The last number of a line of /proc/PID/status: as the innermost pid namespace has it. */
static const char *status_line(const char *status, const char *key)
{
	const char *line = strstr(status, key);

	return line ? line + strlen(key) : "";
}

static uint32_t status_number(const char *status, const char *key, unsigned place, int base)
{
	const char *text = status_line(status, key);
	char *end = NULL;
	unsigned long long number = 0;

	for (unsigned i = 0; i <= place; i++, text = end)
		number = strtoull(text, &end, base);
	return (uint32_t)number;
}

static uint32_t status_last(const char *status, const char *key)
{
	const char *text = status_line(status, key), *end = strchr(text, '\n');

	while (end && end > text && end[-1] != '\t')
		end--;
	return end ? (uint32_t)strtoul(end, NULL, 10) : 0;
}

static bool read_status(pid_t pid, char *status, size_t size)
{
	size_t length = read_proc(pid, "status", status, size - 1);

	status[length] = '\0';
	return length > 0;
}

static uint64_t status_caps(const char *status, const char *key)
{
	return strtoull(status_line(status, key), NULL, 16);
}

bool who_is(pid_t pid, struct who *ret_who)
{
	struct who who = {.tgid = (uint32_t)pid, .tid = (uint32_t)pid};
	char status[4096];

	if (!read_status(pid, status, sizeof(status)) || !read_stat(proc_path(pid, "stat"), &who))
		return false;
	who.uid = status_number(status, "\nUid:", 0, 10);
	who.euid = status_number(status, "\nUid:", 1, 10);
	who.egid = status_number(status, "\nGid:", 1, 10);
	for (unsigned i = 0; i < 4; i++) {
		who.uids[i] = status_number(status, "\nUid:", i, 10);
		who.gids[i] = status_number(status, "\nGid:", i, 10);
	}
	who.cap_inheritable = status_caps(status, "\nCapInh:");
	who.cap_permitted = status_caps(status, "\nCapPrm:");
	who.cap_effective = status_caps(status, "\nCapEff:");
	who.mnt_ns = ns_inum(pid, "mnt");
	who.pid_ns = ns_inum(pid, "pid");
	who.user_ns = ns_inum(pid, "user");
	*ret_who = who;
	return true;
}

/* --- a program that runs --- */

static uint32_t count_strings(const char *bytes, size_t length)
{
	uint32_t n = 0;

	for (size_t i = 0; i < length; i++)
		n += bytes[i] == '\0';
	return n;
}

static uint32_t read_number(pid_t pid, const char *name)
{
	char text[32] = "";

	read_proc(pid, name, text, sizeof(text) - 1);
	return (uint32_t)strtoul(text, NULL, 10);
}

static uint32_t aux_secure(pid_t pid)
{
	Elf64_auxv_t aux[64];
	size_t n = read_proc(pid, "auxv", aux, sizeof(aux)) / sizeof(aux[0]);

	for (size_t i = 0; i < n; i++)
		if (aux[i].a_type == AT_SECURE)
			return (uint32_t)aux[i].a_un.a_val;
	return UINT32_MAX;
}

static void exec_status(pid_t pid, const char *status, struct exec_notes *notes)
{
	notes->cap_inheritable = status_caps(status, "\nCapInh:");
	notes->cap_permitted = status_caps(status, "\nCapPrm:");
	notes->cap_effective = status_caps(status, "\nCapEff:");
	notes->vpid = status_last(status, "\nNSpid:");
	notes->vpgid = status_last(status, "\nNSpgid:");
	notes->pgid = status_number(status, "\nNSpgid:", 0, 10);
	notes->sid = status_number(status, "\nNSsid:", 0, 10);
	notes->loginuid = read_number(pid, "loginuid");
	notes->sessionid = read_number(pid, "sessionid");
	notes->net_ns = ns_inum(pid, "net");
	notes->uts_ns = ns_inum(pid, "uts");
	notes->ipc_ns = ns_inum(pid, "ipc");
	notes->cgroup_ns = ns_inum(pid, "cgroup");
}

static bool read_link(pid_t pid, const char *name, char *ret_text)
{
	ssize_t n = readlink(proc_path(pid, name), ret_text, TC_PATH_MAX - 1);

	ret_text[n < 0 ? 0 : n] = '\0';
	return n >= 0;
}

bool exec_of(pid_t pid, struct exec_notes *ret_notes)
{
	char status[4096];
	size_t length;

	if (!who_is(pid, &ret_notes->who) || !read_status(pid, status, sizeof(status)) ||
	    stat(proc_path(pid, "exe"), &ret_notes->exe) < 0)
		return false;
	exec_status(pid, status, ret_notes);
	length = read_proc(pid, "environ", ret_notes->env, sizeof(ret_notes->env));
	ret_notes->env_length = (uint32_t)length;
	ret_notes->envc = count_strings(ret_notes->env, length);
	length = read_proc(pid, "cmdline", ret_notes->args, sizeof(ret_notes->args));
	ret_notes->args_length = (uint32_t)length;
	ret_notes->argc = count_strings(ret_notes->args, length);
	ret_notes->secure = aux_secure(pid);
	read_link(pid, "cwd", ret_notes->cwd); /* too long a path has no text */
	return read_link(pid, "exe", ret_notes->exe_path);
}

/* --- the process --- */

static void answer(struct run *run, const struct question *question, ssize_t size, pid_t child)
{
	struct notes *notes = run->notes;
	pid_t pid = size == sizeof(*question) ? question->pid : notes->exec_pid ?: child;
	bool good;

	if (size == sizeof(*question))
		good = who_is(pid, &notes->who[question->index]);
	else
		good = exec_of(pid, &notes->exec);
	if (!good)
		snprintf(notes->failure, sizeof(notes->failure),
			 "the witness cannot see process %d", pid);
}

static _Noreturn void be_witness(struct run *run, int fd, pid_t child)
{
	struct question question;
	ssize_t n;

	prctl(PR_SET_NAME, "witness");
	while ((n = recv(fd, &question, sizeof(question), 0)) > 0) {
		answer(run, &question, n, child);
		if (send(fd, "y", 1, MSG_NOSIGNAL) != 1)
			break;
	}
	_exit(0);
}

void witness_start(struct run *run)
{
	pid_t child = getpid();
	int ends[2];
	pid_t pid;

	must(run, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	pid = fork();
	must(run, pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		be_witness(run, ends[1], child);
	}
	close(ends[1]);
	must(run, dup2(ends[0], WITNESS_FD) == WITNESS_FD);
	if (ends[0] == WITNESS_FD)
		must(run, fcntl(WITNESS_FD, F_SETFD, 0) == 0);
	else
		close(ends[0]);
}

void witness(struct run *run, unsigned index, pid_t pid)
{
	struct question question = {.index = index, .pid = pid};
	char byte;

	must(run, send(WITNESS_FD, &question, sizeof(question), 0) == sizeof(question));
	must(run, recv(WITNESS_FD, &byte, 1, 0) == 1);
}
