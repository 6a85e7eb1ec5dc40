/* SPDX-License-Identifier: MIT */
/* fault.h - what is wrong with the configuration: where, and what. */
#ifndef AUTH_JWT_FAULT_H
#define AUTH_JWT_FAULT_H

struct fault {
	char	key[96];	/* "client.token.issuer_regex" */
	char	text[320];	/* never the value: it may be secret */
};

/* Sets it to the option `key` of the block at `path`.  Returns -EINVAL. */
int fault_set(struct fault *f, const char *path, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Likewise for want of memory.  Returns -ENOMEM. */
int fault_no_memory(struct fault *f, const char *path);

#endif
