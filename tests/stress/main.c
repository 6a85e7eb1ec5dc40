/* SPDX-License-Identifier: MIT */
/*
 * main.c - the concurrency stress test: many clients do everything at once against a
 * running server, and each one checks what it is told.  See tests/stress/README.md.
 *
 *	stress --port N --secret S --api-key K [--clients N] [--secs N] [--seed N] ...
 *	stress --namespaces		the namespaces that the server must have
 *
 * Random actions for `secs`; then quiet, and the phases of settle().
 */
#include "config.h"

#include "stress.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "api.h"
#include "client.h"
#include "script.h"

#define N_APIS		3u
#define TURN_MS		2

struct options opt = { .host = "127.0.0.1", .api_key = "", .secret = "", .run = "run",
	.clients = 300, .secs = 2, .deadline = 30, .rate = 4, .seed = 1 };

static int epoll_fd;
static double clock_now;
static struct client *clients;
static struct api apis[N_APIS];
static int acting;		/* the scripts run */

double
now(void)
{
	return clock_now;
}

static void
read_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	clock_now = (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
poll_set(int how, int fd, struct pollable *p, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = p };

	if (epoll_ctl(epoll_fd, how, fd, &ev) != 0)
		fail("epoll: %s", strerror(errno));
}

void
poll_add(int fd, struct pollable *p, uint32_t events)
{
	poll_set(EPOLL_CTL_ADD, fd, p, events);
}

void
poll_change(int fd, struct pollable *p, uint32_t events)
{
	poll_set(EPOLL_CTL_MOD, fd, p, events);
}

/*
 * One turn of the loop
 */
static void
client_tick(struct client *c)
{
	if (c->resume_at > 0 && now() >= c->resume_at) {
		c->resume_at = 0;
		c->waits_since = now();
		ws_pause(&c->ws, 0);
	}
	if (c->n_pending > 0 && c->life != LIFE_DIALING && c->resume_at == 0 && c->out.n == 0 &&
	    now() - c->waits_since > opt.deadline)
		client_fail(c, c->pending[c->first_pending].ch, "no reply to command %u for %.0f s",
		    c->pending[c->first_pending].id, opt.deadline);
	if (now() < c->due)
		return;
	if (acting)
		script_step(c);
	else if (c->life == LIFE_AWAY && c->due > 0)
		client_dial(c);
}

static void
turn(void)
{
	struct epoll_event ev[256];
	int n = epoll_wait(epoll_fd, ev, ARRAY_LEN(ev), TURN_MS);

	read_clock();
	for (int i = 0; i < n; i++) {
		struct pollable *p = ev[i].data.ptr;

		p->on_events(p, ev[i].events);
	}
	for (unsigned i = 0; i < opt.clients; i++)
		client_tick(&clients[i]);
	for (unsigned i = 0; i < N_APIS && acting; i++)
		if (!apis[i].waits && now() >= apis[i].due)
			api_step(&apis[i]);
}

static void
run_for(double secs)
{
	double end;

	read_clock();
	end = now() + secs;
	while (now() < end)
		turn();
}

/* Goes on until the condition holds for all clients. */
static void
await(const char *what, int (*holds)(struct client *))
{
	double end = now() + opt.deadline;
	unsigned i = 0;

	while (i < opt.clients) {
		if (holds(&clients[i])) {
			i++;
			continue;
		}
		if (now() > end)
			client_fail(&clients[i], NULL, "%s did not happen", what);
		turn();
		i = 0;
	}
}

static void
await_api(void)
{
	double end = now() + opt.deadline;

	for (unsigned i = 0; i < N_APIS;) {
		if (!apis[i].waits) {
			i++;
			continue;
		}
		if (now() > end)
			fail("the API does not answer");
		turn();
	}
}

/* Into all channels that have offsets. */
static void
publish_everywhere(unsigned times)
{
	for (unsigned i = 0; i < n_channels * times; i++) {
		if (!(channels[i % n_channels].kind->flags & KIND_POSITIONED))
			continue;
		await_api();
		api_publish(&apis[0], &channels[i % n_channels]);
	}
	await_api();
}

/*
 * The phases at the end
 */
static int
is_quiet(struct client *c)
{
	client_send(c);
	return client_quiet(c) && c->resume_at == 0;
}

/* It has all publications of what it is subscribed to. */
static int
is_current(struct client *c)
{
	for (unsigned i = 0; i < n_channels; i++)
		if (c->views[i].on && (channels[i].kind->flags & KIND_POSITIONED) &&
		    c->views[i].offset < channels[i].top)
			return 0;
	return 1;
}

/* Nobody knows of more than there is. */
static void
check_tops(void)
{
	for (unsigned k = 0; k < opt.clients; k++)
		for (unsigned i = 0; i < n_channels; i++) {
			const struct view *v = &clients[k].views[i];

			if (v->on && (channels[i].kind->flags & KIND_POSITIONED) &&
			    v->offset != channels[i].top)
				client_fail(&clients[k], &channels[i], "stands at %llu, the top is %llu",
				    (unsigned long long)v->offset, (unsigned long long)channels[i].top);
		}
}

