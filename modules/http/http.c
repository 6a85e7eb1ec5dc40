/* SPDX-License-Identifier: MIT */
/*
 * http.c - the http module: serves the routes that other modules register.
 *
 * Each worker has its own listening sockets and connections; nothing is shared but the
 * configuration and the table of routes.
 */
#include "config.h"

#include "http_priv.h"

#include <stddef.h>

#define OFF(m)	offsetof(struct http_conf, m)

/* The keys of a TLS block; known, but there is no TLS yet. */
#define TLS_ROWS(key, m)								\
	{ key ".enabled", ROTOR_OPT_BOOL, 0, OFF(m.enabled), "false",			\
	    "Serve TLS; not available yet, and refused.", 0, 0, NULL, NULL },		\
	{ key ".cert_pem", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(m.cert_pem), NULL,	\
	    "Certificate chain of the server.", 0, 0, NULL, NULL },			\
	{ key ".key_pem", ROTOR_OPT_SECRET, ROTOR_OPT_F_NOEFFECT, OFF(m.key_pem), NULL,	\
	    "Private key of the certificate.", 0, 0, NULL, NULL },			\
	{ key ".server_ca_pem", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(m.server_ca_pem), NULL, \
	    "Certificate authorities to trust for servers.", 0, 0, NULL, NULL },	\
	{ key ".client_ca_pem", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(m.client_ca_pem), NULL, \
	    "Certificate authorities of clients; set: clients need a certificate.",	\
	    0, 0, NULL, NULL },								\
	{ key ".insecure_skip_verify", ROTOR_OPT_BOOL, ROTOR_OPT_F_NOEFFECT,		\
	    OFF(m.insecure_skip_verify), "false", "Do not verify the peer.", 0, 0, NULL, NULL }, \
	{ key ".server_name", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(m.server_name), NULL, \
	    "Name to verify.", 0, 0, NULL, NULL }

