package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/child"
	"github.com/tailrace-go/tailrace/server/store/storetest"
	"github.com/tailrace-go/tailrace/span"
)

const (
	posters        = 4  // requests at once
	tracesOfABody  = 20 // of ten spans each
	shortestLife   = 20 * time.Millisecond
	longestLife    = 600 * time.Millisecond
	spansOfATrace  = 10
	resendOneIn    = 2 // of the bodies without an answer, so many are sent again; the others stay in doubt
	pauseOnRefusal = 5 * time.Millisecond
)

// account is what the senders know: traces that were acknowledged, and traces that are in doubt.
type account struct {
	mu      sync.Mutex
	acked   map[span.TraceID]bool
	doubted map[span.TraceID]bool
}

func (a *account) note(traces []span.TraceID, acked bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range traces {
		if acked {
			a.acked[id] = true
			delete(a.doubted, id)
		} else if !a.acked[id] {
			a.doubted[id] = true
		}
	}
}

// kill kills the server c.kills times while spans come in, and compares what is stored with what was acknowledged.
func kill(ctx context.Context, out io.Writer, c config, s *child.Server) error {
	if _, err := s.Start(ctx); err != nil {
		return err
	}
	defer s.Close()
	a := &account{acked: map[span.TraceID]bool{}, doubted: map[span.TraceID]bool{}}
	posting, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range posters {
		wg.Go(func() { post(posting, s, uint64(i), a) })
	}
	longest, err := crash(ctx, c.kills, s)
	stop()
	wg.Wait()
	if err != nil {
		return err
	}

	seen := map[span.TraceID]int{}
	spans, err := s.Stored(ctx, func(id string, spans int) { seen[span.TraceID(id)] += spans })
	if err != nil {
		return err
	}
	lost, doubled, unknown := 0, 0, 0
	for id := range a.acked {
		if seen[id] < spansOfATrace {
			lost++
		}
	}
	for id, n := range seen {
		if n > spansOfATrace {
			doubled++
		}
		if !a.acked[id] && !a.doubted[id] {
			unknown++
		}
	}
	_, _ = fmt.Fprintf(out, "%d kills in %.0f s, longest start after one %v: %d traces of %d spans acknowledged, %d in doubt; %d spans are stored, in %d traces: %d lost, %d doubled, %d that nobody sent\n",
		c.kills, time.Since(began).Seconds(), longest.Round(time.Millisecond), len(a.acked), spansOfATrace, len(a.doubted), spans, len(seen), lost, doubled, unknown)
	if lost+doubled+unknown > 0 || len(a.acked) == 0 {
		return fmt.Errorf("%d acknowledged traces are not whole, %d have spans twice, %d nobody sent; %d were acknowledged", lost, doubled, unknown, len(a.acked))
	}
	_, err = s.Stop()
	return err
}

// crash kills and starts the server again and again, and says how long the slowest start took.
func crash(ctx context.Context, times int, s *child.Server) (longest time.Duration, err error) {
	random := rand.New(rand.NewPCG(1, 1))
	for range times {
		time.Sleep(shortestLife + time.Duration(random.Int64N(int64(longestLife-shortestLife))))
		if err := s.Kill(); err != nil {
			return 0, err
		}
		took, err := s.Start(ctx)
		if err != nil {
			return 0, err
		}
		longest = max(longest, took)
	}
	return longest, nil
}

// post sends bodies until ctx ends. One without an answer is sent again with the same Idempotency-Key, or left in doubt.
func post(ctx context.Context, s *child.Server, seed uint64, a *account) {
	g := storetest.NewGenerator(seed+100, time.Now())
	random := rand.New(rand.NewPCG(seed, 2))
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	defer client.CloseIdleConnections()
	for n := 0; ctx.Err() == nil; n++ {
		body, traces := bodyOf(g)
		for ctx.Err() == nil {
			acked := try(ctx, client, s, fmt.Sprintf("kill-%d-%d", seed, n), body)
			a.note(traces, acked)
			if acked || random.IntN(resendOneIn) == 0 {
				break
			}
			time.Sleep(pauseOnRefusal)
		}
	}
}

// bodyOf makes a body of some traces.
func bodyOf(g *storetest.Generator) (body []byte, traces []span.TraceID) {
	body = append(body, `{"spans":[`...)
	for range tracesOfABody {
		for i, item := range g.Trace() {
			if i == 0 {
				traces = append(traces, item.Span.TraceID)
			}
			record, err := item.Span.MarshalJSON()
			if err != nil { // the generator makes spans that encode
				panic(err)
			}
			body = append(append(body, record...), ',')
		}
	}
	return append(body[:len(body)-1], `]}`...), traces
}

// try posts a body and reports whether it was acknowledged.
func try(ctx context.Context, client *http.Client, s *child.Server, key string, body []byte) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/ai/spans/publish", bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	answer, err := client.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }() // the status is all that counts
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil && answer.StatusCode == http.StatusOK
}
