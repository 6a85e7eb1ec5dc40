/* SPDX-License-Identifier: MIT */
/* proto/codec_priv.h - what the codecs know in common about descriptors and structs. */
#ifndef ROTOR_PROTO_CODEC_PRIV_H
#define ROTOR_PROTO_CODEC_PRIV_H

#include <protobuf-c/protobuf-c.h>
#include <rotor/abi.h>

struct arena;

/* The address of field `f` in `m`: its value, or for a repeated field its array. */
static inline void *
field_at(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (char *)(uintptr_t)m + f->offset;
}

/* The number of elements of a repeated field. */
static inline size_t *
field_count(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	return (size_t *)(void *)((char *)(uintptr_t)m + f->quantifier_offset);
}

/* The two fields, key and value, of a map's entries. */
static inline const ProtobufCFieldDescriptor *
map_fields(const ProtobufCFieldDescriptor *map)
{
	const ProtobufCMessageDescriptor *entry = map->descriptor;

	return entry->fields;
}

static inline int
field_repeated(const ProtobufCFieldDescriptor *f)
{
	return f->label == PROTOBUF_C_LABEL_REPEATED;
}

/* The size of one value in memory, 0 for types the schemas do not use. */
size_t field_value_size(const ProtobufCFieldDescriptor *f);
/* 1 when the repeated field is a map: of messages named ...Entry of key = 1 and
 * value = 2.  protobuf-c does not say. */
int field_is_map(const ProtobufCFieldDescriptor *f);
/* Bit n: field number n of the message is written even when it is zero. */
uint64_t fields_always(const ProtobufCMessageDescriptor *d);

/* An empty message, or NULL. */
ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *d, struct arena *a);
/* Room for one more element of a repeated field that only this function grows,
 * zeroed; NULL: no memory. */
void *field_append(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct arena *a);
/* One more message at the end of a repeated field, or NULL. */
ProtobufCMessage *field_append_message(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
    struct arena *a);
/* Sets a string field, from text that has been checked to be UTF-8.  -1: it holds
 * a NUL, or no memory. */
int string_set(const char **at, struct rotor_str s, struct arena *a);
/* Brings a map that has been read into order: no value is NULL, no key is there
 * twice.  0, or -1: no memory. */
int map_settle(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct arena *a);

#endif
