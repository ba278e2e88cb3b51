/* SPDX-License-Identifier: Apache-2.0 */
#include "output/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "output/journal.h"
#include "output/safe_file.h"

/* The database, and what SQLite keeps beside it. */
static const struct {
	const char *suffix, *what;
} parts[] = {
	{"", ""},
	{"-wal", "its -wal file "},
	{"-shm", "its -shm file "},
	{"-journal", "its -journal file "},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static void tell_holder(const char *path, int fd)
{
	char holder[32] = "";
	ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

	holder[length > 0 ? strspn(holder, "0123456789") : 0] = '\0';
	tc_error("journal %s: another agent writes it (process %s); stop that one, or give another "
		 "path",
		 path, holder[0] ? holder : "unknown");
}

/*
 * A file of its own beside the database: SQLite's locks on the database are dropped when any
 * descriptor of it is closed (fcntl_locking(2)), and its exclusive mode would keep readers out.
 */
static int lock_take(const struct tc_journal_file *file, int *ret_fd)
{
	char *lock_path = NULL;

	if (asprintf(&lock_path, "%s.lock", file->real) < 0)
		return tc_error_return(-ENOMEM, "journal %s", file->path);
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	free(lock_path);
	if (fd < 0)
		return tc_error_return(-errno, "journal %s: cannot make its lock file", file->path);
	int error = tc_safe_file("journal", file->path, "its lock file ", fd);
	if (!error && flock(fd, LOCK_EX | LOCK_NB)) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		tell_holder(file->path, fd);
	}
	if (error) {
		close(fd);
		return error;
	}
	/* The number is only for the message above; the lock holds without it. */
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "%d\n", (int)getpid());
	*ret_fd = fd;
	return 0;
}

/* Makes a missing file, so that its mode is ours and not the umask's; SQLite gives its other files
 * the same mode. */
static int make_file(const struct tc_journal_file *file)
{
	int fd = open(file->real, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST
			       ? 0
			       : tc_error_return(-errno, "journal %s: cannot make it", file->path);
	close(fd);
	return 0;
}

/* The database and what SQLite keeps beside it, if it is there: all of it is believed when it is
 * opened. */
static int check_files(struct tc_journal_file *file)
{
	struct stat info;
	int error = 0;

	for (size_t i = 0; i < N_PARTS && !error; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof(path), "%s%s", file->real, parts[i].suffix) >=
		    (int)sizeof(path))
			return tc_error_return(-ENAMETOOLONG, "journal %s", file->path);
		int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 && errno == ELOOP)
			return tc_error_return(-ELOOP, "journal %s: %sis a symbolic link",
					       file->path, parts[i].what);
		if (fd < 0)
			return tc_error_return(-errno, "journal %s: %scannot be opened", file->path,
					       parts[i].what);
		error = tc_safe_file("journal", file->path, parts[i].what, fd);
		if (!error && i == 0 && fstat(fd, &info) == 0) {
			file->device = info.st_dev;
			file->inode = info.st_ino;
		}
		close(fd);
	}
	return error;
}

/* A lock on a file that is gone keeps nobody out. */
static int lock_again(struct tc_journal_file *file)
{
	struct stat info;
	int fd, error;

	if (fstat(file->lock_fd, &info) == 0 && info.st_nlink)
		return 0;
	error = lock_take(file, &fd);
	if (error)
		return error;
	close(file->lock_fd);
	file->lock_fd = fd;
	return 0;
}

int tc_journal_file_make(struct tc_journal_file *file)
{
	int error = lock_again(file);

	if (!error)
		error = make_file(file);
	return error ?: check_files(file);
}

enum tc_journal_file_state tc_journal_file_state(const struct tc_journal_file *file)
{
	struct stat info;

	if (lstat(file->real, &info))
		return errno == ENOENT || errno == ENOTDIR ? TC_JOURNAL_FILE_REMOVED
							   : TC_JOURNAL_FILE_THERE;
	return info.st_dev == file->device && info.st_ino == file->inode ? TC_JOURNAL_FILE_THERE
									 : TC_JOURNAL_FILE_REPLACED;
}

int tc_journal_file_claim(struct tc_journal_file *file, const char *path)
{
	file->lock_fd = -1;
	file->path = strdup(path);
	int error = file->path ? tc_safe_path("journal", file->path, &file->real) : -ENOMEM;

	if (!error)
		error = lock_take(file, &file->lock_fd);
	return error ?: tc_journal_file_make(file);
}

void tc_journal_file_release(struct tc_journal_file *file)
{
	if (file->lock_fd >= 0)
		close(file->lock_fd);
	free(file->real);
	free(file->path);
}

/* --- set aside --- */

/* Bytes 68 to 71 of the file's header: https://www.sqlite.org/fileformat.html#the_database_header
 */
#define HEADER_BYTES 100
#define HEADER_APPLICATION_ID 68

bool tc_journal_file_is_ours(const struct tc_journal_file *file)
{
	static const unsigned char zeros[HEADER_BYTES];
	unsigned char header[HEADER_BYTES];
	int fd = open(file->real, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : pread(fd, header, sizeof(header), 0);

	if (fd >= 0)
		close(fd);
	if (length != sizeof(header))
		return false;
	const unsigned char *id = header + HEADER_APPLICATION_ID;
	uint32_t application =
		(uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3];
	return application == TC_JOURNAL_APPLICATION_ID || !memcmp(header, zeros, sizeof(zeros));
}

/* A name that is not taken: FILE.damaged-20261231T235959Z, and -2, -3 ... behind it. */
static int find_name(const struct tc_journal_file *file, const char *why, char **ret_name)
{
	time_t now = time(NULL);
	char when[32], *name;
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &utc);
	for (unsigned i = 1; i < 100; i++) {
		if ((i == 1 ? asprintf(&name, "%s.%s-%s", file->real, why, when)
			    : asprintf(&name, "%s.%s-%s-%u", file->real, why, when, i)) < 0)
			return -ENOMEM;
		if (access(name, F_OK) && errno == ENOENT) {
			*ret_name = name;
			return 0;
		}
		free(name);
	}
	return -EEXIST;
}

static int move_part(const struct tc_journal_file *file, const char *name, const char *suffix)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (snprintf(from, sizeof(from), "%s%s", file->real, suffix) >= (int)sizeof(from) ||
	    snprintf(to, sizeof(to), "%s%s", name, suffix) >= (int)sizeof(to))
		return -ENAMETOOLONG;
	if (rename(from, to) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

int tc_journal_file_set_aside(const struct tc_journal_file *file, const char *why, char **ret_name)
{
	char *name = NULL;
	int error = find_name(file, why, &name);

	/*
	 * The database goes last: while it is there, nobody starts a new one beside the log of the
	 * old. The -shm file is made anew by whoever opens the database.
	 */
	for (size_t i = N_PARTS; i-- > 0 && !error;)
		error = move_part(file, name, parts[i].suffix);
	if (error) {
		free(name);
		return tc_error_return(
			error, "journal %s: it was %s, and what is there cannot be set aside",
			file->path, why);
	}
	*ret_name = name;
	return 0;
}
