/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What the rules want of an event, at its hook; include/decide.h says what the tables mean,
 * lib/classify.h how one look is made.
 *
 *	if (!decide_early(kind))
 *		return 0;
 *	s = record_start(kind, ...);
 *	...
 *	return record_decide(s);
 *
 * decide_early() asks kind of event, cgroup and task; record_decide() looks at the object too,
 *drops the record or sends it, and gives what the hook returns.
 *
 * A decision is made by one generation of tables. Those in place are asked for anew in each
 * function, since functions that the verifier checks once take numbers alone; when others came
 * meanwhile, it begins again.
 */
#ifndef TOCSIN_PROBES_VERDICT_H
#define TOCSIN_PROBES_VERDICT_H

#include "probes/lib/look.h"

#define SIGKILL 9
#define EPERM 1

/* --- what enforces --- */

static __always_inline bool enforcing(void)
{
	__u32 zero = 0;
	struct tc_controls *c = bpf_map_lookup_elem(&controls, &zero);

	if (!c || !c->enforce)
		return false;
	return !c->enforce_until_ns || bpf_ktime_get_boot_ns() < c->enforce_until_ns;
}

static __always_inline void count_undecided(enum tc_undecided reason)
{
	__u32 zero = 0;
	struct tc_controls *c = bpf_map_lookup_elem(&controls, &zero);

	if (c)
		__sync_fetch_and_add(&c->undecided[reason], 1);
}

/* What a hook returns to refuse with an error, 0 for none. Newer kernels (seen on v6.12) want to
 * see that it is in its range; negation makes the verifier forget what it knew. */
static __always_inline int refusal(__u64 error)
{
	__u64 result = 0;

	barrier_var(error);
	if (error > TC_ERROR_MAX)
		return 0;
	asm volatile("%0 -= %1" : "+r"(result) : "r"(error));
	return (int)result;
}

/* --- the task --- */

/* Those that are asked for, of enum tc_facts; the others are 0. */
static __always_inline void read_facts(struct tc_task_facts *facts, struct task_struct *task,
				       __u32 asked)
{
	const struct cred *cred = known_read(task, cred);

	__builtin_memset(facts, 0, sizeof(*facts));
	if (asked & TC_FACTS_IDS) {
		facts->euid = known_read(cred, euid.val);
		facts->uid = known_read(cred, uid.val);
		facts->egid = known_read(cred, egid.val);
	}
	if (asked & TC_FACTS_NAMESPACES) {
		facts->mnt_ns = known_read(task, nsproxy, mnt_ns, ns.inum);
		facts->pid_ns = task_pid_ns(task);
	}
	if (asked & TC_FACTS_USER_NS)
		facts->user_ns = known_read(cred, user_ns, ns.inum);
	if (asked & TC_FACTS_COMM)
		compat_read_comm(task, facts->comm.bytes);
}

static __always_inline bool facts_equal(const struct tc_task_facts *a,
					const struct tc_task_facts *b)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;
	__u64 differs = 0;

	_Static_assert(sizeof(*a) % sizeof(*x) == 0, "compared by words");
	for (unsigned i = 0; i < sizeof(*a) / sizeof(*x); i++)
		differs |= x[i] ^ y[i];
	return !differs;
}

/* The current task's entry, *ret_valid when it holds for the task as it is now; NULL when there is
 * no room. */
static __always_inline struct task_terms *task_entry(const struct tc_tables *t,
						     struct tc_task_facts *facts, bool *ret_valid)
{
	struct task_struct *task = compat_current();
	struct task_terms *entry = compat_task_value(task_terms, task);

	read_facts(facts, task, t->facts);
	*ret_valid =
		entry && entry->generation == t->generation && facts_equal(&entry->facts, facts);
	if (*ret_valid && t->facts & TC_FACTS_EXE)
		*ret_valid = entry->exec_id == known_read(task, self_exec_id) &&
			     entry->exe == (__u64)known_read(task, mm, exe_file);
	return entry;
}

/* Looks at what is the same for all terms, of these words. */
static __always_inline void looked_begin(struct scratch *s, const struct tc_tables *t,
					 struct tc_range words)
{
	s->judging.d.words = words;
	tc_set(words, &s->judging.d.left, tc_row(t, TC_ROW_ALL));
	tc_set(words, &s->judging.d.doubtful, tc_row(t, TC_ROW_NONE));
}

