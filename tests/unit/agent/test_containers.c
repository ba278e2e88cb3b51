/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of container runtimes tell: each runtime's, written here as it writes them; files
 * that are not to be believed; files that come late. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/bracket.h"
#include "agent/buffer.h"
#include "agent/enrich/containers.h"
#include "tests/unit/agent/expect_fields.h"
#include "tests/unit/agent/make_record.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define POD "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define MS 1000000ULL
#define DOCKER "/system.slice/docker-" ID ".scope"
#define DOCKER_CONFIG "/var/lib/docker/containers/" ID "/config.v2.json"
#define DOCKER_HOST "/var/lib/docker/containers/" ID "/hostconfig.json"
#define PODMAN "/machine.slice/libpod-" ID ".scope"
#define PODMAN_STORE "/var/lib/containers/storage/overlay-containers/"
#define USER 54321
#define ROOTLESS                                                                                   \
	"/user.slice/user-54321.slice/user@54321.service/user.slice/libpod-" ID ".scope/container"

struct fixture {
	char root[64];
	struct tc_host *host;
	struct tc_containers *containers;
	struct tc_cgroups *cgroups;
	struct tc_users *users;
	struct tc_cgroup *cgroup;
	int news; /* the last look's */
	struct tc_event event;
	union made made;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	strcpy(fixture->root, "/tmp/tocsin-containers-XXXXXX");
	if (!fixture || !mkdtemp(fixture->root) || tc_event_init(&fixture->event) < 0)
		return -1;
	fixture->host = tc_host_new(fixture->root, geteuid());
	fixture->containers = tc_containers_new(fixture->host);
	fixture->cgroups = tc_cgroups_new();
	fixture->users = tc_users_new();
	tc_users_read(fixture->users, "u:x:54321:54321::/home/u:/bin/sh\n", "");
	*state = fixture;
	return 0;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	tc_cgroups_free(fixture->cgroups);
	tc_containers_free(fixture->containers);
	tc_host_free(fixture->host);
	tc_users_free(fixture->users);
	tc_event_done(&fixture->event);
	nftw(fixture->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(fixture);
	return 0;
}

/* --- files --- */

static const char *below_root(const struct fixture *fixture, const char *path)
{
	static char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s%s", fixture->root, path);
	return whole;
}

static void make_parents(const struct fixture *fixture, const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%s", below_root(fixture, path));
	for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
}

static void write_bytes(const struct fixture *fixture, const char *path, const char *bytes,
			size_t length)
{
	make_parents(fixture, path);
	FILE *file = fopen(below_root(fixture, path), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(below_root(fixture, path), 0644), 0);
}

static void write_file(const struct fixture *fixture, const char *path, const char *text)
{
	write_bytes(fixture, path, text, strlen(text));
}

/* --- events --- */

/* The next event of a cgroup, so many milliseconds after the boot. */
static struct tc_event *see_at(struct fixture *fixture, uint64_t id, const char *path,
			       uint64_t now_ms)
{
	assert_int_equal(tc_cgroups_set(fixture->cgroups, id, path, strlen(path), false), 0);
	fixture->cgroup = tc_cgroups_find(fixture->cgroups, id);
	fixture->news = tc_containers_see(fixture->containers, fixture->cgroup, fixture->users,
					  now_ms * MS);
	assert_true(fixture->news >= 0);
	MAKE(&fixture->made, exit, 10, SECOND, "x");
	tc_event_reset(&fixture->event, &fixture->made.header, tc_kind_info(TC_KIND_exit));
	fixture->event.cgroup = fixture->cgroup;
	return &fixture->event;
}

static struct tc_event *see(struct fixture *fixture, const char *path)
{
	return see_at(fixture, 7, path, 1);
}

/* A field with a text in brackets. */
static void expect_named(struct tc_event *event, const char *name, const char *text,
			 const char *expected)
{
	const struct tc_field *field = tc_field_by_name(name, strlen(name));
	struct tc_value value;

	assert_non_null(field);
	if (!tc_event_get(event, field, tc_bracket_index(text), &value))
		fail_msg("%s[%s] is missing", name, text);
	assert_int_equal(value.length, strlen(expected));
	assert_memory_equal(value.bytes, expected, value.length);
}

static void expect_no_named(struct tc_event *event, const char *name, const char *text)
{
	struct tc_value value;

	assert_false(tc_event_get(event, tc_field_by_name(name, strlen(name)),
				  tc_bracket_index(text), &value));
}

/* --- docker --- */

static const char docker_config[] =
	"{\"ID\":\"" ID "\",\"Name\":\"/shop-web\",\"Image\":\"sha256:" POD "\","
	"\"State\":{\"Running\":true,\"Pid\":4711,"
	"\"StartedAt\":\"2026-01-02T03:04:05.000000006Z\"},"
	"\"Config\":{\"User\":\"www\",\"Image\":\"registry:5000/shop/web:1.4\","
	"\"Labels\":{\"team\":\"shop\",\"7\":\"seven\"},"
	"\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f localhost\"]}},"
	"\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"IPAddress\":\"172.17.0.2\"}}},"
	"\"MountPoints\":{\"/data\":{\"Source\":\"/srv/shop\",\"RW\":true,\"Mode\":\"z\","
	"\"Propagation\":\"rprivate\"},\"/host/proc\":{\"Source\":\"/proc/sys\",\"RW\":false,"
	"\"Mode\":\"ro\",\"Propagation\":\"rslave\"}}}";

static void docker_tells(void **state)
{
	struct fixture *fixture = *state;
	struct tc_event *event;

	write_file(fixture, DOCKER_CONFIG, docker_config);
	write_file(fixture, DOCKER_HOST,
		   "{\"Privileged\":true,\"NetworkMode\":\"bridge\",\"PidMode\":\"host\","
		   "\"IpcMode\":\"container:abc\"}");
	event = see(fixture, DOCKER);
	EXPECT_FIELDS(event, {"container.name", "shop-web"},
		      {"container.image", "registry:5000/shop/web:1.4"},
		      {"container.image.repository", "registry:5000/shop/web"},
		      {"container.image.tag", "1.4"}, {"container.image.digest", "-"},
		      {"container.image.id", POD}, {"container.privileged", "true"},
		      {"container.user", "www"}, {"container.host_pid", "true"},
		      {"container.host_network", "false"}, {"container.host_ipc", "-"},
		      {"container.ip", "172.17.0.2"}, {"container.start_ts", "1767323045000000006"},
		      {"container.healthcheck", "/bin/sh -c curl -f localhost"},
		      {"container.labels", "team:shop, 7:seven"},
		      {"container.mounts", "/srv/shop:/data:z:true:rprivate,"
					   "/proc/sys:/host/proc:ro:false:rslave"},
		      {"container.mount[1]", "/proc/sys:/host/proc:ro:false:rslave"},
		      {"container.mount.dest[0]", "/data"}, {"container.mount.dest[2]", "-"},
		      {"container.label[7]", "seven"}, {"k8s.pod.name", "-"});
	expect_named(event, "container.mount.dest", "/proc*", "/host/proc");
	expect_named(event, "container.mount.rdwr", "/proc*", "false");
	expect_named(event, "container.mount.mode", "/srv/sho?", "z");
	expect_named(event, "container.mount.propagation", "/proc/sys", "rslave");
	expect_named(event, "container.mount.source", "/host/*", "/proc/sys");
	expect_named(event, "container.label", "team", "shop");
	expect_no_named(event, "container.mount.dest", "/proc");
	expect_no_named(event, "container.label", "tea");
}

static void kubernetes_tells_docker_by_labels(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, DOCKER_CONFIG,
		   "{\"Name\":\"/k8s_app_p_n_u_0\",\"Config\":{\"Image\":\"sha256:" POD
		   "\",\"Labels\":{\"io.kubernetes.container.name\":\"app\","
		   "\"io.kubernetes.pod.name\":\"shop-1\",\"io.kubernetes.pod.namespace\":\"prod\","
		   "\"io.kubernetes.pod.uid\":\"u-1\",\"io.kubernetes.sandbox.id\":\"" POD
		   "\"}},\"State\":{\"Running\":true}}");
	EXPECT_FIELDS(see(fixture, "/kubepods/burstable/podu-1/" ID), {"container.name", "app"},
		      {"container.image.id", POD}, {"container.image.repository", "-"},
		      {"container.user", "0"}, {"container.mounts", "-"},
		      {"k8s.pod.name", "shop-1"}, {"k8s.ns.name", "prod"}, {"k8s.pod.uid", "u-1"},
		      {"k8s.pod.id", "u-1"}, {"k8s.pod.sandbox_id", "fedcba987654"},
		      {"k8s.pod.full_sandbox_id", POD});
}

