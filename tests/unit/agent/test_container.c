/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroup paths as runtimes make them, and the container each is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/enrich/container.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define USER "/user.slice/user-1000.slice/user@1000.service"
#define POD_SLICE                                                                                  \
	"/kubepods.slice/kubepods-burstable.slice/"                                                \
	"kubepods-burstable-pod1b2c3d4e_5f60_7182_93a4_b5c6d7e8f901.slice"
#define POD "/kubepods/besteffort/pod1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901"
#define TASK "1234567890abcdef1234567890abcdef"

/* id NULL: not in a container. runtime NULL: not told by the path. */
static const struct {
	const char *path, *id, *runtime;
} shapes[] = {
	{"/", NULL, NULL},
	{"/init.scope", NULL, NULL},
	{"/system.slice/ssh.service", NULL, NULL},
	{USER "/app.slice/app-gnome-firefox-1234.scope", NULL, NULL},
	{"/user.slice/user-1000.slice/session-3.scope", NULL, NULL},
	{"/system.slice/containerd.service", NULL, NULL},
	{"/system.slice/docker.service", NULL, NULL},
	/* docker */
	{"/system.slice/docker-" A ".scope", A, "docker"},
	{"/docker/" A, A, "docker"},
	{"/docker/" A "/init.scope", A, "docker"},
	{USER "/user.slice/docker-" A ".scope", A, "docker"},
	{"/system.slice:docker:" A, A, "docker"},
	{"/actions_job/" A, A, "docker"},
	{"/moby/" A, A, "docker"},
	{"/my-parent/" A, A, NULL},
	{"/custom.slice/docker-" A ".scope", A, "docker"},
	/* docker in docker: the inner one */
	{"/docker/" A "/docker/" B, B, "docker"},
	{"/system.slice/docker-" A ".scope/docker/" B, B, "docker"},
	{"/docker/" A "/system.slice/docker-" B ".scope", B, "docker"},
	/* systemd in a container */
	{"/system.slice/docker-" A ".scope/system.slice/nginx.service", A, "docker"},
	/* Kubernetes */
	{POD_SLICE "/cri-containerd-" A ".scope", A, "containerd"},
	{POD_SLICE "/docker-" A ".scope", A, "docker"},
	{POD_SLICE "/crio-" A ".scope", A, "cri-o"},
	{POD_SLICE "/crio-" A ".scope/container", A, "cri-o"},
	{POD_SLICE "/crio-conmon-" A ".scope", NULL, NULL},
	{POD_SLICE, NULL, NULL},
	{POD "/" A, A, "kubernetes"},
	{"/kubepods/pod1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901/" A, A, "kubernetes"},
	{"/kubepods/burstable/pod1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901/crio-" A, A, "cri-o"},
	{POD, NULL, NULL},
	{"/system.slice/containerd.service/kubepods-besteffort-pod1b2c.slice:cri-containerd:" A, A,
	 "containerd"},
	{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1b2c.slice/cri-containerd-" A
	 ".scope",
	 A, "containerd"},
	/* Kubernetes in docker */
	{"/docker/" A "/kubelet/kubepods/besteffort/pod1b2c/" B, B, "kubernetes"},
	{"/system.slice/docker-" A ".scope/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" B
	 ".scope",
	 B, "containerd"},
	/* containerd by itself */
	{"/default/" A, A, "containerd"},
	{"/k8s.io/" A, A, "containerd"},
	{"/system.slice/nerdctl-" A ".scope", A, "containerd"},
	{USER "/user.slice/nerdctl-" A ".scope", A, "containerd"},
	/* Podman */
	{"/machine.slice/libpod-" A ".scope", A, "podman"},
	{"/machine.slice/libpod-" A ".scope/container", A, "podman"},
	{"/machine.slice/libpod-conmon-" A ".scope", NULL, NULL},
	{"/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", A, "podman"},
	{USER "/user.slice/libpod-" A ".scope/container", A, "podman"},
	{"/system.slice/crun-web.scope/container", "web", "crun"},
	{USER "/user.slice/libpod-conmon-" A ".scope", NULL, NULL},
	{"/libpod_parent/libpod-" A, A, "podman"},
	{"/libpod_parent/" A, A, "podman"},
	{"/libpod_parent/conmon", NULL, NULL},
	{"/system.slice/web.service/libpod-payload-" A, A, "podman"},
	{"/system.slice/web.service/supervisor", NULL, NULL},
	/* LXC */
	{"/lxc/web", "web", "lxc"},
	{"/lxc/web/system.slice/ssh.service", "web", "lxc"},
	{"/lxc.payload.web", "web", "lxc"},
	{"/lxc.payload.web/init.scope", "web", "lxc"},
	{"/lxc.payload/web", "web", "lxc"},
	{"/lxc.monitor.web", NULL, NULL},
	{"/lxc.payload.web/docker/" A, A, "docker"},
	/* machined */
	{"/machine.slice/machine-fedora.scope", "fedora", "systemd-nspawn"},
	{"/machine.slice/systemd-nspawn@fedora.service/payload", "fedora", "systemd-nspawn"},
	{"/machine.slice/systemd-nspawn@fedora.service/payload/system.slice/ssh.service", "fedora",
	 "systemd-nspawn"},
	{"/machine.slice/systemd-nspawn@fedora.service/supervisor", NULL, NULL},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", NULL, NULL},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", NULL, NULL},
	{"/machine.slice/machine-lxc\\x2d1\\x2dweb.scope", "1\\x2dweb", "lxc"},
	/* others */
	{"/ecs/" TASK "/" TASK "-3012345678", TASK "-3012345678", "containerd"},
	{"/ecs/55091c13-b8cf-4801-b527-f4601742204d/" A, A, "docker"},
	{"/ecstasks.slice/ecstasks-" TASK ".slice/docker-" A ".scope", A, "docker"},
	{"/mesos/1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901", "1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901",
	 "mesos"},
	/* nearly, but not */
	{"/system.slice/var-lib-docker-overlay2-" A "-merged.mount", NULL, NULL},
	{"/system.slice/docker-0123456789ab.scope", NULL, NULL},
	{"/system.slice/"
	 "docker-0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef.scope",
	 NULL, NULL},
	{"/docker/" A "0", NULL, NULL},
	{"/docker", NULL, NULL},
	{"/lxc", NULL, NULL},
	{"//", NULL, NULL},
	{"/mesos/1b2c3d4e-5f60-7182-93a4+b5c6d7e8f901", NULL, NULL},
	{"docker/" A, NULL, NULL},
	{"", NULL, NULL},
};

