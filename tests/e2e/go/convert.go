// SPDX-License-Identifier: MIT
package main

import (
	"encoding/json"
	"errors"

	"github.com/centrifugal/centrifuge-go"
)

// What the SDK hands out, in the words of rig/sdk.py.  What is empty is left out.

type position struct {
	Offset uint64 `json:"offset"`
	Epoch  string `json:"epoch"`
}

// bytes stands for a payload that is no JSON.
type bytes struct {
	B64 []byte `json:"b64"`
}

// pack gives the payload for a value of the rig; {"b64": ...} is bytes in the Protobuf protocol.
func pack(value json.RawMessage, binary bool) []byte {
	var b bytes
	if binary && json.Unmarshal(value, &b) == nil && b.B64 != nil {
		return b.B64
	}
	return value
}

// unpack gives the value for a payload; nil for none.
func unpack(data []byte) any {
	switch {
	case len(data) == 0:
		return nil
	case json.Valid(data):
		return json.RawMessage(data)
	default:
		return bytes{data}
	}
}

// in adds the channel of a server-side subscription.
func (o object) in(channel string) object {
	o["channel"] = channel
	return o
}

func (o object) put(key string, value any, present bool) {
	if present {
		o[key] = value
	}
}

func info(i *centrifuge.ClientInfo) object {
	o := object{"user": i.User, "client": i.Client}
	o.put("conn_info", unpack(i.ConnInfo), len(i.ConnInfo) > 0)
	o.put("chan_info", unpack(i.ChanInfo), len(i.ChanInfo) > 0)
	return o
}

func publication(p centrifuge.Publication) object {
	o := object{"data": unpack(p.Data)}
	o.put("offset", p.Offset, p.Offset > 0)
	o.put("tags", p.Tags, len(p.Tags) > 0)
	if p.Info != nil {
		o["info"] = info(p.Info)
	}
	return o
}

func subscribed(e centrifuge.SubscribedEvent) object {
	o := object{"recoverable": e.Recoverable, "positioned": e.Positioned,
		"was_recovering": e.WasRecovering, "recovered": e.Recovered}
	o.put("data", unpack(e.Data), len(e.Data) > 0)
	if e.StreamPosition != nil {
		o["position"] = position{e.StreamPosition.Offset, e.StreamPosition.Epoch}
	}
	return o
}

// failure gives code 0 for an error that is not the server's.
func failure(err error) object {
	var e *centrifuge.Error
	if errors.As(err, &e) {
		return object{"code": e.Code, "message": e.Message}
	}
	return object{"code": 0, "message": err.Error()}
}
