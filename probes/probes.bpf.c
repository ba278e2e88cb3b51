/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * All probes as one object: they share maps and global functions. One file for each family; which
 * programs are loaded is chosen by the agent from what the running kernel has
 * (include/schema/hooks.def).
 */
#include "probes/lib/opened.h"
#include "probes/lib/inode.h"
#include "probes/lib/socket.h"
#include "probes/lib/target.h"
#include "probes/lib/types.h"

#include "probes/process.bpf.c"
#include "probes/identity.bpf.c"
#include "probes/cgroup.bpf.c"
#include "probes/file.bpf.c"
#include "probes/mmap.bpf.c"
#include "probes/dup.bpf.c"
#include "probes/mount.bpf.c"
#include "probes/trace.bpf.c"
#include "probes/signal.bpf.c"
#include "probes/namespace.bpf.c"
#include "probes/code.bpf.c"
#include "probes/network.bpf.c"
#include "probes/fallback/fallback.bpf.c"

/* Of the two licences the kernel is told the one that it asks for. */
char LICENSE[] SEC("license") = "GPL";
