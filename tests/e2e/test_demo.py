# SPDX-License-Identifier: MIT
"""The demo page of the quick start, in a real browser."""

import json
import re
import shutil

import pytest

from conftest import rotor_only
from rig import node
from rig.config import EVERYTHING, main

CHROMIUM = shutil.which("chromium")
MODULES = ["http", "websocket", "engine_memory", "auth_jwt", "api_http", "health", "demo"]


@pytest.fixture
def demo(start):
    return start(main(modules=MODULES, client={"allowed_origins": ["*"]},
                      channel={"without_namespace": {**EVERYTHING, "presence": True,
                                                     "history_size": 10, "history_ttl": "60s"}}))


@rotor_only
def test_page(demo):
    res = demo.api.request("GET", "/")
    assert res.status == 200 and res.headers["content-type"].startswith("text/html")
    page = res.body.decode()
    assert page.lower().startswith("<!doctype html>")
    assert "https://" not in page and "http://" not in page.replace("http://www.w3.org/", "")
    assert demo.api.request("GET", "/nosuch").status == 404


@rotor_only
def test_page_is_not_served_by_default(plain):
    assert plain.api.request("GET", "/").status == 404


@rotor_only
@pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")
@pytest.mark.skipif(node.missing() is not None, reason=str(node.missing()))
def test_two_tabs(demo):
    page = demo.api.request("GET", "/").body.decode()
    channel = json.loads(re.search(r'id="config">(.*?)</script>', page)[1])["channel"]
    demo.api.publish(channel, {"text": "published before anybody came"})
    node.run("demo.mjs", URL="http://%s:%d/" % demo.address, CHROMIUM=CHROMIUM)
