/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/enrich/tty.h"

/* PF_KTHREAD, include/linux/sched.h. */
#define TASK_KERNEL_THREAD 0x00200000

/* /proc/PID/stat, numbered as in proc_pid_stat(5). */
enum stat_field {
	STAT_PPID = 4,
	STAT_PGRP = 5,
	STAT_SESSION = 6,
	STAT_TTY = 7,
	STAT_FLAGS = 9,
	STAT_START = 22,
	STAT_ARG_START = 48,
	STAT_ARG_END = 49,
	STAT_MAX = 53,
};

uint64_t tc_scan_tick_ns(void)
{
	long ticks = sysconf(_SC_CLK_TCK);

	return 1000000000ULL / (uint64_t)(ticks > 0 ? ticks : 100);
}

/* Reads up to size - 1 bytes and ends them with a NUL. Their number, or a negative errno. */
static ssize_t read_file(int directory, const char *name, char *buffer, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, buffer + length, size - 1 - (size_t)length)) > 0)
		length += got;
	if (got < 0)
		length = -errno;
	else
		buffer[length] = '\0';
	close(fd);
	return length;
}

/* Puts bytes behind what the record holds and points the slot at them. */
static void put_slot(struct tc_scan *scan, struct tc_slot *slot, const char *bytes, size_t length,
		     size_t max)
{
	struct tc_record *header = &scan->exec.header;
	size_t stored = length < max ? length : max;

	*slot = (struct tc_slot){.size = (uint32_t)length,
				 .offset = (uint16_t)header->size,
				 .stored = (uint16_t)stored,
				 .flags = TC_SLOT_PRESENT | (stored < length ? TC_SLOT_CUT : 0)};
	memcpy(scan->record + header->size, bytes, stored);
	header->size += (uint32_t)stored;
}

/* --- stat --- */

/* The numbers behind the name; the name may hold anything, so its end is the last parenthesis. */
static int parse_stat(char *text, char comm[TC_COMM_MAX], uint64_t values[STAT_MAX])
{
	char *open = strchr(text, '('), *close = strrchr(text, ')'), *rest;
	size_t length;

	if (!open || !close || close < open || close[1] != ' ')
		return -EBADMSG;
	length = (size_t)(close - open) - 1;
	if (length > TC_COMM_MAX - 1)
		length = TC_COMM_MAX - 1;
	memcpy(comm, open + 1, length);
	comm[length] = '\0';
	rest = close + 3; /* behind the blank and the letter of the state */
	for (unsigned i = STAT_PPID; i < STAT_MAX && *rest; i++)
		values[i] = (uint64_t)strtoll(rest, &rest, 10);
	return values[STAT_START] ? 0 : -EBADMSG;
}

static void put_tty(struct tc_scan *scan, uint32_t number)
{
	char name[TC_TTY_NAME_MAX];
	size_t length;

	if (!number)
		return;
	length = tc_tty_name(number, name);
	if (length)
		put_slot(scan, &scan->exec.tty, name, length, sizeof(name));
	else
		scan->facts.absent |= TC_EXEC_BIT(tty);
}

static int read_stat(struct tc_scan *scan, int directory, uint64_t values[STAT_MAX])
{
	struct tc_process_facts *facts = &scan->facts;
	char text[2048];
	ssize_t length = read_file(directory, "stat", text, sizeof(text));
	int error;

	if (length < 0)
		return (int)length;
	error = parse_stat(text, facts->comm, values);
	if (error < 0)
		return error;
	facts->ppid = (uint32_t)values[STAT_PPID];
	facts->start_ns = values[STAT_START] * tc_scan_tick_ns();
	if (values[STAT_FLAGS] & TASK_KERNEL_THREAD)
		facts->flags |= TC_PROCESS_KERNEL;
	scan->exec.pgid = (uint32_t)values[STAT_PGRP];
	scan->exec.sid = (uint32_t)values[STAT_SESSION];
	put_tty(scan, (uint32_t)values[STAT_TTY]);
	memcpy(scan->exec.header.comm.bytes, facts->comm, sizeof(facts->comm));
	return 0;
}

