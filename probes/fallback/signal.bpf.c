/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family signal of the fallback. */

/* A group of processes, or all: which ones got the signal is not to be known from the call. */
static __always_inline bool is_for_many(const struct call *call, __s32 number)
{
	return call->row->value && number <= 0;
}

static __noinline int tell_signal(const struct call *call)
{
	const struct call_row *row = call->row;
	__s32 number = call_argument(call, row->value);
	bool many = is_for_many(call, number);
	struct task_struct *target = NULL;
	struct tc_signal *record;
	struct scratch *s;

	if (!call_argument(call, row->flags))
		return 0;
	if (row->from)
		target = pidfd_task(descriptor_file(call_argument(call, row->from)));
	else if (!many)
		target = task_find(number);
	if (target && is_current_process(target))
		return 0;
	s = call_record(TC_KIND_signal, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_signal *)s->record;
	record->number = call_argument(call, row->flags);
	if (target)
		fill_target(record, target);
	else
		fill_gone_target(record, many || row->from ? TC_ABSENT_U32 : number);
	call_send(s);
	return 0;
}
