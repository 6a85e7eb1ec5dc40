/* SPDX-License-Identifier: MIT */
/* script.h - what a client does, at random. */
#ifndef STRESS_SCRIPT_H
#define STRESS_SCRIPT_H

#include "client.h"

/* The next action of the client's script, which depends on the seed and its index alone;
 * how it fits what the client is doing just then does not. */
void script_step(struct client *c);

#endif
