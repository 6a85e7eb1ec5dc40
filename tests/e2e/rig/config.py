# SPDX-License-Identifier: MIT
"""Configurations that many tests share; a test that needs another writes its own."""

import copy

from .api import KEY
from .tokens import SECRET

EVERYTHING = {
    f"allow_{what}_for_{whom}": True
    for what, whoms in (("subscribe", ("client", "anonymous")),
                        ("publish", ("client", "anonymous")),
                        ("presence", ("client", "anonymous")),
                        ("history", ("client", "anonymous")))
    for whom in whoms
}
HISTORY = {"history_size": 10, "history_ttl": "300s"}

NAMESPACES = [
    # Everything allowed; each adds the feature in its name.
    {"name": "plain", **EVERYTHING},
    {"name": "all", **EVERYTHING, **HISTORY, "presence": True},
    {"name": "rec", **EVERYTHING, **HISTORY, "force_recovery": True},
    {"name": "big", **EVERYTHING, "history_size": 1000, "history_ttl": "300s",
     "force_recovery": True},
    {"name": "pos", **EVERYTHING, **HISTORY},
    {"name": "cache", **EVERYTHING, "history_size": 1, "history_ttl": "300s",
     "force_recovery": True, "force_recovery_mode": "cache"},
    {"name": "auto", **EVERYTHING, "history_size": 1, "history_ttl": "300s",
     "force_recovery": True, "force_recovery_mode": "cache", "auto_cache_recover": True},
    {"name": "delta", **EVERYTHING, **HISTORY, "force_recovery": True,
     "allowed_delta_types": ["fossil"], "delta_publish": True},
    {"name": "askdelta", **EVERYTHING, **HISTORY, "force_recovery": True,
     "allowed_delta_types": ["fossil"]},
    {"name": "tags", **EVERYTHING, **HISTORY, "force_recovery": True, "allow_tags_filter": True},
    {"name": "jl", **EVERYTHING, "presence": True, "join_leave": True,
     "force_push_join_leave": True},
    {"name": "jlask", **EVERYTHING, "presence": True, "join_leave": True},
    # Permissions, one by one.
    {"name": "bare", "allow_subscribe_for_client": True, "allow_subscribe_for_anonymous": True},
    {"name": "closed", **HISTORY, "presence": True},
    {"name": "clients", **HISTORY, "presence": True, "allow_subscribe_for_client": True,
     "allow_publish_for_client": True, "allow_presence_for_client": True,
     "allow_history_for_client": True},
    {"name": "subs", **HISTORY, "presence": True, "allow_subscribe_for_client": True,
     "allow_subscribe_for_anonymous": True,
     "allow_publish_for_subscriber": True, "allow_presence_for_subscriber": True,
     "allow_history_for_subscriber": True},
    {"name": "users", "allow_user_limited_channels": True},
    {"name": "regex", **EVERYTHING, **HISTORY, "presence": True, "channel_regex": "^[a-z]+-[0-9]+$"},
    # Data formats.
    {"name": "json", **EVERYTHING, "publication_data_format": "json"},
    {"name": "object", **EVERYTHING, "publication_data_format": "json_object"},
    {"name": "binary", **EVERYTHING, "publication_data_format": "binary"},
    # Short lives.
    {"name": "ttl", **EVERYTHING, "history_size": 10, "history_ttl": "1s"},
    {"name": "meta", **EVERYTHING, "history_size": 10, "history_ttl": "1s",
     "history_meta_ttl": "1s"},
]

MAIN = {
    "client": {
        "token": {"hmac_secret_key": SECRET},
        "allowed_origins": ["http://good.example", "https://*.good.example"],
        "allow_anonymous_connect_without_token": True,
    },
    "channel": {"without_namespace": dict(EVERYTHING), "namespaces": NAMESPACES},
    "rpc": {"ping": {"enabled": True}},
    "http_api": {"key": KEY},
    "health": {"enabled": True},
    "shutdown": {"spread": "10ms", "timeout": "20s"},
    "usage_stats": {"disabled": True},
}


def merge(base, extra):
    """`base` with the sections of `extra` merged in; neither is changed."""
    out = copy.deepcopy(base)
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merge(out[key], value)
        else:
            out[key] = copy.deepcopy(value)
    return out


def main(**extra):
    return merge(MAIN, extra)


# What expires, expires soon.
EXPIRING = main(client={
    "expired_close_delay": "200ms", "expired_sub_close_delay": "200ms",
    "presence_update_interval": "400ms", "allow_anonymous_connect_without_token": False,
})

# Everything that waits, waits a little; as long as a client needs on a busy machine.
QUICK = merge(EXPIRING, {"client": {
    "ping_interval": "1s", "pong_timeout": "900ms", "stale_close_delay": "2s",
}})

# The API over gRPC too.
GRPC = main(grpc_api={"enabled": True, "key": KEY, "reflection": True})

SHARED = {"main": MAIN, "expiring": EXPIRING, "quick": QUICK, "grpc": GRPC}
