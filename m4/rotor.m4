dnl SPDX-License-Identifier: MIT
dnl ROTOR_MODULE(NAME, FOUND, MISSING[, yes])
dnl --with-module-NAME=yes|no|auto; sets $module_NAME, MODULE_NAME, and a line of
dnl the summary; adds to $modules_out what is left out.  With `yes` it is only left out
dnl when that was asked for: a server without it is hardly one.
AC_DEFUN([ROTOR_MODULE], [
AC_ARG_WITH([module-$1],
    [AS_HELP_STRING([--with-module-$1=yes|no|auto], [build the module $1])],
    [], [AS_VAR_SET([with_module_$1], m4_ifval([$4], [[$4]], [[auto]]))])
AS_CASE([$with_module_$1:$2],
    [no:*], [module_$1=no; module_why="not wanted"],
    [*:yes], [module_$1=yes; module_why=],
    [yes:*], [AC_MSG_ERROR([module $1 needs $3 (or --without-module-$1)])],
    [module_$1=no; module_why="missing: $3"])
AM_CONDITIONAL(m4_toupper([MODULE_$1]), [test "$module_$1" = yes])
AS_IF([test "$module_$1" = no], [modules_out="$modules_out $1"])
module_summary="$module_summary
    module $1: $module_$1${module_why:+ ($module_why)}"
])

dnl --with-toml=yes|no|auto: configuration files in TOML, by toml++, which is C++.
AC_DEFUN([ROTOR_TOML], [
AC_ARG_WITH([toml],
    [AS_HELP_STRING([--with-toml=yes|no|auto], [configuration files in TOML (auto)])],
    [], [with_toml=auto])
toml="no (not wanted)"
AS_IF([test "$with_toml" != no],
    [PKG_CHECK_MODULES([TOML], [tomlplusplus >= 3.0], [toml=yes],
	[toml="no (missing: tomlplusplus)"])])
AS_IF([test "$with_toml:$toml" = "yes:no (missing: tomlplusplus)"],
    [AC_MSG_ERROR([--with-toml needs tomlplusplus (Debian: libtomlplusplus-dev)])])
AS_IF([test "$toml" = yes],
    [AC_DEFINE([HAVE_TOML], [1], [Define to 1 to read configuration files in TOML.])])
AM_CONDITIONAL([HAVE_TOML], [test "$toml" = yes])
])

dnl After all modules: whether manual pages can be made (of all there is), or were brought
dnl by the tarball.
AC_DEFUN([ROTOR_MANUALS], [
AM_CONDITIONAL([ALL_MODULES], [test -z "$modules_out"])
AM_MISSING_PROG([RST2MAN], [rst2man])
AC_CHECK_PROGS([HAVE_RST2MAN], [rst2man])
AS_IF([test -f "$srcdir/doc/rotor.8"], [manuals="yes (as they came)"],
    [test -z "$HAVE_RST2MAN"], [manuals="no (missing: rst2man of docutils)"],
    [test -n "$modules_out"], [manuals="no (not all modules)"],
    [manuals=yes])
AM_CONDITIONAL([MANUALS], [test "${manuals%% *}" = yes])
dnl What checks them; contrib/check installs both.
AC_CHECK_PROGS([LEXGROG], [lexgrog])
AC_CHECK_PROGS([MANDOC], [mandoc])
AM_CONDITIONAL([HAVE_MAN_TOOLS], [test -n "$LEXGROG" && test -n "$MANDOC"])
])

dnl --disable-e2e: without the tests that fetch packages and take minutes.
AC_DEFUN([ROTOR_E2E], [
AC_ARG_ENABLE([e2e], [AS_HELP_STRING([--disable-e2e], [leave end-to-end tests out of make check])],
    [], [enable_e2e=yes])
AM_CONDITIONAL([E2E], [test "$enable_e2e" != no])
])

dnl --enable-developer: warnings are errors.
AC_DEFUN([ROTOR_DEVELOPER], [
AC_ARG_ENABLE([developer], [AS_HELP_STRING([--enable-developer], [warnings are errors])],
    [], [enable_developer=no])
AS_IF([test "$enable_developer" = yes], [ROTOR_WERROR=-Werror])
AC_SUBST([ROTOR_WERROR])
])