/* --- OCI bundles --- */

#define BIND(source, dest, more)                                                                   \
	"{\"destination\":\"" dest "\",\"type\":\"bind\",\"source\":\"" source                     \
	"\",\"options\":[\"rbind\"" more "]}"
#define SPEC(more)                                                                                 \
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":65535,\"gid\":0}},\"mounts\":["  \
	"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}," BIND(                 \
		"/var/lib/kubelet/x", "/etc/hosts",                                                \
		",\"rprivate\",\"rw\"") "," BIND("/", "/host",                                     \
						 ",\"ro\"") "],"                                   \
							    "\"linux\":{\"namespaces\":[{"         \
							    "\"type\":\"ipc\"},{\"type\":"         \
							    "\"network\",\"path\":"                \
							    "\"/proc/5/ns/"                        \
							    "net\"}],\"maskedPaths\":[\"/proc/"    \
							    "kcore\"]}" more "}"

static void containerd_tells(void **state)
{
	struct fixture *fixture = *state;
	struct tc_event *event;

	write_file(fixture, "/run/containerd/io.containerd.runtime.v2.task/moby/other/config.json",
		   "{}");
	write_file(fixture,
		   "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		   SPEC(",\"annotations\":{\"io.kubernetes.cri.container-name\":\"app\","
			"\"io.kubernetes.cri.image-name\":\"ghcr.io/shop/web@sha256:" POD "\","
			"\"io.kubernetes.cri.sandbox-id\":\"" POD "\","
			"\"io.kubernetes.cri.sandbox-name\":\"shop-1\","
			"\"io.kubernetes.cri.sandbox-uid\":\"u-1\","
			"\"io.kubernetes.cri.sandbox-namespace\":\"prod\"}"));
	event = see(fixture, "/kubepods.slice/cri-containerd-" ID ".scope");
	EXPECT_FIELDS(event, {"container.name", "app"},
		      {"container.image.repository", "ghcr.io/shop/web"},
		      {"container.image.tag", "-"}, {"container.image.digest", "sha256:" POD},
		      {"container.privileged", "false"}, {"container.user", "65535"},
		      {"container.host_pid", "true"}, {"container.host_network", "-"},
		      {"container.host_ipc", "false"},
		      {"container.mounts",
		       "/var/lib/kubelet/x:/etc/hosts::true:rprivate,/:/host::false:"},
		      {"k8s.pod.name", "shop-1"}, {"k8s.ns.name", "prod"}, {"k8s.pod.uid", "u-1"},
		      {"k8s.pod.sandbox_id", "fedcba987654"});
	assert_string_not_equal(get_field(event, "container.start_ts"), "-");
}

