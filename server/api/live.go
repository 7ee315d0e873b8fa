package api

import "sync"

const eventStream = "text/event-stream"

// streams counts the live views that are open.
type streams struct {
	mu                 sync.Mutex
	most, mostOfCaller int
	open               int
	of                 map[string]int
}

func (s *streams) init(most, mostOfCaller int) {
	s.most, s.mostOfCaller, s.of = most, mostOfCaller, map[string]int{}
}

func (a *API) liveOperations() []operation { return nil }
