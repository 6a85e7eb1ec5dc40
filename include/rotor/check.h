/* SPDX-License-Identifier: MIT */
/*
 * rotor/check.h - what a module finds wrong with its configuration.
 *
 * The option table says what each value may be; check() of <rotor/module.h> says
 * what is wrong beyond that: two values that do not go together, a key that is none,
 * a path that somebody else has.
 *
 *	static void
 *	greet_check(struct rotor_check *chk)
 *	{
 *		const struct greet_conf *conf = rotor_check_conf(chk);
 *
 *		if (conf->shortest > conf->longest)
 *			rotor_check_error(chk, "greet.shortest",
 *			    "must not be above greet.longest");
 *	}
 *
 * It runs for `rotor checkconfig`, and before any load() when a server starts; no
 * worker runs, no other module is loaded.  It may read files and resolve names, but
 * must not change, open for others or keep anything.  Every problem is told with the
 * place where the value was set, so the text needs no name of a file or key; of a
 * secret it must not show the value.
 *
 * `path` is the option's in full: "http_server.port", "channel.namespaces[0].name".
 * Texts are copied.  All on the control thread, from check() only.
 */
#ifndef ROTOR_CHECK_H
#define ROTOR_CHECK_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rotor_check;		/* a look at one module's options; lent to check() */

/* The struct the module's option table filled; NULL when it has none. */
ROTOR_API const void *rotor_check_conf(const struct rotor_check *chk);
/* As rotor_server_conf_str() and rotor_server_conf_int(). */
ROTOR_API const char *rotor_check_server_str(const struct rotor_check *chk, const char *path);
ROTOR_API int64_t rotor_check_server_int(const struct rotor_check *chk, const char *path);

/* The server does not start with this; printf()-like, one line, without a full stop. */
ROTOR_API void rotor_check_error(struct rotor_check *chk, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* It starts, but somebody should look. */
ROTOR_API void rotor_check_warning(struct rotor_check *chk, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The module will serve `route` (<rotor/http.h>), as the option at `path` says: an error
 * when that is no path of less than 256 bytes, or when another module or option has it on the same listener
 * (ROTOR_HTTP_EXTERNAL, ROTOR_HTTP_INTERNAL). */
ROTOR_API void rotor_check_route(struct rotor_check *chk, const char *path, const char *route,
    uint32_t listeners);

/* The module will listen on `address`: an error unless that is empty (all of them), an
 * address in numbers, or a name that resolves. */
ROTOR_API void rotor_check_address(struct rotor_check *chk, const char *path, const char *address);

#ifdef __cplusplus
}
#endif

#endif
