/* SPDX-License-Identifier: Apache-2.0 */
/* Events: module_load, bpf, userfaultfd, kexec_load. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/kexec.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "tests/events/truth.h"

#define NR_32_BPF 357
#define NR_32_USERFAULTFD 374
/* include/uapi/linux/userfaultfd.h */
#define IOC_NEW_USERFAULTFD 0xAA00
#define FLAGS_USERFAULTFD (O_CLOEXEC | O_NONBLOCK)

/* What would change the machine is done in guests alone. */
static const char *lacks_guest(void)
{
	FILE *file = fopen("/proc/cmdline", "re");
	char line[4096] = "";
	bool guest;

	guest = file && fgets(line, sizeof(line), file) && strstr(line, "tocsin.run=");
	if (file)
		fclose(file);
	return guest ? NULL : "not a guest of the tests";
}

/* --- modules --- */

/* A module without needs that no test uses; its name is its file's. */
static const char *module_path(void)
{
	static char path[128];
	struct utsname name;

	uname(&name);
	snprintf(path, sizeof(path), "/usr/lib/modules/%s/dummy.ko", name.release);
	return path;
}

static const char *lacks_module(void)
{
	if (lacks_guest())
		return lacks_guest();
	return access(module_path(), R_OK) == 0 ? NULL : "no module dummy";
}

static void *read_file(struct run *run, const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;

	must(run, fd >= 0 && fstat(fd, &st) == 0);
	bytes = malloc((size_t)st.st_size);
	must(run, bytes && read(fd, bytes, (size_t)st.st_size) == st.st_size);
	close(fd);
	*ret_size = (size_t)st.st_size;
	return bytes;
}

static void act_init_module(struct run *run)
{
	size_t size;
	void *bytes = read_file(run, module_path(), &size);

	enter(run);
	must(run, syscall(SYS_init_module, bytes, size, "") == 0);
	must(run, syscall(SYS_delete_module, "dummy", 0) == 0);
}

static void act_finit_module(struct run *run)
{
	int fd = open(module_path(), O_RDONLY | O_CLOEXEC);

	must(run, fd >= 0);
	enter(run);
	must(run, syscall(SYS_finit_module, fd, "", 0) == 0);
	must(run, syscall(SYS_delete_module, "dummy", 0) == 0);
}

/* path is NULL for bytes. */
static void expect_asked(struct run *run, int syscall, const char *path)
{
	const struct tc_module_load *record = take(run, module_load);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, descriptor_flags(run));
	expect(run, record, &record->loaded, false);
	expect_absent(run, record, &record->name);
	if (path)
		expect_text(run, record, &record->path, path);
	else
		expect_absent(run, record, &record->path);
}

static void expect_loaded(struct run *run, const char *name)
{
	const struct tc_module_load *record = take(run, module_load);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, -1, 0);
	expect(run, record, &record->loaded, true);
	expect_text(run, record, &record->name, name);
	expect_absent(run, record, &record->path);
}

/* The fallback hears of the call when all is done. */
static void expect_module(struct run *run, int syscall, const char *path)
{
	if (run->fallback)
		expect_loaded(run, "dummy");
	expect_asked(run, syscall, path);
	if (!run->fallback)
		expect_loaded(run, "dummy");
}

static void check_init_module(struct run *run)
{
	expect_module(run, SYS_init_module, NULL);
}

static void check_finit_module(struct run *run)
{
	expect_module(run, SYS_finit_module, module_path());
}

/* What is no module: asked, and not taken. */
static void act_no_module(struct run *run)
{
	static const char bytes[4096] = "no module";
	int fd;

	make_file(run, "garbage", 0600, sizeof(bytes));
	fd = open("garbage", O_RDONLY | O_CLOEXEC);
	must(run, fd >= 0);
	enter(run);
	must(run, syscall(SYS_init_module, bytes, sizeof(bytes), "") < 0 && errno == ENOEXEC);
	must(run, syscall(SYS_finit_module, fd, "", 0) < 0 && errno == ENOEXEC);
}

static void check_no_module(struct run *run)
{
	expect_asked(run, SYS_init_module, NULL);
	expect_asked(run, SYS_finit_module, at(run, "garbage"));
}

/* --- another kernel --- */

#define SEGMENT_AT 0x1000000

static void act_kexec_load(struct run *run)
{
	static char bytes[4096];
	struct kexec_segment segment = {
		.buf = bytes, .bufsz = sizeof(bytes), .mem = (void *)SEGMENT_AT, .memsz = 4096};

	enter(run);
	must(run, syscall(SYS_kexec_load, SEGMENT_AT, 1, &segment, KEXEC_ARCH_DEFAULT) == 0);
	must(run, syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0); /* drops it: not told */
}