static void privileged_is_all_devices_and_nothing_masked(void **state)
{
	static const struct {
		const char *cap, *masked, *device, *privileged;
	} rows[] = {
		{"CAP_SYS_MODULE", "", "{\"allow\":true,\"access\":\"rwm\"}", "true"},
		{"CAP_SYS_MODULE", "", "{\"allow\":true,\"type\":\"a\"}", "true"},
		{"CAP_CHOWN", "", "{\"allow\":true,\"access\":\"rwm\"}", "false"},
		{"CAP_SYS_MODULE", "\"/proc/kcore\"", "{\"allow\":true,\"access\":\"rwm\"}",
		 "false"},
		{"CAP_SYS_MODULE", "", "{\"allow\":true,\"type\":\"c\",\"major\":1}", "false"},
		{"CAP_SYS_MODULE", "", "{\"allow\":false,\"access\":\"rwm\"}", "false"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[1024];

		snprintf(
			text, sizeof(text),
			"{\"process\":{\"capabilities\":{\"bounding\":[\"CAP_SYS_ADMIN\",\"%s\"]}},"
			"\"linux\":{\"maskedPaths\":[%s],\"resources\":{\"devices\":[%s]}}}",
			rows[i].cap, rows[i].masked, rows[i].device);
		write_file(*state,
			   "/run/containerd/io.containerd.runtime.v2.task/default/" ID
			   "/config.json",
			   text);
		/* Another start each time. */
		tc_cgroups_remove(((struct fixture *)*state)->cgroups, 6 + i);
		EXPECT_FIELDS(see_at(*state, 7 + i, "/default/" ID, 1),
			      {"container.privileged", rows[i].privileged});
	}
}

static void crio_tells(void **state)
{
	struct fixture *fixture = *state;
	struct tc_event *event;

	write_file(
		fixture, "/run/containers/storage/overlay-containers/" ID "/userdata/config.json",
		SPEC(",\"annotations\":{\"io.kubernetes.container.name\":\"app\","
		     "\"io.kubernetes.pod.name\":\"shop-1\","
		     "\"io.kubernetes.pod.namespace\":\"prod\",\"io.kubernetes.pod.uid\":\"u-1\","
		     "\"io.kubernetes.cri-o.ImageName\":\"quay.io/shop/web:2\","
		     "\"io.kubernetes.cri-o.ImageRef\":\"" ID "\","
		     "\"io.kubernetes.cri-o.Labels\":\"{\\\"tier\\\":\\\"front\\\"}\","
		     "\"io.kubernetes.cri-o.SandboxID\":\"" POD "\"}"));
	write_file(fixture,
		   "/run/containers/storage/overlay-containers/" POD "/userdata/config.json",
		   "{\"annotations\":{\"io.kubernetes.cri-o.IP.0\":\"10.1.2.3\","
		   "\"io.kubernetes.cri-o.Labels\":\"{\\\"app\\\":\\\"shop\\\"}\"}}");
	event = see(fixture, "/kubepods.slice/crio-" ID ".scope");
	EXPECT_FIELDS(event, {"container.name", "app"}, {"container.image", "quay.io/shop/web:2"},
		      {"container.image.id", ID}, {"container.labels", "tier:front"},
		      {"k8s.pod.labels", "app:shop"}, {"k8s.pod.ip", "10.1.2.3"},
		      {"k8s.pod.name", "shop-1"}, {"k8s.ns.name", "prod"});
	expect_named(event, "k8s.pod.label", "app", "shop");
}

static const char podman_store[] =
	"[{\"id\":\"" POD "\",\"metadata\":\"{}\"},{\"id\":\"" ID "\",\"names\":[\"web\"],"
	"\"image\":\"" POD "\",\"metadata\":\"{\\\"image-name\\\":\\\"localhost/web:1.2\\\","
	"\\\"name\\\":\\\"web\\\",\\\"created-at\\\":1795346007}\"}]";

static void podman_tells(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, PODMAN_STORE ID "/userdata/config.json",
		   SPEC(",\"annotations\":{\"io.podman.annotations.privileged\":\"TRUE\"}"));
	write_file(fixture, PODMAN_STORE "containers.json", podman_store);
	EXPECT_FIELDS(see(fixture, PODMAN), {"container.name", "web"},
		      {"container.image.repository", "localhost/web"},
		      {"container.image.tag", "1.2"}, {"container.image.id", POD},
		      {"container.privileged", "true"});
}

