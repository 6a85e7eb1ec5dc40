# SPDX-License-Identifier: MIT
"""JSON Web Tokens of the tests."""

import time

import jwt

SECRET = "e2e-secret-that-is-long-enough-for-sha-512-as-rfc-7518-demands-it"


def make(claims, key=SECRET, alg="HS256", **kw):
    return jwt.encode(claims, key, algorithm=alg, **kw)


def conn(user="u1", ttl=None, **claims):
    """A connection token; ttl in seconds from now."""
    return make(_claims(user, ttl, claims))


def sub(user, channel, ttl=None, **claims):
    return make(_claims(user, ttl, dict(claims, channel=channel)))


def _claims(user, ttl, claims):
    all_claims = dict(claims)
    if user:
        all_claims["sub"] = user
    if ttl is not None:
        all_claims["exp"] = int(time.time()) + ttl
    return all_claims
