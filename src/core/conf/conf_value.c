/* SPDX-License-Identifier: MIT */
/* conf/conf_value.c - the kinds of options: how each is parsed and compared. */
#include "config.h"

#include "conf/conf_priv.h"

#include <errno.h>
#include <string.h>

#include <rotor/str.h>

static int
is_secret(const struct rotor_option *row)
{
	return (row->kind == ROTOR_OPT_SECRET || row->kind == ROTOR_OPT_PEM);
}

static int
parse_bool(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	static const char *const words[] = { "0", "1", "f", "t", "F", "T", "false", "true",
	    "False", "True", "FALSE", "TRUE" };
	size_t i;

	(void)row;
	for (i = 0; n->kind == NODE_SCALAR && i < sizeof words / sizeof words[0]; i++)
		if (strcmp(n->text, words[i]) == 0) {
			ret->b = (int32_t)(i % 2);
			return (0);
		}
	conf_expected(c, n, key, 0, "true or false");
	return (-EINVAL);
}

static int
parse_int(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	int bounded = row->min != 0 || row->max != 0;

	if (n->kind == NODE_SCALAR && conf_parse_int(n->text, &ret->i) == 0 &&
	    (!bounded || (ret->i >= row->min && ret->i <= row->max)))
		return (0);
	if (bounded)
		conf_expected(c, n, key, 0, "a whole number from %lld to %lld",
		    (long long)row->min, (long long)row->max);
	else
		conf_expected(c, n, key, 0, "a whole number");
	return (-EINVAL);
}

static int
parse_duration(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	if (n->kind != NODE_SCALAR || conf_parse_duration(n->text, &ret->i) != 0 || ret->i < 0) {
		conf_expected(c, n, key, 0, "a duration such as \"10s\" or \"1h30m\"");
		return (-EINVAL);
	}
	/* A bare number counts nanoseconds: "25" was surely meant otherwise. */
	if (strchr("0123456789", n->text[strlen(n->text) - 1]) != NULL && ret->i == 1) {
		conf_expected(c, n, key, 0, "a duration with its unit, such as \"10s\"");
		return (-EINVAL);
	}
	if ((row->flags & ROTOR_OPT_F_SECONDS) != 0 && ret->i % 1000 != 0) {
		conf_expected(c, n, key, 0, "a duration of whole seconds");
		return (-EINVAL);
	}
	return (0);
}

static int
parse_str(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	ret->s = n->text;
	if (n->kind == NODE_SCALAR)
		return (0);
	conf_expected(c, n, key, is_secret(row), "text");
	return (-EINVAL);
}

static int
parse_pem(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	if (parse_str(c, row, n, key, ret) != 0)
		return (-EINVAL);
	if (ret->s[0] == '\0')
		return (0);
	ret->s = conf_pem_load(c, ret->s);
	if (ret->s != NULL)
		return (0);
	conf_expected(c, n, key, 1, "PEM text, its base64, or the path of a PEM file");
	return (-EINVAL);
}

static int
is_choice(const char *choices, const char *s)
{
	size_t len;

	for (choices += strspn(choices, " "); *choices != '\0'; choices += strspn(choices, " ")) {
		len = strcspn(choices, " ");
		if (rotor_str_is((struct rotor_str){ choices, len }, s))
			return (1);
		choices += len;
	}
	return (0);
}

static int
parse_choice(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	ret->s = n->text;
	if (n->kind == NODE_SCALAR && (n->text[0] == '\0' || is_choice(row->choices, n->text)))
		return (0);
	conf_expected(c, n, key, 0, "one of: %s", row->choices);
	return (-EINVAL);
}