/* --- status --- */

/* "Uid:" and "Gid:" tell the real, the effective, the saved and the file system's id. */
static bool parse_ids(const char *text, uint32_t *ret_real, uint32_t *ret_effective)
{
	return sscanf(text, "%u %u", ret_real, ret_effective) == 2;
}

static void put_caps(struct tc_scan *scan, const char *text, __u64 *caps, uint64_t bit)
{
	*caps = strtoull(text, NULL, 16);
	scan->facts.absent &= ~bit;
}

/* One line of /proc/PID/status: a word, a colon, a tab, the value. */
static void parse_status_line(struct tc_scan *scan, const char *line)
{
	struct tc_process_facts *facts = &scan->facts;
	struct tc_exec *exec = &scan->exec;
	const char *colon = strchr(line, ':'), *value = colon ? colon + 1 : line;
	size_t length = (size_t)(value - line);
	uint32_t real;

#define IS(word) (length == sizeof(word) - 1 && memcmp(line, word, sizeof(word) - 1) == 0)
	if (IS("Uid:") && parse_ids(value, &facts->uid, &facts->euid)) {
		facts->flags |= TC_PROCESS_HAS_CREDS;
	} else if (IS("Gid:")) {
		parse_ids(value, &real, &facts->egid);
	} else if (IS("NSpid:")) {
		/* One for each namespace, from the outermost one inwards. */
		facts->vpid = (uint32_t)strtoul(strrchr(value, '\t') ?: "", NULL, 10);
		facts->flags |= facts->vpid ? TC_PROCESS_HAS_VPID : 0;
	} else if (IS("CapInh:")) {
		put_caps(scan, value, &exec->cap_inheritable, TC_EXEC_BIT(cap_inheritable));
	} else if (IS("CapPrm:")) {
		put_caps(scan, value, &exec->cap_permitted, TC_EXEC_BIT(cap_permitted));
	} else if (IS("CapEff:")) {
		put_caps(scan, value, &exec->cap_effective, TC_EXEC_BIT(cap_effective));
	}
#undef IS
}

