/* SPDX-License-Identifier: MIT */
/* loop/watch.c - modules' file descriptors in the worker's event loop. */
#include "config.h"

#include <errno.h>

#include <event2/event.h>

#include "base/obj.h"
#include "loop/worker.h"

struct rotor_watch {
	uint32_t		magic;
#define WATCH_MAGIC		0x29d8c07eu
	uint32_t		events;		/* ROTOR_READ, ROTOR_WRITE; 0: paused */
	struct rotor_worker	*w;
	struct event		*ev;
	rotor_watch_f		*fn;
	void			*priv;
	int			fd;
};

static void
on_ready(evutil_socket_t fd, short ready, void *priv)
{
	struct rotor_watch *wt;
	struct rotor_worker *w;
	uint32_t events;

	OBJ_CAST(wt, priv, WATCH_MAGIC);
	w = wt->w;
	events = (ready & EV_READ ? ROTOR_READ : 0) | (ready & EV_WRITE ? ROTOR_WRITE : 0);
	worker_busy(w, "watch", WORKER_CODE(wt->fn));
	wt->fn(w, fd, events, wt->priv);	/* may free wt */
	worker_idle(w);
}

int
rotor_watch_set(struct rotor_watch *wt, uint32_t events)
{
	short flags = EV_PERSIST;

	OBJ_CHECK(wt, WATCH_MAGIC);
	if (events == wt->events)
		return ROTOR_OK;
	if (events & ~(ROTOR_READ | ROTOR_WRITE))
		return -EINVAL;
	/* libevent changes what an event waits for only while it is idle. */
	(void)event_del(wt->ev);
	wt->events = 0;
	if (events == 0)
		return ROTOR_OK;
	flags |= (short)(events & ROTOR_READ ? EV_READ : 0);
	flags |= (short)(events & ROTOR_WRITE ? EV_WRITE : 0);
	errno = 0;
	if (event_assign(wt->ev, wt->w->base, wt->fd, flags, on_ready, wt) != 0 ||
	    event_add(wt->ev, NULL) != 0)
		return errno != 0 ? -errno : -EINVAL;
	wt->events = events;
	return ROTOR_OK;
}

struct rotor_watch *
rotor_watch_new(struct rotor_worker *w, int fd, uint32_t events, rotor_watch_f *fn, void *priv)
{
	struct rotor_watch *wt;

	OBJ_CHECK(w, WORKER_MAGIC);
	if (fd < 0)
		return NULL;
	OBJ_ALLOC(wt, WATCH_MAGIC);
	if (wt == NULL)
		return NULL;
	wt->w = w;
	wt->fn = fn;
	wt->priv = priv;
	wt->fd = fd;
	wt->ev = event_new(w->base, fd, EV_PERSIST, on_ready, wt);
	if (wt->ev == NULL || rotor_watch_set(wt, events) != 0)
		rotor_watch_free(&wt);
	return wt;
}

void
rotor_watch_free(struct rotor_watch **wtp)
{
	struct rotor_watch *wt;

	if (*wtp == NULL)
		return;
	OBJ_TAKE(wt, wtp, WATCH_MAGIC);
	if (wt->ev != NULL)
		event_free(wt->ev);
	OBJ_FREE(wt);
}
