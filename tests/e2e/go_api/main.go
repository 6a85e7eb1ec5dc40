// SPDX-License-Identifier: MIT

// The Go API library (gocent), for pytest: main URL KEY.
//
// One line in, one out: {"call":"publish","channel":..} makes the call, the answer is
// {"result":..} or {"error":{"code":..,"message":..}}.  {"pipe":[call, ..]} sends several in
// one request; its answer is {"replies":[..]}, in which an error stands in its place.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/centrifugal/gocent/v3"
)

type answer map[string]interface{}

type line struct {
	call
	Pipe []call `json:"pipe"`
}

func failed(err error) answer {
	var fromServer *gocent.Error
	if errors.As(err, &fromServer) {
		return answer{"error": fromServer}
	}
	return answer{"error": answer{"code": 0, "message": err.Error()}}
}

func one(client *gocent.Client, c call) answer {
	make, known := calls[c.Call]
	if !known {
		return failed(fmt.Errorf("no call %q", c.Call))
	}
	result, err := make.call(client, c)
	if err != nil {
		return failed(err)
	}
	return answer{"result": result}
}

func several(client *gocent.Client, cs []call) answer {
	pipe := client.Pipe()
	for _, c := range cs {
		if err := calls[c.Call].add(pipe, c); err != nil {
			return failed(err)
		}
	}
	replies, err := client.SendPipe(context.Background(), pipe)
	if err != nil {
		return failed(err)
	}
	return answer{"replies": replies}
}

func main() {
	client := gocent.New(gocent.Config{Addr: os.Args[1], Key: os.Args[2]})
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		var l line
		var a answer
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			a = failed(err)
		} else if l.Pipe != nil {
			a = several(client, l.Pipe)
		} else {
			a = one(client, l.call)
		}
		if err := out.Encode(a); err != nil {
			panic(err)
		}
	}
}