static __always_inline void looked_end(struct scratch *s, struct looked *looked)
{
	const struct tc_range words = s->judging.d.words;

	tc_set(words, &looked->left, &s->judging.d.left);
	tc_set(words, &looked->doubtful, &s->judging.d.doubtful);
}

static __always_inline void note_exe(struct scratch *s, struct file *exe)
{
	s->judging.exe_dentry = exe ? (__u64)known_read(exe, f_path.dentry) : 0;
	s->judging.exe_mount = exe ? (__u64)known_read(exe, f_path.mnt) : 0;
}

/* A record's paths were copied by now: the noted executable's is walked in their place. */
__noinline int walk_exe(__u32 index)
{
	struct scratch *s = scratch_at(index);

	if (s && s->judging.exe_dentry)
		walk_path(s, (struct dentry *)s->judging.exe_dentry,
			  (struct vfsmount *)s->judging.exe_mount);
	return 0;
}

/* Makes the looks at a task whose facts are in judging, and whose executable was walked. */
static __always_inline void look_at_task(struct scratch *s, const struct tc_tables *t)
{
	looked_begin(s, t, t->words);
	look_list(s, &t->task, __builtin_offsetof(struct scratch, judging.facts));
	looked_end(s, &s->judging.task);
}

/* Puts what the looks at the current task left into judging.task; false when they must be made
 * anew: then its facts and its executable are in judging. */
__noinline int task_kept(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	struct task_terms *entry;
	bool valid;

	if (!t)
		return true;
	entry = task_entry(t, &s->judging.facts, &valid);
	if (valid && entry) {
		s->judging.task = entry->looked;
		return true;
	}
	note_exe(s, t->facts & TC_FACTS_EXE ? known_read(compat_current(), mm, exe_file) : NULL);
	return false;
}

/* Keeps judging.task with the task, as that was when its facts were read. */
__noinline int task_keep(__u32 index)
{
	struct scratch *s = scratch_at(index);
	struct task_struct *task = compat_current();
	struct task_terms *entry = compat_task_value(task_terms, task);

	if (!s || !entry || s->judging.is_stale)
		return 0;
	/* Somebody may rename files all the time: the next event has another try. */
	if (s->judging.exe_dentry && s->walk.flags & (TC_SLOT_RACED | TC_SLOT_UNREADABLE))
		return 0;
	entry->generation = 0;
	entry->exec_id = known_read(task, self_exec_id);
	entry->exe = (__u64)known_read(task, mm, exe_file);
	entry->facts = s->judging.facts;
	entry->looked = s->judging.task;
	entry->asked = entry->vain = 0;
	barrier();
	entry->generation = s->judging.generation;
	return 0;
}

/* Looks at the task whose facts are in judging, and whose executable was walked: it need not be the
 * current one. */
__noinline int judge_task_anew(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;

	if (t)
		look_at_task(s, t);
	return 0;
}

static __always_inline void judge_task(struct scratch *s)
{
	if (task_kept(s->index))
		return;
	walk_exe(s->index);
	judge_task_anew(s->index);
	task_keep(s->index);
}

/* --- the cgroup --- */

/* What the nearest cgroup above the current one leaves that was judged; NULL when none was. */
static __noinline const struct tc_terms *cgroup_above(__u64 generation)
{
	struct cgroup *cgroup = task_cgroup((struct task_struct *)bpf_get_current_task());
	struct tc_cgroup_key key = {.generation = generation};
	const struct tc_terms *found = NULL;
	struct cgroup_subsys_state *css;

#pragma clang loop unroll(disable)
	for (int depth = 0; depth < CGROUP_DEPTH_MAX; depth++) {
		css = BPF_CORE_READ(cgroup, self.parent);
		if (!css)
			break;
		cgroup = BPF_CORE_READ(css, cgroup);
		key.cgroup_id = cgroup_id(cgroup);
		found = bpf_map_lookup_elem(&cgroup_terms, &key);
		if (found)
			break;
	}
	return found;
}

/* What the current cgroup leaves; NULL when it was not judged yet. */
static __always_inline const struct tc_terms *cgroup_judged(const struct tc_tables *t)
{
	struct tc_cgroup_key key = {.cgroup_id = bpf_get_current_cgroup_id(),
				    .generation = t->generation};

	return bpf_map_lookup_elem(&cgroup_terms, &key);
}

/* What it may leave, once it is judged. */
static __always_inline const struct tc_terms *cgroup_left(const struct tc_tables *t)
{
	return cgroup_judged(t) ?: tc_row(t, t->cgroup_unknown);
}