/* One scalar is a list of one, as in Centrifugo. */
static int
parse_strlist(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	const struct conf_node *item = n->kind == NODE_SCALAR ? n : n->first;
	const char **v = conf_alloc(c, n->n + 1, sizeof *v);
	size_t i = 0;

	(void)row;
	if (v == NULL)
		return (-EINVAL);
	if (n->kind == NODE_MAP) {
		conf_expected(c, n, key, 0, "a list of texts");
		return (-EINVAL);
	}
	for (; item != NULL; item = item == n ? NULL : item->next) {
		if (item->kind != NODE_SCALAR) {
			conf_expected(c, item, key, 0, "a list of texts");
			return (-EINVAL);
		}
		v[i++] = item->text;
	}
	/* "" alone is the empty list, the zero of a file. */
	ret->list = (struct rotor_strlist){ v, n->kind == NODE_SCALAR && v[0][0] == '\0' ? 0 : i };
	return (0);
}

/* The end of the "${ROTOR_VAR_X}" that starts at s, or NULL. */
static const char *
variable_end(const char *s)
{
	const char *end = strchr(s, '}');
	struct rotor_str name = { s, end != NULL ? (size_t)(end - s) : 0 };

	return (rotor_str_begins(name, "${ROTOR_VAR_") || rotor_str_begins(name, "${CENTRIFUGO_VAR_") ?
	    end : NULL);
}

/* Copies `s` with its variables replaced into `out`, when that is not NULL.  The
 * length, or SIZE_MAX when a variable is not set: then *ret_name is its name. */
static size_t
expand_into(const struct conf *c, const char *s, char *out, const char **ret_name, size_t *ret_len)
{
	const char *end, *value;
	size_t len = 0, part;

	while (*s != '\0') {
		end = variable_end(s);
		value = s;
		part = 1;
		if (end != NULL) {
			value = conf_env_value(c, s + 2, (size_t)(end - s) - 2);
			if (value == NULL) {
				*ret_name = s + 2;
				*ret_len = (size_t)(end - s) - 2;
				return (SIZE_MAX);
			}
			part = strlen(value);
		}
		if (out != NULL)
			memcpy(out + len, value, part);
		len += part;
		s = end != NULL ? end + 1 : s + 1;
	}
	return (len);
}

/* Never a value in its messages: the values of pairs are often credentials. */
static const char *
expand(struct conf *c, const struct conf_node *n, const char *key)
{
	const char *name = NULL;
	size_t len, name_len = 0;
	char *out;

	len = expand_into(c, n->text, NULL, &name, &name_len);
	if (len == SIZE_MAX) {
		conf_problem_at(c, 1, n, key, "environment variable %.*s is not set",
		    (int)(name_len < 256 ? name_len : 256), name);
		return (NULL);
	}
	out = conf_alloc(c, len + 1, 1);
	if (out != NULL)
		expand_into(c, n->text, out, &name, &name_len);
	return (out);
}

/* The key and the value's node of an item of a mapping, or of a list of {key, value}. */
static int
pair_get(const struct conf_node *n, const struct conf_node *item, const char **ret_key,
    const struct conf_node **ret_value)
{
	if (n->kind == NODE_MAP) {
		*ret_key = item->key;
		*ret_value = item;
	} else {
		*ret_key = conf_node_text(item, "key");
		*ret_value = conf_node_get(item, "value", strlen("value"));
	}
	return (*ret_key != NULL && *ret_value != NULL && (*ret_value)->kind == NODE_SCALAR ? 0 : -1);
}

static int
pair_exists(const struct rotor_pair *v, size_t n, const char *key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(v[i].key, key) == 0)
			return (1);
	return (0);
}

static int
parse_pairs(struct conf *c, const struct rotor_option *row, const struct conf_node *n,
    const char *key, union conf_value *ret)
{
	const char *what = "a mapping of texts, or a list of {key: ..., value: ...}";
	const struct conf_node *item, *value;
	struct rotor_pair *v;
	size_t i = 0;

	(void)row;
	if ((n->kind != NODE_MAP && n->kind != NODE_LIST && (n->kind != NODE_SCALAR ||
	    n->text[0] != '\0')) || n->n > CONF_MAX_KEYS) {
		conf_expected(c, n, key, 1, "%s", what);
		return (-EINVAL);
	}
	v = conf_alloc(c, n->n, sizeof *v);
	if (v == NULL)
		return (-EINVAL);
	for (item = n->first; item != NULL; item = item->next, i++) {
		if (pair_get(n, item, &v[i].key, &value) != 0) {
			conf_expected(c, item, key, 1, "%s", what);
			return (-EINVAL);
		}
		if (pair_exists(v, i, v[i].key)) {
			conf_problem_at(c, 1, item, key, "key \"%.64s\" is given twice", v[i].key);
			return (-EINVAL);
		}
		v[i].value = expand(c, value, key);
		if (v[i].value == NULL)
			return (-EINVAL);
	}
	ret->pairs = (struct rotor_pairs){ v, i };
	return (0);
}

