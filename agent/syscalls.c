/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/syscalls.h"

#include <stddef.h>
#include <string.h>

#include "agent/nearest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The calls that x32 numbers on its own, arch/x86/entry/syscalls/syscall_64.tbl from 512 on. */
#define X32_FIRST 512

#define TC_SYSCALL(number, name) [number] = #name,
static const char *const names_64[] = {
#include "schema/syscalls_64.def"
};
static const char *const names_32[] = {
#include "schema/syscalls_32.def"
};
#undef TC_SYSCALL

#define TC_SYSCALL(number, name) [number] = "io_uring_" #name,
static const char *const names_io_uring[] = {
#include "schema/syscalls_64.def"
};
#undef TC_SYSCALL

static const char *const names_x32[] = {
	"rt_sigaction",
	"rt_sigreturn",
	"ioctl",
	"readv",
	"writev",
	"recvfrom",
	"sendmsg",
	"recvmsg",
	"execve",
	"ptrace",
	"rt_sigpending",
	"rt_sigtimedwait",
	"rt_sigqueueinfo",
	"sigaltstack",
	"timer_create",
	"mq_notify",
	"kexec_load",
	"waitid",
	"set_robust_list",
	"get_robust_list",
	"vmsplice",
	"move_pages",
	"preadv",
	"pwritev",
	"rt_tgsigqueueinfo",
	"recvmmsg",
	"sendmmsg",
	"process_vm_readv",
	"process_vm_writev",
	"setsockopt",
	"getsockopt",
	"io_setup",
	"io_submit",
	"execveat",
	"preadv2",
	"pwritev2",
};

static const char *name_find_64(const char *name, size_t length)
{
	for (size_t i = 0; i < COUNT(names_64); i++)
		if (names_64[i] && strlen(names_64[i]) == length &&
		    memcmp(names_64[i], name, length) == 0)
			return names_64[i];
	return NULL;
}

/* i386 got wider calls under names that end in 32 or 64 (setuid32, fcntl64): x86-64 has them as
 * setuid and fcntl. */
static const char *name_without_width(const char *name)
{
	size_t length = name ? strlen(name) : 0;
	const char *twin;

	if (length < 3 ||
	    (strcmp(name + length - 2, "32") != 0 && strcmp(name + length - 2, "64") != 0) ||
	    name_find_64(name, length))
		return name;
	twin = name_find_64(name, length - 2);
	return twin ? twin : name;
}

const char *tc_syscall_name(int32_t number, bool i386)
{
	size_t place = (size_t)number;

	if (number < 0)
		return NULL;
	if (i386)
		return place < COUNT(names_32) ? name_without_width(names_32[place]) : NULL;
	if (number & TC_SYSCALL_X32_BIT) {
		place &= ~(size_t)TC_SYSCALL_X32_BIT;
		if (place >= X32_FIRST)
			return place - X32_FIRST < COUNT(names_x32) ? names_x32[place - X32_FIRST]
								    : NULL;
	}
	return place < COUNT(names_64) ? names_64[place] : NULL;
}

const char *tc_syscall_io_uring_name(int32_t twin)
{
	if (twin < 0 || (size_t)twin >= COUNT(names_io_uring))
		return NULL;
	return names_io_uring[twin];
}

int32_t tc_syscall_number(const char *name, bool i386)
{
	const char *const *names = i386 ? names_32 : names_64;
	size_t count = i386 ? COUNT(names_32) : COUNT(names_64);

	for (size_t number = 0; number < count; number++)
		if (names[number] && strcmp(names[number], name) == 0)
			return (int32_t)number;
	return -1;
}

bool tc_syscall_is_name(const char *name)
{
	static const char ring[] = "io_uring_";
	size_t skipped = strncmp(name, ring, sizeof(ring) - 1) == 0 ? sizeof(ring) - 1 : 0;

	/* Calls of io_uring itself are called so as well. */
	return tc_syscall_number(name, false) >= 0 || tc_syscall_number(name, true) >= 0 ||
	       (skipped && tc_syscall_number(name + skipped, false) >= 0);
}

const char *tc_syscall_nearest(const char *name)
{
	struct tc_nearest nearest = {.word = name, .length = strlen(name)};

	for (size_t number = 0; number < COUNT(names_64); number++)
		if (names_64[number])
			tc_nearest_offer(&nearest, names_64[number]);
	return nearest.best;
}
