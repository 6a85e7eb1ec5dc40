/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "pattern.h"

#include <string.h>

#include <rotor/str.h>

#include "scratch.h"
#include "url_template.h"

/* Room for the variables there are and `n` more.  0 or -1: no memory. */
static int
grow(struct url_vars *vars, size_t n, struct scratch *s)
{
	struct url_var *v = scratch_array(s, vars->n + n, sizeof *v);

	if (v == NULL)
		return (-1);
	if (vars->n > 0)
		memcpy(v, vars->v, vars->n * sizeof *v);
	vars->v = v;
	return (0);
}

int
pattern_groups(const struct rotor_regex *r, struct rotor_str subject, struct scratch *s,
    struct url_vars *vars)
{
	size_t i, n = rotor_regex_n_groups(r);
	struct rotor_str *groups = scratch_array(s, n + 1, sizeof *groups);

	if (groups == NULL || !rotor_regex_groups(r, subject, groups, n + 1) || grow(vars, n, s) != 0)
		return (0);
	for (i = 1; i <= n; i++) {
		const char *name = rotor_regex_group_name(r, i);

		if (name != NULL)
			vars->v[vars->n++] = (struct url_var){ rotor_str_of(name),
			    groups[i].p != NULL ? groups[i] : (struct rotor_str){ "", 0 } };
	}
	return (1);
}
