/* SPDX-License-Identifier: Apache-2.0 */
/* The host that the agent runs on: /proc, the cgroup file system, /etc, files of container
 * runtimes. */
#include "agent/enrich/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/enrich/container_reader.h"
#include "agent/enrich/scan.h"

struct live_host {
	struct tc_host host;
	struct tc_cgroupfs *fs; /* NULL: not mounted */
	uint32_t owner;
	struct tc_scan scan;
	char root[];
};

static struct live_host *live(struct tc_host *host)
{
	return (struct live_host *)host;
}

static int about(struct tc_host *host, struct tc_host_about *ret_about)
{
	*ret_about = (struct tc_host_about){0};
	ret_about->now_ns = tc_clock_boot_ns();
	tc_clock_measure(&ret_about->clock);
	tc_clock_boot_id(ret_about->boot_id);
	if (gethostname(ret_about->hostname, TC_HOSTNAME_MAX) < 0)
		ret_about->hostname[0] = '\0';
	return 0;
}

static void measure(struct tc_host *host, struct tc_clock *clock)
{
	tc_clock_measure(clock);
}

static int users(struct tc_host *host, struct tc_users *names)
{
	return tc_users_refresh(names, live(host)->root);
}

static struct tc_services *services(struct tc_host *host)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/etc/services", live(host)->root);
	return tc_services_read(path);
}

static int each_cgroup(struct tc_host *host, tc_cgroup_visitor visit, void *data)
{
	struct live_host *self = live(host);
	int error = self->fs ? 0 : tc_cgroupfs_open(&self->fs);

	return error < 0 ? error : tc_cgroupfs_walk(self->fs, visit, data);
}

static int cgroup_path(struct tc_host *host, uint64_t id, char path[TC_CGROUP_PATH_MAX],
		       size_t *ret_length)
{
	struct tc_cgroupfs *fs = live(host)->fs;

	return fs ? tc_cgroupfs_path(fs, id, path, ret_length) : -ENOENT;
}

static int each_process(struct tc_host *host, tc_process_visitor visit, void *data)
{
	return tc_scan_each(live(host)->fs, visit, data);
}

static int process(struct tc_host *host, uint32_t tgid, const struct tc_process_facts **ret_facts)
{
	struct live_host *self = live(host);
	int error = tc_scan_process(&self->scan, tgid, self->fs);

	if (error == 0)
		*ret_facts = &self->scan.facts;
	return error;
}

static int process_start(struct tc_host *host, uint32_t tgid, uint64_t *ret_start_ns)
{
	return tc_scan_start(tgid, ret_start_ns);
}

static int container(struct tc_host *host, const struct tc_container_question *question,
		     const char *runtime, struct tc_container_facts *facts)
{
	struct tc_container_question whole = *question;

	whole.root = live(host)->root;
	if (!question->home)
		whole.owner = live(host)->owner;
	return tc_container_read_any(&whole, runtime, facts);
}

static void live_free(struct tc_host *host)
{
	tc_cgroupfs_close(live(host)->fs);
	free(host);
}

static const struct tc_host_ops live_ops = {
	.about = about,
	.clock = measure,
	.users = users,
	.services = services,
	.each_cgroup = each_cgroup,
	.cgroup_path = cgroup_path,
	.each_process = each_process,
	.process = process,
	.process_start = process_start,
	.container = container,
	.free = live_free,
};

struct tc_host *tc_host_new(const char *root, uint32_t owner)
{
	struct live_host *self = malloc(sizeof(*self) + strlen(root) + 1);

	if (!self)
		return NULL;
	self->host.ops = &live_ops;
	self->fs = NULL;
	self->owner = owner;
	strcpy(self->root, root);
	return &self->host;
}

void tc_host_free(struct tc_host *host)
{
	if (host)
		host->ops->free(host);
}
