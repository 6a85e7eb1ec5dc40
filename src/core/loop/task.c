/* SPDX-License-Identifier: MIT */
/* loop/task.c - a function to be run on a worker, as a message to its inbox. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>

#include "base/obj.h"
#include "loop/worker.h"

struct task {
	struct inbox_msg	msg;	/* first: the inbox knows this part */
	rotor_task_f		*fn;
	void			*priv;
};

static void
task_run(struct rotor_worker *w, struct inbox_msg *m)
{
	struct task *t = (struct task *)(void *)m;
	rotor_task_f *fn = t->fn;
	void *priv = t->priv;

	free(t);
	worker_doing(w, "task", WORKER_CODE(fn));
	fn(w, priv);
}

int
rotor_worker_post(struct rotor_worker *w, rotor_task_f *fn, void *priv)
{
	struct task *t;

	OBJ_CHECK(w, WORKER_MAGIC);
	t = malloc(sizeof *t);
	if (t == NULL)
		return -ENOMEM;
	t->msg.run = task_run;
	t->fn = fn;
	t->priv = priv;
	worker_push(w, &t->msg);
	return ROTOR_OK;
}
