/* SPDX-License-Identifier: MIT */
/* net.h - sockets to the server. */
#ifndef STRESS_NET_H
#define STRESS_NET_H

/* A non-blocking socket that is connecting.  `small`: the system is to keep as little as
 * possible of what we do not read. */
int net_dial(int small);

#endif
