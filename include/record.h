/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The wire record: what a probe writes into a ring and the agent reads from it.
 *
 * A record is a struct tc_<event> (header, then the event's members, all expanded from
 * schema/events.def) followed by the bytes that its slots point to. All numbers are in host byte
 * order. Included by both halves; the BPF side gets its integer types from vmlinux.h, the agent's
 * from linux/types.h.
 */
#ifndef TOCSIN_RECORD_H
#define TOCSIN_RECORD_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define TC_RECORD_VERSION 2

/* Longest parts, in bytes. What is longer is cut, and the slot tells the true size. */
#define TC_PATH_MAX 4096
#define TC_ARGS_MAX 8192
/* Of longer arguments so many bytes of the end are kept, behind TC_ARGS_GAP: one more argument, in
 * the place of all that is left out. What matters often stands last. */
#define TC_ARGS_LAST 2048
#define TC_ARGS_GAP "..."
#define TC_ENV_MAX 4096
#define TC_TEXT_MAX 1024
#define TC_COMM_MAX 16
/* An internet address on the wire: of IPv6; of IPv4 as ::ffff:a.b.c.d. */
#define TC_IP_BYTES 16
/* The bytes behind the fixed part: more than any event's slots can add up to. */
#define TC_TAIL_MAX 28672
#define TC_FIXED_MAX 512
#define TC_RECORD_MAX (TC_FIXED_MAX + TC_TAIL_MAX)

/* A number that stands for "there is no value". */
#define TC_ABSENT_U32 0xffffffffU

/* The same for signed ones. */
#define TC_ABSENT_S32 (-0x7fffffff - 1)

/* tc_record.flags */
#define TC_RECORD_IO_URING                                                                         \
	(1U << 0) /* on behalf of an io_uring submission: evt.type is the twin's name */
#define TC_RECORD_KERNEL (1U << 1) /* the actor is a kernel thread */
#define TC_RECORD_COMPAT (1U << 2) /* tc_record.syscall is an i386 number */
#define TC_RECORD_CALLER                                                                           \
	(1U << 3) /* paths are the caller's words, neither resolved nor safe from races */
#define TC_RECORD_CUT (1U << 4)	       /* at least one slot was cut */
#define TC_RECORD_UNREADABLE (1U << 5) /* at least one slot could not be read */
#define TC_RECORD_FALLBACK (1U << 6)   /* seen by a tracepoint, not by an LSM hook */

/* tc_slot.flags */
#define TC_SLOT_PRESENT (1U << 0)    /* there is a value; without this bit the field has none */
#define TC_SLOT_CUT (1U << 1)	     /* size bytes there were, stored bytes were kept */
#define TC_SLOT_UNREADABLE (1U << 2) /* the bytes could not be read from offset stored on */
#define TC_SLOT_DELETED (1U << 3)    /* path: the file has no name any more */
#define TC_SLOT_DETACHED (1U << 4)   /* path: does not lead to the root of a mount namespace */
/* Path: in doubt, since a rename ran while it was walked, twice, or its mount is not known. */
#define TC_SLOT_RACED (1U << 5)
#define TC_SLOT_TAIL (1U << 6) /* cut: the last bytes were kept, not the first */

/*
 * A variable part of a record. stored bytes lie at offset from the start of the record. They are
 * raw: neither UTF-8 nor NUL-terminated. Lists (show: args) hold each string with its terminating
 * NUL.
 */
struct tc_slot {
	__u32 size; /* true size in bytes; equals stored unless cut or unreadable */
	__u16 offset;
	__u16 stored;
	__u32 flags; /* TC_SLOT_* */
};

/* Wire types that rows of the schema may use. */
#define TC_WIRE_u16 __u16
#define TC_WIRE_u32 __u32
#define TC_WIRE_u64 __u64
#define TC_WIRE_s32 __s32
#define TC_WIRE_s64 __s64
#define TC_WIRE_slot struct tc_slot
#define TC_WIRE_comm struct tc_comm

