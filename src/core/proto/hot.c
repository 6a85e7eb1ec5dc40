/* SPDX-License-Identifier: MIT */
/* proto/hot.c - the messages of the hot path, by hand. */
#include "config.h"

#include "proto/hot.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "proto/delta.h"
#include "proto/json.h"
#include "proto/messages.h"

/* ---- JSON.  Each member ends with a comma; json_close() turns the last one into
 * the brace. */

static void
json_close(struct out *o)
{
	if (!o->failed && o->p[o->len - 1] == ',')
		o->p[o->len - 1] = '}';
	else
		out_byte(o, '}');
}

static int
json_payload(struct out *o, const char *key, struct rotor_str data, int known_valid)
{
	if (data.len == 0)
		return 0;
	if (!known_valid && !json_valid(data))
		return -EINVAL;
	out_put(o, key, strlen(key));
	json_write_raw(o, data);
	out_byte(o, ',');
	return 0;
}

static int
json_info(struct out *o, const struct rotor_client_info *info)
{
	int ret;

	out_lit(o, "\"info\":{\"user\":");
	json_write_string(o, info->user);
	out_lit(o, ",\"client\":");
	json_write_string(o, info->client);
	out_byte(o, ',');
	ret = json_payload(o, "\"conn_info\":", info->conn_info, 0);
	if (ret == 0)
		ret = json_payload(o, "\"chan_info\":", info->chan_info, 0);
	json_close(o);
	out_byte(o, ',');
	return ret;
}

static void
json_tags(struct out *o, const struct rotor_tag *tags, size_t n)
{
	size_t i;

	out_lit(o, "\"tags\":{");
	for (i = 0; i < n; i++) {
		json_write_string(o, tags[i].key);
		out_byte(o, ':');
		json_write_string(o, tags[i].value);
		out_byte(o, ',');
	}
	json_close(o);
	out_byte(o, ',');
}

static void
json_push_open(struct out *o, struct rotor_str channel)
{
	out_lit(o, "{\"push\":{");
	if (channel.len > 0) {
		out_lit(o, "\"channel\":");
		json_write_string(o, channel);
		out_byte(o, ',');
	}
}

static int
json_push_pub(struct out *o, struct rotor_str channel, const struct rotor_publication *pub)
{
	int ret;

	json_push_open(o, channel);
	out_lit(o, "\"pub\":{");
	ret = json_payload(o, "\"data\":", pub->data, pub->flags & ROTOR_PUB_JSON);
	if (ret == 0 && pub->info != NULL)
		ret = json_info(o, pub->info);
	if (pub->offset != 0) {
		out_lit(o, "\"offset\":");
		out_u64(o, pub->offset);
		out_byte(o, ',');
	}
	if (pub->n_tags > 0)
		json_tags(o, pub->tags, pub->n_tags);
	if (pub->flags & PUB_IS_DELTA)
		out_lit(o, "\"delta\":true,");
	if (pub->offset == 1 && pub->epoch.len > 0) {
		out_lit(o, "\"epoch\":");
		json_write_string(o, pub->epoch);
		out_byte(o, ',');
	}
	if (pub->version != 0) {
		out_lit(o, "\"version\":");
		out_u64(o, pub->version);
	}
	json_close(o);
	out_lit(o, "}}");
	return ret;
}

static int
json_push_join_leave(struct out *o, struct rotor_str channel, const struct rotor_publication *pub)
{
	int ret = 0;

	json_push_open(o, channel);
	if (pub->kind == ROTOR_JOIN)
		out_lit(o, "\"join\":{");
	else
		out_lit(o, "\"leave\":{");
	if (pub->info != NULL)
		ret = json_info(o, pub->info);
	json_close(o);
	out_lit(o, "}}");
	return ret;
}

/* ---- Protobuf.  All field numbers here but one are below 16, so a tag is one byte.
 * Lengths stand in front of what they measure, hence the size functions. */

#define TAG(number, wire)	((char)((number) << 3 | (wire)))
#define TAG_VARINT(number)	TAG(number, 0)
#define TAG_BYTES(number)	TAG(number, 2)
#define TAG_VERSION		((uint64_t)16 << 3)	/* as a varint: two bytes */

static size_t
varint_size(uint64_t v)
{
	size_t n = 1;

	while ((v >>= 7) != 0)
		n++;
	return n;
}

/* A field that holds `len` bytes. */
static size_t
bytes_size(size_t len)
{
	return 1 + varint_size(len) + len;
}

/* The same, but left out when empty. */
static size_t
str_size(struct rotor_str s)
{
	return s.len > 0 ? bytes_size(s.len) : 0;
}

static void
pb_open(struct out *o, unsigned number, size_t len)
{
	out_byte(o, TAG_BYTES(number));
	out_varint(o, len);
}

static void
pb_str(struct out *o, unsigned number, struct rotor_str s)
{
	if (s.len == 0)
		return;
	pb_open(o, number, s.len);
	out_put(o, s.p, s.len);
}

