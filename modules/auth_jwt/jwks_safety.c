/* SPDX-License-Identifier: MIT */
/*
 * jwks_safety.c - reads an expression that has been compiled, so its parentheses match
 * and its escapes are those of RE2.
 */
#include "config.h"

#include "jwks_safety.h"

#include <stdio.h>
#include <string.h>

#include "url_template.h"

/* NULL, or what the expression has of classes anywhere. */
static const char *
find_class(const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p == '[')
			return ("a character class (\"[\")");
		if (*p != '\\')
			continue;
		if (*++p == '\0')
			break;
		if (strchr("dDwWsSpPC", *p) != NULL)
			return ("a character class (such as \\d, \\w, \\s or \\p)");
		if (*p == 'Q')
			return ("quoted text (\\Q)");
	}
	return (NULL);
}

/* The end of a group's opening at "(": behind "(?:", "(?i)", "(?P<name>", or "(". */
static const char *
skip_opening(const char *p, struct rotor_str *ret_name)
{
	const char *end;

	*ret_name = (struct rotor_str){ NULL, 0 };
	if (p[1] != '?')
		return (p + 1);
	if (p[2] == 'P' || p[2] == '<') {
		p = strchr(p, '<') + 1;
		end = strchr(p, '>');
		*ret_name = (struct rotor_str){ p, (size_t)(end - p) };
		return (end + 1);
	}
	p += strcspn(p, ":)");
	return (*p == ':' ? p + 1 : p);		/* "(?i)" ends at its parenthesis */
}

/* 1 when what stands here matches more than one text that can be read off, or depends
 * on what is around it. */
static int
is_open(const char *p)
{
	if (*p == '\\')
		return (p[1] != '\0' && strchr("bBAz", p[1]) != NULL);
	return (strchr(".*+?{^$", *p) != NULL);
}

/* The name of the first group of `t` that is no list of values; empty: none. */
static struct rotor_str
find_open_group(const char *p, const struct url_template *t)
{
	struct rotor_str name, within = { NULL, 0 };
	size_t depth = 0, within_depth = 0;	/* of the outermost group of `t` we are in */

	while (*p != '\0') {
		if (*p == '(') {
			p = skip_opening(p, &name);
			depth++;
			if (within.p == NULL && name.p != NULL && url_template_uses(t, name)) {
				within = name;
				within_depth = depth;
			}
			continue;
		}
		if (*p == ')') {
			if (within.p != NULL && depth == within_depth)
				within = (struct rotor_str){ NULL, 0 };
			depth--;
		} else if (within.p != NULL && is_open(p)) {
			return (within);
		}
		p += *p == '\\' && p[1] != '\0' ? 2 : 1;
	}
	return ((struct rotor_str){ NULL, 0 });
}

int
jwks_safety_check(const char *regex, const struct url_template *t, char *why)
{
	const char *class;
	struct rotor_str group;

	if (*regex == '\0' || !url_template_varies(t))
		return (0);
	class = find_class(regex);
	if (class != NULL) {
		snprintf(why, SAFETY_WHY_MAX, "has %s, which is not safe while jwks_public_endpoint has "
		    "placeholders; expected a list of values, such as (?P<tenant>one|two)", class);
		return (-1);
	}
	group = find_open_group(regex, t);
	if (group.p == NULL)
		return (0);
	snprintf(why, SAFETY_WHY_MAX, "its group \"%.*s\" fills jwks_public_endpoint and matches more "
	    "than a list of values, which is not safe; expected something like (?P<%.*s>one|two)",
	    (int)(group.len < 32 ? group.len : 32), group.p,
	    (int)(group.len < 32 ? group.len : 32), group.p);
	return (-1);
}
