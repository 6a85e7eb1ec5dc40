/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "pem.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* Without it OpenSSL would ask on the terminal for the password of encrypted PEM. */
static int
no_password(char *buf, int size, int rwflag, void *priv)
{
	(void)buf, (void)size, (void)rwflag, (void)priv;
	return (-1);
}

static EVP_PKEY *
read_key(BIO *bio)
{
	EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, no_password, NULL);
	X509 *cert;

	if (pkey != NULL || BIO_reset(bio) != 1)
		return (pkey);
	cert = PEM_read_bio_X509(bio, NULL, no_password, NULL);
	pkey = cert != NULL ? X509_get_pubkey(cert) : NULL;
	X509_free(cert);
	return (pkey);
}

/* What people put in the place of a public key, by what shows it; the first row that
 * fits tells. */
static const struct {
	const char	*has;
	const char	*why;
} mistakes[] = {
	{ "PRIVATE KEY-----", "is a private key, which must stay with the backend; expected the "
	    "public one (openssl pkey -in KEY -pubout)" },
	{ "-----BEGIN RSA PUBLIC KEY-----", "is in PKCS#1 form; expected \"-----BEGIN PUBLIC KEY-----\" "
	    "(openssl rsa -RSAPublicKey_in -in KEY -pubout)" },
	{ "-----BEGIN CERTIFICATE REQUEST-----", "is a certificate request; expected a certificate" },
	{ "-----BEGIN EC PARAMETERS-----", "holds the parameters of a curve and no key" },
	{ "-----BEGIN SSH2 PUBLIC KEY-----", "is a key of SSH; expected PEM (ssh-keygen -e -m PKCS8)" },
	{ "ssh-rsa ", "is a key of SSH; expected PEM (ssh-keygen -e -m PKCS8)" },
	{ "ecdsa-sha2-", "is a key of SSH; expected PEM (ssh-keygen -e -m PKCS8)" },
	{ "-----BEGIN PUBLIC KEY-----", "is a damaged public key, or one of a kind or curve that "
	    "OpenSSL does not know" },
	{ "-----BEGIN CERTIFICATE-----", "is a damaged certificate" },
	{ "-----BEGIN ", "is PEM of another kind; expected \"-----BEGIN PUBLIC KEY-----\" or a "
	    "certificate" },
	{ "", "holds no PEM; expected \"-----BEGIN PUBLIC KEY-----\" or a certificate" },
};

static const char *
explain(const char *pem)
{
	size_t i = 0;

	while (strstr(pem, mistakes[i].has) == NULL)
		i++;		/* the last row is in every text */
	return (mistakes[i].why);
}

struct evp_pkey_st *
pem_public_key(const char *pem, const char **ret_why)
{
	EVP_PKEY *pkey = NULL;
	BIO *bio = BIO_new_mem_buf(pem, -1);

	if (bio != NULL)
		pkey = read_key(bio);
	BIO_free(bio);
	ERR_clear_error();
	if (pkey == NULL)
		*ret_why = explain(pem);
	return (pkey);
}
