/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family code: what the kernel is given to run, and userfaultfd(2). */

/* Values of enum kernel_read_file_id and kernel_load_data_id, include/linux/kernel_read_file.h: the
 * same on all kernels from v5.10 on; the compressed module is new (seen on v7.3). */
enum loaded_kind {
	LOADED_MODULE = 2,
	LOADED_KEXEC_IMAGE = 3,
	LOADED_MODULE_COMPRESSED = 7,
};

/* The file that is loaded; NULL where the caller gave bytes. */
static __always_inline void slot_loaded(struct scratch *s, struct tc_slot *slot, struct file *file)
{
	if (!file)
		return;
	slot_path(s, slot, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt));
	if (BPF_CORE_READ(file, f_inode, i_nlink) == 0)
		slot->flags |= TC_SLOT_DELETED;
}

static __always_inline int module_asked(struct file *file)
{
	struct tc_module_load *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_module_load))
		return 0;
	s = record_start(TC_KIND_module_load, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_module_load);
	record = (struct tc_module_load *)s->record;
	slot_loaded(s, &record->path, file);
	return record_decide(s);
}

static __always_inline int kexec_asked(struct file *file)
{
	struct tc_kexec_load *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_kexec_load))
		return 0;
	s = record_start(TC_KIND_kexec_load, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_kexec_load);
	record = (struct tc_kexec_load *)s->record;
	slot_loaded(s, &record->path, file);
	return record_decide(s);
}

/* finit_module(2), kexec_file_load(2). */
SEC("lsm/kernel_read_file")
int BPF_PROG(kernel_read_file, struct file *file, int id)
{
	if (id == LOADED_MODULE || id == LOADED_MODULE_COMPRESSED)
		return module_asked(file);
	return id == LOADED_KEXEC_IMAGE ? kexec_asked(file) : 0;
}

/* kexec_load(2) without segments drops what was loaded before. */
static __always_inline bool kexec_drops(void)
{
	struct task_struct *task = compat_current();
	bool compat = known_read(task, thread_info.status) & TS_COMPAT;

	return !compat_second_argument(task, compat);
}

/* init_module(2), kexec_load(2). */
SEC("lsm/kernel_load_data")
int BPF_PROG(kernel_load_data, int id)
{
	if (id == LOADED_MODULE)
		return module_asked(NULL);
	return id == LOADED_KEXEC_IMAGE && !kexec_drops() ? kexec_asked(NULL) : 0;
}

/*
 * The kernel has taken a module, and not run it yet: now it has a name. The system call is that of
 * the record before, which told what was asked; this one is the kernel's answer.
 */
SEC("raw_tp/module_load")
int module_loaded(struct bpf_raw_tracepoint_args *ctx)
{
	struct module *module = (struct module *)ctx->args[0];
	struct tc_module_load *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_module_load))
		return 0;
	s = record_begin(TC_KIND_module_load, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_module_load *)s->record;
	record->header.syscall = -1;
	record->loaded = 1;
	slot_text(s, &record->name, (char *)module + bpf_core_field_offset(struct module, name));
	record_tell(s);
	return 0;
}

/* Commands of bpf(2), include/uapi/linux/bpf.h. */
enum bpf_command {
	CMD_MAP_CREATE = 0,
	CMD_MAP_LOOKUP_ELEM = 1,
	CMD_MAP_UPDATE_ELEM = 2,
	CMD_MAP_DELETE_ELEM = 3,
	CMD_MAP_GET_NEXT_KEY = 4,
	CMD_PROG_LOAD = 5,
	CMD_PROG_ATTACH = 8,
	CMD_PROG_DETACH = 9,
	CMD_PROG_GET_NEXT_ID = 11,
	CMD_MAP_GET_NEXT_ID = 12,
	CMD_PROG_GET_FD_BY_ID = 13,
	CMD_MAP_GET_FD_BY_ID = 14,
	CMD_OBJ_GET_INFO_BY_FD = 15,
	CMD_PROG_QUERY = 16,
	CMD_BTF_GET_FD_BY_ID = 19,
	CMD_TASK_FD_QUERY = 20,
	CMD_MAP_LOOKUP_AND_DELETE_ELEM = 21,
	CMD_BTF_GET_NEXT_ID = 23,
	CMD_MAP_LOOKUP_BATCH = 24,
	CMD_MAP_DELETE_BATCH = 27,
	CMD_LINK_CREATE = 28,
	CMD_LINK_GET_FD_BY_ID = 30,
	CMD_LINK_GET_NEXT_ID = 31,
	CMD_PROG_STREAM_READ_BY_FD = 37,
};

