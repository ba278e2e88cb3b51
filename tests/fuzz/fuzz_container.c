/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of container runtimes as whoever owns a runtime may write them. The first byte chooses the
 * runtime; what follows is its first file, and behind a NUL its second.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/enrich/container_reader.h"
#include "fuzz.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define STORE "containers/storage/overlay-containers/"

static const struct {
	tc_container_read read;
	const char *files[2];
} runtimes[] = {
	{tc_container_read_docker,
	 {"/var/lib/docker/containers/" ID "/config.v2.json",
	  "/var/lib/docker/containers/" ID "/hostconfig.json"}},
	{tc_container_read_containerd,
	 {"/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json"}},
	{tc_container_read_crio, {"/run/" STORE ID "/userdata/config.json"}},
	{tc_container_read_podman,
	 {"/var/lib/" STORE ID "/userdata/config.json", "/var/lib/" STORE "containers.json"}},
	{tc_container_read_lxc, {"/var/lib/lxc/" ID "/config"}},
	{tc_container_read_nspawn, {"/run/systemd/machines/" ID}},
};

#define N_RUNTIMES (sizeof(runtimes) / sizeof(runtimes[0]))

static char root[] = "/tmp/tocsin-fuzz-XXXXXX";

/* Opens a file below the root for writing, and makes what leads to it. */
static int create(const char *name)
{
	char path[512];
	int fd;

	fuzz_need(snprintf(path, sizeof(path), "%s%s", root, name) < (int)sizeof(path));
	for (char *slash = strchr(path + sizeof(root), '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		fuzz_need(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	fuzz_need(fd >= 0);
	return fd;
}

static int files[N_RUNTIMES][2];

static void clean_up(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	fuzz_need(system(command) == 0);
}

static void prepare(void)
{
	fuzz_need(mkdtemp(root));
	atexit(clean_up);
	for (size_t i = 0; i < N_RUNTIMES; i++)
		for (size_t j = 0; j < 2 && runtimes[i].files[j]; j++)
			files[i][j] = create(runtimes[i].files[j]);
}

static void write_file(int fd, const uint8_t *bytes, size_t size)
{
	fuzz_need(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
}

/* Whether texts are whole, for the sanitizer. */
static size_t look(const char *text)
{
	return text ? strlen(text) : 0;
}

static size_t look_at_labels(const struct tc_container_labels *labels)
{
	size_t length = 0;

	fuzz_need(labels->count <= TC_CONTAINER_LABELS_MAX);
	for (size_t i = 0; i < labels->count; i++)
		length += look(labels->rows[i].name) + look(labels->rows[i].value);
	return length;
}

static void look_at_all(const struct tc_container_facts *facts)
{
	size_t length = look_at_labels(&facts->labels) + look_at_labels(&facts->pod_labels);

	for (size_t i = 0; i < TC_CONTAINER_TEXTS; i++) {
		fuzz_need(look(facts->texts[i]) <= TC_CONTAINER_TEXT_MAX);
		length += look(facts->texts[i]);
	}
	fuzz_need(facts->n_mounts <= TC_CONTAINER_MOUNTS_MAX);
	for (size_t i = 0; i < facts->n_mounts; i++)
		length += look(facts->mounts[i].source) + look(facts->mounts[i].dest) +
			  look(facts->mounts[i].mode) + look(facts->mounts[i].propagation);
	/* Nobody leaves it out. */
	fuzz_need(length < SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input input = {bytes, size};
	struct tc_container_question question = {.root = root, .owner = geteuid(), .id = ID};
	struct tc_container_facts facts = {0};
	unsigned runtime = fuzz_below(&input, N_RUNTIMES);
	const uint8_t *nul = input.left ? memchr(input.at, '\0', input.left) : NULL;
	size_t first = nul && runtimes[runtime].files[1] ? (size_t)(nul - input.at) : input.left;

	if (!files[0][0])
		prepare();
	write_file(files[runtime][0], input.at, first);
	if (runtimes[runtime].files[1])
		write_file(files[runtime][1], input.at + first + (nul != NULL),
			   input.left - first - (nul != NULL));
	runtimes[runtime].read(&question, &facts);
	look_at_all(&facts);
	tc_arena_done(&facts.arena);
	return 0;
}