dnl --enable-sanitizers=address,undefined | thread
AC_DEFUN([ROTOR_SANITIZERS], [
AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers=LIST], [build with address,undefined or thread])],
    [], [enable_sanitizers=no])
AS_IF([test "$enable_sanitizers" != no],
    [ROTOR_SANITIZE="-fsanitize=$enable_sanitizers -fno-omit-frame-pointer -fno-sanitize-recover=all"])
AC_SUBST([ROTOR_SANITIZE])
AM_CONDITIONAL([SANITIZERS], [test "$enable_sanitizers" != no])
])

dnl Adds $flag to ROTOR_CFLAGS, if the compiler takes it.
AC_DEFUN([ROTOR_APPEND_CFLAG], [
rotor_save_CFLAGS="$CFLAGS"
CFLAGS="$rotor_save_CFLAGS -Werror $flag"
AC_MSG_CHECKING([whether $CC takes $flag])
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); ROTOR_CFLAGS="$ROTOR_CFLAGS $flag"], [AC_MSG_RESULT([no])])
CFLAGS="$rotor_save_CFLAGS"
])

dnl Against what an error could be made of, whatever else is asked for; --disable-hardening.
dnl HARDEN_CFLAGS, in ROTOR_CFLAGS already, are for C++ too; HARDEN_LDFLAGS for all that is
dnl linked, HARDEN_PROGRAM_* for the executable.
AC_DEFUN([ROTOR_HARDENING], [
AC_ARG_ENABLE([hardening],
    [AS_HELP_STRING([--disable-hardening], [without stack protector, fortified functions, read-only relocations])],
    [], [enable_hardening=yes])
AS_IF([test "$enable_hardening" != no], [
	rotor_plain_CFLAGS="$ROTOR_CFLAGS"
	ROTOR_CFLAGS=
	for flag in -fstack-protector-strong -fstack-clash-protection -fcf-protection; do
		ROTOR_APPEND_CFLAG
	done
	AS_IF([test "$enable_sanitizers" = no], [
		flag="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"
		ROTOR_APPEND_CFLAG
	])
	HARDEN_CFLAGS="$ROTOR_CFLAGS"
	ROTOR_CFLAGS="$rotor_plain_CFLAGS$HARDEN_CFLAGS"
	HARDEN_LDFLAGS="-Wl,-z,relro -Wl,-z,now"
	HARDEN_PROGRAM_CFLAGS=-fPIE
	HARDEN_PROGRAM_LDFLAGS=-pie
])
AC_SUBST([HARDEN_LDFLAGS])
AC_SUBST([HARDEN_PROGRAM_CFLAGS])
AC_SUBST([HARDEN_PROGRAM_LDFLAGS])
AM_CONDITIONAL([HARDENING], [test "$enable_hardening:$enable_sanitizers" = yes:no])
])

dnl ROTOR_SYSTEM_DIR(NAME, WHAT): --with-NAME=DIR; without it the file goes to the examples.
AC_DEFUN([ROTOR_SYSTEM_DIR], [
AC_ARG_WITH([$1], [AS_HELP_STRING([--with-$1=DIR], [install $2 there, and not with the examples])],
    [], [AS_VAR_SET([with_$1], [no])])
AS_IF([test "$with_$1" = no || test "$with_$1" = yes], [AS_VAR_SET([$1], ['${docdir}/contrib/systemd'])],
    [AS_VAR_SET([$1], ["$with_$1"])])
AC_SUBST([$1])
])

dnl DL_LIBS: what dlopen() needs.
AC_DEFUN([AX_SEARCH_DL], [
rotor_save_LIBS="$LIBS"
AC_SEARCH_LIBS([dlopen], [dl], [], [AC_MSG_ERROR([dlopen() is missing])])
AS_IF([test "$ac_cv_search_dlopen" != "none required"], [DL_LIBS="$ac_cv_search_dlopen"])
LIBS="$rotor_save_LIBS"
AC_SUBST([DL_LIBS])
])
