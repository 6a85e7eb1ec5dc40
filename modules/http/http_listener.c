/* SPDX-License-Identifier: MIT */
/*
 * http_listener.c - listening sockets and the accept loop.
 *
 * TCP: one socket a worker on the same address (SO_REUSEPORT), so that the kernel
 * spreads connections without a lock.  Unix sockets cannot be shared in that way:
 * all workers watch one.  All are opened on the control thread, where an error can
 * still stop the start.
 */
#include "config.h"

#include "http_priv.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG		4096
#define ACCEPT_BATCH	64		/* before other sockets get their turn */
#define FULL_PAUSE_MS	200u		/* when the process has no descriptors left */
/* What the kernel takes beyond what the peer's window has room for.  Without it a peer that
 * does not read costs megabytes beside the queue that client.queue_max_size is for; what is
 * under way, and thus the throughput, is not touched. */
#define NOTSENT_MAX	(64 * 1024)
#define NAME_MAX_LEN	256u

/* An address served. */
struct http_listener {
	struct http_listener	*next;
	uint32_t		flags;		/* ROTOR_HTTP_EXTERNAL and/or _INTERNAL */
	const char		*unix_path;	/* NULL: TCP */
	char			name[NAME_MAX_LEN];	/* for the log: "127.0.0.1:8000" */
	int			fds[];		/* one a worker; -1: none, or given to its worker */
};

/* Its socket on one worker, which owns it. */
struct http_accept {
	struct http_accept	*next;
	struct http_worker	*hw;
	uint32_t		flags;
	int			fd;
	struct rotor_watch	*watch;
	struct rotor_timer	*resume;	/* tries again during a shortage; NULL: there never was one */
	uint64_t		short_since_ms;	/* 0: nothing is short */
};

static void on_resume(struct rotor_worker *w, void *priv);

/*
 * Accepting: the worker's thread
 */
static void
peer_of(const struct sockaddr_storage *ss, struct http_peer *peer)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;

	memset(peer, 0, sizeof *peer);
	peer->family = ss->ss_family;
	if (ss->ss_family == AF_INET) {
		peer->port = ntohs(in4->sin_port);
		memcpy(peer->addr, &in4->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		peer->port = ntohs(in6->sin6_port);
		memcpy(peer->addr, &in6->sin6_addr, 16);
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
			peer->family = AF_INET;
			memmove(peer->addr, peer->addr + 12, 4);
		}
	}
}

/* Connections wait in the kernel until descriptors or memory are free again. */
static void
shortage(struct http_accept *a, int err)
{
	uint64_t now_ms = rotor_worker_now_ms(a->hw->worker);

	if (a->short_since_ms == 0) {
		ROTOR_LOG_LIMITED(a->hw->http->log, ROTOR_LOG_WARN, "http", "cannot accept connections for now",
		    ROTOR_F_STR("error", strerror(err)));
		a->short_since_ms = now_ms > 0 ? now_ms : 1;
	}
	if (a->resume == NULL && (a->resume = rotor_timer_new(a->hw->worker, on_resume, a)) == NULL)
		return;
	(void)rotor_watch_set(a->watch, 0);
	rotor_timer_set(a->resume, FULL_PAUSE_MS);
}

/* All that waited have been accepted. */
static void
shortage_over(struct http_accept *a)
{
	if (a->short_since_ms == 0)
		return;
	ROTOR_LOG_LIMITED(a->hw->http->log, ROTOR_LOG_INFO, "http", "accepting connections again",
	    ROTOR_F_INT("ms", rotor_worker_now_ms(a->hw->worker) - a->short_since_ms));
	a->short_since_ms = 0;
}