static void read_status(struct tc_scan *scan, int directory)
{
	int fd = openat(directory, "status", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;

	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (getline(&line, &size, file) > 0)
		parse_status_line(scan, line);
	free(line);
	fclose(file);
}

/* --- the rest --- */

static void read_exe(struct tc_scan *scan, int directory)
{
	static const char deleted[] = " (deleted)";
	char path[TC_PATH_MAX];
	ssize_t length = readlinkat(directory, "exe", path, sizeof(path));
	struct stat stat;
	struct tc_exec *exec = &scan->exec;

	if (length <= 0 || fstatat(directory, "exe", &stat, 0) < 0)
		return;
	exec->exe_ino = stat.st_ino;
	exec->exe_dev = (uint32_t)stat.st_dev;
	exec->exe_mode = stat.st_mode & 07777;
	exec->exe_uid = stat.st_uid;
	exec->exe_deleted = stat.st_nlink == 0;
	scan->facts.absent &=
		~(TC_EXEC_BIT(exe_ino) | TC_EXEC_BIT(exe_dev) | TC_EXEC_BIT(exe_mode) |
		  TC_EXEC_BIT(exe_uid) | TC_EXEC_BIT(exe_deleted) | TC_EXEC_BIT(exe_memfd) |
		  TC_EXEC_BIT(exe));
	exec->exe_memfd = exec->exe_deleted && length > 7 && memcmp(path, "/memfd:", 7) == 0;
	if (exec->exe_deleted && (size_t)length >= sizeof(deleted) &&
	    memcmp(path + length - (sizeof(deleted) - 1), deleted, sizeof(deleted) - 1) == 0)
		length -= (ssize_t)sizeof(deleted) - 1;
	put_slot(scan, &exec->exe, path, (size_t)length, TC_PATH_MAX);
	exec->exe.flags |= exec->exe_deleted ? TC_SLOT_DELETED : 0;
}

static void read_cwd(struct tc_scan *scan, int directory)
{
	char path[TC_PATH_MAX];
	ssize_t length = readlinkat(directory, "cwd", path, sizeof(path));

	if (length <= 0)
		return;
	put_slot(scan, &scan->exec.cwd, path, (size_t)length, TC_PATH_MAX);
	scan->facts.absent &= ~TC_EXEC_BIT(cwd);
}

/* A process may have overwritten its arguments with a title that no NUL ends: it then counts as one
 * argument. */
static void read_cmdline(struct tc_scan *scan, int directory, const uint64_t values[STAT_MAX])
{
	char bytes[TC_ARGS_MAX + 1];
	ssize_t length = read_file(directory, "cmdline", bytes, sizeof(bytes));
	uint64_t full = values[STAT_ARG_END] - values[STAT_ARG_START];
	struct tc_exec *exec = &scan->exec;

	if (length < 0 || (length == 0 && !(scan->facts.flags & TC_PROCESS_KERNEL)))
		return;
	if (length > 0 && bytes[length - 1]) {
		if (length == TC_ARGS_MAX)
			length--;
		bytes[length++] = '\0';
	}
	put_slot(scan, &exec->argv, bytes, (size_t)length, TC_ARGS_MAX);
	scan->facts.absent &= ~TC_EXEC_BIT(argv);
	if (length == TC_ARGS_MAX && full > TC_ARGS_MAX && full < UINT32_MAX) {
		exec->argv.size = (uint32_t)full;
		exec->argv.flags |= TC_SLOT_CUT;
		return;
	}
	for (ssize_t i = 0; i < length; i++)
		exec->argc += bytes[i] == '\0';
	scan->facts.absent &= ~TC_EXEC_BIT(argc);
}

static bool read_number(int directory, const char *name, uint32_t *ret_number)
{
	char text[32];

	if (read_file(directory, name, text, sizeof(text)) <= 0)
		return false;
	*ret_number = (uint32_t)strtoul(text, NULL, 10);
	return true;
}

static bool read_namespace(int directory, const char *name, uint32_t *ret_inum)
{
	struct stat stat;

	if (fstatat(directory, name, &stat, 0) < 0)
		return false;
	*ret_inum = (uint32_t)stat.st_ino;
	return true;
}

/* Files that hold one number each. */
static void read_numbers(struct tc_scan *scan, int directory)
{
	struct tc_exec *exec = &scan->exec;
	const struct {
		bool (*read)(int directory, const char *name, uint32_t *ret_number);
		const char *name;
		uint32_t *number;
		uint64_t bit;
	} rows[] = {
		{read_number, "loginuid", &exec->loginuid, TC_EXEC_BIT(loginuid)},
		{read_number, "sessionid", &exec->sessionid, TC_EXEC_BIT(sessionid)},
		{read_namespace, "ns/net", &exec->net_ns, TC_EXEC_BIT(net_ns)},
		{read_namespace, "ns/uts", &exec->uts_ns, TC_EXEC_BIT(uts_ns)},
		{read_namespace, "ns/ipc", &exec->ipc_ns, TC_EXEC_BIT(ipc_ns)},
		{read_namespace, "ns/cgroup", &exec->cgroup_ns, TC_EXEC_BIT(cgroup_ns)},
		{read_namespace, "ns/mnt", &exec->header.mnt_ns, 0},
		{read_namespace, "ns/pid", &exec->header.pid_ns, 0},
		{read_namespace, "ns/user", &exec->header.user_ns, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].read(directory, rows[i].name, rows[i].number))
			scan->facts.absent &= ~rows[i].bit;
}

/* The line of the v2 hierarchy in /proc/PID/cgroup, cgroups(7). */
static void read_cgroup(struct tc_scan *scan, int directory, struct tc_cgroupfs *fs)
{
	char text[2 * TC_CGROUP_PATH_MAX], *line;

	if (!fs || read_file(directory, "cgroup", text, sizeof(text)) <= 0)
		return;
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return;
	line = strchr(line, '/');
	if (!line)
		return;
	line[strcspn(line, "\n")] = '\0';
	scan->facts.cgroup_id = tc_cgroupfs_id(fs, line);
}

int tc_scan_start(uint32_t tgid, uint64_t *ret_start_ns)
{
	uint64_t values[STAT_MAX] = {0};
	char path[32], text[2048], comm[TC_COMM_MAX];
	ssize_t length;
	int error;

	snprintf(path, sizeof(path), "/proc/%u/stat", tgid);
	length = read_file(AT_FDCWD, path, text, sizeof(text));
	if (length < 0)
		return (int)length;
	error = parse_stat(text, comm, values);
	if (error < 0)
		return error;
	*ret_start_ns = values[STAT_START] * tc_scan_tick_ns();
	return 0;
}

int tc_scan_process(struct tc_scan *scan, uint32_t tgid, struct tc_cgroupfs *fs)
{
	uint64_t values[STAT_MAX] = {0};
	char path[32];
	int directory, error;

	snprintf(path, sizeof(path), "/proc/%u", tgid);
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -errno;
	memset(&scan->facts, 0, sizeof(scan->facts));
	memset(&scan->exec, 0, sizeof(scan->exec));
	scan->facts.tgid = tgid;
	scan->facts.time_ns = tc_clock_boot_ns();
	scan->facts.exec = &scan->exec;
	scan->exec.header = (struct tc_record){.kind = TC_KIND_exec,
					       .version = TC_RECORD_VERSION,
					       .size = sizeof(struct tc_exec),
					       .tgid = tgid,
					       .tid = tgid,
					       .syscall = -1};
	/* All is absent until it was read; what stat(5) has comes or there is no process. */
	scan->facts.absent = ((1ULL << TC_MEMBER_exec_MAX) - 1) &
			     ~(TC_EXEC_BIT(sid) | TC_EXEC_BIT(pgid) | TC_EXEC_BIT(tty));
	error = read_stat(scan, directory, values);
	if (error == 0) {
		read_status(scan, directory);
		read_exe(scan, directory);
		read_cmdline(scan, directory, values);
		read_cwd(scan, directory);
		read_numbers(scan, directory);
		read_cgroup(scan, directory, fs);
		scan->exec.header.start_ns = scan->facts.start_ns;
		scan->exec.header.cgroup_id = scan->facts.cgroup_id;
		if (scan->facts.flags & TC_PROCESS_HAS_VPID) {
			scan->exec.vpid = scan->facts.vpid;
			scan->facts.absent &= ~TC_EXEC_BIT(vpid);
		}
	}
	close(directory);
	return error;
}

int tc_scan_each(struct tc_cgroupfs *fs, int (*visit)(void *, const struct tc_process_facts *),
		 void *data)
{
	DIR *proc = opendir("/proc");
	struct tc_scan *scan = malloc(sizeof(*scan));
	struct dirent *entry;
	int error = 0;

	if (!proc || !scan)
		error = scan ? -errno : -ENOMEM;
	while (error == 0 && (entry = readdir(proc))) {
		char *end;
		unsigned long tgid = strtoul(entry->d_name, &end, 10);

		if (!tgid || *end || tgid > INT32_MAX)
			continue;
		if (tc_scan_process(scan, (uint32_t)tgid, fs) == 0)
			error = visit(data, &scan->facts);
	}
	if (proc)
		closedir(proc);
	free(scan);
	return error;
}
