/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/facts.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/decode.h"
#include "agent/schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- names, cgroups --- */

/* A text that could be made, or none of the body. */
static void put_made(struct tc_buffer *body, const char *name, const struct tc_buffer *text)
{
	tc_named_put_bytes(body, name, text->bytes, text->length);
	body->failed |= tc_buffer_failed(text);
}

void tc_facts_put_users(struct tc_buffer *body, const struct tc_users *users)
{
	_cleanup_buffer_ struct tc_buffer passwd = {0}, group = {0};

	tc_users_write(users, &passwd, &group);
	put_made(body, "passwd", &passwd);
	put_made(body, "group", &group);
}

void tc_facts_put_services(struct tc_buffer *body, const struct tc_services *services)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_services_write(services, &text);
	put_made(body, "services", &text);
}

void tc_facts_put_cgroup(struct tc_buffer *body, uint64_t id, const char *path, size_t length)
{
	tc_named_put_number(body, "id", id);
	if (path)
		tc_named_put_bytes(body, "path", path, length);
}

/* --- processes --- */

static const struct {
	const char *name;
	uint16_t offset, size;
} process_numbers[] = {
#define ROW(member)                                                                                \
	{                                                                                          \
#member, offsetof(struct tc_process_facts, member),                                \
			sizeof(((struct tc_process_facts *)0)->member)                             \
	}
	ROW(start_ns), ROW(time_ns), ROW(cgroup_id), ROW(tgid), ROW(ppid),
	ROW(vpid),     ROW(uid),     ROW(euid),	     ROW(egid),
#undef ROW
};

static const struct {
	const char *name;
	uint32_t flag;
} process_flags[] = {
	{"kernel", TC_PROCESS_KERNEL},
	{"has_vpid", TC_PROCESS_HAS_VPID},
	{"has_creds", TC_PROCESS_HAS_CREDS},
};

/* Members of exec that are not known, by their names: their places change with the schema. */
static void put_absent(struct tc_buffer *body, uint64_t absent)
{
	const struct tc_kind_info *exec = tc_kind_info(TC_KIND_exec);

	for (unsigned i = 0; i < exec->n_members; i++)
		if (absent >> i & 1)
			tc_named_put_text(body, "absent", exec->members[i].member);
}

void tc_facts_put_process(struct tc_buffer *body, const struct tc_process_facts *facts)
{
	for (size_t i = 0; i < COUNT(process_numbers); i++) {
		uint64_t number = 0;

		memcpy(&number, (const char *)facts + process_numbers[i].offset,
		       process_numbers[i].size);
		tc_named_put_number(body, process_numbers[i].name, number);
	}
	for (size_t i = 0; i < COUNT(process_flags); i++)
		if (facts->flags & process_flags[i].flag)
			tc_named_put_number(body, process_flags[i].name, 1);
	tc_named_put_bytes(body, "comm", facts->comm, strnlen(facts->comm, sizeof(facts->comm)));
	if (!facts->exec)
		return;
	tc_named_put_bytes(body, "exec", facts->exec, facts->exec->header.size);
	put_absent(body, facts->absent);
}

/* Members that the recording does not know are as absent as those that it names. */
static uint64_t get_absent(const struct tc_named_list *body, const struct tc_layout *layout)
{
	const struct tc_kind_info *exec = tc_kind_info(TC_KIND_exec);
	struct tc_named_list rest = *body;
	struct tc_named named;
	uint64_t absent = tc_layout_missing(layout, exec);

	while (tc_named_next(&rest, &named) > 0) {
		if (!named.bytes || !tc_named_is(&named, "absent"))
			continue;
		for (unsigned i = 0; i < exec->n_members; i++)
			if (strlen(exec->members[i].member) == named.length &&
			    memcmp(exec->members[i].member, named.bytes, named.length) == 0)
				absent |= 1ULL << i;
	}
	return absent;
}

static bool is_exec(const struct tc_record *record)
{
	struct tc_event event = {0};
	struct tc_decode_error error;

	if (tc_event_init(&event) < 0)
		return false;
	bool good = tc_decode(record, record->size, &event, &error) == 0 &&
		    record->kind == TC_KIND_exec;

	tc_event_done(&event);
	return good;
}

static int get_exec(const struct tc_named_list *body, const struct tc_layout *layout,
		    union tc_layout_room *room, struct tc_process_facts *facts)
{
	const struct tc_record *record;
	const char *bytes, *kind;
	union tc_layout_room own;
	size_t length;
	int error;

