/* SPDX-License-Identifier: MIT */
/* script.c - see script.h. */
#include "config.h"

#include "script.h"

#define HOME	9u	/* channels that a client likes best */

static void
subscribe(struct client *c, struct channel *ch, uint32_t arg)
{
	/* Now and then although it is subscribed, which is an error. */
	if (!client_view(c, ch)->on || arg % 16 == 0)
		(void)client_subscribe(c, ch, arg % 5 != 0, arg % 7 != 0);
}

static void
unsubscribe(struct client *c, struct channel *ch, uint32_t arg)
{
	(void)arg;
	if (!c->witness)
		(void)client_command(c, CMD_UNSUBSCRIBE, ch);
}

static void
publish(struct client *c, struct channel *ch, uint32_t arg)
{
	for (uint32_t n = arg % 24 == 0 ? arg % 10 : 1; n > 0; n--)
		(void)client_publish(c, ch);
}

/* Much at once into the channel of large payloads, which chokes who does not read. */
static void
flood(struct client *c, struct channel *ch, uint32_t arg)
{
	for (unsigned i = 0; i < n_channels; i++)
		if (channels[i].kind->flags & KIND_LARGE)
			ch = &channels[i];
	for (uint32_t n = arg % 8; n < 8; n++)
		(void)client_publish(c, ch);
}

/* Leaves and comes back in one frame; again, at times, before it has been answered. */
static void
resubscribe(struct client *c, struct channel *ch, uint32_t arg)
{
	for (uint32_t n = arg % 3; n < 3 && !c->witness; n++) {
		(void)client_command(c, CMD_UNSUBSCRIBE, ch);
		(void)client_subscribe(c, ch, 1, arg % 2);
	}
	client_send(c);
}

static void
ask(struct client *c, struct channel *ch, uint32_t arg)
{
	static const enum command what[] = { CMD_PRESENCE, CMD_PRESENCE_STATS, CMD_HISTORY, CMD_HISTORY };
	enum command command = what[arg % ARRAY_LEN(what)];

	if (command != CMD_HISTORY || ch->kind->history_size > 0)
		(void)client_command(c, command, ch);
}

/* Reads nothing for a while; a few for so long that the server gives them up. */
static void
pause_reading(struct client *c, struct channel *ch, uint32_t arg)
{
	(void)ch;
	if (c->witness)
		return;
	client_send(c);
	c->has_paused = 1;
	c->resume_at = now() + (arg % 4 == 0 ? 2.5 : 0.05 + 0.001 * (arg % 600));
	ws_pause(&c->ws, 1);
}

static void
leave(struct client *c, struct channel *ch, uint32_t arg)
{
	static const enum goodbye how[] = { BYE_RESET, BYE_RESET, BYE_FIN, BYE_CLOSE };

	(void)ch;
	if (c->witness)
		return;
	if (arg & 1)
		client_send(c);		/* and does not wait for what it asked */
	client_leave(c, how[arg / 2 % ARRAY_LEN(how)], 0.001 * (arg / 8 % 400));
}

static const struct action {
	unsigned weight;
	void (*run)(struct client *, struct channel *, uint32_t arg);
} actions[] = {
	{ 26, subscribe },
	{ 6, unsubscribe },
	{ 36, publish },
	{ 1, flood },
	{ 6, resubscribe },
	{ 8, ask },
	{ 3, pause_reading },
	{ 5, leave },
};

static const struct action *
action_at(unsigned at)
{
	const struct action *a = actions;

	while (at >= a->weight)
		at -= a++->weight;
	return a;
}

static unsigned
weights(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		n += actions[i].weight;
	return n;
}

/* One of those it likes, mostly; so that a channel has many subscribers, but not all. */
static struct channel *
some_channel(const struct client *c, uint32_t r)
{
	uint64_t pick = r % 8 == 0 ? r : mix(c->index * UINT64_C(64) + r / 8 % HOME);

	return &channels[(pick >> 3) % n_channels];
}

void
script_step(struct client *c)
{
	uint32_t which = rng_below(&c->rng, weights()), where = (uint32_t)rng_next(&c->rng);
	uint32_t arg = (uint32_t)rng_next(&c->rng), wait = rng_below(&c->rng, 2000);

	c->due = now() + wait / 1000.0 / opt.rate;
	if (c->resume_at > 0)
		return;		/* it does nothing */
	if (c->life == LIFE_AWAY) {
		client_dial(c);
		return;
	}
	action_at(which)->run(c, some_channel(c, where), arg >> 2);
	/* What is not sent now shares a frame with what comes next. */
	if (arg % 4 != 0 || c->out.n > 12)
		client_send(c);
}
