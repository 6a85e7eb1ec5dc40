// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"

	"github.com/centrifugal/gocent/v3"
)

// What a call may say; each takes what it knows.
type call struct {
	Call     string          `json:"call"`
	Channel  string          `json:"channel"`
	Channels []string        `json:"channels"`
	User     string          `json:"user"`
	Data     json.RawMessage `json:"data"`
	Skip     bool            `json:"skip_history"`
	Info     json.RawMessage `json:"info"`
	Client   string          `json:"client"`
	Code     uint32          `json:"code"`
	Reason   string          `json:"reason"`
	Limit    int             `json:"limit"`
	Offset   uint64          `json:"offset"`
	Epoch    string          `json:"epoch"`
	Reverse  bool            `json:"reverse"`
	Pattern  string          `json:"pattern"`
}

func (c call) publish() []gocent.PublishOption {
	return []gocent.PublishOption{gocent.WithSkipHistory(c.Skip)}
}

func (c call) subscribe() []gocent.SubscribeOption {
	return []gocent.SubscribeOption{gocent.WithSubscribeInfo(c.Info), gocent.WithSubscribeData(c.Data),
		gocent.WithSubscribeClient(c.Client)}
}

func (c call) unsubscribe() []gocent.UnsubscribeOption {
	return []gocent.UnsubscribeOption{gocent.WithUnsubscribeClient(c.Client)}
}

func (c call) disconnect() []gocent.DisconnectOption {
	opts := []gocent.DisconnectOption{gocent.WithDisconnectClient(c.Client)}
	if c.Code != 0 {
		opts = append(opts, gocent.WithDisconnect(&gocent.Disconnect{Code: c.Code, Reason: c.Reason}))
	}
	return opts
}

func (c call) history() []gocent.HistoryOption {
	opts := []gocent.HistoryOption{gocent.WithLimit(c.Limit), gocent.WithReverse(c.Reverse)}
	if c.Epoch != "" {
		opts = append(opts, gocent.WithSince(&gocent.StreamPosition{Offset: c.Offset, Epoch: c.Epoch}))
	}
	return opts
}

// A method of the API: by itself, and in a pipe.
type method struct {
	call func(*gocent.Client, call) (interface{}, error)
	add  func(*gocent.Pipe, call) error
}

var ctx = context.Background()

var calls = map[string]method{
	"publish": {
		func(g *gocent.Client, c call) (interface{}, error) {
			return g.Publish(ctx, c.Channel, c.Data, c.publish()...)
		},
		func(p *gocent.Pipe, c call) error { return p.AddPublish(c.Channel, c.Data, c.publish()...) },
	},
	"broadcast": {
		func(g *gocent.Client, c call) (interface{}, error) {
			return g.Broadcast(ctx, c.Channels, c.Data, c.publish()...)
		},
		func(p *gocent.Pipe, c call) error { return p.AddBroadcast(c.Channels, c.Data, c.publish()...) },
	},
	"subscribe": {
		func(g *gocent.Client, c call) (interface{}, error) {
			return nil, g.Subscribe(ctx, c.Channel, c.User, c.subscribe()...)
		},
		func(p *gocent.Pipe, c call) error { return p.AddSubscribe(c.Channel, c.User, c.subscribe()...) },
	},
	"unsubscribe": {
		func(g *gocent.Client, c call) (interface{}, error) {
			return nil, g.Unsubscribe(ctx, c.Channel, c.User, c.unsubscribe()...)
		},
		func(p *gocent.Pipe, c call) error { return p.AddUnsubscribe(c.Channel, c.User, c.unsubscribe()...) },
	},
	"disconnect": {
		func(g *gocent.Client, c call) (interface{}, error) {
			return nil, g.Disconnect(ctx, c.User, c.disconnect()...)
		},
		func(p *gocent.Pipe, c call) error { return p.AddDisconnect(c.User, c.disconnect()...) },
	},
	"presence": {
		func(g *gocent.Client, c call) (interface{}, error) { return g.Presence(ctx, c.Channel) },
		func(p *gocent.Pipe, c call) error { return p.AddPresence(c.Channel) },
	},
	"presence_stats": {
		func(g *gocent.Client, c call) (interface{}, error) { return g.PresenceStats(ctx, c.Channel) },
		func(p *gocent.Pipe, c call) error { return p.AddPresenceStats(c.Channel) },
	},
	"history": {
		func(g *gocent.Client, c call) (interface{}, error) {
			return g.History(ctx, c.Channel, c.history()...)
		},
		func(p *gocent.Pipe, c call) error { return p.AddHistory(c.Channel, c.history()...) },
	},
	"history_remove": {
		func(g *gocent.Client, c call) (interface{}, error) { return nil, g.HistoryRemove(ctx, c.Channel) },
		func(p *gocent.Pipe, c call) error { return p.AddHistoryRemove(c.Channel) },
	},
	"channels": {
		func(g *gocent.Client, c call) (interface{}, error) {
			return g.Channels(ctx, gocent.WithPattern(c.Pattern))
		},
		func(p *gocent.Pipe, c call) error { return p.AddChannels(gocent.WithPattern(c.Pattern)) },
	},
	"info": {
		func(g *gocent.Client, c call) (interface{}, error) { return g.Info(ctx) },
		func(p *gocent.Pipe, c call) error { return p.AddInfo() },
	},
}
