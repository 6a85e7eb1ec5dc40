/* SPDX-License-Identifier: MIT */
/* api.h - backends that use the HTTP API, one request at a time each. */
#ifndef STRESS_API_H
#define STRESS_API_H

#include "ledger.h"
#include "wire.h"

struct api {
	struct pollable	poll;	/* first */
	int		fd, waits, removes;
	unsigned	writer, number;
	struct channel	*ch;	/* of the request under way, when it publishes */
	uint64_t	rng;
	double		due;
	struct out	in;
};

void api_init(struct api *a, unsigned index);
/* The next action of its script. */
void api_step(struct api *a);
/* Publishes into the channel; the API must not be waiting. */
void api_publish(struct api *a, struct channel *ch);

#endif
