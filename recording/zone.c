/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/zone.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UTC "UTC0"
#define ZONES "/usr/share/zoneinfo"

/* A name, in angle brackets where it is no word, and what follows: offset, a second name, rules. Of
 * these only the characters are looked at; no path has them all. */
static bool is_rule(const char *zone)
{
	size_t name = *zone == '<' ? strcspn(zone, ">") + 1
				   : strspn(zone, "abcdefghijklmnopqrstuvwxyz"
						  "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (name < 3 || name >= strlen(zone) || strlen(zone) >= TC_ZONE_MAX)
		return false;
	if (!isdigit((unsigned char)zone[name]) && !strchr("+-", zone[name]))
		return false;
	for (; *zone; zone++)
		if (!isalnum((unsigned char)*zone) && !strchr("<>+-,./:", *zone))
			return false;
	return true;
}

/* RFC 9636, 3.3: the file ends with the rule, in a line of its own. */
static bool read_footer(const char *path, char zone[TC_ZONE_MAX])
{
	FILE *file = fopen(path, "re");
	char tail[TC_ZONE_MAX + 2] = {0}, *line;
	size_t length = 0;

	if (!file)
		return false;
	if (fseek(file, -(long)(sizeof(tail) - 1), SEEK_END) < 0)
		rewind(file);
	length = fread(tail, 1, sizeof(tail) - 1, file);
	fclose(file);
	if (!length || tail[length - 1] != '\n')
		return false;
	tail[length - 1] = '\0';
	line = memrchr(tail, '\n', length - 1);
	if (!line || !is_rule(line + 1))
		return false;
	snprintf(zone, TC_ZONE_MAX, "%s", line + 1);
	return true;
}

/* TZ is a file, a file below the directory of zones, or a rule: tzset(3). */
void tc_zone_of_host(const char *root, char zone[TC_ZONE_MAX])
{
	const char *set = getenv("TZ");
	char path[PATH_MAX];

	if (set && *set == ':')
		set++;
	if (!set)
		snprintf(path, sizeof(path), "%s/etc/localtime", root);
	else if (*set == '/')
		snprintf(path, sizeof(path), "%s%s", root, set);
	else
		snprintf(path, sizeof(path), "%s" ZONES "/%s", root, *set ? set : "UTC");
	if (read_footer(path, zone))
		return;
	snprintf(zone, TC_ZONE_MAX, "%s", set && is_rule(set) ? set : UTC);
}

bool tc_zone_use(const char *zone)
{
	bool good = is_rule(zone);

	setenv("TZ", good ? zone : UTC, 1);
	tzset();
	return good;
}
