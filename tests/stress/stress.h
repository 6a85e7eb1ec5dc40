/* SPDX-License-Identifier: MIT */
/*
 * stress.h - what all files of the stress test share.
 *
 * One thread, one epoll, and no code of the server: what is checked must not check
 * itself.  Whatever goes wrong ends the program at once, with the seed and the last
 * frames of the client concerned.
 */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a)	(sizeof (a) / sizeof (a)[0])

/* Borrowed bytes. */
struct slice {
	const char	*p;
	size_t		len;
};

struct options {
	const char	*host, *api_key, *secret;
	const char	*run;		/* names this run in channels and payloads */
	int		port;
	unsigned	clients;
	double		secs;		/* of random actions */
	double		deadline;	/* for whatever is awaited */
	double		rate;		/* actions a second of each client */
	uint64_t	seed;
	int		verbose;
};

extern struct options opt;

/* Whoever has a descriptor in the epoll begins with this. */
struct pollable {
	void	(*on_events)(struct pollable *, uint32_t events);
};

/* Registers (`fd` new to the epoll) or changes what is awaited. */
void poll_add(int fd, struct pollable *p, uint32_t events);
void poll_change(int fd, struct pollable *p, uint32_t events);
/* Seconds, monotonic; the clock of one turn of the loop. */
double now(void);

/* Random numbers that depend on nothing but their seed. */
uint64_t mix(uint64_t x);
uint64_t rng_next(uint64_t *state);
uint32_t rng_below(uint64_t *state, uint32_t n);

struct slice str(const char *text);
int str_is(struct slice a, const char *b);
uint64_t hash_bytes(struct slice s);
/* Memory or the end of the program. */
void *must_alloc(void *old, size_t size);

/* Says what is wrong, and the seed; exits. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
