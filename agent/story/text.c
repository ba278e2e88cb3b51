/* SPDX-License-Identifier: Apache-2.0 */
/* A story for a terminal. No line is wider than it, where that has 60 columns or more. */
#include <stdio.h>
#include <string.h>

#include "agent/story/story.h"
#include "agent/timestamp.h"
#include "output/alert.h"
#include "output/format/colour.h"
#include "output/format/text.h"

#define WIDTH_MIN 60
#define LABEL_COLUMNS 16
/* Of a command line, or of what an event says. */
#define WORDS_COLUMNS 240
/* Deeper processes are drawn as deep as this one. */
#define DEPTH_MAX 12

struct printer {
	const struct tc_story *story;
	struct tc_buffer *text;
	unsigned width;
	bool colour;
};

static void put(struct printer *printer, const char *style, const char *words)
{
	tc_buffer_printf(printer->text, "%s%s%s", printer->colour ? style : "", words,
			 printer->colour && *style ? TC_COLOUR_END : "");
}

static void title(struct printer *printer, const char *words)
{
	tc_buffer_add_char(printer->text, '\n');
	put(printer, TC_COLOUR_BOLD, words);
	tc_buffer_add_char(printer->text, '\n');
}

/* Where to break a line so that it takes at most columns: behind a blank if there is one not too
 * far back. */
static size_t line_length(const char *words, size_t length, size_t columns)
{
	size_t fits = tc_text_fit(words, length, columns), at = fits;

	if (fits == length)
		return length;
	while (at > fits / 2 && words[at - 1] != ' ')
		at--;
	if (at > fits / 2)
		return at;
	return fits ? fits : length;
}

/* Words on as many lines as they need: the first one behind what takes used columns, the others
 * behind indent blanks. */
static void wrap(struct printer *printer, size_t used, size_t indent, const char *style,
		 const char *words)
{
	size_t length = strlen(words), columns = printer->width - used;

	for (;;) {
		size_t line = line_length(words, length, columns), shown = line;

		while (shown && words[shown - 1] == ' ')
			shown--;
		if (printer->colour)
			tc_buffer_add_string(printer->text, style);
		tc_buffer_add(printer->text, words, shown);
		if (printer->colour && *style)
			tc_buffer_add_string(printer->text, TC_COLOUR_END);
		tc_buffer_add_char(printer->text, '\n');
		words += line;
		length -= line;
		while (length && *words == ' ') {
			words++;
			length--;
		}
		if (!length)
			return;
		columns = printer->width - indent;
		tc_buffer_printf(printer->text, "%*s", (int)indent, "");
	}
}

/* The same with what is left of words in so many columns: what is longer stands in the page and in
 * JSON. */
static void wrap_start(struct printer *printer, size_t used, size_t indent, const char *style,
		       const char *words)
{
	_cleanup_buffer_ struct tc_buffer start = {0};
	size_t length = strlen(words), fits = tc_text_fit(words, length, WORDS_COLUMNS);

	tc_buffer_add(&start, words, fits);
	if (fits < length)
		tc_buffer_add_string(&start, " ...");
	if (!tc_buffer_failed(&start))
		wrap(printer, used, indent, style, start.bytes);
}

static void row(struct printer *printer, const char *label, const char *words)
{
	char margin[LABEL_COLUMNS + 8];

	if (!words || !*words)
		return;
	snprintf(margin, sizeof(margin), "  %-*s", LABEL_COLUMNS, label);
	put(printer, TC_COLOUR_DIM, margin);
	wrap(printer, LABEL_COLUMNS + 2, LABEL_COLUMNS + 2, "", words);
}

/* --- the alert --- */

