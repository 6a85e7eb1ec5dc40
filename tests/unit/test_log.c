/* SPDX-License-Identifier: MIT */
/* tests/unit/test_log.c - the lines of the log, and where they go. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "log/limit.h"
#include "log/line.h"
#include "log/log.h"
#include "log/ring.h"

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

static void
times_of_all_years(void **state)
{
	static const int64_t s[] = { 0, 951782400, 951868799, 951868800, 1709164800, 1735689599, 4107542400,
	    4102444799, 253402300799 };
	char expected[64];
	struct line l;

	(void)state;
	for (size_t i = 0; i < sizeof s / sizeof s[0] + 40000; i++) {
		time_t t = i < sizeof s / sizeof s[0] ? s[i] : (time_t)i * 86400 * 3 + (time_t)i * 7;
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		(void)strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.007Z ", &tm);
		line_text(&l, ROTOR_LOG_INFO, (int64_t)t * 1000 + 7, "a", "m", NULL, 0);
		assert_memory_equal(l.buf, expected, strlen(expected));
	}
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
by_many_threads(const struct place *p, int with_writer)
{
	struct rotor_log *log = log_new(p->file, ROTOR_LOG_INFO, LOG_JSON);
	pthread_t t[3];
	char *at, *end;
	int i, lines = 0;

	assert_true(!with_writer || log_start(log) == 0);
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

static void
threads_do_not_mix_lines(void **state)
{
	by_many_threads(*state, 0);
}

static void
threads_and_a_writer_do_not(void **state)
{
	by_many_threads(*state, 1);
}

/* The ring alone: in and out, round and round, against a plain queue. */
static void
ring_keeps_lines_whole(void **state)
{
	static char text[256];
	struct ring r;
	const char *p;
	unsigned in = 0, out = 0, i, n;
	size_t len, waiting = 0;

	(void)state;
	assert_int_equal(ring_init(&r, 1000), 0);
	for (i = 0; i < 20000; i++) {
		n = 1 + in * 37 % 255;
		memset(text, (int)(in % 256), n);
		if (ring_put(&r, text, n)) {
			in++;
			waiting += n;
		} else {
			assert_true(waiting > 1000 - 2 * 255);	/* what a wrap may waste */
			len = ring_peek(&r, &p);
			assert_true(len > 0);
			for (; len > 0; len -= n, p += n, out++) {
				n = 1 + out * 37 % 255;
				memset(text, (int)(out % 256), n);
				assert_true(n <= len);
				assert_memory_equal(p, text, n);
				ring_drop(&r, n);
				waiting -= n;
			}
		}
	}
	while (ring_peek(&r, &p) > 0)
		ring_drop(&r, 1);
	memset(text, 'x', sizeof text);
	assert_int_equal(ring_put(&r, text, 200), 1);
	assert_int_equal(ring_peek(&r, &p), 200);
	assert_ptr_equal(p, r.buf);	/* an empty ring begins anew */
	ring_fini(&r);
}

/* A pipe of a page, and a log on it whose thread runs. */
struct plumbing {
	struct rotor_log	*log;
	int			fd;		/* to read from */
	char			fifo[64];
};

static void
lay_pipe(struct plumbing *pl, const struct place *p, uint32_t level)
{
	(void)snprintf(pl->fifo, sizeof pl->fifo, "%s", p->file);
	assert_int_equal(mkfifo(pl->fifo, 0600), 0);
	pl->fd = open(pl->fifo, O_RDONLY | O_NONBLOCK);
	assert_true(pl->fd >= 0);
	assert_true(fcntl(pl->fd, F_SETPIPE_SZ, 4096) >= 4096);
	pl->log = log_new(pl->fifo, level, LOG_JSON);
	assert_non_null(pl->log);
	assert_int_equal(log_start(pl->log), 0);
}

/* Reads until `end` has been seen (at the end of what there is), or the writer has gone. */
static char *
read_pipe(struct plumbing *pl, const char *end)
{
	static char text[4 << 20];
	struct pollfd pf = { .fd = pl->fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n = 1;

	text[0] = '\0';
	while (n != 0 && (end == NULL || strstr(text + (len > 4096 ? len - 4096 : 0), end) == NULL)) {
		assert_int_equal(poll(&pf, 1, 10000), 1);
		n = read(pl->fd, text + len, sizeof text - 1 - len);
		assert_true(n >= 0);
		len += (size_t)n;
		text[len] = '\0';
	}
	return text;
}

static unsigned
count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static int64_t
number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	assert_non_null(at);
	return strtoll(at + strlen(key), NULL, 10);
}

