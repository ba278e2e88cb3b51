/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum tc_log_level log_level = TC_LOG_INFO;
static _Thread_local struct {
	tc_log_sink sink;
	void *context;
} diverted;

void tc_log_set_level(enum tc_log_level level)
{
	log_level = level;
}

bool tc_log_enabled(enum tc_log_level level)
{
	return level <= log_level;
}

void tc_log_divert(tc_log_sink sink, void *context)
{
	diverted.sink = sink;
	diverted.context = context;
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

/*
 * Standard error is systemd's journal: JOURNAL_STREAM names it by device and inode
 * (systemd.exec(5)). The variable alone says nothing: it is inherited by all that a service starts,
 * whose output may go elsewhere.
 */
static bool is_system_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat info;
	int length = 0;

	if (!stream || sscanf(stream, "%llu:%llu%n", &device, &inode, &length) != 2 ||
	    stream[length])
		return false;
	return fstat(STDERR_FILENO, &info) == 0 && info.st_dev == device && info.st_ino == inode;
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
	if (diverted.sink)
		diverted.sink(level, line, diverted.context);
	else if (is_system_journal())
		fprintf(stderr, "<%d>%s%s\n", level, level_word(level), line);
	else
		fprintf(stderr, "tocsin: %s%s\n", level_word(level), line);
	errno = saved_errno;
}
