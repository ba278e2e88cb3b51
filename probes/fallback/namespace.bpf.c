/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family namespace of the fallback: told when the task has entered. */

static __noinline int tell_setns(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_setns, sizeof(struct tc_setns));
	struct tc_setns *record;

	if (!s)
		return 0;
	record = (struct tc_setns *)s->record;
	record->fd = call_argument(call, call->row->from);
	fill_setns(record, descriptor_file(record->fd), call_argument(call, call->row->flags));
	call_send(s);
	return 0;
}

static __noinline int tell_unshare(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_unshare, sizeof(struct tc_unshare));
	struct tc_unshare *record;

	if (!s)
		return 0;
	record = (struct tc_unshare *)s->record;
	record->unshare_flags = call_argument(call, call->row->flags);
	call_send(s);
	return 0;
}
