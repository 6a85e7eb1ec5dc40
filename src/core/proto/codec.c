/* SPDX-License-Identifier: MIT */
/* proto/codec.c - descriptors and structs, for both codecs. */
#include "config.h"

#include "proto/codec.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "proto/codec_priv.h"
#include "proto/messages.h"

/* Fields that JSON clients find even when they are zero, by number. */
#define FIELD(number)	((uint64_t)1 << (number))
static const struct {
	const ProtobufCMessageDescriptor	*message;
	uint64_t				numbers;
} codec_always[] = {
	{ &cp__client_info__descriptor, FIELD(1) | FIELD(2) },		/* user client */
	{ &cp__presence_result__descriptor, FIELD(1) },			/* presence */
	{ &cp__presence_stats_result__descriptor, FIELD(1) | FIELD(2) },	/* num_* */
	{ &cp__history_result__descriptor, FIELD(1) | FIELD(2) | FIELD(3) },
	{ &ap__client_info__descriptor, FIELD(1) | FIELD(2) },
	{ &ap__presence_result__descriptor, FIELD(1) },
	{ &ap__presence_stats_result__descriptor, FIELD(1) | FIELD(2) },
	{ &ap__history_result__descriptor, FIELD(1) | FIELD(2) | FIELD(3) },
	{ &ap__node_result__descriptor,		/* all but uptime, metrics, process */
	    FIELD(1) | FIELD(2) | FIELD(3) | FIELD(4) | FIELD(5) | FIELD(6) | FIELD(10) },
	{ &ap__channels_result__descriptor, FIELD(1) },			/* channels */
	{ &ap__connections_result__descriptor, FIELD(1) },		/* connections */
	{ &ap__publish_pattern_result__descriptor, FIELD(1) },		/* num_channels */
};

uint64_t
fields_always(const ProtobufCMessageDescriptor *d)
{
	size_t i;

	for (i = 0; i < sizeof codec_always / sizeof codec_always[0]; i++)
		if (codec_always[i].message == d)
			return codec_always[i].numbers;
	return 0;
}

