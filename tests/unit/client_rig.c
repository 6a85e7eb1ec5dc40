/* SPDX-License-Identifier: MIT */
/* client_rig.c - see client_rig.h. */
#include "config.h"

#include "client_rig.h"

#include "loop/job.h"
#include "loop/worker.h"
#include "test_conf.h"

static struct client_rig *
rig_of(void *ctx)
{
	return ctx;
}

static void
note(struct client_rig *r, const char *what, struct rotor_str text)
{
	size_t n = strlen(r->log);

	if (r->silent)
		return;
	assert_true(n + strlen(what) + text.len + 2 < sizeof r->log);
	snprintf(r->log + n, sizeof r->log - n, "%s%.*s ", what, (int)text.len, text.p);
}

/* Answers. */

static void
give_history(struct client_rig *r, void *token, uint32_t code, rotor_history_done_f *done, uint64_t since)
{
	struct rotor_history h = { .size = sizeof h, .top = { r->top, rotor_str_of(r->epoch) } };
	size_t skip = 0;

	while (skip < r->n_stream && r->stream[skip]->offset <= since)
		skip++;
	h.pubs = r->stream + skip;
	h.n_pubs = r->n_stream - skip;
	done(token, code, &h);
}

static void
give_presence(void *token, uint32_t code, rotor_presence_done_f *done)
{
	struct rotor_client_info one = { .user = STR_LIT("u"), .client = STR_LIT("c") };
	struct rotor_presence_result res = { .size = sizeof res, .clients = &one, .n_clients = 1,
	    .num_clients = 1, .num_users = 1 };

	done(token, code, &res);
}

