/* SPDX-License-Identifier: MIT */
/* http_upgrade.c - the WebSocket handshake (RFC 6455 4.2). */
#include "config.h"

#include "http_priv.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>

#include <rotor/str.h>

#include "http_offer.h"

#define KEY_LEN		24u	/* base64 of 16 bytes */
#define ACCEPT_LEN	28u	/* base64 of a SHA-1 */

static const struct rotor_http_header version_field = { "Sec-Websocket-Version", "13" };

static int
is_key(struct rotor_str key)
{
	unsigned char raw[KEY_LEN];

	/* 18 with the two bytes that the padding stands for. */
	return key.len == KEY_LEN && key.p[KEY_LEN - 3] != '=' && rotor_str_ends(key, "==") &&
	    EVP_DecodeBlock(raw, (const unsigned char *)key.p, KEY_LEN) == 18;
}

/* Why a handshake is refused: for whoever looks for it, a proxy's operator most of the time. */
struct fault {
	uint32_t	status;
	const char	*text;
};

#define PASS_ON	"; a proxy in front has to speak HTTP/1.1 (nginx: proxy_http_version 1.1) and to pass " \
	"on the Upgrade and Connection headers\n"

static const struct fault
    no_upgrade = { 400, "Bad Request: a WebSocket handshake without \"Upgrade: websocket\"" PASS_ON },
    no_connection = { 400, "Bad Request: a WebSocket handshake without \"Connection: Upgrade\"" PASS_ON },
    no_get = { 405, "Method Not Allowed: a WebSocket handshake is a GET\n" },
    has_body = { 400, "Bad Request: a WebSocket handshake has no body\n" },
    bad_version = { 400, "Bad Request: Sec-WebSocket-Version is not 13\n" },
    bad_key = { 400, "Bad Request: Sec-WebSocket-Key is not the base64 of 16 bytes\n" };

/*
 * NULL: it is one.  HTTP/1.0 is let pass, as the reference does it: that is how nginx sends
 * on what HTTP/1.1 brought, unless it is told otherwise.
 */
static const struct fault *
check_handshake(const struct http_request *r)
{
	struct rotor_str f = r->head.fields;

	if (!http_fields_have(f, "upgrade", "websocket"))
		return &no_upgrade;
	if (!http_fields_have(f, "connection", "upgrade"))
		return &no_connection;
	if (r->head.method != ROTOR_HTTP_GET)
		return &no_get;
	if (r->body.len > 0)
		return &has_body;
	if (!http_fields_have(f, "sec-websocket-version", "13"))
		return &bad_version;
	return is_key(http_field(f, "sec-websocket-key")) ? NULL : &bad_key;
}

/* The first subprotocol offered that `supported` names, or an empty slice. */
static struct rotor_str
choose_subprotocol(struct rotor_str fields, const char *supported)
{
	struct rotor_str n, v, el;
	size_t pos = 0;

	if (supported == NULL || supported[0] == '\0')
		return (struct rotor_str){ NULL, 0 };
	while (http_field_next(fields, &pos, &n, &v)) {
		if (!rotor_str_is_nocase(n, "sec-websocket-protocol"))
			continue;
		while (http_list_next(&v, ',', &el)) {
			struct rotor_str ours = rotor_str_of(supported), name;

			while (http_list_next(&ours, ',', &name))
				if (rotor_str_eq(name, el))
					return name;
		}
	}
	return (struct rotor_str){ NULL, 0 };
}

/* Window bits for permessage-deflate, or 0: not offered, not wanted. */
static uint32_t
choose_deflate(struct http_request *r, const struct rotor_ws_handler *h, int *ret_say)
{
	struct rotor_str n, v;
	uint32_t bits = 0;
	size_t pos = 0;

	if (!h->deflate)
		return 0;
	while (bits == 0 && http_field_next(r->head.fields, &pos, &n, &v))
		if (rotor_str_is_nocase(n, "sec-websocket-extensions"))
			bits = offer_choose(v, ret_say);
	return bits != 0 && http_compressor_ready(r->conn->hw) ? bits : 0;
}

