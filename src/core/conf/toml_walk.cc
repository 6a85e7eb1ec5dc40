/* SPDX-License-Identifier: MIT */
/*
 * conf/toml_walk.cc - reads TOML with toml++ and tells a visitor in C what is there.
 *
 * The one place of the core in C++, hence small: no exception and no type of C++ leaves
 * it.
 */
#include "config.h"

#include "conf/toml_walk.h"

#include <charconv>
#include <new>
#include <sstream>
#include <string>
#include <string_view>

#include <toml++/toml.h>

namespace {

int
line_of(const toml::source_region &where)
{
	return static_cast<int>(where.begin.line);
}

int walk(const toml::node &n, const toml_visitor &v);

int
walk_table(const toml::table &t, const toml_visitor &v)
{
	int r = v.open(v.priv, 0, line_of(t.source()));

	for (auto it = t.begin(); r == 0 && it != t.end(); ++it) {
		const toml::key &key = it->first;

		r = v.key(v.priv, key.data(), key.length(), line_of(key.source()));
		if (r == 0)
			r = walk(it->second, v);
	}
	return r == 0 ? v.close(v.priv) : r;
}

int
walk_array(const toml::array &a, const toml_visitor &v)
{
	int r = v.open(v.priv, 1, line_of(a.source()));

	for (auto it = a.begin(); r == 0 && it != a.end(); ++it)
		r = walk(*it, v);
	return r == 0 ? v.close(v.priv) : r;
}

/* The shortest text that reads back as the number. */
std::string
number_text(double d)
{
	char buf[64];
	auto end = std::to_chars(buf, buf + sizeof buf, d);

	return std::string(buf, end.ptr);
}

std::string
scalar_text(const toml::node &n)
{
	std::ostringstream s;

	if (auto p = n.as_string())
		return p->get();
	if (auto p = n.as_integer())
		return std::to_string(p->get());
	if (auto p = n.as_floating_point())
		return number_text(p->get());
	if (auto p = n.as_boolean())
		return p->get() ? "true" : "false";
	if (auto p = n.as_date())
		s << p->get();
	else if (auto p = n.as_time())
		s << p->get();
	else if (auto p = n.as_date_time())
		s << p->get();
	return s.str();
}

int
walk(const toml::node &n, const toml_visitor &v)
{
	if (auto t = n.as_table())
		return walk_table(*t, v);
	if (auto a = n.as_array())
		return walk_array(*a, v);

	const std::string text = scalar_text(n);

	return v.scalar(v.priv, text.data(), text.size(), line_of(n.source()));
}

}

extern "C" int
toml_walk(const char *text, size_t len, const struct toml_visitor *v)
{
	try {
		const toml::table root = toml::parse(std::string_view(text, len));

		return walk_table(root, *v);
	} catch (const toml::parse_error &e) {
		return v->malformed(v->priv, e.description().data(), e.description().size(),
		    line_of(e.source()));
	} catch (const std::exception &e) {
		const std::string_view why = e.what();

		return v->malformed(v->priv, why.data(), why.size(), 0);
	}
}