static uint32_t
verdict_of(struct rotor_str token)
{
	static const struct {
		const char *text;
		uint32_t verdict;
	} rows[] = {
		{ "bad", ROTOR_TOKEN_INVALID },
		{ "old", ROTOR_TOKEN_EXPIRED },
		{ "down", ROTOR_TOKEN_ERROR },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (rotor_str_eq(rotor_str_of(rows[i].text), token))
			return rows[i].verdict;
	return ROTOR_TOKEN_VALID;
}

static void
give_claims(struct client_rig *r, void *token, uint32_t verdict, rotor_connection_token_done_f *done,
    const char *user)
{
	struct rotor_connection_claims claims = { .size = sizeof claims, .user = rotor_str_of(user),
	    .expire_at = r->expire_at, .subs = r->grants, .n_subs = r->n_grants };

	done(token, verdict, "the rig says so", verdict == ROTOR_TOKEN_VALID ? &claims : NULL);
}

static void
give_sub_claims(struct client_rig *r, void *token, uint32_t verdict, rotor_subscription_token_done_f *done,
    const char *channel)
{
	struct rotor_subscription_claims claims = { .size = sizeof claims, .user = rotor_str_of(r->sub_user),
	    .expire_at = r->expire_at, .grant = { .size = sizeof claims.grant, .channel = rotor_str_of(channel) } };

	done(token, verdict, "the rig says so", verdict == ROTOR_TOKEN_VALID ? &claims : NULL);
}

static void
answer(struct client_rig *r, const struct rig_waiting *wt, uint32_t code)
{
	struct rotor_publish_result published = { .size = sizeof published };

	switch (wt->call) {
	case CALL_SUBSCRIBE:
	case CALL_ADD:
	case CALL_REMOVE:
		((rotor_done_f *)wt->done)(wt->token, code);
		break;
	case CALL_PUBLISH:
		((rotor_publish_done_f *)wt->done)(wt->token, code, &published);
		break;
	case CALL_HISTORY:
		give_history(r, wt->token, code, (rotor_history_done_f *)wt->done,
		    strtoull(wt->text, NULL, 10));
		break;
	case CALL_PRESENCE:
	case CALL_STATS:
		give_presence(wt->token, code, (rotor_presence_done_f *)wt->done);
		break;
	case CALL_TOKEN:
		give_claims(r, wt->token, code, (rotor_connection_token_done_f *)wt->done, wt->text);
		break;
	case CALL_SUB_TOKEN:
		give_sub_claims(r, wt->token, code, (rotor_subscription_token_done_f *)wt->done, wt->text);
		break;
	}
}

/* Answers now, or when the test says so. */
static void
ask(struct client_rig *r, enum rig_call call, void (*done)(void), void *token, struct rotor_str text,
    uint32_t code)
{
	struct rig_waiting wt = { .call = call, .done = done, .token = token };

	if (r->slow)
		crig_turn_over(r);
	assert_true(text.len < sizeof wt.text);
	memcpy(wt.text, text.p, text.len);
	if (!(r->later & BIT(call))) {
		answer(r, &wt, code);
		return;
	}
	assert_true(r->n_waiting < RIG_CALLS);
	r->waiting[r->n_waiting++] = wt;
}

/* The engine. */

static void
broker_subscribe(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_done_f *done,
    void *token)
{
	struct client_rig *r = rig_of(ctx);

	assert_ptr_equal(w, r->srv->control);
	note(r, "+", channel);
	ask(r, CALL_SUBSCRIBE, (void (*)(void))done, token, channel, 0);
}

static void
broker_unsubscribe(void *ctx, struct rotor_worker *w, struct rotor_str channel)
{
	assert_ptr_equal(w, rig_of(ctx)->srv->control);
	note(rig_of(ctx), "-", channel);
}

static void
stream_append(struct client_rig *r, struct rotor_publication *pub)
{
	assert_true(r->n_stream < RIG_STREAM);
	r->stream[r->n_stream++] = rotor_publication_ref(pub);
	if (r->top < pub->offset)
		r->top = pub->offset;
}

static struct rotor_publication *
stream_find(struct client_rig *r, uint64_t offset)
{
	for (size_t i = 0; i < r->n_stream; i++)
		if (r->stream[i]->offset == offset)
			return r->stream[i];
	return NULL;
}

static void
broker_publish(void *ctx, struct rotor_worker *w, const struct rotor_publish *req,
    rotor_publish_done_f *done, void *token)
{
	struct client_rig *r = rig_of(ctx);
	struct rotor_publication from = *req->pub, *pub;

	(void)w;
	if (req->history_size > 0 && from.kind == ROTOR_PUBLICATION) {
		from.offset = r->top + 1;
		from.epoch = rotor_str_of(r->epoch);
	}
	if (from.kind != ROTOR_PUBLICATION)
		note(r, from.kind == ROTOR_JOIN ? "join+" : "leave+", from.channel);
	pub = rotor_publication_new(&from);
	assert_non_null(pub);
	if (pub->offset > 0)
		stream_append(r, pub);
	assert_true(rotor_deliver(r->srv, pub, NULL) >= 0);
	ask(r, CALL_PUBLISH, (void (*)(void))done, token, pub->channel, 0);
	rotor_publication_unref(&pub);
}

static void
broker_history(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_history_query *q, rotor_history_done_f *done, void *token)
{
	struct client_rig *r = rig_of(ctx);
	char since[32];

	(void)w;
	(void)channel;
	r->n_history++;
	snprintf(since, sizeof since, "%llu", q->limit == 0 ? ~0ULL :
	    (unsigned long long)(q->has_since ? q->since.offset : 0));
	ask(r, CALL_HISTORY, (void (*)(void))done, token, rotor_str_of(since), 0);
}

static void
broker_remove(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_done_f *done, void *token)
{
	(void)ctx;
	(void)w;
	(void)channel;
	done(token, 0);
}

static const struct rotor_broker broker = {
	sizeof broker, broker_subscribe, broker_unsubscribe, broker_publish, broker_history, broker_remove,
};

/* Of an engine that has nothing to do when a channel gets its first subscriber. */
static const struct rotor_broker broker_of_one_node = {
	sizeof broker, NULL, NULL, broker_publish, broker_history, broker_remove,
};

void
crig_one_node(struct client_rig *r)
{
	r->srv->broker = &broker_of_one_node;
}

static void
presence_add(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_client_info *info, rotor_done_f *done, void *token)
{
	(void)w;
	assert_int_equal(info->client.len, 36);
	note(rig_of(ctx), "presence+", channel);
	ask(ctx, CALL_ADD, (void (*)(void))done, token, channel, 0);
}

static void
presence_remove(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_client_info *info, rotor_done_f *done, void *token)
{
	(void)w;
	assert_int_equal(info->client.len, 36);
	note(rig_of(ctx), "presence-", channel);
	ask(ctx, CALL_REMOVE, (void (*)(void))done, token, channel, 0);
}

static void
presence_get(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_presence_done_f *done,
    void *token)
{
	(void)w;
	ask(ctx, CALL_PRESENCE, (void (*)(void))done, token, channel, 0);
}

static void
presence_stats(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_presence_done_f *done,
    void *token)
{
	(void)w;
	ask(ctx, CALL_STATS, (void (*)(void))done, token, channel, 0);
}

static const struct rotor_presence presence = {
	sizeof presence, presence_add, presence_remove, presence_get, presence_stats,
};

/* Auth. */

static void
connection_token(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_connection_token_done_f *done, void *token)
{
	(void)w;
	ask(ctx, CALL_TOKEN, (void (*)(void))done, token, jwt, verdict_of(jwt));
}

static void
subscription_token(void *ctx, struct rotor_worker *w, struct rotor_str jwt,
    rotor_subscription_token_done_f *done, void *token)
{
	(void)w;
	ask(ctx, CALL_SUB_TOKEN, (void (*)(void))done, token, jwt, verdict_of(jwt));
}

static const struct rotor_auth auth = { sizeof auth, connection_token, subscription_token };

/* The server. */

void
crig_init(struct client_rig *r, const char *yaml)
{
	static const char *const no_env[] = { NULL };
	struct server_args args = { .conf = load(yaml, no_env), .quiet = 1 };

	memset(r, 0, sizeof *r);
	r->epoch = RIG_EPOCH;
	r->sub_user = "";
	r->srv = server_new(&args);
	assert_non_null(r->srv);
	r->srv->broker = &broker;
	r->srv->presence = &presence;
	r->srv->auth = &auth;
	r->srv->broker_ctx = r->srv->presence_ctx = r->srv->auth_ctx = r;
	for (uint32_t i = 1; i < r->srv->n_workers; i++) {
		r->srv->workers[i]->now_ms = r->srv->workers[0]->now_ms;
		r->srv->workers[i]->now_unix_ms = r->srv->workers[0]->now_unix_ms;
	}
}

void
crig_fini(struct client_rig *r)
{
	crig_turn(r);
	while (crig_jobs(r))
		;
	assert_int_equal(r->n_waiting, 0);
	assert_int_equal(atomic_load(&r->srv->n_clients), 0);
	assert_int_equal(atomic_load(&r->srv->n_attached), 0);
	for (uint32_t i = 0; i < r->srv->n_workers; i++) {
		assert_int_equal(r->srv->workers[i]->hub->chans.n, 0);
		assert_int_equal(r->srv->workers[i]->hub->users.n, 0);
	}
	for (size_t i = 0; i < r->n_stream; i++)
		rotor_publication_unref(&r->stream[i]);
	server_free(&r->srv);
}

int
crig_setup(void **state)
{
	struct client_rig *r = malloc(sizeof *r);

	assert_non_null(r);
	crig_init(r, *state);
	*state = r;
	return 0;
}

int
crig_teardown(void **state)
{
	struct client_rig *r = *state;

	crig_fini(r);
	free(r);
	return 0;
}

static int
inboxes_empty(const struct client_rig *r)
{
	int empty = inbox_last(&r->srv->control->inbox) == NULL;

	for (uint32_t i = 0; i < r->srv->n_workers; i++)
		empty &= inbox_last(&r->srv->workers[i]->inbox) == NULL;
	return empty;
}

void
crig_flush(struct client_rig *r)
{
	for (uint32_t i = 0; i < r->srv->n_workers; i++)
		worker_flush(r->srv->workers[i]);
}

void
crig_turn_over(struct client_rig *r)
{
	for (uint32_t i = 0; i < r->srv->n_workers; i++)
		r->srv->workers[i]->share.over_us = 1;
}

int
crig_jobs(struct client_rig *r)
{
	int any = 0;

	for (uint32_t i = 0; i < r->srv->n_workers; i++) {
		struct rotor_worker *w = r->srv->workers[i];
		uint64_t now_ms = w->now_ms;
		int64_t now_unix_ms = w->now_unix_ms;

		any |= w->jobs != NULL;
		jobs_run(w);
		w->now_ms = now_ms;	/* the clock is the test's */
		w->now_unix_ms = now_unix_ms;
	}
	crig_turn(r);
	return any;
}

void
crig_turn(struct client_rig *r)
{
	for (uint32_t i = 0; i < r->srv->n_workers; i++)
		r->srv->workers[i]->share.over_us = 0;
	while (!inboxes_empty(r)) {
		worker_drain(r->srv->control);
		for (uint32_t i = 0; i < r->srv->n_workers; i++)
			worker_drain(r->srv->workers[i]);
	}
	crig_flush(r);
}

void
crig_wait(struct client_rig *r, uint64_t ms)
{
	for (uint32_t i = 0; i < r->srv->n_workers; i++) {
		struct rotor_worker *w = r->srv->workers[i];

		w->now_ms += ms;
		w->now_unix_ms += (int64_t)ms;
		wheel_advance(&w->wheel, w->now_ms);
		while (wheel_fire(&w->wheel))
			;
	}
	crig_turn(r);
}

size_t
crig_waiting(const struct client_rig *r, enum rig_call call)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_waiting; i++)
		n += r->waiting[i].call == call;
	return n;
}