/* What `podman run --rm` started. */
static void podman_tells_of_what_it_removes(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, PODMAN_STORE ID "/userdata/config.json", SPEC(""));
	write_file(fixture, PODMAN_STORE "containers.json", "[]");
	write_file(fixture, PODMAN_STORE "volatile-containers.json", podman_store);
	EXPECT_FIELDS(see(fixture, PODMAN), {"container.name", "web"},
		      {"container.image.tag", "1.2"});
}

static void crun_tells(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, "/run/crun/web/config.json", SPEC(""));
	EXPECT_FIELDS(see(fixture, "/system.slice/crun-web.scope/container"),
		      {"container.name", "web"}, {"container.id", "web"},
		      {"container.runtime", "crun"}, {"container.host_ipc", "false"},
		      {"container.image", "-"});
}

/* --- whose files count --- */

static void need_root(void)
{
	if (geteuid() != 0)
		fail_msg("files of another owner can only be made by root");
}

static void rootless_podman_tells_of_its_user(void **state)
{
	static const char store[] = "/home/u/.local/share/containers/storage/overlay-containers/";
	struct fixture *fixture = *state;
	char path[PATH_MAX];

	need_root();
	snprintf(path, sizeof(path), "%s" ID "/userdata/config.json", store);
	write_file(fixture, path, SPEC(""));
	assert_int_equal(chown(below_root(fixture, path), USER, USER), 0);
	snprintf(path, sizeof(path), "%scontainers.json", store);
	write_file(fixture, path, podman_store);
	/* The store is root's still: not the user's word. */
	EXPECT_FIELDS(see(fixture, ROOTLESS), {"container.name", "-"},
		      {"container.host_ipc", "false"});
	assert_int_equal(chown(below_root(fixture, path), USER, USER), 0);
	tc_cgroups_remove(fixture->cgroups, 7);
	EXPECT_FIELDS(see_at(fixture, 8, ROOTLESS, 2), {"container.name", "web"});
}

