/* SPDX-License-Identifier: Apache-2.0 */
/* What rows of several families prepare, attempt and ask. Names are in the test's directory. */
#ifndef TOCSIN_TESTS_ENFORCE_THINGS_H
#define TOCSIN_TESTS_ENFORCE_THINGS_H

#include <netinet/in.h>

#include "tests/enforce/enforce.h"

/* --- "file", of 10 bytes; "made" --- */

void prepare_file(struct run *run);
/* Opens it for writing, and loses its content. */
int empty_file(struct run *run);
/* "file", or where it was moved to. */
bool is_emptied(struct run *run);
bool is_gone(struct run *run);
bool is_made(struct run *run);
bool is_other_mode(struct run *run);
bool is_other_owner(struct run *run);
/* The attribute trusted.test, which tmpfs of all kernels takes. */
bool has_attribute(struct run *run);

/* --- "program", which leaves its status --- */

void prepare_program(struct run *run);
bool has_run(struct run *run);

/* --- another process, number[8] --- */

void prepare_other(struct run *run);
pid_t other(struct run *run);
/* number[9]: a signal was sent to it. */
bool other_ended(struct run *run);

/* --- a listener on loopback; number[8]: its port, number[9]: its descriptor --- */

void prepare_listener(struct run *run);
struct sockaddr_in listener_name(struct run *run);
/* Somebody knocked. */
bool is_connected(struct run *run);

#endif
