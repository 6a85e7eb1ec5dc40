#!/bin/sh
# SPDX-License-Identifier: MIT
# A module exports rotor_module and nothing else; librotor only what its version script
# names: rotor_* as ROTOR_1.0, the private entries as ROTOR_PRIVATE.
NM=${NM:-nm}
status=0

fail()
{
	echo "FAIL: $*"
	status=1
}

# Defined dynamic symbols, but for what a sanitizer adds and the version nodes.
exports()
{
	$NM -D --defined-only --with-symbol-versions "$1" | awk '$2 != "A" { print $3 }' |
	    grep -v '^__\(odr_\)\{0,1\}[atu]\{1,2\}san'
}

lib=.libs/librotor.so
test -e $lib || { echo "run from the build directory: there is no $lib"; exit 99; }
private=$(sed -n '/^ROTOR_PRIVATE/,/^}/s/^[[:space:]]*\([a-z_]*\)\*;.*/\1/p' "${srcdir:-.}/src/core/librotor.map" |
    tr '\n' '|')
for symbol in $(exports $lib); do
	echo "$symbol" | grep -Eq "^(rotor_[a-z0-9_]+@@ROTOR_1\.0|(${private%|})[a-z0-9_]+@@ROTOR_PRIVATE)\$" ||
	    fail "$lib exports $symbol"
done
exports $lib | grep -q '^rotor_version@@ROTOR_1.0$' || fail "$lib exports no rotor_version"

# Symbols that look public in the headers but are not there.
for path in "${srcdir:-.}"/include/rotor/*.h; do
	sed -n 's/^ROTOR_API .*[ *]\(rotor_[a-z0-9_]*\)(.*/\1/p' "$path"
done | sort >exports.$$.want
exports $lib | sed -n 's/@@ROTOR_1\.0$//p' | sort >exports.$$.have
missing=$(comm -23 exports.$$.want exports.$$.have)
extra=$(comm -13 exports.$$.want exports.$$.have)
rm -f exports.$$.want exports.$$.have
test -z "$missing" || fail "declared but not exported:" $missing
test -z "$extra" || fail "exported but in no installed header:" $extra

for module in modules/.libs/*.so; do
	test -e "$module" || continue	# all have been left out of this build
	test "$(exports "$module")" = rotor_module || fail "$module exports:" $(exports "$module")
done
exit $status
