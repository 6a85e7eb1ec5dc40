/* SPDX-License-Identifier: MIT */
/*
 * client/publications.h - publications and client infos as protobuf-c structs in an
 * arena, for replies.
 *
 * The structs point into what they are made of, which must outlive them.
 */
#ifndef ROTOR_CLIENT_PUBLICATIONS_H
#define ROTOR_CLIENT_PUBLICATIONS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/messages.h"

struct arena;
struct rotor_client_info;
struct rotor_publication;

/* A reference to each, in an array of the arena.  NULL: no memory. */
struct rotor_publication **publications_keep(struct arena *a, struct rotor_publication *const *pubs,
    size_t n);
void publications_drop(struct rotor_publication **pubs, size_t n);
/* About how long they are in a reply. */
size_t publications_bytes(struct rotor_publication *const *pubs, size_t n);
/* NULL: no memory. */
Cp__ClientInfo *client_info_fill(struct arena *a, const struct rotor_client_info *info);
/* 0 or -ENOMEM. */
int publications_fill(struct arena *a, struct rotor_publication *const *pubs, size_t n,
    Cp__Publication ***ret);
/* For who takes deltas: the first whole, each other one as a delta from the one before it
 * where that is shorter.  0 or -ENOMEM. */
int publications_fill_delta(struct arena *a, uint32_t protocol, struct rotor_publication *const *pubs,
    size_t n, Cp__Publication ***ret);

#endif
