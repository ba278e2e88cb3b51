/* SPDX-License-Identifier: Apache-2.0 */
/* What an anonymised recording still says, and what it no longer does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

#include "agent/draft.h"
#include "recording/anonymise.h"
#include "recording/frame.h"

static struct tc_anonymiser *anonymiser;

static int set_up(void **state)
{
	return tc_anonymiser_new("key", 3, &anonymiser);
}

static int tear_down(void **state)
{
	tc_anonymiser_free(anonymiser);
	return 0;
}

/* On the heap. */
static char *other(const char *text)
{
	struct tc_buffer out = {0};

	tc_anonymise_text(anonymiser, text, strlen(text), &out);
	assert_false(tc_buffer_failed(&out));
	return out.bytes;
}

static void expect_stays(const char *text)
{
	char *found = other(text);

	assert_string_equal(found, text);
	free(found);
}

/* form: # stands for any letter, @ for any hexadecimal digit; all else for itself. */
static void expect_form(const char *text, const char *form)
{
	char *found = other(text);

	assert_int_equal(strlen(found), strlen(form));
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == '#')
			assert_true(islower((unsigned char)found[i]));
		else if (form[i] == '@')
			assert_true(isxdigit((unsigned char)found[i]));
		else
			assert_int_equal(found[i], form[i]);
	}
	assert_string_not_equal(found, text);
	free(found);
}

static void words_of_any_system_stay(void **state)
{
	expect_stays("/usr/lib/x86_64-linux-gnu/libc.so.6");
	expect_stays("/proc/4194303/mem");
	expect_stays("python3 -c 'a b'");
	expect_stays("/etc/ssh/sshd_config");
	expect_stays("port 65535");
	expect_stays("\x01\n\t|&;");
}

static void other_words_do_not(void **state)
{
	expect_form("/home/alice/.ssh/id_rsa", "/home/#####/.ssh/id_###");
	expect_form("/srv/report.pdf", "/srv/######.###");
	expect_form("--password=hunter2", "--########=#######");
	expect_form("caf\xc3\xa9", "#####");
	expect_form("docker-0123456789abcdef0123.scope", "docker-@@@@@@@@@@@@@@@@@@@@.scope");
	expect_form("kubepods-pod01234567_89ab_cdef_0123_456789abcdef.slice",
		    "kubepods-pod@@@@@@@@_@@@@_@@@@_@@@@_@@@@@@@@@@@@.slice");
}

static void the_same_word_is_the_same_everywhere(void **state)
{
	char *a = other("/home/alice/x"), *b = other("alice:x:1000:1000::/home/alice:/bin/sh");

	assert_memory_equal(a + strlen("/home/"), b, strlen("alice"));
	assert_memory_equal(a + strlen("/home/"), strstr(b, "/home/") + strlen("/home/"),
			    strlen("alice"));
	free(a);
	free(b);
}

