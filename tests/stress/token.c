/* SPDX-License-Identifier: MIT */
/* token.c - JSON Web Tokens, HS256. */
#include "config.h"

#include "client.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

static size_t
base64url(const void *from, size_t len, char *to)
{
	size_t n = (size_t)EVP_EncodeBlock((unsigned char *)to, from, (int)len);

	while (n > 0 && to[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		to[i] = to[i] == '+' ? '-' : to[i] == '/' ? '_' : to[i];
	to[n] = '\0';
	return n;
}

void
token_make(const char *user, const char *names, char *to, size_t size)
{
	static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	char claims[1200];
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = sizeof mac;
	int len = snprintf(claims, sizeof claims, "{\"sub\":\"%s\",\"channels\":[%s]}", user, names);
	size_t n;

	if (len < 0 || (size_t)len >= sizeof claims || size < sizeof claims * 4 / 3 + 128)
		fail("a token is too long");
	n = base64url(head, sizeof head - 1, to);
	to[n++] = '.';
	n += base64url(claims, (size_t)len, to + n);
	HMAC(EVP_sha256(), opt.secret, (int)strlen(opt.secret), (unsigned char *)to, n, mac, &mac_len);
	to[n++] = '.';
	(void)base64url(mac, mac_len, to + n);
}
