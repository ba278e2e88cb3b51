/* SPDX-License-Identifier: Apache-2.0 */
/* The model of a story, and how it is told: with names that somebody chose to do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../output/json_check.h"
#include "agent/story/rows.h"
#include "agent/story/template.h"
#include "agent/value.h"
#include "output/format/text.h"

#define SECOND_NS 1000000000ULL
#define ALERT_NS (1700000000 * SECOND_NS)

/* Values of fields: pairs of names and bytes, ended by NULL. */
static bool get_pair(void *context, const char *field, struct tc_buffer *text)
{
	for (const char *const *pair = context; *pair; pair += 2)
		if (strcmp(pair[0], field) == 0) {
			tc_text_escape(text, pair[1], strlen(pair[1]));
			return true;
		}
	return false;
}

static const char *filled(const char *template, const char *const *pairs)
{
	static char result[256];
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_buffer_add_string(&text, "");
	tc_story_fill(template, get_pair, (void *)pairs, &text);
	assert_false(tc_buffer_failed(&text));
	snprintf(result, sizeof(result), "%s", text.bytes);
	return result;
}

static void test_templates_leave_out_what_has_no_value(void **state)
{
	const char *const pairs[] = {"file.path", "/a", "evt.arg.mode", "S_ISUID|S_IRUSR", NULL};
	const char *const others[] = {"evt.arg.mode", "FLAG|0x2", NULL};

	assert_string_equal(filled("made[ %file.path]", pairs), "made /a");
	assert_string_equal(filled("made[ %file.path][ by %user.name, %file.path].", pairs),
			    "made /a.");
	assert_string_equal(filled("100% of %file.path.", pairs), "100% of /a.");
	assert_string_equal(filled("to[ %evt.arg.mode]", pairs), "to 4400");
	assert_string_equal(filled("to[ %evt.arg.mode]", others), "to FLAG|0x2");
	assert_string_equal(filled("[unended %file.path", pairs), "unended /a");
	assert_string_equal(filled("", pairs), "");
}

/* --- stories --- */

static struct tc_story_key key_at(int64_t ms)
{
	uint64_t time_ns = ALERT_NS + (uint64_t)(ms * 1000000);

	return (struct tc_story_key){.time_ns = time_ns, .seq = time_ns / 1000000 % 1000000};
}

static struct tc_story *story_of(size_t limit, const char *rule)
{
	struct tc_story *story = tc_story_new(limit);

	assert_non_null(story);
	assert_non_null(tc_story_add_alert(story, &(struct tc_story_alert){.key = key_at(0),
									   .rule = rule,
									   .uuid = "u",
									   .output = rule,
									   .is_subject = true}));
	return story;
}

static struct tc_story_process *process_of(struct tc_story *story, uint32_t pid,
					   struct tc_story_process *parent, const char *name)
{
	struct tc_story_process *process = tc_story_process(story, pid, pid, pid);

	assert_non_null(process);
	process->parent = parent;
	process->is_relative = true;
	process->facts[TC_STORY_NAME] = name;
	process->facts[TC_STORY_CMDLINE] = name;
	process->facts[TC_STORY_LOGINUID] = "1000";
	return process;
}

static void tell(struct tc_story *story, struct tc_story_process *process, int64_t ms,
		 const char *kind, const char *const *pairs)
{
	tc_story_tell(story, &(struct tc_story_telling){.key = key_at(ms),
							.process = process,
							.kind = kind,
							.get = get_pair,
							.context = (void *)pairs});
}

static void tell_open(struct tc_story *story, struct tc_story_process *process, int64_t ms,
		      const char *path)
{
	tell(story, process, ms, "open", (const char *const[]){"file.path", path, NULL});
}

/* The names of a walk, with their depths. */
static const char *walked(const struct tc_story *story)
{
	static char result[256];
	struct tc_story_walk walk = {.story = story};
	size_t length = 0;

	result[0] = '\0';
	while (tc_story_walk_above(&walk))
		length += (size_t)snprintf(result + length, sizeof(result) - length, "%s>",
					   walk.process->facts[TC_STORY_NAME]);
	while (tc_story_walk(&walk)) {
		length += (size_t)snprintf(result + length, sizeof(result) - length, " %u%s",
					   walk.depth, walk.process->facts[TC_STORY_NAME]);
		if (walk.repeated)
			length += (size_t)snprintf(result + length, sizeof(result) - length, "*%u",
						   walk.repeated);
	}
	return result;
}

