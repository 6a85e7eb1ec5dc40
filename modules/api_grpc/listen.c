/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/listen.c - the listener: where, and why not. */
#include "config.h"

#include "api_grpc.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <grpc/grpc_security.h>
#include <rotor/log.h>

static int
fail(struct api_grpc *g, const char *what, const char *address, const char *why)
{
	ROTOR_LOG(g->log, ROTOR_LOG_ERROR, "api_grpc", what, ROTOR_F_STR("address", address),
	    ROTOR_F_STR("error", why));
	return -EADDRNOTAVAIL;
}

/* The library does not say why it cannot listen; a socket of our own does. */
static int
try_bind(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1, err = 0;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, 1) != 0)
		err = errno;
	(void)close(fd);
	return err;
}

int
listen_address(struct api_grpc *g, char *buf, size_t cap)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	const char *host = g->conf->address[0] != '\0' ? g->conf->address : "::";
	char port[16], numbers[NI_MAXHOST];
	struct addrinfo *ai;
	int err;

	(void)snprintf(port, sizeof port, "%u", (unsigned)g->conf->port);
	err = getaddrinfo(host, port, &hints, &ai);
	if (err != 0)
		return fail(g, "cannot resolve grpc_api.address", host, gai_strerror(err));
	err = getnameinfo(ai->ai_addr, ai->ai_addrlen, numbers, sizeof numbers, NULL, 0, NI_NUMERICHOST);
	(void)snprintf(buf, cap, strchr(numbers, ':') != NULL ? "[%s]:%s" : "%s:%s", numbers, port);
	if (err != 0)
		err = fail(g, "cannot use grpc_api.address", host, gai_strerror(err));
	else if ((err = try_bind(ai)) == EADDRNOTAVAIL && g->conf->address[0] == '\0')
		err = 0;	/* no IPv6 here: the library takes IPv4 */
	else if (err != 0)
		err = fail(g, "cannot listen", buf, strerror(err));
	freeaddrinfo(ai);
	return err;
}

int
listen_on(struct api_grpc *g, const char *address)
{
	grpc_server_credentials *creds = tls_credentials(&g->conf->tls);
	char text[LISTEN_ADDRESS_LEN + 64];
	int port = 0;

	if (creds != NULL)
		port = grpc_server_add_http2_port(g->server, address, creds);
	grpc_server_credentials_release(creds);
	if (port == 0)
		return fail(g, "cannot listen", address, creds != NULL ? "refused by the grpc library"
		    : "certificate or key refused by the grpc library");
	(void)snprintf(text, sizeof text, "serving gRPC API on %.*s:%d%s",
	    (int)(strrchr(address, ':') - address), address, port,
	    g->conf->tls.enabled ? " with TLS" : "");
	ROTOR_LOG(g->log, ROTOR_LOG_INFO, "api_grpc", text);
	return 0;
}
