/* SPDX-License-Identifier: MIT */
/* http_parse.c - see http_parse.h. */
#include "config.h"

#include "http_parse.h"

#include "http_chars.h"
#include "http_host.h"

#define LENGTH_DIGITS_MAX	18u	/* of a body's length; no limit allows as much */

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

/* Takes one line off *rest, without its CRLF.  1, or 0: there is none that ends so. */
static int
line_next(struct rotor_str *rest, struct rotor_str *ret)
{
	const char *nl = rest->len > 0 ? memchr(rest->p, '\n', rest->len) : NULL;
	size_t n;

	if (nl == NULL || nl == rest->p || nl[-1] != '\r')
		return 0;
	n = (size_t)(nl - rest->p);
	*ret = (struct rotor_str){ rest->p, n - 1 };
	rest->p += n + 1;
	rest->len -= n + 1;
	return 1;
}

size_t
http_head_end(const char *p, size_t len, size_t seen)
{
	const char *q = seen > 3 ? p + seen - 3 : p, *end = p + len;

	while (q < end && (q = memchr(q, '\n', (size_t)(end - q))) != NULL) {
		q++;
		if (q < end && *q == '\n')
			return (size_t)(q + 1 - p);
		if (end - q >= 2 && q[0] == '\r' && q[1] == '\n')
			return (size_t)(q + 2 - p);
	}
	return 0;
}

static int
is_token(struct rotor_str s)
{
	return s.len > 0 && http_chars_are(HTTP_TOKEN, s);
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
		if (rotor_str_eq(methods[i].name, s))
			return methods[i].method;
	return ROTOR_HTTP_OTHER;
}

/* The bytes of "http://host:port" at the start of a target (RFC 9112 3.2.2); 0: there are
 * none, -1: they are malformed. */
static long
origin_len(struct rotor_str t)
{
	static const struct rotor_str schemes[] = { LIT("http://"), LIT("https://") };
	struct rotor_str host;
	size_t i, skip = 0, end;

	for (i = 0; i < sizeof schemes / sizeof schemes[0] && skip == 0; i++)
		if (t.len > schemes[i].len &&
		    rotor_str_eq_nocase((struct rotor_str){ t.p, schemes[i].len }, schemes[i]))
			skip = schemes[i].len;
	if (skip == 0)
		return 0;
	end = skip;
	while (end < t.len && t.p[end] != '/' && t.p[end] != '?')
		end++;
	host = (struct rotor_str){ t.p + skip, end - skip };
	return host.len > 0 && host.p[0] != ':' && http_host_is_valid(host) ? (long)end : -1;
}