static size_t
info_size(const struct rotor_client_info *i)
{
	return str_size(i->user) + str_size(i->client) + str_size(i->conn_info) +
	    str_size(i->chan_info);
}

static void
pb_info(struct out *o, unsigned number, const struct rotor_client_info *i)
{
	pb_open(o, number, info_size(i));
	pb_str(o, 1, i->user);
	pb_str(o, 2, i->client);
	pb_str(o, 3, i->conn_info);
	pb_str(o, 4, i->chan_info);
}

static size_t
tag_size(const struct rotor_tag *t)
{
	return str_size(t->key) + str_size(t->value);
}

static struct rotor_str
pub_epoch(const struct rotor_publication *pub)
{
	return pub->offset == 1 ? pub->epoch : (struct rotor_str){ NULL, 0 };
}

static size_t
pub_size(const struct rotor_publication *pub)
{
	size_t i, n = str_size(pub->data) + str_size(pub_epoch(pub));

	if (pub->info != NULL)
		n += bytes_size(info_size(pub->info));
	if (pub->offset != 0)
		n += 1 + varint_size(pub->offset);
	if (pub->flags & PUB_IS_DELTA)
		n += 2;
	if (pub->version != 0)
		n += varint_size(TAG_VERSION) + varint_size(pub->version);
	for (i = 0; i < pub->n_tags; i++)
		n += bytes_size(tag_size(&pub->tags[i]));
	return n;
}

static void
pb_tags(struct out *o, const struct rotor_tag *tags, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		pb_open(o, 7, tag_size(&tags[i]));
		pb_str(o, 1, tags[i].key);
		pb_str(o, 2, tags[i].value);
	}
}

/* A Reply with a Push to `channel` whose field `number` has `len` bytes, which the
 * caller appends. */
static void
pb_push_open(struct out *o, struct rotor_str channel, unsigned number, size_t len)
{
	pb_open(o, 4, str_size(channel) + bytes_size(len));
	pb_str(o, 2, channel);
	pb_open(o, number, len);
}

static void
pb_push_pub(struct out *o, struct rotor_str channel, const struct rotor_publication *pub)
{
	pb_push_open(o, channel, 4, pub_size(pub));
	pb_str(o, 4, pub->data);
	if (pub->info != NULL)
		pb_info(o, 5, pub->info);
	if (pub->offset != 0) {
		out_byte(o, TAG_VARINT(6));
		out_varint(o, pub->offset);
	}
	pb_tags(o, pub->tags, pub->n_tags);
	if (pub->flags & PUB_IS_DELTA) {
		out_byte(o, TAG_VARINT(8));
		out_byte(o, 1);
	}
	pb_str(o, 14, pub_epoch(pub));
	if (pub->version != 0) {
		out_varint(o, TAG_VERSION);
		out_varint(o, pub->version);
	}
}

static void
pb_push_join_leave(struct out *o, struct rotor_str channel, const struct rotor_publication *pub)
{
	size_t len = pub->info != NULL ? bytes_size(info_size(pub->info)) : 0;

	pb_push_open(o, channel, pub->kind == ROTOR_JOIN ? 5 : 6, len);
	if (pub->info != NULL)
		pb_info(o, 1, pub->info);
}

/* ---- Both */

/* `ret` of a writer that began at `start`, or the buffer's failure. */
static int
hot_end(struct out *o, size_t start, int ret)
{
	if (o->failed)
		return -ENOMEM;
	if (ret != 0)
		o->len = start;
	return ret;
}

int
hot_push_pub(struct out *o, uint32_t protocol, struct rotor_str channel,
    const struct rotor_publication *pub)
{
	size_t start = o->len;
	int ret = 0;

	if (protocol == ROTOR_JSON)
		ret = json_push_pub(o, channel, pub);
	else
		pb_push_pub(o, channel, pub);
	return hot_end(o, start, ret);
}

int
hot_push_join_leave(struct out *o, uint32_t protocol, struct rotor_str channel,
    const struct rotor_publication *pub)
{
	size_t start = o->len;
	int ret = 0;

	if (protocol == ROTOR_JSON)
		ret = json_push_join_leave(o, channel, pub);
	else
		pb_push_join_leave(o, channel, pub);
	return hot_end(o, start, ret);
}

static void
json_reply_empty(struct out *o, uint32_t id, uint32_t result)
{
	const ProtobufCFieldDescriptor *f =
	    protobuf_c_message_descriptor_get_field(&cp__reply__descriptor, result);

	out_byte(o, '{');
	if (id != 0) {
		out_lit(o, "\"id\":");
		out_u64(o, id);
		out_byte(o, ',');
	}
	out_byte(o, '"');
	out_put(o, f->name, strlen(f->name));
	out_lit(o, "\":{}}");
}

void
hot_reply_empty(struct out *o, uint32_t protocol, uint32_t id, uint32_t result)
{
	if (protocol == ROTOR_JSON) {
		json_reply_empty(o, id, result);
		return;
	}
	if (id != 0) {
		out_byte(o, TAG_VARINT(1));
		out_varint(o, id);
	}
	pb_open(o, result, 0);
}