static void test_an_alert_that_is_not_told_is_no_story(void **state)
{
	struct tc_story *story = story_of(10, "r");

	tell_open(story, process_of(story, 7, NULL, "a"), 5, "/f");
	assert_int_equal(tc_story_end(story), -ENOENT);
	tc_story_free(story);
}

static void test_what_is_next_to_the_alert_stays(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *process = process_of(story, 7, NULL, "a");
	char path[16];

	for (int i = -100; i <= 100; i++) {
		snprintf(path, sizeof(path), "/f%d", i);
		tell_open(story, process, i, path);
	}
	assert_int_equal(tc_story_end(story), 0);
	assert_int_equal(story->n_events, 10);
	assert_int_equal(story->events[0].key.time_ns, key_at(-5).time_ns);
	assert_int_equal(story->events[9].key.time_ns, key_at(4).time_ns);
	assert_string_equal(story->events[5].text, "opened for writing /f0");
	assert_ptr_equal(story->events[5].alert, story->subject);
	assert_int_equal(story->left_before, 95);
	assert_int_equal(story->left_after, 96);
	/* What was touched is not cut. */
	assert_int_equal(HASH_COUNT(story->things), 201);
	tc_story_free(story);
}

/* What it became later is in the tree. */
static void test_the_process_is_told_as_it_was(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *process = process_of(story, 7, NULL, "before");

	process->facts[TC_STORY_CONTAINER] = "host";
	tell(story, process, 0, "open",
	     (const char *const[]){"file.path", "/f", "proc.name", "thread", NULL});
	process->facts[TC_STORY_NAME] = "after";
	assert_int_equal(tc_story_end(story), 0);
	assert_string_equal(tc_story_fact(story, TC_STORY_NAME), "before");
	assert_string_equal(story->events[0].name, "thread");
	assert_null(tc_story_fact(story, TC_STORY_CONTAINER));
	assert_string_equal(walked(story), " 0after");
	tc_story_free(story);
}

static void test_repetitions_are_one_line(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *process = process_of(story, 7, NULL, "a");

	for (int i = 1; i <= 5; i++)
		tell_open(story, process, -i, "/f");
	tell_open(story, process, 0, "/f");
	tell_open(story, process, 1, "/f");
	assert_int_equal(tc_story_end(story), 0);
	/* The alert has a line of its own. */
	assert_int_equal(story->n_events, 3);
	assert_int_equal(story->events[1].times, 1);
	assert_int_equal(HASH_COUNT(story->things), 1);
	assert_int_equal(story->things->times, 7);
	tc_story_free(story);
}

/* However many processes came before, there is room for the one that the alert is about. */
static void test_the_subject_has_room(void **state)
{
	struct tc_story *story = story_of(10, "r");
	const struct tc_story_key key = key_at(0);
	uint32_t pid = 1;

	while (tc_story_process(story, pid, pid, pid))
		pid++;
	assert_int_equal(story->left_processes, 1);
	tc_story_expect(story, &(struct tc_story_key){.time_ns = key.time_ns - 1});
	assert_null(tc_story_process(story, pid, pid, pid));
	tc_story_expect(story, &key);
	tell_open(story, process_of(story, pid, NULL, "a"), 0, "/f");
	assert_int_equal(tc_story_end(story), 0);
	assert_int_equal(tc_story_subject(story)->pid, pid);
	tc_story_free(story);
}

static void test_facts_are_bounded(void **state)
{
	const char *const pairs[] = {"proc.exe", "/bin/after", NULL};
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *process = process_of(story, 7, NULL, "a");
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_story_learn(story, process, TC_STORY_EXE, "proc.exe", get_pair, (void *)pairs);
	assert_string_equal(process->facts[TC_STORY_EXE], "/bin/after");
	process->facts[TC_STORY_EXE] = "/bin/before";
	story->facts_bytes = TC_STORY_FACTS_BYTES_MAX;
	tc_story_learn(story, process, TC_STORY_EXE, "proc.exe", get_pair, (void *)pairs);
	assert_string_equal(process->facts[TC_STORY_EXE], "/bin/before");
	tc_story_gaps(story, &text);
	assert_non_null(strstr(text.bytes, "1 times there was no room"));
	assert_false(story->failed);
	tc_story_free(story);
}

