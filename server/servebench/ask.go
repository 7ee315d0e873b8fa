package main

import (
	"context"
	"slices"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/child"
)

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
func watch(ctx context.Context, s *child.Server, every time.Duration) ([]listing, error) {
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
		var p child.Page
		if err := s.Get(ctx, "/api/projects/"+child.Project+"/traces?"+filter, &p); err != nil {
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