/* Nobody reads: who logs goes on, and what is lost is counted, and told before anything else
 * once somebody reads again. */
static void
nobody_reads(void **state)
{
	enum { MANY = 20000 };
	struct plumbing pl;
	const char *at;
	char *text, end[32];
	int64_t lost;
	int i;

	lay_pipe(&pl, *state, ROTOR_LOG_INFO);
	for (i = 0; i < MANY; i++)
		ROTOR_LOG(pl.log, ROTOR_LOG_INFO, "test", "flood", ROTOR_F_INT("i", i));
	lost = (int64_t)log_lost(pl.log);
	assert_true(lost > 1000 && lost < MANY);
	(void)snprintf(end, sizeof end, "\"i\":%d}\n", (int)(MANY - lost - 1));
	text = read_pipe(&pl, end);
	for (i = 0, at = text; (at = strstr(at, "\"i\":")) != NULL; at++, i++)
		assert_int_equal(strtoll(at + 4, NULL, 10), i);
	assert_int_equal(i, MANY - lost);
	at = strstr(text, "\"level\":\"warn\"");
	assert_non_null(at);
	assert_true(at - text < 3 * 4096);
	assert_int_equal(number_after(at, "\"area\":\"log\",\"message\":\"log lines lost\",\"lines\":"), lost);
	assert_int_equal(count(text, "log lines lost"), 1);
	/* All as before. */
	ROTOR_LOG(pl.log, ROTOR_LOG_INFO, "test", "after");
	text = read_pipe(&pl, "after\"}\n");
	assert_int_equal(count(text, "\n"), 1);
	assert_int_equal(log_lost(pl.log), lost);
	log_free(&pl.log);
	(void)close(pl.fd);
}

/* Neither does the end wait for ever. */
static void
nobody_reads_at_the_end(void **state)
{
	struct plumbing pl;
	struct timespec a, b;

	lay_pipe(&pl, *state, ROTOR_LOG_INFO);
	for (int i = 0; i < 1000; i++)
		ROTOR_LOG(pl.log, ROTOR_LOG_INFO, "test", "flood", ROTOR_F_INT("i", i));
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	log_flush(pl.log, 100);
	log_free(&pl.log);
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true(b.tv_sec - a.tv_sec < 8);
	(void)close(pl.fd);
}

/* A disk that is full, or a reader that has gone, loses nothing that has room to wait. */
static void
what_is_refused_is_kept(void **state)
{
	struct place *p = *state;
	struct rotor_log *log;

	assert_int_equal(symlink("/dev/full", p->file), 0);
	log = log_new(p->file, ROTOR_LOG_INFO, LOG_TEXT);
	assert_non_null(log);
	assert_int_equal(log_start(log), 0);
	for (int i = 0; i < 10; i++)
		ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "kept", ROTOR_F_INT("i", i));
	log_flush(log, 10000);		/* gives up when it is refused */
	assert_int_equal(unlink(p->file), 0);
	assert_int_equal(log_reopen(log), 0);
	log_free(&log);
	assert_int_equal(count(slurp(p->file), "test: kept i="), 10);
}

static void
flush_waits_for_the_thread(void **state)
{
	struct place *p = *state;
	struct rotor_log *log = log_new(p->file, ROTOR_LOG_INFO, LOG_TEXT);

	assert_int_equal(log_start(log), 0);
	for (int i = 0; i < 200; i++) {
		ROTOR_LOG(log, ROTOR_LOG_INFO, "test", "line", ROTOR_F_INT("i", i));
		if (i % 20 == 19) {
			log_flush(log, 10000);
			assert_int_equal(count(slurp(p->file), "test: line i="), i + 1);
		}
	}
	log_free(&log);
}