static void expect_kexec(struct run *run, int syscall, const char *path)
{
	const struct tc_kexec_load *record = take(run, kexec_load);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, descriptor_flags(run));
	if (path)
		expect_text(run, record, &record->path, path);
	else
		expect_absent(run, record, &record->path);
}

static void check_kexec_load(struct run *run)
{
	expect_kexec(run, SYS_kexec_load, NULL);
}

static void act_kexec_file(struct run *run)
{
	int fd;

	make_file(run, "garbage", 0600, 4096);
	fd = open("garbage", O_RDONLY | O_CLOEXEC);
	must(run, fd >= 0);
	enter(run);
	must(run, syscall(SYS_kexec_file_load, fd, -1, 0, NULL, KEXEC_FILE_NO_INITRAMFS) < 0);
	must(run, syscall(SYS_kexec_file_load, -1, -1, 0, NULL, KEXEC_FILE_UNLOAD) == 0);
}

static void check_kexec_file(struct run *run)
{
	expect_kexec(run, SYS_kexec_file_load, at(run, "garbage"));
}

/* --- bpf(2) --- */

static const struct bpf_insn nothing[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
	{.code = BPF_JMP | BPF_EXIT},
};

/* What a row asks for. */
struct asked {
	uint32_t cmd, prog_type, map_type, attach_type;
	const char *name;
	bool i386;
};

static void fill_attr(const struct asked *asked, union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	if (asked->cmd == BPF_MAP_CREATE) {
		attr->map_type = asked->map_type;
		attr->key_size = attr->value_size = 4;
		attr->max_entries = 1;
		strcpy(attr->map_name, asked->name);
	} else if (asked->cmd == BPF_PROG_LOAD) {
		attr->prog_type = asked->prog_type;
		attr->insns = (uintptr_t)nothing;
		attr->insn_cnt = sizeof(nothing) / sizeof(nothing[0]);
		attr->license = (uintptr_t) "GPL";
		attr->expected_attach_type = asked->attach_type;
		strcpy(attr->prog_name, asked->name);
	} else {
		attr->target_fd = attr->attach_bpf_fd = (uint32_t)-1;
		attr->attach_type = asked->attach_type;
	}
}

/* The part of the attributes that kernels from v5.10 on know. */
#define ATTR_BYTES offsetof(union bpf_attr, fd_array)

static void act_bpf(struct run *run)
{
	const struct asked *asked = run->test->with;
	union bpf_attr *attr = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	must(run, attr != MAP_FAILED);
	fill_attr(asked, attr);
	enter(run);
	if (asked->i386)
		must(run, (int)call_32(NR_32_BPF, asked->cmd, (long)attr, ATTR_BYTES) >= 0);
	else
		must(run, (syscall(SYS_bpf, asked->cmd, attr, ATTR_BYTES) >= 0) ==
				  (asked->cmd != BPF_PROG_DETACH));
}

static void expect_bpf(struct run *run, const struct asked *asked, uint32_t id)
{
	const struct tc_bpf *record = take(run, bpf);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, asked->i386 ? NR_32_BPF : SYS_bpf,
		      path_flags(run) | (asked->i386 ? TC_RECORD_COMPAT : 0));
	expect(run, record, &record->cmd, asked->cmd);
	expect(run, record, &record->prog_type, asked->prog_type ?: TC_ABSENT_U32);
	expect(run, record, &record->map_type, asked->map_type ?: TC_ABSENT_U32);
	expect(run, record, &record->attach_type, asked->attach_type ?: TC_ABSENT_U32);
	expect(run, record, &record->id, id);
	expect_comm(run, record, &record->name, asked->name ?: "");
}

static void check_bpf(struct run *run)
{
	expect_bpf(run, run->test->with, TC_ABSENT_U32);
}

/* A map by its id; the looks that find out the id, and the work on the map, are not told. */
static void act_bpf_id(struct run *run)
{
	const struct asked make = {
		.cmd = BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_HASH, .name = "a_map"};
	struct bpf_map_info info = {0};
	union bpf_attr attr;
	uint32_t key = 1;
	int fd;

	fill_attr(&make, &attr);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, ATTR_BYTES);
	must(run, fd >= 0);
	enter(run);
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = 64;
	attr.info.info = (uintptr_t)&info;
	must(run, syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, ATTR_BYTES) == 0);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)fd;
	attr.key = attr.value = (uintptr_t)&key;
	must(run, syscall(SYS_bpf, BPF_MAP_UPDATE_ELEM, &attr, ATTR_BYTES) == 0);
	must(run, syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, &attr, ATTR_BYTES) == 0);
	attr.value = 0;
	must(run, syscall(SYS_bpf, BPF_MAP_DELETE_ELEM, &attr, ATTR_BYTES) == 0);
	memset(&attr, 0, sizeof(attr));
	run->notes->number[0] = attr.map_id = info.id;
	must(run, syscall(SYS_bpf, BPF_MAP_GET_FD_BY_ID, &attr, ATTR_BYTES) >= 0);
}

