#!/bin/sh
# SPDX-License-Identifier: MIT
# No two kinds of object have the same magic, or the tests of base/obj.h prove nothing.
cd "${srcdir:-.}" || exit 99

# Lines of "value name file"
magics()
{
	find src modules -name '*.[ch]' | sort | xargs awk '
	    $1 == "#define" && $2 ~ /_MAGIC$/ {
		value = tolower($3)
		sub(/u+$/, "", value)
		print value, $2, FILENAME
	    }'
}

all=$(magics)
status=0
for value in $(echo "$all" | cut -d' ' -f1 | sort | uniq -d); do
	echo "FAIL: one magic, two objects:"
	echo "$all" | grep "^$value "
	status=1
done
for name in $(echo "$all" | cut -d' ' -f2 | sort | uniq -d); do
	echo "FAIL: one name, two magics:"
	echo "$all" | grep " $name "
	status=1
done
if echo "$all" | grep -v '^0x[0-9a-f]\{8\} '; then
	echo "FAIL: a magic is 0x and eight hexadecimal digits"
	status=1
fi
test -n "$all" || { echo "FAIL: no magic found"; status=1; }
exit $status
