/* SPDX-License-Identifier: MIT */
/*
 * proto/json.h - a strict JSON pull reader that yields slices, and a writer.
 *
 * The reader builds no tree and does not recurse; a value nested deeper than
 * JSON_MAX_DEPTH is malformed.  Payloads are validated and skipped, and come back
 * as slices of the input.  Their strings may hold bytes that are not UTF-8, as
 * the wire's peers expect; strings that are read out are made valid.
 */
#ifndef ROTOR_PROTO_JSON_H
#define ROTOR_PROTO_JSON_H

#include <stdint.h>

#include <rotor/abi.h>

struct arena;

#define JSON_MAX_DEPTH	512

enum json_type { JSON_ERROR, JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_reader {
	const char	*p, *end;
};

void json_reader_init(struct json_reader *r, const char *p, size_t len);
/* The type of the value that comes next (after white space), without consuming it. */
enum json_type json_peek(struct json_reader *r);
/* Consume a value of one type.  0, or -1: malformed or another type. */
int json_read_null(struct json_reader *r);
int json_read_bool(struct json_reader *r, int *ret);
/* A number as its text. */
int json_read_number(struct json_reader *r, struct rotor_str *ret);
/* Integers: no fraction, no exponent, in range. */
int json_read_int64(struct json_reader *r, int64_t *ret);
int json_read_uint64(struct json_reader *r, uint64_t *ret);
/* A string, unescaped; lone surrogates and invalid UTF-8 become U+FFFD.  The
 * result is NUL-terminated in the arena; `ret->len` may count inner NULs. */
int json_read_string(struct json_reader *r, struct arena *a, struct rotor_str *ret);
/* Any value, validated; the slice starts and ends at its first and last byte.  Invalid
 * UTF-8 is refused: a payload goes out as it is, and one bad byte in a text frame makes
 * browsers drop the connection of everybody who gets it. */
int json_read_raw(struct json_reader *r, struct rotor_str *ret);
/* Objects: after json_enter_object(), json_next_key() yields 1 and the unescaped
 * key for each member (then read its value), 0 at the end, -1 on malformed input.
 * *first starts as 1.  The key may be a slice of the input, not NUL-terminated. */
int json_enter_object(struct json_reader *r);
int json_next_key(struct json_reader *r, struct arena *a, struct rotor_str *ret_key, int *first);
/* Arrays: 1 when an element follows, 0 at the end, -1.  *first starts as 1. */
int json_enter_array(struct json_reader *r);
int json_next_element(struct json_reader *r, int *first);
/* White space, then the end: 1; something follows: 0. */
int json_at_end(struct json_reader *r);

/* 1 when `s` is exactly one JSON value (white space around it allowed). */
int json_valid(struct rotor_str s);
/* 1 when it is one JSON object. */
int json_valid_object(struct rotor_str s);

/* A growing output buffer.  After a failed allocation `failed` is set, further
 * writes are dropped, and the caller checks once at the end.  Text starts at p;
 * with `head` set, each out_reset() leaves that many bytes there, counted in len,
 * for the caller to fill in. */
struct out {
	char	*p;
	size_t	len, cap;
	int	failed;
	int	borrowed;	/* p is the caller's first buffer */
	size_t	head;		/* bytes left free in front by out_reset() */
	size_t	limit;		/* writing fails beyond; 0: none */
	int	over;		/* it failed because of the limit */
};

/* `first` (may be NULL) is used until it is too small. */
void out_init(struct out *o, void *first, size_t first_len);
void out_fini(struct out *o);
/* Empty again, memory kept. */
void out_reset(struct out *o);
/* Room for `len` bytes at the end; the caller fills it and adds to o->len.  NULL:
 * no memory. */
char *out_reserve(struct out *o, size_t len);
void out_put(struct out *o, const void *p, size_t len);
void out_byte(struct out *o, char c);
void out_u64(struct out *o, uint64_t v);
void out_i64(struct out *o, int64_t v);
/* Base 128, low bits first, as Protobuf writes integers and frames their length. */
void out_varint(struct out *o, uint64_t v);
#define out_lit(o, s)	out_put((o), (s), sizeof(s) - 1)

/* A quoted JSON string with the escapes of the client protocol: < > & and
 * U+2028/2029 escaped too, invalid UTF-8 replaced by \ufffd. */
void json_write_string(struct out *o, struct rotor_str s);
/* A raw payload: its newline bytes (\n and \r between tokens) dropped. */
void json_write_raw(struct out *o, struct rotor_str s);
/* A raw payload as the server API answers it: insignificant white space dropped,
 * < > & U+2028 U+2029 escaped. */
void json_write_raw_compact(struct out *o, struct rotor_str s);
/* The shortest number that reads back as `v`.  0, or -1 for what JSON cannot hold
 * (NaN, infinities). */
int json_write_double(struct out *o, double v);

#endif
