#!/bin/sh
# SPDX-License-Identifier: MIT
# What is built by default is hardened; see ROTOR_HARDENING in m4/rotor.m4.
status=0

fail() {
	echo "FAIL: $*"
	status=1
}

rotor=rotor
test -x .libs/rotor && rotor=.libs/rotor	# libtool's wrapper stands in front of it
for file in $rotor .libs/librotor.so.1 modules/.libs/*.so; do
	readelf -dW "$file" | grep -Eq 'BIND_NOW|FLAGS.*NOW' || fail "$file: relocations stay writable"
	readelf -lW "$file" | grep -q GNU_RELRO || fail "$file: no RELRO"
	readelf -lW "$file" | grep 'GNU_STACK.*RWE' && fail "$file: executable stack"
done
readelf -hW $rotor | grep -q 'Type: *DYN' || fail "rotor is not position independent"
readelf -sW .libs/librotor.so.1 | grep -q __stack_chk_fail || fail "librotor: no stack protector"
readelf -sW .libs/librotor.so.1 | grep -q '__[a-z]*printf_chk' || fail "librotor: no fortified functions"
exit $status
