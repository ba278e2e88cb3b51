/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-evasion list | prepare | run [CASE...]
 *
 *   list     the cases: name, blank, what it does
 *   prepare  makes what the cases need. Before the monitor starts
 *   run      does the cases, or those named, each with its twin: a line of truth for each
 *
 * For guests: it writes into the system, and as root. It needs a cgroup2 file system in
 * /sys/fs/cgroup.
 */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/format/json_writer.h"

/* As docker would call it: 64 digits. */
#define CONTAINER "docker-e0a51000e0a51000e0a51000e0a51000e0a51000e0a51000e0a51000e0a51000.scope"
#define DEED_SECONDS 60

static const struct {
	const char *title;
	const struct evasion *cases;
} chapters[] = {
	{"Forged or racing data", forged_cases},
	{"Work that never passes the watched system call", way_cases},
	{"Programs that are not what they seem", program_cases},
	{"Mounts by every door", mount_cases},
	{"Names that lie", name_cases},
	{"Attribution, loss, tampering, output", tamper_cases},
	{"Rights of files, and modules", right_cases},
	{"Out of a container", escape_cases},
};

#define FOR_EACH_CASE(evasion)                                                                     \
	for (size_t chapter_ = 0; chapter_ < sizeof(chapters) / sizeof(chapters[0]); chapter_++)   \
		for (const struct evasion *evasion = chapters[chapter_].cases; evasion->name;      \
		     evasion++)

static const char *cgroup_of(const struct deed *deed)
{
	if (deed->of->contained)
		return EVASION_CGROUPS "/" CONTAINER;
	return deed->twin ? EVASION_CGROUPS "/innocent" : EVASION_CGROUPS "/attacker";
}

static void deed_fill(struct deed *deed, const struct evasion *of, bool twin)
{
	const char *where = of->where ? of->where : EVASION_WATCHED;

	*deed = (struct deed){.of = of, .twin = twin, .truth = deed->truth};
	snprintf(deed->victim, sizeof(deed->victim), "%s/%s", twin ? EVASION_PLAIN : where,
		 of->file ? of->file : of->name);
	snprintf(deed->spare, sizeof(deed->spare), EVASION_SPARE "/%s%s", of->name,
		 twin ? ".twin" : "");
}

static int make_directories(const char *path)
{
	char part[PATH_MAX];

	for (const char *end = path; (end = strchr(end + 1, '/'));) {
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		mkdir(part, 0755);
	}
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int prepare(void)
{
	static struct deed deed;
	static const char *const directories[] = {
		EVASION_PLAIN,
		EVASION_SPARE,
		EVASION_CGROUPS "/attacker",
		EVASION_CGROUPS "/innocent",
		EVASION_CGROUPS "/" CONTAINER,
	};

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		must(make_directories(directories[i]) == 0);
	FOR_EACH_CASE(evasion)
	{
		if (evasion->lacks && evasion->lacks())
			continue;
		for (int twin = 0; twin < 2; twin++) {
			deed_fill(&deed, evasion, twin);
			clear_name(deed.victim);
			clear_name(deed.spare);
			if (!evasion->bare) {
				must(make_directories(evasion->where ? evasion->where
								     : EVASION_WATCHED) == 0);
				make_plain(deed.victim);
			}
			if (evasion->prepare)
				evasion->prepare(&deed);
		}
	}
	return 0;
}

/* --- one deed --- */

/* In a container it has mounts of its own. */
static void enter(struct deed *deed)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (deed->of->contained)
		must(unshare(CLONE_NEWNS) == 0 &&
		     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(stat(cgroup_of(deed), &st) == 0);
	deed->truth->cgroup = st.st_ino;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup_of(deed));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, "0", 1) == 1);
	close(fd);
}

_Noreturn static void act(struct deed *deed, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* A group of its own, so that what it leaves behind can be ended. */
	setpgid(0, 0);
	deed->truth->pid = getpid();
	if (!deed->of->bare)
		tell_path(deed, deed->victim);
	enter(deed);
	deed->truth->result = deed->of->act(deed);
	_exit(0);
}

