/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the agent about itself, on standard error. Alerts do not go this way. */
#ifndef TOCSIN_AGENT_LOG_H
#define TOCSIN_AGENT_LOG_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Values are those of syslog(3). Messages above the level are dropped; TC_LOG_INFO at start. */
enum tc_log_level { TC_LOG_ERROR = 3, TC_LOG_WARNING = 4, TC_LOG_INFO = 6, TC_LOG_DEBUG = 7 };

void tc_log_set_level(enum tc_log_level level);
/* True when messages of that level are printed. */
bool tc_log_enabled(enum tc_log_level level);
/* Prints one line: "tocsin: error: ..." ("<3>error: ..." under systemd, see sd-daemon(3)). Keeps
 * errno. */
void tc_log(enum tc_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes a message, without the level's word, instead of standard error. */
typedef void (*tc_log_sink)(enum tc_log_level level, const char *line, void *context);
/* Diverts the messages of the calling thread, for code whose complaints are to be told in another
 * way; NULL: no longer. */
void tc_log_divert(tc_log_sink sink, void *context);

#define tc_error(...) tc_log(TC_LOG_ERROR, __VA_ARGS__)
#define tc_warning(...) tc_log(TC_LOG_WARNING, __VA_ARGS__)
#define tc_info(...) tc_log(TC_LOG_INFO, __VA_ARGS__)
#define tc_debug(...) tc_log(TC_LOG_DEBUG, __VA_ARGS__)

/* Prints an error with the text of a negative errno behind it, and gives that errno back. */
#define tc_error_return(error, format, ...)                                                        \
	({                                                                                         \
		int error_ = (error);                                                              \
		tc_log(TC_LOG_ERROR, format ": %s", ##__VA_ARGS__, strerror(-error_));             \
		error_;                                                                            \
	})

#endif