static void test_good_ends_are_no_event(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *one = process_of(story, 7, NULL, "a");
	struct tc_story_process *other = process_of(story, 8, one, "b");

	tell_open(story, one, 0, "/f");
	tell(story, one, 1, "exit",
	     (const char *const[]){"exit.status", "0", "exit.signal", "0", NULL});
	tell(story, other, 2, "exit",
	     (const char *const[]){"exit.status", "0", "exit.signal", "9", NULL});
	assert_int_equal(tc_story_end(story), 0);
	assert_int_equal(story->n_events, 2);
	assert_string_equal(story->events[1].text, "ended: by signal 9");
	assert_null(one->end);
	assert_int_equal(one->ended_ns, key_at(1).time_ns);
	tc_story_free(story);
}

static void test_the_tree_is_walked_in_order(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *init = process_of(story, 1, NULL, "init");
	struct tc_story_process *sshd = process_of(story, 2, init, "sshd");
	struct tc_story_process *shell = process_of(story, 20, sshd, "sh");
	struct tc_story_process *inner = process_of(story, 24, shell, "in");

	init->is_relative = sshd->is_relative = false;
	process_of(story, 3, init, "stranger")->is_relative = false;
	process_of(story, 30, inner, "deep");
	for (uint32_t pid = 23; pid >= 21; pid--)
		process_of(story, pid, shell, "true");
	process_of(story, 25, shell, "true");
	tell_open(story, shell, 0, "/f");
	assert_int_equal(tc_story_end(story), 0);
	assert_string_equal(walked(story), "init>sshd> 0sh 1true*2 1in 2deep 1true");
	tc_story_free(story);
}

static void test_parents_known_by_number_are_found(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *child = process_of(story, 50, NULL, "child");

	child->parent = tc_story_process(story, 40, 0, child->start_ns);
	assert_int_equal(child->parent->start_ns, 0);
	process_of(story, 40, NULL, "parent");
	tell_open(story, child, 0, "/f");
	assert_int_equal(tc_story_end(story), 0);
	assert_string_equal(walked(story), " 0parent 1child");
	tc_story_free(story);
}

static void test_a_circle_is_cut(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *a = process_of(story, 50, NULL, "a");
	struct tc_story_process *b = process_of(story, 60, a, "b");

	a->parent = b;
	tell_open(story, a, 0, "/f");
	assert_int_equal(tc_story_end(story), 0);
	assert_string_equal(walked(story), " 0a 1b");
	tc_story_free(story);
}

static void test_processes_are_bounded(void **state)
{
	struct tc_story *story = story_of(10, "r");

	for (uint32_t pid = 1; pid <= TC_STORY_PROCESSES_MAX - TC_STORY_RESERVED; pid++)
		process_of(story, pid, NULL, "p");
	assert_null(tc_story_process(story, TC_STORY_PROCESSES_MAX + 1, 5, 5));
	assert_non_null(tc_story_process(story, 3, 3, 3));
	tell_open(story, story->processes, 0, "/f");
	assert_int_equal(tc_story_end(story), 0);
	assert_int_equal(story->left_processes, 1);
	tc_story_free(story);
}

static void test_logins_are_told_apart(void **state)
{
	struct tc_story *story = story_of(10, "r");
	struct tc_story_process *one = process_of(story, 7, NULL, "a");
	_cleanup_buffer_ struct tc_buffer words = {0};

	one->facts[TC_STORY_LOGIN] = "alice";
	one->facts[TC_STORY_SESSION] = "3";
	one->facts[TC_STORY_TTY] = "pts0";
	process_of(story, 8, one, "b")->facts[TC_STORY_SESSION] = "3";
	process_of(story, 9, one, "c")->facts[TC_STORY_LOGINUID] = "-1";
	tell_open(story, one, 0, "/f");
	assert_int_equal(tc_story_end(story), 0);
	assert_int_equal(story->n_logins, 2);
	tc_story_login_words(&story->logins[0], &words);
	assert_string_equal(words.bytes,
			    "alice (1000), session 3, terminal pts0: 2 processes, first a (7)");
	tc_buffer_reset(&words);
	tc_story_login_words(&story->logins[1], &words);
	assert_string_equal(words.bytes, "nobody (started by the system): 1 process, first c (9)");
	tc_story_free(story);
}

