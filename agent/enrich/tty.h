/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: the kernel's name (pts0) and the number of /proc/PID/stat and of Falco (34816). */
#ifndef TOCSIN_AGENT_ENRICH_TTY_H
#define TOCSIN_AGENT_ENRICH_TTY_H

#include <stddef.h>
#include <stdint.h>

/* The number of a terminal whose driver is not known here. Not 0, which stands for no terminal. */
#define TC_TTY_OTHER 0xffffffffU

#define TC_TTY_NAME_MAX 32

/* The number of a terminal: major and minor as in tty_nr of proc_pid_stat(5). TC_TTY_OTHER when it
 * is not known. */
uint32_t tc_tty_number(const char *name, size_t length);
/* The kernel's name of a terminal. Its length, or 0 when it is not known. */
size_t tc_tty_name(uint32_t number, char name[TC_TTY_NAME_MAX]);

#endif