static int
is_shortage(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static void
accept_some(struct http_accept *a)
{
	struct sockaddr_storage ss;
	struct http_origin from = { .listener = a->flags };
	socklen_t len;
	int i, conn;

	for (i = 0; i < ACCEPT_BATCH; i++) {
		len = sizeof ss;
		ss.ss_family = AF_UNSPEC;
		conn = accept4(a->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (conn < 0) {
			if (is_shortage(errno))
				shortage(a, errno);
			else if (errno == EAGAIN)
				shortage_over(a);
			return;
		}
		peer_of(&ss, &from.peer);
		sock_adopt(a->hw->socks, conn, &from);
	}
}

static void
on_acceptable(struct rotor_worker *w, int fd, uint32_t events, void *priv)
{
	(void)w;
	(void)fd;
	(void)events;
	accept_some(priv);
}

static void
on_resume(struct rotor_worker *w, void *priv)
{
	struct http_accept *a = priv;

	(void)w;
	(void)rotor_watch_set(a->watch, ROTOR_READ);
	accept_some(a);
}

static void
accept_close(struct http_accept **ap)
{
	struct http_accept *a = *ap;

	*ap = a->next;
	rotor_timer_free(&a->resume);
	rotor_watch_free(&a->watch);
	close(a->fd);
	free(a);
}

void
http_accepts_close(struct http_worker *hw)
{
	while (hw->accepts != NULL)
		accept_close(&hw->accepts);
}

static void
task_start(struct rotor_worker *w, void *priv)
{
	struct http_accept *a = priv;
	struct http_worker *hw = a->hw;

	a->next = hw->accepts;
	hw->accepts = a;
	a->watch = rotor_watch_new(w, a->fd, ROTOR_READ, on_acceptable, a);
	if (a->watch == NULL) {
		ROTOR_LOG(hw->http->log, ROTOR_LOG_ERROR, "http", "cannot watch a listening socket");
		accept_close(&hw->accepts);
	}
}

static void
task_stop(struct rotor_worker *w, void *priv)
{
	(void)w;
	http_accepts_close(priv);
}

/*
 * Opening: the control thread
 */
static int
fail(struct http *h, const char *name, const char *what, int err)
{
	ROTOR_LOG(h->log, ROTOR_LOG_ERROR, "http", what,
	    ROTOR_F_STR("address", name), ROTOR_F_STR("error", strerror(err)));
	return -err;
}

static void
listener_free(struct http *h, struct http_listener *l)
{
	uint32_t i;

	for (i = 0; i < h->n_workers; i++)
		if (l->fds[i] >= 0)
			close(l->fds[i]);
	if (l->unix_path != NULL)
		(void)unlink(l->unix_path);
	free(l);
}

/* An empty listener at the end of the list, or NULL. */
static struct http_listener *
listener_new(struct http *h, uint32_t flags)
{
	struct http_listener *l = calloc(1, sizeof *l + h->n_workers * sizeof l->fds[0]), **at;
	uint32_t i;

	if (l == NULL)
		return NULL;
	l->flags = flags;
	for (i = 0; i < h->n_workers; i++)
		l->fds[i] = -1;
	for (at = &h->listeners; *at != NULL; at = &(*at)->next)
		;
	*at = l;
	return l;
}

static void
set_flag(int fd, int level, int option, int on)
{
	(void)setsockopt(fd, level, option, &on, sizeof on);
}

/*
 * A bound socket, or -errno.  SO_REUSEPORT is set on the first socket only after
 * it is bound: bind() then still fails when another process has the port.
 */
static int
tcp_bind(const struct sockaddr *sa, socklen_t len, int first)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	set_flag(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* Accepted sockets inherit both. */
	set_flag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_flag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_MAX);
	if (sa->sa_family == AF_INET6)
		set_flag(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    !IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)sa)->sin6_addr));
	if (!first)
		set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, sa, len) != 0) {
		err = -errno;
		close(fd);
		return err;
	}
	set_flag(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	return fd;
}

/* Binds a socket for each worker; the first decides the port. */
static int
tcp_open(struct http *h, struct http_listener *l, const struct sockaddr *sa, socklen_t len,
    struct sockaddr_storage *ret_bound)
{
	socklen_t n = sizeof *ret_bound;
	uint32_t i;
	int fd;

	for (i = 0; i < h->n_workers; i++) {
		fd = i == 0 ? tcp_bind(sa, len, 1) : tcp_bind((struct sockaddr *)ret_bound, n, 0);
		if (fd < 0)
			return fd;
		l->fds[i] = fd;
		if (i == 0 && getsockname(fd, (struct sockaddr *)ret_bound, &n) != 0)
			return -errno;
	}
	for (i = 0; i < h->n_workers; i++)
		if (listen(l->fds[i], BACKLOG) != 0)
			return -errno;
	return 0;
}