static void print_alert(struct printer *printer)
{
	const struct tc_story_alert *alert = printer->story->subject;
	char time[TC_TIMESTAMP_BYTES], words[160];

	snprintf(words, sizeof(words), "%s", tc_priority_name(alert->priority));
	put(printer, tc_colour_of(alert->priority), words);
	tc_buffer_add_string(printer->text, "  ");
	wrap(printer, strlen(words) + 2, strlen(words) + 2, TC_COLOUR_BOLD, alert->rule);
	if (alert->output) {
		tc_buffer_add_string(printer->text, "  ");
		wrap(printer, 2, 2, "", tc_alert_details(alert->output, alert->rule));
	}
	tc_buffer_add_char(printer->text, '\n');
	tc_timestamp_local(alert->key.time_ns, time);
	row(printer, "time", time);
	row(printer, "host", alert->hostname);
	row(printer, "verdict", alert->verdict);
	row(printer, "tags", alert->tags);
	row(printer, "uuid", alert->uuid);
	if (alert->seq) {
		snprintf(words, sizeof(words), "%llu", (unsigned long long)alert->seq);
		row(printer, "row", words);
	}
}

static void print_subject(struct printer *printer)
{
	const struct tc_story_process *process = tc_story_subject(printer->story);
	_cleanup_buffer_ struct tc_buffer name = {0};

	if (!process)
		return;
	title(printer, "THE PROCESS");
	tc_story_name(process, printer->story->facts[TC_STORY_NAME], &name);
	row(printer, "process", name.bytes);
	for (int fact = TC_STORY_EXE; fact < TC_STORY_FACT_MAX; fact++)
		row(printer, tc_story_facts[fact].label,
		    tc_story_fact(printer->story, (enum tc_story_fact)fact));
}

/* --- who logged in --- */

static void print_logins(struct printer *printer)
{
	const struct tc_story *story = printer->story;

	if (!story->n_logins)
		return;
	title(printer, "WHO LOGGED IN");
	for (size_t i = 0; i < story->n_logins; i++) {
		_cleanup_buffer_ struct tc_buffer words = {0};

		tc_story_login_words(&story->logins[i], &words);
		tc_buffer_add_string(printer->text, "  ");
		wrap(printer, 2, 4, "", words.bytes);
	}
}

/* --- the tree --- */

static unsigned columns_of(unsigned depth)
{
	return 2 + 2 * (depth < DEPTH_MAX ? depth : DEPTH_MAX);
}

static void print_process(struct printer *printer, const struct tc_story_process *process,
			  unsigned columns)
{
	const char *command = tc_story_command(process);
	_cleanup_buffer_ struct tc_buffer name = {0};

	tc_story_name(process, NULL, &name);
	if (process->facts[TC_STORY_USER] && process->is_relative)
		tc_buffer_printf(&name, " %s", process->facts[TC_STORY_USER]);
	if (process->end)
		tc_buffer_printf(&name, ", ended: %s", process->end);
	if (process->alerts)
		tc_buffer_printf(&name, ", %u alert%s", process->alerts,
				 process->alerts == 1 ? "" : "s");
	if (process->is_subject)
		tc_buffer_add_string(&name, "  <== this one");
	if (tc_buffer_failed(&name))
		return;
	tc_buffer_printf(printer->text, "%*s", (int)columns, "");
	wrap(printer, columns, columns + 2,
	     process->is_subject    ? TC_COLOUR_BOLD
	     : process->is_relative ? ""
				    : TC_COLOUR_DIM,
	     name.bytes);
	if (command) {
		tc_buffer_printf(printer->text, "%*s", (int)columns + 2, "");
		wrap_start(printer, columns + 2, columns + 4, TC_COLOUR_DIM, command);
	}
}

/* Those above the tree, on one line. */
static void print_above(struct printer *printer, struct tc_story_walk *walk)
{
	_cleanup_buffer_ struct tc_buffer names = {0};

	while (tc_story_walk_above(walk)) {
		if (names.length)
			tc_buffer_add_char(&names, ' ');
		tc_story_name(walk->process, NULL, &names);
		tc_buffer_add_string(&names, " >");
	}
	if (!names.length || tc_buffer_failed(&names))
		return;
	tc_buffer_add_string(printer->text, "  ");
	wrap(printer, 2, 2, TC_COLOUR_DIM, names.bytes);
}

