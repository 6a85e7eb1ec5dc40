# SPDX-License-Identifier: MIT
# Sourced by quickstart and check: the Debian packages they need, and how they are
# installed.  Elsewhere than on Debian and its kin the packages are only named.

build_packages=(
	autoconf automake build-essential ca-certificates libtool pkg-config
	libcurl4-openssl-dev libevent-dev libgrpc-dev libjwt-dev libprotobuf-c-dev libre2-dev libssl-dev
	libtomlplusplus-dev liburing-dev libyaml-dev
	protobuf-c-compiler protobuf-compiler zlib1g-dev
)
test_packages=(
	chromium libcmocka-dev man-db mandoc python3 python3-docutils python3-venv
)

# Node.js from elsewhere, with npm beside it, is as good as Debian's and would clash with it.
command -v npm >/dev/null || test_packages+=(nodejs npm)

say() {
	printf '== %s\n' "$*"
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		say 'this has to be done by root, and there is no sudo; run as root, then start again:'
		say "    $*"
		return 1
	fi
}

# packages_missing NAME...: prints those that are not installed.
packages_missing() {
	local name
	for name in "$@"; do
		dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || echo "$name"
	done
}

# packages_install NAME...: installs what is missing.
packages_install() {
	local missing
	if ! command -v apt-get >/dev/null; then
		say "no apt-get here: what Debian calls $* should be installed"
		return
	fi
	missing=$(packages_missing "$@" | tr '\n' ' ')
	if [ -z "$missing" ]; then
		return
	fi
	say "installing with apt-get: $missing"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update </dev/null
	# shellcheck disable=SC2086	# a list
	as_root env DEBIAN_FRONTEND=noninteractive \
	    apt-get -q -y install --no-install-recommends $missing </dev/null
}

# go_install: installs Go for the tests, unless there is one.  It has to be one that
# fetches a newer Go by itself, as those from 1.21 on do; Debian 12 has it in its backports.
go_install() {
	local suite sources status=0
	if command -v go >/dev/null || ! command -v apt-get >/dev/null; then
		return
	fi
	suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	if [ "$suite" != bookworm ]; then
		packages_install golang-go
		return
	fi
	say "installing golang-go from $suite-backports"
	sources=$(mktemp -d)
	chmod 755 "$sources"
	cp -r /etc/apt/sources.list.d/. "$sources"
	echo "deb http://deb.debian.org/debian $suite-backports main" >"$sources/backports.list"
	as_root apt-get -q -o Dir::Etc::SourceParts="$sources" update </dev/null &&
	    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
	    -o Dir::Etc::SourceParts="$sources" install --no-install-recommends \
	    -t "$suite-backports" golang-go </dev/null || status=$?
	rm -rf "$sources"
	return "$status"
}

# build_configure DIR CONFIGURE-OPTION...: configures the source tree out of it, as often
# as needed.  Runs in the source tree.
build_configure() {
	local dir=$1 source=$PWD
	shift
	if [ ! -x configure ] || [ ! -f Makefile.in ] || [ configure.ac -nt configure ]; then
		say 'making ./configure'
		autoreconf -fi >autoreconf.log 2>&1 || { cat autoreconf.log; return 1; }
	fi
	mkdir -p "$dir"
	if [ ! -f "$dir/Makefile" ]; then
		say "configuring in $dir"
		(cd "$dir" && "$source/configure" -q "$@")
	fi
}

# build_in DIR CONFIGURE-OPTION...: configures in it and makes it.
build_in() {
	build_configure "$@" || return
	say "building in $1"
	make -s -C "$1" -j "$(nproc)" V=0
}
