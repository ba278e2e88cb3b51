/* SPDX-License-Identifier: Apache-2.0 */
/* Names that lie: the path that is asked for is not the path of what is reached. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

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

static const char *lacks_overlay(void)
{
	char line[128];
	FILE *file = fopen("/proc/filesystems", "re");
	bool has = false;

	while (file && fgets(line, sizeof(line), file))
		has |= strstr(line, "\toverlay\n") != NULL;
	if (file)
		fclose(file);
	return has ? NULL : "no overlayfs";
}

static void prepare_overlay(const struct deed *deed)
{
	must(mkdir(deed->spare, 0755) == 0);
	must(mkdir(beside(deed, ".lower"), 0755) == 0 || errno == EEXIST);
	must(mkdir(beside(deed, ".work"), 0755) == 0 || errno == EEXIST);
}

/* What is written in the overlay goes to the victim's directory, its upper layer. */
static int act_overlay(struct deed *deed)
{
	char options[3 * EVASION_PATH];
	int r;

	if (deed->twin)
		return mark_by(deed->victim);
	tell_path(deed, deed->spare);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s",
		 beside(deed, ".lower"), directory_of(deed), beside(deed, ".work"));
	r = attempt(mount("overlay", deed->spare, "overlay", 0, options));
	return r < 0 ? r : mark_by(beside(deed, deed->victim + strlen(directory_of(deed))));
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

/* By the mapping of a file that was opened to read. */
static int act_map_files(struct deed *deed)
{
	char path[96];
	int fd = open(deed->victim, O_RDONLY | O_CLOEXEC);
	char *bytes = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	must(bytes != MAP_FAILED);
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", (unsigned long)bytes,
		 (unsigned long)bytes + PAGE);
	return mark_by(path);
}

/* The same file by a shorter name. */
static int act_chroot(struct deed *deed)
{
	must(chroot(deed->twin ? "/srv" : "/etc") == 0);
	return mark_by(deed->victim + strlen("/etc"));
}

/* --- a path that nobody can write down --- */

#define STEP_BYTES 250
#define TOO_MANY_STEPS 20 /* 5,000 bytes; the twin's 3,000 are fewer than 4,096 */

/* The directory at the end of the steps below the victim's, each entered from the one before. */
static int go_down(const struct deed *deed, bool make)
{
	char step[STEP_BYTES + 1], top[EVASION_PATH + 8];
	int fd, next;

	memset(step, 'd', STEP_BYTES);
	step[STEP_BYTES] = '\0';
	snprintf(top, sizeof(top), "%s.d", deed->victim);
	must(!make || mkdir(top, 0755) == 0 || errno == EEXIST);
	fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (unsigned i = 0; i < (deed->twin ? 12 : TOO_MANY_STEPS); i++) {
		must(!make || mkdirat(fd, step, 0755) == 0 || errno == EEXIST);
		next = openat(fd, step, O_PATH | O_DIRECTORY | O_CLOEXEC);
		must(next >= 0);
		close(fd);
		fd = next;
	}
	return fd;
}

static void prepare_deep(const struct deed *deed)
{
	int directory = go_down(deed, true);
	int fd = openat(directory, "deep", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0);
	close(fd);
	close(directory);
}

static int act_deep(struct deed *deed)
{
	int directory = go_down(deed, false), fd = openat(directory, "deep", O_PATH | O_CLOEXEC);

	must(fd >= 0);
	tell_fd(deed, fd, "");
	return leave_mark(attempt(openat(directory, "deep", O_WRONLY | O_APPEND | O_CLOEXEC)));
}

static bool is_deep_marked(const struct deed *deed, int status)
{
	int directory = go_down(deed, false);
	struct stat st;

	must(fstatat(directory, "deep", &st, 0) == 0);
	close(directory);
	return st.st_size > 0;
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

/* Its directory gets another name, for as long as it takes. */
static int act_directory_away(struct deed *deed)
{
	const char *directory = directory_of(deed);
	int r;

	tell_path(deed, directory);
	r = attempt(rename(directory, deed->spare));
	if (r < 0)
		return r;
	r = mark_by(beside(deed, deed->victim + strlen(directory)));
	must(rename(deed->spare, directory) == 0);
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

/* What by_package_tool trusts. */
#define TRUSTED "/usr/bin/dpkg"

static void prepare_trusted(const struct deed *deed)
{
	make_program(USUAL);
	while (umount2(TRUSTED, MNT_DETACH) == 0)
		;
	make_program(TRUSTED);
	make_program(deed->spare);
}

/* Another program stands in the place of one that is trusted. */
static int become_trusted(struct deed *deed, int r)
{
	char *const argv[] = {"dpkg", "--mark", deed->victim, NULL};

	return r < 0 ? r : attempt(execve(deed->twin ? USUAL : TRUSTED, argv, environ));
}

static int act_cover_program(struct deed *deed)
{
	if (!deed->twin)
		tell_path(deed, TRUSTED);
	return become_trusted(deed,
			      deed->twin ? 0 : attempt(mount(USUAL, TRUSTED, NULL, MS_BIND, NULL)));
}

static int act_replace_program(struct deed *deed)
{
	if (!deed->twin)
		tell_path(deed, TRUSTED);
	return become_trusted(deed, deed->twin ? 0 : attempt(rename(deed->spare, TRUSTED)));
}

const struct evasion name_cases[] = {
	{"E28-symlink", "a symbolic link leads to the file", .prepare = prepare_symlink,
	 .act = act_by_spare},
	{"E28-dotdot", "link/.. leads to the directory", .prepare = prepare_symlink_directory,
	 .act = act_dotdot},
	{"E28-deep", "the path is too long for any program", .prepare = prepare_deep,
	 .act = act_deep, .happened = is_deep_marked},
	{"E29-link", "a hard link is made and written by", .act = act_link},
	{"E29-standing", "a hard link of long ago is written by", .prepare = prepare_link,
	 .act = act_by_spare},
	{"E30-bind", "a bind mount is made and written by", .prepare = prepare_spare_file,
	 .act = act_bind},
	{"E30-standing", "a bind mount of long ago is written by", .prepare = prepare_bind,
	 .act = act_by_spare},
	{"E30-overlay", "an overlay is mounted above its directory", .lacks = lacks_overlay,
	 .prepare = prepare_overlay, .act = act_overlay},
	{"E31-fd", "/proc/self/fd/N of a file that was opened to read", .act = act_fd},
	{"E31-root", "/proc/PID/root", .act = act_root},
	{"E31-cwd", "/proc/self/cwd", .act = act_cwd},
	{"E31-map_files", "/proc/self/map_files", .act = act_map_files},
	{"E31-chroot", "from a chroot", .act = act_chroot},
	{"E32-rename", "another file is renamed over it", .prepare = prepare_marked,
	 .act = act_rename},
	{"E32-exchange", "another file changes places with it", .prepare = prepare_marked,
	 .act = act_exchange},
	{"E32-away", "renamed, written, renamed back", .act = act_away_and_back},
	{"E32-directory", "its directory is renamed, and back", .act = act_directory_away},
	{"E32-link", "removed, and another file linked there", .prepare = prepare_marked,
	 .act = act_replace_by_link},
	{"E36-comm", "the process calls itself dpkg", .act = act_comm},
	{"E36-symlink", "the program is run by a link called dpkg", .prepare = prepare_program_link,
	 .act = act_program_link},
	{"E36-rename", "its own program is renamed to dpkg", .prepare = prepare_trusted,
	 .act = act_replace_program},
	{"E36-mount", "its own program is mounted over dpkg", .prepare = prepare_trusted,
	 .act = act_cover_program},
	{0},
};