static void check_bpf_id(struct run *run)
{
	expect_bpf(run, &(const struct asked){.cmd = BPF_MAP_GET_FD_BY_ID},
		   (uint32_t)run->notes->number[0]);
}

/* --- userfaultfd(2) --- */

static const char *lacks_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, -1) < 0 && errno == ENOSYS ? "no userfaultfd(2)" : NULL;
}

static const char *lacks_userfaultfd_device(void)
{
	return access("/dev/userfaultfd", F_OK) == 0 ? NULL : "no /dev/userfaultfd";
}

static void act_userfaultfd(struct run *run)
{
	enter(run);
	must(run, syscall(SYS_userfaultfd, FLAGS_USERFAULTFD) >= 0);
}

static void act_userfaultfd_32(struct run *run)
{
	enter(run);
	must(run, (int)call_32(NR_32_USERFAULTFD, FLAGS_USERFAULTFD, 0, 0) >= 0);
}

static void act_userfaultfd_device(struct run *run)
{
	int fd = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC);

	must(run, fd >= 0);
	enter(run);
	must(run, ioctl(fd, IOC_NEW_USERFAULTFD, FLAGS_USERFAULTFD) >= 0);
}

static void expect_userfaultfd(struct run *run, int syscall, uint32_t flags)
{
	const struct tc_userfaultfd *record = take(run, userfaultfd);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, descriptor_flags(run) | flags);
	expect(run, record, &record->uffd_flags, FLAGS_USERFAULTFD);
}

static void check_userfaultfd(struct run *run)
{
	expect_userfaultfd(run, SYS_userfaultfd, 0);
}

static void check_userfaultfd_32(struct run *run)
{
	expect_userfaultfd(run, NR_32_USERFAULTFD, TC_RECORD_COMPAT);
}

static void check_userfaultfd_device(struct run *run)
{
	expect_userfaultfd(run, SYS_ioctl, 0);
}

#define ASKED(...)                                                                                 \
	.with = &(const struct asked)                                                              \
	{                                                                                          \
		.cmd = __VA_ARGS__                                                                 \
	}

const struct test code_tests[] = {
	TEST(init_module, ANY, lacks_module, act_init_module, check_init_module),
	TEST(finit_module, ANY, lacks_module, act_finit_module, check_finit_module),
	TEST(no_module, LSM, lacks_guest, act_no_module, check_no_module),
	TEST(kexec_load, ANY, lacks_guest, act_kexec_load, check_kexec_load),
	TEST(kexec_file_load, LSM, lacks_guest, act_kexec_file, check_kexec_file),
	TEST(bpf_map_create, ANY, NULL, act_bpf, check_bpf,
	     ASKED(BPF_MAP_CREATE, .map_type = BPF_MAP_TYPE_HASH, .name = "a_map_of_15_let")),
	TEST(bpf_prog_load, ANY, NULL, act_bpf, check_bpf,
	     ASKED(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .name = "a_prog")),
	TEST(bpf_prog_load_for, ANY, NULL, act_bpf, check_bpf,
	     ASKED(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_CGROUP_SKB,
		   .attach_type = BPF_CGROUP_INET_EGRESS, .name = "")),
	TEST(bpf_prog_load_32, ANY, NULL, act_bpf, check_bpf,
	     ASKED(BPF_PROG_LOAD, .prog_type = BPF_PROG_TYPE_KPROBE, .name = "a_prog",
		   .i386 = true)),
	TEST(bpf_detach_refused, LSM, NULL, act_bpf, check_bpf,
	     ASKED(BPF_PROG_DETACH, .attach_type = BPF_CGROUP_DEVICE)),
	TEST(bpf_map_by_id, ANY, NULL, act_bpf_id, check_bpf_id),
	TEST(userfaultfd, ANY, lacks_userfaultfd, act_userfaultfd, check_userfaultfd),
	TEST(userfaultfd_32, ANY, lacks_userfaultfd, act_userfaultfd_32, check_userfaultfd_32),
	TEST(userfaultfd_device, LSM, lacks_userfaultfd_device, act_userfaultfd_device,
	     check_userfaultfd_device),
	{0},
};
