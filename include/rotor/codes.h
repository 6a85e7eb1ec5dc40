/* SPDX-License-Identifier: MIT */
/*
 * rotor/codes.h - error, disconnect and unsubscribe codes of the client
 * protocol.  Their texts come from rotor_error_text() and its siblings.
 */
#ifndef ROTOR_CODES_H
#define ROTOR_CODES_H

#include <rotor/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Errors: the `error` of a reply; the connection lives on. */
#define ROTOR_ERR_INTERNAL		100u
#define ROTOR_ERR_UNAUTHORIZED		101u
#define ROTOR_ERR_UNKNOWN_CHANNEL	102u
#define ROTOR_ERR_PERMISSION_DENIED	103u
#define ROTOR_ERR_METHOD_NOT_FOUND	104u
#define ROTOR_ERR_ALREADY_SUBSCRIBED	105u
#define ROTOR_ERR_LIMIT_EXCEEDED	106u
#define ROTOR_ERR_BAD_REQUEST		107u
#define ROTOR_ERR_NOT_AVAILABLE		108u
#define ROTOR_ERR_TOKEN_EXPIRED		109u
#define ROTOR_ERR_EXPIRED		110u
#define ROTOR_ERR_TOO_MANY_REQUESTS	111u
#define ROTOR_ERR_UNRECOVERABLE		112u
#define ROTOR_ERR_CONFLICT		113u

/* Disconnects: the connection ends.  3500-3999 and 4500-4999 are terminal, on
 * all others the client reconnects. */
#define ROTOR_DISCONNECT_CLOSED		3000u	/* by the peer; never sent */
#define ROTOR_DISCONNECT_SHUTDOWN	3001u
#define ROTOR_DISCONNECT_INTERNAL	3004u
#define ROTOR_DISCONNECT_EXPIRED	3005u
#define ROTOR_DISCONNECT_SUB_EXPIRED	3006u
#define ROTOR_DISCONNECT_SLOW		3008u
#define ROTOR_DISCONNECT_WRITE_ERROR	3009u
#define ROTOR_DISCONNECT_INSUFFICIENT	3010u
#define ROTOR_DISCONNECT_RECONNECT	3011u
#define ROTOR_DISCONNECT_NO_PONG	3012u
#define ROTOR_DISCONNECT_TOO_MANY_REQUESTS	3013u
#define ROTOR_DISCONNECT_STATE_INVALIDATED	3014u
#define ROTOR_DISCONNECT_INVALID_TOKEN	3500u
#define ROTOR_DISCONNECT_BAD_REQUEST	3501u
#define ROTOR_DISCONNECT_STALE		3502u
#define ROTOR_DISCONNECT_FORCE		3503u
#define ROTOR_DISCONNECT_CONNECTION_LIMIT	3504u
#define ROTOR_DISCONNECT_CHANNEL_LIMIT	3505u
#define ROTOR_DISCONNECT_INAPPROPRIATE	3506u
#define ROTOR_DISCONNECT_PERMISSION_DENIED	3507u
#define ROTOR_DISCONNECT_NOT_AVAILABLE	3508u
#define ROTOR_DISCONNECT_TOO_MANY_ERRORS	3509u

/* Unsubscribes: one subscription ends.  From 2500 up the client resubscribes. */
#define ROTOR_UNSUB_SERVER		2000u
#define ROTOR_UNSUB_INSUFFICIENT	2500u
#define ROTOR_UNSUB_EXPIRED		2501u

/* The standard text of a code, or "" for one that has none.  Static storage. */
ROTOR_API const char *rotor_error_text(uint32_t code);
ROTOR_API const char *rotor_disconnect_text(uint32_t code);
ROTOR_API const char *rotor_unsubscribe_text(uint32_t code);

#ifdef __cplusplus
}
#endif

#endif