/* What wait(2) says of it. One that takes too long is killed. */
static int wait_for(pid_t child)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, child, 0), .events = POLLIN};
	int status;

	must(end.fd >= 0);
	if (poll(&end, 1, DEED_SECONDS * 1000) == 0)
		kill(child, SIGKILL);
	close(end.fd);
	waitpid(child, &status, 0);
	return status;
}

/* --- what was done --- */

static void put_key(struct tc_json *json, const char *key, const char *text)
{
	tc_json_key(json, key);
	tc_json_bytes(json, text, strlen(text));
}

static void put_number(struct tc_json *json, const char *key, uint64_t number)
{
	tc_json_key(json, key);
	tc_json_uint(json, number);
}

static void put_truth(struct tc_json *json, const struct deed *deed, int status)
{
	const struct truth *truth = deed->truth;
	bool happened =
		deed->of->happened ? deed->of->happened(deed, status) : has_mark(deed->victim);

	put_number(json, "pid", (uint64_t)truth->pid);
	put_number(json, "cgroup", truth->cgroup);
	if (truth->path[0])
		put_key(json, "path", truth->path);
	if (truth->ino) {
		put_number(json, "dev", truth->dev);
		put_number(json, "ino", truth->ino);
	}
	if (truth->args[0])
		put_key(json, "args", truth->args);
	if (truth->port)
		put_number(json, "port", truth->port);
	if (truth->target)
		put_number(json, "target", (uint64_t)truth->target);
	tc_json_key(json, "happened");
	tc_json_bool(json, happened);
	put_number(json, "errno", truth->result < 0 ? (uint64_t)-truth->result : 0);
	/* Its own end, or that of the program that it became. */
	put_number(json, "status", (uint64_t)status);
	if (truth->why[0])
		put_key(json, "why", truth->why);
}

static void print_line(const struct deed *deed, const char *lacks, int status)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &text};

	tc_json_object_begin(&json);
	put_key(&json, "case", deed->of->name);
	tc_json_key(&json, "twin");
	tc_json_bool(&json, deed->twin);
	if (lacks)
		put_key(&json, "lacks", lacks);
	else
		put_truth(&json, deed, status);
	tc_json_object_end(&json);
	must(!tc_buffer_failed(&text));
	printf("%s\n", text.bytes);
	fflush(stdout);
}

static void do_one(struct deed *deed)
{
	pid_t parent = getpid(), child;

	memset(deed->truth, 0, sizeof(*deed->truth));
	child = fork();
	must(child >= 0);
	if (child == 0)
		act(deed, parent);
	print_line(deed, NULL, wait_for(child));
	kill(-child, SIGKILL);
}

static bool is_named(const struct evasion *evasion, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strcmp(*names, evasion->name) == 0)
			return true;
	return false;
}

static int run(char **names)
{
	static struct deed deed;

	deed.truth = mmap(NULL, sizeof(*deed.truth), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(deed.truth != MAP_FAILED);
	FOR_EACH_CASE(evasion)
	{
		const char *lacks = evasion->lacks ? evasion->lacks() : NULL;

		if (!is_named(evasion, names))
			continue;
		for (int twin = 0; twin < 2; twin++) {
			deed_fill(&deed, evasion, twin);
			if (lacks)
				print_line(&deed, lacks, 0);
			else
				do_one(&deed);
		}
	}
	return 0;
}

static int list(void)
{
	for (size_t i = 0; i < sizeof(chapters) / sizeof(chapters[0]); i++) {
		printf("# %s\n", chapters[i].title);
		for (const struct evasion *evasion = chapters[i].cases; evasion->name; evasion++)
			printf("%s %s\n", evasion->name, evasion->what);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strncmp(argv[1], "--", 2) == 0)
		return act_as_program(argc, argv);
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list();
	if (argc == 2 && strcmp(argv[1], "prepare") == 0)
		return prepare();
	if (argc >= 2 && strcmp(argv[1], "run") == 0)
		return run(argv + 2);
	fprintf(stderr, "usage: tocsin-evasion list | prepare | run [CASE...]\n");
	return 2;
}
