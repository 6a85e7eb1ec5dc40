/* SPDX-License-Identifier: MIT */
/*
 * base/glob.c - shell-like patterns, matched in linear time.
 *
 * The pattern becomes a list of tokens, and the text is read once while a bit set
 * tells at which tokens a match may stand.  Patterns come from API callers, so
 * there is no backtracking that a clever one could make exponential.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"

#define TOKENS_MAX	1024u		/* also the longest pattern, in bytes */
#define DEPTH_MAX	32u		/* of nested { } */

enum kind { CHAR, ANY, STAR, CLASS, OPEN, COMMA, CLOSE, END };

struct token {
	uint32_t	ch;		/* CHAR */
	uint16_t	at;		/* CLASS: offset of its text in the pattern */
	uint16_t	next;		/* OPEN, COMMA: the group's next COMMA or CLOSE */
	uint16_t	close;		/* COMMA: the group's CLOSE */
	uint8_t		kind;
};

struct glob {
	struct rotor_str	pattern;
	size_t			at;		/* while compiling: next byte */
	uint16_t		n;
	uint16_t		depth;
	uint16_t		open[DEPTH_MAX];	/* the groups around `at` */
	uint16_t		last[DEPTH_MAX];	/* their newest OPEN or COMMA */
	struct token		tok[TOKENS_MAX + 1];
};

struct set {
	uint64_t	bits[TOKENS_MAX / 64 + 1];
};

/* The next character of the pattern.  0, or -1 at the end and for a broken one. */
static int
read_char(struct rotor_str s, size_t *at, uint32_t *ret)
{
	size_t n;

	if (*at >= s.len)
		return -1;
	n = utf8_read(s.p + *at, s.len - *at, ret);
	if (n == 1 && *ret == UTF8_INVALID)
		return -1;
	*at += n;
	return 0;
}

/* The same, with a backslash taking the meaning from what follows. */
static int
read_escaped(struct rotor_str s, size_t *at, uint32_t *ret)
{
	if (read_char(s, at, ret) != 0)
		return -1;
	return *ret == '\\' ? read_char(s, at, ret) : 0;
}

static int
class_ends(struct rotor_str s, size_t at)
{
	return at < s.len && s.p[at] == ']';
}

/* Reads the class whose text starts at *at, behind the '[', and moves behind its
 * ']'.  Returns whether `c` is in it, or -1. */
static int
class_match(struct rotor_str s, size_t *at, uint32_t c)
{
	int not = 0, in = 0;
	uint32_t lo, hi;

	if (*at < s.len && s.p[*at] == '!') {
		not = 1;
		++*at;
	}
	do {
		if (class_ends(s, *at) || read_escaped(s, at, &lo) != 0)
			return -1;
		hi = lo;
		if (*at < s.len && s.p[*at] == '-' && !class_ends(s, *at + 1)) {
			++*at;
			if (read_escaped(s, at, &hi) != 0 || hi < lo)
				return -1;
		}
		in |= c >= lo && c <= hi;
	} while (!class_ends(s, *at));
	++*at;
	return in ^ not;
}

static int
compile_open(struct glob *g)
{
	if (g->depth == DEPTH_MAX)
		return -1;
	g->open[g->depth] = g->last[g->depth] = g->n;
	g->depth++;
	return 0;
}

/* Chains the token being made to the group's previous separator. */
static void
compile_separator(struct glob *g)
{
	g->tok[g->last[g->depth - 1]].next = g->n;
	g->last[g->depth - 1] = g->n;
}

static void
compile_close(struct glob *g)
{
	uint16_t i;

	compile_separator(g);
	g->depth--;
	for (i = g->open[g->depth]; i != g->n; i = g->tok[i].next)
		g->tok[i].close = g->n;
}

static int
compile_token(struct glob *g, struct token *t)
{
	char c = g->pattern.p[g->at];

	if (c == '*' || c == '?') {
		t->kind = c == '*' ? STAR : ANY;
		g->at++;
	} else if (c == '[') {
		t->kind = CLASS;
		t->at = (uint16_t)++g->at;
		return class_match(g->pattern, &g->at, 0) < 0 ? -1 : 0;
	} else if (c == '{') {
		t->kind = OPEN;
		g->at++;
		return compile_open(g);
	} else if (g->depth > 0 && c == ',') {
		t->kind = COMMA;
		g->at++;
		compile_separator(g);
	} else if (g->depth > 0 && c == '}') {
		t->kind = CLOSE;
		g->at++;
		compile_close(g);
	} else {
		t->kind = CHAR;
		return read_escaped(g->pattern, &g->at, &t->ch);
	}
	return 0;
}

static int
compile(struct glob *g, struct rotor_str pattern)
{
	if (pattern.len > TOKENS_MAX)
		return -1;
	g->pattern = pattern;
	g->at = g->n = g->depth = 0;
	for (; g->at < pattern.len; g->n++)
		if (compile_token(g, &g->tok[g->n]) != 0)
			return -1;
	g->tok[g->n].kind = END;
	return g->depth == 0 ? 0 : -1;
}

/* Puts token `i` into the set, with all that is reached from it without reading. */
static void
reach(const struct glob *g, struct set *s, uint16_t i)
{
	for (;;) {
		const struct token *t = &g->tok[i];
		uint64_t bit = (uint64_t)1 << (i % 64);

		if (s->bits[i / 64] & bit)
			return;
		s->bits[i / 64] |= bit;
		switch (t->kind) {
		case OPEN:		/* every alternative */
			for (; g->tok[i].kind != CLOSE; i = g->tok[i].next)
				reach(g, s, (uint16_t)(i + 1));
			return;
		case COMMA:		/* the end of one alternative */
			i = t->close;
			break;
		case CLOSE:
		case STAR:		/* nothing is enough for a star */
			i++;
			break;
		default:
			return;
		}
	}
}

/* Where character `c` leads from token `i`. */
static void
step(const struct glob *g, struct set *to, uint16_t i, uint32_t c)
{
	const struct token *t = &g->tok[i];
	size_t at = t->at;

	switch (t->kind) {
	case STAR:
		reach(g, to, i);
		break;
	case ANY:
		reach(g, to, (uint16_t)(i + 1));
		break;
	case CHAR:
		if (t->ch == c)
			reach(g, to, (uint16_t)(i + 1));
		break;
	case CLASS:
		if (class_match(g->pattern, &at, c) == 1)
			reach(g, to, (uint16_t)(i + 1));
		break;
	default:
		break;
	}
}

static void
step_all(const struct glob *g, struct set *s, uint32_t c)
{
	struct set from = *s;
	size_t word;

	memset(s, 0, sizeof *s);
	for (word = 0; word <= g->n / 64; word++)
		for (; from.bits[word] != 0; from.bits[word] &= from.bits[word] - 1)
			step(g, s, (uint16_t)(word * 64 + (size_t)__builtin_ctzll(from.bits[word])), c);
}

int
glob_match(struct rotor_str pattern, struct rotor_str s)
{
	struct glob g;
	struct set set = { { 0 } };
	size_t at = 0;
	uint32_t c;

	if (compile(&g, pattern) != 0)
		return -1;
	reach(&g, &set, 0);
	while (at < s.len) {
		at += utf8_read(s.p + at, s.len - at, &c);
		step_all(&g, &set, c);
	}
	return (int)(set.bits[g.n / 64] >> (g.n % 64) & 1);
}
