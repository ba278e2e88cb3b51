/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535
#define NAME_MAX_BYTES 31

struct service {
	uint16_t port;
	bool udp;
	unsigned line; /* of two lines with one port the first gives the name */
	char name[NAME_MAX_BYTES + 1];
};

struct tc_services {
	struct service *rows; /* in the order of ports */
	size_t count, room;
};

/* A line: name, port/protocol, other names, # and a remark. */
static bool parse_line(const char *line, struct service *ret_service)
{
	char protocol[8];
	unsigned port;

	if (sscanf(line, " %31[^# \t\n] %u/%7[a-z]", ret_service->name, &port, protocol) != 3 ||
	    port > PORT_MAX)
		return false;
	ret_service->port = (uint16_t)port;
	ret_service->udp = strcmp(protocol, "udp") == 0;
	return ret_service->udp || strcmp(protocol, "tcp") == 0;
}

static bool append(struct tc_services *services, const struct service *service)
{
	if (services->count == services->room) {
		size_t room = services->room ? 2 * services->room : 256;
		struct service *rows = realloc(services->rows, room * sizeof(*rows));

		if (!rows)
			return false;
		services->rows = rows;
		services->room = room;
	}
	services->rows[services->count++] = *service;
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct service *x = a, *y = b;

	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return (int)x->udp - (int)y->udp;
}

static int compare_lines(const void *a, const void *b)
{
	const struct service *x = a, *y = b;
	int order = compare(a, b);

	return order ? order : x->line < y->line ? -1 : 1;
}

static void sort(struct tc_services *services)
{
	size_t kept = 0;

	if (!services->count)
		return;
	qsort(services->rows, services->count, sizeof(*services->rows), compare_lines);
	for (size_t i = 0; i < services->count; i++)
		if (i == 0 || compare(&services->rows[i], &services->rows[kept - 1]) != 0)
			services->rows[kept++] = services->rows[i];
	services->count = kept;
}

/* Takes the file. */
static struct tc_services *read_all(FILE *file)
{
	struct tc_services *services = file ? calloc(1, sizeof(*services)) : NULL;
	struct service service = {0};
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return NULL;
	for (; services && getline(&line, &room, file) >= 0; service.line++)
		if (parse_line(line, &service) && !append(services, &service))
			break;
	free(line);
	fclose(file);
	if (services)
		sort(services);
	return services;
}

struct tc_services *tc_services_read(const char *path)
{
	return read_all(fopen(path, "re"));
}

struct tc_services *tc_services_parse(const char *text)
{
	return read_all(fmemopen((char *)text, strlen(text), "r"));
}

void tc_services_write(const struct tc_services *services, struct tc_buffer *text)
{
	for (size_t i = 0; i < services->count; i++)
		tc_buffer_printf(text, "%s %u/%s\n", services->rows[i].name, services->rows[i].port,
				 services->rows[i].udp ? "udp" : "tcp");
}

void tc_services_free(struct tc_services *services)
{
	if (!services)
		return;
	free(services->rows);
	free(services);
}

const char *tc_services_name(const struct tc_services *services, uint32_t port, bool udp)
{
	struct service wanted = {.port = (uint16_t)port, .udp = udp};
	const struct service *found;

	if (!services || !services->count || port > PORT_MAX)
		return NULL;
	found = bsearch(&wanted, services->rows, services->count, sizeof(wanted), compare);
	return found ? found->name : NULL;
}
