/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/feed/records.h"

#include <stdio.h>
#include <string.h>

#include "agent/enrich/clock.h"

#define FIRST_CGROUP 1000
#define FIRST_TGID 5000
#define PROCESSES 64

/* What breaks quoting, lines, columns, key=value pairs, markup, terminals and UTF-8 decoders. The
 * last ones are repeated until they are long. */
static const struct {
	const char *bytes;
	size_t length;
	unsigned times;
} hostile_names[] = {
#define NAME(text, times)                                                                          \
	{                                                                                          \
		text, sizeof(text) - 1, times                                                      \
	}
	NAME("line\nbreak\r\n<13>1 - forged", 1),
	NAME("quote\"and'back\\slash\\\"end", 1),
	NAME("bracket]x=\"y\" [z]", 1),
	NAME("pipe|equals=a\\|b\\=c", 1),
	NAME("comma,semicolon;tab\tbell\a\x1b[31mred", 1),
	NAME("<b>&amp;</b><script>alert(1)</script>", 1),
	NAME("%s%n%08x ${jndi:ldap://x/y} {{7*7}} $(id) `id`", 1),
	NAME("invalid\xff\xfe utf8 \xc3( \xed\xa0\x80 \xf4\x90\x80\x80 overlong \xc0\xaf "
	     "end\xe2\x82",
	     1),
	NAME("right\xe2\x80\xaeto left\xe2\x80\xac zero\xe2\x80\x8bwidth "
	     "line\xe2\x80\xa8sep\xc2\x85",
	     1),
	NAME("\xf0\x9f\x94\x94", 1000),
	NAME("\xe2\x82\xac", 300),
	NAME("long-", 800),
	NAME("\xff", 500),
#undef NAME
};

#define N_HOSTILE (sizeof(hostile_names) / sizeof(hostile_names[0]))

static struct tc_record *begin(struct records *records, enum tc_kind kind, size_t size)
{
	struct tc_record *header = (struct tc_record *)records->bytes;

	memset(records->bytes, 0, size);
	*header = (struct tc_record){
		.kind = (uint16_t)kind,
		.version = TC_RECORD_VERSION,
		.size = (uint32_t)size,
		.time_ns = tc_clock_boot_ns(),
		.start_ns = 1000000000,
		.cgroup_id = FIRST_CGROUP,
		.tgid = FIRST_TGID,
		.tid = FIRST_TGID,
		.ppid = 1,
		.syscall = 59,
	};
	return header;
}

static void add_slot(struct records *records, struct tc_slot *slot, const void *bytes,
		     size_t length)
{
	struct tc_record *header = (struct tc_record *)records->bytes;
	size_t room = sizeof(records->bytes) - header->size;
	size_t stored = length < room ? length : room;

	memcpy(records->bytes + header->size, bytes, stored);
	*slot = (struct tc_slot){.size = (uint32_t)length,
				 .offset = (uint16_t)header->size,
				 .stored = (uint16_t)stored,
				 .flags = TC_SLOT_PRESENT | (stored < length ? TC_SLOT_CUT : 0)};
	header->size += (uint32_t)stored;
}

const struct tc_record *records_cgroup(struct records *records, unsigned index)
{
	struct tc_record *header =
		begin(records, TC_KIND_cgroup_mkdir, sizeof(struct tc_cgroup_mkdir));
	struct tc_cgroup_mkdir *mkdir = (struct tc_cgroup_mkdir *)records->bytes;
	char path[256];

	if (index % 4 == 3)
		snprintf(path, sizeof(path), "/system.slice/docker-%012x%052x.scope",
			 0xfeed0000 + index, index);
	else
		snprintf(path, sizeof(path), "/system.slice/feed-%u.service", index);
	mkdir->target_id = FIRST_CGROUP + index;
	add_slot(records, &mkdir->path, path, strlen(path));
	return header;
}

/* Appends a hostile name to at most size bytes; returns its length. */
static size_t put_hostile(const struct records *records, char *bytes, size_t size)
{
	size_t i = records->number % N_HOSTILE, length = 0;

	for (unsigned n = 0; n < hostile_names[i].times; n++) {
		if (length + hostile_names[i].length > size)
			break;
		memcpy(bytes + length, hostile_names[i].bytes, hostile_names[i].length);
		length += hostile_names[i].length;
	}
	return length;
}

static void put_strings(struct records *records, struct tc_exec *exec, const char *name)
{
	static char text[8192];
	size_t length = (size_t)snprintf(text, sizeof(text), "/usr/bin/%s", name);

	if (records->hostile) {
		text[length++] = '/';
		length += put_hostile(records, text + length, 3000);
	}
	add_slot(records, &exec->exe, text, length);
	exec->argc = records->hostile ? 3 : 2;
	length = (size_t)snprintf(text, sizeof(text), "%s%c--number=%llu", name, '\0',
				  (unsigned long long)records->number) +
		 1;
	if (records->hostile) {
		length += put_hostile(records, text + length, 4000);
		text[length++] = '\0';
	}
	add_slot(records, &exec->argv, text, length);
	add_slot(records, &exec->cwd, "/srv/feed", strlen("/srv/feed"));
}

const struct tc_record *records_exec(struct records *records)
{
	struct tc_record *header = begin(records, TC_KIND_exec, sizeof(struct tc_exec));
	struct tc_exec *exec = (struct tc_exec *)records->bytes;
	const char *name = records->number % 100 == 0  ? "feed-critical"
			   : records->number % 10 == 0 ? "feed-warning"
						       : "feed-notice";

	header->seq = records->number;
	header->cgroup_id = FIRST_CGROUP + records->number % records->cgroups;
	header->tgid = header->tid = FIRST_TGID + (uint32_t)(records->number % PROCESSES);
	snprintf(header->comm.bytes, sizeof(header->comm.bytes), "%s", name);
	exec->loginuid = exec->sessionid = UINT32_MAX;
	put_strings(records, exec, name);
	records->number++;
	return header;
}
