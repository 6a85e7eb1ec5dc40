/* SPDX-License-Identifier: MIT */
/*
 * rotor/buf.h - reference-counted bytes on their way to a socket.
 *
 * A buffer is filled by its maker and not changed after it has been shared.  The
 * ROTOR_BUF_HEADROOM bytes in front of the data are scratch space in which a
 * transport may build its frame header; a buffer therefore belongs to one
 * worker's transports.  References may be dropped on any thread.
 */
#ifndef ROTOR_BUF_H
#define ROTOR_BUF_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROTOR_BUF_HEADROOM	32u

struct rotor_buf;

/* A buffer of `len` uninitialised bytes with one reference, or NULL (no memory). */
ROTOR_API struct rotor_buf *rotor_buf_alloc(size_t len);
/* The same, filled with a copy of `data`. */
ROTOR_API struct rotor_buf *rotor_buf_new(const void *data, size_t len);
/* One more reference; returns `b`. */
ROTOR_API struct rotor_buf *rotor_buf_ref(struct rotor_buf *b);
/* Gives back *bp and sets it to NULL.  NULL in *bp is a no-op. */
ROTOR_API void rotor_buf_unref(struct rotor_buf **bp);
/* First data byte; valid as long as a reference is held. */
ROTOR_API unsigned char *rotor_buf_data(struct rotor_buf *b);
ROTOR_API size_t rotor_buf_len(const struct rotor_buf *b);
/* Shortens to `len` (<= the present length) before the buffer is shared. */
ROTOR_API void rotor_buf_trim(struct rotor_buf *b, size_t len);

#ifdef __cplusplus
}
#endif

#endif
