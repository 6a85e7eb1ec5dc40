/* SPDX-License-Identifier: MIT */
/* pem.h - public keys in PEM form. */
#ifndef AUTH_JWT_PEM_H
#define AUTH_JWT_PEM_H

struct evp_pkey_st;

/* The public key in `pem`, bare or in a certificate; the caller frees it.  NULL with
 * the reason, a constant text that tells what is there instead. */
struct evp_pkey_st *pem_public_key(const char *pem, const char **ret_why);

#endif
