/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Event dup. No LSM hook tells a descriptor's number, so it is seen at the kernel's functions:
 * dup2(2), dup3(2) and what else puts a file in the place of a descriptor (a seccomp supervisor) at
 * the one that all of them call with file and number; dup(2) and fcntl(2), which give what number
 * is free, when they return.
 */
#define STANDARD_MAX 2 /* standard input, output and error are 0, 1, 2 */

/* What a shell does with each redirected file is told too; what programs do to file numbers beyond
 * is not, but with sockets. */
static __always_inline bool dup_is_told(umode_t mode, __s32 new_fd)
{
	return (__u32)new_fd <= STANDARD_MAX || (mode & S_IFMT) == S_IFSOCK;
}

/* The members of TC_SOCKET where there is no socket. */
static __always_inline void fill_no_socket(struct tc_dup *record)
{
	record->family = TC_ABSENT_U32;
	record->sock_type = TC_ABSENT_U32;
	record->protocol = TC_ABSENT_U32;
	record->local_port = TC_ABSENT_U32;
	record->remote_port = TC_ABSENT_U32;
	record->is_server = TC_ABSENT_U32;
	record->connected = TC_ABSENT_U32;
}

/* The socket, or the path. */
static __always_inline void fill_dup(struct scratch *s, struct file *file)
{
	struct tc_dup *record = (struct tc_dup *)s->record;
	struct sock *sk = file_sock(file);

	if (!sk) {
		fill_no_socket(record);
		slot_path(s, &record->path, BPF_CORE_READ(file, f_path.dentry),
			  BPF_CORE_READ(file, f_path.mnt));
		if (BPF_CORE_READ(file, f_inode, i_nlink) == 0)
			record->path.flags |= TC_SLOT_DELETED;
		return;
	}
	s->look.sk = (__u64)sk;
	s->look.given_to = LOOK_NEITHER;
	socket_fill(s->index, socket_at(record));
	if (record->family == AF_UNIX)
		socket_fill_path(s->index, socket_at(record));
}

static __always_inline int dup_event(struct file *file, umode_t mode, __s32 new_fd, __s32 old_fd)
{
	struct tc_dup *record;
	struct scratch *s;

	if (!file || !dup_is_told(mode, new_fd) || !decide_early(TC_KIND_dup))
		return 0;
	s = record_start(TC_KIND_dup, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_dup *)s->record;
	record->new_fd = new_fd;
	record->old_fd = old_fd;
	record->type = mode & S_IFMT;
	if (record_is_vain(s, __builtin_offsetof(struct tc_dup, new_fd),
			   __builtin_offsetof(struct tc_dup, path))) {
		record_drop(s);
		return 0;
	}
	fill_dup(s, file);
	record_tell(s);
	return 0;
}

/* The first argument of the system call, when it is one of those. */
static __always_inline __s32 dup_old_fd(void)
{
	struct compat_syscall call = {};

	compat_current_syscall(compat_current(), &call);
	if (call.compat)
		return call.nr == NR_32_DUP2 || call.nr == NR_32_DUP3 ? (__s32)call.first
								      : TC_ABSENT_S32;
	return call.nr == NR_DUP2 || call.nr == NR_DUP3 ? (__s32)call.first : TC_ABSENT_S32;
}

SEC("fentry/do_dup2")
int BPF_PROG(dup_onto, void *files, struct file *file, unsigned int fd)
{
	return dup_event(file, known_read(file, f_inode, i_mode), fd, dup_old_fd());
}

/* The number is new, so what is there is the file: but for another thread that closed it already.
 */
static __always_inline int dup_returns(__s32 new_fd, __s32 old_fd)
{
	struct file *file;

	if (new_fd < 0)
		return 0;
	file = descriptor_file(new_fd);
	return dup_event(file, BPF_CORE_READ(file, f_inode, i_mode), new_fd, old_fd);
}

SEC("fexit/__x64_sys_dup")
int BPF_PROG(dup, const struct pt_regs *regs, long new_fd)
{
	return dup_returns(new_fd, regs->di);
}

SEC("fexit/__ia32_sys_dup")
int BPF_PROG(dup_ia32, const struct pt_regs *regs, long new_fd)
{
	return dup_returns(new_fd, regs->bx);
}

/* fcntl(2) with F_DUPFD or F_DUPFD_CLOEXEC: it gives the descriptor its file before it returns
 * (fs/file.c). */
SEC("fexit/f_dupfd")
int BPF_PROG(dup_fcntl, unsigned int from, struct file *file, unsigned int flags, int new_fd)
{
	struct compat_syscall call = {};

	if (new_fd < 0)
		return 0;
	compat_current_syscall(compat_current(), &call);
	return dup_event(file, known_read(file, f_inode, i_mode), new_fd, call.first);
}