/* "/path?query", also as "http://host/path?query", or "*" for OPTIONS. */
static int
parse_target(struct rotor_str t, struct http_head *h)
{
	const char *q;
	long skip = t.p[0] != '/' ? origin_len(t) : 0;

	if (skip < 0 || !http_chars_are(HTTP_TARGET, t))
		return 400;
	t.p += skip;
	t.len -= (size_t)skip;
	if (skip == 0 && t.p[0] != '/' &&
	    !(h->method == ROTOR_HTTP_OPTIONS && rotor_str_is(t, "*")))
		return 400;
	q = t.len > 0 ? memchr(t.p, '?', t.len) : NULL;
	h->path = (struct rotor_str){ t.p, q != NULL ? (size_t)(q - t.p) : t.len };
	if (q != NULL)
		h->query = (struct rotor_str){ q + 1, t.len - h->path.len - 1 };
	if (h->path.len == 0)
		h->path = (struct rotor_str){ "/", 1 };
	return 0;
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The eight bytes of "HTTP/1.1". */
static int
parse_version(const char *p, struct http_head *h)
{
	if (!rotor_str_begins((struct rotor_str){ p, 8 }, "HTTP/") || !is_digit(p[5]) || p[6] != '.' || !is_digit(p[7]))
		return 400;
	if (p[5] != '1' || p[7] > '1')
		return 505;
	h->minor = (uint32_t)(p[7] - '0');
	return 0;
}

static int
parse_request_line(struct rotor_str line, struct http_head *h)
{
	const char *sp = memchr(line.p, ' ', line.len);
	struct rotor_str method = { line.p, sp != NULL ? (size_t)(sp - line.p) : 0 };
	size_t rest = line.len - method.len;
	int status;

	/* " / HTTP/1.1" is the least that follows. */
	if (!is_token(method) || rest < 11 || line.p[line.len - 9] != ' ')
		return 400;
	if ((status = parse_version(line.p + line.len - 8, h)) != 0)
		return status;
	/* Nothing is tunnelled, and no other target than a tunnel's goes with it. */
	if (rotor_str_is(method, "CONNECT"))
		return 400;
	h->method = method_of(method);
	return parse_target((struct rotor_str){ sp + 1, rest - 10 }, h);
}

/* What the headers say about this message's framing. */
struct framing {
	uint32_t	hosts;
	uint32_t	lengths;
	uint32_t	encodings;
	uint32_t	close, keep_alive;	/* named by "Connection" */
};

static int
on_host(struct http_head *h, struct framing *f, struct rotor_str value)
{
	(void)h;
	return ++f->hosts > 1 || !http_host_is_valid(value) ? 400 : 0;
}

/* Once, and one number: whoever sends a list may mean another one than we would take. */
static int
on_content_length(struct http_head *h, struct framing *f, struct rotor_str value)
{
	uint64_t n = 0;
	size_t i;

	if (value.len == 0 || ++f->lengths > 1)
		return 400;
	if (value.len > LENGTH_DIGITS_MAX)
		return 413;
	for (i = 0; i < value.len; i++) {
		if (!is_digit(value.p[i]))
			return 400;
		n = n * 10 + (uint64_t)(value.p[i] - '0');
	}
	h->content_length = n;
	return 0;
}

/* "chunked" alone is understood, and must stand once and last (RFC 9112 6.1, 6.3). */
static int
on_transfer_encoding(struct http_head *h, struct framing *f, struct rotor_str value)
{
	struct rotor_str list = value, coding = { NULL, 0 };
	uint32_t n = 0, chunked = 0;

	if (f->encodings++ > 0 || h->minor == 0)
		return 400;
	while (http_list_next(&list, ',', &coding)) {
		n++;
		chunked += (uint32_t)rotor_str_is_nocase(coding, "chunked");
	}
	if (chunked != 1 || !rotor_str_is_nocase(coding, "chunked") || value.p[value.len - 1] == ',')
		return 400;
	h->chunked = 1;
	return n > 1 ? 501 : 0;
}

static int
on_connection(struct http_head *h, struct framing *f, struct rotor_str value)
{
	(void)h;
	f->close |= (uint32_t)http_list_has(value, "close");
	f->keep_alive |= (uint32_t)http_list_has(value, "keep-alive");
	return 0;
}

static int
on_expect(struct http_head *h, struct framing *f, struct rotor_str value)
{
	(void)f;
	if (!rotor_str_is_nocase(value, "100-continue"))
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
	if (!is_token(name) || !http_chars_are(HTTP_VALUE, value))
		return 400;
	for (i = 0; i < sizeof framing_fields / sizeof framing_fields[0]; i++)
		if (rotor_str_eq_nocase(name, framing_fields[i].name))
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
	for (;;) {
		if (!line_next(&rest, &line))
			return 400;
		if (line.len == 0)
			break;
		if ((status = parse_field(ret, &f, line)) != 0)
			return status;
		ret->fields.len = (size_t)(rest.p - ret->fields.p);
	}
	ret->keep_alive = !f.close && (ret->minor == 1 || f.keep_alive);
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
		    rotor_str_eq_nocase((struct rotor_str){ line.p, want.len }, want))
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
		if (rotor_str_is_nocase(el, token))
			return 1;
	return 0;
}

int
http_fields_have(struct rotor_str fields, const char *name, const char *token)
{
	struct rotor_str n, v;
	size_t pos = 0;

	while (http_field_next(fields, &pos, &n, &v))
		if (rotor_str_is_nocase(n, name) && http_list_has(v, token))
			return 1;
	return 0;
}

long
http_path_decode(char *dst, struct rotor_str src)
{
	size_t i, n = 0;
	int hi, lo;

	for (i = 0; i < src.len; i++) {
		dst[n] = src.p[i];
		if (src.p[i] == '%') {
			if (src.len - i < 3 || (hi = http_hex(src.p[i + 1])) < 0 ||
			    (lo = http_hex(src.p[i + 2])) < 0)
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
