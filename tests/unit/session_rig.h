/* SPDX-License-Identifier: MIT */
/*
 * session_rig.h - a server whose broker and transport are the test's own.
 *
 * No thread runs: the test drains the inbox, flushes and moves the clock itself.  The
 * broker answers at once, or, with `later`, when the test says so.
 */
#ifndef SESSION_RIG_H
#define SESSION_RIG_H

#include <rotor/engine.h>
#include <rotor/transport.h>

#include "client/client.h"
#include "node/server.h"

#define RIG_FRAMES	256
#define RIG_CALLS	64

/* One connection, as its transport sees it. */
struct conn {
	struct rotor_client	*client;
	char			*frames[RIG_FRAMES];	/* what was written, NUL-terminated */
	struct rotor_buf	*bufs[RIG_FRAMES];	/* the very buffers */
	size_t			n_frames;
	int			write_result;		/* ROTOR_OK, ROTOR_AGAIN or an error */
	uint32_t		closed;			/* code; 0: still open */
	int			dropped;		/* closed with code 0 */
};

struct rig {
	struct rotor_server	*srv;
	struct rotor_worker	*w;
	/* the broker */
	int			later;			/* subscribe answers when told */
	struct rotor_broker	broker;
	rotor_done_f		*done[RIG_CALLS];
	void			*tokens[RIG_CALLS];
	size_t			n_calls;
	uint64_t		top;			/* of every channel's stream */
	char			log[1024];		/* "+ch" and "-ch": subscribe, unsubscribe */
};

/* `yaml` is the configuration. */
void rig_init(struct rig *r, const char *yaml);
/* Checks that nothing is left over. */
void rig_fini(struct rig *r);
void rig_open(struct rig *r, struct conn *c, uint32_t protocol);
/* Detaches and forgets what was written. */
void rig_close(struct conn *c);
void rig_send(struct conn *c, const char *frame);
/* Inboxes (control's too), then the flush: one turn of the loop. */
void rig_turn(struct rig *r);
/* Moves the clock on and fires what is due. */
void rig_wait(struct rig *r, uint64_t ms);
/* Answers the oldest waiting call of the broker. */
void rig_answer(struct rig *r, uint32_t code);
/* Publishes as an engine does. */
void rig_publish(struct rig *r, const char *channel, const char *data, uint64_t offset);
/* Everything written so far, joined by '\n', and forgets it.  The caller frees. */
char *rig_take(struct conn *c);

#endif