/* "127.0.0.1:8000", or ":8000" where no address was asked for. */
static void
tcp_name(struct http_listener *l, const char *address, const struct sockaddr *sa)
{
	struct sockaddr_storage ss = { .ss_family = sa->sa_family };
	char text[PEER_TEXT_MAX];
	struct http_peer at;

	memcpy(&ss, sa, sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	peer_of(&ss, &at);
	(void)conn_peer_text(&at, text);
	if (address[0] == '\0')
		(void)snprintf(l->name, sizeof l->name, ":%u", (unsigned)at.port);
	else
		(void)snprintf(l->name, sizeof l->name, "%s", text);
}

/* 0, or -errno; *port is what the kernel chose where it was 0. */
static int
tcp_listen_on(struct http *h, const char *address, const struct addrinfo *ai, in_port_t *port, uint32_t flags)
{
	struct http_listener *l = listener_new(h, flags);
	struct sockaddr_storage bound = { 0 };
	in_port_t *at;
	int ret;

	if (l == NULL)
		return -ENOMEM;
	at = ai->ai_family == AF_INET6 ? &((struct sockaddr_in6 *)ai->ai_addr)->sin6_port
	    : &((struct sockaddr_in *)ai->ai_addr)->sin_port;
	*at = *port;
	tcp_name(l, address, ai->ai_addr);
	if ((ret = tcp_open(h, l, ai->ai_addr, ai->ai_addrlen, &bound)) != 0)
		return ret;
	*port = bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
	    : ((struct sockaddr_in *)&bound)->sin_port;
	tcp_name(l, address, (struct sockaddr *)&bound);
	return 0;
}

/* Whether an address is in the list before `ai`: /etc/hosts may have one twice. */
static int
is_again(const struct addrinfo *first, const struct addrinfo *ai)
{
	for (; first != ai; first = first->ai_next)
		if (first->ai_addrlen == ai->ai_addrlen &&
		    memcmp(first->ai_addr, ai->ai_addr, ai->ai_addrlen) == 0)
			return 1;
	return 0;
}

/* The listener that was made last. */
static struct http_listener **
last_listener(struct http *h)
{
	struct http_listener **at = &h->listeners;

	while (*at != NULL && (*at)->next != NULL)
		at = &(*at)->next;
	return at;
}

/*
 * All the addresses that a name has.  Those of a family or an interface that is not here,
 * as ::1 of "localhost" where IPv6 is off, are left out as long as there is another.
 */
static int
tcp_listen_all(struct http *h, const char *address, const struct addrinfo *all, in_port_t port, uint32_t flags)
{
	struct http_listener **last;
	const struct addrinfo *ai;
	int ret = -EADDRNOTAVAIL, n = 0;

	for (ai = all; ai != NULL; ai = ai->ai_next) {
		if (is_again(all, ai))
			continue;
		ret = tcp_listen_on(h, address, ai, &port, flags);
		n += ret == 0;
		last = last_listener(h);
		if (ret == 0 || *last == NULL)
			continue;
		if (all->ai_next == NULL || (ret != -EADDRNOTAVAIL && ret != -EAFNOSUPPORT))
			return fail(h, (*last)->name, "cannot listen", -ret);
		ROTOR_LOG(h->log, ROTOR_LOG_WARN, "http", "cannot listen on one address of a name",
		    ROTOR_F_STR("address", (*last)->name), ROTOR_F_STR("name", address),
		    ROTOR_F_STR("error", strerror(-ret)));
		listener_free(h, *last);
		*last = NULL;
	}
	return n > 0 ? 0 : fail(h, address, "cannot listen", -ret);
}

/* No address is all of them: [::] takes IPv4 too where there is IPv6. */
static int
tcp_listen_any(struct http *h, in_port_t port, uint32_t flags)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT };
	struct sockaddr_in any4 = { .sin_family = AF_INET };
	struct addrinfo four = { .ai_family = AF_INET, .ai_addr = (struct sockaddr *)&any4,
	    .ai_addrlen = sizeof any4 };
	struct addrinfo six = { .ai_family = AF_INET6, .ai_addr = (struct sockaddr *)&any6,
	    .ai_addrlen = sizeof any6 };
	struct http_listener **last;
	int ret = tcp_listen_on(h, "", &six, &port, flags);

	if (ret == -EAFNOSUPPORT) {
		last = last_listener(h);
		listener_free(h, *last);
		*last = NULL;
		ret = tcp_listen_on(h, "", &four, &port, flags);
	}
	return ret == 0 ? 0 : fail(h, (*last_listener(h))->name, "cannot listen", -ret);
}

static int
tcp_listen(struct http *h, const char *address, const char *port, uint32_t flags)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	in_port_t number = htons((uint16_t)atoi(port));
	struct addrinfo *all = NULL;
	int ret;

	if (address[0] == '\0')
		return tcp_listen_any(h, number, flags);
	if ((ret = getaddrinfo(address, NULL, &hints, &all)) != 0) {
		ROTOR_LOG(h->log, ROTOR_LOG_ERROR, "http", "cannot resolve the listen address",
		    ROTOR_F_STR("address", address), ROTOR_F_STR("error", gai_strerror(ret)));
		return -EADDRNOTAVAIL;
	}
	ret = tcp_listen_all(h, address, all, number, flags);
	freeaddrinfo(all);
	return ret;
}

