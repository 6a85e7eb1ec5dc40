/* SPDX-License-Identifier: MIT */
/* conf/conf_pem.c - PEM given as text, as base64 of the text, or as a file; the text also
 * with its line ends written out as \n. */
#include "config.h"

#include "conf/conf_priv.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PEM_FILE	(1u << 20)

/* 1 when there is at least one complete block. */
static int
is_pem(const char *s, size_t len)
{
	unsigned char *data = NULL;
	char *name = NULL, *header = NULL;
	long data_len = 0;
	BIO *bio;
	int ok;

	if (len > INT_MAX)
		return (0);
	bio = BIO_new_mem_buf(s, (int)len);
	if (bio == NULL)
		return (0);
	ok = PEM_read_bio(bio, &name, &header, &data, &data_len) == 1;
	ERR_clear_error();
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(data, data_len > 0 ? (size_t)data_len : 0);
	BIO_free(bio);
	return (ok);
}

/* PEM in a variable or on one line often has its line ends written out: "\\n". */
static const char *
from_escaped(struct conf *c, const char *s)
{
	char *out, *at;

	if (strstr(s, "-----BEGIN") == NULL || strstr(s, "\\n") == NULL)
		return (NULL);
	at = out = conf_strndup(c, s, strlen(s));
	for (; out != NULL && *s != '\0'; at++) {
		if (s[0] == '\\' && (s[1] == 'n' || s[1] == 'r')) {
			*at = s[1] == 'n' ? '\n' : '\r';
			s += 2;
		} else {
			*at = *s++;
		}
	}
	if (out == NULL)
		return (NULL);
	*at = '\0';
	return (is_pem(out, strlen(out)) ? out : NULL);
}

static const char *
from_base64(struct conf *c, const char *s)
{
	size_t i, n = 0, len = strlen(s);
	unsigned char *in, *out;
	int got;

	if (len < 4 || len > INT_MAX)
		return (NULL);
	in = conf_alloc(c, len + 1, 1);
	out = conf_alloc(c, len + 1, 1);
	if (in == NULL || out == NULL)
		return (NULL);
	for (i = 0; i < len; i++)
		if (s[i] != '\n' && s[i] != '\r' && s[i] != ' ')
			in[n++] = (unsigned char)s[i];
	got = n % 4 == 0 ? EVP_DecodeBlock(out, in, (int)n) : -1;
	if (got <= 0)
		return (NULL);
	/* Padding decodes to NUL bytes at the end. */
	out[got] = '\0';
	return (is_pem((const char *)out, strlen((const char *)out)) ? (const char *)out : NULL);
}

static const char *
from_file(struct conf *c, const char *path)
{
	const char *pem = NULL;
	size_t len;
	char *buf;

	buf = conf_file_read(path, MAX_PEM_FILE, &len);
	if (buf == NULL)
		return (NULL);
	if (strlen(buf) == len && is_pem(buf, len))
		pem = conf_strndup(c, buf, len);
	OPENSSL_cleanse(buf, len);
	free(buf);
	return (pem);
}

const char *
conf_pem_load(struct conf *c, const char *s)
{
	const char *pem;

	if (is_pem(s, strlen(s)))
		return (s);
	pem = from_escaped(c, s);
	if (pem == NULL)
		pem = from_base64(c, s);
	return (pem != NULL ? pem : from_file(c, s));
}
