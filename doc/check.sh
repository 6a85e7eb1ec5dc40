#!/bin/sh
# SPDX-License-Identifier: MIT
# The guides are true: doc/options.md is what the program says of its options, and every
# file, function and page that a guide names exists.
srcdir=${srcdir:-.}
status=0

fail() {
	echo "FAIL: $*"
	status=1
}

test -x ./rotor || { echo 'run from the build directory: there is no ./rotor'; exit 99; }
{
	printf '# Options\n\n'
	ROTOR_MODULE_DIR=modules/.libs ./rotor configdoc --base-level 1
} | diff "$srcdir/doc/options.md" - ||
	fail "doc/options.md is old: make update-doc"

# Words in `code` of doc/architecture.md and doc/modules.md.
words() {
	sed -n '/^```/,/^```/!p' "$1" | grep -o '`[^`]*`' | tr -d '`' | sort -u
}

for guide in architecture modules; do
	for word in $(words "$srcdir/doc/$guide.md"); do
		case $word in
		*/*.[ch] | */*.am | */*.proto | */*.sh)
			test -e "$srcdir/$word" || test -e "$srcdir/src/core/$word" ||
			    fail "doc/$guide.md: there is no file $word"
			;;
		*'()')
			grep -rqw "${word%()}" "$srcdir/src" "$srcdir/modules" "$srcdir/include" ||
			    fail "doc/$guide.md: there is no function $word"
			;;
		esac
	done
done

# Links between the guides.
for guide in "$srcdir"/*.md "$srcdir"/doc/*.md; do
	for link in $(grep -o '](\([^)#:]*\))' "$guide" | sed 's/^](//; s/)$//'); do
		test -e "$(dirname "$guide")/$link" || fail "${guide#"$srcdir"/}: broken link $link"
	done
done
exit $status