/* 1 when a server answers on this unix socket. */
static int
unix_in_use(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), used;

	if (fd < 0)
		return 0;
	used = connect(fd, (const struct sockaddr *)un, sizeof *un) == 0 || errno == EAGAIN;
	close(fd);
	return used;
}

/* A bound, listening socket, or -errno.  A file that a dead server left behind is
 * replaced, anything else is not. */
static int
unix_bind(const struct sockaddr_un *un, mode_t mode)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(un->sun_path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode) || unix_in_use(un))
			return -EADDRINUSE;
		(void)unlink(un->sun_path);
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)un, sizeof *un) != 0)
		err = errno;
	else if (chmod(un->sun_path, mode) != 0 || listen(fd, BACKLOG) != 0)
		err = errno;
	if (err != 0)
		close(fd);
	return err != 0 ? -err : fd;
}

static int
unix_listen(struct http *h, const char *path, uint32_t flags)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct http_listener *l = listener_new(h, flags);
	uint32_t i;
	int fd;

	if (l == NULL)
		return -ENOMEM;
	(void)snprintf(l->name, sizeof l->name, "unix:%s", path);
	(void)snprintf(un.sun_path, sizeof un.sun_path, "%s", path);	/* http_check(): it fits */
	if ((fd = unix_bind(&un, (mode_t)http_unix_mode(h->conf))) < 0)
		return fail(h, l->name, "cannot listen", -fd);
	l->unix_path = path;
	l->fds[0] = fd;
	for (i = 1; i < h->n_workers; i++)
		if ((l->fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0)
			return fail(h, l->name, "cannot listen", errno);
	return 0;
}

/* Gives each worker its socket, and says what is served where. */
static int
listener_start(struct http *h, struct http_listener *l)
{
	char labels[256], text[640];
	struct http_accept *a;
	uint32_t i;

	for (i = 0; i < h->n_workers; i++) {
		if ((a = calloc(1, sizeof *a)) == NULL)
			return -ENOMEM;
		a->hw = &h->workers[i];
		a->flags = l->flags;
		a->fd = l->fds[i];
		if (rotor_worker_post(a->hw->worker, task_start, a) != ROTOR_OK) {
			free(a);
			return -ENOMEM;
		}
		l->fds[i] = -1;
	}
	http_routes_labels(&h->routes, l->flags, labels, sizeof labels);
	(void)snprintf(text, sizeof text, "serving %s endpoints on %s", labels[0] != '\0' ? labels : "no",
	    l->name);
	ROTOR_LOG(h->log, ROTOR_LOG_INFO, "http", text);
	return 0;
}

/*
 * What the options ask for.  An internal address of its own, be it TCP or a unix
 * socket, takes the internal endpoints off the external listeners.
 */
static int
open_all(struct http *h)
{
	const struct http_conf *cf = h->conf;
	const char *in_address = cf->internal_address[0] != '\0' ? cf->internal_address : cf->address;
	char port[24];
	const char *in_port = cf->internal_port[0] != '\0' ? cf->internal_port : port;
	uint32_t external = ROTOR_HTTP_EXTERNAL;
	int apart, ret;

	(void)snprintf(port, sizeof port, "%lld", (long long)cf->port);
	apart = strcmp(in_address, cf->address) != 0 || strcmp(in_port, port) != 0;
	if (!apart && cf->internal_unix_socket[0] == '\0')
		external |= ROTOR_HTTP_INTERNAL;
	if ((ret = tcp_listen(h, cf->address, port, external)) != 0)
		return ret;
	if (cf->unix_socket[0] != '\0' && (ret = unix_listen(h, cf->unix_socket, external)) != 0)
		return ret;
	if (apart && (ret = tcp_listen(h, in_address, in_port, ROTOR_HTTP_INTERNAL)) != 0)
		return ret;
	if (cf->internal_unix_socket[0] != '\0')
		return unix_listen(h, cf->internal_unix_socket, ROTOR_HTTP_INTERNAL);
	return 0;
}

int
http_listen(struct http *h)
{
	struct http_listener *l;
	int ret = open_all(h);

	for (l = h->listeners; ret == 0 && l != NULL; l = l->next)
		ret = listener_start(h, l);
	if (ret != 0)
		http_unlisten(h);
	return ret;
}

void
http_unlisten(struct http *h)
{
	struct http_listener *l;
	uint32_t i;

	for (i = 0; i < h->n_workers; i++)
		if (h->workers[i].worker != NULL)
			(void)rotor_worker_post(h->workers[i].worker, task_stop, &h->workers[i]);
	while ((l = h->listeners) != NULL) {
		h->listeners = l->next;
		listener_free(h, l);
	}
}
