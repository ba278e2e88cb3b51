/* SPDX-License-Identifier: Apache-2.0 */
/* Work that never passes the system call that is watched. */
#include "tests/evasion/deed.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/events/calls.h"

#define LOGS "/var/log"

static void prepare_marked_alone(const struct deed *deed)
{
	prepare_marked(deed);
	unlink(deed->victim);
}

static bool is_gone(const struct deed *deed, int status)
{
	return access(deed->victim, F_OK) < 0;
}

static bool is_empty(const struct deed *deed, int status)
{
	struct stat st;

	return stat(deed->victim, &st) == 0 && st.st_size == 0;
}

/* --- io_uring --- */

static const char *lacks_ring(void)
{
	static struct ring ring;
	int r = ring_start(&ring, false);

	if (r == 0)
		close(ring.fd);
	return r == -ENOSYS ? "no io_uring" : r == -EPERM ? "io_uring is switched off" : NULL;
}

static const char *lacks_operation(unsigned operation)
{
	const char *lacks = lacks_ring();

	return lacks || ring_has(operation) ? lacks : "io_uring has no such operation";
}

static const char *lacks_unlinkat(void)
{
	return lacks_operation(IORING_OP_UNLINKAT);
}

static const char *lacks_renameat(void)
{
	return lacks_operation(IORING_OP_RENAMEAT);
}

static const char *lacks_linkat(void)
{
	return lacks_operation(IORING_OP_LINKAT);
}

static const char *lacks_symlinkat(void)
{
	return lacks_operation(IORING_OP_SYMLINKAT);
}

static const char *lacks_ring_to(void)
{
	const char *lacks = lacks_ring();

	return lacks ? lacks : lacks_metadata();
}

enum ring_mode { INLINE, WORKER, POLLED };

static int ring_do(const struct deed *deed, struct io_uring_sqe sqe)
{
	struct ring ring;
	int result = 0;

	must(ring_start(&ring, deed->of->with == POLLED) == 0);
	if (deed->of->with == WORKER)
		sqe.flags |= IOSQE_ASYNC;
	must(ring_submit(&ring, &sqe, &result) == 0);
	return result;
}

static int act_ring_open(struct deed *deed)
{
	return leave_mark(ring_do(deed, (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
							      .fd = AT_FDCWD,
							      .addr = (uintptr_t)deed->victim,
							      .open_flags = O_WRONLY}));
}

static int act_ring_open2(struct deed *deed)
{
	struct open_how how = {.flags = O_WRONLY};

	return leave_mark(ring_do(deed, (struct io_uring_sqe){.opcode = IORING_OP_OPENAT2,
							      .fd = AT_FDCWD,
							      .addr = (uintptr_t)deed->victim,
							      .len = sizeof(how),
							      .off = (uintptr_t)&how}));
}

static int act_ring_unlink(struct deed *deed)
{
	return ring_do(deed, (struct io_uring_sqe){.opcode = IORING_OP_UNLINKAT,
						   .fd = AT_FDCWD,
						   .addr = (uintptr_t)deed->victim});
}

/* From the spare name to the victim's. */
static int ring_names(struct deed *deed, uint8_t operation)
{
	bool has_two = operation != IORING_OP_SYMLINKAT;

	return ring_do(deed, (struct io_uring_sqe){.opcode = operation,
						   .fd = AT_FDCWD,
						   .len = has_two ? (uint32_t)AT_FDCWD : 0,
						   .addr = (uintptr_t)deed->spare,
						   .addr2 = (uintptr_t)deed->victim});
}

static int act_ring_rename(struct deed *deed)
{
	return ring_names(deed, IORING_OP_RENAMEAT);
}

static int act_ring_symlink(struct deed *deed)
{
	return ring_names(deed, IORING_OP_SYMLINKAT);
}

static int act_ring_link(struct deed *deed)
{
	return ring_names(deed, IORING_OP_LINKAT);
}