size_t
field_value_size(const ProtobufCFieldDescriptor *f)
{
	static const unsigned char sizes[] = {
		[PROTOBUF_C_TYPE_INT32] = sizeof(int32_t),
		[PROTOBUF_C_TYPE_SINT32] = sizeof(int32_t),
		[PROTOBUF_C_TYPE_SFIXED32] = sizeof(int32_t),
		[PROTOBUF_C_TYPE_UINT32] = sizeof(uint32_t),
		[PROTOBUF_C_TYPE_FIXED32] = sizeof(uint32_t),
		[PROTOBUF_C_TYPE_INT64] = sizeof(int64_t),
		[PROTOBUF_C_TYPE_SINT64] = sizeof(int64_t),
		[PROTOBUF_C_TYPE_SFIXED64] = sizeof(int64_t),
		[PROTOBUF_C_TYPE_UINT64] = sizeof(uint64_t),
		[PROTOBUF_C_TYPE_FIXED64] = sizeof(uint64_t),
		[PROTOBUF_C_TYPE_DOUBLE] = sizeof(double),
		[PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
		[PROTOBUF_C_TYPE_STRING] = sizeof(char *),
		[PROTOBUF_C_TYPE_BYTES] = sizeof(ProtobufCBinaryData),
		[PROTOBUF_C_TYPE_MESSAGE] = sizeof(ProtobufCMessage *),
	};

	return f->type < sizeof sizes ? sizes[f->type] : 0;
}

int
field_is_map(const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *entry = f->descriptor;
	size_t len;

	if (f->type != PROTOBUF_C_TYPE_MESSAGE || entry->n_fields != 2 ||
	    entry->fields[0].id != 1 || entry->fields[0].type != PROTOBUF_C_TYPE_STRING ||
	    strcmp(entry->fields[0].name, "key") != 0 ||
	    entry->fields[1].id != 2 || strcmp(entry->fields[1].name, "value") != 0)
		return 0;
	len = strlen(entry->short_name);
	return len > 5 && strcmp(entry->short_name + len - 5, "Entry") == 0;
}

ProtobufCMessage *
message_new(const ProtobufCMessageDescriptor *d, struct arena *a)
{
	ProtobufCMessage *m = arena_alloc(a, d->sizeof_message);

	if (m != NULL)
		protobuf_c_message_init(d, m);
	return m;
}

/*
 * The capacity of an array is not stored: it is 4, then 8, 16, ..., and it is
 * spent when the count is one of these.
 */
void *
field_append(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct arena *a)
{
	char **array = field_at(m, f);
	size_t *n = field_count(m, f), size = field_value_size(f), old = *n;
	char *grown;

	if (old == 0 || (old >= 4 && (old & (old - 1)) == 0)) {
		grown = arena_alloc(a, (old == 0 ? 4 : 2 * old) * size);
		if (grown == NULL)
			return NULL;
		if (old > 0)
			memcpy(grown, *array, old * size);
		*array = grown;
	}
	++*n;
	return memset(*array + old * size, 0, size);
}

ProtobufCMessage *
field_append_message(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct arena *a)
{
	ProtobufCMessage *element = message_new(f->descriptor, a), **at;

	if (element == NULL)
		return NULL;
	at = field_append(m, f, a);
	if (at == NULL)
		return NULL;
	*at = element;
	return element;
}

int
string_set(const char **at, struct rotor_str s, struct arena *a)
{
	const char *text;

	if (s.len > 0 && memchr(s.p, '\0', s.len) != NULL)
		return -1;
	text = s.len > 0 ? arena_strndup(a, s.p, s.len) : "";
	if (text == NULL)
		return -1;
	*at = text;
	return 0;
}

/* A map's keys while doubles are looked for: indices (plus 1) by hash. */
struct key_table {
	uint32_t	*slots;
	size_t		mask;
};

static const char *
entry_key(const ProtobufCMessage *entry)
{
	return *(const char **)field_at(entry, &entry->descriptor->fields[0]);
}

/* The slot of `key`, whose value is 0 when the key is new. */
static uint32_t *
key_slot(const struct key_table *t, ProtobufCMessage **entries, const char *key)
{
	size_t i = str_hash(rotor_str_of(key)) & t->mask;

	while (t->slots[i] != 0 && strcmp(entry_key(entries[t->slots[i] - 1]), key) != 0)
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

/* Keeps the last entry of each key, at the place of the first. */
static int
map_unique(ProtobufCMessage **entries, size_t *n, struct arena *a)
{
	struct key_table t = { NULL, 4 };
	size_t i, kept = 0;
	uint32_t *slot;

	while (t.mask < 2 * *n)
		t.mask *= 2;
	t.slots = *n < UINT32_MAX ? arena_zalloc(a, t.mask * sizeof *t.slots) : NULL;
	if (t.slots == NULL)
		return -1;
	t.mask--;
	for (i = 0; i < *n; i++) {
		slot = key_slot(&t, entries, entry_key(entries[i]));
		if (*slot == 0)
			*slot = (uint32_t)(kept++ + 1);
		entries[*slot - 1] = entries[i];
	}
	*n = kept;
	return 0;
}

int
map_settle(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f, struct arena *a)
{
	const ProtobufCFieldDescriptor *value = &map_fields(f)[1];
	ProtobufCMessage **entries = *(ProtobufCMessage ***)field_at(m, f), **at;
	size_t *n = field_count(m, f), i;

	for (i = 0; value->type == PROTOBUF_C_TYPE_MESSAGE && i < *n; i++) {
		at = field_at(entries[i], value);
		if (*at == NULL)
			*at = message_new(value->descriptor, a);
		if (*at == NULL)
			return -1;
	}
	return *n > 1 ? map_unique(entries, n, a) : 0;
}
