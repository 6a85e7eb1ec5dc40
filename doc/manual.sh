#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the source of a manual page: manual.sh PAGE.rst ROTOR, or manual.sh NAME.rst for
# the page rotor-NAME(7) of a module.  ROTOR, the built program, is asked for what goes in
# place of @COMMANDS@ and @OPTIONS@; @MODULES@ is the list of the modules' pages.
set -eu

page=$1
rotor=${2:-}
top=$(cd "$(dirname "$0")/.." && pwd)

modules() {
	for manual in "$top"/modules/*/*.rst; do
		printf '%s**rotor-%s**\\(7)' "${comma-}" "$(basename "$manual" .rst)"
		comma=', '
	done
	echo
}

# What a command's --help says of its flags: a definition list inside that of the commands.
flags() {
	sed -n 's/^ *\(-.*[^ ]\)   *\([^ ].*\)$/\1|\2/p' | while IFS='|' read -r flag help; do
		test "$flag" = '-h, --help' || printf '\n    ``%s``\n        %s\n' "$flag" "$help"
	done
}

# A definition list of `rotor help`, from each command's own --help.
commands() {
	"$rotor" help | sed -n 's/^  \([a-z]*\)  *\(.*\)/\1 \2/p' | while read -r name summary; do
		text=$("$rotor" "$name" --help)
		case $summary in
		'(module '*) summary="$(echo "$text" | sed -n 3p) $summary" ;;
		esac
		printf '``%s``\n    %s\n' "$(echo "$text" | sed -n '1s/^usage: //p')" "$summary"
		echo "$text" | flags
		echo
	done
}

underline() {
	echo "$2" | sed "s/./$1/g"
}

# A module's manual under a title of the same form for all; titles in the file are what
# "===" stands under.
module_page() {
	name=rotor-$(basename "$page" .rst)
	summary=$(sed -n 's/^    \.summary = "\(.*[^.]\)\.\{0,1\}",$/\1/p' "${page%.rst}.c")
	underline = "$name"
	printf '%s\n' "$name"
	underline = "$name"
	printf '\n%s\n' "$summary"
	underline '~' "$summary"
	printf '\n:Manual section: 7\n:Manual group: Rotor modules\n\n'
	sed '/^:Manual /d; /^\.\. SPDX/d' "$page" |
	    awk '/^=+$/ { held = ""; next } { print held; held = $0 } END { print held }' |
	    awk '!body && /^$/ { next }
		!body && !/^[A-Z]+$/ { print "DESCRIPTION\n-----------" }
		{ body = 1; print }'
}

case $page in
*/modules/*)
	module_page
	;;
*)
	while IFS= read -r line; do
		case $line in
		@COMMANDS@) commands ;;
		@OPTIONS@) "$rotor" configdoc --format rst ;;
		*@MODULES@*) printf '%s' "${line%%@MODULES@*}"; modules ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$page"
	;;
esac