static void another_key_gives_other_words(void **state)
{
	char *a = other("alice"), *b;

	tc_anonymiser_free(anonymiser);
	assert_int_equal(tc_anonymiser_new("keys", 4, &anonymiser), 0);
	b = other("alice");
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void words_can_be_kept(void **state)
{
	static const char rule[] = "proc.name in (xmrig, minerd)";

	expect_form("/tmp/xmrig", "/tmp/#####");
	tc_anonymiser_free(anonymiser);
	assert_int_equal(tc_anonymiser_new("key", 3, &anonymiser), 0);
	assert_int_equal(tc_anonymiser_keep_text(anonymiser, rule, strlen(rule)), 0);
	expect_stays("/tmp/xmrig");
}

/* In which network an address of a text is then. */
static void expect_network(const char *text, const char *prefix)
{
	char *found = other(text);
	struct in6_addr address;
	struct in_addr v4;

	assert_memory_equal(found, prefix, strlen(prefix));
	assert_string_not_equal(found, text);
	assert_true(inet_pton(AF_INET, found, &v4) == 1 ||
		    inet_pton(AF_INET6, found, &address) == 1);
	free(found);
}

static void addresses_stay_what_they_are(void **state)
{
	expect_stays("127.0.0.1");
	expect_stays("0.0.0.0:22");
	expect_stays("::1");
	expect_stays("ff02::1");
	expect_network("10.1.2.3", "10.");
	expect_network("172.20.1.1", "172.");
	expect_network("192.168.1.1", "192.168.");
	expect_network("8.8.8.8", "198.1");
	expect_network("2606:4700::1111", "2001:db8:");
	expect_network("fe80::1234", "fe80::");
	expect_network("fd12:3456::1", "fd");
}

/* Behind an address there may be a port, or the end of a sentence. */
static void addresses_in_a_text_do_not_stay(void **state)
{
	static const struct {
		const char *text, *begin, *end;
	} texts[] = {
		{"8.8.8.8:53", "198.1", ":53"},
		{"http://93.184.216.34:8080/", "http://198.1", ":8080/"},
		{"[2606:4700::1111]:443", "[2001:db8:", "]:443"},
		{"to 8.8.8.8.", "to 198.1", "."},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *found = other(texts[i].text);
		size_t end = strlen(texts[i].end);

		assert_memory_equal(found, texts[i].begin, strlen(texts[i].begin));
		assert_true(strlen(found) > end);
		assert_string_equal(found + strlen(found) - end, texts[i].end);
		free(found);
	}
}

/* Whoever wrote the recording may have nested them as deep as memory is large. */
static void lists_in_many_lists_are_left_out(void **state)
{
	struct tc_buffer list = {0}, out = {0};

	tc_named_put_bytes(&list, "value", "alice", 5);
	for (unsigned i = 0; i < 1000; i++) {
		struct tc_buffer outer = {0};

		tc_named_put_bytes(&outer, "label", list.bytes, list.length);
		tc_buffer_done(&list);
		list = outer;
	}
	assert_int_equal(
		tc_anonymise_entry(anonymiser, TC_ENTRY_USERS, list.bytes, list.length, &out), 0);
	assert_true(out.length < 200);
	tc_buffer_done(&list);
	tc_buffer_done(&out);
}

static unsigned count(const struct tc_buffer *bytes, const char *word)
{
	const char *at = bytes->bytes, *end = at + bytes->length;
	unsigned found = 0;

	while ((at = memmem(at, (size_t)(end - at), word, strlen(word))) != NULL) {
		found++;
		at++;
	}
	return found;
}

static void a_record_has_no_secret_left(void **state)
{
	static struct tc_draft draft;
	struct tc_buffer out = {0};

	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++) {
		const struct tc_kind_info *info = tc_kind_info(kind);

		if (!info || info->traits & TC_TRAIT_AGENT)
			continue;
		tc_draft_begin(&draft, info);
		tc_draft_fill(&draft, "/srv/geheim");
		memcpy(draft.header.comm.bytes, "geheim", sizeof("geheim"));
		tc_buffer_reset(&out);
		assert_int_equal(tc_anonymise_entry(anonymiser, TC_ENTRY_RECORD, draft.bytes,
						    draft.header.size, &out),
				 0);
		assert_int_equal(out.length, draft.header.size);
		assert_ptr_equal(tc_layout_own_kind(out.bytes, out.length), info);
		/* Types of file systems stay. */
		assert_int_equal(count(&out, "geheim"), tc_draft_member(&draft, "fstype") != NULL);
	}
	tc_buffer_done(&out);
}

/* Two letters are too few to say much, unless they are a name. */
static void short_names_do_not_stay(void **state)
{
	static const char passwd[] =
		"root:x:0:0::/root:/bin/sh\nal:x:1000:1000::/home/al:/bin/sh\n";
	struct tc_buffer body = {0}, out = {0};

	expect_stays("/home/al");
	tc_named_put_text(&body, "passwd", passwd);
	assert_int_equal(
		tc_anonymise_entry(anonymiser, TC_ENTRY_USERS, body.bytes, body.length, &out), 0);
	assert_int_equal(count(&out, "al"), 0);
	assert_non_null(memmem(out.bytes, out.length, "root:x:0:0::/root:/bin/sh\n", 26));
	expect_form("/home/al", "/home/##");
	tc_buffer_done(&body);
	tc_buffer_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_of_any_system_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(other_words_do_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_word_is_the_same_everywhere, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(another_key_gives_other_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(words_can_be_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(addresses_stay_what_they_are, set_up, tear_down),
		cmocka_unit_test_setup_teardown(addresses_in_a_text_do_not_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_in_many_lists_are_left_out, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_record_has_no_secret_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(short_names_do_not_stay, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
