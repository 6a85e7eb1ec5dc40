// SPDX-License-Identifier: MIT
package main

import "github.com/centrifugal/centrifuge-go"

// filterNode is a filter as the rig and the protocol write it.
type filterNode struct {
	Op    string        `json:"op"`
	Key   string        `json:"key"`
	Cmp   string        `json:"cmp"`
	Val   string        `json:"val"`
	Vals  []string      `json:"vals"`
	Nodes []*filterNode `json:"nodes"`
}

var leaves = map[string]func(n *filterNode) *centrifuge.FilterNode{
	"eq":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterEq(n.Key, n.Val) },
	"neq": func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterNeq(n.Key, n.Val) },
	"in":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterIn(n.Key, n.Vals...) },
	"nin": func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterNin(n.Key, n.Vals...) },
	"ex":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterExists(n.Key) },
	"nex": func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterNotExists(n.Key) },
	"sw":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterStartsWith(n.Key, n.Val) },
	"ew":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterEndsWith(n.Key, n.Val) },
	"ct":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterContains(n.Key, n.Val) },
	"gt":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterGt(n.Key, n.Val) },
	"gte": func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterGte(n.Key, n.Val) },
	"lt":  func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterLt(n.Key, n.Val) },
	"lte": func(n *filterNode) *centrifuge.FilterNode { return centrifuge.FilterLte(n.Key, n.Val) },
}

// build makes the SDK's filter; nil for none.
func (n *filterNode) build() *centrifuge.FilterNode {
	if n == nil {
		return nil
	}
	var nodes []*centrifuge.FilterNode
	for _, child := range n.Nodes {
		nodes = append(nodes, child.build())
	}
	switch n.Op {
	case "and":
		return centrifuge.FilterAnd(nodes...)
	case "or":
		return centrifuge.FilterOr(nodes...)
	case "not":
		return centrifuge.FilterNot(nodes[0])
	default:
		return leaves[n.Cmp](n)
	}
}