	if (!tc_named_bytes(body, "exec", &bytes, &length))
		return 0;
	if (length > sizeof(*room))
		return -EBADMSG;
	/* Named values are not aligned. */
	memcpy(own.bytes, bytes, length);
	error = tc_layout_apply(layout, own.bytes, length, room, &record, &kind);
	if (error < 0)
		return -EBADMSG;
	if (record != &room->header)
		memcpy(room->bytes, record, length);
	if (!is_exec(&room->header))
		return -EBADMSG;
	facts->exec = (const struct tc_exec *)&room->header;
	facts->absent = get_absent(body, layout);
	return 0;
}

int tc_facts_get_process(const struct tc_named_list *body, const struct tc_layout *layout,
			 union tc_layout_room *room, struct tc_process_facts *ret_facts)
{
	*ret_facts = (struct tc_process_facts){0};
	for (size_t i = 0; i < COUNT(process_numbers); i++) {
		uint64_t number = tc_named_number(body, process_numbers[i].name, 0);

		memcpy((char *)ret_facts + process_numbers[i].offset, &number,
		       process_numbers[i].size);
	}
	for (size_t i = 0; i < COUNT(process_flags); i++)
		if (tc_named_number(body, process_flags[i].name, 0))
			ret_facts->flags |= process_flags[i].flag;
	tc_named_text(body, "comm", ret_facts->comm, sizeof(ret_facts->comm));
	return get_exec(body, layout, room, ret_facts);
}

/* --- containers --- */

static const char *const container_texts[TC_CONTAINER_TEXTS] = {
	[TC_CONTAINER_NAME] = "name",
	[TC_CONTAINER_IMAGE] = "image",
	[TC_CONTAINER_REPOSITORY] = "repository",
	[TC_CONTAINER_TAG] = "tag",
	[TC_CONTAINER_DIGEST] = "digest",
	[TC_CONTAINER_IMAGE_ID] = "image_id",
	[TC_CONTAINER_USER] = "user",
	[TC_CONTAINER_IP] = "ip",
	[TC_CONTAINER_HEALTHCHECK] = "healthcheck",
	[TC_CONTAINER_POD_NAME] = "pod_name",
	[TC_CONTAINER_POD_UID] = "pod_uid",
	[TC_CONTAINER_POD_IP] = "pod_ip",
	[TC_CONTAINER_POD_NAMESPACE] = "pod_namespace",
	[TC_CONTAINER_SANDBOX] = "sandbox",
};

static const char *const container_traits[TC_CONTAINER_TRAITS] = {
	[TC_CONTAINER_PRIVILEGED] = "privileged",
	[TC_CONTAINER_HOST_PID] = "host_pid",
	[TC_CONTAINER_HOST_NETWORK] = "host_network",
	[TC_CONTAINER_HOST_IPC] = "host_ipc",
};

/* A label is a list of its own: its name may be as long as it likes. */
static void put_labels(struct tc_buffer *body, const char *what,
		       const struct tc_container_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		_cleanup_buffer_ struct tc_buffer label = {0};

		tc_named_put_text(&label, "name", labels->rows[i].name);
		tc_named_put_text(&label, "value", labels->rows[i].value);
		if (tc_buffer_failed(&label))
			body->failed = true;
		tc_named_put_bytes(body, what, label.bytes, label.length);
	}
}

static void put_mount(struct tc_buffer *body, const struct tc_container_mount *mount)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_named_put_text(&text, "source", mount->source);
	tc_named_put_text(&text, "dest", mount->dest);
	tc_named_put_text(&text, "mode", mount->mode);
	tc_named_put_text(&text, "propagation", mount->propagation);
	tc_named_put_number(&text, "writable", mount->writable);
	if (tc_buffer_failed(&text))
		body->failed = true;
	tc_named_put_bytes(body, "mount", text.bytes, text.length);
}

