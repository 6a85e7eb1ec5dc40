// SPDX-License-Identifier: MIT
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/centrifugal/centrifuge-go"
)

// The calls that both a client and a subscription have: with `sub` the
// subscription makes them, which waits until it is subscribed.

func (d *driver) publishOne(req request) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	c := d.client(req)
	data := pack(req.Data, c.binary)
	var err error
	if req.Sub {
		_, err = d.subscription(req).Publish(ctx, data)
	} else {
		_, err = c.Publish(ctx, req.Channel, data)
	}
	return err
}

func (d *driver) publish(req request) (any, error) {
	return nil, d.publishOne(req)
}

// publishAll publishes each element of the data without waiting for the one before.
func (d *driver) publishAll(req request) (any, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(req.Data, &all); err != nil {
		return nil, err
	}
	done := make(chan error, len(all))
	for _, data := range all {
		one := req
		one.Data = data
		go func() { done <- d.publishOne(one) }()
	}
	var errs []error
	for range all {
		errs = append(errs, <-done)
	}
	return nil, errors.Join(errs...)
}

func (d *driver) history(req request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	options := []centrifuge.HistoryOption{
		centrifuge.WithHistoryLimit(req.Limit), centrifuge.WithHistoryReverse(req.Reverse)}
	if req.Since != nil {
		options = append(options, centrifuge.WithHistorySince(
			&centrifuge.StreamPosition{Offset: req.Since.Offset, Epoch: req.Since.Epoch}))
	}
	var res centrifuge.HistoryResult
	var err error
	if req.Sub {
		res, err = d.subscription(req).History(ctx, options...)
	} else {
		res, err = d.client(req).History(ctx, req.Channel, options...)
	}
	publications := []object{}
	for _, p := range res.Publications {
		publications = append(publications, publication(p))
	}
	return object{"publications": publications, "offset": res.Offset, "epoch": res.Epoch}, err
}

func (d *driver) presence(req request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var res centrifuge.PresenceResult
	var err error
	if req.Sub {
		res, err = d.subscription(req).Presence(ctx)
	} else {
		res, err = d.client(req).Presence(ctx, req.Channel)
	}
	clients := object{}
	for id, ci := range res.Clients {
		clients[id] = info(&ci)
	}
	return object{"clients": clients}, err
}

func (d *driver) presenceStats(req request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var res centrifuge.PresenceStatsResult
	var err error
	if req.Sub {
		res, err = d.subscription(req).PresenceStats(ctx)
	} else {
		res, err = d.client(req).PresenceStats(ctx, req.Channel)
	}
	return object{"num_clients": res.NumClients, "num_users": res.NumUsers}, err
}
