/* SPDX-License-Identifier: Apache-2.0 */
/* A host and its events, recorded: a world made of the recording knows what the live one knew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/wait.h>

#include "agent/enrich/container_reader.h"
#include "recording/facts.h"
#include "recording/past.h"
#include "recording/recorder.h"
#include "recording/tap.h"
#include "tests/unit/agent/make_record.h"
#include "tests/unit/recording/observer.h"
#include "tests/unit/recording/scratch.h"

static const struct tc_recorder_about about = {.kinds = TC_KIND_BIT(TC_KIND_exec)};

/* The last one was just made and nobody told of it; the ones before are and are not there. */
static void make_story(union made made[4], pid_t child)
{
	MAKE(&made[0], open, (uint32_t)getpid(), 0, "self");
	MAKE(&made[1], open, 0x7ffffff0, SECOND, "gone");
	made[1].header.cgroup_id = UINT64_MAX - 7;
	make_exec(&made[2], (uint32_t)getpid(), 0, "other", "/bin/other");
	MAKE(&made[3], open, (uint32_t)child, 0, "child");
	made[3].header.ppid = (uint32_t)getpid();
	for (unsigned i = 0; i < 4; i++)
		made[i].header.time_ns = tc_clock_boot_ns() + i;
}

static pid_t spawn(int pipe_fds[2])
{
	pid_t pid = fork();
	char byte;

	if (pid == 0) {
		close(pipe_fds[1]);
		_exit(read(pipe_fds[0], &byte, 1) > 0);
	}
	return pid;
}

/* Writes the story as this host told it; its fields go to text. */
static void record_story(const char *path, struct tc_buffer *text)
{
	struct tc_recorder *recorder;
	struct observer live;
	union made *made = calloc(4, sizeof(*made));
	int pipe_fds[2];
	pid_t child;

	assert_int_equal(tc_recorder_open(path, &recorder), 0);
	observer_make(&live, tc_tap_new(tc_host_new("", 0), tc_recorder_sink(recorder), &about));
	assert_int_equal(pipe(pipe_fds), 0);
	child = spawn(pipe_fds);
	make_story(made, child);
	for (unsigned i = 0; i < 4; i++)
		observe(&live, &made[i], made[i].header.size, tc_recorder_take, recorder, text);
	close(pipe_fds[1]);
	close(pipe_fds[0]);
	waitpid(child, NULL, 0);
	observer_done(&live);
	assert_int_equal(tc_recorder_close(recorder, NULL), 0);
	free(made);
}

static void a_past_world_knows_what_the_live_one_knew(void **state)
{
	struct scratch scratch = scratch_make();
	struct tc_buffer live = {0}, first = {0}, second = {0};
	struct observer a, b;
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	struct tc_past_counts counts;
	struct tc_past *past;
	struct tc_past_step step;

	record_story(scratch.path, &live);
	assert_int_equal(tc_recording_open_file(scratch.path, &recording, &fault), 0);
	assert_int_equal(tc_past_new(recording, &past, &fault), 0);
	/* Two worlds of one past know the same. */
	observer_make(&a, tc_past_host(past));
	observer_make(&b, tc_past_host(past));
	while (tc_past_next(past, &step, &fault) > 0) {
		observe(&a, step.bytes, step.size, NULL, NULL, &first);
		observe(&b, step.bytes, step.size, NULL, NULL, &second);
	}
	assert_string_equal(first.bytes, live.bytes);
	assert_string_equal(second.bytes, live.bytes);
	assert_non_null(strstr(live.bytes, "user.name[-1]="));
	tc_past_counts(past, &counts);
	assert_int_equal(counts.records, 4);
	assert_int_equal(counts.unknown, 0);
	observer_done(&a);
	observer_done(&b);
	tc_past_free(past);
	tc_recording_close(recording);
	scratch_remove(&scratch);
	tc_buffer_done(&live);
	tc_buffer_done(&first);
	tc_buffer_done(&second);
}

/* --- a host that is asked what it was never asked --- */

