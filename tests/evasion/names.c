/* SPDX-License-Identifier: Apache-2.0 */
/* Names that lie: the path that is asked for is not the path of what is reached. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The directory of the victim. Good until the next call. */
static const char *directory_of(const struct deed *deed)
{
	static char path[EVASION_PATH];

	strcpy(path, deed->victim);
	*strrchr(path, '/') = '\0';
	return path;
}

/* --- symbolic links --- */

static void prepare_symlink(const struct deed *deed)
{
	must(symlink(deed->victim, deed->spare) == 0);
}

static int act_by_spare(struct deed *deed)
{
	return mark_by(deed->spare);
}

static void prepare_symlink_directory(const struct deed *deed)
{
	char below[EVASION_PATH + 8];

	snprintf(below, sizeof(below), "%s/below", directory_of(deed));
	must(mkdir(below, 0755) == 0 || errno == EEXIST);
	must(symlink(below, deed->spare) == 0);
}

/* Text says: beside the link. The kernel: above what the link leads to. */
static int act_dotdot(struct deed *deed)
{
	char path[2 * EVASION_PATH];

	snprintf(path, sizeof(path), "%s/../%s", deed->spare, last_name(deed->victim));
	return mark_by(path);
}

/* --- hard links --- */

static void prepare_link(const struct deed *deed)
{
	must(link(deed->victim, deed->spare) == 0);
}

static int act_link(struct deed *deed)
{
	int r = attempt(link(deed->victim, deed->spare));

	return r < 0 ? r : mark_by(deed->spare);
}

/* --- other mounts of the same file --- */

static void prepare_bind(const struct deed *deed)
{
	make_plain(deed->spare);
	must(mount(deed->victim, deed->spare, NULL, MS_BIND, NULL) == 0);
}

static void prepare_spare_file(const struct deed *deed)
{
	make_plain(deed->spare);
}

/* The twin's mount(2) changes nothing. */
static int act_bind(struct deed *deed)
{
	int r = deed->twin ? attempt(mount(NULL, "/", NULL, MS_PRIVATE, NULL))
			   : attempt(mount(deed->victim, deed->spare, NULL, MS_BIND, NULL));

	return r < 0 ? r : mark_by(deed->twin ? deed->victim : deed->spare);
}

/* --- links of the kernel's --- */

static int act_fd(struct deed *deed)
{
	char path[64];
	int fd = open(deed->victim, O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return mark_by(path);
}

static int act_root(struct deed *deed)
{
	char path[EVASION_PATH + 32];

	snprintf(path, sizeof(path), "/proc/%d/root%s", getpid(), deed->victim);
	return mark_by(path);
}

static int act_cwd(struct deed *deed)
{
	char path[EVASION_PATH + 32];

	must(chdir(directory_of(deed)) == 0);
	snprintf(path, sizeof(path), "/proc/self/cwd/%s", last_name(deed->victim));
	return mark_by(path);
}

/* --- another file gets the name --- */

static int act_rename(struct deed *deed)
{
	return attempt(rename(deed->spare, deed->victim));
}

static int act_exchange(struct deed *deed)
{
	return attempt(syscall(SYS_renameat2, AT_FDCWD, deed->victim, AT_FDCWD, deed->spare,
			       RENAME_EXCHANGE));
}

/* Written where nobody looks. */
static int act_away_and_back(struct deed *deed)
{
	int r = attempt(rename(deed->victim, deed->spare));

	if (r == 0)
		r = mark_by(deed->spare);
	if (r == 0)
		r = attempt(rename(deed->spare, deed->victim));
	return r;
}

static int act_replace_by_link(struct deed *deed)
{
	int r = attempt(unlink(deed->victim));

	return r < 0 ? r : attempt(link(deed->spare, deed->victim));
}

/* --- names of programs --- */

static int act_comm(struct deed *deed)
{
	must(prctl(PR_SET_NAME, "dpkg") == 0);
	return mark_by(deed->victim);
}

static void prepare_program_link(const struct deed *deed)
{
	make_program(USUAL);
	must(mkdir(deed->spare, 0755) == 0 || errno == EEXIST);
	unlink(beside(deed, "/dpkg"));
	must(symlink(USUAL, beside(deed, "/dpkg")) == 0);
}

/* Whoever goes by the name sees dpkg at work. */
static int act_program_link(struct deed *deed)
{
	char *const argv[] = {"dpkg", "--mark", deed->victim, NULL};

	return become(deed, beside(deed, "/dpkg"), argv);
}

const struct evasion name_cases[] = {
	{"E28-symlink", "a symbolic link leads to the file", .prepare = prepare_symlink,
	 .act = act_by_spare},
	{"E28-dotdot", "link/.. leads to the directory", .prepare = prepare_symlink_directory,
	 .act = act_dotdot},
	{"E29-link", "a hard link is made and written by", .act = act_link},
	{"E29-standing", "a hard link of long ago is written by", .prepare = prepare_link,
	 .act = act_by_spare},
	{"E30-bind", "a bind mount is made and written by", .prepare = prepare_spare_file,
	 .act = act_bind},
	{"E30-standing", "a bind mount of long ago is written by", .prepare = prepare_bind,
	 .act = act_by_spare},
	{"E31-fd", "/proc/self/fd/N of a file that was opened to read", .act = act_fd},
	{"E31-root", "/proc/PID/root", .act = act_root},
	{"E31-cwd", "/proc/self/cwd", .act = act_cwd},
	{"E32-rename", "another file is renamed over it", .prepare = prepare_marked,
	 .act = act_rename},
	{"E32-exchange", "another file changes places with it", .prepare = prepare_marked,
	 .act = act_exchange},
	{"E32-away", "renamed, written, renamed back", .act = act_away_and_back},
	{"E32-link", "removed, and another file linked there", .prepare = prepare_marked,
	 .act = act_replace_by_link},
	{"E36-comm", "the process calls itself dpkg", .act = act_comm},
	{"E36-symlink", "the program is run by a link called dpkg", .prepare = prepare_program_link,
	 .act = act_program_link},
	{0},
};
