/* SPDX-License-Identifier: MIT */
/* ws.h - a WebSocket, client side, that never blocks. */
#ifndef STRESS_WS_H
#define STRESS_WS_H

#include "stress.h"
#include "wire.h"

struct ws_events {
	void	(*opened)(void *priv);
	void	(*message)(void *priv, struct slice frame);
	/* The peer has ended it: with a Close frame and its code, or (0) without. */
	void	(*closed)(void *priv, unsigned code, struct slice reason);
};

struct ws {
	struct pollable		poll;	/* first */
	const struct ws_events	*on;
	void			*priv;
	int			fd;	/* -1: none */
	int			is_open, paused;
	uint64_t		rng;	/* masks and fragments */
	struct out		in, out;
};

/* Begins to connect.  `small` has it take little from the network at a time. */
void ws_dial(struct ws *ws, enum encoding enc, int small);
/* Sends one message, at times in fragments.  Control frames likewise, unfragmented. */
void ws_send(struct ws *ws, unsigned opcode, struct slice message);
/* Stops reading, or goes on. */
void ws_pause(struct ws *ws, int paused);
/* How to leave: without a goodbye (RST), by FIN alone, with a Close frame (whose answer
 * is not awaited). */
enum goodbye { BYE_RESET, BYE_FIN, BYE_CLOSE, BYE_N };
void ws_leave(struct ws *ws, enum goodbye how);

#define WS_TEXT		1u
#define WS_BINARY	2u
#define WS_CLOSE	8u
#define WS_PING		9u
#define WS_PONG		10u

#endif
