/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Family code of the fallback. */

static __noinline int tell_module(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_module_load, sizeof(struct tc_module_load));
	struct tc_module_load *record;

	if (!s)
		return 0;
	record = (struct tc_module_load *)s->record;
	if (call->row->from) {
		place_find(s, call, call->row->from, 0);
		append_place(s, record, path);
	}
	call_send(s);
	return 0;
}

/* include/uapi/linux/kexec.h */
#define KEXEC_FILE_UNLOAD 1

/* What was loaded before is dropped: without segments, or by a flag. */
static __always_inline bool call_drops_kernel(const struct call *call)
{
	if (call->row->value)
		return !call_argument(call, call->row->value);
	return call_argument(call, call->row->flags) & KEXEC_FILE_UNLOAD;
}

static __noinline int tell_kexec(const struct call *call)
{
	struct tc_kexec_load *record;
	struct scratch *s;

	if (call_drops_kernel(call))
		return 0;
	s = call_record(TC_KIND_kexec_load, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_kexec_load *)s->record;
	if (call->row->from) {
		place_find(s, call, call->row->from, 0);
		append_place(s, record, path);
	}
	call_send(s);
	return 0;
}

/* bpf(2) takes as many bytes as the caller says; the rest is zero. */
static __always_inline long bpf_attr_read(union bpf_words *words, __u64 attr, __u64 size)
{
	barrier_var(size); /* or clang checks one register and uses another */
	if (size > sizeof(*words))
		size = sizeof(*words);
	barrier_var(size);
	return bpf_probe_read_user(words, size, (const void *)attr);
}

/* The attributes are in the caller's memory: his words, which another thread can change in time. */
static __noinline int tell_bpf(const struct call *call)
{
	__u32 cmd = call_argument(call, call->row->value);
	union bpf_words words = {};
	struct tc_bpf *record;
	struct scratch *s;

	if (!bpf_is_told(cmd))
		return 0;
	s = call_record(TC_KIND_bpf, sizeof(*record));
	if (!s)
		return 0;
	record = (struct tc_bpf *)s->record;
	record->header.flags |= TC_RECORD_CALLER;
	if (bpf_attr_read(&words, call_argument(call, call->row->value + 1),
			  call_argument(call, call->row->value + 2)))
		record->header.flags |= TC_RECORD_UNREADABLE;
	fill_bpf(record, cmd, &words);
	call_send(s);
	return 0;
}

static __noinline int tell_userfaultfd(const struct call *call)
{
	struct scratch *s = call_record(TC_KIND_userfaultfd, sizeof(struct tc_userfaultfd));
	struct tc_userfaultfd *record;

	if (!s)
		return 0;
	record = (struct tc_userfaultfd *)s->record;
	record->uffd_flags = call_argument(call, call->row->flags);
	call_send(s);
	return 0;
}
