#!/bin/sh
# SPDX-License-Identifier: MIT
# A struct rotor_str holds any bytes, NUL too, and has no NUL behind it: none of them may
# meet a function that believes in C strings.  <rotor/str.h> compares them.
#   1. `.p` or `->p` is no argument of such a function, nor of a path, a host or a "%s".
#   2. strncmp() and strncasecmp() are not used at all: "id" and NUL and more is no "id".
#   3. memcmp() with a literal compares too much or too little when the literal changes.
# A place that is right all the same stands in `allowed`, with the reason.
cd "${srcdir:-.}" || exit 99

allowed()
{
	cat <<-'EOF'
	src/core/module/select.c strndup a module's name, which module_name_valid() has taken
	EOF
}

# Lines of "file:line: function what", of the files named
places()
{
	awk '
	BEGIN {
		text = "strlen|strnlen|str(n?case)?cmp|strn?cat|strn?cpy|stpcpy|strdup|strndup|strchr|strrchr|" \
		    "strchrnul|strstr|strcasestr|strpbrk|strspn|strcspn|strtok(_r)?|strsep|strcoll|atoi|atol|atoll|" \
		    "atof|strto(l|ul|ll|ull|d|f|ld|imax|umax)|sscanf|fputs|puts"
		name = "open|openat|fopen|stat|lstat|access|unlink|dlopen|getaddrinfo|inet_pton|getenv|setenv|execv|execvp"
		format = "(f|d|s|sn|as)?printf|fault_set|ROTOR_F_STR|rotor_str_of"
		call = "(^|[^a-zA-Z0-9_])(" text "|" name "|" format "|strn(case)?cmp|memcmp) ?\\("
	}
	FNR == 1 { comment = 0; statement = "" }
	{
		line = $0
		# Comments, which may go over lines, and the insides of literals.
		gsub(/\/\*([^*]|\*[^\/])*\*\//, " ", line)
		if (comment) {
			if (!sub(/^.*\*\//, "", line))
				next
			comment = 0
		}
		if (sub(/\/\*.*$/, "", line))
			comment = 1
		# A statement ends with its semicolon or brace.
		if (statement == "")
			at = FNR
		statement = statement " " line
		if (line !~ /[;{}]/)
			next
		look(statement, at)
		statement = ""
	}
	function look(s, at,    fn, args, i, c, depth, lit) {
		while (match(s, call)) {
			fn = substr(s, RSTART, RLENGTH)
			gsub(/[^a-zA-Z0-9_]/, "", fn)
			s = substr(s, RSTART + RLENGTH)
			depth = 1
			for (i = 1; i <= length(s) && depth > 0; i++) {
				c = substr(s, i, 1)
				depth += (c == "(") - (c == ")")
			}
			args = substr(s, 1, i - 2)
			judge(fn, args, at)
		}
	}
	function judge(fn, args, at,    counted) {
		counted = args ~ /(\.|->)p *([,)+]|$)/
		if (fn ~ /^strn(case)?cmp$/)
			print FILENAME ":" at ": " fn " is not used: rotor_str_eq() and its kin are"
		else if (fn == "memcmp") {
			if (args ~ /"/)
				print FILENAME ":" at ": memcmp with a literal: rotor_str_is(), _begins(), _ends()"
		} else if (counted && fn ~ ("^(" format ")$")) {
			if (gsub(/(\.|->)p *([,)+]|$)/, "", args) > gsub(/%\.\*s/, "", args))
				print FILENAME ":" at ": " fn " of a counted string"
		} else if (counted)
			print FILENAME ":" at ": " fn " of a counted string"
	}' "$@"
}

found=$(places $(find src modules include -name '*.[ch]' -o -name '*.cc' | grep -v /tests/ | sort))
status=0
allowed | while read -r file fn why; do
	test -n "$why" || { echo "FAIL: no reason for $file $fn"; exit 1; }
	grep -q "$fn" "$file" || { echo "FAIL: allowed, but not there any more: $file $fn"; exit 1; }
done || status=1
bad=$(echo "$found" | while IFS= read -r line; do
	file=${line%%:*}
	fn=${line#*: }
	allowed | grep -q "^$file ${fn%% *} " || echo "$line"
done)
if test -n "$bad"; then
	echo "FAIL: counted strings and C strings:"
	echo "$bad"
	status=1
fi

# The check itself finds what it is for.
probe=$(mktemp) && trap 'rm -f "$probe"' EXIT || exit 99
cat >"$probe" <<'EOF'
	if (strcmp(k.p, "id") == 0 || strncmp(name, key.p, key.len) == 0)
		n = strlen(s->p); /* strlen(a.p) in a comment */ f = open(c->name.p, 0);
	snprintf(b, n, "%s of %.*s", x.p, (int)y.len, y.p);
	snprintf(b, n, "%.*s", (int)y.len, y.p); m = memcmp(a.p, b.p, n);
	r = memcmp(a.p,
	    "keys", 4);
	ok = strlen(text) + strcmp(p, q);
EOF
test "$(places "$probe" | wc -l)" -eq 6 || { echo "FAIL: the check is blind:"; places "$probe"; status=1; }
exit $status
