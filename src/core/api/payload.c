/* SPDX-License-Identifier: MIT */
/*
 * api/payload.c - payloads of requests, which may come in base64.
 *
 * When a request has been settled, b64data points to one of the texts below, by its
 * address, and `data` has the payload.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <rotor/codes.h>

#include "api/api.h"
#include "base/str.h"
#include "proto/codec.h"
#include "proto/codec_priv.h"

static const char settled_json[] = "JSON", settled_other[] = "not JSON", settled_bad[] = "no base64";

/* Copies what counts: line ends do not.  The length of the copy. */
static size_t
b64_unfold(struct rotor_str text, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] != '\r' && text.p[i] != '\n')
			to[n++] = text.p[i];
	return n;
}

/* Standard alphabet with padding, nothing else. */
static int
b64_decode(struct arena *a, struct rotor_str text, struct rotor_str *ret)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *copy = arena_alloc(a, text.len + 1);
	unsigned char *p = arena_alloc(a, text.len + 1);
	size_t len, pad = 0;

	if (copy == NULL || p == NULL)
		return -ENOMEM;
	len = b64_unfold(text, copy);
	copy[len] = '\0';
	if (len % 4 != 0 || len > INT32_MAX)
		return -EINVAL;
	while (pad < 2 && pad < len && copy[len - 1 - pad] == '=')
		pad++;
	if (strspn(copy, alphabet) != len - pad ||
	    EVP_DecodeBlock(p, (const unsigned char *)copy, (int)len) < 0)
		return -EINVAL;
	*ret = (struct rotor_str){ (char *)p, len / 4 * 3 - pad };
	return 0;
}

static int
is_given(const char *b64)
{
	return b64 != NULL && b64[0] != '\0';
}

uint32_t
api_payload(struct api_call *call, ProtobufCBinaryData raw, const char *b64, struct rotor_str *ret)
{
	int r = 0;

	*ret = codec_str(raw);
	if (b64 == settled_bad)
		r = -EINVAL;
	else if (b64 != settled_json && b64 != settled_other && is_given(b64))
		r = b64_decode(call->arena, rotor_str_of(b64), ret);
	return r == 0 ? 0 : r == -ENOMEM ? ROTOR_ERR_INTERNAL : ROTOR_ERR_BAD_REQUEST;
}

int
api_payload_json(const struct api_call *call, const char *b64)
{
	if (b64 == settled_json || b64 == settled_other)
		return b64 == settled_json ? 1 : -1;
	return call->encoding == ROTOR_API_JSON && !is_given(b64);
}

static void
settle(struct api_call *call, ProtobufCBinaryData *raw, const char **b64)
{
	struct rotor_str data;

	if (api_payload_json(call, *b64) == 1)
		return;
	if (api_payload(call, *raw, *b64, &data) != 0) {
		*b64 = settled_bad;
		return;
	}
	*raw = codec_bytes(data);
	*b64 = json_valid(data) ? settled_json : settled_other;
}

static void settle_message(struct api_call *call, const ProtobufCMessage *m);

/* All messages in a field. */
static void
settle_inner(struct api_call *call, const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	ProtobufCMessage *const *one = field_at(m, f);
	size_t n = 1;

	if (field_repeated(f)) {
		n = *field_count(m, f);
		one = *(ProtobufCMessage *const *const *)field_at(m, f);
	}
	for (; n > 0; n--, one++)
		if (*one != NULL)
			settle_message(call, *one);
}

static void
settle_message(struct api_call *call, const ProtobufCMessage *m)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	const ProtobufCFieldDescriptor *f, *raw;

	for (f = d->fields; f < d->fields + d->n_fields; f++) {
		if (f->type == PROTOBUF_C_TYPE_MESSAGE && !(field_repeated(f) && field_is_map(f)))
			settle_inner(call, m, f);
		if (f->type != PROTOBUF_C_TYPE_STRING || !rotor_str_begins(rotor_str_of(f->name), "b64"))
			continue;
		raw = protobuf_c_message_descriptor_get_field_by_name(d, f->name + 3);
		if (raw != NULL)
			settle(call, field_at(m, raw), field_at(m, f));
	}
}

void
api_payloads_settle(struct api_call *call)
{
	settle_message(call, call->req);
}