/* By what rules enforce in it: until it is judged, what the nearest one above leaves. */
static __always_inline const struct tc_terms *cgroup_enforced(const struct tc_tables *t)
{
	const struct tc_terms *left = cgroup_judged(t);

	if (!left)
		left = cgroup_above(t->generation);
	return left ?: tc_row(t, t->cgroup_unknown);
}

/* A new cgroup is as the one above it for rules that enforce, so that nobody escapes into one; for
 * those that alert it may be anything, and the agent judges the event. */
static __always_inline void look_cgroup(struct scratch *s, const struct tc_tables *t)
{
	const struct tc_terms *left = cgroup_judged(t);
	const struct tc_range words = s->judging.d.words;

	if (!left) {
		s->judging.is_told = true;
		left = cgroup_above(t->generation);
	}
	if (!left) {
		tc_look_unknown_cgroup(t, &s->judging.d);
		return;
	}
	TC_EACH_WORD(i, words)
	tc_word(&s->judging.d.left, words, i) &= tc_word_at_end(left, words, i);
}

/* --- before there is a record --- */

enum early { EARLY_NOTHING, EARLY_SOMETHING, EARLY_JUDGE_TASK };

/* What is left before there is a record: in all of these sets. */
struct early_left {
	const struct tc_terms *kind, *cgroup, *task, *object;
	struct tc_range words;
};

static __always_inline void early_begin(struct early_left *left, const struct tc_tables *t,
					const struct tc_kind_table *table)
{
	left->words = table->words;
	left->kind = left->cgroup = left->task = left->object = tc_row(t, table->wanted);
}

static __always_inline bool early_any(const struct early_left *left)
{
	__u64 any = 0;

	TC_EACH_WORD(i, left->words)
	any |= tc_word(left->kind, left->words, i) & tc_word_at_end(left->cgroup, left->words, i) &
	       tc_word(left->task, left->words, i) & tc_word(left->object, left->words, i);
	return any != 0;
}

/* Whether kind, cgroup, task and what is known of the object leave a term. */
static __always_inline enum early
early_ask(const struct tc_tables *t, const struct tc_kind_table *table, struct early_left *left)
{
	struct tc_task_facts facts;
	struct task_terms *entry;
	bool valid;

	if (table->asks_task) {
		entry = task_entry(t, &facts, &valid);
		if (!entry || !valid)
			return EARLY_JUDGE_TASK;
		left->task = &entry->looked.left;
	}
	if (table->asks_cgroup)
		left->cgroup = cgroup_left(t);
	return early_any(left) ? EARLY_SOMETHING : EARLY_NOTHING;
}

/* Whether what the task's entry noted of kinds is about its cgroup as it is judged now; if not, it
 * notes of nothing. No other program runs for the same task meanwhile. */
static __always_inline void early_recall(struct task_terms *entry)
{
	__u64 cgroup_id = bpf_get_current_cgroup_id();
	__u32 zero = 0;
	const struct tc_controls *c = bpf_map_lookup_elem(&controls, &zero);
	__u64 judged = c ? *(volatile __u64 *)&c->cgroups_judged : 0;

	if (entry->cgroup_id == cgroup_id && entry->cgroups_judged == judged)
		return;
	entry->asked = entry->vain = 0;
	entry->cgroup_id = cgroup_id;
	entry->cgroups_judged = judged;
}

/* Whether kind, cgroup and task leave a term: asked once for each task and kind. */
static __always_inline enum early early_of_task(const struct tc_tables *t,
						const struct tc_kind_table *table, __u32 kind)
{
	__u64 bit = TC_KIND_BIT(kind & (TC_KIND_LIMIT - 1));
	struct tc_task_facts facts;
	struct task_terms *entry;
	struct early_left left;
	bool valid, any;

	entry = task_entry(t, &facts, &valid);
	if (!entry || !valid)
		return EARLY_JUDGE_TASK;
	early_recall(entry);
	if (entry->asked & bit)
		return entry->vain & bit ? EARLY_NOTHING : EARLY_SOMETHING;
	early_begin(&left, t, table);
	left.task = &entry->looked.left;
	if (table->asks_cgroup)
		left.cgroup = cgroup_left(t);
	any = early_any(&left);
	entry->vain = any ? entry->vain & ~bit : entry->vain | bit;
	entry->asked |= bit;
	return any ? EARLY_SOMETHING : EARLY_NOTHING;
}

