/* SPDX-License-Identifier: MIT */
/* client/cmd_presence.c - the presence command. */
#include "config.h"

#include <errno.h>

#include <rotor/buf.h>
#include <rotor/codes.h>
#include <rotor/engine.h>

#include "base/arena.h"
#include "base/str.h"
#include "client/client.h"
#include "client/long_reply.h"
#include "client/op.h"
#include "client/permit.h"
#include "client/publications.h"
#include "node/server.h"

#define ENTRY_BYTES	128u	/* of a reply, without what connections and channels say of themselves */

struct presence_reply {
	Cp__PresenceResult		result;
	const struct rotor_client_info	*clients;
	size_t				n;
	struct rotor_buf		*keep;		/* in which they are, or NULL */
};

static int
fill(struct long_reply *lr)
{
	struct presence_reply *pr = lr->priv;
	struct arena *a = &lr->op->arena;
	Cp__PresenceResult__PresenceEntry *e = arena_alloc(a, (pr->n + 1) * sizeof *e);

	pr->result.presence = arena_alloc(a, (pr->n + 1) * sizeof *pr->result.presence);
	if (e == NULL || pr->result.presence == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < pr->n; i++, e++) {
		cp__presence_result__presence_entry__init(e);
		e->value = client_info_fill(a, &pr->clients[i]);
		if (e->value == NULL)
			return -ENOMEM;
		e->key = e->value->client;
		pr->result.presence[i] = e;
	}
	pr->result.n_presence = pr->n;
	return 0;
}

static void
over(struct long_reply *lr)
{
	struct presence_reply *pr = lr->priv;

	rotor_buf_unref(&pr->keep);
	op_end(lr->op);
}

static size_t
expected_bytes(const struct rotor_presence_result *res)
{
	/* Those of the first stand for all. */
	size_t more = res->n_clients > 0 ? res->clients[0].conn_info.len + res->clients[0].chan_info.len : 0;

	return res->n_clients * (ENTRY_BYTES + more);
}

static void
presence_read(void *token, uint32_t code, const struct rotor_presence_result *res)
{
	struct op *op = token;
	struct presence_reply *pr = arena_zalloc(&op->arena, sizeof *pr);
	struct rotor_buf *keep = code == 0 && ROTOR_HAS(res, keep) ? res->keep : NULL;
	struct long_reply *lr;

	if (code == 0 && pr == NULL)
		code = ROTOR_ERR_INTERNAL;
	if (code != 0) {
		op_refuse(op, code);
		return;
	}
	lr = long_reply_new(op, fill, over, pr);
	if (lr == NULL) {
		op_end(op);
		return;
	}
	cp__presence_result__init(&pr->result);
	lr->reply.presence = &pr->result;
	pr->clients = res->clients;
	pr->n = res->n_clients;
	if (keep != NULL)
		pr->keep = rotor_buf_ref(keep);
	/* What cannot be kept has to be used now. */
	long_reply_send(lr, keep != NULL ? expected_bytes(res) : 0);
}

void
cmd_presence(struct op *op)
{
	struct rotor_worker *w = op->client->w;
	const struct rotor_server *srv = w->srv;
	const char *channel = op->msg->presence->channel;
	uint32_t code = permit_presence(op->client, channel);

	if (code != 0)
		op_refuse(op, code);
	else
		srv->presence->get(srv->presence_ctx, w, rotor_str_of(channel), presence_read, op);
}
