/* SPDX-License-Identifier: MIT */
/*
 * fuzz_url.c - the key set's URL: a template, an expression whose groups fill it, and what
 * is matched; the three lines of the input.
 *
 * Beyond not crashing: a URL that comes out has a scheme, a host and no blank, and groups
 * are slices of what was matched.
 */
#include "config.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <rotor/regex.h>
#include <rotor/str.h>

#include "jwks_safety.h"
#include "pattern.h"
#include "scratch.h"
#include "url_template.h"

#define PATTERN_MAX	200u	/* bytes; a large one takes long to compile, which is no fault */

/* Takes a line off the input, without NULs, which no option has. */
static char *
line_take(const char **at, const char *end)
{
	const char *nl = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;
	size_t n = (size_t)((nl != NULL ? nl : end) - *at);
	char *line = malloc(n + 1);

	if (line == NULL)
		abort();
	memcpy(line, *at, n);
	line[n] = '\0';
	*at += n + (nl != NULL);
	return (line);
}

static void
check_slices(struct rotor_str subject, const struct url_vars *vars)
{
	for (size_t i = 0; i < vars->n; i++) {
		struct rotor_str v = vars->v[i].value;

		if (vars->v[i].name.len == 0 ||
		    (v.len > 0 && (v.p < subject.p || v.p + v.len > subject.p + subject.len)))
			abort();
	}
}

static void
fill(const struct url_template *t, const struct url_vars *vars, struct scratch *s)
{
	char shown[URL_MAX_LEN];
	struct rotor_str url;
	const char *why;

	if (url_template_fill(t, vars, s, &url, &why) != 0) {
		if (why == NULL)
			abort();
		return;
	}
	for (size_t i = 0; i < url.len; i++) {
		if ((unsigned char)url.p[i] <= 0x20)
			abort();
	}
	if (url.len < 8 || url.len > URL_MAX_LEN || strlen(url.p) != url.len)
		abort();
	url_public(url.p, shown, sizeof shown);
}

static void
run(const struct url_template *t, const char *pattern, struct rotor_str subject)
{
	struct url_vars vars = { NULL, 0 };
	struct rotor_regex *r = NULL;
	char why[SAFETY_WHY_MAX];
	struct scratch s;

	scratch_init(&s);
	if (strlen(pattern) <= PATTERN_MAX && rotor_regex_new(pattern, &r, why, sizeof why) == 0) {
		(void)jwks_safety_check(pattern, t, why);
		if (pattern_groups(r, subject, &s, &vars) != rotor_regex_match(r, subject))
			abort();
		check_slices(subject, &vars);
	}
	fill(t, &vars, &s);
	rotor_regex_free(&r);		/* which has the names of its groups */
	scratch_fini(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *at = (const char *)data, *end = at + len, *why;
	char *text = line_take(&at, end), *pattern = line_take(&at, end);
	struct url_template *t;

	if (url_template_new(text, &t, &why) == 0) {
		run(t, pattern, (struct rotor_str){ at, (size_t)(end - at) });
		url_template_free(&t);
	}
	free(text);
	free(pattern);
	return (0);
}