static int act_ring_connect(struct deed *deed)
{
	struct sockaddr_in to = tell_address(deed);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(fd >= 0);
	return ring_do(deed, (struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
						   .fd = fd,
						   .addr = (uintptr_t)&to,
						   .off = sizeof(to)});
}

static int act_ring_write(struct deed *deed)
{
	int fd = attempt(open(deed->victim, O_WRONLY | O_CLOEXEC)), r;

	if (fd < 0)
		return fd;
	r = ring_do(deed, (struct io_uring_sqe){.opcode = IORING_OP_WRITE,
						.fd = fd,
						.addr = (uintptr_t)MARK,
						.len = sizeof(MARK) - 1});
	close(fd);
	return r;
}

/* --- sister calls --- */

static int act_openat2(struct deed *deed)
{
	struct open_how how = {.flags = O_WRONLY | O_APPEND};

	return leave_mark(attempt(syscall(SYS_openat2, AT_FDCWD, deed->victim, &how, sizeof(how))));
}

/* The path is one below a descriptor, and starts with a slash all the same. */
static int act_in_root(struct deed *deed)
{
	struct open_how how = {.flags = O_WRONLY | O_APPEND, .resolve = RESOLVE_IN_ROOT};
	int top = open(deed->twin ? "/srv" : "/etc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	must(top >= 0);
	return leave_mark(attempt(
		syscall(SYS_openat2, top, deed->victim + strlen("/etc"), &how, sizeof(how))));
}

static int act_symlink(struct deed *deed)
{
	return attempt(symlink(deed->spare, deed->victim));
}

/* A file without a name gets that of the victim. */
static int act_link_nameless(struct deed *deed)
{
	char path[64];
	int fd = open(EVASION_SPARE, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, MARK, sizeof(MARK) - 1) == sizeof(MARK) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return attempt(linkat(AT_FDCWD, path, AT_FDCWD, deed->victim, AT_SYMLINK_FOLLOW));
}

static int act_creat(struct deed *deed)
{
	return leave_mark(attempt(creat(deed->victim, 0600)));
}

static int act_handle(struct deed *deed)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} to = {.handle.handle_bytes = MAX_HANDLE_SZ};
	int mount_id, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(root >= 0 && name_to_handle_at(AT_FDCWD, deed->victim, &to.handle, &mount_id, 0) == 0);
	return leave_mark(attempt(open_by_handle_at(root, &to.handle, O_WRONLY)));
}

static int act_linkat(struct deed *deed)
{
	return attempt(linkat(AT_FDCWD, deed->spare, AT_FDCWD, deed->victim, 0));
}

static int act_execveat(struct deed *deed)
{
	static char *const argv[] = {"sister", "--end", NULL};

	tell_args(deed, argv);
	return attempt(syscall(SYS_execveat, AT_FDCWD, deed->victim, argv, environ, 0));
}

/* The child is the one that acts. */
static int act_clone3(struct deed *deed)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	int status;

	must(child >= 0);
	if (child == 0) {
		deed->truth->pid = (pid_t)syscall(SYS_getpid);
		deed->truth->result = mark_by(deed->victim);
		_exit(0);
	}
	waitpid(child, &status, 0);
	return deed->truth->result;
}

/* --- 32-bit calls --- */

static const char *lacks_32(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(call_32(20 /* getpid */, 0, 0, 0) == getpid() ? 0 : 1);
	waitpid(child, &status, 0);
	return status == 0 ? NULL : "no 32-bit calls";
}

/* What 32-bit calls can reach: the program is linked below 4 GiB, the stack is not. */
static char low_path[EVASION_PATH];

static int act_open_32(struct deed *deed)
{
	strcpy(low_path, deed->victim);
	return leave_mark((int)call_32(5 /* open */, (long)(intptr_t)low_path, O_WRONLY, 0));
}

