/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Event mmap of the fallback. */

#define MAP_ANONYMOUS 0x20

static __noinline int tell_mmap(const struct call *call)
{
	__u64 prot = call_argument(call, call->row->value);
	__u64 flags = call_argument(call, call->row->flags);
	bool is_shared = map_is_shared(flags);
	struct tc_mmap *record;
	struct scratch *s;

	if (flags & MAP_ANONYMOUS || !map_is_told(prot, is_shared))
		return 0;
	s = call_record(TC_KIND_mmap, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_mmap *)s->record;
	record->prot = prot;
	record->map_flags = flags;
	record->is_shared = is_shared;
	place_find(s, call, call->row->from, call->row->path);
	fill_place_inode(s, record);
	append_place(s, record, path);
	call_send(s);
	return 0;
}
