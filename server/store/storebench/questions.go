package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
)

// question is asked often, each time with other parameters.
type question struct {
	name string
	ask  func(ctx context.Context, i int) error
}

func (b *bench) list(name string, filter func(i int) store.Filter) question {
	return question{"list, " + name, func(ctx context.Context, i int) error {
		_, err := b.store.List(ctx, projectID, filter(i))
		return err
	}}
}

func (b *bench) all() []question {
	failed, unfailed, long := true, false, 15*time.Second
	service := func(i int) string { return fmt.Sprintf("service-%d", i%8) }
	facet := func(key, format string, n int) question {
		return b.list(key, func(i int) store.Filter {
			value := format
			if n > 0 {
				value = fmt.Sprintf(format, i%n)
			}
			return store.Filter{Facets: []store.Facet{{Key: key, Value: value}}}
		})
	}
	trace := func(i int) store.TraceOptions { return store.TraceOptions{} }
	questions := []question{
		b.list("no filter", func(int) store.Filter { return store.Filter{} }),
		b.list("200 a page", func(int) store.Filter { return store.Filter{Limit: 200} }),
		b.list("last hour", func(int) store.Filter { return store.Filter{From: b.end.Add(-time.Hour)} }),
		b.list("an hour of long ago", func(i int) store.Filter {
			at := b.start.Add(b.end.Sub(b.start) * time.Duration(i%20) / 20)
			return store.Filter{From: at, To: at.Add(time.Hour)}
		}),
		b.list("service", func(i int) store.Filter { return store.Filter{Service: service(i)} }),
		b.list("status success", func(int) store.Filter { return store.Filter{Status: store.StatusSuccess} }),
		b.list("status error", func(int) store.Filter { return store.Filter{Status: store.StatusError} }),
		b.list("status running", func(int) store.Filter { return store.Filter{Status: store.StatusRunning} }),
		b.list("status incomplete", func(int) store.Filter { return store.Filter{Status: store.StatusIncomplete} }),
		b.list("any error", func(int) store.Filter { return store.Filter{AnyError: &failed} }),
		b.list("no error", func(int) store.Filter { return store.Filter{AnyError: &unfailed} }),
		b.list("service and any error", func(i int) store.Filter { return store.Filter{Service: service(i), AnyError: &failed} }),
		b.list("trace id prefix", func(i int) store.Filter { return store.Filter{TraceID: string(b.sample[i%len(b.sample)][:8])} }),
		facet("type", "mcp_tool_call", 0), facet("model", "model-%d", 3), facet("user", "user-%d", 1000), facet("tag", "production", 0),
		facet("env", "production", 0), facet("meta.region", "eu-%d", 3), facet("meta.region", "of nobody", 0),
		b.list("user and model", func(i int) store.Filter {
			return store.Filter{Facets: []store.Facet{{Key: "user", Value: fmt.Sprintf("user-%d", i%1000)}, {Key: "model", Value: "model-1"}}}
		}),
		b.list("min_ms", func(int) store.Filter { return store.Filter{MinDuration: long} }),
		b.list("max_ms", func(int) store.Filter { return store.Filter{MaxDuration: new(20 * time.Millisecond)} }),
		b.list("min_ms and max_ms", func(int) store.Filter {
			return store.Filter{MinDuration: long, MaxDuration: new(long + 10*time.Millisecond)}
		}),
		b.list("q", func(i int) store.Filter { return store.Filter{Text: fmt.Sprintf("step %d", i%12)} }),
		b.list("q, an id", func(i int) store.Filter { return store.Filter{Text: string(b.sample[i%len(b.sample)][:12])} }),
		b.list("q without an answer", func(int) store.Filter { return store.Filter{Text: "nothing has this"} }),
		b.list("q and user", func(i int) store.Filter {
			return store.Filter{Text: "step", Facets: []store.Facet{{Key: "user", Value: fmt.Sprintf("user-%d", i%1000)}}}
		}),
		b.list("q and service", func(i int) store.Filter { return store.Filter{Text: "nothing has this", Service: service(i)} }),
		b.list("by duration", func(int) store.Filter { return store.Filter{Sort: store.SortDuration} }),
		b.list("by tokens", func(int) store.Filter { return store.Filter{Sort: store.SortTokens} }),
		b.list("by cost", func(int) store.Filter { return store.Filter{Sort: store.SortCost} }),
		b.list("by cost, service", func(i int) store.Filter { return store.Filter{Sort: store.SortCost, Service: service(i)} }),
		b.list("by cost, user", func(i int) store.Filter {
			return store.Filter{Sort: store.SortCost, Facets: []store.Facet{{Key: "user", Value: fmt.Sprintf("user-%d", i%1000)}}}
		}),
		{"trace", func(ctx context.Context, i int) error {
			_, err := b.store.Trace(ctx, projectID, b.sample[i%len(b.sample)], trace(i))
			return err
		}},
		{"trace, not there", func(ctx context.Context, i int) error {
			_, err := b.store.Trace(ctx, projectID, "abcdef0123456789", trace(i))
			if !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("error %w", err)
			}
			return nil
		}},
		{"trace with payloads", func(ctx context.Context, i int) error {
			for _, err := range b.store.Spans(ctx, projectID, b.sample[i%len(b.sample)]) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		b.series("series 24 h, by service", 24*time.Hour, false), b.series("series 24 h, latency", 24*time.Hour, true),
		b.series("series 6 h, latency", 6*time.Hour, true), b.series("series 1 h, latency", time.Hour, true),
		{"values of user", func(ctx context.Context, _ int) error {
			_, err := b.store.Values(ctx, projectID, "user", "user-1", 0)
			return err
		}},
	}
	if b.big.id != "" {
		questions = append(questions, question{fmt.Sprintf("skeleton of %d spans", b.big.n), func(ctx context.Context, _ int) error {
			k, err := b.store.Trace(ctx, projectID, b.big.id, store.TraceOptions{MaxSpans: -1})
			if err == nil && k.Len() != b.big.n {
				err = fmt.Errorf("%d spans", k.Len())
			}
			return err
		}})
	}
	return questions
}

func (b *bench) series(name string, d time.Duration, latency bool) question {
	return question{name, func(ctx context.Context, _ int) error {
		_, err := b.store.Series(ctx, projectID, store.SeriesQuery{From: b.end.Add(-d), To: b.end, By: store.ByService, Latency: latency})
		return err
	}}
}

// questions asks them all.
func (b *bench) questions(ctx context.Context) error {
	for _, q := range b.all() {
		if !strings.Contains(q.name, b.only) {
			continue
		}
		var delays []time.Duration
		for i := range b.rounds {
			began := time.Now()
			if err := q.ask(ctx, i); err != nil {
				return fmt.Errorf("%s: %w", q.name, err)
			}
			delays = append(delays, time.Since(began))
		}
		if err := b.print(q.name, "p50 %10v  p95 %10v  p99 %10v", quantile(delays, 0.5), quantile(delays, 0.95), quantile(delays, 0.99)); err != nil {
			return err
		}
	}
	return nil
}

// underLoad asks them again while spans come in.
func (b *bench) underLoad(ctx context.Context) error {
	if b.rate == 0 {
		return nil
	}
	if err := b.print("", "and the same while spans come in"); err != nil {
		return err
	}
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	type fed struct {
		n   int
		err error
	}
	done := make(chan fed, 1)
	began := time.Now()
	go func() {
		n, err := b.steady(feeding, b.rate)
		done <- fed{n, err}
	}()
	err := b.questions(ctx)
	stop()
	f := <-done
	if err := errors.Join(err, f.err); err != nil {
		return err
	}
	return b.print("came in meanwhile", "%.0f spans/s", float64(f.n)/time.Since(began).Seconds())
}
