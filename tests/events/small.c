/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that tests execute: it opens nothing and needs no library, so that all events are
 * those of its start and its end. It tells the witness that it runs, waits until it was looked at,
 * and ends with status 7.
 */
#include <sys/syscall.h>

#define WITNESS_FD 200 /* tests/events/witness.h */

_Noreturn void _start(void);

static long call(long number, long first, void *second, long third)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(first), "S"(second), "d"(third)
			 : "rcx", "r11", "memory");
	return result;
}

_Noreturn void _start(void)
{
	char byte = 'x';

	call(SYS_write, WITNESS_FD, &byte, 1);
	call(SYS_read, WITNESS_FD, &byte, 1);
	for (;;)
		call(SYS_exit_group, 7, 0, 0);
}