/* A user may mount what others own, by FUSE for one, and over his own files. */
static void a_home_ends_at_what_is_mounted_there(void **state)
{
	static const char config[] =
		"/home/u/.local/share/containers/storage/overlay-containers/" ID
		"/userdata/config.json";
	struct fixture *fixture = *state;
	char storage[PATH_MAX];

	need_root();
	write_file(fixture, config, SPEC(""));
	assert_int_equal(chown(below_root(fixture, config), USER, USER), 0);
	snprintf(storage, sizeof(storage), "%s",
		 below_root(fixture, "/home/u/.local/share/containers/storage"));
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount(storage, storage, NULL, MS_BIND, NULL), 0);
	EXPECT_FIELDS(see(fixture, ROOTLESS), {"container.host_ipc", "-"});
	assert_int_equal(umount2(storage, MNT_DETACH), 0);
	tc_cgroups_remove(fixture->cgroups, 7);
	EXPECT_FIELDS(see_at(fixture, 8, ROOTLESS, 2), {"container.host_ipc", "false"});
}

/* A user may call a cgroup of his own like a container of the host. */
static void a_user_cannot_pass_for_a_container_of_the_host(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, DOCKER_CONFIG, docker_config);
	EXPECT_FIELDS(
		see(fixture, "/user.slice/user-54321.slice/user@54321.service/docker-" ID ".scope"),
		{"container.name", "-"}, {"container.image", "-"});
	EXPECT_FIELDS(see_at(fixture, 8, "/user.slice/user-99.slice/docker-" ID ".scope", 1),
		      {"container.name", "-"});
	EXPECT_FIELDS(see_at(fixture, 9, DOCKER, 1), {"container.name", "shop-web"});
}

static void files_of_others_are_refused(void **state)
{
	struct fixture *fixture = *state;

	need_root();
	write_file(fixture, DOCKER_CONFIG, docker_config);
	assert_int_equal(chown(below_root(fixture, DOCKER_CONFIG), USER, 0), 0);
	EXPECT_FIELDS(see(fixture, DOCKER), {"container.name", "-"});
}

static void files_that_others_may_write_are_refused(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, DOCKER_CONFIG, docker_config);
	assert_int_equal(chmod(below_root(fixture, DOCKER_CONFIG), 0664), 0);
	EXPECT_FIELDS(see(fixture, DOCKER), {"container.name", "-"});
}

