/* SPDX-License-Identifier: MIT */
/* modules/api_grpc/options.c - the section grpc_api. */
#include "config.h"

#include "api_grpc.h"

#include <rotor/option.h>

#define OFF(member)	offsetof(struct api_grpc_conf, member)

static const struct rotor_option rows[] = {
	{ .path = "enabled", .kind = ROTOR_OPT_BOOL, .offset = OFF(enabled),
	  .doc = "Serve the API over gRPC." },
	{ .path = "error_mode", .kind = ROTOR_OPT_CHOICE, .offset = OFF(error_mode), .choices = "transport",
	  .doc = "With \"transport\", errors are gRPC statuses instead of OK with an error in the response." },
	{ .path = "address", .kind = ROTOR_OPT_STR, .offset = OFF(address),
	  .doc = "Address to listen on; empty: all of them." },
	{ .path = "port", .kind = ROTOR_OPT_INT, .flags = ROTOR_OPT_F_ZERO_OK, .offset = OFF(port),
	  .def = "10000", .max = 65535,
	  .doc = "Port to listen on; 0: one that the system picks, and the log names." },
	{ .path = "key", .kind = ROTOR_OPT_SECRET, .offset = OFF(key),
	  .doc = "Key that opens everything, as metadata \"authorization: apikey KEY\"; without one, only "
	      "those of api.keys are let in." },
	{ .path = "insecure", .kind = ROTOR_OPT_BOOL, .offset = OFF(insecure), .doc = "Ask for no key." },
	{ .path = "tls.enabled", .kind = ROTOR_OPT_BOOL, .offset = OFF(tls.enabled),
	  .doc = "Serve TLS (1.2 or newer) instead of clear text." },
	{ .path = "tls.cert_pem", .kind = ROTOR_OPT_PEM, .offset = OFF(tls.cert_pem),
	  .doc = "Certificate chain of the server: PEM text, its base64, or a file." },
	{ .path = "tls.key_pem", .kind = ROTOR_OPT_PEM, .offset = OFF(tls.key_pem),
	  .doc = "Private key of the certificate, given likewise." },
	{ .path = "tls.client_ca_pem", .kind = ROTOR_OPT_PEM, .offset = OFF(tls.client_ca_pem),
	  .doc = "Certificate authorities of clients; set: clients need a certificate." },
	{ .path = "tls.server_ca_pem", .kind = ROTOR_OPT_STR, .flags = ROTOR_OPT_F_NOEFFECT,
	  .offset = OFF(tls.server_ca_pem), .doc = "For TLS clients." },
	{ .path = "tls.insecure_skip_verify", .kind = ROTOR_OPT_BOOL, .flags = ROTOR_OPT_F_NOEFFECT,
	  .offset = OFF(tls.insecure_skip_verify), .doc = "For TLS clients." },
	{ .path = "tls.server_name", .kind = ROTOR_OPT_STR, .flags = ROTOR_OPT_F_NOEFFECT,
	  .offset = OFF(tls.server_name), .doc = "For TLS clients." },
	{ .path = "reflection", .kind = ROTOR_OPT_BOOL, .offset = OFF(reflection),
	  .doc = "Serve gRPC reflection, so that tools find the methods; asks for no key." },
	{ .path = "max_receive_message_size", .kind = ROTOR_OPT_INT, .offset = OFF(max_receive_message_size),
	  .max = INT32_MAX, .doc = "Largest request, in bytes; 0: 4 MiB." },
	{ .path = "max_concurrent_calls", .kind = ROTOR_OPT_INT, .offset = OFF(max_concurrent_calls),
	  .def = "10000", .min = 1, .max = 1000000,
	  .doc = "Calls under way at a time, streams included; more are refused as RESOURCE_EXHAUSTED." },
	{ .path = "max_buffered", .kind = ROTOR_OPT_INT, .offset = OFF(max_buffered),
	  .def = "268435456", .min = 1048576, .max = INT64_MAX / 2,
	  .doc = "Memory in bytes that connections may use for what was received and what is to be sent; "
	  "near it, connections are slowed down, then closed." },
	{ .path = "keepalive.time", .kind = ROTOR_OPT_DURATION, .offset = OFF(keepalive_time_ms), .def = "2h",
	  .doc = "Ping a connection on which nothing came for so long; 0: never." },
	{ .path = "keepalive.timeout", .kind = ROTOR_OPT_DURATION, .offset = OFF(keepalive_timeout_ms),
	  .def = "20s", .doc = "Close it when the ping is not answered in this time." },
	{ .path = "keepalive.min_time", .kind = ROTOR_OPT_DURATION, .offset = OFF(keepalive_min_time_ms),
	  .def = "5m", .doc = "Close connections whose clients ping more often than this." },
};

const struct rotor_option_table api_grpc_options =
    ROTOR_OPTION_TABLE("grpc_api", rows, struct api_grpc_conf);