static int
is_complete(const struct client *witness)
{
	return !witness->cut_off;
}

/*
 * Who is subscribed gets what is published now; then all drop, miss something, and come
 * back: each must get what it missed, or be told that it cannot.
 */
static void
settle(void)
{
	acting = 0;
	for (unsigned i = 0; i < opt.clients; i++)
		if (clients[i].resume_at > 0)
			clients[i].resume_at = now();
	await_api();
	await("the end of all commands", is_quiet);
	publish_everywhere(1);
	await("the last publication", is_current);
	check_tops();
	for (unsigned i = 0; i < opt.clients; i++)
		client_leave(&clients[i], i % 3 == 0 ? BYE_CLOSE : BYE_RESET, opt.deadline);
	publish_everywhere(3);
	for (unsigned i = 0; i < opt.clients; i++)
		clients[i].due = now() + 0.0005 * i;
	await("the return of all", is_quiet);
	await("the recovery of all", is_current);
	check_tops();
	ledger_check(is_complete(&clients[0]));
}

static void
leave(void)
{
	for (unsigned i = 0; i < opt.clients; i++)
		client_leave(&clients[i], i % 2 == 0 ? BYE_CLOSE : BYE_RESET, 1e9);
}

static void
begin(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	read_clock();
	channels_make();
	clients = must_alloc(NULL, opt.clients * sizeof *clients);
	for (unsigned i = 0; i < N_APIS; i++)
		api_init(&apis[i], i);
	for (unsigned i = 0; i < opt.clients; i++) {
		client_init(&clients[i], i);
		clients[i].due = now() + 0.0005 * i;
	}
	/* The witnesses come first, so that they see everything. */
	for (unsigned w = 0; w < 2 && w < opt.clients; w++) {
		client_dial(&clients[w]);
		while (!client_quiet(&clients[w]))
			turn();
		for (unsigned i = 0; i < n_channels; i++)
			if (!clients[w].views[i].on)
				(void)client_subscribe(&clients[w], &channels[i], 0, 0);
		client_send(&clients[w]);
	}
	await("the connection of all", is_quiet);
	acting = 1;
}

static void
summary(void)
{
	const struct {
		const char *name;
		unsigned long value;
	} rows[] = {
		{ "publications", (unsigned long)ledger_size() }, { "pushes", tally.pushes },
		{ "replies", tally.replies }, { "connects", tally.connects },
		{ "fresh", tally.fresh }, { "recovered", tally.recovered },
		{ "recovered_pubs", tally.recovered_pubs }, { "unrecovered", tally.unrecovered },
		{ "deltas", tally.deltas }, { "joins", tally.joins },
		{ "unsubscribed", tally.unsubscribed }, { "forced", tally.forced },
		{ "slow", tally.slow }, { "no_pong", tally.no_pong }, { "cut", tally.cut },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		printf("%s%s %lu", i > 0 ? ", " : "", rows[i].name, rows[i].value);
	printf("\n");
}

static void
number(const char *name, const char *text, double *ret)
{
	char *end;

	*ret = strtod(text, &end);
	if (*text == '\0' || *end != '\0' || *ret < 0) {
		fprintf(stderr, "--%s %s is no number\n", name, text);
		exit(2);
	}
}

static void
read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "host", 1, NULL, 'h' }, { "port", 1, NULL, 'p' }, { "api-key", 1, NULL, 'k' },
		{ "secret", 1, NULL, 's' }, { "run", 1, NULL, 'r' }, { "clients", 1, NULL, 'c' },
		{ "secs", 1, NULL, 't' }, { "deadline", 1, NULL, 'd' }, { "rate", 1, NULL, 'a' },
		{ "seed", 1, NULL, 'S' }, { "verbose", 0, NULL, 'v' }, { "namespaces", 0, NULL, 'n' },
		{ NULL, 0, NULL, 0 }
	};
	double v = 0;
	int o, at = 0;

	while ((o = getopt_long(argc, argv, "", longs, &at)) != -1) {
		if (strchr("pctda", o) != NULL)
			number(longs[at].name, optarg, &v);
		switch (o) {
		case 'h': opt.host = optarg; break;
		case 'p': opt.port = (int)v; break;
		case 'k': opt.api_key = optarg; break;
		case 's': opt.secret = optarg; break;
		case 'r': opt.run = optarg; break;
		case 'c': opt.clients = (unsigned)v; break;
		case 't': opt.secs = v; break;
		case 'd': opt.deadline = v; break;
		case 'a': opt.rate = v; break;
		case 'S': opt.seed = strtoull(optarg, NULL, 10); break;
		case 'v': opt.verbose = 1; break;
		case 'n': channels_print_namespaces(); exit(0);
		default: exit(2);
		}
	}
	if (opt.port == 0 || opt.clients < 4 || opt.rate == 0 || strlen(opt.run) > 30) {
		fprintf(stderr, "stress: --port is needed, four --clients at least, and a --rate\n");
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	printf("stress: seed %llu, run %s, %u clients, %.1f s\n", (unsigned long long)opt.seed,
	    opt.run, opt.clients, opt.secs);
	begin();
	run_for(opt.secs);
	settle();
	leave();
	summary();
	return 0;
}
