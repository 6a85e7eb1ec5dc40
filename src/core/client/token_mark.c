/* SPDX-License-Identifier: MIT */
/* client/token_mark.c - see client/token_mark.h. */
#include "config.h"

#include "client/token_mark.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
token_mark_set(struct token_mark **markp, struct rotor_str id, int64_t issued_at)
{
	struct token_mark *m = NULL;

	if (id.len > 0 || issued_at != 0) {
		m = malloc(sizeof *m + id.len + 1);
		if (m == NULL)
			return -ENOMEM;
		m->issued_at = issued_at;
		m->len = id.len;
		if (id.len > 0)
			memcpy(m->id, id.p, id.len);
		m->id[id.len] = '\0';
	}
	free(*markp);
	*markp = m;
	return 0;
}

struct rotor_str
token_mark_id(const struct token_mark *m)
{
	return m != NULL ? (struct rotor_str){ m->id, m->len } : (struct rotor_str){ "", 0 };
}

int64_t
token_mark_issued_at(const struct token_mark *m)
{
	return m != NULL ? m->issued_at : 0;
}