__noinline int tables_left(__u32 kind)
{
	const struct tc_tables *t = tables_in_place();
	const struct tc_kind_table *table;

	if (!t)
		return EARLY_SOMETHING;
	table = &t->kinds[kind & (TC_KIND_LIMIT - 1)];
	if (table->always)
		return EARLY_SOMETHING;
	if (table->row == TC_ROW_NONE)
		return EARLY_NOTHING;
	return table->all_ask ? early_of_task(t, table, kind) : EARLY_SOMETHING;
}

/* Judges the current task by the tables in place, ahead of a record. */
static __always_inline void judge_task_early(void)
{
	const struct tc_tables *t = tables_in_place();
	struct scratch *s = t ? scratch_get() : NULL;

	if (!s)
		return;
	s->judging.generation = t->generation;
	s->judging.is_stale = false;
	s->judging.known_from = 0;
	s->judging.known_until = sizeof(s->judging.facts);
	judge_task(s);
	scratch_release(s);
}

/* False when no term is left for this kind of event, whatever its object. */
static __always_inline bool tables_want(__u32 kind)
{
	int left = tables_left(kind);

	if (left == EARLY_JUDGE_TASK) {
		judge_task_early();
		left = tables_left(kind);
	}
	return left != EARLY_NOTHING;
}

/* Whether a term that enforces is left for this kind of event in this cgroup. */
__noinline int tables_enforce(__u32 kind)
{
	const struct tc_tables *t = tables_in_place();
	const struct tc_kind_table *table;
	struct early_left left;

	if (!t)
		return false;
	table = &t->kinds[kind & (TC_KIND_LIMIT - 1)];
	if (!table->enforces)
		return false;
	early_begin(&left, t, table);
	left.task = tc_row(t, t->enforcing);
	if (table->asks_cgroup)
		left.cgroup = cgroup_enforced(t);
	return early_any(&left);
}

/* False when nobody wants this kind of event from the current task. Checked before anything that
 * costs. */
static __always_inline bool decide_early(__u32 kind)
{
	return kind_wanted(kind) && current_in_scope() && tables_want(kind);
}

/* --- the decision --- */

enum decide_how {
	HOW_TELLS = 0,	      /* the hook cannot refuse */
	HOW_REFUSES = 1,      /* it can */
	HOW_ONLY_REFUSES = 2, /* it does nothing else: another one tells of the event */
	HOW_GIVEN_TASK = 4,   /* not of the current task, but of one whose facts are in judging */
};

/* Weighs a term that is left. */
__noinline int weigh_term(__u32 index, __u32 number)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	__u32 asks;

	if (!t)
		return 0;
	asks = tc_term_asks(t, &s->judging.d, number);
	if (asks > s->judging.asks) {
		s->judging.asks = asks;
		s->judging.best = number;
	}
	return 0;
}

__noinline int weigh_word(__u32 index, __u32 word)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	__u64 bits;

	if (!t)
		return 0;
	word &= TC_TERM_WORDS - 1;
	bits = s->judging.d.left.words[word] & tc_row(t, t->wanted)->words[word];
#pragma clang loop unroll(disable)
	for (int i = 0; i < 64 && bits; i++) {
		weigh_term(index, word * 64 + tc_lowest_bit(bits));
		bits &= bits - 1;
	}
	return 0;
}

static __always_inline bool enforcing_in_doubt(const struct tc_tables *t,
					       const struct tc_decision *d)
{
	const struct tc_terms *row = tc_row(t, t->enforcing);
	const struct tc_range words = d->words;
	__u64 any = 0;

	TC_EACH_WORD(i, words)
	any |= tc_word(&d->left, words, i) & tc_word(&d->doubtful, words, i) &
	       tc_word(row, words, i);
	return any != 0;
}

static __always_inline void keep_looked(struct tc_decision *d, const struct looked *looked)
{
	const struct tc_range words = d->words;

	tc_keep(words, &d->left, &looked->left);
	tc_add(words, &d->doubtful, &looked->doubtful);
}

static __always_inline const struct tc_kind_table *kind_table(const struct scratch *s,
							      const struct tc_tables *t)
{
	return &t->kinds[((const struct tc_record *)s->record)->kind & (TC_KIND_LIMIT - 1)];
}

enum judge_begin { BEGIN_NOTHING, BEGIN_WITHOUT_TASK, BEGIN_WITH_TASK };

