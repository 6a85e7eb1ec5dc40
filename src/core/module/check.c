/* SPDX-License-Identifier: MIT */
/* module/check.c - asks each module what is wrong with its options, see <rotor/check.h>. */
#include "config.h"

#include "module/loader_priv.h"

#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <rotor/check.h>

#include "base/arena.h"
#include "conf/conf.h"
#include "conf/core_conf.h"

#define TEXT_LEN	512u
#define ROUTE_MAX	256
#define LISTENERS	(ROTOR_HTTP_EXTERNAL | ROTOR_HTTP_INTERNAL)

/* A path that a module is going to serve. */
struct claim {
	struct claim	*next;
	const char	*key;		/* the option that says so */
	const char	*route;		/* without a slash at its end */
	uint32_t	listeners;
};

struct rotor_check {
	uint32_t			magic;
#define CHECK_MAGIC			0x5e1b8d37u
	struct conf			*c;
	const struct conf_core		*cc;
	const struct rotor_instance	*inst;		/* whose turn it is */
	struct arena			arena;
	struct claim			*claims;	/* of all, newest first */
};

const void *
rotor_check_conf(const struct rotor_check *chk)
{
	OBJ_CHECK(chk, CHECK_MAGIC);
	return chk->inst->conf;
}

const char *
rotor_check_server_str(const struct rotor_check *chk, const char *path)
{
	OBJ_CHECK(chk, CHECK_MAGIC);
	return core_conf_str(chk->cc, path);
}

int64_t
rotor_check_server_int(const struct rotor_check *chk, const char *path)
{
	OBJ_CHECK(chk, CHECK_MAGIC);
	return core_conf_int(chk->cc, path);
}

static void
problem(struct rotor_check *chk, int fatal, const char *path, const char *fmt, va_list ap)
{
	char text[TEXT_LEN];

	OBJ_CHECK(chk, CHECK_MAGIC);
	vsnprintf(text, sizeof text, fmt, ap);
	conf_problem_add(chk->c, fatal, path, "%s", text);
}

void
rotor_check_error(struct rotor_check *chk, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem(chk, 1, path, fmt, ap);
	va_end(ap);
}

void
rotor_check_warning(struct rotor_check *chk, const char *path, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem(chk, 0, path, fmt, ap);
	va_end(ap);
}

/* A request's path never holds what would end it. */
static int
route_valid(const char *route)
{
	const char *p;

	for (p = route; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '?' || *p == '#')
			return 0;
	return route[0] == '/' && p - route < ROUTE_MAX;
}

static const struct claim *
claim_find(const struct rotor_check *chk, const struct claim *like)
{
	const struct claim *cl;

	for (cl = chk->claims; cl != NULL; cl = cl->next)
		if (strcmp(cl->route, like->route) == 0 &&
		    (cl->listeners & like->listeners & LISTENERS) != 0)
			return cl;
	return NULL;
}

static struct claim *
claim_new(struct rotor_check *chk, const char *key, const char *route, uint32_t listeners)
{
	struct claim *cl = arena_zalloc(&chk->arena, sizeof *cl);
	size_t len = strlen(route);

	if (cl == NULL)
		return NULL;
	cl->key = arena_strndup(&chk->arena, key, strlen(key));
	cl->route = arena_strndup(&chk->arena, route, len > 1 && route[len - 1] == '/' ? len - 1 : len);
	cl->listeners = listeners;
	return cl->key != NULL && cl->route != NULL ? cl : NULL;
}

void
rotor_check_route(struct rotor_check *chk, const char *path, const char *route, uint32_t listeners)
{
	const struct claim *taken;
	struct claim *cl;

	OBJ_CHECK(chk, CHECK_MAGIC);
	if (!route_valid(route)) {
		rotor_check_error(chk, path, "expected a path such as \"/api\", of less than %d bytes, "
		    "got \"%.64s\"", ROUTE_MAX, route);
		return;
	}
	cl = claim_new(chk, path, route, listeners);
	if (cl == NULL) {
		rotor_check_error(chk, path, "out of memory");
		return;
	}
	taken = claim_find(chk, cl);
	if (taken != NULL)
		rotor_check_error(chk, path, "path \"%.64s\" is served already: %s has it", cl->route,
		    taken->key);
	cl->next = chk->claims;
	chk->claims = cl;
}

void
rotor_check_address(struct rotor_check *chk, const char *path, const char *address)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *ai;
	int err;

	if (address[0] == '\0')
		return;
	err = getaddrinfo(address, NULL, &hints, &ai);
	if (err == 0)
		freeaddrinfo(ai);
	else
		rotor_check_error(chk, path, "expected an address of this machine, or a name that has one, "
		    "got \"%.128s\": %s", address, gai_strerror(err));
}

int
loader_check(struct loader *l, struct conf *c, const struct conf_core *cc)
{
	struct rotor_check chk = { .magic = CHECK_MAGIC, .c = c, .cc = cc };
	size_t i;

	OBJ_CHECK(l, LOADER_MAGIC);
	arena_init(&chk.arena, NULL, 0);
	for (i = 0; i < l->n_inst; i++) {
		chk.inst = l->inst[i];
		if (chk.inst->image.mod.check != NULL)
			chk.inst->image.mod.check(&chk);
	}
	arena_reset(&chk.arena);
	return conf_failed(c) ? -EINVAL : 0;
}