static void unasked_questions_have_no_answer(void **state)
{
	struct scratch scratch = scratch_make();
	struct tc_buffer text = {0};
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	struct tc_past *past;
	struct tc_host *host;
	const struct tc_process_facts *facts;
	struct tc_container_facts container = {0};
	struct tc_container_question question = {.id = "abc"};
	char path[TC_CGROUP_PATH_MAX];
	uint64_t start_ns;
	size_t length;

	record_story(scratch.path, &text);
	assert_int_equal(tc_recording_open_file(scratch.path, &recording, &fault), 0);
	assert_int_equal(tc_past_new(recording, &past, &fault), 0);
	host = tc_past_host(past);
	assert_int_equal(host->ops->process(host, 1, &facts), 0);
	assert_int_equal(facts->tgid, 1);
	assert_int_equal(host->ops->process(host, 0x7ffffff3, &facts), -EAGAIN);
	assert_int_equal(host->ops->process_start(host, 0x7ffffff3, &start_ns), -EAGAIN);
	assert_int_equal(host->ops->cgroup_path(host, 0x7ffffff3, path, &length), -EAGAIN);
	assert_int_equal(host->ops->container(host, &question, NULL, &container), -ENOENT);
	tc_host_free(host);
	tc_past_free(past);
	tc_recording_close(recording);
	scratch_remove(&scratch);
	tc_buffer_done(&text);
}

/* --- facts --- */

static void a_container_is_told_as_it_was(void **state)
{
	struct tc_container_label labels[] = {{"a", "1"}, {"", ""}};
	struct tc_container_mount mount = {"/src", "/dst", "ro", "rprivate", true};
	struct tc_container_facts facts = {
		.texts = {[TC_CONTAINER_NAME] = "web", [TC_CONTAINER_SANDBOX] = "sandbox"},
		.traits = {[TC_CONTAINER_PRIVILEGED] = TC_TOLD_NO,
			   [TC_CONTAINER_HOST_IPC] = TC_TOLD_YES},
		.labels = {labels, 2},
		.pod_labels = {labels, 1},
		.mounts = &mount,
		.n_mounts = 1,
		.has_mounts = true,
		.start_ns = 77,
	};
	struct tc_container_facts got = {0};
	struct tc_buffer body = {0};
	struct tc_named_list list;

	tc_facts_put_container(&body, &facts);
	list = (struct tc_named_list){body.bytes, body.length};
	assert_int_equal(tc_facts_get_container(&list, &got), 0);
	for (unsigned i = 0; i < TC_CONTAINER_TEXTS; i++) {
		if (facts.texts[i])
			assert_string_equal(got.texts[i], facts.texts[i]);
		else
			assert_null(got.texts[i]);
	}
	assert_memory_equal(got.traits, facts.traits, sizeof(facts.traits));
	assert_int_equal(got.labels.count, 2);
	assert_string_equal(got.labels.rows[0].value, "1");
	assert_string_equal(got.labels.rows[1].name, "");
	assert_int_equal(got.pod_labels.count, 1);
	assert_int_equal(got.n_mounts, 1);
	assert_string_equal(got.mounts[0].propagation, "rprivate");
	assert_true(got.mounts[0].writable);
	assert_true(got.has_mounts);
	assert_int_equal(got.start_ns, 77);
	tc_arena_done(&got.arena);
	tc_buffer_done(&body);
}

/* The bytes of a slot that lies outside of its record. */
static void a_process_with_a_broken_image_is_refused(void **state)
{
	struct tc_buffer body = {0}, text = {0};
	struct tc_process_facts facts = {.tgid = 7}, got;
	static union tc_layout_room room;
	struct tc_layout_fault fault;
	struct tc_layout *layout;
	struct tc_named_list list;
	union made made;

	tc_layout_write(&text);
	assert_int_equal(tc_layout_read(text.bytes, text.length, &layout, &fault), 0);
	make_exec(&made, 7, SECOND, "x", "/bin/x");
	facts.exec = &made.exec;
	facts.absent = TC_EXEC_BIT(cwd) | TC_EXEC_BIT(exe_upper);
	tc_facts_put_process(&body, &facts);
	list = (struct tc_named_list){body.bytes, body.length};
	assert_int_equal(tc_facts_get_process(&list, layout, &room, &got), 0);
	assert_int_equal(got.tgid, 7);
	assert_int_equal(got.absent, facts.absent);
	assert_memory_equal(got.exec, &made, made.header.size);

	tc_buffer_reset(&body);
	made.exec.exe.offset = (uint16_t)made.header.size;
	tc_facts_put_process(&body, &facts);
	list = (struct tc_named_list){body.bytes, body.length};
	assert_int_equal(tc_facts_get_process(&list, layout, &room, &got), -EBADMSG);
	tc_buffer_done(&body);
	tc_buffer_done(&text);
	tc_layout_free(layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_past_world_knows_what_the_live_one_knew),
		cmocka_unit_test(unasked_questions_have_no_answer),
		cmocka_unit_test(a_container_is_told_as_it_was),
		cmocka_unit_test(a_process_with_a_broken_image_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