/* Begins a decision by the tables in place, if there are any, and says what it needs. What is sent
 * anyhow, and no rule does more about than alert, needs none. */
__noinline int judge_begin(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_in_place() : NULL;
	const struct tc_kind_table *table;

	if (!s)
		return BEGIN_NOTHING;
	s->judging.generation = t ? t->generation : 0;
	s->judging.is_stale = false;
	s->judging.asks = TC_ACTION_NONE;
	s->judging.has_path = false;
	s->judging.is_told = true;
	if (!t)
		return BEGIN_NOTHING;
	table = kind_table(s, t);
	s->judging.is_told = table->always;
	if (table->row == TC_ROW_NONE || (table->always && !table->enforces))
		return BEGIN_NOTHING;
	return table->asks_task ? BEGIN_WITH_TASK : BEGIN_WITHOUT_TASK;
}

/* What kind, cgroup, task and looks leave: judging.d. Whether that is anything. */
__noinline int judge_object(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	const struct tc_kind_table *table;
	struct tc_decision *d;

	if (!t)
		return 0;
	d = &s->judging.d;
	table = kind_table(s, t);
	d->words = table->words;
	tc_set(table->words, &d->left, tc_row(t, table->row));
	tc_set(table->words, &d->doubtful, tc_row(t, TC_ROW_NONE));
	if (table->asks_cgroup)
		look_cgroup(s, t);
	if (table->asks_task)
		keep_looked(d, &s->judging.task);
	if (s->judging.has_path)
		tc_keep(table->words, &d->left, &s->judging.path.left);
	look_list(s, &table->looks, __builtin_offsetof(struct scratch, record));
	return tc_is_any_left(t, d);
}

/* A rule says what it would do. */
static __always_inline void tell_term(struct tc_record *header, const struct tc_bit *term)
{
	header->verdict = TC_VERDICT_WOULD_BLOCK;
	header->rule = term->rule;
}

/* What is done about a term that enforces; the error that the hook returns. */
static __always_inline __u32 enforce_term(struct tc_record *header, const struct tc_bit *term,
					  __u32 how)
{
	__u32 error = how & HOW_REFUSES ? term->error ?: EPERM : 0;

	if (!enforcing()) {
		tell_term(header, term);
		return 0;
	}
	if (term->action == TC_ACTION_KILL && bpf_send_signal(SIGKILL) == 0) {
		header->verdict = TC_VERDICT_KILLED;
	} else if (error) {
		header->verdict = TC_VERDICT_BLOCKED;
	} else {
		return 0; /* the hook that can refuse did not: the agent judges */
	}
	header->rule = term->rule;
	header->error = error;
	return error;
}

/* Which of the terms that are left decides, and what the record says of it: the error that the hook
 * returns. */
__noinline int judge_verdict(__u32 index, __u32 how)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	const struct tc_bit *best;
	struct tc_record *header;
	__u32 error = 0, first, n;

	if (!t)
		return 0;
	if (enforcing_in_doubt(t, &s->judging.d))
		count_undecided(TC_UNDECIDED_DOUBT);
	first = s->judging.d.words.first;
	n = s->judging.d.words.n;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < TC_TERM_WORDS && i < n; i++)
		weigh_word(index, first + i);
	if (s->judging.is_stale)
		return 0;
	header = (struct tc_record *)s->record;
	best = &t->terms[s->judging.best & (TC_TERMS_MAX - 1)];
	s->judging.is_told |= s->judging.asks != TC_ACTION_NONE;
	if (s->judging.asks >= TC_ACTION_BLOCK)
		error = enforce_term(header, best, how);
	else if (s->judging.asks == TC_ACTION_TELL)
		tell_term(header, best);
	return error;
}

/* The task that a decision is about. */
static __always_inline void judge_actor(struct scratch *s, int begun, __u32 how)
{
	if (begun != BEGIN_WITH_TASK)
		return;
	if (how & HOW_GIVEN_TASK)
		judge_task_anew(s->index);
	else
		judge_task(s);
}

/* The last words about a decision that was tried twice at most. */
static __always_inline void judge_end(struct scratch *s, __u32 how)
{
	struct tc_record *header = (struct tc_record *)s->record;

	header->generation = s->judging.generation;
	if (s->judging.is_stale) { /* twice: the agent judges */
		count_undecided(TC_UNDECIDED_RELOAD);
		s->judging.is_told = true;
	}
	if (how & HOW_ONLY_REFUSES && header->verdict < TC_VERDICT_BLOCKED)
		s->judging.is_told = false;
}

