#!/bin/sh
# SPDX-License-Identifier: MIT
# Each installed header compiles alone, as C11 and as C++, and is listed for
# installation.  Exit 77 (skipped) when there is no C++ compiler.
srcdir=${srcdir:-.}
CC=${CC:-gcc}
CXX=${CXX:-g++}
status=0

# try LANGUAGE HEADER COMPILER...
try()
{
	lang=$1 header=$2
	shift 2
	printf '#include <rotor/%s>\n#include <rotor/%s>\n' "$header" "$header" |
	    "$@" -x "$lang" -I"$srcdir/include" -Wall -Wextra -Werror -fsyntax-only - && return
	echo "FAIL: <rotor/$header> does not compile alone: $*"
	status=1
}

if ! command -v "${CXX%% *}" >/dev/null; then
	echo "no C++ compiler: $CXX"
	CXX=
fi
for path in "$srcdir"/include/rotor/*.h; do
	header=${path##*/}
	try c "$header" $CC -std=c11
	test -z "$CXX" || try c++ "$header" $CXX -std=c++11
	grep -q "include/rotor/$header" "$srcdir/include/headers.am" || {
		echo "FAIL: include/headers.am does not list $header"
		status=1
	}
	test "$header" = rotor.h || grep -q "<rotor/$header>" "$srcdir/include/rotor/rotor.h" || {
		echo "FAIL: <rotor/rotor.h> does not include $header"
		status=1
	}
done
test $status -eq 0 && test -z "$CXX" && exit 77
exit $status