void
crig_answer_for(struct client_rig *r, enum rig_call call, const char *text, uint32_t code)
{
	struct rig_waiting wt;
	size_t i = 0;

	while (i < r->n_waiting && (r->waiting[i].call != call ||
	    (text != NULL && strcmp(r->waiting[i].text, text) != 0)))
		i++;
	assert_true(i < r->n_waiting);
	wt = r->waiting[i];
	r->n_waiting--;
	memmove(r->waiting + i, r->waiting + i + 1, (r->n_waiting - i) * sizeof r->waiting[0]);
	answer(r, &wt, code);
}

void
crig_answer(struct client_rig *r, enum rig_call call, uint32_t code)
{
	crig_answer_for(r, call, NULL, code);
}

int
crig_publish(struct client_rig *r, const char *channel, const char *data, uint64_t offset)
{
	struct rotor_publication from = { .size = sizeof from, .channel = rotor_str_of(channel),
	    .data = rotor_str_of(data), .offset = offset }, *pub;
	int n;

	if (offset > 0)
		from.epoch = rotor_str_of(r->epoch);
	pub = rotor_publication_new(&from);
	assert_non_null(pub);
	if (offset > r->top)
		stream_append(r, pub);
	n = rotor_deliver(r->srv, pub, stream_find(r, offset - 1));
	rotor_publication_unref(&pub);
	return n;
}

