# SPDX-License-Identifier: MIT
"""What the SDK hands out, in the words of rig/sdk.py.  What is empty is left out."""

import base64
import json

import centrifuge


def pack(value, binary):
    """The payload for a value of the rig; {"b64": ...} is bytes in the Protobuf protocol."""
    if not binary:
        return value
    if isinstance(value, dict) and "b64" in value:
        return base64.b64decode(value["b64"])
    return json.dumps(value).encode()


def unpack(data):
    """The value for a payload."""
    if not isinstance(data, bytes):
        return data
    try:
        return json.loads(data) if data else None
    except ValueError:
        return {"b64": base64.b64encode(data).decode()}


def present(**fields):
    return {key: value for key, value in fields.items() if value}


def info(i):
    return {"user": i.user, "client": i.client,
            **present(conn_info=unpack(i.conn_info), chan_info=unpack(i.chan_info))}


def publication(p):
    return {"data": unpack(p.data),
            **present(offset=p.offset, tags=p.tags, info=p.info and info(p.info))}


def subscribed(e):
    at = e.stream_position
    return {"recoverable": e.recoverable, "positioned": e.positioned,
            "was_recovering": e.was_recovering, "recovered": e.recovered,
            **present(data=unpack(e.data), position=at and {"offset": at.offset, "epoch": at.epoch})}


def moved(e):
    return {"code": e.code, "reason": e.reason}


def person(e):
    return {"info": info(e.info)}


def failure(e):
    """Code 0 for an error that is not the server's."""
    if isinstance(e, centrifuge.ReplyError):
        return {"code": e.code, "message": e.message}
    return {"code": 0, "message": str(e) or type(e).__name__}


def failed(e):
    return {**failure(e.error), "code": e.code}


CLIENT_EVENTS = {
    "connecting": moved,
    "connected": lambda e: {"client": e.client, **present(data=unpack(e.data))},
    "disconnected": moved,
    "error": failed,
    "subscribing": lambda e: {"channel": e.channel},
    "subscribed": lambda e: {"channel": e.channel, **subscribed(e)},
    "unsubscribed": lambda e: {"channel": e.channel},
    "publication": lambda e: {"channel": e.channel, **publication(e.pub)},
    "join": lambda e: {"channel": e.channel, **person(e)},
    "leave": lambda e: {"channel": e.channel, **person(e)},
}

SUBSCRIPTION_EVENTS = {
    "subscribing": moved,
    "subscribed": subscribed,
    "unsubscribed": moved,
    "error": failed,
    "publication": lambda e: publication(e.pub),
    "join": person,
    "leave": person,
}
