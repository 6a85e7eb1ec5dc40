// SPDX-License-Identifier: MIT
package main

import (
	"encoding/json"
	"log"
	"os"
	"sync"
	"sync/atomic"
)

type object map[string]any

// lines is standard output: whole lines, from any goroutine.
type lines struct {
	mu sync.Mutex
}

func (l *lines) write(o object) {
	line, err := json.Marshal(o)
	if err != nil {
		log.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		log.Fatal(err)
	}
}

// asker puts the SDK's questions (a token, a state) to the rig.
type asker struct {
	out     *lines
	last    atomic.Int64
	waiting sync.Map // number of the question: chan json.RawMessage
}

// ask waits for the answer; null is no answer, said by ok.
func (a *asker) ask(what, client, channel string, value any) (ok bool) {
	number := int(a.last.Add(1))
	answered := make(chan json.RawMessage, 1)
	a.waiting.Store(number, answered)
	a.out.write(object{"ask": number, "what": what, "client": client, "channel": channel})
	raw := <-answered
	if string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, value); err != nil {
		log.Fatal(err)
	}
	return true
}

func (a *asker) answer(number int, value json.RawMessage) {
	if answered, found := a.waiting.LoadAndDelete(number); found {
		answered.(chan json.RawMessage) <- value
	}
}