/* The transport. */

static int
transport_write(void *conn, struct rotor_buf *frame)
{
	struct peer *p = conn;

	assert_int_equal(p->n_closed, 0);
	p->n_offered++;
	if (p->write_result != ROTOR_OK)
		return p->write_result;
	assert_true(p->n_frames < PEER_FRAMES);
	p->frames[p->n_frames++] = rotor_buf_ref(frame);
	return ROTOR_OK;
}

static void
transport_close(void *conn, uint32_t code, const char *reason)
{
	struct peer *p = conn;

	assert_non_null(reason);
	p->n_closed++;
	p->code = code;
	snprintf(p->reason, sizeof p->reason, "%s", reason);
	if (p->detach_in_close)
		rotor_client_detach(&p->client);
}

static void
transport_ping(void *conn)
{
	((struct peer *)conn)->n_pings++;
}

static void
transport_resume(void *conn)
{
	((struct peer *)conn)->n_resumed++;
}

/* By client_rig.rests. */
static const struct rotor_transport transports[2] = {
	{ .size = sizeof transports[0], .name = "rig", .flags = ROTOR_TRANSPORT_CLOSE_CODE,
	  .write = transport_write, .close = transport_close, .ping = transport_ping },
	{ .size = sizeof transports[0], .name = "rig", .flags = ROTOR_TRANSPORT_CLOSE_CODE,
	  .write = transport_write, .close = transport_close, .ping = transport_ping,
	  .resume = transport_resume },
};