struct tc_comm {
	char bytes[TC_COMM_MAX]; /* NUL-terminated */
};

struct tc_record {
#define TC_HEADER(wire, member, show, name, doc) TC_WIRE_##wire member;
#include "schema/header.def"
#undef TC_HEADER
};

#define TC_EVENT(name, number, family, traits, syscalls, doc)                                      \
	struct tc_##name {                                                                         \
		struct tc_record header;
#define TC_FIELD(event, wire, member, show, name, doc) TC_WIRE_##wire member;
#define TC_END(event)                                                                              \
	}                                                                                          \
	;
#include "schema/events.def"

/* The members that TC_SOCKET puts into an event, from its member family on. All are aligned to four
 * bytes, so they lie alike in every event. */
#include "schema/socket.def"
struct tc_socket_part {
#define TC_FIELD(event, wire, member, show, name, doc) TC_WIRE_##wire member;
	TC_SOCKET(any)
#undef TC_FIELD
};

/* Values of tc_record.kind: TC_KIND_exec and so on. All below TC_KIND_LIMIT, so that sets of kinds
 * fit 64 bits. */
enum tc_kind {
	TC_KIND_NONE = 0,
#define TC_EVENT(name, number, family, traits, syscalls, doc) TC_KIND_##name = number,
#include "schema/events.def"
	TC_KIND_LIMIT = 64,
};

#define TC_KIND_BIT(kind) (1ULL << (kind))

/* Largest error of a system call (include/linux/err.h: MAX_ERRNO). */
#define TC_ERROR_MAX 4095

enum tc_verdict {
	TC_VERDICT_NONE = 0,
	TC_VERDICT_ALERTED = 1,
	TC_VERDICT_WOULD_BLOCK = 2,
	TC_VERDICT_BLOCKED = 3,
	TC_VERDICT_KILLED = 4,
};

/* Values of mount.op. */
enum tc_mount_op {
	TC_MOUNT_NEW = 1,
	TC_MOUNT_BIND = 2,
	TC_MOUNT_REMOUNT = 3,
	TC_MOUNT_MOVE = 4,
	TC_MOUNT_PROPAGATION = 5,
};

/* Values of trace.door. */
enum tc_trace_door {
	TC_DOOR_OTHER = 0,
	TC_DOOR_ATTACH = 1,
	TC_DOOR_SEIZE = 2,
	TC_DOOR_TRACEME = 3,
	TC_DOOR_VM_READ = 4,
	TC_DOOR_VM_WRITE = 5,
	TC_DOOR_MEM = 6,
	TC_DOOR_GETFD = 7,
};

/* Why an event was lost. Those below TC_LOSS_RING_MAX happen in a ring: index of
 * tc_ring_state.lost. */
enum tc_loss_reason {
	TC_LOSS_RING_FULL = 0,	/* the ring had no room */
	TC_LOSS_NO_SCRATCH = 1, /* every scratch slot of the CPU was taken */
	TC_LOSS_GAP = 2, /* numbers are missing and no counter says why; counted by the agent */
	TC_LOSS_RING_MAX = 3,
	/* Behind the rings, in the agent: on no CPU. */
	TC_LOSS_JOURNAL_FULL = TC_LOSS_RING_MAX, /* the journal could not be written, and its memory
						    was full: alerts, not events */
	TC_LOSS_REFUSED,			 /* the record could not be decoded */
	TC_LOSS_RETENTION,    /* taken from the journal before every output had them: alerts */
	TC_LOSS_JOURNAL_GONE, /* in a journal that was damaged, removed or replaced: alerts */
	TC_LOSS_AUDIT,	      /* seen and judged, but the audit log could not keep it */
	TC_LOSS_SKIPPED,      /* the kernel left out the program that would have seen it */
	TC_LOSS_LIMIT,
};

#endif