static void test_offsets_read_well(void **state)
{
	struct tc_story *story = story_of(10, "r");
	const struct {
		int64_t ms;
		const char *words;
	} rows[] = {{-1, "-0.001 s"},
		    {0, "+0.000 s"},
		    {59999, "+59.999 s"},
		    {61000, "+1:01 min"},
		    {-7260000, "-2:01 h"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_buffer_ struct tc_buffer words = {0};

		tc_story_offset(story, key_at(rows[i].ms).time_ns, &words);
		assert_string_equal(words.bytes, rows[i].words);
	}
	tc_story_free(story);
}

/* --- hostile names --- */

static const char *const hostile[] = {
	"</title><script>alert(1)</script>",
	"\" onmouseover=\"alert(1)",
	"' style='background:url(//x)'",
	"<!--",
	"]]><![CDATA[",
	"&lt;&#60;&amp",
	"</style><style>body{display:none}</style>",
	"\033[31mred\033]0;title\007",
	"a\nb\rc\td\vtext",
	"invoice\xe2\x80\xae"
	"gpj.exe",					/* U+202E */
	"\xe2\x81\xa6isolate\xe2\x81\xa9",		/* U+2066, U+2069 */
	"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d /etc/passwd", /* Hebrew */
	"\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80",
	"\xc2\x9b"
	"31m\xe2\x80\xa8line",
	"\xef\xbb\xbf"
	"bom",
	"\\x41\\n\\u{41}",
	"%s%n%file.path[",
	"wide \xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97 combining "
	"e\xcc\x81\xcc\x81",
};
#define N_HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

/* As text that is safe to be shown. */
static const char *safe(struct tc_story *story, const char *bytes)
{
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_text_escape(&text, bytes, strlen(bytes));
	assert_false(tc_buffer_failed(&text));
	return tc_story_copy(story, text.bytes);
}

static struct tc_story *hostile_story(void)
{
	struct tc_story *story = story_of(1000, "");
	struct tc_story_process *parent = NULL;

	story->subject->rule = safe(story, hostile[0]);
	story->subject->output = safe(story, hostile[1]);
	story->subject->hostname = safe(story, hostile[2]);
	story->subject->tags = safe(story, hostile[3]);
	story->subject->verdict = safe(story, hostile[6]);
	story->source = safe(story, hostile[0]);
	for (uint32_t i = 0; i < N_HOSTILE; i++) {
		struct tc_story_process *process =
			process_of(story, i + 1, parent, safe(story, hostile[i]));

		for (int fact = 0; fact < TC_STORY_FACT_MAX; fact++)
			process->facts[fact] = process->facts[TC_STORY_NAME];
		process->end = process->facts[TC_STORY_NAME];
		tell(story, process, (int64_t)i, "symlink",
		     (const char *const[]){"file.path", hostile[i], "evt.arg.target", hostile[i],
					   "evt.verdict", hostile[i], NULL});
		tell(story, process, (int64_t)i, hostile[i], (const char *const[]){NULL});
		parent = process;
	}
	assert_int_equal(tc_story_end(story), 0);
	return story;
}

/* Valid UTF-8 without control characters but line ends, and without marks that turn text around. */
static void assert_plain(const char *text, size_t length)
{
	static const char *const marks[] = {"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9",
					    "\xc2\x9b",	    "\xe2\x80\xa8", "\xef\xbb\xbf"};

	assert_int_equal(strlen(text), length);
	assert_int_equal(tc_utf8_valid(text, length), length);
	for (size_t i = 0; i < length; i++)
		assert_true((unsigned char)text[i] >= ' ' || text[i] == '\n');
	assert_null(strchr(text, 0x7f));
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		assert_null(strstr(text, marks[i]));
}

/* All that begins with < is markup of ours. */
static void assert_markup(const char *html)
{
	static const char *const tags[] = {
		"!DOCTYPE html>",
		"html lang=\"en\">",
		"html>",
		"head>",
		"meta ",
		"title>",
		"style>",
		"body>",
		"header>",
		"main>",
		"footer>",
		"section>",
		"section class=\"tree\">",
		"h1>",
		"h2>",
		"h3>",
		"p>",
		"p class=\"",
		"span class=\"",
		"span id=\"p",
		"div id=\"p",
		"ul>",
		"li>",
		"dl>",
		"dt>",
		"dd>",
		"code>",
		"bdi dir=\"ltr\">",
		"a href=\"#p",
		"table>",
		"thead>",
		"tbody>",
		"tr>",
		"tr class=\"",
		"td>",
		"td class=\"",
		"th>",
		"time>",
		"svg viewBox=\"0 0 1000 44\"",
		"path class=\"",
		"svg>",
		"span>",
		"div>",
		"a>",
		"bdi>",
	};

	for (const char *at = html; (at = strchr(at, '<')); at++) {
		const char *tag = at + 1 + (at[1] == '/');
		bool known = false;

		for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]) && !known; i++)
			known = strncmp(tag, tags[i], strlen(tags[i])) == 0;
		if (!known)
			fail_msg("markup that nobody wrote: %.60s", at);
	}
}

