/* SPDX-License-Identifier: MIT */
/* session_rig.c - see session_rig.h. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "session_rig.h"

#include "base/str.h"
#include "conf/conf.h"
#include "loop/worker.h"

#define EPOCH	STR_LIT("abcdefgh")

static struct rig *
rig_of(void *ctx)
{
	return ctx;
}

static void
note(struct rig *r, char sign, struct rotor_str channel)
{
	size_t n = strlen(r->log);

	snprintf(r->log + n, sizeof r->log - n, "%c%.*s ", sign, (int)channel.len, channel.p);
}

static void
broker_subscribe(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_done_f *done,
    void *token)
{
	struct rig *r = rig_of(ctx);

	assert_ptr_equal(w, r->srv->control);
	note(r, '+', channel);
	assert_true(r->n_calls < RIG_CALLS);
	r->done[r->n_calls] = done;
	r->tokens[r->n_calls++] = token;
	if (!r->later)
		rig_answer(r, 0);
}

static void
broker_unsubscribe(void *ctx, struct rotor_worker *w, struct rotor_str channel)
{
	(void)w;
	note(rig_of(ctx), '-', channel);
}

static void
broker_publish(void *ctx, struct rotor_worker *w, const struct rotor_publish *req,
    rotor_publish_done_f *done, void *token)
{
	struct rig *r = rig_of(ctx);
	struct rotor_publication from = *req->pub, *pub;
	struct rotor_publish_result res = { .size = sizeof res };

	(void)w;
	if (req->history_size > 0 && req->pub->kind == ROTOR_PUBLICATION) {
		from.offset = ++r->top;
		from.epoch = EPOCH;
	}
	pub = rotor_publication_new(&from);
	assert_non_null(pub);
	assert_true(rotor_deliver(r->srv, pub) >= 0);
	rotor_publication_unref(&pub);
	done(token, 0, &res);
}

static void
broker_history(void *ctx, struct rotor_worker *w, struct rotor_str channel,
    const struct rotor_history_query *q, rotor_history_done_f *done, void *token)
{
	struct rotor_history h = { .size = sizeof h, .top = { rig_of(ctx)->top, EPOCH } };

	(void)w;
	(void)channel;
	(void)q;
	done(token, 0, &h);
}

static void
broker_remove(void *ctx, struct rotor_worker *w, struct rotor_str channel, rotor_done_f *done, void *token)
{
	(void)ctx;
	(void)w;
	(void)channel;
	done(token, 0);
}

void
rig_init(struct rig *r, const char *yaml)
{
	char path[] = "/tmp/rotor-session-XXXXXX.yaml";
	int fd = mkstemps(path, 5);
	struct conf_source src = { .file = path };
	struct server_args args = { .quiet = 1 };

	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
	close(fd);
	args.conf = conf_load(&src);
	unlink(path);
	assert_non_null(args.conf);
	memset(r, 0, sizeof *r);
	r->srv = server_new(&args);
	assert_non_null(r->srv);
	r->w = r->srv->workers[0];
	r->broker = (struct rotor_broker){ sizeof r->broker, broker_subscribe, broker_unsubscribe,
	    broker_publish, broker_history, broker_remove };
	r->srv->broker = &r->broker;
	r->srv->broker_ctx = r;
}

void
rig_fini(struct rig *r)
{
	rig_turn(r);
	assert_int_equal(atomic_load(&r->srv->n_clients), 0);
	assert_int_equal(r->w->hub->chans.n, 0);
	server_free(&r->srv);
}

static int
conn_write(void *priv, struct rotor_buf *frame)
{
	struct conn *c = priv;
	size_t len = rotor_buf_len(frame);

	if (c->write_result != ROTOR_OK)
		return c->write_result;
	assert_true(c->n_frames < RIG_FRAMES);
	c->frames[c->n_frames] = strndup((const char *)rotor_buf_data(frame), len);
	c->bufs[c->n_frames++] = rotor_buf_ref(frame);
	return ROTOR_OK;
}

static void
conn_close(void *priv, uint32_t code, const char *reason)
{
	struct conn *c = priv;

	assert_non_null(reason);
	assert_int_equal(c->closed, 0);
	c->closed = code;
	c->dropped = code == 0;
}

static void
conn_ping(void *priv)
{
	struct conn *c = priv;

	c->frames[c->n_frames] = strdup("<ping>");
	c->bufs[c->n_frames++] = NULL;
}

static const struct rotor_transport transport = {
	.size = sizeof transport, .name = "test", .flags = ROTOR_TRANSPORT_CLOSE_CODE,
	.write = conn_write, .close = conn_close, .ping = conn_ping,
};

void
rig_open(struct rig *r, struct conn *c, uint32_t protocol)
{
	struct rotor_client_args args = { .size = sizeof args, .protocol = protocol };

	memset(c, 0, sizeof *c);
	c->client = rotor_client_attach(r->w, &transport, c, &args, NULL);
	assert_non_null(c->client);
}

static void
forget(struct conn *c)
{
	for (size_t i = 0; i < c->n_frames; i++) {
		free(c->frames[i]);
		rotor_buf_unref(&c->bufs[i]);
	}
	c->n_frames = 0;
}

void
rig_close(struct conn *c)
{
	rotor_client_detach(&c->client);
	forget(c);
}

void
rig_send(struct conn *c, const char *frame)
{
	rotor_client_input(c->client, frame, strlen(frame));
}

void
rig_turn(struct rig *r)
{
	for (int i = 0; i < 4; i++) {
		worker_drain(r->srv->control);
		worker_drain(r->w);
	}
	r->w->flush_armed = 0;
	hub_flush(r->w->hub);
}

void
rig_wait(struct rig *r, uint64_t ms)
{
	r->w->now_ms += ms;
	r->w->now_unix_ms += (int64_t)ms;
	wheel_advance(&r->w->wheel, r->w->now_ms);
	rig_turn(r);
}

void
rig_answer(struct rig *r, uint32_t code)
{
	rotor_done_f *done = r->done[0];
	void *token = r->tokens[0];

	assert_true(r->n_calls > 0);
	r->n_calls--;
	memmove(r->done, r->done + 1, r->n_calls * sizeof r->done[0]);
	memmove(r->tokens, r->tokens + 1, r->n_calls * sizeof r->tokens[0]);
	done(token, code);
}

void
rig_publish(struct rig *r, const char *channel, const char *data, uint64_t offset)
{
	struct rotor_publication from = { .size = sizeof from, .channel = str_of(channel),
	    .data = str_of(data), .offset = offset, .epoch = offset > 0 ? EPOCH : (struct rotor_str){ 0 } };
	struct rotor_publication *pub = rotor_publication_new(&from);

	assert_non_null(pub);
	assert_true(rotor_deliver(r->srv, pub) >= 0);
	rotor_publication_unref(&pub);
}

char *
rig_take(struct conn *c)
{
	size_t len = 1;
	char *all;

	for (size_t i = 0; i < c->n_frames; i++)
		len += strlen(c->frames[i]) + 1;
	all = calloc(1, len);
	assert_non_null(all);
	for (size_t i = 0; i < c->n_frames; i++) {
		if (i > 0)
			strcat(all, "\n");
		strcat(all, c->frames[i]);
	}
	forget(c);
	return all;
}
