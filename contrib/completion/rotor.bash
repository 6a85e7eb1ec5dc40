# SPDX-License-Identifier: MIT
# Completion of rotor(8) for bash.  The words come from the program: its commands from
# `rotor help`, flags from `rotor COMMAND --help`, keys from `rotor configdoc`.

_rotor_commands() {
	"$1" help 2>/dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p'
}

_rotor_flags() {
	"$1" "$2" --help 2>/dev/null | sed -n 's/^ *\(-., \)\{0,1\}\(--[a-z_.-]*\) .*/\2/p'
}

_rotor_keys() {
	"$1" configdoc 2>/dev/null | sed -n 's/^| `\([a-z0-9_.]*\)` .*/--\1/p'
}

# Sections, and the names of modules.
_rotor_sections() {
	_rotor_keys "$1" | sed -n 's/^--\(.*\)\.[a-z0-9_]*$/\1/p' | sort -u
	"$1" modules 2>/dev/null | sed -n 's/^\([a-z0-9_]*\)  .*/\1/p'
}

_rotor() {
	local rotor=$1 word=$2 before=$3 command=${COMP_WORDS[1]} words
	COMPREPLY=()
	case $before in
	-c | --config | -b | --base)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	-s | --section)
		mapfile -t COMPREPLY < <(compgen -W "$(_rotor_sections "$rotor")" -- "$word")
		return
		;;
	--module-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return
		;;
	esac
	if [ "$COMP_CWORD" = 1 ] && [[ $word != -* ]] || [ "$command" = help ]; then
		words=$(_rotor_commands "$rotor")
	else
		[[ $command != -* ]] || command=serve
		words=$(_rotor_flags "$rotor" "$command")
		[ "$command" != serve ] || words=$({ echo "$words"; _rotor_keys "$rotor"; } | sort -u)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -o filenames -F _rotor rotor