static void symbolic_links_are_not_followed(void **state)
{
	struct fixture *fixture = *state;
	char target[PATH_MAX];

	write_file(fixture, "/elsewhere.json", docker_config);
	snprintf(target, sizeof(target), "%s", below_root(fixture, "/elsewhere.json"));
	make_parents(fixture, DOCKER_CONFIG);
	assert_int_equal(symlink(target, below_root(fixture, DOCKER_CONFIG)), 0);
	EXPECT_FIELDS(see(fixture, DOCKER), {"container.name", "-"});
}

static void nor_those_of_directories(void **state)
{
	struct fixture *fixture = *state;
	char target[PATH_MAX], directory[PATH_MAX];

	write_file(fixture, "/elsewhere/config.v2.json", docker_config);
	snprintf(target, sizeof(target), "%s", below_root(fixture, "/elsewhere"));
	make_parents(fixture, DOCKER_CONFIG);
	snprintf(directory, sizeof(directory), "%s", below_root(fixture, DOCKER_CONFIG));
	*strrchr(directory, '/') = '\0';
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(symlink(target, directory), 0);
	EXPECT_FIELDS(see(fixture, DOCKER), {"container.name", "-"});
}

/* Nobody writes the other end. */
static void a_fifo_does_not_block(void **state)
{
	struct fixture *fixture = *state;

	make_parents(fixture, DOCKER_CONFIG);
	assert_int_equal(mkfifo(below_root(fixture, DOCKER_CONFIG), 0600), 0);
	EXPECT_FIELDS(see(fixture, DOCKER), {"container.name", "-"});
}

/* --- what is in them --- */

static void broken_files_tell_nothing(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"null",
		"7",
		"{\"Name\":7,\"Config\":[],\"MountPoints\":[1]}",
		"{\"Name\":\"a\\u0000b\",\"Config\":{\"Labels\":{\"x\":7},\"Healthcheck\":{}}}",
		"{\"Config\":{\"Healthcheck\":{\"Test\":[7]}},\"NetworkSettings\":{\"Networks\":[]}"
		"}",
		"\xff\xfe",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(*state, DOCKER_CONFIG, texts[i]);
		EXPECT_FIELDS(see_at(*state, 7 + i, DOCKER, 1), {"container.name", "-"},
			      {"container.image", "-"}, {"container.labels", "-"});
		tc_cgroups_remove(((struct fixture *)*state)->cgroups, 7 + i);
	}
}

static void deep_nesting_is_refused(void **state)
{
	char text[20001];

	memset(text, '[', 20000);
	text[20000] = '\0';
	write_file(*state, DOCKER_CONFIG, text);
	EXPECT_FIELDS(see(*state, DOCKER), {"container.name", "-"});
}

static void huge_files_are_refused(void **state)
{
	size_t length = 3 << 20;
	char *text = malloc(length);

	memset(text, ' ', length);
	memcpy(text, docker_config, sizeof(docker_config) - 1);
	write_bytes(*state, DOCKER_CONFIG, text, length);
	EXPECT_FIELDS(see(*state, DOCKER), {"container.name", "-"});
	free(text);
}

static void long_texts_and_many_labels_are_bounded(void **state)
{
	struct tc_buffer text = {0};
	const char *labels;
	size_t count = 1;

	tc_buffer_add_string(&text, "{\"Name\":\"/");
	for (int i = 0; i < 5000; i++)
		tc_buffer_add_char(&text, 'n');
	tc_buffer_add_string(&text, "\",\"Config\":{\"Labels\":{");
	for (int i = 0; i < 2000; i++)
		tc_buffer_printf(&text, "%s\"l%d\":\"v\"", i ? "," : "", i);
	tc_buffer_add_string(&text, "}}}");
	write_file(*state, DOCKER_CONFIG, text.bytes);
	tc_buffer_done(&text);
	EXPECT_FIELDS(see(*state, DOCKER), {"container.name", "-"});
	labels = get_field(&((struct fixture *)*state)->event, "container.labels");
	for (; *labels; labels++)
		count += *labels == ',';
	assert_int_equal(count, TC_CONTAINER_LABELS_MAX);
}

