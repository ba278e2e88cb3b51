/* SPDX-License-Identifier: Apache-2.0 */
/* Names of system calls on x86: x86-64, x32 and i386. */
#ifndef TOCSIN_AGENT_SYSCALLS_H
#define TOCSIN_AGENT_SYSCALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Set in the number of a system call of the x32 ABI, see asm/unistd.h. */
#define TC_SYSCALL_X32_BIT 0x40000000

/*
 * The name of system call number; i386 tells whose numbers are meant. An x32 or i386 call has the
 * name of its x86-64 twin, so that a rule that names one means both: setuid32 is setuid. Static;
 * NULL for a number that has no name.
 */
const char *tc_syscall_name(int32_t number, bool i386);

/* "io_uring_" and the name of the x86-64 system call that an io_uring operation stands for. Static,
 * or NULL. */
const char *tc_syscall_io_uring_name(int32_t twin);

/* Whether that is a name of one of the ABIs, or of an io_uring operation as above. */
bool tc_syscall_is_name(const char *name);
/* The one of them that is nearest to a wrong name; NULL when none is near. */
const char *tc_syscall_nearest(const char *name);

/* The number with that name in the ABI (without the x32 bit), or -1. */
int32_t tc_syscall_number(const char *name, bool i386);

#endif
