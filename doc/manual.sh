#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the source of a manual page: manual.sh PAGE.rst ROTOR, or manual.sh NAME.rst for
# the page rotor-NAME(7) of a module.  ROTOR, the built program, is asked for what goes in
# place of @COMMANDS@ and @OPTIONS@; @MODULES@ is the list of the modules' pages.
#
# VERSION, DATE	of the release, for the page's head
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

# All of them; of those without effect, a page would only be long.
options() {
	"$rotor" configdoc --format rst | sed '/^Accepted without effect$/,$d'
	cat <<'END'

Further keys of Centrifugo v6 are accepted without effect, with a warning: **rotor configdoc**
lists them.
END
}

# What stands in the head of every page.
head_fields() {
	printf ':Manual section: %s\n:Manual group: %s\n:Version: rotor %s\n:Date: %s\n' \
	    "$1" "$2" "${VERSION:-}" "${DATE:-}"
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
	echo
	head_fields 7 'Rotor modules'
	echo
	sed '/^:Manual /d; /^\.\. SPDX/d' "$page" |
	    awk '/^=+$/ { held = ""; next } { print held; held = $0 } END { print held }' |
	    awk '!body && /^$/ { next }
		!body && !/^[A-Z]+$/ { print "DESCRIPTION\n-----------" }
		{ body = 1; print }'
	printf '\nSEE ALSO\n--------\n**rotor**\\(8), **rotor.yaml**\\(5)\n'
}

case $page in
*/modules/*)
	module_page
	;;
*)
	while IFS= read -r line; do
		case $line in
		@COMMANDS@) commands ;;
		@OPTIONS@) options ;;
		':Manual section: '*) head_fields "${line#:Manual section: }" Rotor ;;
		':Manual group: '*) ;;
		*@MODULES@*) printf '%s' "${line%%@MODULES@*}"; modules ;;
		*) printf '%s\n' "$line" ;;
		esac
	done <"$page"
	;;
esac