static const struct rotor_option rows[] = {
	{ "address", ROTOR_OPT_STR, 0, OFF(address), "",
	    "Address to listen on; empty: all of them.", 0, 0, NULL, NULL },
	{ "port", ROTOR_OPT_INT, ROTOR_OPT_F_ZERO_OK, OFF(port), "8000",
	    "Port to listen on; 0: one that the system picks, and the log names.", 0, 65535, NULL, NULL },
	{ "internal_address", ROTOR_OPT_STR, 0, OFF(internal_address), "",
	    "Address of the internal endpoints; empty: `address`.", 0, 0, NULL, NULL },
	{ "internal_port", ROTOR_OPT_STR, 0, OFF(internal_port), "",
	    "Port of the internal endpoints; empty: `port`.", 0, 0, NULL, NULL },
	{ "unix_socket", ROTOR_OPT_STR, 0, OFF(unix_socket), "",
	    "Path of a unix socket that serves the same as `address` and `port`.", 0, 0, NULL, NULL },
	{ "internal_unix_socket", ROTOR_OPT_STR, 0, OFF(internal_unix_socket), "",
	    "Path of a unix socket for the internal endpoints, which the external listeners then "
	    "no longer serve.", 0, 0, NULL, NULL },
	{ "unix_socket_mode", ROTOR_OPT_STR, 0, OFF(unix_socket_mode), "0660",
	    "Permissions of the unix sockets, in octal.", 0, 0, NULL, NULL },
	TLS_ROWS("tls", tls),
	{ "tls_external", ROTOR_OPT_BOOL, ROTOR_OPT_F_NOEFFECT, OFF(tls_external), "false",
	    "TLS on the external listener only.", 0, 0, NULL, NULL },
	TLS_ROWS("internal_tls", internal_tls),
	{ "tls_autocert.enabled", ROTOR_OPT_BOOL, 0, OFF(autocert_enabled), "false",
	    "Get certificates by ACME; not available yet, and refused.", 0, 0, NULL, NULL },
	{ "tls_autocert.host_whitelist", ROTOR_OPT_STRLIST, ROTOR_OPT_F_NOEFFECT,
	    OFF(autocert_host_whitelist), NULL, "Host names to get certificates for.", 0, 0, NULL, NULL },
	{ "tls_autocert.cache_dir", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(autocert_cache_dir), "",
	    "Directory that keeps the certificates.", 0, 0, NULL, NULL },
	{ "tls_autocert.email", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(autocert_email), "",
	    "Mail address of the ACME account.", 0, 0, NULL, NULL },
	{ "tls_autocert.server_name", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(autocert_server_name), "",
	    "Server name assumed when a client sends none.", 0, 0, NULL, NULL },
	{ "tls_autocert.http", ROTOR_OPT_BOOL, ROTOR_OPT_F_NOEFFECT, OFF(autocert_http), "false",
	    "Serve http-01 challenges.", 0, 0, NULL, NULL },
	{ "tls_autocert.http_addr", ROTOR_OPT_STR, ROTOR_OPT_F_NOEFFECT, OFF(autocert_http_addr), ":80",
	    "Listener of the http-01 challenges.", 0, 0, NULL, NULL },
	{ "http3.enabled", ROTOR_OPT_BOOL, ROTOR_OPT_F_NOEFFECT, OFF(http3_enabled), "false",
	    "Serve HTTP/3.", 0, 0, NULL, NULL },
	{ "io_uring", ROTOR_OPT_BOOL, 0, OFF(io_uring), "true",
	    "Send to many connections in one system call, where the kernel allows it.", 0, 0, NULL, NULL },
	{ "max_header_size", ROTOR_OPT_INT, 0, OFF(max_header_size), "131072",
	    "Bytes that the request line and the headers of a request may have; more is answered 431.",
	    1024, 16777216, NULL, NULL },
	{ "held_max_size", ROTOR_OPT_INT, ROTOR_OPT_F_ZERO_OK, OFF(held_max_size), "67108864",
	    "Bytes of heads and frames that have not arrived whole, of all connections together; "
	    "beyond, whoever has kept the server waiting longest is dropped. 0: no limit.",
	    0, INT64_C(1) << 40, NULL, NULL },
	{ "idle_timeout", ROTOR_OPT_DURATION, ROTOR_OPT_F_ZERO_OK, OFF(idle_timeout_ms), "620s",
	    "Time a connection is kept between two requests; longer than a proxy in front keeps it. 0: "
	    "for ever.", 0, 0, NULL, NULL },
	{ "max_connections_per_address", ROTOR_OPT_INT, 0, OFF(max_connections_per_address), "0",
	    "Connections that an IPv4 address, or a /64 of IPv6, may have open; more are closed at once. "
	    "0: any number. Behind a proxy all have its address: name it in `max_connections_exempt`.",
	    0, INT32_MAX, NULL, NULL },
	{ "max_connections_exempt", ROTOR_OPT_STRLIST, 0, OFF(max_connections_exempt), NULL,
	    "Addresses and networks, as 10.0.0.0/8, to which `max_connections_per_address` does not apply.",
	    0, 0, NULL, NULL },
	{ "h2c_external", ROTOR_OPT_BOOL, ROTOR_OPT_F_NOEFFECT, OFF(h2c_external), "false",
	    "Serve clear-text HTTP/2 on the external listener.", 0, 0, NULL, NULL },
};

static const struct rotor_option_table options =
    ROTOR_OPTION_TABLE("http_server", rows, struct http_conf);

static void
http_unload(void *ctx)
{
	struct http *h = ctx;

	if (h == NULL)
		return;
	free(h->workers);
	http_peers_free(&h->peers);
	http_routes_fini(&h->routes);
	free(h);
}

static rotor_metric_id
metric(struct rotor_server *srv, uint32_t type, const char *name, const char *help)
{
	return rotor_metric_child(rotor_metric_register(srv, type, "http", name, help, "", NULL, 0), NULL);
}

static void
worker_init(struct http_worker *hw, struct http *h)
{
	hw->http = h;
	for (int i = 0; i < N_LISTS; i++)
		TAILQ_INIT(&hw->lists[i]);
	rotor_job_init(&hw->turns, "http: requests of a connection", http_take_turns, hw);
}

