/* SPDX-License-Identifier: MIT */
/* api/deny.c - what keeps users and tokens out: block_user, unblock_user, revoke_token,
 * invalidate_user_tokens. */
#include "config.h"

#include <errno.h>

#include <rotor/codes.h>

#include "api/api.h"
#include "base/str.h"
#include "client/client.h"
#include "hub/hub.h"
#include "loop/worker.h"
#include "node/denied.h"
#include "node/enforce.h"
#include "node/gather.h"
#include "node/server.h"

static void
enforced(struct rotor_worker *w, void *priv)
{
	(void)w;
	api_finish(priv, NULL);
}

static uint32_t
add(struct api_call *call, const struct denial *what)
{
	static const struct {
		int		r;
		uint32_t	code;
	} codes[] = {
		{ 0, 0 },
		{ -ENOSPC, ROTOR_ERR_LIMIT_EXCEEDED },
		{ -E2BIG, ROTOR_ERR_BAD_REQUEST },
	};
	int r = denied_add(call->w->srv->denied, call->w, what);

	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].r == r)
			return codes[i].code;
	return ROTOR_ERR_INTERNAL;
}

/* Adds the denial, ends what it concerns (the user's, or NULL: anyone's), and the call. */
static void
deny(struct api_call *call, const struct denial *what, const struct rotor_str *user)
{
	int64_t now = call->w->now_unix_ms / 1000;
	uint32_t code;

	if (what->name.len == 0 || what->expire_at < 0 || (what->expire_at != 0 && what->expire_at <= now))
		code = ROTOR_ERR_BAD_REQUEST;
	else
		code = add(call, what);
	if (code == 0 && enforce(call->w, user, enforced, call) != 0)
		code = ROTOR_ERR_INTERNAL;
	if (code != 0)
		api_fail(call, code);
}

/* enforce() needs it for longer than the handler runs. */
static struct rotor_str *
keep(struct api_call *call, struct rotor_str s)
{
	struct rotor_str *kept = arena_alloc(call->arena, sizeof *kept);

	if (kept != NULL)
		*kept = s;
	else
		api_fail(call, ROTOR_ERR_INTERNAL);
	return kept;
}

void
api_block_user(struct api_call *call)
{
	const Ap__BlockUserRequest *r = (const Ap__BlockUserRequest *)call->req;
	struct denial what = { .kind = DENIED_USER, .name = rotor_str_of(r->user), .expire_at = r->expire_at };
	struct rotor_str *user = keep(call, what.name);

	if (user != NULL)
		deny(call, &what, user);
}

void
api_unblock_user(struct api_call *call)
{
	const Ap__UnblockUserRequest *r = (const Ap__UnblockUserRequest *)call->req;
	struct denial what = { .kind = DENIED_USER, .name = rotor_str_of(r->user) };

	if (what.name.len == 0) {
		api_fail(call, ROTOR_ERR_BAD_REQUEST);
		return;
	}
	denied_remove(call->w->srv->denied, call->w, &what);
	api_finish(call, NULL);
}

void
api_invalidate_user_tokens(struct api_call *call)
{
	const Ap__InvalidateUserTokensRequest *r = (const Ap__InvalidateUserTokensRequest *)call->req;
	struct denial what = { .kind = DENIED_ISSUED, .name = rotor_str_of(r->user), .channel = rotor_str_of(r->channel),
	    .issued_before = r->issued_before, .expire_at = r->expire_at };
	struct rotor_str *user;

	if (r->issued_before < 0) {
		api_fail(call, ROTOR_ERR_BAD_REQUEST);
		return;
	}
	if (r->issued_before == 0)
		what.issued_before = call->w->now_unix_ms / 1000;
	user = keep(call, what.name);
	if (user != NULL)
		deny(call, &what, user);
}

/*
 * revoke_token of a connection: the one worker that has it tells its token.
 */

struct lookup {
	struct api_call		*call;
	unsigned char		client[16];
	/* Written by that worker alone. */
	int			found;
	struct rotor_str	token_id;	/* in `arena`; p NULL: no memory */
	struct arena		arena;
};

static void
lookup_visit(struct rotor_worker *w, void *priv)
{
	struct lookup *l = priv;
	const struct rotor_client *c = hub_client_get(w->hub, l->client);

	if (c == NULL)
		return;
	l->found = 1;
	l->token_id = arena_str(&l->arena, token_mark_id(c->token));
}

static void
lookup_done(struct rotor_worker *w, void *priv)
{
	struct lookup *l = priv;
	struct api_call *call = l->call;
	const Ap__RevokeTokenRequest *r = (const Ap__RevokeTokenRequest *)call->req;
	struct denial what = { .kind = DENIED_TOKEN, .name = l->token_id, .expire_at = r->expire_at };
	uint32_t code = 0;

	(void)w;
	arena_adopt(call->arena, &l->arena);
	if (!l->found)
		code = ROTOR_ERR_METHOD_NOT_FOUND;	/* "not found" */
	else if (l->token_id.p == NULL)
		code = ROTOR_ERR_INTERNAL;
	else if (l->token_id.len == 0)
		code = ROTOR_ERR_NOT_AVAILABLE;
	if (code != 0)
		api_fail(call, code);
	else
		deny(call, &what, NULL);
}

static void
revoke_by_session(struct api_call *call, struct rotor_str session)
{
	struct lookup *l = arena_zalloc(call->arena, sizeof *l);
	uint32_t code = ROTOR_ERR_INTERNAL;

	if (l != NULL) {
		l->call = call;
		arena_init(&l->arena, NULL, 0);
		if (uuid_parse(session, l->client) != 0)
			code = ROTOR_ERR_METHOD_NOT_FOUND;
		else if (gather(call->w, lookup_visit, lookup_done, l) == 0)
			return;
	}
	api_fail(call, code);
}

void
api_revoke_token(struct api_call *call)
{
	const Ap__RevokeTokenRequest *r = (const Ap__RevokeTokenRequest *)call->req;
	struct denial what = { .kind = DENIED_TOKEN, .name = rotor_str_of(r->uid), .expire_at = r->expire_at };
	struct rotor_str session = rotor_str_of(r->session);

	if (session.len > 0 && what.name.len > 0)
		api_fail(call, ROTOR_ERR_BAD_REQUEST);
	else if (session.len > 0)
		revoke_by_session(call, session);
	else
		deny(call, &what, NULL);
}
