/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A story as one page: nothing is loaded from anywhere, nothing is a script.
 *
 * Its texts are valid UTF-8 without control characters and bidirectional marks. Here characters of
 * HTML become references, and each text stands in an element of its own whose direction nothing
 * leaves (<bdi>). Should something slip through, the policy in the head allows this one style and
 * nothing else (https://www.w3.org/TR/CSP3/).
 */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "agent/story/story.h"
#include "agent/story/style.h"
#include "agent/timestamp.h"
#include "output/alert.h"

#define STRIP_WIDTH 1000
/* "2024-02-29 " */
#define DAY_LENGTH 11
/* Deeper processes are drawn as deep as this one, so that there is room for them. */
#define DEPTH_MAX 24

struct page {
	const struct tc_story *story;
	struct tc_buffer *html;
};

/* --- text --- */

/* For text between tags and for attributes in double quotes (HTML, 13.3). */
static void add_text(struct tc_buffer *html, const char *text)
{
	for (; *text; text++) {
		size_t plain = strcspn(text, "&<>\"'");

		tc_buffer_add(html, text, plain);
		text += plain;
		if (!*text)
			return;
		tc_buffer_printf(html, "&#%d;", *text);
	}
}

static void put(struct page *page, const char *markup)
{
	tc_buffer_add_string(page->html, markup);
}

/* A text from outside. */
static void put_text(struct page *page, const char *text)
{
	put(page, "<bdi dir=\"ltr\">");
	add_text(page->html, text);
	put(page, "</bdi>");
}

static void put_code(struct page *page, const char *text)
{
	put(page, "<code>");
	put_text(page, text);
	put(page, "</code>");
}

static const char *look_of(enum tc_priority priority)
{
	if (priority <= TC_PRIORITY_ERROR)
		return "alarm";
	return priority <= TC_PRIORITY_WARNING ? "warn" : "calm";
}

static void put_badge(struct page *page, const char *look, const char *text)
{
	tc_buffer_printf(page->html, "<span class=\"badge %s\">", look);
	put_text(page, text);
	put(page, "</span>");
}

static void put_name(struct page *page, const struct tc_story_process *process, const char *then)
{
	_cleanup_buffer_ struct tc_buffer name = {0};

	tc_story_name(process, then, &name);
	page->html->failed |= tc_buffer_failed(&name);
	if (!tc_buffer_failed(&name))
		put_text(page, name.bytes);
}

/* The same, to be found in the tree; then: the name that it had. */
static void put_link(struct page *page, const struct tc_story_process *process, const char *then)
{
	tc_buffer_printf(page->html, "<a href=\"#p%u\">", process->number);
	put_name(page, process, then);
	put(page, "</a>");
}

static void put_row(struct page *page, const char *label, const char *text)
{
	if (!text || !*text)
		return;
	tc_buffer_printf(page->html, "<dt>%s</dt><dd>", label);
	put_code(page, text);
	put(page, "</dd>\n");
}

/* --- the head --- */

static void put_policy(struct page *page)
{
	unsigned char hash[SHA256_DIGEST_LENGTH], base64[SHA256_DIGEST_LENGTH * 2];

	SHA256((const unsigned char *)page_style, sizeof(page_style) - 1, hash);
	EVP_EncodeBlock(base64, hash, sizeof(hash));
	tc_buffer_printf(
		page->html,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n",
		(char *)base64);
}

static void put_head(struct page *page)
{
	put(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	put_policy(page);
	put(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		  "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	add_text(page->html, page->story->subject->rule);
	put(page, "</title>\n<style>");
	put(page, page_style);
	put(page, "</style>\n</head>\n<body>\n");
}

/* --- the alert --- */

static void put_alert(struct page *page)
{
	const struct tc_story_alert *alert = page->story->subject;
	char time[TC_TIMESTAMP_BYTES], row[24];

	put(page, "<header>\n");
	put_badge(page, look_of(alert->priority), tc_priority_name(alert->priority));
	if (alert->verdict) {
		put(page, " ");
		put_badge(page, "calm", alert->verdict);
	}
	put(page, "\n<h1>");
	put_text(page, alert->rule);
	put(page, "</h1>\n");
	if (alert->output) {
		put(page, "<p class=\"output\">");
		put_text(page, tc_alert_details(alert->output, alert->rule));
		put(page, "</p>\n");
	}
	put(page, "<dl>\n");
	tc_timestamp_local(alert->key.time_ns, time);
	put_row(page, "time", time);
	put_row(page, "host", alert->hostname);
	put_row(page, "tags", alert->tags);
	put_row(page, "uuid", alert->uuid);
	snprintf(row, sizeof(row), "%llu", (unsigned long long)alert->seq);
	put_row(page, "row", alert->seq ? row : NULL);
	put(page, "</dl>\n</header>\n<main>\n");
}

static void put_subject(struct page *page)
{
	const struct tc_story_process *process = tc_story_subject(page->story);

	if (!process)
		return;
	put(page, "<section>\n<h2>The process</h2>\n<dl>\n<dt>process</dt><dd>");
	put_link(page, process, page->story->facts[TC_STORY_NAME]);
	put(page, "</dd>\n");
	for (int fact = TC_STORY_EXE; fact < TC_STORY_FACT_MAX; fact++)
		put_row(page, tc_story_facts[fact].label,
			tc_story_fact(page->story, (enum tc_story_fact)fact));
	put(page, "</dl>\n</section>\n");
}

static void put_logins(struct page *page)
{
	if (!page->story->n_logins)
		return;
	put(page, "<section>\n<h2>Who logged in</h2>\n<ul>\n");
	for (size_t i = 0; i < page->story->n_logins; i++) {
		_cleanup_buffer_ struct tc_buffer words = {0};

		tc_story_login_words(&page->story->logins[i], &words);
		put(page, "<li>");
		if (!tc_buffer_failed(&words))
			put_text(page, words.bytes);
		put(page, "</li>\n");
	}
	put(page, "</ul>\n</section>\n");
}

/* --- the tree --- */

static void put_process(struct page *page, const struct tc_story_process *process,
			unsigned repeated)
{
	const char *command = tc_story_command(process);

	tc_buffer_printf(page->html, "<div id=\"p%u\" class=\"%s\">", process->number,
			 process->is_subject	? "here"
			 : process->is_relative ? "relative"
						: "above");
	put_name(page, process, NULL);
	if (process->facts[TC_STORY_USER] && process->is_relative) {
		put(page, " <span class=\"dim\">");
		put_text(page, process->facts[TC_STORY_USER]);
		put(page, "</span>");
	}
	if (process->end) {
		put(page, "<span class=\"dim\">, ended: ");
		put_text(page, process->end);
		put(page, "</span>");
	}
	if (process->alerts)
		tc_buffer_printf(page->html, " <span class=\"badge warn\">%u alert%s</span>",
				 process->alerts, process->alerts == 1 ? "" : "s");
	if (process->is_subject)
		put(page, " <span class=\"badge alarm\">this one</span>");
	if (command)
		put_code(page, command);
	if (repeated)
		tc_buffer_printf(page->html, "<span class=\"dim\">and %u more like it</span>",
				 repeated);
	put(page, "</div>");
}

/* Those above the tree, on one line. */
static void put_above(struct page *page, struct tc_story_walk *walk)
{
	if (!tc_story_walk_above(walk))
		return;
	put(page, "<p class=\"above\">");
	do {
		tc_buffer_printf(page->html, "<span id=\"p%u\">", walk->process->number);
		put_name(page, walk->process, NULL);
		put(page, "</span> &#8250;\n");
	} while (tc_story_walk_above(walk));
	put(page, "</p>\n");
}

static void put_tree(struct page *page)
{
	struct tc_story_walk walk = {.story = page->story};
	unsigned open = 0; /* lists inside of the first */

	put(page, "<section class=\"tree\">\n<h2>Processes</h2>\n");
	put_above(page, &walk);
	put(page, "<ul>\n");
	for (bool first = true; tc_story_walk(&walk); first = false) {
		unsigned depth = walk.depth < DEPTH_MAX ? walk.depth : DEPTH_MAX;

		if (depth > open) {
			put(page, "<ul>\n");
			open++;
		} else if (!first) {
			put(page, "</li>\n");
		}
		for (; open > depth; open--)
			put(page, "</ul></li>\n");
		put(page, "<li>");
		put_process(page, walk.process, walk.repeated);
	}
	for (put(page, "</li>\n"); open; open--)
		put(page, "</ul></li>\n");
	put(page, "</ul>\n</section>\n");
}

/* --- the timeline --- */

static bool is_about_subject(const struct tc_story_event *event)
{
	for (const struct tc_story_alert *alert = event->alert; alert; alert = alert->next)
		if (alert->is_subject)
			return true;
	return false;
}

static void put_tick(struct page *page, const struct tc_story_event *event, uint64_t first_ns,
		     uint64_t span_ns)
{
	bool here = is_about_subject(event);
	double x =
		(double)(event->key.time_ns - first_ns) / (double)span_ns * (STRIP_WIDTH - 8) + 4;

	tc_buffer_printf(page->html, "<path class=\"%s\" d=\"M%.1f %dV40\"/>",
			 here		? "this"
			 : event->alert ? "spoke"
					: "tick",
			 x,
			 here		? 2
			 : event->alert ? 10
					: 20);
}

/* When things happened, at a glance. */
static void put_strip(struct page *page)
{
	const struct tc_story *story = page->story;
	_cleanup_buffer_ struct tc_buffer from = {0}, to = {0};
	uint64_t first_ns, last_ns;

	if (story->n_events < 3)
		return;
	first_ns = story->events[0].key.time_ns;
	last_ns = story->events[story->n_events - 1].key.time_ns;
	tc_story_offset(story, first_ns, &from);
	tc_story_offset(story, last_ns, &to);
	if (first_ns == last_ns || tc_buffer_failed(&from) || tc_buffer_failed(&to))
		return;
	tc_buffer_printf(page->html,
			 "<svg viewBox=\"0 0 %d 44\" preserveAspectRatio=\"none\" role=\"img\" "
			 "aria-label=\"events over time\"><path class=\"base\" d=\"M0 40H%d\"/>",
			 STRIP_WIDTH, STRIP_WIDTH);
	for (size_t i = 0; i < story->n_events; i++)
		put_tick(page, &story->events[i], first_ns, last_ns - first_ns);
	tc_buffer_printf(page->html,
			 "</svg>\n<p class=\"ends dim\"><span class=\"offset\">%s</span>"
			 "<span class=\"offset\">%s</span></p>\n",
			 from.bytes, to.bytes);
}

static void put_alerts_of(struct page *page, const struct tc_story_event *event)
{
	for (const struct tc_story_alert *alert = event->alert; alert; alert = alert->next) {
		put(page, "<span class=\"says\">");
		put_badge(page, look_of(alert->priority), tc_priority_name(alert->priority));
		put(page, " ");
		put_text(page, alert->rule);
		if (alert->is_subject)
			put(page, " <span class=\"badge alarm\">this alert</span>");
		put(page, "</span>");
	}
}

/* Without the day, where that is the alert's. */
static void write_time(const struct tc_story *story, uint64_t time_ns,
		       char ret_text[TC_TIMESTAMP_BYTES])
{
	char alert[TC_TIMESTAMP_BYTES];

	tc_timestamp_local(story->subject->key.time_ns, alert);
	tc_timestamp_local(time_ns, ret_text);
	if (strncmp(alert, ret_text, DAY_LENGTH) == 0)
		memmove(ret_text, ret_text + DAY_LENGTH, strlen(ret_text + DAY_LENGTH) + 1);
}

static void put_event(struct page *page, const struct tc_story_event *event)
{
	_cleanup_buffer_ struct tc_buffer offset = {0};
	char time[TC_TIMESTAMP_BYTES];

	tc_story_offset(page->story, event->key.time_ns, &offset);
	write_time(page->story, event->key.time_ns, time);
	page->html->failed |= tc_buffer_failed(&offset);
	if (tc_buffer_failed(&offset))
		return;
	tc_buffer_printf(
		page->html,
		"<tr%s><td class=\"when\"><time>%s</time></td><td class=\"offset when\">%s</td>"
		"<td class=\"who\">",
		is_about_subject(event) ? " class=\"here\""
		: event->alert		? " class=\"hit\""
					: "",
		time, offset.bytes);
	put_link(page, event->process, event->name);
	put(page, "</td><td>");
	put_text(page, event->text);
	if (event->times > 1)
		tc_buffer_printf(page->html, " <span class=\"dim\">%u times</span>", event->times);
	if (event->verdict) {
		put(page, " ");
		put_badge(page, "calm", event->verdict);
	}
	put_alerts_of(page, event);
	put(page, "</td></tr>\n");
}

static void put_timeline(struct page *page)
{
	put(page, "<section>\n<h2>Timeline</h2>\n");
	put_strip(page);
	put(page, "<table>\n<thead><tr><th>Time</th><th>Offset</th><th>Process</th>"
		  "<th>What it did</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < page->story->n_events; i++)
		put_event(page, &page->story->events[i]);
	put(page, "</tbody>\n</table>\n</section>\n");
}

/* --- what was touched --- */

static void put_class(struct page *page, enum tc_story_class group)
{
	const struct tc_story_thing *thing = tc_story_next_thing(page->story, group, NULL);

	if (!thing)
		return;
	tc_buffer_printf(page->html, "<h3>%s</h3>\n<table>\n<tbody>\n",
			 tc_story_class_title(group));
	for (; thing; thing = tc_story_next_thing(page->story, group, thing)) {
		put(page, "<tr><td>");
		put_code(page, thing->text);
		put(page, "</td><td class=\"who\">");
		put_link(page, thing->process, NULL);
		if (thing->by_others)
			put(page, " <span class=\"dim\">and others</span>");
		if (thing->times > 1)
			tc_buffer_printf(page->html, " <span class=\"dim\">%u times</span>",
					 thing->times);
		put(page, "</td></tr>\n");
	}
	put(page, "</tbody>\n</table>\n");
}

static void put_things(struct page *page)
{
	if (!page->story->things)
		return;
	put(page, "<section>\n<h2>What it touched</h2>\n");
	for (int group = 0; group < TC_STORY_CLASS_MAX; group++)
		if (*tc_story_class_title((enum tc_story_class)group))
			put_class(page, (enum tc_story_class)group);
	put(page, "</section>\n");
}

static void put_gaps(struct page *page)
{
	_cleanup_buffer_ struct tc_buffer gaps = {0};
	char *line, *rest;

	tc_story_gaps(page->story, &gaps);
	page->html->failed |= tc_buffer_failed(&gaps);
	if (tc_buffer_failed(&gaps) || !gaps.length)
		return;
	put(page, "<section>\n<h2>What is not told</h2>\n<ul>\n");
	for (rest = gaps.bytes; (line = strsep(&rest, "\n")) && *line;) {
		put(page, "<li>");
		put_text(page, line);
		put(page, "</li>\n");
	}
	put(page, "</ul>\n</section>\n");
}

void tc_story_print_html(const struct tc_story *story, struct tc_buffer *text)
{
	struct page page = {.story = story, .html = text};

	put_head(&page);
	put_alert(&page);
	put_subject(&page);
	put_logins(&page);
	put_tree(&page);
	put_timeline(&page);
	put_things(&page);
	put_gaps(&page);
	put(&page, "</main>\n<footer>\n<p>Told by tocsin " TOCSIN_VERSION);
	if (story->source) {
		put(&page, " from ");
		put_text(&page, story->source);
	}
	put(&page, ".</p>\n</footer>\n</body>\n</html>\n");
}
