/* SPDX-License-Identifier: MIT */
/*
 * http_redirect.c - a path with "//", "/./" or "/../" in it is answered with the path
 * that it means.
 */
#include "config.h"

#include "http_priv.h"

#define ESCAPED_MAX	3u	/* bytes of one in a location */
#define MARKED_MAX	5u	/* and of that in HTML */

int
http_path_is_clean(struct rotor_str path)
{
	size_t i, n;

	for (i = 0; i < path.len && path.p[0] == '/'; i += n) {
		const char *seg = path.p + ++i, *end = memchr(seg, '/', path.len - i);

		n = end != NULL ? (size_t)(end - seg) : path.len - i;
		if ((n == 0 && end != NULL) || (n == 1 && seg[0] == '.') ||
		    (n == 2 && seg[0] == '.' && seg[1] == '.'))
			return 0;
	}
	return 1;
}

/* Where the last segment of dst[0..n) begins, its slash included. */
static size_t
parent(const char *dst, size_t n)
{
	while (n > 0 && dst[--n] != '/')
		;
	return n;
}

/* Into `dst` of path.len bytes; the length. */
static size_t
path_clean(char *dst, struct rotor_str path)
{
	size_t i, n, at = 0;

	for (i = 0; i < path.len; i += n) {
		const char *seg = path.p + ++i, *end = memchr(seg, '/', path.len - i);

		n = end != NULL ? (size_t)(end - seg) : path.len - i;
		if (n == 2 && seg[0] == '.' && seg[1] == '.') {
			at = parent(dst, at);
		} else if (n > 0 && !(n == 1 && seg[0] == '.')) {
			dst[at++] = '/';
			memcpy(dst + at, seg, n);
			at += n;
		}
	}
	if (at == 0 || path.p[path.len - 1] == '/')
		dst[at++] = '/';
	return at;
}

/* Only what cannot be taken for anything but a part of the path or the query. */
static size_t
escape(char *dst, struct rotor_str s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-._~!$&'()*+,;=:@/%?";
	static const char hex[] = "0123456789ABCDEF";
	size_t i, n = 0;

	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c != 0 && strchr(plain, c) != NULL) {
			dst[n++] = (char)c;
			continue;
		}
		dst[n++] = '%';
		dst[n++] = hex[c >> 4];
		dst[n++] = hex[c & 15];
	}
	return n;
}

static size_t
mark_up(char *dst, const char *location)
{
	char *at = stpcpy(dst, "<a href=\"");

	for (; *location != '\0'; location++) {
		if (*location == '&')
			at = stpcpy(at, "&amp;");
		else if (*location == '\'')
			at = stpcpy(at, "&#39;");
		else
			*at++ = *location;
	}
	return (size_t)(stpcpy(at, "\">Temporary Redirect</a>.\n\n") - dst);
}

static void
location_make(char *dst, char *scratch, const struct http_head *h)
{
	size_t n = path_clean(scratch, h->path);

	n = escape(dst, (struct rotor_str){ scratch, n });
	if (h->query.len > 0) {
		dst[n++] = '?';
		n += escape(dst + n, h->query);
	}
	dst[n] = '\0';
}

void
http_redirect(struct http_request *r)
{
	size_t len = r->head.path.len + r->head.query.len + 2, max = len * ESCAPED_MAX;
	int body = r->head.method == ROTOR_HTTP_GET || r->head.method == ROTOR_HTTP_HEAD;
	char *location = malloc(max), *page = malloc(max * MARKED_MAX + 64);
	struct rotor_http_header field = { "Location", location };
	struct rotor_http_response res = { .size = sizeof res, .status = 307, .n_headers = 1,
	    .headers = &field, .content_type = body ? "text/html; charset=utf-8" : NULL };

	if (location == NULL || page == NULL) {
		http_request_text(r, 503, "", NULL);
	} else {
		location_make(location, page, &r->head);
		if (body)
			res.body = (struct rotor_str){ page, mark_up(page, location) };
		rotor_http_respond(&r->pub, &res);
	}
	free(location);
	free(page);
}
