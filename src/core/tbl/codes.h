/* SPDX-License-Identifier: MIT */
/*
 * tbl/codes.h - the codes of the client protocol and their texts, as they go over
 * the wire (client-protocol.md 8).  Expand with X defined.
 */
#ifndef ROTOR_TBL_CODES_H
#define ROTOR_TBL_CODES_H

/* X(code, text, temporary): temporary errors are worth a retry. */
#define ERROR_CODES(X)							\
	X(ROTOR_ERR_INTERNAL, "internal server error", 1)		\
	X(ROTOR_ERR_UNAUTHORIZED, "unauthorized", 0)			\
	X(ROTOR_ERR_UNKNOWN_CHANNEL, "unknown channel", 0)		\
	X(ROTOR_ERR_PERMISSION_DENIED, "permission denied", 0)		\
	X(ROTOR_ERR_METHOD_NOT_FOUND, "method not found", 0)		\
	X(ROTOR_ERR_ALREADY_SUBSCRIBED, "already subscribed", 0)	\
	X(ROTOR_ERR_LIMIT_EXCEEDED, "limit exceeded", 0)		\
	X(ROTOR_ERR_BAD_REQUEST, "bad request", 0)			\
	X(ROTOR_ERR_NOT_AVAILABLE, "not available", 0)			\
	X(ROTOR_ERR_TOKEN_EXPIRED, "token expired", 0)			\
	X(ROTOR_ERR_EXPIRED, "expired", 0)				\
	X(ROTOR_ERR_TOO_MANY_REQUESTS, "too many requests", 1)		\
	X(ROTOR_ERR_UNRECOVERABLE, "unrecoverable position", 0)		\
	X(ROTOR_ERR_CONFLICT, "concurrent pagination", 1)

/* X(code, text) */
#define DISCONNECT_CODES(X)						\
	X(ROTOR_DISCONNECT_CLOSED, "connection closed")			\
	X(ROTOR_DISCONNECT_SHUTDOWN, "shutdown")			\
	X(ROTOR_DISCONNECT_INTERNAL, "internal server error")		\
	X(ROTOR_DISCONNECT_EXPIRED, "connection expired")		\
	X(ROTOR_DISCONNECT_SUB_EXPIRED, "subscription expired")		\
	X(ROTOR_DISCONNECT_SLOW, "slow")				\
	X(ROTOR_DISCONNECT_WRITE_ERROR, "write error")			\
	X(ROTOR_DISCONNECT_INSUFFICIENT, "insufficient state")		\
	X(ROTOR_DISCONNECT_RECONNECT, "force reconnect")		\
	X(ROTOR_DISCONNECT_NO_PONG, "no pong")				\
	X(ROTOR_DISCONNECT_TOO_MANY_REQUESTS, "too many requests")	\
	X(ROTOR_DISCONNECT_STATE_INVALIDATED, "state invalidated")	\
	X(ROTOR_DISCONNECT_INVALID_TOKEN, "invalid token")		\
	X(ROTOR_DISCONNECT_BAD_REQUEST, "bad request")			\
	X(ROTOR_DISCONNECT_STALE, "stale")				\
	X(ROTOR_DISCONNECT_FORCE, "force disconnect")			\
	X(ROTOR_DISCONNECT_CONNECTION_LIMIT, "connection limit")	\
	X(ROTOR_DISCONNECT_CHANNEL_LIMIT, "channel limit")		\
	X(ROTOR_DISCONNECT_INAPPROPRIATE, "inappropriate protocol")	\
	X(ROTOR_DISCONNECT_PERMISSION_DENIED, "permission denied")	\
	X(ROTOR_DISCONNECT_NOT_AVAILABLE, "not available")		\
	X(ROTOR_DISCONNECT_TOO_MANY_ERRORS, "too many errors")

/* X(code, text) */
#define UNSUBSCRIBE_CODES(X)						\
	X(ROTOR_UNSUB_SERVER, "server unsubscribe")			\
	X(ROTOR_UNSUB_INSUFFICIENT, "insufficient state")		\
	X(ROTOR_UNSUB_EXPIRED, "subscription expired")

#endif
