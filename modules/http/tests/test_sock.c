/* SPDX-License-Identifier: MIT */
/* test_sock.c - when dropped sockets are closed. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_sock.h"
#include "loop/worker.h"

/* Two connections of one worker; what happened is looked at after the loop has ended. */
struct pair {
	struct rotor_worker	*w;
	struct sock		*socks[2];
	int			peers[2];
	unsigned		n_opened, n_closed, closed_inside, n_inputs;
};

static void *
opened(void *owner, struct sock *s, void *priv)
{
	struct pair *p = owner;

	(void)priv;
	p->socks[p->n_opened++] = s;
	return p;
}

/* The core drains the inbox while it handles a message: what was dropped, here or before,
 * must outlive that. */
static void
input(void *conn, unsigned char *bytes, size_t len)
{
	struct pair *p = conn;

	(void)bytes;
	(void)len;
	p->n_inputs++;
	sock_drop(p->socks[1]);
	sock_drop(p->socks[0]);
	(void)worker_drain(p->w);
	p->closed_inside = p->n_closed;
	worker_stop(p->w);
}

static void
ignore(void *conn)
{
	(void)conn;
}

static void
closed(void *conn)
{
	struct pair *p = conn;

	p->n_closed++;
}

static void
closes_nothing_that_is_in_use(void **state)
{
	static const struct sock_handler handler = { opened, input, ignore, ignore, closed };
	struct pair p = { .w = worker_new(NULL, 0) };
	struct socks *set;
	int fds[2];

	(void)state;
	assert_non_null(p.w);
	set = socks_new(p.w, &handler, &p, 1, 0);
	assert_non_null(set);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
		p.peers[i] = fds[0];
		sock_adopt(set, fds[1], NULL);
	}
	assert_int_equal(write(p.peers[0], "x", 1), 1);
	worker_loop(p.w);
	worker_join(p.w);
	assert_int_equal(p.n_inputs, 1);
	assert_int_equal(p.closed_inside, 0);
	assert_int_equal(p.n_closed, 2);
	socks_free(&set);
	worker_free(&p.w);
	for (int i = 0; i < 2; i++)
		(void)close(p.peers[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closes_nothing_that_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