static void print_tree(struct printer *printer)
{
	struct tc_story_walk walk = {.story = printer->story};

	title(printer, "PROCESSES");
	print_above(printer, &walk);
	while (tc_story_walk(&walk)) {
		unsigned columns = columns_of(walk.depth);

		print_process(printer, walk.process, columns);
		if (walk.repeated)
			tc_buffer_printf(printer->text, "%*sand %u more like it\n",
					 (int)columns + 2, "", walk.repeated);
	}
}

/* --- the timeline --- */

static void print_alerts_of(struct printer *printer, const struct tc_story_event *event,
			    size_t indent)
{
	for (const struct tc_story_alert *alert = event->alert; alert; alert = alert->next) {
		_cleanup_buffer_ struct tc_buffer words = {0};

		tc_buffer_printf(&words, "! %s: %s%s", tc_priority_name(alert->priority),
				 alert->rule, alert->is_subject ? "  <== this alert" : "");
		tc_buffer_printf(printer->text, "%*s", (int)indent, "");
		if (!tc_buffer_failed(&words))
			wrap(printer, indent, indent + 2, tc_colour_of(alert->priority),
			     words.bytes);
	}
}

static void print_event(struct printer *printer, const struct tc_story_event *event)
{
	_cleanup_buffer_ struct tc_buffer words = {0}, offset = {0};

	tc_story_offset(printer->story, event->key.time_ns, &offset);
	tc_story_name(event->process, event->name, &words);
	tc_buffer_printf(&words, " %s", event->text);
	if (event->times > 1)
		tc_buffer_printf(&words, ", %u times", event->times);
	if (event->verdict)
		tc_buffer_printf(&words, " [%s]", event->verdict);
	if (tc_buffer_failed(&words) || tc_buffer_failed(&offset))
		return;
	tc_buffer_printf(printer->text, "  ");
	tc_buffer_printf(printer->text, "%12s  ", offset.bytes);
	wrap_start(printer, 16, 18, event->alert ? TC_COLOUR_BOLD : "", words.bytes);
	print_alerts_of(printer, event, 18);
}

static void print_timeline(struct printer *printer)
{
	title(printer, "TIMELINE");
	for (size_t i = 0; i < printer->story->n_events; i++)
		print_event(printer, &printer->story->events[i]);
}

/* --- what was touched --- */

static void print_things(struct printer *printer)
{
	bool any = false;

	for (int group = 0; group < TC_STORY_CLASS_MAX; group++) {
		const char *name = tc_story_class_title((enum tc_story_class)group);
		const struct tc_story_thing *thing = NULL;
		bool begun = false;

		while (*name && (thing = tc_story_next_thing(printer->story,
							     (enum tc_story_class)group, thing))) {
			_cleanup_buffer_ struct tc_buffer words = {0};

			if (!begun && !any)
				title(printer, "WHAT IT TOUCHED");
			if (!begun)
				tc_buffer_printf(printer->text, "  %s:\n", name);
			begun = any = true;
			tc_buffer_printf(&words, "%s  (", thing->text);
			tc_story_thing_words(thing, &words);
			tc_buffer_add_char(&words, ')');
			tc_buffer_add_string(printer->text, "    ");
			if (!tc_buffer_failed(&words))
				wrap(printer, 4, 6, "", words.bytes);
		}
	}
}

static void print_gaps(struct printer *printer)
{
	_cleanup_buffer_ struct tc_buffer gaps = {0};
	char *line, *rest;

	tc_story_gaps(printer->story, &gaps);
	if (tc_buffer_failed(&gaps) || !gaps.length)
		return;
	title(printer, "WHAT IS NOT TOLD");
	for (rest = gaps.bytes; (line = strsep(&rest, "\n")) && *line;) {
		tc_buffer_add_string(printer->text, "  ");
		wrap(printer, 2, 2, "", line);
	}
}

void tc_story_print_text(const struct tc_story *story, unsigned width, bool colour,
			 struct tc_buffer *text)
{
	struct printer printer = {.story = story,
				  .text = text,
				  .width = width < WIDTH_MIN ? WIDTH_MIN : width,
				  .colour = colour};

	print_alert(&printer);
	print_subject(&printer);
	print_logins(&printer);
	print_tree(&printer);
	print_timeline(&printer);
	print_things(&printer);
	print_gaps(&printer);
}
