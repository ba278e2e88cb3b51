/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether files may be trusted. Whoever may write what the agent writes, or swap it for other
 * files, may tell its readers anything: it must belong to us or to root, and nobody else may write
 * it.
 *
 * What is wrong is logged as "NOUN PATH: WHATbelongs to ...": what is "", or a name with a blank
 * behind it.
 */
#ifndef TOCSIN_OUTPUT_SAFE_FILE_H
#define TOCSIN_OUTPUT_SAFE_FILE_H

/* An open file: a regular one that is safe. 0, -EPERM, or fstat(2)'s error; logged. */
int tc_safe_file(const char *noun, const char *path, const char *what, int fd);

/*
 * The path without symbolic links in its directory (heap memory; a link that the last name is stays
 * one). Makes the directory (mode 0700) when it is missing, and looks whether it is safe: a
 * directory like /tmp, root's with the sticky bit, is. 0 or a negative errno, logged.
 */
int tc_safe_path(const char *noun, const char *path, char **ret_real);

#endif
