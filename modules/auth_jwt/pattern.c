/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "pattern.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "scratch.h"
#include "url_template.h"

#define MATCH_STEPS	100000u		/* some milliseconds at worst */
#define MATCH_HEAP_KB	1024u

struct pattern {
	pcre2_code		*code;
	pcre2_match_context	*limits;
};

/* The letters RE2 knows behind a backslash, with its meaning or PCRE2's equal. */
#define ESCAPES	"AbBdDsSwWpPzaftnrx"

/* The length of a group's opening after "(?" that RE2 knows too; 0: none. */
static size_t
group_len(const char *p)
{
	size_t n;

	if (*p == ':')
		return (1);
	if (p[0] == 'P' && p[1] == '<')
		return (2);
	n = strspn(p, "imsU-");
	return (n > 0 && (p[n] == ':' || p[n] == ')') ? n : 0);
}

/* What PCRE2 would take and RE2 would not, or read differently; NULL: nothing. */
static const char *
foreign_part(const char *p)
{
	int in_class = 0;

	for (; *p != '\0'; p++) {
		if (*p == '\\') {
			if (*++p == '\0')
				return ("a backslash at the end");
			if ((*p >= '0' && *p <= '9') || (strchr(ESCAPES, *p) == NULL &&
			    ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')))
				return ("an escape that Go does not have");
			continue;
		}
		if (in_class) {
			in_class = *p != ']';
			continue;
		}
		if (*p == '[') {
			/* A ']' that comes first stands for itself. */
			in_class = 1;
			p += p[1] == '^';
			p += p[1] == ']';
		} else if (*p == '(' && p[1] == '*') {
			return ("a verb \"(*\"");
		} else if (*p == '(' && p[1] == '?' && group_len(p + 2) == 0) {
			return ("a group that Go does not have");
		} else if (strchr("*+?}", *p) != NULL && p[1] == '+') {
			return ("a possessive quantifier");
		}
	}
	return (NULL);
}

static int
compile(struct pattern *p, const char *text, char *err, size_t err_len)
{
	PCRE2_SIZE at;
	int code, n;

	p->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	if (p->code == NULL) {
		n = snprintf(err, err_len, "at character %zu: ", (size_t)at + 1);
		if (n > 0 && (size_t)n < err_len)
			pcre2_get_error_message(code, (PCRE2_UCHAR *)err + n, err_len - (size_t)n);
		return (-EINVAL);
	}
	p->limits = pcre2_match_context_create(NULL);
	if (p->limits == NULL) {
		snprintf(err, err_len, "no memory");
		return (-ENOMEM);
	}
	pcre2_set_match_limit(p->limits, MATCH_STEPS);
	pcre2_set_heap_limit(p->limits, MATCH_HEAP_KB);
	return (0);
}

int
pattern_new(const char *text, struct pattern **ret, char *err, size_t err_len)
{
	const char *foreign = foreign_part(text);
	struct pattern *p;
	int r;

	if (foreign != NULL) {
		snprintf(err, err_len, "has %s", foreign);
		return (-EINVAL);
	}
	p = calloc(1, sizeof *p);
	if (p == NULL) {
		snprintf(err, err_len, "no memory");
		return (-ENOMEM);
	}
	r = compile(p, text, err, err_len);
	if (r != 0)
		pattern_free(&p);
	else
		*ret = p;
	return (r);
}

void
pattern_free(struct pattern **pp)
{
	struct pattern *p = *pp;

	*pp = NULL;
	if (p == NULL)
		return;
	pcre2_match_context_free(p->limits);
	pcre2_code_free(p->code);
	free(p);
}

int
pattern_match(const struct pattern *p, struct rotor_str s)
{
	pcre2_match_data *md = pcre2_match_data_create(1, NULL);
	int r;

	if (md == NULL)
		return (0);
	r = pcre2_match(p->code, (PCRE2_SPTR)(s.p != NULL ? s.p : ""), s.len, 0, 0, md,
	    p->limits);
	pcre2_match_data_free(md);
	/* 0: matched, with more groups than `md` has room for. */
	return (r >= 0);
}

/* Room for the variables there are and `n` more. */
static struct url_var *
grow_vars(struct url_vars *vars, size_t n, struct scratch *s)
{
	struct url_var *v = scratch_array(s, vars->n + n, sizeof *v);

	if (v != NULL && vars->n > 0)
		memcpy(v, vars->v, vars->n * sizeof *v);
	return (v);
}

/* The group of one row of PCRE2's table of names: its number in two bytes, its name. */
static struct url_var
group_var(PCRE2_SPTR row, struct rotor_str subject, const PCRE2_SIZE *at)
{
	size_t i = (size_t)(row[0] << 8 | row[1]);
	const char *name = (const char *)row + 2;
	struct url_var var = { { name, strlen(name) }, { "", 0 } };

	if (at[2 * i] != PCRE2_UNSET)
		var.value = (struct rotor_str){ subject.p + at[2 * i], at[2 * i + 1] - at[2 * i] };
	return (var);
}

static int
add_groups(const struct pattern *p, struct rotor_str subject, pcre2_match_data *md,
    struct scratch *s, struct url_vars *vars)
{
	uint32_t n = 0, row_len = 0, i;
	PCRE2_SPTR row = NULL;

	pcre2_pattern_info(p->code, PCRE2_INFO_NAMECOUNT, &n);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMEENTRYSIZE, &row_len);
	pcre2_pattern_info(p->code, PCRE2_INFO_NAMETABLE, &row);
	if (n == 0)
		return (1);
	vars->v = grow_vars(vars, n, s);
	if (vars->v == NULL)
		return (0);
	for (i = 0; i < n; i++, row += row_len)
		vars->v[vars->n++] = group_var(row, subject, pcre2_get_ovector_pointer(md));
	return (1);
}

int
pattern_groups(const struct pattern *p, struct rotor_str subject, struct scratch *s,
    struct url_vars *vars)
{
	pcre2_match_data *md = pcre2_match_data_create_from_pattern(p->code, NULL);
	int ok;

	if (subject.p == NULL)
		subject.p = "";
	ok = md != NULL && pcre2_match(p->code, (PCRE2_SPTR)subject.p, subject.len, 0, 0, md,
	    p->limits) > 0 && add_groups(p, subject, md, s, vars);
	pcre2_match_data_free(md);
	return (ok);
}
