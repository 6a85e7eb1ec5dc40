/* SPDX-License-Identifier: MIT */
/* http_check.c - what is wrong with the section http_server beyond its option table. */
#include "config.h"

#include "http_priv.h"

#include <rotor/check.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>

/* Serving clear text where TLS was asked for would be worse than not starting. */
static void
check_tls(struct rotor_check *chk, const struct http_conf *conf)
{
	const struct {
		const char	*key;
		int32_t		on;
	} wanted[] = {
		{ "http_server.tls.enabled", conf->tls.enabled },
		{ "http_server.internal_tls.enabled", conf->internal_tls.enabled },
		{ "http_server.tls_autocert.enabled", conf->autocert_enabled },
	};

	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		if (wanted[i].on)
			rotor_check_error(chk, wanted[i].key,
			    "this version serves no TLS: unset the key, and end TLS in front of it");
}

static void
check_port(struct rotor_check *chk, const char *key, const char *port)
{
	size_t digits = strspn(port, "0123456789");

	if (port[digits] != '\0' || digits > 5 || atoi(port) > 65535)
		rotor_check_error(chk, key, "expected a port from 0 to 65535, got \"%.40s\"", port);
}

/* 1 when `path` may become a socket: nothing stands there, or one that was left. */
static int
may_be_socket(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[sizeof((struct sockaddr_un *)0)->sun_path];
	struct stat st;

	if (lstat(path, &st) == 0)
		return S_ISSOCK(st.st_mode);
	(void)snprintf(dir, sizeof dir, "%.*s", slash > path ? (int)(slash - path) : 1,
	    slash != NULL ? path : ".");
	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
check_unix(struct rotor_check *chk, const char *key, const char *path)
{
	if (path[0] == '\0')
		return;
	if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
		rotor_check_error(chk, key, "expected a path of less than %zu bytes, got %zu",
		    sizeof((struct sockaddr_un *)0)->sun_path, strlen(path));
	else if (!may_be_socket(path))
		rotor_check_error(chk, key, "expected a path for a socket, in a folder that exists, got \"%s\"",
		    path);
}

int
http_unix_mode(const struct http_conf *conf)
{
	const char *s = conf->unix_socket_mode;
	size_t digits = strspn(s, "01234567");
	long mode = strtol(s, NULL, 8);

	return digits > 0 && digits <= 5 && s[digits] == '\0' && mode <= 0777 ? (int)mode : -1;
}

static void
check_exempt(struct rotor_check *chk, const struct rotor_strlist *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (!http_network_is_valid(list->v[i]))
			rotor_check_error(chk, "http_server.max_connections_exempt",
			    "expected an address or a network such as 10.0.0.0/8, got \"%.60s\"", list->v[i]);
}

void
http_check(struct rotor_check *chk)
{
	const struct http_conf *conf = rotor_check_conf(chk);

	check_tls(chk, conf);
	rotor_check_address(chk, "http_server.address", conf->address);
	rotor_check_address(chk, "http_server.internal_address", conf->internal_address);
	check_port(chk, "http_server.internal_port", conf->internal_port);
	check_exempt(chk, &conf->max_connections_exempt);
	check_unix(chk, "http_server.unix_socket", conf->unix_socket);
	check_unix(chk, "http_server.internal_unix_socket", conf->internal_unix_socket);
	if (http_unix_mode(conf) < 0)
		rotor_check_error(chk, "http_server.unix_socket_mode",
		    "expected permissions in octal, up to 0777, got \"%.40s\"", conf->unix_socket_mode);
}
