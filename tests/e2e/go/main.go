// SPDX-License-Identifier: MIT

// Driver of the Go SDK: requests on standard input, answers and events on standard
// output, one JSON object a line.  rig/sdk.py says what they mean.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"
)

// request is one line from the rig: something to do, or the answer to a question.
type request struct {
	ID      int             `json:"id"`
	Op      string          `json:"op"`
	Client  string          `json:"client"`
	Channel string          `json:"channel"`
	Sub     bool            `json:"sub"`
	URL     string          `json:"url"`
	Binary  bool            `json:"binary"`
	Options json.RawMessage `json:"options"`
	Data    json.RawMessage `json:"data"`
	Method  string          `json:"method"`
	Token   string          `json:"token"`
	Limit   int32           `json:"limit"`
	Since   *position       `json:"since"`
	Reverse bool            `json:"reverse"`
	Filter  *filterNode     `json:"filter"`

	Answer int             `json:"answer"`
	Value  json.RawMessage `json:"value"`
}

type operation func(*driver, request) (any, error)

var operations = map[string]operation{
	"client":          (*driver).newClient,
	"connect":         (*driver).connect,
	"disconnect":      (*driver).disconnect,
	"close":           (*driver).close,
	"set_token":       (*driver).setToken,
	"subscription":    (*driver).newSubscription,
	"subscribe":       (*driver).subscribe,
	"unsubscribe":     (*driver).unsubscribe,
	"set_tags_filter": (*driver).setTagsFilter,
	"publish":         (*driver).publish,
	"publish_all":     (*driver).publishAll,
	"history":         (*driver).history,
	"presence":        (*driver).presence,
	"presence_stats":  (*driver).presenceStats,
	"rpc":             (*driver).rpc,
	"send":            (*driver).send,
}

// serve answers one request; what it waits for holds up no other.
func (d *driver) serve(req request) {
	result, err := operations[req.Op](d, req)
	if err != nil {
		d.out.write(object{"id": req.ID, "error": failure(err)})
		return
	}
	d.out.write(object{"id": req.ID, "result": result})
}

func main() {
	d := newDriver()
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		var req request
		if err := json.Unmarshal(line, &req); err != nil {
			log.Fatal(err)
		}
		if req.Answer != 0 {
			d.asker.answer(req.Answer, req.Value)
			continue
		}
		go d.serve(req)
	}
}