static void
accept_key(struct rotor_str key, char ret[ACCEPT_LEN + 1])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";	/* RFC 6455 1.3 */
	unsigned char text[KEY_LEN + sizeof guid - 1], sha[SHA_DIGEST_LENGTH];

	memcpy(text, key.p, KEY_LEN);
	memcpy(text + KEY_LEN, guid, sizeof guid - 1);
	SHA1(text, sizeof text, sha);
	EVP_EncodeBlock((unsigned char *)ret, sha, sizeof sha);
}

static int
send_switch(struct http_request *r, struct rotor_str subprotocol, uint32_t bits, int say_bits)
{
	char key[ACCEPT_LEN + 1], text[512], window[40] = "";
	int n;

	accept_key(http_field(r->head.fields, "sec-websocket-key"), key);
	if (bits != 0 && say_bits)
		(void)snprintf(window, sizeof window, "; server_max_window_bits=%u", (unsigned)bits);
	n = snprintf(text, sizeof text,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n%s%.*s%s%s%s%s\r\n", key,
	    subprotocol.len > 0 ? "Sec-WebSocket-Protocol: " : "",
	    (int)subprotocol.len, subprotocol.len > 0 ? subprotocol.p : "",
	    subprotocol.len > 0 ? "\r\n" : "",
	    bits != 0 ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
	    "client_no_context_takeover" : "", window, bits != 0 ? "\r\n" : "");
	if (n < 0 || (size_t)n >= sizeof text)
		return -EINVAL;
	return conn_write(r->conn, text, (size_t)n);
}

static void
upgrade(struct http_request *r, const struct rotor_ws_handler *h)
{
	struct rotor_str sub = choose_subprotocol(r->head.fields, h->subprotocols);
	struct http_conn *c = r->conn;
	struct http_ws_params params;
	int say_bits = 0;

	params.window_bits = choose_deflate(r, h, &say_bits);
	c->req = NULL;
	if (send_switch(r, sub, params.window_bits, say_bits) != 0 ||
	    (c->ws = http_ws_new(c, h, &params)) == NULL) {
		conn_drop(c);
	} else {
		c->mode = CONN_WS;
		http_ws_open(c->ws, r, sub);
	}
	http_request_free(r);
}

/* Asks for no upgrade, and did not before a proxy took it away. */
static int
is_plain(const struct http_request *r)
{
	return !http_fields_have(r->head.fields, "upgrade", "websocket") &&
	    http_field(r->head.fields, "sec-websocket-key").len == 0;
}

static void
refuse_handshake(struct http_request *r, uint32_t status, const char *text)
{
	/* Too many connections is said without a body. */
	if (status == 503)
		http_request_text(r, status, "", NULL);
	else
		http_request_text(r, status, text, &version_field);
}

static void
log_fault(const struct http_request *r, const struct fault *fault)
{
	struct rotor_str why = { fault->text, strlen(fault->text) - 1 };	/* without the line end */

	ROTOR_LOG_LIMITED(r->conn->hw->http->log, ROTOR_LOG_INFO, "http", "websocket handshake refused",
	    ROTOR_F_SLICE("path", r->pub.path), ROTOR_F_INT("status", fault->status),
	    ROTOR_F_SLICE("why", why), ROTOR_F_SLICE("address", r->pub.remote_addr));
}

void
http_upgrade(struct http_request *r)
{
	const struct http_route *route = r->route;
	const struct rotor_ws_handler *h = route->pub.ws;
	const struct fault *fault = check_handshake(r);
	uint32_t refusal;
	char text[64];

	if (fault != NULL && route->pub.handle != NULL && is_plain(r)) {
		http_request_handle(r);
		return;
	}
	refusal = h->accept(route->ctx, &r->pub);
	(void)snprintf(text, sizeof text, "%s\n", http_reason(refusal));
	if (fault != NULL && refusal != 503) {	/* limits are for all who come here */
		log_fault(r, fault);
		refuse_handshake(r, fault->status, fault->text);
	} else if (refusal != 0) {
		refuse_handshake(r, refusal, text);
	} else {
		upgrade(r, h);
	}
}
