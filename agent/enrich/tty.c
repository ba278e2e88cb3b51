/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/tty.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Documentation/admin-guide/devices.txt. The longer of two prefixes stands first. */
static const struct {
	const char *prefix;
	uint32_t major, minor, count; /* first minor, and how many there are */
} drivers[] = {
	{"pts", 136, 0, 1U << 20}, {"ttyS", 4, 64, 192},    {"ttyAMA", 204, 64, 16},
	{"ttyUSB", 188, 0, 256},   {"ttyACM", 166, 0, 256}, {"hvc", 229, 0, 256},
	{"tty", 4, 0, 64},
};

/* new_encode_dev() of include/linux/kdev_t.h. */
static uint32_t encode(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
}

/* Decimal digits and nothing else; at most count - 1. */
static bool parse_index(const char *text, size_t length, uint32_t count, uint32_t *ret_index)
{
	uint32_t index = 0;

	if (!length || length > 7)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		index = index * 10 + (uint32_t)(text[i] - '0');
	}
	*ret_index = index;
	return index < count;
}

uint32_t tc_tty_number(const char *name, size_t length)
{
	uint32_t index;

	for (size_t i = 0; i < COUNT(drivers); i++) {
		size_t prefix = strlen(drivers[i].prefix);

		if (length > prefix && memcmp(name, drivers[i].prefix, prefix) == 0 &&
		    parse_index(name + prefix, length - prefix, drivers[i].count, &index))
			return encode(drivers[i].major, drivers[i].minor + index);
	}
	return TC_TTY_OTHER;
}

size_t tc_tty_name(uint32_t number, char name[TC_TTY_NAME_MAX])
{
	uint32_t major = number >> 8 & 0xfff, minor = (number & 0xff) | (number >> 12 & 0xfff00);

	for (size_t i = 0; i < COUNT(drivers); i++)
		if (drivers[i].major == major && minor >= drivers[i].minor &&
		    minor - drivers[i].minor < drivers[i].count)
			return (size_t)snprintf(name, TC_TTY_NAME_MAX, "%s%u", drivers[i].prefix,
						minor - drivers[i].minor);
	return 0;
}
