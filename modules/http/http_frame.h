/* SPDX-License-Identifier: MIT */
/* http_frame.h - WebSocket frames (RFC 6455), without any I/O. */
#ifndef HTTP_FRAME_H
#define HTTP_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_CONT	0x0u
#define FRAME_TEXT	0x1u
#define FRAME_BINARY	0x2u
#define FRAME_CLOSE	0x8u
#define FRAME_PING	0x9u
#define FRAME_PONG	0xau

#define FRAME_HEAD_MAX		10u	/* of a frame from the server: not masked */
#define FRAME_CONTROL_MAX	125u	/* payload of a control frame */

struct frame {
	uint64_t	len;		/* of the payload */
	uint8_t		opcode;
	uint8_t		fin;
	uint8_t		compressed;	/* RSV1 */
	uint8_t		mask[4];
};

/* Reads the header of a client's frame.  Its length; 0 while it is incomplete; -1
 * when no client may send this: not masked, reserved bits or opcode, a control
 * frame that is long or in fragments, a length not in its shortest form. */
int frame_head_read(const unsigned char *p, size_t len, struct frame *ret);
/* Writes the header of a server's frame that ends where `end` points; returns its
 * first byte.  FRAME_HEAD_MAX bytes before `end` must be free. */
unsigned char *frame_head_write(unsigned char *end, uint8_t opcode, int compressed, size_t len);
/* Undoes the client's masking in place. */
void frame_unmask(unsigned char *p, size_t len, const uint8_t mask[4]);
/* 1 when an endpoint may put this status code into a Close frame. */
int frame_close_code_valid(uint32_t code);

#endif
