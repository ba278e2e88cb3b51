/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program: static, without the C library, ends at once. What the workload `spawn`
 * runs. */

__attribute__((noreturn)) void _start(void);

void _start(void)
{
	__asm__ volatile("xor %%edi, %%edi\n\tmov $231, %%eax\n\tsyscall" ::
				 : "memory"); /* exit_group(0) */
	__builtin_unreachable();
}