static int act_exec_32(struct deed *deed)
{
	static char zero[] = "narrow", one[] = "--end";
	static char *const argv[] = {zero, one, NULL};
	static uint32_t low_argv[3], low_environ[1];

	low_argv[0] = (uint32_t)(uintptr_t)zero;
	low_argv[1] = (uint32_t)(uintptr_t)one;
	strcpy(low_path, deed->victim);
	tell_args(deed, argv);
	return (int)call_32(11 /* execve */, (long)(intptr_t)low_path, (long)(intptr_t)low_argv,
			    (long)(intptr_t)low_environ);
}

#define X32 0x40000000

static const char *lacks_x32(void)
{
	return syscall(X32 | SYS_getpid) == getpid() ? NULL : "built without x32 calls";
}

static int act_open_x32(struct deed *deed)
{
	strcpy(low_path, deed->victim);
	return leave_mark(attempt(syscall(X32 | SYS_open, low_path, O_WRONLY, 0)));
}

/* --- content without write(2) --- */

static int act_map(struct deed *deed)
{
	int fd = attempt(open(deed->victim, O_RDWR | O_CLOEXEC));
	char *bytes;

	if (fd < 0)
		return fd;
	bytes = mmap(NULL, sizeof(MARK), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(bytes != MAP_FAILED);
	memcpy(bytes, MARK, sizeof(MARK) - 1);
	return 0;
}

enum mover { SENDFILE, SPLICE, COPY_RANGE, VMSPLICE };

/* The spare file's content moves into the victim without passing this program. */
static int act_move(struct deed *deed)
{
	int from = open(deed->spare, O_RDONLY | O_CLOEXEC), line[2];
	int to = attempt(open(deed->victim, O_WRONLY | O_CLOEXEC));
	struct stat st;

	must(from >= 0 && fstat(from, &st) == 0 && pipe(line) == 0);
	if (to < 0)
		return to;

	size_t size = (size_t)st.st_size;

	switch ((enum mover)deed->of->with) {
	case SENDFILE:
		return attempt(sendfile(to, from, NULL, size));
	case SPLICE:
		must(splice(from, NULL, line[1], NULL, size, 0) == (ssize_t)size);
		return attempt(splice(line[0], NULL, to, NULL, size, 0));
	case VMSPLICE:
		must(vmsplice(line[1], &(struct iovec){MARK, sizeof(MARK) - 1}, 1, 0) > 0);
		return attempt(splice(line[0], NULL, to, NULL, sizeof(MARK) - 1, 0));
	case COPY_RANGE:
		return attempt(copy_file_range(from, NULL, to, NULL, size, 0));
	}
	return -EINVAL;
}

static int act_truncate(struct deed *deed)
{
	return attempt(truncate(deed->victim, 0));
}

static int act_ftruncate(struct deed *deed)
{
	int fd = attempt(open(deed->victim, O_WRONLY | O_CLOEXEC));

	return fd < 0 ? fd : attempt(ftruncate(fd, 0));
}

static int act_open_truncate(struct deed *deed)
{
	int fd = attempt(open(deed->victim, O_WRONLY | O_TRUNC | O_CLOEXEC));

	return fd < 0 ? fd : 0;
}

static int act_punch(struct deed *deed)
{
	int fd = attempt(open(deed->victim, O_WRONLY | O_CLOEXEC));

	return fd < 0 ? fd
		      : attempt(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4));
}