/* Judges the record, and writes the verdict into it: the error that the hook returns.
 * record_finish() is due. */
static __always_inline __u32 record_judge(struct scratch *s, __u32 how)
{
	__u32 error = 0;
	int begun;

	for (int i = 0; i < 2; i++) {
		begun = judge_begin(s->index);
		if (begun == BEGIN_NOTHING)
			break;
		judge_actor(s, begun, how);
		if (judge_object(s->index))
			error = judge_verdict(s->index, how);
		if (!s->judging.is_stale)
			break;
	}
	judge_end(s, how);
	return error;
}

/*
 * Whether nothing is left already, by what lies from one place in the record to another: asked by
 * hooks to which the rest is dear. What is not known yet is not looked at.
 */
static __always_inline bool record_is_vain(struct scratch *s, __u32 from, __u32 until)
{
	__u32 size = s->judging.known_until;
	int begun = judge_begin(s->index);
	bool is_vain;

	if (begun == BEGIN_NOTHING)
		return false;
	judge_actor(s, begun, HOW_TELLS);
	s->judging.known_from = from;
	s->judging.known_until = until;
	is_vain = !judge_object(s->index) && !s->judging.is_told && !s->judging.is_stale;
	s->judging.known_from = 0;
	s->judging.known_until = size;
	return is_vain;
}

/* Sends what is told and drops what is not: the scratch is gone. */
static __always_inline void record_finish(struct scratch *s)
{
	if (!s->judging.is_told) {
		record_drop(s);
		return;
	}
	record_fill(s->index);
	record_output(s->index);
}

/* The end of a record at a hook that can refuse: what the hook returns. */
static __always_inline int record_decide(struct scratch *s)
{
	__u32 error = record_judge(s, HOW_REFUSES);

	record_finish(s);
	return refusal(error);
}

/* The same where nothing can be refused. */
static __always_inline void record_tell(struct scratch *s)
{
	record_judge(s, HOW_TELLS);
	record_finish(s);
}

/* The same at a hook that refuses only: the record is told when it does. */
static __always_inline int record_refuse(struct scratch *s, __u32 how)
{
	__u32 error = record_judge(s, how | HOW_REFUSES | HOW_ONLY_REFUSES);

	record_finish(s);
	return refusal(error);
}

/* --- without a record --- */

/* What a term says that could not be judged: its error when it fails closed, else 0. */
__noinline int blind_error(__u32 number)
{
	const struct tc_tables *t = tables_in_place();
	const struct tc_bit *term;

	if (!t || !enforcing())
		return 0;
	term = &t->terms[number & (TC_TERMS_MAX - 1)];
	return term->is_open || term->action < TC_ACTION_BLOCK ? 0 : term->error ?: EPERM;
}

/* The same of the terms in a word of their set: of the first that refuses. */
__noinline int blind_word(__u32 word, __u64 bits)
{
	int error = 0;

#pragma clang loop unroll(disable)
	for (int i = 0; i < 64 && bits && !error; i++) {
		error = blind_error(word * 64 + tc_lowest_bit(bits));
		bits &= bits - 1;
	}
	return error;
}

/* The same of those that kind and cgroup leave: some may be held back, or fail in the other way. */
__noinline int undecided_error(__u32 kind)
{
	const struct tc_tables *t = tables_in_place();
	const struct tc_terms *row, *cgroup, *rules;
	const struct tc_kind_table *table;
	bool any = false;
	int error = 0;

	if (!t)
		return 0;
	table = &t->kinds[kind & (TC_KIND_LIMIT - 1)];
	row = tc_row(t, table->row);
	rules = tc_row(t, t->enforcing);
	cgroup = table->asks_cgroup ? cgroup_enforced(t) : row;
	/* Unrolled: 5.10 and 6.1 refuse a loop whose end falls into its head. */
	TC_UNROLL for (__u32 word = 0; word < TC_TERM_WORDS; word++)
	{
		__u64 bits = row->words[word] & cgroup->words[word] & rules->words[word];

		any |= bits != 0;
		if (bits && !error)
			error = blind_word(word, bits);
	}
	if (any)
		count_undecided(TC_UNDECIDED_NO_SCRATCH);
	return error;
}

/* What a hook returns when there was no scratch for its record. */
static __always_inline int undecided(__u32 kind)
{
	return refusal((__u32)undecided_error(kind));
}

#endif
