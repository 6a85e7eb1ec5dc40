/* SPDX-License-Identifier: MIT */
/* tests/unit/test_log.c - the lines of the log, and where they go. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log/line.h"
#include "log/log.h"

#define WHEN_MS		1795502066045	/* 2026-11-24T06:34:26.045Z */

static char *
format(line_format_f *fn, const char *msg, const struct rotor_field *f, size_t n)
{
	static struct line l;

	fn(&l, ROTOR_LOG_INFO, WHEN_MS, "http", msg, f, n);
	assert_true(l.len < sizeof l.buf);
	l.buf[l.len] = '\0';
	return l.buf;
}

static void
json_line(void **state)
{
	const struct rotor_field f[] = { ROTOR_F_STR("address", "::1"), ROTOR_F_INT("port", 8000),
	    ROTOR_F_INT("low", INT64_MIN), ROTOR_F_STR("empty", "") };

	(void)state;
	assert_string_equal(format(line_json, "listening", f, 4),
	    "{\"level\":\"info\",\"time\":\"2026-11-24T06:34:26.045Z\",\"area\":\"http\","
	    "\"message\":\"listening\",\"address\":\"::1\",\"port\":8000,"
	    "\"low\":-9223372036854775808,\"empty\":\"\"}\n");
	assert_string_equal(format(line_json, "x", NULL, 0),
	    "{\"level\":\"info\",\"time\":\"2026-11-24T06:34:26.045Z\",\"area\":\"http\","
	    "\"message\":\"x\"}\n");
}

static void
text_line(void **state)
{
	const struct rotor_field f[] = { ROTOR_F_STR("address", "::1"), ROTOR_F_INT("port", 8000),
	    ROTOR_F_STR("why", "no \"room\""), ROTOR_F_STR("empty", ""), ROTOR_F_STR("eq", "a=b"),
	    ROTOR_F_STR("name", "Zo\xc3\xab") };

	(void)state;
	assert_string_equal(format(line_text, "not listening", f, 6),
	    "2026-11-24T06:34:26.045Z INFO  http: not listening address=::1 port=8000 "
	    "why=\"no \\\"room\\\"\" empty=\"\" eq=\"a=b\" name=\"Zo\xc3\xab\"\n");
}