/* What only looks, or works on what a map holds: programs that use BPF do so all the time. */
#define UNTOLD_COMMANDS                                                                            \
	(1ULL << CMD_MAP_LOOKUP_ELEM | 1ULL << CMD_MAP_UPDATE_ELEM | 1ULL << CMD_MAP_DELETE_ELEM | \
	 1ULL << CMD_MAP_GET_NEXT_KEY | 1ULL << CMD_PROG_GET_NEXT_ID |                             \
	 1ULL << CMD_MAP_GET_NEXT_ID | 1ULL << CMD_OBJ_GET_INFO_BY_FD | 1ULL << CMD_PROG_QUERY |   \
	 1ULL << CMD_TASK_FD_QUERY | 1ULL << CMD_MAP_LOOKUP_AND_DELETE_ELEM |                      \
	 1ULL << CMD_BTF_GET_NEXT_ID | 0xfULL << CMD_MAP_LOOKUP_BATCH |                            \
	 1ULL << CMD_LINK_GET_NEXT_ID | 1ULL << CMD_PROG_STREAM_READ_BY_FD)

static __always_inline bool bpf_is_told(__u32 cmd)
{
	return cmd >= 64 || !(UNTOLD_COMMANDS >> cmd & 1);
}

/* The start of union bpf_attr, include/uapi/linux/bpf.h: three of its shapes. */
union bpf_words {
	struct {
		__u32 prog_type, insn_cnt;
		__u64 insns, license;
		__u32 log_level, log_size;
		__u64 log_buf;
		__u32 kern_version, prog_flags;
		char prog_name[TC_COMM_MAX];
		__u32 prog_ifindex, expected_attach_type;
	};
	struct {
		__u32 map_type, key_size, value_size, max_entries, map_flags, inner_map_fd,
			numa_node;
		char map_name[TC_COMM_MAX];
	};
	struct {
		__u32 first, second, attach_type;
	};
};

static __always_inline void fill_bpf(struct tc_bpf *record, __u32 cmd, const union bpf_words *words)
{
	record->cmd = cmd;
	record->prog_type = TC_ABSENT_U32;
	record->map_type = TC_ABSENT_U32;
	record->attach_type = TC_ABSENT_U32;
	record->id = TC_ABSENT_U32;
	switch (cmd) {
	case CMD_PROG_LOAD:
		record->prog_type = words->prog_type;
		if (words->expected_attach_type) /* 0: most types of programs say nothing */
			record->attach_type = words->expected_attach_type;
		__builtin_memcpy(record->name.bytes, words->prog_name, TC_COMM_MAX - 1);
		break;
	case CMD_MAP_CREATE:
		record->map_type = words->map_type;
		__builtin_memcpy(record->name.bytes, words->map_name, TC_COMM_MAX - 1);
		break;
	case CMD_PROG_ATTACH:
	case CMD_PROG_DETACH:
	case CMD_LINK_CREATE:
		record->attach_type = words->attach_type;
		break;
	case CMD_PROG_GET_FD_BY_ID:
	case CMD_MAP_GET_FD_BY_ID:
	case CMD_BTF_GET_FD_BY_ID:
	case CMD_LINK_GET_FD_BY_ID:
		record->id = words->first;
		break;
	}
}

/* attr is the kernel's copy: what was checked is what will be done. */
SEC("lsm/bpf")
int BPF_PROG(bpf, int cmd, const void *attr)
{
	union bpf_words words = {};
	struct tc_bpf *record;
	struct scratch *s;

	if (!bpf_is_told(cmd) || current_is_agent() || !decide_early(TC_KIND_bpf))
		return 0;
	s = record_start(TC_KIND_bpf, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_bpf);
	record = (struct tc_bpf *)s->record;
	bpf_probe_read_kernel(&words, sizeof(words), attr);
	fill_bpf(record, cmd, &words);
	return record_decide(s);
}

static __always_inline int userfaultfd_event(__u32 flags)
{
	struct tc_userfaultfd *record;
	struct scratch *s;

	if (!decide_early(TC_KIND_userfaultfd))
		return 0;
	s = record_begin(TC_KIND_userfaultfd, sizeof(*record), -1);
	if (!s)
		return 0;
	record = (struct tc_userfaultfd *)s->record;
	record->uffd_flags = flags;
	record_tell(s);
	return 0;
}

/* Since v6.1 userfaultfd(2) and an ioctl of /dev/userfaultfd come here (2d5de004e009). */
SEC("fentry/new_userfaultfd")
int BPF_PROG(userfaultfd, int flags)
{
	return userfaultfd_event(flags);
}

/* Before, the call is the only way; it makes its file by this function, as others do. */
SEC("fentry/anon_inode_getfd")
int BPF_PROG(userfaultfd_v5_10)
{
	struct compat_syscall call = {};

	compat_current_syscall(compat_current(), &call);
	if (call.nr != (call.compat ? NR_32_USERFAULTFD : NR_USERFAULTFD))
		return 0;
	return userfaultfd_event(call.first);
}
