package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// get asks the server's API and reads the answer into to.
func (s *server) get(ctx context.Context, path string, to any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(to)
}

// page is what we read of a list.
type page struct {
	Traces []struct {
		ID    string `json:"trace_id"`
		Spans int    `json:"spans"`
	} `json:"traces"`
	Next *string `json:"next"`
}

// stored adds up the spans of all traces, and calls each for every trace.
func (s *server) stored(ctx context.Context, each func(id string, spans int)) (spans int, err error) {
	cursor := ""
	for {
		query := url.Values{"limit": {"200"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var p page
		if err := s.get(ctx, "/api/projects/"+project+"/traces?"+query.Encode(), &p); err != nil {
			return 0, err
		}
		for _, t := range p.Traces {
			spans += t.Spans
			each(t.ID, t.Spans)
		}
		if p.Next == nil || *p.Next == "" {
			return spans, nil
		}
		cursor = *p.Next
	}
}

// filters are what a list is asked with meanwhile, one after the other.
var filters = []string{
	"", "last=1h", "service=service-3", "status=error", "any_error=true&service=service-1", "type=mcp_tool_call", "model=model-1", "user=user-77",
	"tag=production", "env=production", "meta.region=eu-1", "min_ms=15000&max_ms=16000", "q=step+3", "sort=duration", "sort=tokens", "sort=cost",
}

// listing is a list that was asked for: with which filter, and how long it took.
type listing struct {
	filter string
	took   time.Duration
}

// watch asks for a list every so often until ctx ends.
func (s *server) watch(ctx context.Context, every time.Duration) ([]listing, error) {
	var took []listing
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return took, nil
		case <-ticker.C:
		}
		filter := filters[i%len(filters)]
		began := time.Now()
		var p page
		if err := s.get(ctx, "/api/projects/"+project+"/traces?"+filter, &p); err != nil {
			if ctx.Err() != nil {
				return took, nil
			}
			return took, err
		}
		took = append(took, listing{filter, time.Since(began)})
	}
}

// slowest is the filter whose 95th percentile is the longest.
func slowest(all []listing) (filter string, p95 time.Duration) {
	by := map[string][]time.Duration{}
	for _, l := range all {
		by[l.filter] = append(by[l.filter], l.took)
	}
	for f, took := range by {
		if q := quantile(took, 0.95); q > p95 || q == p95 && f < filter {
			filter, p95 = f, q
		}
	}
	return filter, p95
}

// quantile of durations; 0 when there are none.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[min(int(q*float64(len(d))), len(d)-1)].Round(10 * time.Microsecond)
}
