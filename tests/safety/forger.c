/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forger DIRECTORY [JOURNAL]: makes what an agent pinned there look as if an agent of another
 * version had, whose records nobody can read; or one with that journal. For guests.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>

#include "agent/pins.h"

int main(int argc, char **argv)
{
	static struct tc_pins_about about;
	char path[PATH_MAX];
	unsigned zero = 0;
	int map;

	if (argc != 2 && argc != 3)
		return 2;
	snprintf(path, sizeof(path), "%s/%s", argv[1], TC_PINS_ABOUT);
	map = bpf_obj_get(path);
	if (map < 0 || bpf_map_lookup_elem(map, &zero, &about) < 0) {
		perror(path);
		return 1;
	}
	if (argc == 3) {
		snprintf(about.journal, sizeof(about.journal), "%s", argv[2]);
	} else {
		strcpy(about.fingerprint, "0123456789abcdef");
		strcpy(about.version, "0.0.1");
	}
	return bpf_map_update_elem(map, &zero, &about, BPF_ANY) < 0;
}