static int
make_workers(struct http *h)
{
	struct rotor_server *srv = rotor_instance_server(h->inst);
	rotor_metric_id conns, held, unsent, refused;
	uint32_t i;

	conns = metric(srv, ROTOR_GAUGE, "connections", "Open connections, WebSockets included.");
	held = metric(srv, ROTOR_GAUGE, "held_bytes",
	    "Bytes held of requests and frames that have not arrived whole.");
	unsent = metric(srv, ROTOR_GAUGE, "unsent_bytes",
	    "Bytes held because the kernel does not take them: peers read slowly.");
	refused = metric(srv, ROTOR_COUNTER, "connections_refused",
	    "Connections refused because their address had too many.");
	h->n_workers = rotor_server_workers(srv);
	h->workers = calloc(h->n_workers, sizeof h->workers[0]);
	if (h->workers == NULL)
		return -ENOMEM;
	for (i = 0; i < h->n_workers; i++) {
		worker_init(&h->workers[i], h);
		h->workers[i].n_conns = conns;
		h->workers[i].n_held = held;
		h->workers[i].n_unsent = unsent;
		h->workers[i].hoard_max = (uint64_t)(h->conf->held_max_size + h->n_workers - 1) / h->n_workers;
		h->workers[i].n_refused = refused;
	}
	return 0;
}

static int
make_peers(struct http *h)
{
	const struct http_conf *conf = h->conf;

	if (conf->max_connections_per_address == 0)
		return 0;
	h->peers = http_peers_new(conf->max_connections_per_address, &conf->max_connections_exempt);
	return h->peers != NULL ? 0 : -ENOMEM;
}

static int
http_load(struct rotor_instance *inst, void **ret_ctx)
{
	struct http *h = calloc(1, sizeof *h);
	int ret;

	if (h == NULL)
		return -ENOMEM;
	h->inst = inst;
	h->log = rotor_instance_log(inst);
	h->conf = rotor_instance_conf(inst);
	if ((ret = make_peers(h)) != 0 || (ret = make_workers(h)) != 0) {
		http_unload(h);
		return ret;
	}
	*ret_ctx = h;
	return ROTOR_OK;
}

static int
http_worker_start(void *ctx, struct rotor_worker *w)
{
	struct http *h = ctx;
	struct http_worker *hw;

	if (rotor_worker_index(w) >= h->n_workers)
		return ROTOR_OK;	/* the control thread */
	hw = &h->workers[rotor_worker_index(w)];
	hw->worker = w;
	hw->sweep = rotor_timer_new(w, http_sweep, hw);
	hw->socks = socks_new(w, &http_conn_handler, hw, h->conf->io_uring, hw->n_unsent);
	if (h->conf->io_uring && rotor_worker_index(w) == 0 && hw->socks != NULL && !socks_gather(hw->socks))
		ROTOR_LOG(h->log, ROTOR_LOG_INFO, "http",
		    "io_uring is not available here: connections are written to one by one");
	return hw->sweep != NULL && hw->socks != NULL ? ROTOR_OK : -ENOMEM;
}

static void
http_worker_stop(void *ctx, struct rotor_worker *w)
{
	struct http *h = ctx;
	struct http_worker *hw;

	if (rotor_worker_index(w) >= h->n_workers)
		return;
	hw = &h->workers[rotor_worker_index(w)];
	http_accepts_close(hw);
	socks_free(&hw->socks);
	rotor_job_cancel(&hw->turns);
	rotor_timer_free(&hw->sweep);
	http_compressor_free(hw);
	hw->worker = NULL;
}

static int
http_start(void *ctx)
{
	struct http *h = ctx;
	int ret;

	if ((ret = http_routes_load(&h->routes, h->inst)) != 0)
		return ret;
	return http_listen(h);
}

static void
http_stop(void *ctx)
{
	http_unlisten(ctx);
}

ROTOR_MODULE_DEFINE(http,
    .summary = "HTTP/1.1 and WebSocket server for the endpoints of other modules",
    .provides = "server:http",
    .options = &options,
    .load = http_load,
    .start = http_start,
    .stop = http_stop,
    .unload = http_unload,
    .worker_start = http_worker_start,
    .worker_stop = http_worker_stop,
    .check = http_check);
