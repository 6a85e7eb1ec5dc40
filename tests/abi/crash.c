/* SPDX-License-Identifier: MIT */
/*
 * tests/abi/crash.c - GET /crash?how: a module that ends the server in one of the ways
 * modules do.  See tests/e2e/test_crash.py.
 */
#include "config.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <rotor/http.h>
#include <rotor/loop.h>
#include <rotor/module.h>
#include <rotor/str.h>

/* Hidden from the compiler, which would tell. */
static int *volatile nowhere = (int *)8;
static void (*volatile nothing)(void);
static volatile int zero;

static void
write_nowhere(void)
{
	*nowhere = 1;
}

static void
call_nothing(void)
{
	nothing();
}

static void
divide(void)
{
	*nowhere = (zero + 7) / zero;
}

static void
in_a_library(void)
{
	*nowhere = (int)strlen((const char *)nowhere);
}

static int
deeper(volatile char *before)
{
	volatile char here[4096];

	here[0] = before[0];
	return zero == 0 ? deeper(here) + here[0] : 0;
}

static void
without_end(void)
{
	char first[1] = { 0 };

	zero = deeper(first);
}

static void
fail_assert(void)
{
	assert(nothing != NULL);
}

static void
in_a_timer(struct rotor_worker *w, void *priv)
{
	(void)w;
	(void)priv;
	write_nowhere();
}

static void
later(void)
{
	rotor_timer_set(rotor_timer_new(rotor_worker_current(), in_a_timer, NULL), 1);
}

static const struct {
	const char	*how;
	void		(*fn)(void);
} ways[] = {
	{ "write", write_nowhere }, { "call", call_nothing }, { "divide", divide },
	{ "library", in_a_library }, { "stack", without_end }, { "assert", fail_assert },
	{ "abort", abort }, { "timer", later },
};

static void
handle(void *ctx, struct rotor_http_request *r)
{
	struct rotor_http_response res = { .size = sizeof res, .status = 204 };
	size_t i;

	(void)ctx;
	for (i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (rotor_str_is(r->query, ways[i].how))
			ways[i].fn();
	rotor_http_respond(r, &res);
	if (rotor_str_is(r->query, "twice"))
		rotor_http_respond(r, &res);	/* the request is gone: the server notices */
}

static int
crash_load(struct rotor_instance *inst, void **ret_ctx)
{
	struct rotor_http_route route = {
		.size = sizeof route, .path = "/crash", .flags = ROTOR_HTTP_EXTERNAL, .handle = handle,
	};

	*ret_ctx = NULL;
	return rotor_http_route_add(inst, &route, NULL);
}

ROTOR_MODULE_DEFINE(crash, .needs = "http", .load = crash_load);
