/* SPDX-License-Identifier: MIT */
/*
 * fuzz_jwt.c - tokens: any bytes, and any header and claims with a right signature.
 *
 * The first byte chooses.  Beyond not crashing: bytes of the fuzzer's are never a valid
 * token, a refusal says why, and what is granted holds no NUL.
 */
#include "config.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "conf.h"
#include "fault.h"
#include "scratch.h"
#include "verifier.h"

#define SECRET	"a secret of thirty-two bytes ...."
#define NOW	1700000000.5

static struct verifier *
verifier_make(void)
{
	const struct token_conf conf = { .hmac_secret_key = SECRET, .hmac_previous_secret_key = "",
	    .rsa_public_key = "", .ecdsa_public_key = "", .jwks_public_endpoint = "", .audience = "",
	    .audience_regex = "^[a-z\xd0\xb0-\xd1\x8f]*$|(?P<x>a|b)", .issuer = "", .issuer_regex = "",
	    .user_id_claim = "" };
	struct verifier *v;
	struct fault f;

	if (verifier_new(&conf, "client.token", 0, NULL, &v, &f) != 0)
		abort();
	return (v);
}

static size_t
b64url(char *out, const void *p, size_t len)
{
	size_t n = (size_t)EVP_EncodeBlock((unsigned char *)out, p, (int)len);

	while (n > 0 && out[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++)
		out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
	return (n);
}

/* Header and claims are what stands before and behind the first line end. */
static struct rotor_str
sign(const char *p, size_t len)
{
	const char *nl = memchr(p, '\n', len);
	size_t head = nl != NULL ? (size_t)(nl - p) : 0, n;
	unsigned char sig[EVP_MAX_MD_SIZE];
	unsigned int sig_len = 0;
	char *out = malloc(len * 2 + 256);

	if (out == NULL)
		abort();
	n = nl != NULL ? b64url(out, p, head) : b64url(out, "{\"alg\":\"HS256\"}", 15);
	out[n++] = '.';
	n += nl != NULL ? b64url(out + n, nl + 1, len - head - 1) : b64url(out + n, p, len);
	HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (unsigned char *)out, n, sig, &sig_len);
	out[n++] = '.';
	n += b64url(out + n, sig, sig_len);
	return ((struct rotor_str){ out, n });
}

static void
no_nul(struct rotor_str s)
{
	if (s.len > 0 && memchr(s.p, '\0', s.len) != NULL)
		abort();
}

static void
check(uint32_t verdict, const char *why, int is_signed)
{
	if (verdict > ROTOR_TOKEN_ERROR || (verdict == ROTOR_TOKEN_VALID) != (why == NULL) ||
	    (verdict == ROTOR_TOKEN_VALID && !is_signed))
		abort();
}

static void
verify(const struct verifier *v, struct rotor_str jwt, int is_signed)
{
	struct rotor_subscription_claims sub;
	struct rotor_connection_claims c;
	struct key_ask ask = { .answered = 0 };
	struct scratch s;
	const char *why = "";
	uint32_t verdict;

	scratch_init(&s);
	verdict = verifier_connection(v, jwt, NOW, &ask, &s, &c, &why);
	check(verdict, why, is_signed);
	for (size_t i = 0; verdict == ROTOR_TOKEN_VALID && i < c.n_subs; i++)
		no_nul(c.subs[i].channel);
	if (verdict == ROTOR_TOKEN_VALID)
		no_nul(c.user);
	verdict = verifier_subscription(v, jwt, NOW, &ask, &s, &sub, &why);
	check(verdict, why, is_signed);
	if (verdict == ROTOR_TOKEN_VALID) {
		no_nul(sub.user);
		no_nul(sub.client);
		no_nul(sub.grant.channel);
	}
	scratch_fini(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct verifier *v;
	const char *p = (const char *)data + 1;
	struct rotor_str jwt;

	if (v == NULL)
		v = verifier_make();
	if (len == 0)
		return (0);
	if (data[0] & 1) {
		verify(v, (struct rotor_str){ p, len - 1 }, 0);
		return (0);
	}
	jwt = sign(p, len - 1);
	verify(v, jwt, 1);
	free((char *)(uintptr_t)jwt.p);
	return (0);
}