void tc_facts_put_container(struct tc_buffer *body, const struct tc_container_facts *facts)
{
	for (unsigned i = 0; i < TC_CONTAINER_TEXTS; i++)
		tc_named_put_text(body, container_texts[i], facts->texts[i]);
	for (unsigned i = 0; i < TC_CONTAINER_TRAITS; i++)
		if (facts->traits[i] != TC_NOT_TOLD)
			tc_named_put_number(body, container_traits[i],
					    facts->traits[i] == TC_TOLD_YES);
	put_labels(body, "label", &facts->labels);
	put_labels(body, "pod_label", &facts->pod_labels);
	if (facts->has_mounts)
		tc_named_put_number(body, "has_mounts", 1);
	for (size_t i = 0; i < facts->n_mounts; i++)
		put_mount(body, &facts->mounts[i]);
	if (facts->start_ns)
		tc_named_put_number(body, "start_ns", facts->start_ns);
}

/* A copy in the arena; "" where there is none. NULL when memory is out. */
static const char *copy(struct tc_container_facts *facts, const struct tc_named_list *list,
			const char *name)
{
	const char *bytes = "";
	size_t length = 0;

	tc_named_bytes(list, name, &bytes, &length);
	length = strnlen(bytes, length);
	/* As on a live host, which takes no longer ones either. */
	return tc_arena_copy(&facts->arena, bytes, length <= TC_CONTAINER_TEXT_MAX ? length : 0);
}

static int get_label(struct tc_container_facts *facts, struct tc_container_labels *labels,
		     const struct tc_named_list *list)
{
	struct tc_container_label *row;

	if (labels->count == TC_CONTAINER_LABELS_MAX)
		return 0;
	if (!labels->rows)
		labels->rows = tc_arena_alloc(&facts->arena,
					      TC_CONTAINER_LABELS_MAX * sizeof(*labels->rows));
	if (!labels->rows)
		return -ENOMEM;
	row = &labels->rows[labels->count];
	row->name = copy(facts, list, "name");
	row->value = copy(facts, list, "value");
	if (!row->name || !row->value)
		return -ENOMEM;
	labels->count++;
	return 0;
}

static int get_mount(struct tc_container_facts *facts, const struct tc_named_list *list)
{
	struct tc_container_mount *mount;

	if (facts->n_mounts == TC_CONTAINER_MOUNTS_MAX)
		return 0;
	if (!facts->mounts)
		facts->mounts = tc_arena_alloc(&facts->arena,
					       TC_CONTAINER_MOUNTS_MAX * sizeof(*facts->mounts));
	if (!facts->mounts)
		return -ENOMEM;
	facts->mounts_room = TC_CONTAINER_MOUNTS_MAX;
	mount = &facts->mounts[facts->n_mounts];
	mount->source = copy(facts, list, "source");
	mount->dest = copy(facts, list, "dest");
	mount->mode = copy(facts, list, "mode");
	mount->propagation = copy(facts, list, "propagation");
	mount->writable = tc_named_number(list, "writable", 0);
	if (!mount->source || !mount->dest || !mount->mode || !mount->propagation)
		return -ENOMEM;
	facts->n_mounts++;
	return 0;
}

static int get_lists(const struct tc_named_list *body, struct tc_container_facts *facts)
{
	struct tc_named_list rest = *body;
	struct tc_named named;
	int error = 0;

	while (error == 0 && tc_named_next(&rest, &named) > 0) {
		const struct tc_named_list list = {named.bytes, named.length};

		if (!named.bytes)
			continue;
		if (tc_named_is(&named, "label"))
			error = get_label(facts, &facts->labels, &list);
		else if (tc_named_is(&named, "pod_label"))
			error = get_label(facts, &facts->pod_labels, &list);
		else if (tc_named_is(&named, "mount"))
			error = get_mount(facts, &list);
	}
	return error;
}

int tc_facts_get_container(const struct tc_named_list *body, struct tc_container_facts *facts)
{
	const char *bytes;
	size_t length;

	for (unsigned i = 0; i < TC_CONTAINER_TEXTS; i++) {
		if (!tc_named_bytes(body, container_texts[i], &bytes, &length))
			continue;
		facts->texts[i] = copy(facts, body, container_texts[i]);
		if (!facts->texts[i])
			return -ENOMEM;
	}
	for (unsigned i = 0; i < TC_CONTAINER_TRAITS; i++) {
		uint64_t told = tc_named_number(body, container_traits[i], UINT64_MAX);

		if (told != UINT64_MAX)
			facts->traits[i] = told ? TC_TOLD_YES : TC_TOLD_NO;
	}
	facts->has_mounts = tc_named_number(body, "has_mounts", 0);
	facts->start_ns = tc_named_number(body, "start_ns", 0);
	return get_lists(body, facts);
}
