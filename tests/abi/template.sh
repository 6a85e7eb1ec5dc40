#!/bin/sh
# SPDX-License-Identifier: MIT
# The module template builds with the installed headers alone, by its own Makefile.
srcdir=${srcdir:-.}
lib=$PWD/.libs
dir=template.$$

test -e "$lib/librotor.so" || { echo "run from the build directory: there is no $lib/librotor.so"; exit 99; }
trap 'chmod -R u+w $dir; rm -rf $dir' EXIT
mkdir -p $dir/include
cp -R "$srcdir/include/rotor" $dir/include && cp "$srcdir"/contrib/module-template/* $dir || exit 99
chmod -R u+w $dir
make -s -C $dir PKG_CONFIG=: CC="${CC:-gcc}" CPPFLAGS=-Iinclude LDFLAGS="-L$lib" MODULE_LIBS=-lrotor \
    CFLAGS='-Wall -Wextra -Wshadow -Wmissing-prototypes -Werror' || exit 1
test "$(${NM:-nm} -D --defined-only $dir/greet.so | awk '{ print $3 }')" = rotor_module
