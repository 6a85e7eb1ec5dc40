/* SPDX-License-Identifier: MIT */
/* http_parse.c - see http_parse.h. */
#include "config.h"

#include "http_parse.h"

#include <strings.h>

#define CHUNK_LINE_MAX		256u	/* size and extensions */
#define CHUNK_TRAILER_MAX	4096u

#define LIT(s)			{ (s), sizeof (s) - 1 }

static struct rotor_str
trim(struct rotor_str s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* Takes one line off *rest, without its line end.  1, or 0 when there is none. */
static int
line_next(struct rotor_str *rest, struct rotor_str *ret)
{
	const char *nl = rest->len > 0 ? memchr(rest->p, '\n', rest->len) : NULL;
	size_t n;

	if (nl == NULL)
		return 0;
	n = (size_t)(nl - rest->p);
	*ret = (struct rotor_str){ rest->p, n };
	if (n > 0 && rest->p[n - 1] == '\r')
		ret->len--;
	rest->p += n + 1;
	rest->len -= n + 1;
	return 1;
}

size_t
http_head_end(const char *p, size_t len)
{
	const char *q = p, *end = p + len;

	while (q < end && (q = memchr(q, '\n', (size_t)(end - q))) != NULL) {
		q++;
		if (q < end && *q == '\n')
			return (size_t)(q + 1 - p);
		if (end - q >= 2 && q[0] == '\r' && q[1] == '\n')
			return (size_t)(q + 2 - p);
	}
	return 0;
}

/*
 * What a byte may be part of: a token such as a method or a header's name (RFC 9110), a
 * target, a header's value.  Bytes of other character sets are let through in the last two.
 */
enum { TOKEN = 1, TARGET = 2, VALUE = 4 };

#define WORD	(TOKEN | TARGET | VALUE)
#define MARK	(TARGET | VALUE)

static const uint8_t classes[256] = {
	['\t'] = VALUE, [' '] = VALUE, ['!'] = WORD, ['"'] = MARK, ['#' ... '\''] = WORD, ['(' ... ')'] = MARK,
	['*' ... '+'] = WORD, [','] = MARK, ['-' ... '.'] = WORD, ['/'] = MARK, ['0' ... '9'] = WORD,
	[':' ... '@'] = MARK, ['A' ... 'Z'] = WORD, ['[' ... ']'] = MARK, ['^' ... 'z'] = WORD,
	['{'] = MARK, ['|'] = WORD, ['}'] = MARK, ['~'] = WORD, [0x80 ... 0xff] = MARK,
};

static int
is_all(uint8_t class, struct rotor_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		class &= classes[(unsigned char)s.p[i]];
	return class != 0;
}

static int
is_token(struct rotor_str s)
{
	return s.len > 0 && is_all(TOKEN, s);
}

static uint32_t
method_of(struct rotor_str s)
{
	static const struct {
		struct rotor_str	name;
		uint32_t		method;
	} methods[] = {
		{ LIT("GET"), ROTOR_HTTP_GET }, { LIT("POST"), ROTOR_HTTP_POST },
		{ LIT("HEAD"), ROTOR_HTTP_HEAD }, { LIT("PUT"), ROTOR_HTTP_PUT },
		{ LIT("DELETE"), ROTOR_HTTP_DELETE }, { LIT("OPTIONS"), ROTOR_HTTP_OPTIONS },
		{ LIT("PATCH"), ROTOR_HTTP_PATCH },
	};
	size_t i;

	for (i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (methods[i].name.len == s.len && memcmp(methods[i].name.p, s.p, s.len) == 0)
			return methods[i].method;
	return ROTOR_HTTP_OTHER;
}

/* "/path?query", also as "http://host/path?query" (RFC 9112 3.2.2), or "*". */
static int
parse_target(struct rotor_str t, struct http_head *h)
{
	const char *q;
	size_t skip = 0;

	if (!is_all(TARGET, t))
		return 400;
	if (t.len > 7 && strncasecmp(t.p, "http://", 7) == 0)
		skip = 7;
	else if (t.len > 8 && strncasecmp(t.p, "https://", 8) == 0)
		skip = 8;
	if (skip > 0) {
		while (skip < t.len && t.p[skip] != '/' && t.p[skip] != '?')
			skip++;
		t.p += skip;
		t.len -= skip;
	} else if (t.len == 0 || (t.p[0] != '/' && !http_str_is(t, "*"))) {
		return 400;
	}
	q = t.len > 0 ? memchr(t.p, '?', t.len) : NULL;
	h->path = (struct rotor_str){ t.p, q != NULL ? (size_t)(q - t.p) : t.len };
	if (q != NULL)
		h->query = (struct rotor_str){ q + 1, t.len - h->path.len - 1 };
	if (h->path.len == 0)
		h->path = (struct rotor_str){ "/", 1 };
	return 0;
}

static int
parse_request_line(struct rotor_str line, struct http_head *h)
{
	struct rotor_str method, target;
	const char *sp;

	if (line.len < 14 || (sp = memchr(line.p, ' ', line.len)) == NULL)
		return 400;
	method = (struct rotor_str){ line.p, (size_t)(sp - line.p) };
	if (!is_token(method))
		return 400;
	h->method = method_of(method);
	line.p = sp + 1;
	line.len -= method.len + 1;
	if (line.len < 10 || memcmp(line.p + line.len - 9, " HTTP/", 6) != 0)
		return 400;
	target = (struct rotor_str){ line.p, line.len - 9 };
	line.p += target.len + 6;
	if (line.p[0] != '1' || line.p[1] != '.')
		return 505;
	if (line.p[2] != '0' && line.p[2] != '1')
		return 505;
	h->minor = (uint32_t)(line.p[2] - '0');
	h->keep_alive = h->minor == 1;
	return parse_target(target, h);
}

/* What the headers say about this message's framing. */
struct framing {
	uint32_t	hosts;
	uint32_t	lengths;
	uint32_t	encodings;
};

static int
on_host(struct http_head *h, struct framing *f, struct rotor_str value)
{
	(void)h;
	(void)value;
	return ++f->hosts > 1 ? 400 : 0;
}

static int
on_content_length(struct http_head *h, struct framing *f, struct rotor_str value)
{
	uint64_t n = 0;
	size_t i;

	if (value.len == 0 || value.len > 18)
		return value.len == 0 ? 400 : 413;
	for (i = 0; i < value.len; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return 400;
		n = n * 10 + (uint64_t)(value.p[i] - '0');
	}
	if (f->lengths++ > 0 && n != h->content_length)
		return 400;
	h->content_length = n;
	return 0;
}

static int
on_transfer_encoding(struct http_head *h, struct framing *f, struct rotor_str value)
{
	if (f->encodings++ > 0 || h->minor == 0)
		return 400;
	if (!http_str_is(value, "chunked"))
		return 501;
	h->chunked = 1;
	return 0;
}

static int
on_connection(struct http_head *h, struct framing *f, struct rotor_str value)
{
	(void)f;
	if (http_list_has(value, "close"))
		h->keep_alive = 0;
	else if (h->minor == 0 && http_list_has(value, "keep-alive"))
		h->keep_alive = 1;
	return 0;
}

static int
on_expect(struct http_head *h, struct framing *f, struct rotor_str value)
{
	(void)f;
	if (!http_str_is(value, "100-continue"))
		return 417;
	h->expect_continue = h->minor == 1;
	return 0;
}

static const struct {
	struct rotor_str	name;
	int			(*parse)(struct http_head *h, struct framing *f, struct rotor_str value);
} framing_fields[] = {
	{ LIT("host"), on_host },
	{ LIT("content-length"), on_content_length },
	{ LIT("transfer-encoding"), on_transfer_encoding },
	{ LIT("connection"), on_connection },
	{ LIT("expect"), on_expect },
};

static int
parse_field(struct http_head *h, struct framing *f, struct rotor_str line)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct rotor_str name, value;
	size_t i;

	if (colon == NULL)
		return 400;
	name = (struct rotor_str){ line.p, (size_t)(colon - line.p) };
	value = trim((struct rotor_str){ colon + 1, line.len - name.len - 1 });
	if (!is_token(name) || !is_all(VALUE, value))
		return 400;
	for (i = 0; i < sizeof framing_fields / sizeof framing_fields[0]; i++)
		if (http_same(name, framing_fields[i].name))
			return framing_fields[i].parse(h, f, value);
	return 0;
}

int
http_head_parse(const char *p, size_t len, struct http_head *ret)
{
	struct rotor_str rest = { p, len }, line;
	struct framing f = { 0 };
	int status;

	memset(ret, 0, sizeof *ret);
	if (!line_next(&rest, &line))
		return 400;
	if ((status = parse_request_line(line, ret)) != 0)
		return status;
	ret->fields.p = rest.p;
	while (line_next(&rest, &line) && line.len > 0) {
		if ((status = parse_field(ret, &f, line)) != 0)
			return status;
		ret->fields.len = (size_t)(rest.p - ret->fields.p);
	}
	if (ret->minor == 1 && f.hosts != 1)
		return 400;
	/* Both lengths at once is how requests are smuggled past a proxy. */
	if (ret->chunked && f.lengths > 0)
		return 400;
	return 0;
}

int
http_field_next(struct rotor_str fields, size_t *pos, struct rotor_str *ret_name,
    struct rotor_str *ret_value)
{
	struct rotor_str rest = { fields.p + *pos, fields.len - *pos }, line;
	const char *colon;

	if (!line_next(&rest, &line) || (colon = memchr(line.p, ':', line.len)) == NULL)
		return 0;
	*pos = (size_t)(rest.p - fields.p);
	*ret_name = (struct rotor_str){ line.p, (size_t)(colon - line.p) };
	*ret_value = trim((struct rotor_str){ colon + 1, line.len - ret_name->len - 1 });
	return 1;
}

struct rotor_str
http_field(struct rotor_str fields, const char *name)
{
	struct rotor_str rest = fields, want = { name, strlen(name) }, line;

	while (line_next(&rest, &line))
		if (line.len > want.len && line.p[want.len] == ':' &&
		    http_same((struct rotor_str){ line.p, want.len }, want))
			return trim((struct rotor_str){ line.p + want.len + 1, line.len - want.len - 1 });
	return (struct rotor_str){ NULL, 0 };
}

int
http_list_next(struct rotor_str *list, char separator, struct rotor_str *ret)
{
	const char *sep;
	size_t n;

	if (list->len == 0)
		return 0;
	sep = memchr(list->p, separator, list->len);
	n = sep != NULL ? (size_t)(sep - list->p) : list->len;
	*ret = trim((struct rotor_str){ list->p, n });
	n += sep != NULL;
	list->p += n;
	list->len -= n;
	return 1;
}

int
http_list_has(struct rotor_str list, const char *token)
{
	struct rotor_str el;

	while (http_list_next(&list, ',', &el))
		if (http_str_is(el, token))
			return 1;
	return 0;
}

int
http_fields_have(struct rotor_str fields, const char *name, const char *token)
{
	struct rotor_str n, v;
	size_t pos = 0;

	while (http_field_next(fields, &pos, &n, &v))
		if (http_str_is(n, name) && http_list_has(v, token))
			return 1;
	return 0;
}

static int
hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

long
http_path_decode(char *dst, struct rotor_str src)
{
	size_t i, n = 0;
	int hi, lo;

	for (i = 0; i < src.len; i++) {
		dst[n] = src.p[i];
		if (src.p[i] == '%') {
			if (src.len - i < 3 || (hi = hex_of(src.p[i + 1])) < 0 ||
			    (lo = hex_of(src.p[i + 2])) < 0)
				return -1;
			/* A slash that is part of a name stays what it is. */
			if (hi * 16 + lo != '/') {
				dst[n] = (char)(hi * 16 + lo);
				i += 2;
			}
		}
		if (dst[n] == '\0')
			return -1;
		n++;
	}
	return (long)n;
}

/*
 * Chunked bodies: one function a state.  Each looks at `len` > 0 bytes and returns
 * how many it used, or minus a status.
 */
enum { CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER, CHUNK_N_STATES };

static void
size_line_over(struct http_chunked *d)
{
	d->line = 0;
	d->state = d->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
}

static long
feed_size(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	int digit = hex_of(p[0]);

	(void)len;
	if (digit >= 0) {
		if (++d->line > 15)
			return -413;
		d->left = d->left * 16 + (uint64_t)digit;
		return d->left > max - out->len ? -413 : 1;
	}
	if (d->line == 0)
		return -400;
	d->state = CHUNK_EXTENSION;
	if (p[0] == '\n') {
		size_line_over(d);
		return 1;
	}
	return p[0] == '\r' || p[0] == ';' || p[0] == ' ' || p[0] == '\t' ? 1 : -400;
}

static long
feed_extension(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	(void)len;
	(void)out;
	(void)max;
	if (p[0] == '\n')
		size_line_over(d);
	else if (++d->line > CHUNK_LINE_MAX)
		return -400;
	return 1;
}

static long
feed_data(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	size_t n = len < d->left ? len : (size_t)d->left;

	if (n > max - out->len)
		return -413;
	if (bytes_append(out, p, n) != 0)
		return -503;
	d->left -= n;
	if (d->left == 0)
		d->state = CHUNK_DATA_END;
	return (long)n;
}

static long
feed_data_end(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	(void)len;
	(void)out;
	(void)max;
	if (p[0] == '\r' && d->line == 0) {
		d->line = 1;
		return 1;
	}
	if (p[0] != '\n')
		return -400;
	d->line = 0;
	d->state = CHUNK_SIZE;
	return 1;
}

static long
feed_trailer(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	(void)len;
	(void)out;
	(void)max;
	if (p[0] == '\n') {
		if (d->line == 0)
			d->done = 1;
		d->line = 0;
	} else if (p[0] != '\r') {
		d->line++;
	}
	return ++d->overhead > CHUNK_TRAILER_MAX ? -400 : 1;
}

long
http_chunked_feed(struct http_chunked *d, const char *p, size_t len, struct bytes *out, size_t max)
{
	static long (*const feed[CHUNK_N_STATES])(struct http_chunked *, const char *, size_t,
	    struct bytes *, size_t) = {
		[CHUNK_SIZE] = feed_size,
		[CHUNK_EXTENSION] = feed_extension,
		[CHUNK_DATA] = feed_data,
		[CHUNK_DATA_END] = feed_data_end,
		[CHUNK_TRAILER] = feed_trailer,
	};
	size_t at = 0;
	long n;

	while (at < len && !d->done) {
		if ((n = feed[d->state](d, p + at, len - at, out, max)) < 0)
			return n;
		at += (size_t)n;
	}
	return (long)at;
}
