/* SPDX-License-Identifier: MIT */
/* test_gather.c - writes of a flush: what is sent, and what is reported of it. */
#include "config.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_gather.h"

/* A write, and what was reported of it. */
struct writer {
	unsigned	order;		/* 1: the first report; 0: none */
	size_t		len;
	ssize_t		n;
	char		first;
};

static unsigned n_reports;

static void
on_sent(void *who, const void *p, size_t len, ssize_t n)
{
	struct writer *w = who;

	*w = (struct writer){ ++n_reports, len, n, *(const char *)p };
}

/* NULL where the kernel has none to give, and that is true. */
static struct gather *
open_gather(void)
{
	struct gather *g = gather_new(on_sent);

	n_reports = 0;
#ifdef HAVE_LIBURING
	if (g == NULL) {
		assert_int_equal(syscall(SYS_io_uring_setup, 1, NULL), -1);
		assert_int_not_equal(errno, EFAULT);
	}
#endif
	return g;
}

static void
open_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void
close_pair(int fds[2])
{
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
sends_copies_in_order(void **state)
{
	struct gather *g = open_gather();
	struct writer w[3] = { 0 };
	char text[] = "one", got[16] = "";
	int fds[2];

	(void)state;
	if (g == NULL)
		return;
	open_pair(fds);
	assert_int_equal(gather_add(g, fds[0], text, 3, &w[0]), 1);
	memcpy(text, "two", 3);
	assert_int_equal(gather_add(g, fds[0], text, 3, &w[1]), 1);
	memcpy(text, "six", 3);
	assert_int_equal(gather_add(g, fds[1], text, 3, &w[2]), 1);
	assert_int_equal(recv(fds[1], got, sizeof got, 0), -1);	/* nothing yet */
	gather_submit(g);
	assert_int_equal(recv(fds[1], got, sizeof got, 0), 6);
	assert_string_equal(got, "onetwo");
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(w[i].order, i + 1);
		assert_int_equal(w[i].n, 3);
		assert_int_equal(w[i].len, 3);
		assert_int_equal(w[i].first, "ots"[i]);
	}
	gather_submit(g);
	assert_int_equal(n_reports, 3);
	gather_free(&g);
	assert_null(g);
	close_pair(fds);
}

/* What the kernel does not take is said, and never waited for. */
static void
reports_what_was_not_taken(void **state)
{
	struct gather *g = open_gather();
	struct writer ok = { 0 }, full = { 0 }, broken = { 0 };
	char block[GATHER_LEN_MAX] = { 0 };
	int good[2], choked[2], gone[2];

	(void)state;
	if (g == NULL)
		return;
	open_pair(good);
	open_pair(choked);
	open_pair(gone);
	while (send(choked[0], block, sizeof block, MSG_DONTWAIT) > 0)
		;
	(void)close(gone[1]);
	assert_int_equal(gather_add(g, choked[0], block, sizeof block, &full), 1);
	assert_int_equal(gather_add(g, gone[0], block, 1, &broken), 1);
	assert_int_equal(gather_add(g, good[0], block, 1, &ok), 1);
	gather_submit(g);
	assert_int_equal(full.n, -EAGAIN);
	assert_int_equal(full.len, sizeof block);
	assert_int_equal(broken.n, -EPIPE);
	assert_int_equal(ok.n, 1);
	gather_free(&g);
	(void)close(gone[0]);
	close_pair(good);
	close_pair(choked);
}

/* Adds until there is no room, twice: everything arrives. */
static void
is_full_at_some_time(void **state)
{
	struct gather *g = open_gather();
	struct writer w = { 0 };
	unsigned added = 0, taken = 0;
	unsigned char c, in;
	int fds[2];

	(void)state;
	if (g == NULL)
		return;
	open_pair(fds);
	for (int round = 0; round < 2; round++) {
		for (c = (unsigned char)added; gather_add(g, fds[0], &c, 1, &w); c++)
			added++;
		gather_submit(g);
		assert_int_equal(n_reports, added);
		for (; taken < added; taken++) {
			assert_int_equal(recv(fds[1], &in, 1, 0), 1);
			assert_int_equal(in, taken & 0xff);
		}
	}
	assert_true(added > 2);
	gather_free(&g);
	close_pair(fds);
}

/* One write alone takes another way to the same end. */
static void
sends_one_alone(void **state)
{
	struct gather *g = open_gather();
	struct writer w = { 0 };
	int fds[2];
	char in;

	(void)state;
	if (g == NULL)
		return;
	open_pair(fds);
	(void)gather_add(g, fds[0], "x", 1, &w);
	gather_submit(g);
	assert_int_equal(w.n, 1);
	assert_int_equal(recv(fds[1], &in, 1, 0), 1);
	(void)gather_add(g, fds[0], "y", 1, &w);
	gather_free(&g);		/* forgets it */
	assert_int_equal(n_reports, 1);
	close_pair(fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_copies_in_order),
		cmocka_unit_test(reports_what_was_not_taken),
		cmocka_unit_test(is_full_at_some_time),
		cmocka_unit_test(sends_one_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
