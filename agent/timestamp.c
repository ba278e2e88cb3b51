/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/timestamp.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#define NS_PER_S 1000000000ULL

/* Prints count decimal digits; every alert has a time, and snprintf(3) would be a tenth of its
 * cost. */
static char *put_digits(char *text, unsigned long number, unsigned count)
{
	for (unsigned i = count; i-- > 0; number /= 10)
		text[i] = (char)('0' + number % 10);
	return text + count;
}

static char *put_date_time(char *text, const struct tm *tm, char between)
{
	text = put_digits(text, (unsigned long)tm->tm_year + 1900, 4);
	*text++ = '-';
	text = put_digits(text, (unsigned long)tm->tm_mon + 1, 2);
	*text++ = '-';
	text = put_digits(text, (unsigned long)tm->tm_mday, 2);
	*text++ = between;
	text = put_digits(text, (unsigned long)tm->tm_hour, 2);
	*text++ = ':';
	text = put_digits(text, (unsigned long)tm->tm_min, 2);
	*text++ = ':';
	text = put_digits(text, (unsigned long)tm->tm_sec, 2);
	*text++ = '.';
	return text;
}

void tc_timestamp_utc(uint64_t time_ns, char ret_text[TC_TIMESTAMP_BYTES])
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	ret_text = put_date_time(ret_text, &tm, 'T');
	ret_text = put_digits(ret_text, time_ns % NS_PER_S, 9);
	*ret_text++ = 'Z';
	*ret_text = '\0';
}

void tc_timestamp_local(uint64_t time_ns, char ret_text[TC_TIMESTAMP_BYTES])
{
	time_t seconds = (time_t)(time_ns / NS_PER_S);
	struct tm tm;

	localtime_r(&seconds, &tm);
	ret_text = put_date_time(ret_text, &tm, ' ');
	ret_text = put_digits(ret_text, time_ns % NS_PER_S / 1000000, 3);
	*ret_text = '\0';
}

/* Takes exactly count digits off the text. */
static bool take_digits(const char **text, unsigned count, int *ret_number)
{
	int number = 0;

	for (; count; count--, (*text)++) {
		if (!isdigit((unsigned char)**text))
			return false;
		number = number * 10 + (**text - '0');
	}
	*ret_number = number;
	return true;
}

static bool take_one_of(const char **text, const char *characters)
{
	for (; *characters; characters++) {
		if (**text == *characters) {
			(*text)++;
			return true;
		}
	}
	return false;
}

static bool take_fraction(const char **text, uint64_t *ret_ns)
{
	uint64_t unit = NS_PER_S / 10;

	*ret_ns = 0;
	if (!take_one_of(text, "."))
		return true;
	if (!isdigit((unsigned char)**text))
		return false;
	for (; isdigit((unsigned char)**text); (*text)++, unit /= 10)
		*ret_ns += unit * (uint64_t)(**text - '0');
	return true;
}

static bool take_offset(const char **text, int *ret_seconds)
{
	int sign = **text == '-' ? -1 : 1, hours, minutes;

	*ret_seconds = 0;
	if (take_one_of(text, "Zz"))
		return true;
	if (!take_one_of(text, "+-") || !take_digits(text, 2, &hours) || !take_one_of(text, ":") ||
	    !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool take_date_time(const char **text, struct tm *tm)
{
	if (!take_digits(text, 4, &tm->tm_year) || !take_one_of(text, "-") ||
	    !take_digits(text, 2, &tm->tm_mon) || !take_one_of(text, "-") ||
	    !take_digits(text, 2, &tm->tm_mday) || !take_one_of(text, "Tt ") ||
	    !take_digits(text, 2, &tm->tm_hour) || !take_one_of(text, ":") ||
	    !take_digits(text, 2, &tm->tm_min) || !take_one_of(text, ":") ||
	    !take_digits(text, 2, &tm->tm_sec))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

int tc_timestamp_parse(const char *text, uint64_t *ret_time_ns)
{
	struct tm tm = {0};
	uint64_t fraction_ns, time_ns;
	int offset;

	if (!take_date_time(&text, &tm) || !take_fraction(&text, &fraction_ns) ||
	    !take_offset(&text, &offset) || *text)
		return -EINVAL;

	/* timegm() turns February 30 into March 1: such a date is told by a day that changed. */
	int day = tm.tm_mday, month = tm.tm_mon, leap = tm.tm_sec == 60;
	tm.tm_sec -= leap;
	time_t seconds = timegm(&tm);
	if (tm.tm_mday != day || tm.tm_mon != month)
		return -EINVAL;
	seconds += leap - offset;
	if (seconds < 0 || __builtin_mul_overflow((uint64_t)seconds, NS_PER_S, &time_ns) ||
	    __builtin_add_overflow(time_ns, fraction_ns, &time_ns))
		return -ERANGE;
	*ret_time_ns = time_ns;
	return 0;
}
