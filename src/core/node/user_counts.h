/* SPDX-License-Identifier: MIT */
/* node/user_counts.h - connections a user has on this node, over all workers; kept
 * only while client.user_connection_limit is set.  Any thread. */
#ifndef ROTOR_NODE_USER_COUNTS_H
#define ROTOR_NODE_USER_COUNTS_H

#include <rotor/abi.h>

struct user_counts;

struct user_counts *user_counts_new(void);
void user_counts_free(struct user_counts **up);
/* Counts one more unless there are `limit` already.  0, -EBUSY or -ENOMEM. */
int user_counts_add(struct user_counts *u, struct rotor_str user, uint32_t limit);
void user_counts_remove(struct user_counts *u, struct rotor_str user);

#endif
