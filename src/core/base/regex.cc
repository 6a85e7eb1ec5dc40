// SPDX-License-Identifier: MIT
/*
 * base/regex.cc - see <rotor/regex.h>.  RE2 stays in this file; nothing is thrown out of
 * it, and nothing of C++ is exported.
 */
#include "config.h"

#include <rotor/regex.h>

#include <cerrno>
#include <cstdio>
#include <map>
#include <new>
#include <string>
#include <vector>

#include <re2/re2.h>

/* Of the program, and of the states it has been in.  \p{L} takes 1,200 instructions each
 * time, and a name of 255 letters is a plausible wish. */
#define MEMORY_MAX	(8 << 20)

struct rotor_regex {
	RE2					re;
	const std::map<int, std::string>	&names;		/* made when first asked for */

	rotor_regex(const char *pattern, const RE2::Options &options) :
	    re(pattern, options), names(re.CapturingGroupNames()) { }
};

static RE2::Options
options()
{
	RE2::Options o;

	o.set_max_mem(MEMORY_MAX);
	o.set_log_errors(false);	/* which it would write to stderr */
	return o;
}

static int
match(const struct rotor_regex *r, struct rotor_str s, re2::StringPiece *groups, size_t n)
{
	re2::StringPiece subject(s.len > 0 ? s.p : "", s.len);

	return r->re.Match(subject, 0, s.len, RE2::UNANCHORED, groups, (int)n);
}

/* What is made when it is first needed, which takes many milliseconds for a large
 * expression, is made here and not on somebody's loop. */
static void
warm_up(const struct rotor_regex *r)
{
	static const char text[512] = "a";
	re2::StringPiece group;

	match(r, { text, sizeof text }, nullptr, 0);
	match(r, { text, sizeof text }, &group, 1);
}

static int
refuse(int error, const char *text, char *why, size_t why_len)
{
	snprintf(why, why_len, "%s", text);
	return error;
}

int
rotor_regex_new(const char *pattern, struct rotor_regex **ret, char *why, size_t why_len)
try {
	struct rotor_regex *r = new rotor_regex(pattern, options());
	int error = 0;

	if (r->re.ok()) {
		warm_up(r);
		*ret = r;
	} else {
		error = refuse(-EINVAL, r->re.error().c_str(), why, why_len);
		delete r;
	}
	return error;
} catch (const std::bad_alloc &) {
	return refuse(-ENOMEM, "no memory", why, why_len);
}

void
rotor_regex_free(struct rotor_regex **rp)
{
	delete *rp;
	*rp = nullptr;
}

int
rotor_regex_match(const struct rotor_regex *r, struct rotor_str s)
try {
	return match(r, s, nullptr, 0);
} catch (const std::bad_alloc &) {
	return 0;
}

int
rotor_regex_groups(const struct rotor_regex *r, struct rotor_str s, struct rotor_str *groups, size_t n)
try {
	size_t have = rotor_regex_n_groups(r) + 1;
	std::vector<re2::StringPiece> v(n < have ? n : have);

	if (!match(r, s, v.data(), v.size()))
		return 0;
	for (size_t i = 0; i < n; i++)
		groups[i] = i < v.size() ? rotor_str { v[i].data(), v[i].size() } : rotor_str { nullptr, 0 };
	return 1;
} catch (const std::bad_alloc &) {
	return 0;
}

size_t
rotor_regex_n_groups(const struct rotor_regex *r)
{
	return (size_t)r->re.NumberOfCapturingGroups();
}

const char *
rotor_regex_group_name(const struct rotor_regex *r, size_t i)
{
	auto at = r->names.find((int)i);

	return at != r->names.end() ? at->second.c_str() : nullptr;
}