/* --- when --- */

static void files_that_come_late_are_found(void **state)
{
	struct fixture *fixture = *state;

	EXPECT_FIELDS(see_at(fixture, 7, DOCKER, 1000), {"container.name", "-"});
	write_file(fixture, DOCKER_CONFIG,
		   "{\"Name\":\"/early\",\"Config\":{},\"State\":{\"Running\":false}}");
	EXPECT_FIELDS(see_at(fixture, 7, DOCKER, 1010), {"container.name", "-"});
	EXPECT_FIELDS(see_at(fixture, 7, DOCKER, 1020), {"container.name", "early"},
		      {"container.start_ts", "-"});
	/* It runs now: what tells of the start is read, too, and then no more. */
	write_file(fixture, DOCKER_CONFIG, docker_config);
	EXPECT_FIELDS(see_at(fixture, 7, DOCKER, 1219), {"container.name", "early"});
	EXPECT_FIELDS(see_at(fixture, 7, DOCKER, 1220), {"container.name", "shop-web"},
		      {"container.start_ts", "1767323045000000006"});
	write_file(fixture, DOCKER_CONFIG, "{\"Name\":\"/late\"}");
	EXPECT_FIELDS(see_at(fixture, 7, DOCKER, 99000), {"container.name", "shop-web"});
}

/* So that what was judged of the cgroup before is judged anew. */
static void news_are_told_once_for_each_cgroup(void **state)
{
	struct fixture *fixture = *state;

	see_at(fixture, 7, DOCKER, 1000);
	assert_int_equal(fixture->news, 0);
	assert_false(tc_container_is_settled(fixture->cgroup->entry));
	write_file(fixture, DOCKER_CONFIG, docker_config);
	see_at(fixture, 7, DOCKER, 1020);
	assert_int_equal(fixture->news, 1);
	assert_true(tc_container_is_settled(fixture->cgroup->entry));
	see_at(fixture, 7, DOCKER, 99000);
	assert_int_equal(fixture->news, 0);
	see_at(fixture, 8, DOCKER "/below", 99000);
	assert_int_equal(fixture->news, 1);
	see_at(fixture, 8, DOCKER "/below", 99000);
	assert_int_equal(fixture->news, 0);
}

static void that_nothing_will_be_known_is_news(void **state)
{
	struct fixture *fixture = *state;
	int news = 0;

	for (uint64_t now_ms = 1; now_ms < 30000; now_ms += 10) {
		see_at(fixture, 7, DOCKER, now_ms);
		news += fixture->news;
	}
	assert_int_equal(news, 1);
	assert_true(tc_container_is_settled(fixture->cgroup->entry));
}

static void nobody_looks_for_ever(void **state)
{
	struct fixture *fixture = *state;

	for (uint64_t now_ms = 1; now_ms < 30000; now_ms += 10)
		see_at(fixture, 7, DOCKER, now_ms);
	write_file(fixture, DOCKER_CONFIG, docker_config);
	EXPECT_FIELDS(see_at(fixture, 7, DOCKER, 1000000), {"container.name", "-"});
}

static void cgroups_of_a_container_share_it_and_a_new_start_is_new(void **state)
{
	struct fixture *fixture = *state;

	write_file(fixture, DOCKER_CONFIG, docker_config);
	see_at(fixture, 7, DOCKER, 1);
	write_file(fixture, DOCKER_CONFIG,
		   "{\"Name\":\"/again\",\"Config\":{},\"State\":{\"Running\":true}}");
	EXPECT_FIELDS(see_at(fixture, 8, DOCKER "/system.slice/x.service", 5000),
		      {"container.name", "shop-web"});
	tc_cgroups_remove(fixture->cgroups, 8);
	tc_cgroups_remove(fixture->cgroups, 7);
	EXPECT_FIELDS(see_at(fixture, 9, DOCKER, 6000), {"container.name", "again"});
	/* Those that are gone keep what they were. */
	fixture->event.cgroup = tc_cgroups_find(fixture->cgroups, 7);
	tc_event_reset(&fixture->event, &fixture->made.header, tc_kind_info(TC_KIND_exit));
	fixture->event.cgroup = tc_cgroups_find(fixture->cgroups, 7);
	EXPECT_FIELDS(&fixture->event, {"container.name", "shop-web"});
}

