/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static enum tc_log_level log_level = TC_LOG_INFO;

void tc_log_set_level(enum tc_log_level level)
{
	log_level = level;
}

bool tc_log_enabled(enum tc_log_level level)
{
	return level <= log_level;
}

static const char *level_word(enum tc_log_level level)
{
	switch (level) {
	case TC_LOG_ERROR:
		return "error: ";
	case TC_LOG_WARNING:
		return "warning: ";
	case TC_LOG_INFO:
		return "";
	case TC_LOG_DEBUG:
		return "debug: ";
	}
	return "";
}

void tc_log(enum tc_log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[4096];
	va_list args;

	if (!tc_log_enabled(level))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s%s\n", level, level_word(level), line);
	else
		fprintf(stderr, "tocsin: %s%s\n", level_word(level), line);
	errno = saved_errno;
}