static size_t count_of(const char *text, const char *words)
{
	size_t count = 0;

	for (; (text = strstr(text, words)); text += strlen(words))
		count++;
	return count;
}

static void test_a_page_is_safe(void **state)
{
	struct tc_story *story = hostile_story();
	_cleanup_buffer_ struct tc_buffer html = {0};
	static const char *const pairs[] = {"ul",    "li", "bdi", "code",    "span",  "div",  "a",
					    "table", "tr", "td",  "section", "style", "title"};

	tc_story_print_html(story, &html);
	assert_false(tc_buffer_failed(&html));
	assert_plain(html.bytes, html.length);
	assert_markup(html.bytes);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char open[16], open_with[16], close[16];

		snprintf(open, sizeof(open), "<%s>", pairs[i]);
		snprintf(open_with, sizeof(open_with), "<%s ", pairs[i]);
		snprintf(close, sizeof(close), "</%s>", pairs[i]);
		assert_int_equal(count_of(html.bytes, open) + count_of(html.bytes, open_with),
				 count_of(html.bytes, close));
	}
	/* One style, no script, nothing from elsewhere. */
	assert_int_equal(count_of(html.bytes, "<style>"), 1);
	assert_int_equal(count_of(html.bytes, "default-src 'none'; style-src 'sha256-"), 1);
	assert_int_equal(count_of(html.bytes, "src="), 0);
	assert_int_equal(count_of(html.bytes, "href=\"#p"), count_of(html.bytes, "href="));
	/* The names are there, as text. */
	assert_non_null(strstr(html.bytes, "&#60;script&#62;alert(1)&#60;/script&#62;"));
	assert_non_null(strstr(html.bytes, "invoice\\u{202e}gpj.exe"));
	tc_story_free(story);
}

static void test_json_is_valid(void **state)
{
	struct tc_story *story = hostile_story();
	_cleanup_buffer_ struct tc_buffer json = {0};

	tc_story_print_json(story, &json);
	assert_false(tc_buffer_failed(&json));
	assert_plain(json.bytes, json.length);
	assert_true(json_valid(json.bytes));
	tc_story_free(story);
}

static void test_text_fits_the_terminal(void **state)
{
	struct tc_story *story = hostile_story();

	for (unsigned width = 60; width <= 200; width += 20) {
		_cleanup_buffer_ struct tc_buffer text = {0};
		char *line, *rest;

		tc_story_print_text(story, width, false, &text);
		assert_false(tc_buffer_failed(&text));
		assert_plain(text.bytes, text.length);
		for (rest = text.bytes; (line = strsep(&rest, "\n"));)
			assert_in_range(tc_text_columns(line, strlen(line)), 0, width);
	}
	tc_story_free(story);
}

static void test_colours_are_ours(void **state)
{
	struct tc_story *story = hostile_story();
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_story_print_text(story, 80, true, &text);
	assert_false(tc_buffer_failed(&text));
	assert_true(count_of(text.bytes, "\033[") > 10);
	assert_int_equal(count_of(text.bytes, "\033[31mred"), 0);
	assert_int_equal(count_of(text.bytes, "\033]"), 0);
	tc_story_free(story);
}

/* --- alerts --- */

#define ALERT_JSON                                                                                 \
	"{\"uuid\":\"u1\",\"seq\":4,\"time\":\"2024-05-01T10:00:00.000000001Z\",\"rule\":\"R "     \
	"<1>\","                                                                                   \
	"\"priority\":\"Critical\",\"source\":\"syscall\",\"hostname\":\"h\",\"output\":\"R <1> "  \
	"said\","                                                                                  \
	"\"output_fields\":{\"proc.pid\":%s,\"proc.start_boottime\":5000,\"proc.ppid\":7,"         \
	"\"proc.name\":\"cat\",\"proc.pname\":\"\xe2\x80\xae"                                      \
	"evil\\u001b[1m\",\"evt.cpu\":1,\"evt.seq\":9,"                                            \
	"\"file.path\":\"/etc/shadow\",\"user.loginuid\":1000},\"tags\":[\"a\",\"b\"],"            \
	"\"action\":\"alert\",\"verdict\":\"alerted\",\"kind\":\"open_read\"}"

