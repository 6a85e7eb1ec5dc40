# SPDX-License-Identifier: MIT
"""The official API library for Python, each method once."""

import asyncio
import time

import cent
import pytest

from rig import tokens
from rig.api import KEY


@pytest.fixture
def api(plain):
    return cent.Client("http://%s:%d/api" % plain.address, KEY)


def test_publish(plain, api, channel):
    name, client = channel("all"), plain.client()
    client.subscribe(name)
    result = api.publish(cent.PublishRequest(channel=name, data={"a": 1}, tags={"t": "v"}))
    assert result.offset == 1 and result.epoch
    assert client.pub()["data"] == {"a": 1}


def test_broadcast(api, channel):
    result = api.broadcast(cent.BroadcastRequest(channels=[channel("all"), channel()], data="x"))
    assert result.responses[0].result.offset == 1 and result.responses[1].error is None


def test_subscribe_unsubscribe_disconnect_refresh(plain, api, channel):
    name, user = channel("plain"), "cent-" + channel()
    client = plain.client(tokens.conn(user))
    api.subscribe(cent.SubscribeRequest(user=user, channel=name, data={"d": 1}))
    assert client.push() == {"channel": name, "subscribe": {"data": {"d": 1}}}
    api.unsubscribe(cent.UnsubscribeRequest(user=user, channel=name))
    assert client.push()["unsubscribe"]["code"] == 2000
    api.refresh(cent.RefreshRequest(user=user, expire_at=int(time.time()) + 60))
    assert client.push()["refresh"]["expires"]
    api.disconnect(cent.DisconnectRequest(user=user))
    assert client.ended()[0] == 3503


def test_presence(plain, api, channel):
    name = channel("all")
    client = plain.client(tokens.conn("u1"))
    client.subscribe(name)
    assert api.presence(cent.PresenceRequest(channel=name)).presence[client.id].user == "u1"
    stats = api.presence_stats(cent.PresenceStatsRequest(channel=name))
    assert (stats.num_clients, stats.num_users) == (1, 1)


def test_history(api, channel):
    name = channel("all")
    for i in range(3):
        api.publish(cent.PublishRequest(channel=name, data=i))
    result = api.history(cent.HistoryRequest(channel=name, limit=2, reverse=True))
    assert [p.data for p in result.publications] == [2, 1] and result.offset == 3
    since = cent.StreamPosition(offset=1, epoch=result.epoch)
    result = api.history(cent.HistoryRequest(channel=name, limit=9, since=since))
    assert [p.offset for p in result.publications] == [2, 3]
    api.history_remove(cent.HistoryRemoveRequest(channel=name))
    assert api.history(cent.HistoryRequest(channel=name, limit=9)).publications == []


def test_channels_and_info(plain, api, channel):
    name = channel("plain")
    plain.client().subscribe(name)
    assert api.channels(cent.ChannelsRequest(pattern=name)).channels[name].num_clients == 1
    assert api.info(cent.InfoRequest()).nodes[0].uid


def test_batch(api, channel):
    name = channel("all")
    result = api.batch(cent.BatchRequest(requests=[
        cent.PublishRequest(channel=name, data=1), cent.HistoryRequest(channel=name, limit=1)]))
    assert result.replies[0].offset == 1
    assert result.replies[1].publications[0].data == 1


def test_errors(plain, api):
    with pytest.raises(cent.CentApiResponseError) as error:
        api.publish(cent.PublishRequest(channel="nosuch:x", data=1))
    assert error.value.code == 102
    with pytest.raises(cent.CentUnauthorizedError):
        cent.Client("http://%s:%d/api" % plain.address, "wrong").info(cent.InfoRequest())


def test_async_client(plain, channel):
    async def publish():
        api = cent.AsyncClient("http://%s:%d/api" % plain.address, KEY)
        try:
            return await api.publish(cent.PublishRequest(channel=channel("all"), data=1))
        finally:
            await api.close()
    assert asyncio.run(publish()).offset == 1