/* One message too often is left out, the others are not; the number is told. */
static void
storms_are_limited(void **state)
{
	struct place *p = *state;
	struct rotor_log *log = log_new(p->file, ROTOR_LOG_INFO, LOG_TEXT);
	const char *at;
	unsigned written, told = 0;

	assert_int_equal(log_start(log), 0);
	for (int i = 0; i < 1000; i++) {
		ROTOR_LOG_LIMITED(log, ROTOR_LOG_INFO, "test", "token refused", ROTOR_F_INT("i", i));
		ROTOR_LOG_LIMITED(log, ROTOR_LOG_DEBUG, "test", "not even asked");
		if (i % 100 == 0)
			ROTOR_LOG_LIMITED(log, ROTOR_LOG_INFO, "test", "seldom");
	}
	log_free(&log);		/* tells what has not been told */
	written = count(slurp(p->file), "test: token refused i=");
	assert_true(written >= 20 && written <= 200);	/* 20 a second, on a slow machine */
	for (at = slurp(p->file); (at = strstr(at, "left out of=\"token refused\" lines=")) != NULL; at++)
		told += (unsigned)number_after(at, "lines=");
	assert_int_equal(written + told, 1000);
	assert_int_equal(count(slurp(p->file), "test: seldom\n"), 10);
	assert_null(strstr(slurp(p->file), "not even"));
}

static void
note_left_out(void *priv, const struct limit_row *row, uint64_t n)
{
	char *text = priv;

	(void)snprintf(text, 256, "%s/%s %u %llu", row->area, row->message, row->level,
	    (unsigned long long)n);
}

static void
limit_by_the_second(void **state)
{
	static struct limits ls;
	char told[256] = "";
	int i;

	(void)state;
	for (i = 0; i < (int)LIMIT_LINES; i++)
		assert_int_equal(limits_ask(&ls, 5100, 2, "a", "m"), LIMIT_ADMIT);
	assert_int_equal(limits_ask(&ls, 5200, 2, "a", "m"), LIMIT_BEGINS);
	assert_int_equal(limits_ask(&ls, 5200, 2, "a", "m"), LIMIT_LEAVE_OUT);
	assert_int_equal(limits_ask(&ls, 5200, 2, "b", "m"), LIMIT_ADMIT);
	assert_int_equal(limits_ask(&ls, 5200, 2, "a", "n"), LIMIT_ADMIT);
	assert_int_equal(limits_tell(&ls, 5400, 0, note_left_out, told), 600);
	assert_string_equal(told, "");
	assert_int_equal(limits_tell(&ls, 6000, 0, note_left_out, told), 0);
	assert_string_equal(told, "a/m 2 2");
	assert_int_equal(limits_ask(&ls, 6000, 2, "a", "m"), LIMIT_ADMIT);
	told[0] = '\0';
	assert_int_equal(limits_tell(&ls, 9000, 1, note_left_out, told), 0);
	assert_string_equal(told, "");
	/* A line of the next second tells it too, when nobody has by then: the writer waits. */
	for (i = 0; i < (int)LIMIT_LINES + 3; i++)
		(void)limits_ask(&ls, 10000, 2, "a", "m");
	assert_int_equal(limits_ask(&ls, 11000, 2, "a", "m"), LIMIT_TELL);
	limits_tell_of(&ls, 2, "a", "m", note_left_out, told);
	assert_string_equal(told, "a/m 2 3");
	assert_int_equal(limits_ask(&ls, 11000, 2, "a", "m"), LIMIT_ADMIT);
	told[0] = '\0';
	/* More messages than rows: limited all the same. */
	for (i = 0; i < 1000; i++) {
		char text[16];

		(void)snprintf(text, sizeof text, "m%d", i);
		(void)limits_ask(&ls, 20000, 2, "a", text);
	}
	(void)limits_tell(&ls, 20100, 1, note_left_out, told);
	assert_string_not_equal(told, "");
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, make_place, remove_place)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_line),
		cmocka_unit_test(text_line),
		cmocka_unit_test(times_of_all_years),
		cmocka_unit_test(lines_cannot_be_forged),
		cmocka_unit_test(long_fields_are_cut),
		cmocka_unit_test(full_lines_stay_valid),
		cmocka_unit_test(levels_have_names),
		TEST(keeps_to_the_threshold),
		TEST(follows_a_rotation),
		cmocka_unit_test(says_why_it_cannot_open),
		TEST(threads_do_not_mix_lines),
		TEST(threads_and_a_writer_do_not),
		cmocka_unit_test(ring_keeps_lines_whole),
		TEST(nobody_reads),
		TEST(nobody_reads_at_the_end),
		TEST(what_is_refused_is_kept),
		TEST(flush_waits_for_the_thread),
		TEST(storms_are_limited),
		cmocka_unit_test(limit_by_the_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
