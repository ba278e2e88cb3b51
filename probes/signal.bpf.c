/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Family signal. The hook runs for each process that a signal is for, behind the kernel's own
 * check; what the kernel sends by itself does not come here (si_fromuser(), kernel/signal.c).
 */

/*
 * With creds the hook is asked for a former caller on whose behalf a USB device signals, from
 * whatever task runs: not an act of the current one. The verifier takes hook arguments for never
 * NULL and would drop a comparison; what can be read is not NULL.
 */
static __always_inline bool is_on_behalf(const struct cred *cred)
{
	char byte;

	return bpf_probe_read_kernel(&byte, 1, cred) == 0;
}

SEC("lsm/task_kill")
int BPF_PROG(task_kill, struct task_struct *target, void *info, int number, const struct cred *cred)
{
	struct tc_signal *record;
	struct scratch *s;

	if (!number || is_current_process(target) || is_on_behalf(cred) ||
	    !decide_early(TC_KIND_signal))
		return 0;
	s = record_start(TC_KIND_signal, sizeof(*record), -1);
	if (!s)
		return undecided(TC_KIND_signal);
	record = (struct tc_signal *)s->record;
	record->number = number;
	fill_target(record, target);
	return record_decide(s);
}