/* Nothing from outside may end a line or steer a terminal, in either form. */
static void
lines_cannot_be_forged(void **state)
{
	static const struct {
		const char	*in;
		size_t		len;
		const char	*out;
	} cases[] = {
		{ "a\nb", 3, "\"a\\nb\"" },
		{ "a\r\n{\"level\":\"x\"}", 16, "\"a\\r\\n{\\\"level\\\":\\\"x\\\"}\"" },
		{ "\0", 1, "\"\\u0000\"" },
		{ "\x1b[2J", 4, "\"\\u001b[2J\"" },
		{ "\t\b\f\x7f", 4, "\"\\t\\b\\f\\u007f\"" },
		{ "\xc2\x9b""31m", 5, "\"\\u009b31m\"" },
		{ "\xe2\x80\xa8\xe2\x80\xae", 6, "\"\\u2028\\u202e\"" },
		{ "\xff\xc3", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\\", 1, "\"\\\\\"" },
		{ "\xf0\x9f\x98\x80 ", 5, "\"\xf0\x9f\x98\x80 \"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rotor_str s = { cases[i].in, cases[i].len };
		const struct rotor_field f = ROTOR_F_SLICE("v", s);
		char *text = format(line_text, "m", &f, 1), expected[128];

		(void)snprintf(expected, sizeof expected, " v=%s\n", cases[i].out);
		assert_string_equal(strstr(text, " v="), expected);
		(void)snprintf(expected, sizeof expected, ",\"v\":%s}\n", cases[i].out);
		assert_string_equal(strstr(format(line_json, "m", &f, 1), ",\"v\":"), expected);
	}
	assert_non_null(strstr(format(line_text, "a\nb\x1b", NULL, 0), "http: a\\nb\\u001b\n"));
	assert_non_null(strstr(format(line_json, "a\nb", NULL, 0), "\"message\":\"a\\nb\"}\n"));
}

static void
long_fields_are_cut(void **state)
{
	static char long_text[5000];
	struct rotor_field f = { "v", long_text, sizeof long_text, 0 };
	char *at;

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	at = strstr(format(line_json, "m", &f, 1), ",\"v\":\"") + 6;
	assert_int_equal(strspn(at, "x"), 1024);
	assert_string_equal(at + 1024, "\"}\n");
	memcpy(long_text + 1022, "\xe2\x82\xac", 3);	/* would be split */
	at = strstr(format(line_json, "m", &f, 1), ",\"v\":\"") + 6;
	assert_int_equal(strspn(at, "x"), 1022);
	assert_string_equal(at + 1022, "\"}\n");
}

/* Fields that do not fit are left out whole; what follows and fits is not. */
static void
full_lines_stay_valid(void **state)
{
	static char nasty[1024];
	struct rotor_field f[8];
	char *text;
	size_t i;

	(void)state;
	memset(nasty, 1, sizeof nasty);		/* six bytes each */
	for (i = 0; i < 7; i++)
		f[i] = (struct rotor_field){ "v", nasty, sizeof nasty, 0 };
	f[7] = (struct rotor_field){ "last", NULL, 0, 7 };
	text = format(line_json, "m", f, 8);
	assert_int_equal(strlen(text) > 2 * 6144, 1);
	assert_string_equal(text + strlen(text) - strlen("\\u0001\",\"last\":7,\"fields_left_out\":true}\n"),
	    "\\u0001\",\"last\":7,\"fields_left_out\":true}\n");
	text = format(line_text, "m", f, 8);
	assert_string_equal(text + strlen(text) - strlen("\\u0001\" last=7 ...\n"),
	    "\\u0001\" last=7 ...\n");
}

static void
levels_have_names(void **state)
{
	(void)state;
	assert_int_equal(log_level_parse("trace"), ROTOR_LOG_TRACE);
	assert_int_equal(log_level_parse("DEBUG"), ROTOR_LOG_DEBUG);
	assert_int_equal(log_level_parse("Info"), ROTOR_LOG_INFO);
	assert_int_equal(log_level_parse("warn"), ROTOR_LOG_WARN);
	assert_int_equal(log_level_parse("error"), ROTOR_LOG_ERROR);
	assert_int_equal(log_level_parse("fatal"), ROTOR_LOG_FATAL);
	assert_int_equal(log_level_parse("none"), ROTOR_LOG_NONE);
	assert_int_equal(log_level_parse(""), -1);
	assert_int_equal(log_level_parse("information"), -1);
}

struct place {
	char	dir[32], file[64], moved[64];
};

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	if (p == NULL)
		return -1;
	strcpy(p->dir, "/tmp/rotor-log-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return -1;
	(void)snprintf(p->file, sizeof p->file, "%s/log", p->dir);
	(void)snprintf(p->moved, sizeof p->moved, "%s/moved", p->dir);
	*state = p;
	return 0;
}

static int
remove_place(void **state)
{
	struct place *p = *state;

	(void)unlink(p->file);
	(void)unlink(p->moved);
	(void)rmdir(p->dir);
	free(p);
	return 0;
}

static char *
slurp(const char *file)
{
	static char text[1 << 20];
	FILE *f = fopen(file, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

static void
keeps_to_the_threshold(void **state)
{
	struct place *p = *state;
	struct rotor_log *log = log_new(p->file, ROTOR_LOG_WARN, LOG_AUTO);
	char *text;

	assert_non_null(log);
	assert_int_equal(rotor_log_level(log), ROTOR_LOG_WARN);
	ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "no");
	rotor_log_write(log, ROTOR_LOG_INFO, "test", "no", NULL, 0);
	errno = EBADF;
	ROTOR_LOG(log, ROTOR_LOG_WARN, "test", "yes", ROTOR_F_INT("n", 1));
	assert_int_equal(errno, EBADF);
	log_set_level(log, ROTOR_LOG_NONE);
	ROTOR_LOG(log, ROTOR_LOG_FATAL, "test", "no");
	rotor_log_write(log, ROTOR_LOG_NONE, "test", "no", NULL, 0);
	log_set_level(log, ROTOR_LOG_TRACE);
	ROTOR_LOG(log, ROTOR_LOG_TRACE, "test", "too");
	log_free(&log);
	log_free(&log);
	text = slurp(p->file);
	assert_null(strstr(text, "no\""));
	assert_memory_equal(text, "{\"level\":\"warn\",", 16);	/* a file is no terminal */
	assert_non_null(strstr(text, "\"area\":\"test\",\"message\":\"yes\",\"n\":1}\n{\"level\":\"trace\","));
}

static void
follows_a_rotation(void **state)
{
	struct place *p = *state;
	struct rotor_log *log = log_new(p->file, ROTOR_LOG_INFO, LOG_TEXT);

	assert_non_null(log);
	ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "one");
	assert_int_equal(rename(p->file, p->moved), 0);
	ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "two");
	assert_int_equal(log_reopen(log), 0);
	ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "three");
	log_free(&log);
	assert_non_null(strstr(slurp(p->moved), "test: one\n"));
	assert_non_null(strstr(slurp(p->moved), "test: two\n"));
	assert_null(strstr(slurp(p->moved), "three"));
	assert_non_null(strstr(slurp(p->file), "INFO  test: three\n"));
	log = log_new(p->file, ROTOR_LOG_INFO, LOG_TEXT);	/* appends */
	ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "four");
	log_free(&log);
	assert_non_null(strstr(slurp(p->file), "three\n"));
	assert_non_null(strstr(slurp(p->file), "four\n"));
}

