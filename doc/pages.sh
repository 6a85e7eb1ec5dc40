#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages that the build made are found by man -k, name version and date, and have
# nothing in them that mandoc does not understand.  What rst2man always writes is let pass.
status=0
known='skipping paragraph macro: sp after S[HS]|unknown font, skipping request: ft C'

fail() {
	echo "FAIL: $*"
	status=1
}

set -- doc/*.[578]
test -e "$1" || { echo 'no manual pages were built'; exit 1; }
for page; do
	lexgrog "$page" | grep -q " - ." || fail "$page: lexgrog finds no name and summary"
	grep -Eq '^\.TH "[A-Z0-9._-]+" "?[578]"? "[0-9]{4}-[0-9]{2}-[0-9]{2}" "rotor [0-9.]+" ".+"$' "$page" ||
	    fail "$page: $(grep '^\.TH' "$page")"
	mandoc -Tlint -W warning "$page" | grep -Ev "$known" | sed 's/^mandoc: /FAIL: /' >"$page.lint"
	cat "$page.lint"
	test -s "$page.lint" && status=1
	rm -f "$page.lint"
done
exit $status
