#!/bin/sh
# SPDX-License-Identifier: MIT
# What `make install` leaves: guides whose links lead somewhere, modules without .la files,
# and nothing after `make uninstall`.
status=0
root=$PWD/tests/install.root

fail() {
	echo "FAIL: $*"
	status=1
}

rm -rf "$root"
${MAKE:-make} -s install DESTDIR="$root" >tests/install.out 2>&1 || { cat tests/install.out; exit 1; }

doc=$(dirname "$(find "$root" -name LICENSE)")
for guide in "$doc"/*.md "$doc"/doc/*.md; do
	for link in $(grep -o '](\([^)#:]*\))' "$guide" | sed 's/^](//; s/)$//'); do
		test -e "$(dirname "$guide")/$link" || fail "${guide#"$root"}: broken link $link"
	done
done

modules=$(dirname "$(find "$root" -name engine_memory.so)")
test -z "$(find "$modules" ! -name '*.so' -type f)" || fail "more than modules in $modules"

${MAKE:-make} -s uninstall DESTDIR="$root" >tests/install.out 2>&1 || fail "uninstall: $(cat tests/install.out)"
left=$(find "$root" ! -type d)
test -z "$left" || fail "left by uninstall: $left"
rm -rf "$root" tests/install.out
exit $status
