// SPDX-License-Identifier: MIT
package main

import (
	"encoding/json"
	"errors"

	"github.com/centrifugal/centrifuge-go"
)

type subscriptionOptions struct {
	Token       string          `json:"token"`
	GetToken    bool            `json:"get_token"`
	GetState    bool            `json:"get_state"`
	Data        json.RawMessage `json:"data"`
	Positioned  bool            `json:"positioned"`
	Recoverable bool            `json:"recoverable"`
	JoinLeave   bool            `json:"join_leave"`
	Delta       string          `json:"delta"`
	TagsFilter  *filterNode     `json:"tags_filter"`
}

func (d *driver) newSubscription(req request) (any, error) {
	var o subscriptionOptions
	if err := json.Unmarshal(req.Options, &o); err != nil {
		return nil, err
	}
	c := d.client(req)
	config := centrifuge.SubscriptionConfig{
		Token: o.Token, Data: pack(o.Data, c.binary), Positioned: o.Positioned,
		Recoverable: o.Recoverable, JoinLeave: o.JoinLeave, Delta: centrifuge.DeltaType(o.Delta),
		TagsFilter: o.TagsFilter.build(), MinResubscribeDelay: minDelay, MaxResubscribeDelay: maxDelay,
	}
	if o.GetToken {
		config.GetToken = func(e centrifuge.SubscriptionTokenEvent) (string, error) {
			return d.token(c.name, e.Channel)
		}
	}
	if o.GetState {
		config.GetState = func(e centrifuge.SubscriptionGetStateEvent) (centrifuge.StreamPosition, error) {
			return d.state(c.name, e.Channel)
		}
	}
	sub, err := c.NewSubscription(req.Channel, config)
	if err == nil {
		c.watchSubscription(sub)
	}
	return nil, err
}

func (d *driver) state(client, channel string) (centrifuge.StreamPosition, error) {
	var p position
	if !d.asker.ask("state", client, channel, &p) {
		return centrifuge.StreamPosition{}, errors.New("no state")
	}
	return centrifuge.StreamPosition{Offset: p.Offset, Epoch: p.Epoch}, nil
}

func (c *client) watchSubscription(sub *centrifuge.Subscription) {
	emit := func(event string, ctx object) {
		c.out.write(object{"client": c.name, "channel": sub.Channel, "event": event, "ctx": ctx})
	}
	sub.OnSubscribing(func(e centrifuge.SubscribingEvent) {
		emit("subscribing", object{"code": e.Code, "reason": e.Reason})
	})
	sub.OnSubscribed(func(e centrifuge.SubscribedEvent) { emit("subscribed", subscribed(e)) })
	sub.OnUnsubscribed(func(e centrifuge.UnsubscribedEvent) {
		emit("unsubscribed", object{"code": e.Code, "reason": e.Reason})
	})
	sub.OnError(func(e centrifuge.SubscriptionErrorEvent) { emit("error", failure(e.Error)) })
	sub.OnPublication(func(e centrifuge.PublicationEvent) { emit("publication", publication(e.Publication)) })
	sub.OnJoin(func(e centrifuge.JoinEvent) { emit("join", object{"info": info(&e.ClientInfo)}) })
	sub.OnLeave(func(e centrifuge.LeaveEvent) { emit("leave", object{"info": info(&e.ClientInfo)}) })
}

func (d *driver) subscription(req request) *centrifuge.Subscription {
	sub, found := d.client(req).GetSubscription(req.Channel)
	if !found {
		return nil
	}
	return sub
}

func (d *driver) subscribe(req request) (any, error) {
	return nil, d.subscription(req).Subscribe()
}

func (d *driver) unsubscribe(req request) (any, error) {
	return nil, d.subscription(req).Unsubscribe()
}

func (d *driver) setTagsFilter(req request) (any, error) {
	return nil, d.subscription(req).SetTagsFilter(req.Filter.build())
}