void
peer_open(struct client_rig *r, struct peer *p, uint32_t worker, uint32_t protocol, uint32_t flags)
{
	struct rotor_client_args args = { .size = sizeof args, .protocol = protocol, .flags = flags };

	memset(p, 0, sizeof *p);
	p->client = rotor_client_attach(r->srv->workers[worker], &transports[r->rests], p, &args, NULL);
	assert_non_null(p->client);
}

void
peer_connect(struct client_rig *r, struct peer *p, uint32_t worker, const char *user)
{
	char text[128];

	peer_open(r, p, worker, ROTOR_JSON, 0);
	snprintf(text, sizeof text, "{\"id\":1,\"connect\":{\"token\":\"%s\"}}", user != NULL ? user : "");
	peer_send(p, text);
	crig_turn(r);
	assert_int_equal(p->n_frames, 1);
	assert_int_equal(p->client->state, CLIENT_CONNECTED);
	peer_forget(p);
}

void
peer_connect_pb(struct client_rig *r, struct peer *p, uint32_t worker)
{
	peer_open(r, p, worker, ROTOR_PROTOBUF, 0);
	rotor_client_input(p->client, "\x04\x08\x01\x22\x00", 5);
	crig_turn(r);
	assert_int_equal(p->n_frames, 1);
	assert_int_equal(p->client->state, CLIENT_CONNECTED);
	peer_forget(p);
}

void
peer_close(struct peer *p)
{
	if (p->client != NULL)
		rotor_client_detach(&p->client);
	peer_forget(p);
}

void
peer_send(struct peer *p, const char *frame)
{
	rotor_client_input(p->client, frame, strlen(frame));
}

void
peer_ask(struct client_rig *r, struct peer *p, const char *frame, const char *answered)
{
	peer_send(p, frame);
	crig_turn(r);
	peer_expect(p, answered);
}

void
peer_expect(struct peer *p, const char *text)
{
	size_t len = 1, at = 0;
	char *all;

	for (size_t i = 0; i < p->n_frames; i++)
		len += rotor_buf_len(p->frames[i]) + 1;
	all = malloc(len);
	assert_non_null(all);
	for (size_t i = 0; i < p->n_frames; i++) {
		if (i > 0)
			all[at++] = '|';
		memcpy(all + at, rotor_buf_data(p->frames[i]), rotor_buf_len(p->frames[i]));
		at += rotor_buf_len(p->frames[i]);
	}
	all[at] = '\0';
	peer_forget(p);
	assert_string_equal(all, text);
	free(all);
}

void
peer_expect_start(const struct peer *p, const char *text)
{
	assert_int_equal(p->n_frames, 1);
	assert_true(rotor_buf_len(p->frames[0]) >= strlen(text));
	assert_memory_equal(rotor_buf_data(p->frames[0]), text, strlen(text));
}

void
peer_forget(struct peer *p)
{
	for (size_t i = 0; i < p->n_frames; i++)
		rotor_buf_unref(&p->frames[i]);
	p->n_frames = 0;
}

void
peer_expect_closed(const struct peer *p, uint32_t code)
{
	assert_int_equal(p->n_closed, 1);
	assert_int_equal(p->code, code);
	assert_string_equal(p->reason, code != 0 ? rotor_disconnect_text(code) : "");
}
