/* SPDX-License-Identifier: MIT */
/*
 * modules/api_grpc/tls.c - certificate and key of the listener.
 *
 * The library says nothing useful about wrong ones, so they are looked at before.
 */
#include "config.h"

#include "api_grpc.h"

#include <limits.h>
#include <string.h>

#include <grpc/grpc_security.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <rotor/check.h>

/* Without it OpenSSL would ask on the terminal for the password of encrypted PEM. */
static int
no_password(char *buf, int size, int rwflag, void *priv)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)priv;
	return -1;
}

static BIO *
bio_of(const char *pem)
{
	size_t len = strlen(pem);

	return len > 0 && len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
}

static X509 *
certificate_read(const char *pem)
{
	BIO *bio = bio_of(pem);
	X509 *x = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return x;
}

static EVP_PKEY *
key_read(const char *pem)
{
	BIO *bio = bio_of(pem);
	EVP_PKEY *k = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

	BIO_free(bio);
	return k;
}

static void
check(struct rotor_check *chk, const struct api_grpc_tls *tls, X509 *cert, EVP_PKEY *key, X509 *ca)
{
	if (cert == NULL)
		rotor_check_error(chk, "grpc_api.tls.cert_pem",
		    "TLS needs a certificate, there is none in here");
	if (key == NULL)
		rotor_check_error(chk, "grpc_api.tls.key_pem", "TLS needs the private key of the "
		    "certificate, there is none (without a password) in here");
	if (cert != NULL && key != NULL && X509_check_private_key(cert, key) != 1)
		rotor_check_error(chk, "grpc_api.tls.key_pem", "the private key is not the certificate's");
	if (tls->client_ca_pem[0] != '\0' && ca == NULL)
		rotor_check_error(chk, "grpc_api.tls.client_ca_pem", "there is no certificate in here");
}

void
tls_check(struct rotor_check *chk, const struct api_grpc_tls *tls)
{
	X509 *cert, *ca;
	EVP_PKEY *key;

	if (!tls->enabled)
		return;
	cert = certificate_read(tls->cert_pem);
	key = key_read(tls->key_pem);
	ca = certificate_read(tls->client_ca_pem);
	check(chk, tls, cert, key, ca);
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	ERR_clear_error();
}

grpc_server_credentials *
tls_credentials(const struct api_grpc_tls *tls)
{
	grpc_ssl_pem_key_cert_pair pair = { tls->key_pem, tls->cert_pem };
	const char *ca = tls->client_ca_pem[0] != '\0' ? tls->client_ca_pem : NULL;

	if (!tls->enabled)
		return grpc_insecure_server_credentials_create();
	return grpc_ssl_server_credentials_create_ex(ca, &pair, 1, ca != NULL ?
	    GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY :
	    GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, NULL);
}
