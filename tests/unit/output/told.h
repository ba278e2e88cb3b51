/* SPDX-License-Identifier: Apache-2.0 */
/* What code under test says on standard output and standard error. */
#ifndef TOCSIN_TESTS_OUTPUT_TOLD_H
#define TOCSIN_TESTS_OUTPUT_TOLD_H

#include <stdio.h>
#include <unistd.h>

/* Standard output and standard error lead elsewhere between redirect() and restore(). */
struct redirection {
	int out, err;
	FILE *told;
};

static inline struct redirection redirect(int fd)
{
	struct redirection saved = {.out = dup(1), .err = dup(2), .told = tmpfile()};

	fflush(NULL);
	dup2(fd, 1);
	dup2(fileno(saved.told), 2);
	return saved;
}

/* What was told on standard error; static memory. */
static inline const char *restore(struct redirection *saved)
{
	static char text[16384];

	fflush(NULL);
	dup2(saved->out, 1);
	dup2(saved->err, 2);
	close(saved->out);
	close(saved->err);
	ssize_t length = pread(fileno(saved->told), text, sizeof(text) - 1, 0);
	assert_true(length >= 0);
	text[length] = '\0';
	fclose(saved->told);
	return text;
}

#endif