/* --- containers called by a name --- */

static void lxc_and_nspawn_tell(void **state)
{
	write_file(*state, "/var/lib/lxc/db/config",
		   "# own\nlxc.uts.name = db\n"
		   "lxc.mount.entry = /srv/db var/lib/db none bind,create=dir 0 0\n"
		   "lxc.mount.entry = proc proc proc nodev 0 0\nlxc.mount.entry =\n");
	EXPECT_FIELDS(see_at(*state, 7, "/lxc.payload.db", 1), {"container.name", "db"},
		      {"container.mounts", "/srv/db:/var/lib/db::true:"}, {"container.image", "-"});
	write_file(*state, "/run/systemd/machines/deb-12",
		   "NAME=deb-12\nSCOPE=machine-deb\\x2d12.scope\nREALTIME=1767323045000006\n");
	EXPECT_FIELDS(see_at(*state, 8, "/machine.slice/machine-deb\\x2d12.scope/payload", 1),
		      {"container.name", "deb-12"}, {"container.start_ts", "1767323045000006000"});
	/* No file: the name is told by the cgroup. */
	EXPECT_FIELDS(see_at(*state, 9, "/lxc.payload.gone", 1), {"container.name", "gone"});
}

/* Whoever may make cgroups in a container may call one so. */
static void escapes_of_units_that_are_none_stay_as_they_are(void **state)
{
	EXPECT_FIELDS(see_at(*state, 7, "/machine.slice/machine-a\\x4.scope", 1),
		      {"container.name", "a\\x4"});
	EXPECT_FIELDS(see_at(*state, 8, "/machine.slice/machine-a\\x.scope", 1),
		      {"container.name", "a\\x"});
	EXPECT_FIELDS(see_at(*state, 9, "/machine.slice/machine-a\\x-1b\\x00\\x2d.scope", 1),
		      {"container.name", "a\\x-1b\\x00-"});
}

static void the_host_is_no_container(void **state)
{
	EXPECT_FIELDS(see(*state, "/system.slice/ssh.service"), {"container.name", "host"},
		      {"container.image", "-"}, {"container.mounts", "-"}, {"k8s.ns.name", "-"});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(docker_tells),
		TEST(kubernetes_tells_docker_by_labels),
		TEST(containerd_tells),
		TEST(privileged_is_all_devices_and_nothing_masked),
		TEST(crio_tells),
		TEST(podman_tells),
		TEST(podman_tells_of_what_it_removes),
		TEST(crun_tells),
		TEST(rootless_podman_tells_of_its_user),
		TEST(a_home_ends_at_what_is_mounted_there),
		TEST(a_user_cannot_pass_for_a_container_of_the_host),
		TEST(files_of_others_are_refused),
		TEST(files_that_others_may_write_are_refused),
		TEST(symbolic_links_are_not_followed),
		TEST(nor_those_of_directories),
		TEST(a_fifo_does_not_block),
		TEST(broken_files_tell_nothing),
		TEST(deep_nesting_is_refused),
		TEST(huge_files_are_refused),
		TEST(long_texts_and_many_labels_are_bounded),
		TEST(files_that_come_late_are_found),
		TEST(nobody_looks_for_ever),
		TEST(news_are_told_once_for_each_cgroup),
		TEST(that_nothing_will_be_known_is_news),
		TEST(cgroups_of_a_container_share_it_and_a_new_start_is_new),
		TEST(lxc_and_nspawn_tell),
		TEST(escapes_of_units_that_are_none_stay_as_they_are),
		TEST(the_host_is_no_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
