/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "wait.h"

#include <errno.h>
#include <pthread.h>

#include "verifier.h"

struct waiting {
	pthread_mutex_t	lock;
	pthread_cond_t	answered;
	struct key_ask	*ask;
};

static void
on_answer(void *priv, enum jwks_answer answer, struct jwk *k)
{
	struct waiting *wt = priv;

	pthread_mutex_lock(&wt->lock);
	wt->ask->answer = answer;
	wt->ask->key = k;
	wt->ask->answered = 1;
	pthread_cond_signal(&wt->answered);
	pthread_mutex_unlock(&wt->lock);
}

void
wait_for_key(const struct verifier *v, struct key_ask *ask)
{
	struct waiting wt = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, ask };
	int r;

	pthread_mutex_lock(&wt.lock);
	r = verifier_ask(v, ask, on_answer, &wt);
	if (r != 0) {
		ask->answer = r == -ENOENT ? JWKS_UNKNOWN : JWKS_OVERLOAD;
		ask->answered = 1;
	}
	while (!ask->answered)
		pthread_cond_wait(&wt.answered, &wt.lock);
	pthread_mutex_unlock(&wt.lock);
	pthread_cond_destroy(&wt.answered);
	pthread_mutex_destroy(&wt.lock);
}