static int
bool_is_zero(const union conf_value *v)
{
	return (v->b == 0);
}

static int
bool_equal(const union conf_value *a, const union conf_value *b)
{
	return (a->b == b->b);
}

static int
int_is_zero(const union conf_value *v)
{
	return (v->i == 0);
}

static int
int_equal(const union conf_value *a, const union conf_value *b)
{
	return (a->i == b->i);
}

static int
str_is_zero(const union conf_value *v)
{
	return (v->s[0] == '\0');
}

static int
str_equal(const union conf_value *a, const union conf_value *b)
{
	return (strcmp(a->s, b->s) == 0);
}

static int
list_is_zero(const union conf_value *v)
{
	return (v->list.n == 0);
}

static int
list_equal(const union conf_value *a, const union conf_value *b)
{
	size_t i;

	for (i = 0; i < a->list.n && i < b->list.n; i++)
		if (strcmp(a->list.v[i], b->list.v[i]) != 0)
			return (0);
	return (a->list.n == b->list.n);
}

static int
pairs_is_zero(const union conf_value *v)
{
	return (v->pairs.n == 0);
}

static int
pairs_equal(const union conf_value *a, const union conf_value *b)
{
	size_t i;

	for (i = 0; i < a->pairs.n && i < b->pairs.n; i++)
		if (strcmp(a->pairs.v[i].key, b->pairs.v[i].key) != 0 ||
		    strcmp(a->pairs.v[i].value, b->pairs.v[i].value) != 0)
			return (0);
	return (a->pairs.n == b->pairs.n);
}

static const struct conf_kind kinds[] = {
	[ROTOR_OPT_BOOL] = { "bool", "false", 0, sizeof(int32_t), parse_bool, bool_is_zero,
	    bool_equal },
	[ROTOR_OPT_INT] = { "int", "0", 0, sizeof(int64_t), parse_int, int_is_zero, int_equal },
	[ROTOR_OPT_DURATION] = { "duration", "0s", 1, sizeof(int64_t), parse_duration, int_is_zero,
	    int_equal },
	[ROTOR_OPT_STR] = { "string", "", 1, sizeof(const char *), parse_str, str_is_zero,
	    str_equal },
	[ROTOR_OPT_SECRET] = { "secret", "", 1, sizeof(const char *), parse_str, str_is_zero,
	    str_equal },
	[ROTOR_OPT_PEM] = { "PEM", "", 1, sizeof(const char *), parse_pem, str_is_zero,
	    str_equal },
	[ROTOR_OPT_STRLIST] = { "list of strings", "[]", 0, sizeof(struct rotor_strlist),
	    parse_strlist, list_is_zero, list_equal },
	[ROTOR_OPT_PAIRS] = { "mapping", "{}", 0, sizeof(struct rotor_pairs), parse_pairs,
	    pairs_is_zero, pairs_equal },
	[ROTOR_OPT_OBJLIST] = { "list of objects", "[]", 0, sizeof(struct rotor_objlist), NULL,
	    NULL, NULL },
	[ROTOR_OPT_CHOICE] = { "choice", "", 1, sizeof(const char *), parse_choice, str_is_zero,
	    str_equal },
};

const struct conf_kind *
conf_kind_get(uint32_t kind)
{
	if (kind >= sizeof kinds / sizeof kinds[0] || kinds[kind].name == NULL)
		return (NULL);
	return (&kinds[kind]);
}