static void
says_why_it_cannot_open(void **state)
{
	(void)state;
	errno = 0;
	assert_null(log_new("/nonexistent/rotor/log", ROTOR_LOG_INFO, LOG_JSON));
	assert_int_equal(errno, ENOENT);
}

#define LINES	500

static void *
write_many(void *priv)
{
	struct rotor_log *log = priv;
	int i;

	for (i = 0; i < LINES; i++)
		ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "thread", ROTOR_F_STR("pad",
		    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), ROTOR_F_INT("i", i));
	return NULL;
}

static void
threads_do_not_mix_lines(void **state)
{
	struct place *p = *state;
	struct rotor_log *log = log_new(p->file, ROTOR_LOG_INFO, LOG_JSON);
	pthread_t t[3];
	char *at, *end;
	int i, lines = 0;

	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_many, log), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(log_reopen(log), 0);	/* meanwhile */
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_join(t[i], NULL), 0);
	log_free(&log);
	for (at = slurp(p->file); *at != '\0'; at = end + 1, lines++) {
		end = strchr(at, '\n');
		assert_non_null(end);
		assert_memory_equal(at, "{\"level\":\"info\",", 16);
		assert_int_equal(end[-1], '}');
		assert_ptr_equal(memchr(at, '{', (size_t)(end - at)), at);
		assert_null(memchr(at + 1, '{', (size_t)(end - at - 1)));
	}
	assert_int_equal(lines, 3 * LINES);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, make_place, remove_place)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_line),
		cmocka_unit_test(text_line),
		cmocka_unit_test(lines_cannot_be_forged),
		cmocka_unit_test(long_fields_are_cut),
		cmocka_unit_test(full_lines_stay_valid),
		cmocka_unit_test(levels_have_names),
		TEST(keeps_to_the_threshold),
		TEST(follows_a_rotation),
		cmocka_unit_test(says_why_it_cannot_open),
		TEST(threads_do_not_mix_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