static void each_shape_gives_its_container(void **state)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const char *path = shapes[i].path;
		struct tc_container container;
		bool found = tc_container_find(path, (uint32_t)strlen(path), &container);

		if (found != (shapes[i].id != NULL))
			fail_msg("%s: %s", path, found ? "is no container" : "is a container");
		if (!found)
			continue;
		if (container.id_length != strlen(shapes[i].id) ||
		    memcmp(path + container.id_offset, shapes[i].id, container.id_length) != 0)
			fail_msg("%s: id is %.*s", path, (int)container.id_length,
				 path + container.id_offset);
		if (!shapes[i].runtime ? container.runtime != NULL
				       : !container.runtime ||
						 strcmp(container.runtime, shapes[i].runtime) != 0)
			fail_msg("%s: runtime is %s", path,
				 container.runtime ? container.runtime : "not told");
	}
}

/* No byte behind the path is looked at. */
static void paths_need_no_end(void **state)
{
	const char path[] = "/ecs/" TASK "/" TASK "-3012345678";
	struct tc_container container;

	for (size_t length = 0; length < sizeof(path); length++) {
		char *exact = malloc(length + 1);

		memcpy(exact + 1, path, length);
		tc_container_find(exact + 1, (uint32_t)length, &container);
		free(exact);
	}
}

static void long_paths_take_no_time(void **state)
{
	char path[4096];
	struct tc_container container;

	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? 'a' : '/';
	for (unsigned n = 0; n < 1000; n++)
		assert_false(tc_container_find(path, sizeof(path), &container));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_gives_its_container),
		cmocka_unit_test(paths_need_no_end),
		cmocka_unit_test(long_paths_take_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
