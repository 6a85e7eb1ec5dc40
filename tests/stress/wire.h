/* SPDX-License-Identifier: MIT */
/*
 * wire.h - messages of the client protocol, JSON and Protobuf by one set of functions:
 * a field is known by its name and its number.
 */
#ifndef STRESS_WIRE_H
#define STRESS_WIRE_H

#include "stress.h"

enum encoding { JSON, PROTOBUF };

struct field {
	const char	*name;
	unsigned	number;
};

/* Writing: a frame of messages. */
struct out {
	enum encoding	enc;
	char		*p;
	size_t		len, cap;
	unsigned	n;		/* messages in it */
};

void out_put(struct out *o, const void *p, size_t len);
/* A message of the frame, and one inside another; the result goes to the end call. */
size_t out_begin(struct out *o);
void out_end(struct out *o, size_t begin);
size_t out_open(struct out *o, struct field f);
void out_close(struct out *o, size_t begin);
/* A map with one entry, whose value is a message: open it again for the next one. */
size_t out_open_map(struct out *o, struct field f);
size_t out_open_entry(struct out *o, struct field f, struct slice key);
void out_close_entry(struct out *o, size_t begin);
void out_close_map(struct out *o, size_t begin);
void out_uint(struct out *o, struct field f, uint64_t v);
void out_bool(struct out *o, struct field f, int v);
void out_text(struct out *o, struct field f, struct slice s);
/* A payload: a JSON value. */
void out_data(struct out *o, struct field f, struct slice s);

/* Reading.  Each returns 1, or 0 at the end, or -1 for what is malformed. */

/* Cuts the next message off the frame. */
int wire_next(enum encoding enc, struct slice *frame, struct slice *ret_message);
/* Splits a message: values[i] is that of fields[i], its `p` NULL where absent. */
int wire_split(enum encoding enc, struct slice message, const struct field *fields, size_t n,
    struct slice *values);

/* The elements of a repeated field, or of a map (then with keys). */
struct each {
	enum encoding	enc;
	struct field	field;
	struct slice	rest;
	int		is_map;
};
struct each wire_each(enum encoding enc, struct slice message, struct field f, int is_map);
int each_next(struct each *e, struct slice *ret_key, struct slice *ret_value);

uint64_t wire_uint(enum encoding enc, struct slice value);
/* Without its quotes; escapes stay. */
struct slice wire_text(enum encoding enc, struct slice value);
/* The text of a JSON string, unescaped, appended to `o`.  0 or -1. */
int json_unquote(struct slice value, struct out *o);

#endif
