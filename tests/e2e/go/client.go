// SPDX-License-Identifier: MIT
package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge-go"
)

const (
	timeout  = 10 * time.Second // of one call of the SDK
	minDelay = 10 * time.Millisecond
	maxDelay = 100 * time.Millisecond // between attempts to connect or subscribe
)

// driver holds the clients by the names that the rig gave them.
type driver struct {
	out     *lines
	asker   *asker
	mu      sync.Mutex
	clients map[string]*client
}

type client struct {
	*centrifuge.Client
	name   string
	binary bool // the Protobuf protocol: payloads need not be JSON
	out    *lines
}

func newDriver() *driver {
	out := &lines{}
	return &driver{out: out, asker: &asker{out: out}, clients: map[string]*client{}}
}

func (d *driver) client(req request) *client {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.clients[req.Client]
}

type clientOptions struct {
	Token              string          `json:"token"`
	GetToken           bool            `json:"get_token"`
	Data               json.RawMessage `json:"data"`
	Name               string          `json:"name"`
	Version            string          `json:"version"`
	MaxServerPingDelay int             `json:"max_server_ping_delay_ms"`
}

func (d *driver) newClient(req request) (any, error) {
	var o clientOptions
	if err := json.Unmarshal(req.Options, &o); err != nil {
		return nil, err
	}
	config := centrifuge.Config{
		Token: o.Token, Data: pack(o.Data, req.Binary), Name: o.Name, Version: o.Version,
		MinReconnectDelay: minDelay, MaxReconnectDelay: maxDelay,
		MaxServerPingDelay: time.Duration(o.MaxServerPingDelay) * time.Millisecond,
	}
	if o.GetToken {
		config.GetToken = func(centrifuge.ConnectionTokenEvent) (string, error) {
			return d.token(req.Client, "")
		}
	}
	create := centrifuge.NewJsonClient
	if req.Binary {
		create = centrifuge.NewProtobufClient
	}
	c := &client{create(req.URL, config), req.Client, req.Binary, d.out}
	c.watch()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.clients[req.Client] = c
	return nil, nil
}

func (d *driver) token(client, channel string) (token string, err error) {
	if !d.asker.ask("token", client, channel, &token) {
		err = centrifuge.ErrUnauthorized
	}
	return token, err
}

func (c *client) emit(event string, ctx object) {
	c.out.write(object{"client": c.name, "event": event, "ctx": ctx})
}

// watch passes on every event of the client, those of its server-side subscriptions among them.
func (c *client) watch() {
	c.OnConnecting(func(e centrifuge.ConnectingEvent) {
		c.emit("connecting", object{"code": e.Code, "reason": e.Reason})
	})
	c.OnConnected(func(e centrifuge.ConnectedEvent) {
		c.emit("connected", object{"client": e.ClientID, "data": unpack(e.Data)})
	})
	c.OnDisconnected(func(e centrifuge.DisconnectedEvent) {
		c.emit("disconnected", object{"code": e.Code, "reason": e.Reason})
	})
	c.OnError(func(e centrifuge.ErrorEvent) { c.emit("error", failure(e.Error)) })
	c.OnMessage(func(e centrifuge.MessageEvent) { c.emit("message", object{"data": unpack(e.Data)}) })
	c.OnSubscribing(func(e centrifuge.ServerSubscribingEvent) {
		c.emit("subscribing", object{"channel": e.Channel})
	})
	c.OnSubscribed(func(e centrifuge.ServerSubscribedEvent) {
		c.emit("subscribed", subscribed(centrifuge.SubscribedEvent{
			Positioned: e.Positioned, Recoverable: e.Recoverable, StreamPosition: e.StreamPosition,
			WasRecovering: e.WasRecovering, Recovered: e.Recovered, Data: e.Data}).in(e.Channel))
	})
	c.OnUnsubscribed(func(e centrifuge.ServerUnsubscribedEvent) {
		c.emit("unsubscribed", object{"channel": e.Channel})
	})
	c.OnPublication(func(e centrifuge.ServerPublicationEvent) {
		c.emit("publication", publication(e.Publication).in(e.Channel))
	})
	c.OnJoin(func(e centrifuge.ServerJoinEvent) {
		c.emit("join", object{"info": info(&e.ClientInfo)}.in(e.Channel))
	})
	c.OnLeave(func(e centrifuge.ServerLeaveEvent) {
		c.emit("leave", object{"info": info(&e.ClientInfo)}.in(e.Channel))
	})
}

func (d *driver) connect(req request) (any, error) {
	return nil, d.client(req).Connect()
}

func (d *driver) disconnect(req request) (any, error) {
	return nil, d.client(req).Disconnect()
}

func (d *driver) close(req request) (any, error) {
	d.client(req).Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.clients, req.Client)
	return nil, nil
}

func (d *driver) setToken(req request) (any, error) {
	d.client(req).SetToken(req.Token)
	return nil, nil
}

func (d *driver) rpc(req request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c := d.client(req)
	res, err := c.RPC(ctx, req.Method, pack(req.Data, c.binary))
	return object{"data": unpack(res.Data)}, err
}

func (d *driver) send(req request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c := d.client(req)
	return nil, c.Send(ctx, pack(req.Data, c.binary))
}
