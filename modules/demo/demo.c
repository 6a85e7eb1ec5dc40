/* SPDX-License-Identifier: MIT */
/* demo.c - one page at "/" that connects, subscribes and publishes. */
#include "config.h"

#include <errno.h>
#include <rotor/check.h>
#include <rotor/http.h>
#include <rotor/module.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

#define CONFIG_MARK	"@CONFIG@"	/* in the page: where its settings go */

struct demo_conf {
	const char	*channel;
	const char	*websocket;
};

#define OFF(m)	offsetof(struct demo_conf, m)

static const struct rotor_option rows[] = {
	{ "channel", ROTOR_OPT_STR, 0, OFF(channel), "demo",
	    "Channel that the page subscribes to and publishes in.", 0, 0, NULL, NULL },
	{ "websocket", ROTOR_OPT_STR, 0, OFF(websocket), "/connection/websocket",
	    "Path of the WebSocket endpoint that the page connects to.", 0, 0, NULL, NULL },
};

static const struct rotor_option_table options = ROTOR_OPTION_TABLE("demo", rows, struct demo_conf);

/* The module in one server: the page as it is sent. */
struct demo {
	char	*page;
	size_t	len;
};

/* Writes `s` as a JSON string that may stand inside a <script>. */
static void
put_json(FILE *f, const char *s)
{
	const unsigned char *p;

	putc('"', f);
	for (p = (const unsigned char *)s; *p != '\0'; p++)
		if (*p < 0x20 || strchr("\"\\<>&", *p) != NULL)
			fprintf(f, "\\u%04x", *p);
		else
			putc(*p, f);
	putc('"', f);
}

static void
put_config(FILE *f, const struct demo_conf *conf)
{
	fputs("{\"channel\":", f);
	put_json(f, conf->channel);
	fputs(",\"path\":", f);
	put_json(f, conf->websocket);
	putc('}', f);
}

/* The page with its settings in place.  0 or -ENOMEM. */
static int
render(struct demo *d, const struct demo_conf *conf)
{
	FILE *f = open_memstream(&d->page, &d->len);
	const char *const *line, *mark;
	int failed;

	if (f == NULL)
		return -ENOMEM;
	for (line = demo_page; *line != NULL; line++) {
		if ((mark = strstr(*line, CONFIG_MARK)) == NULL) {
			fputs(*line, f);
			continue;
		}
		fwrite(*line, 1, (size_t)(mark - *line), f);
		put_config(f, conf);
		fputs(mark + sizeof CONFIG_MARK - 1, f);
	}
	failed = ferror(f);
	return fclose(f) != 0 || failed ? -ENOMEM : 0;
}

static void
demo_handle(void *ctx, struct rotor_http_request *r)
{
	static const struct rotor_http_header headers[] = {
		{ "Cache-Control", "no-cache" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; "
		    "script-src 'unsafe-inline'; img-src data:; connect-src 'self' ws: wss:; "
		    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'" },
	};
	static const struct rotor_http_header allow = { "Allow", "GET, HEAD" };
	const struct demo *d = ctx;
	struct rotor_http_response res = {
		.size = sizeof res,
		.status = 200,
		.n_headers = sizeof headers / sizeof headers[0],
		.headers = headers,
		.content_type = "text/html; charset=utf-8",
		.body = { d->page, d->len },
	};

	if (r->method != ROTOR_HTTP_GET && r->method != ROTOR_HTTP_HEAD)
		res = (struct rotor_http_response){ .size = sizeof res, .status = 405,
		    .n_headers = 1, .headers = &allow };
	rotor_http_respond(r, &res);
}

static void
demo_unload(void *ctx)
{
	struct demo *d = ctx;

	if (d != NULL)
		free(d->page);
	free(d);
}

static void
demo_check(struct rotor_check *chk)
{
	rotor_check_route(chk, "demo", "/", ROTOR_HTTP_EXTERNAL);
}

static int
demo_load(struct rotor_instance *inst, void **ret_ctx)
{
	struct rotor_http_route route = {
		.size = sizeof route,
		.path = "/",
		.flags = ROTOR_HTTP_EXTERNAL,
		.max_body = 65536,
		.handle = demo_handle,
		.label = "demo",
	};
	struct demo *d = calloc(1, sizeof *d);
	int ret;

	if (d == NULL)
		return -ENOMEM;
	if ((ret = render(d, rotor_instance_conf(inst))) != 0 ||
	    (ret = rotor_http_route_add(inst, &route, d)) != ROTOR_OK) {
		demo_unload(d);
		return ret;
	}
	*ret_ctx = d;
	return ROTOR_OK;
}

ROTOR_MODULE_DEFINE(demo,
    .summary = "a page to try the server in a browser",
    .provides = "endpoint:demo",
    .needs = "http websocket",
    .options = &options,
    .load = demo_load,
    .unload = demo_unload,
    .check = demo_check);
