/* SPDX-License-Identifier: MIT */
/* proto/frame.c - the commands of one incoming message. */
#include "config.h"

#include <string.h>

#include <rotor/transport.h>

#include "proto/codec.h"
#include "proto/wire.h"

void
frame_reader_init(struct frame_reader *f, uint32_t protocol, const void *p, size_t len)
{
	*f = (struct frame_reader){ .p = p, .protocol = protocol };
	f->end = len > 0 ? f->p + len : f->p;
}

static int
is_blank(struct rotor_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r')
			return 0;
	return 1;
}

static int
next_line(struct frame_reader *f, struct rotor_str *ret)
{
	const char *newline = memchr(f->p, '\n', (size_t)(f->end - f->p));
	const char *stop = newline != NULL ? newline : f->end;

	*ret = (struct rotor_str){ f->p, (size_t)(stop - f->p) };
	f->p = newline != NULL ? newline + 1 : f->end;
	return is_blank(*ret) ? -1 : 0;
}

static int
next_prefixed(struct frame_reader *f, struct rotor_str *ret)
{
	struct wire w = { f->p, f->end };

	if (wire_bytes(&w, ret) != 0)
		return -1;
	f->p = w.p;
	return 0;
}

int
frame_next(struct frame_reader *f, struct rotor_str *ret_cmd)
{
	struct rotor_str cmd;

	if (f->p == f->end)
		return f->any ? 0 : -1;
	if ((f->protocol == ROTOR_JSON ? next_line(f, &cmd) : next_prefixed(f, &cmd)) != 0)
		return -1;
	f->any = 1;
	*ret_cmd = cmd;
	return 1;
}