static bool is_punched(const struct deed *deed, int status)
{
	char bytes[4] = "....";
	int fd = open(deed->victim, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && read(fd, bytes, 4) == 4;

	close(fd);
	return good && memcmp(bytes, "\0\0\0\0", 4) == 0;
}

const struct evasion way_cases[] = {
	{"E09-openat", "io_uring opens the file", .lacks = lacks_ring, .act = act_ring_open},
	{"E09-openat-worker", "a worker of io_uring opens it", .lacks = lacks_ring,
	 .act = act_ring_open, .with = WORKER},
	{"E09-openat-polled", "the polling thread opens it: no system call", .lacks = lacks_ring,
	 .act = act_ring_open, .with = POLLED},
	{"E09-openat2", "io_uring opens it by openat2", .lacks = lacks_ring, .act = act_ring_open2},
	{"E09-write", "io_uring writes it", .lacks = lacks_ring, .act = act_ring_write},
	{"E09-unlinkat", "io_uring removes it", .where = LOGS, .lacks = lacks_unlinkat,
	 .act = act_ring_unlink, .happened = is_gone},
	{"E09-renameat", "io_uring renames another file over it", .lacks = lacks_renameat,
	 .prepare = prepare_marked, .act = act_ring_rename},
	{"E09-linkat", "io_uring links another file there", .lacks = lacks_linkat,
	 .prepare = prepare_marked_alone, .act = act_ring_link},
	{"E09-symlinkat", "io_uring makes a symbolic link there", .lacks = lacks_symlinkat,
	 .prepare = prepare_marked_alone, .act = act_ring_symlink},
	{"E09-connect", "io_uring connects", .lacks = lacks_ring_to, .act = act_ring_connect,
	 .happened = succeeded, .bare = true},
	{"E10-openat2", "openat2(2)", .act = act_openat2},
	{"E10-in_root", "openat2(2) with RESOLVE_IN_ROOT", .act = act_in_root},
	{"E10-creat", "creat(2)", .act = act_creat},
	{"E10-handle", "open_by_handle_at(2)", .act = act_handle},
	{"E10-linkat", "linkat(2) puts another file there", .prepare = prepare_marked_alone,
	 .act = act_linkat},
	{"E10-symlink", "symlink(2) leads to another file", .prepare = prepare_marked_alone,
	 .act = act_symlink},
	{"E10-tmpfile", "a file without a name is linked there", .prepare = prepare_gone,
	 .act = act_link_nameless},
	{"E10-execveat", "execveat(2)", .where = EVASION_PROGRAMS,
	 .prepare = prepare_victim_program, .act = act_execveat, .happened = program_ended},
	{"E10-clone3", "a child of clone3(2) does it", .act = act_clone3},
	{"E11-open", "a 32-bit call opens the file", .lacks = lacks_32, .act = act_open_32},
	{"E11-execve", "a 32-bit call runs a program", .where = EVASION_PROGRAMS, .lacks = lacks_32,
	 .prepare = prepare_victim_program, .act = act_exec_32, .happened = program_ended},
	{"E12-open", "an x32 call opens the file", .lacks = lacks_x32, .act = act_open_x32},
	{"E15-map", "stores into a shared mapping", .act = act_map},
	{"E18-sendfile", "sendfile(2)", .prepare = prepare_marked, .act = act_move,
	 .with = SENDFILE},
	{"E18-splice", "splice(2) from a pipe", .prepare = prepare_marked, .act = act_move,
	 .with = SPLICE},
	{"E18-vmsplice", "vmsplice(2) and splice(2)", .prepare = prepare_marked, .act = act_move,
	 .with = VMSPLICE},
	{"E18-copy", "copy_file_range(2)", .prepare = prepare_marked, .act = act_move,
	 .with = COPY_RANGE},
	{"E19-truncate", "truncate(2) empties a log", .where = LOGS, .act = act_truncate,
	 .happened = is_empty},
	{"E19-ftruncate", "ftruncate(2) empties it", .where = LOGS, .act = act_ftruncate,
	 .happened = is_empty},
	{"E19-open", "O_TRUNC empties it", .where = LOGS, .act = act_open_truncate,
	 .happened = is_empty},
	{"E19-punch", "fallocate(2) punches a hole", .act = act_punch, .happened = is_punched},
	{"E27-docker", "the daemon of containers is asked", .act = ask_daemon,
	 .happened = succeeded, .bare = true},
	{0},
};