static int set_subject(struct tc_story *story, const char *pid)
{
	char json[1024];

	snprintf(json, sizeof(json), ALERT_JSON, pid);
	return tc_story_set_subject(story, &(struct tc_journal_row){.json = json});
}

static void test_an_alert_alone_is_a_story(void **state)
{
	struct tc_story *story = tc_story_new(10);
	const struct tc_story_process *process;

	assert_int_equal(set_subject(story, "11"), 0);
	assert_int_equal(tc_story_tell_subject(story), 0);
	assert_int_equal(tc_story_end(story), 0);
	assert_int_equal(story->n_events, 1);
	assert_string_equal(story->events[0].text, "opened for reading /etc/shadow");
	assert_string_equal(story->subject->tags, "a b");
	assert_int_equal(story->subject->priority, TC_PRIORITY_CRITICAL);
	process = tc_story_subject(story);
	assert_int_equal(process->pid, 11);
	/* What the journal has may have been changed by anybody. */
	assert_string_equal(process->parent->facts[TC_STORY_NAME], "\\u{202e}evil\\x1b[1m");
	assert_int_equal(story->n_logins, 1);
	assert_true(story->from_alerts);
	tc_story_free(story);
}

static void test_an_alert_of_a_rule_without_a_name(void **state)
{
	static const char json[] = "{\"rule\":\"\",\"output\":\"\",\"time\":"
				   "\"2024-05-01T10:00:00.000000000Z\",\"output_fields\":"
				   "{\"proc.pid\":7,\"proc.start_boottime\":7}}";
	struct tc_story *story = tc_story_new(10);
	_cleanup_buffer_ struct tc_buffer text = {0};

	assert_int_equal(tc_story_set_subject(story, &(struct tc_journal_row){.json = json}), 0);
	assert_string_equal(story->subject->rule, "");
	assert_int_equal(tc_story_tell_subject(story), 0);
	assert_int_equal(tc_story_end(story), 0);
	tc_story_print_text(story, 80, false, &text);
	assert_false(tc_buffer_failed(&text));
	tc_story_free(story);
}

static void test_what_is_no_alert_is_refused(void **state)
{
	static const char *const wrong[] = {"",	       "[]", "{}", "null", "{\"output_fields\":{}}",
					    "nonsense"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct tc_story *story = tc_story_new(10);

		assert_int_equal(
			tc_story_set_subject(story, &(struct tc_journal_row){.json = wrong[i]}),
			-EINVAL);
		tc_story_free(story);
	}
	struct tc_story *story = tc_story_new(10);

	assert_int_equal(set_subject(story, "null"), -EINVAL);
	assert_int_equal(set_subject(story, "\"text\""), -EINVAL);
	tc_story_free(story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_templates_leave_out_what_has_no_value),
		cmocka_unit_test(test_an_alert_that_is_not_told_is_no_story),
		cmocka_unit_test(test_what_is_next_to_the_alert_stays),
		cmocka_unit_test(test_the_process_is_told_as_it_was),
		cmocka_unit_test(test_repetitions_are_one_line),
		cmocka_unit_test(test_good_ends_are_no_event),
		cmocka_unit_test(test_the_tree_is_walked_in_order),
		cmocka_unit_test(test_parents_known_by_number_are_found),
		cmocka_unit_test(test_a_circle_is_cut),
		cmocka_unit_test(test_processes_are_bounded),
		cmocka_unit_test(test_logins_are_told_apart),
		cmocka_unit_test(test_offsets_read_well),
		cmocka_unit_test(test_a_page_is_safe),
		cmocka_unit_test(test_json_is_valid),
		cmocka_unit_test(test_text_fits_the_terminal),
		cmocka_unit_test(test_colours_are_ours),
		cmocka_unit_test(test_the_subject_has_room),
		cmocka_unit_test(test_facts_are_bounded),
		cmocka_unit_test(test_an_alert_alone_is_a_story),
		cmocka_unit_test(test_an_alert_of_a_rule_without_a_name),
		cmocka_unit_test(test_what_is_no_alert_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
