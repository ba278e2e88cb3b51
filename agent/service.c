/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/service.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"

/* How long a step may take. The verifier needs a third of a second for all programs; on an emulated
 * processor that others kept busy it was two minutes. */
#define STEP_USEC "300000000"
/* The same of a part of a step, and how often one is told. */
#define PART_USEC "30000000"
#define PROGRESS_NS 1000000000ULL

/* Assignments, one in each line. Who is told may be gone: that is not the agent's business. */
static void tell(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	int fd;

	/* A path, or a name in the abstract space that begins with @. */
	if (!length || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		tc_debug("the service manager does not listen: %s", strerror(errno));
	close(fd);
}

void tc_service_init(struct tc_service *service)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	*service = (struct tc_service){0};
	if (usec && (!pid || strtol(pid, NULL, 10) == getpid()))
		service->ping_ns = strtoull(usec, NULL, 10) * 1000 / 3;
}

void tc_service_ready(const char *format, ...)
{
	char lines[512] = "READY=1\nSTATUS=";
	size_t length = strlen(lines);
	va_list args;

	va_start(args, format);
	vsnprintf(lines + length, sizeof(lines) - length, format, args);
	va_end(args);
	tell(lines);
}

void tc_service_reloading(void)
{
	char lines[128];

	/* The time is asked for by Type=notify-reload. */
	snprintf(lines, sizeof(lines),
		 "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reading configuration and rules anew",
		 (unsigned long long)(tc_clock_monotonic_ns() / 1000));
	tell(lines);
}

void tc_service_stopping(void)
{
	tell("STOPPING=1\nSTATUS=committing and delivering what is left");
}

void tc_service_alive(struct tc_service *service)
{
	uint64_t now_ns = service->ping_ns ? tc_clock_monotonic_ns() : 0;

	if (!service->ping_ns || now_ns - service->pinged_ns < service->ping_ns)
		return;
	service->pinged_ns = now_ns;
	tell("WATCHDOG=1");
}

void tc_service_step(const char *what)
{
	char lines[256];

	snprintf(lines, sizeof(lines), "EXTEND_TIMEOUT_USEC=" STEP_USEC "\nSTATUS=%s", what);
	tell(lines);
}

/* The manager never takes a longer time back, and asks for no other sign of life meanwhile. */
void tc_service_progress(void *context)
{
	struct tc_service *service = context;
	uint64_t now_ns = tc_clock_monotonic_ns();

	if (service->progress_ns && now_ns - service->progress_ns < PROGRESS_NS)
		return;
	service->progress_ns = now_ns;
	tell("EXTEND_TIMEOUT_USEC=" PART_USEC);
}
